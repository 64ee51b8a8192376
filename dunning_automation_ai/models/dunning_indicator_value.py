from odoo import fields, models


class DunningIndicatorValue(models.Model):
    """A value of an economic indicator, for the period that ends on its date."""

    _name = "dunning.indicator.value"
    _description = "Value of an Economic Indicator"
    _order = "date desc"
    _rec_name = "date"
    _log_access = False

    indicator_id = fields.Many2one(
        "dunning.indicator", required=True, ondelete="cascade"
    )  # Already has an index from the unique constraint.
    date = fields.Date("Period Until", required=True)
    value = fields.Float(required=True, digits=(16, 4), aggregator="avg")

    _date_uniq = models.Constraint(
        "UNIQUE(indicator_id, date)", "An indicator has one value per period."
    )
