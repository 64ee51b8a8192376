from odoo import fields, models


class DunningInterestBand(models.Model):
    """The lump sum for debts from an amount on."""

    _name = "dunning.interest.band"
    _description = "Interest Rule: Lump Sum"
    _order = "rule_id, amount_from"
    _rec_name = "lump_sum"

    rule_id = fields.Many2one(
        "dunning.interest.rule", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="rule_id.company_id", store=True
    )  # Stored for security rules.
    currency_id = fields.Many2one(related="rule_id.currency_id")
    amount_from = fields.Monetary("Debt From", help="Including taxes; 0 = every debt.")
    lump_sum = fields.Monetary(required=True)

    _amount_uniq = models.Constraint(
        "UNIQUE(rule_id, amount_from)",
        "Two lump sums begin at the same debt: change one of them.",
    )
    _amounts_positive = models.Constraint(
        "CHECK(amount_from >= 0 AND lump_sum > 0)",
        "A lump sum is positive, and the debt from which it applies is not negative.",
    )
