from odoo import fields, models


class DunningLevel(models.Model):
    _inherit = "dunning.level"

    min_risk_band = fields.Selection(
        [("medium", "Medium or high"), ("high", "High")],
        "Only from Risk",
        help="Customers with a lower risk, or none yet, do not reach this level. Empty "
        "= all. It only holds back: no risk makes a level come earlier or harsher than "
        "this policy says.",
    )
    wait_expected_days = fields.Integer(
        "Wait for Expected Payment (Days)",
        help="Where the payment is expected within so many days after the level would "
        "begin, the level waits for it, for so many days at most. 0 = never.",
    )

    _wait_expected_days_range = models.Constraint(
        "CHECK(wait_expected_days BETWEEN 0 AND 90)",
        "The days to wait for an expected payment: enter a number from 0 to 90.",
    )
