from odoo import api, fields, models

from ..sms_api_gateway import SmsApiGateway
from ..tools import sms_limits


class ResCompany(models.Model):
    _inherit = "res.company"

    dunning_sms_country_ids = fields.Many2many(
        "res.country",
        "dunning_sms_country_rel",
        "company_id",
        "country_id",
        "Countries That Get Text Messages",
        help="Numbers of other countries get none: the fallback of the level is used. "
        "Empty = the country of the company only.",
    )
    dunning_sms_transliterate = fields.Boolean(
        "Write Text Messages without Accents",
        help="A single letter outside of the alphabet of mobile phones makes a text "
        "message twice as dear. ç becomes c, ő becomes o; Cyrillic and others stay.",
    )
    dunning_sms_gateway_id = fields.Many2one(
        "dunning.sms.gateway",
        "SMS Gateway",
        index="btree_not_null",
        ondelete="restrict",
        groups="base.group_system",
        help="All text messages of the company leave through it. Empty = through the "
        "provider that Odoo offers.",
    )

    dunning_call_gateway_id = fields.Many2one(
        "dunning.call.gateway",
        "Provider of Automated Calls",
        index="btree_not_null",
        ondelete="restrict",
        groups="base.group_system",
    )
    dunning_sms_debtor_day = fields.Integer(
        "Text Messages per Customer and Day", default=1, help="0 = no limit."
    )
    dunning_sms_debtor_week = fields.Integer(
        "Text Messages per Customer in Seven Days", default=3, help="0 = no limit."
    )
    dunning_sms_company_day = fields.Integer(
        "Text Messages per Day", default=200, help="Of this company; 0 = no limit."
    )
    dunning_sms_block_day = fields.Integer(
        "Text Messages per Day to Numbers Side by Side",
        default=50,
        help="To numbers that differ in the last four digits only: who earns money "
        "with our messages has many of them. 0 = no limit.",
    )
    dunning_sms_budget = fields.Monetary(
        "Budget for Text Messages per Month",
        currency_field="currency_id",
        help="By the price list. 0 = no limit.",
    )

    _dunning_sms_limits_not_negative = models.Constraint(
        "CHECK(LEAST(dunning_sms_debtor_day, dunning_sms_debtor_week,"
        " dunning_sms_company_day, dunning_sms_block_day, dunning_sms_budget) >= 0)",
        "A limit of text messages cannot be negative; 0 = no limit.",
    )

    def _get_sms_limits(self):
        """``Limits`` of ``tools/sms_limits.py``."""
        self.ensure_one()
        return sms_limits.Limits(
            debtor_day=self.dunning_sms_debtor_day,
            debtor_week=self.dunning_sms_debtor_week,
            company_day=self.dunning_sms_company_day,
            block_day=self.dunning_sms_block_day,
            budget=self.dunning_sms_budget,
        )

    def _get_sms_api_class(self):
        if self.sudo().dunning_sms_gateway_id:
            return SmsApiGateway
        return super()._get_sms_api_class()

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        self.env["res.partner"]._dunning_read_numbers_again()
        return companies

    def write(self, vals):
        result = super().write(vals)
        if "country_id" in vals:
            self.env["res.partner"]._dunning_read_numbers_again()
        return result

    @api.model
    def _dunning_get_countries(self):
        """The countries of all our companies."""
        companies = self.sudo().with_context(active_test=False)
        domain = [("partner_id.country_id", "!=", False)]
        return companies.search(domain).partner_id.country_id
