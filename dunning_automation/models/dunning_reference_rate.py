from odoo import api, fields, models

from ..tools import interest


class DunningReferenceRate(models.Model):
    """The reference rate of one half-year, with its source.

    Rows begin on 1 January or 1 July and are unique, so they cannot overlap; what is
    missing between two of them is a gap, and whatever needs it says so.
    """

    _name = "dunning.reference.rate"
    _description = "Reference Rate"
    _order = "series_id, valid_from desc"
    _rec_name = "valid_from"

    series_id = fields.Many2one(
        "dunning.reference.series",
        required=True,
        index=True,
        ondelete="cascade",
    )
    valid_from = fields.Date(
        required=True, help="1 January or 1 July; the rate holds for that half-year."
    )
    valid_until = fields.Date(compute="_compute_valid_until", store=True)
    rate = fields.Float(
        "Rate (%)",
        required=True,
        digits=(8, 4),
        aggregator=None,
        help="Percent per year, without the margin of the law.",
    )
    source_url = fields.Char(
        "Source", required=True, help="Where this figure was read."
    )
    checked_on = fields.Date(
        required=True,
        default=fields.Date.context_today,
        help="Day on which somebody compared it with the source.",
    )
    note = fields.Char()
    is_current = fields.Boolean(compute="_compute_is_current")

    _series_uniq = models.Constraint(
        "UNIQUE(series_id, valid_from)",
        "There is a rate for this half-year already: correct that one.",
    )
    _begins_half_year = models.Constraint(
        "CHECK(EXTRACT(DAY FROM valid_from) = 1"
        " AND EXTRACT(MONTH FROM valid_from) IN (1, 7))",
        "A reference rate holds for a half-year: let it begin on 1 January or 1 July.",
    )
    _rate_is_percentage = models.Constraint(
        "CHECK(rate BETWEEN -10 AND 100)",
        "The rate is in percent per year, such as 2.27; this is not one.",
    )
    _source_is_url = models.Constraint(
        "CHECK(source_url ~ '^https?://')", "The source is a web address, https://…"
    )

    @api.depends("valid_from")
    def _compute_valid_until(self):
        for rate in self:
            rate.valid_until = rate.valid_from and interest.half_year_end(
                rate.valid_from
            )

    @api.depends("valid_from")
    def _compute_is_current(self):
        current = interest.half_year(fields.Date.context_today(self))
        for rate in self:
            rate.is_current = rate.valid_from == current
