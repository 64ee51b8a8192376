from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    dunning_late_grace_days = fields.Integer(
        "Late After",
        default=3,
        help="For predictions, a payment is late when it comes more than so many days "
        "after the due date, or after the Monday that follows a due date at the "
        "weekend.",
    )
    dunning_order_by_prediction = fields.Boolean(
        "Order by Prediction",
        help="The collectors' worklist is ordered by what is overdue, times the "
        "predicted chance that it is still out in 30 days, where a model is in use. "
        "Otherwise by the rule of four reasons.",
    )

    _dunning_late_grace_days_range = models.Constraint(
        "CHECK(dunning_late_grace_days BETWEEN 0 AND 60)",
        "Days of grace before a payment counts as late: enter a number from 0 to 60.",
    )
