from odoo import fields, models


class DunningLevelMinimum(models.Model):
    """What a level asks of lines in one currency, in that currency.

    Replaces minimum amount and minimum balance of the level, which are in company
    currency, for the lines in that currency.
    """

    _name = "dunning.level.minimum"
    _description = "Dunning Level: Minimum per Currency"
    _order = "level_id, currency_id"
    _rec_name = "currency_id"

    level_id = fields.Many2one(
        "dunning.level", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="level_id.company_id", store=True
    )  # Stored for security rules.
    currency_id = fields.Many2one("res.currency", required=True)
    min_amount = fields.Monetary(
        "Minimum Amount", help="Instalments with a smaller open amount do not reach it."
    )
    min_balance = fields.Monetary(
        "Minimum Balance",
        help="What the customer owes overdue in this currency under this policy must "
        "be at least this much.",
    )

    _currency_uniq = models.Constraint(
        "UNIQUE(level_id, currency_id)",
        "A level has one minimum per currency: change the one that is there.",
    )
    _amounts_not_negative = models.Constraint(
        "CHECK(min_amount >= 0 AND min_balance >= 0)",
        "Minimum amount and minimum balance cannot be negative.",
    )
