from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..tools import interest


class DunningReferenceSeries(models.Model):
    """A rate to which laws add their margin, such as a central bank's.

    Each row of it holds for one half-year. A half-year without a row has no rate:
    neither 0 nor that of the half-year before.
    """

    _name = "dunning.reference.series"
    _description = "Reference Rate Series"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    source_url = fields.Char(
        "Published At", required=True, help="Where the next rate will be found."
    )
    rate_ids = fields.One2many("dunning.reference.rate", "series_id", "Rates")
    known_until = fields.Date(
        compute="_compute_known_until",
        help="The last day with a rate, counted from today without a gap.",
    )
    is_missing = fields.Boolean(
        "Rate Is Missing",
        compute="_compute_known_until",
        help="There is no rate for the present half-year.",
    )

    _code_uniq = models.Constraint("UNIQUE(code)", "Another series has this code.")
    _source_is_url = models.Constraint(
        "CHECK(source_url ~ '^https?://')",
        "The place of publication is a web address, https://…",
    )

    @api.depends("rate_ids.valid_from")
    def _compute_known_until(self):
        for series in self:
            known = set(series.rate_ids.mapped("valid_from"))
            day = interest.half_year(fields.Date.context_today(series))
            series.is_missing = day not in known
            series.known_until = False
            while day in known:
                series.known_until = interest.half_year_end(day)
                day = series.known_until + interest.DAY

    def _get_percent(self, valid_from):
        """The rate of the half-year that begins on ``valid_from``.

        :raise UserError: when there is none
        """
        self.ensure_one()
        rate = self.rate_ids.filtered(lambda rate: rate.valid_from == valid_from)
        if not rate:
            raise UserError(
                self.env._(
                    "The rate “%(series)s” from %(first)s to %(last)s is missing. Look "
                    "it up at %(url)s and add it under Collections > Reference Rates.",
                    series=self.name,
                    first=format_date(self.env, valid_from),
                    last=format_date(self.env, interest.half_year_end(valid_from)),
                    url=self.source_url,
                )
            )
        return rate.rate
