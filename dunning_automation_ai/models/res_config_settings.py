from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    dunning_late_grace_days = fields.Integer(
        related="company_id.dunning_late_grace_days", readonly=False
    )
    dunning_order_by_prediction = fields.Boolean(
        related="company_id.dunning_order_by_prediction", readonly=False
    )
