from odoo import api, fields, models
from odoo.tools import float_repr, format_amount, format_date

from ..fields import UncheckedMany2one


class DunningNoticeLineCharge(models.AbstractModel):
    """What a message claims for a receivable line beside what is open of it.

    Written with the text of the message, so it is what the customer was told.
    ``booked`` says that a document was made of it: those days, and that lump sum, are
    never claimed again. Unique keys of the database see to it, whoever books at the
    same time.
    """

    _name = "dunning.notice.line.charge"
    _description = "Dunning Notice Line: Charges"

    currency_id = fields.Many2one("res.currency")
    interest = fields.Monetary("Late Interest", readonly=True)
    interest_from = fields.Date(readonly=True)
    interest_until = fields.Date(readonly=True, help="This day is included.")
    interest_sheet = fields.Json(
        readonly=True, help="How the interest was found: days, open amount and rate."
    )
    interest_details = fields.Text("Calculation", compute="_compute_interest_details")
    interest_rule_id = UncheckedMany2one(
        "dunning.interest.rule", readonly=True, index="btree_not_null"
    )  # A rule that was used cannot be deleted.
    interest_booked = fields.Boolean(
        readonly=True, help="A document claims it; these days are not claimed again."
    )
    lump_sum = fields.Monetary(readonly=True)
    lump_sum_key = fields.Char(
        readonly=True, help="The invoice or instalment that it compensates for."
    )
    lump_sum_booked = fields.Boolean(readonly=True)

    # Bookings of a line form a chain: each begins on the day after the one before. Two
    # that contain the same day would begin on the same day.
    _interest_booked_uniq = models.UniqueIndex(
        "(move_line_id, interest_from) WHERE interest_booked",
        "Interest on these days was booked already.",
    )
    _lump_sum_booked_uniq = models.UniqueIndex(
        "(lump_sum_key) WHERE lump_sum_booked",
        "The lump sum for this invoice was booked already.",
    )

    @api.depends("interest_sheet")
    @api.depends_context("lang")
    def _compute_interest_details(self):
        for line in self:
            line.interest_details = "\n".join(
                self.env._(
                    "%(first)s – %(last)s: %(days)s days, %(balance)s at "
                    "%(percent)s %%",
                    first=format_date(self.env, piece["first"]),
                    last=format_date(self.env, piece["last"]),
                    days=piece["days"],
                    balance=format_amount(self.env, piece["balance"], line.currency_id),
                    percent=line._format_percent(piece["percent"]),
                )
                for piece in line.interest_sheet or ()
            )

    @api.model
    def _format_percent(self, percent):
        """At least two digits, and no more than the rate has."""
        lang = self.env["res.lang"]._get_data(code=self.env.lang or "en_US")
        text = float_repr(percent, 4)
        text = text[:-2] + text[-2:].rstrip("0")
        return text.replace(".", lang.decimal_point or ".")

    def _get_interest_terms(self):
        """Days and rates for people: “29 days at 11.27 %, 62 days at 10.27 %”."""
        self.ensure_one()
        days = {}
        for piece in self.interest_sheet or ():
            percent = piece["percent"]
            days[percent] = days.get(percent, 0) + piece["days"]
        return ", ".join(
            self.env._(
                "%(days)s days at %(percent)s %%",
                days=number,
                percent=self._format_percent(percent),
            )
            for percent, number in days.items()
        )

    # === ON THE DOCUMENT === #

    def _get_interest_name(self):
        self.ensure_one()
        return self.env._(
            "Late interest on %(number)s from %(first)s to %(last)s (%(terms)s)",
            number=self.name,
            first=format_date(self.env, self.interest_from),
            last=format_date(self.env, self.interest_until),
            terms=self._get_interest_terms(),
        )

    def _get_lump_sum_name(self):
        self.ensure_one()
        return self.env._("Lump sum for late payment of %s", self.name)
