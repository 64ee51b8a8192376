from odoo import fields, models


class DunningDecision(models.Model):
    _inherit = "dunning.decision"

    reason = fields.Selection(
        selection_add=[
            ("risk_too_low", "The level is for customers with a higher risk"),
            ("payment_expected", "The payment is expected in the next days"),
            ("max_level",),
        ],
        ondelete={"risk_too_low": "cascade", "payment_expected": "cascade"},
    )
