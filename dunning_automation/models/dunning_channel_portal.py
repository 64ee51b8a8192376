from odoo import api, fields, models

from ..tools.sender_batch import Outcome

SHOWN_STATES = ("sent", "delivered")


class DunningChannelPortal(models.AbstractModel):
    """Channel ``portal``: the notice is shown to the portal users of the customer.

    Nothing leaves the database. Portal users have no right on notices: the controller
    asks ``_search_portal`` and gets those of the user's own company, as superuser.
    """

    _name = "dunning.channel.portal"
    _description = "Dunning Channel: Portal"

    date_read = fields.Datetime(
        "Read On", readonly=True, help="A portal user of the customer opened it."
    )

    def _deliver_portal(self, parcel, batch):
        """It is there as soon as the outcome is."""
        return Outcome("sent")

    def _render_portal(self):
        """The text of the template. It is shown on a page, which has its own frame: see
        ``_wrap``."""
        self._render_email()

    @api.model
    def _get_portal_domain(self, user):
        """What ``user`` may see: what was shown to the company he belongs to."""
        return [
            ("channel", "=", "portal"),
            ("state", "in", SHOWN_STATES),
            ("simulation", "=", False),
            ("partner_id", "=", user.partner_id.commercial_partner_id.id),
        ]

    @api.model
    def _search_portal(self, user, extra=(), **options):
        """Notices that ``user`` may see, as superuser: he has no right on the model,
        and may be the customer of several of our companies."""
        domain = [*self._get_portal_domain(user), *extra]
        return self.sudo().search(domain, **options)

    @api.model
    def _count_unread(self, user):
        """How many notices ``user`` and his colleagues have not opened yet."""
        return self._count_portal(user, [("state", "=", "sent")])

    @api.model
    def _count_portal(self, user, extra=()):
        """How many notices ``user`` may see."""
        return self.sudo().search_count([*self._get_portal_domain(user), *extra])

    def _mark_read(self):
        """A portal user of the customer opened it: now it is delivered for certain."""
        for notice in self.filtered(lambda notice: notice.state == "sent"):
            notice._set_state("delivered", date_read=self.env.cr.now())

    def _get_portal_items(self):
        """The invoices of this notice and what is open of them now: list of dicts with
        ``line``, ``move``, ``open_amount`` and ``is_paid``."""
        self.ensure_one()
        items = []
        for line in self.line_ids.filtered(lambda line: not line.skip_reason):
            receivable = line.move_line_id
            amount = receivable.amount_residual_currency
            posted = receivable.parent_state == "posted"
            items.append(
                {
                    "line": line,
                    "move": line.move_id,
                    "open_amount": amount if posted else 0.0,
                    "is_paid": not posted or line.currency_id.is_zero(amount),
                }
            )
        return items
