from odoo import fields, models


class DunningHoldReason(models.Model):
    """Why reminders are stopped for a while, in the words of the company."""

    _name = "dunning.hold.reason"
    _description = "Hold Reason"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    kind = fields.Selection(
        [("manual", "Manual"), ("legal", "Legal"), ("contact", "Contact")],
        required=True,
        default="manual",
        help="Promises, disputes and payment plans set holds of their own.",
    )
    default_days = fields.Integer(
        default=14, help="The hold ends so many days after it was set; 0 = no proposal."
    )

    _default_days_not_negative = models.Constraint(
        "CHECK(default_days >= 0)", "The days that a hold lasts cannot be negative."
    )
