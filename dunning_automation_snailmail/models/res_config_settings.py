from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    dunning_snailmail = fields.Boolean(
        related="company_id.dunning_snailmail", readonly=False
    )
