from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    dunning_sms_country_ids = fields.Many2many(
        related="company_id.dunning_sms_country_ids", readonly=False
    )
    dunning_sms_gateway_id = fields.Many2one(
        related="company_id.dunning_sms_gateway_id",
        readonly=False,
        groups="base.group_system",
    )
    dunning_sms_transliterate = fields.Boolean(
        related="company_id.dunning_sms_transliterate", readonly=False
    )
    dunning_sms_debtor_day = fields.Integer(
        related="company_id.dunning_sms_debtor_day", readonly=False
    )
    dunning_sms_debtor_week = fields.Integer(
        related="company_id.dunning_sms_debtor_week", readonly=False
    )
    dunning_sms_company_day = fields.Integer(
        related="company_id.dunning_sms_company_day", readonly=False
    )
    dunning_sms_block_day = fields.Integer(
        related="company_id.dunning_sms_block_day", readonly=False
    )
    dunning_sms_budget = fields.Monetary(
        related="company_id.dunning_sms_budget",
        readonly=False,
        currency_field="currency_id",
    )
    dunning_call_gateway_id = fields.Many2one(
        related="company_id.dunning_call_gateway_id",
        readonly=False,
        groups="base.group_system",
    )
