from odoo import api, fields, models

from ..sms_api_gateway import SmsApiGateway


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
