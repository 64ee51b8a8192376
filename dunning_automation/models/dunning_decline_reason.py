from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import declines

CLASSES = [
    ("soft", "May Work Later"),
    ("hard", "Will Never Work"),
    ("fraud", "Suspected Fraud"),
    ("expired", "Card Expired"),
    ("authentication", "Customer Must Confirm"),
]


class DunningDeclineReason(models.Model):
    """What an answer of a payment provider means: a row per code, or per words.

    The table is data, and anybody may add what his provider says. What no row fits is
    taken as *may work later*, with the few tries that the schedule allows then.
    """

    _name = "dunning.decline.reason"
    _description = "Decline Reason"
    _order = "provider_code, sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    provider_code = fields.Char(
        "Provider", help="Odoo's code of it, e.g. stripe. Empty = of any provider."
    )
    code = fields.Char(help="As the provider writes it.")
    advice_code = fields.Char(
        "Network's Advice", help="Merchant advice code of the card network, e.g. 03."
    )
    pattern = fields.Char("Words", help="A part of the message, in any case.")
    decline_class = fields.Selection(
        CLASSES,
        "Class",
        required=True,
        default="soft",
        help="May work later: it is tried again.\n"
        "All others: the customer is asked for a new payment method, or to confirm.",
    )
    source_url = fields.Char("Source")

    @api.constrains("name", "code", "advice_code", "pattern")
    def _check_says_something(self):
        for reason in self:
            if not (reason.code or reason.advice_code or reason.pattern):
                raise ValidationError(
                    self.env._(
                        "Say by which code, advice or words “%s” is recognised.",
                        reason.name,
                    )
                )

    @api.model
    def _find(self, provider_code, decline):
        """The row that fits ``decline`` (``tools/declines.py``) best, maybe empty."""
        rows = self.search([("provider_code", "in", (provider_code, False))])
        reasons = [
            declines.Reason(
                row.id,
                row.provider_code or "",
                row.code or "",
                row.advice_code or "",
                row.pattern or "",
            )
            for row in rows
        ]
        return self.browse(declines.match(reasons, provider_code, decline))
