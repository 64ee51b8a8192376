from markupsafe import Markup

from odoo import models
from odoo.tools import format_amount

from ..tools.sender_batch import Outcome


class DunningChannelPhone(models.AbstractModel):
    """Channel ``phone``: a person calls, and writes down what came of it
    (``dunning.call``). Machines that call are another addon's channel."""

    _name = "dunning.channel.phone"
    _description = "Dunning Channel: Phone"

    def _deliver_phone(self, parcel, batch):
        """The task on the case comes with the outcome, in one transaction."""
        return Outcome("sent", then=self._create_call_task)

    def _create_call_task(self):
        action = self.action_id
        self._schedule_task(
            action.activity_type_id or self.case_id._get_call_activity_type(),
            action.activity_summary or self.env._("Call the customer"),
            self._get_call_note(),
        )

    def _get_call_note(self):
        """Whom to call, at which number, and about what."""
        names = Markup("<br/>").join(
            Markup("<b>%s</b> %s") % (partner.phone, partner.display_name)
            for partner in self._get_phone_contacts()
        )
        amount = format_amount(self.env, self.overdue_amount, self.currency_id)
        numbers = ", ".join(filter(None, self._get_lines().mapped("name")))
        return Markup("<p>%s</p><p>%s</p>") % (
            names,
            self.env._(
                "Overdue: %(amount)s (%(numbers)s)", amount=amount, numbers=numbers
            ),
        )

    def _get_phone_contacts(self):
        """Those of the customer's people who may be called, the best first."""
        candidates = (
            self.recipient_id | self.partner_id.dunning_contact_id | self.partner_id
        )
        optouts = self.env["dunning.optout"].sudo()._search_of(self.partner_id)
        return candidates.filtered(
            lambda partner: (
                partner.active
                and partner.phone
                and not partner.phone_sanitized_blacklisted
                and not optouts._concerns(partner, "phone")
            )
        )
