from odoo import fields, models


class DunningDisputeReason(models.Model):
    """What a customer contests about an invoice."""

    _name = "dunning.dispute.reason"
    _description = "Dispute Reason"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    default_days = fields.Integer(
        "Days to Resolve",
        default=14,
        required=True,
        help="A dispute that is still open after so many days is escalated.",
    )

    _default_days_positive = models.Constraint(
        "CHECK(default_days > 0)", "A dispute needs at least one day to be resolved."
    )
