from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models, tools
from odoo.fields import Domain
from odoo.tools import SQL, consteq

from ..tools import account_token
from ..tools.channels import INTERNAL
from .dunning_account_link import DEAD_STATES

SCOPE = "dunning_opening_image"
KINDS = {
    # Whoever followed the link has opened the message, too.
    "date_opened": ("message_opened", "account_opened"),
    "date_clicked": ("account_opened",),
    "date_paid": ("paid_online", "invoice_paid"),
}
"""The events that each field tells the first of."""
PAID_WINDOW_DAYS = 30
"""So long after a message a payment is put down to it, unless a later one told of the
same invoice."""
IMAGE = (
    '<img src="%s" width="1" height="1" alt="" '
    'style="width: 1px; height: 1px; border: 0;"/>'
)


class DunningNoticeTracking(models.AbstractModel):
    """What became of a message: opened, its link followed, paid.

    All of it are events of the notice, added by whoever looks or pays; nothing else is
    written. No other site is asked and no link leads through one: the link of the
    message is that of the account. That a message was displayed is only known where the
    company lets it contain a picture, which is off at first; the token of the picture
    opens nothing.
    """

    _name = "dunning.notice.tracking"
    _description = "What Became of a Notice"

    date_opened = fields.Datetime(
        "Opened On",
        compute="_compute_tracking",
        search="_search_date_opened",
        help="The message was displayed for the first time, if the company lets its "
        "messages tell, or its link was followed.",
    )
    date_clicked = fields.Datetime(
        "Link Followed On",
        compute="_compute_tracking",
        search="_search_date_clicked",
        help="Somebody opened the account with the link of this message.",
    )
    date_paid = fields.Datetime(
        "Paid After It",
        compute="_compute_tracking",
        search="_search_date_paid",
        help="Somebody paid on the account page that the link of this message opened, "
        "or one of its invoices was paid within 30 days and before a later message.",
    )

    @api.depends("event_ids.kind")
    def _compute_tracking(self):
        kinds = sorted({kind for names in KINDS.values() for kind in names})
        rows = self.env["dunning.event"]._read_group(
            [("notice_id", "in", self.ids), ("kind", "in", kinds)],
            ["notice_id", "kind"],
            ["occurred_at:min"],
        )
        first = {(notice, kind): moment for notice, kind, moment in rows}
        for notice in self:
            for name, names in KINDS.items():
                found = [first.get((notice._origin, kind)) for kind in names]
                notice[name] = min(filter(None, found), default=False)

    @api.model
    def _search_date_opened(self, operator, value):
        return self._search_tracking("date_opened", operator, value)

    @api.model
    def _search_date_clicked(self, operator, value):
        return self._search_tracking("date_clicked", operator, value)

    @api.model
    def _search_date_paid(self, operator, value):
        return self._search_tracking("date_paid", operator, value)

    @api.model
    def _search_tracking(self, name, operator, value):
        """Whether it happened (``!=`` or ``=`` nothing), or when."""
        domain = Domain("kind", "in", KINDS[name]) & Domain("notice_id", "!=", False)
        if operator not in ("in", "not in"):
            domain &= Domain("occurred_at", operator, value)
        elif set(value) != {False}:
            return NotImplemented
        told = self.env["dunning.event"]._search(domain)
        is_inverse = operator == "in"
        return [("id", "not in" if is_inverse else "in", told.subselect("notice_id"))]

    # === WHO LOOKS === #

    def _track(self, kind):
        """It happened to this message: told once a day."""
        self.ensure_one()
        last = self.env["dunning.event"].search(
            [("notice_id", "=", self.id), ("kind", "=", kind)], limit=1
        )
        day = timedelta(days=1)
        if not last or last.occurred_at + day <= self.env.cr.now():
            self._tell(kind)

    def _get_opening_image(self):
        """The picture that tells when the message is displayed; empty unless the
        company switched it on."""
        self.ensure_one()
        if self.simulation or not self.company_id.sudo().dunning_track_opening:
            return Markup()
        token = account_token.join(self.id, self._get_image_signature())
        url = f"{self.company_id.get_base_url()}/dunning/opened/{token}.gif"
        return Markup(IMAGE) % url

    def _get_image_signature(self):
        return tools.hmac(self.env(su=True), SCOPE, self.id)

    @api.model
    def _search_opened(self, token):
        """The notice whose picture is loaded, as superuser; none if the token is forged
        or nothing may be told any more."""
        number, signature = account_token.split(token) or (0, "")
        notice_sudo = self.sudo().search([("id", "=", number)])
        if not consteq(signature, notice_sudo[:1]._get_image_signature()):
            return notice_sudo.browse()
        return notice_sudo.filtered(
            lambda notice: (
                notice.company_id.dunning_track_opening
                and notice.date_sent
                and notice.state not in DEAD_STATES
            )
        )

    # === WHO PAYS === #

    def _tell_paid_online(self, transaction):
        """Somebody paid on the account page that this message led to."""
        told = self.env["dunning.event"].search(
            [("notice_id", "=", self.id), ("kind", "=", "paid_online")]
        )
        if all(event.payload.get("transaction") != transaction.id for event in told):
            self._tell(
                "paid_online",
                transaction=transaction.id,
                amount=transaction.amount,
                currency=transaction.currency_id.name,
            )

    @api.model
    def _search_paid(self, moves):
        """Messages to which the payment of one of ``moves`` is put down, and is not
        yet: the last one that told of it. One statement for any number of moves."""
        self.env["account.move"].flush_model(["payment_state"])
        self.env["account.move.line"].flush_model(["reconciled"])
        self.env["dunning.event"].flush_model()
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT latest.notice_id
                  FROM (SELECT DISTINCT ON (listed.move_line_id)
                               listed.notice_id, notice.date_sent
                          FROM dunning_notice_line listed
                          JOIN dunning_notice notice ON notice.id = listed.notice_id
                          JOIN account_move_line line ON line.id = listed.move_line_id
                          JOIN account_move move ON move.id = listed.move_id
                         WHERE listed.move_id = ANY(%(moves)s)
                           AND listed.skip_reason IS NULL
                           AND listed.drop_reason IS NULL
                           AND notice.state IN ('sent', 'delivered')
                           AND notice.channel NOT IN %(internal)s
                           AND line.reconciled
                           AND move.payment_state IN ('paid', 'in_payment')
                         ORDER BY listed.move_line_id, notice.date_sent DESC,
                                  notice.id DESC
                       ) AS latest
                 WHERE latest.date_sent > %(since)s
                   AND NOT EXISTS (
                       SELECT 1
                         FROM dunning_event event
                        WHERE event.notice_id = latest.notice_id
                          AND event.kind = 'invoice_paid')
                """,
                internal=INTERNAL,
                moves=moves.ids,
                since=self.env.cr.now() - timedelta(days=PAID_WINDOW_DAYS),
            )
        )
        return self.browse(row[0] for row in rows)

    def _tell_paid(self):
        self._tell("invoice_paid")
