from odoo import api, fields, models

from odoo.addons.dunning_automation.models.res_company import READERS

from ..tools.phone_numbers import REFUSALS, call_number, region_of, sms_number

READ_FROM_PHONE = (
    "dunning_call_number",
    "dunning_call_region",
    "dunning_sms_number",
    "dunning_sms_refusal",
    "dunning_sms_region",
)


class ResPartner(models.Model):
    _inherit = "res.partner"

    dunning_sms_number = fields.Char(
        "Number for Text Messages",
        compute="_compute_dunning_sms_number",
        store=True,
        index="btree_not_null",
        groups=READERS,
        help="The phone number as networks write it, if it can take a text message.",
    )
    dunning_sms_region = fields.Char(
        compute="_compute_dunning_sms_number",
        store=True,
        groups=READERS,
        help="Code of the country to which the number belongs.",
    )
    dunning_sms_refusal = fields.Selection(
        list(REFUSALS.items()),
        "No Text Messages Because",
        compute="_compute_dunning_sms_number",
        store=True,
        groups=READERS,
    )
    dunning_sms_since = fields.Datetime(
        compute="_compute_dunning_sms_number",
        store=True,
        groups=READERS,
        help="When the number took the place of another one, or a portal user entered "
        "it. Text messages wait a day then: nobody shall make us call numbers that "
        "earn money for him.",
    )
    dunning_call_number = fields.Char(
        "Number for Automated Calls",
        compute="_compute_dunning_call_number",
        store=True,
        index="btree_not_null",
        groups=READERS,
    )
    dunning_call_region = fields.Char(
        compute="_compute_dunning_call_number", store=True, groups=READERS
    )
    dunning_call_since = fields.Datetime(
        compute="_compute_dunning_call_number",
        store=True,
        groups=READERS,
        help="As for text messages.",
    )
    dunning_sms_bounced = fields.Char(
        "Text Messages Refused For",
        copy=False,
        groups=READERS,
        index="btree_not_null",
        help="Text messages to this number were refused. None is sent there any more, "
        "until the number changes or a person retries one.",
    )

    @api.depends("phone", "country_id", "company_id.country_id")
    def _compute_dunning_sms_number(self):
        for partner in self:
            number, reason = partner._dunning_sms_number()
            if partner._is_dunning_number_suspect(number, partner.dunning_sms_number):
                partner.dunning_sms_since = self.env.cr.now()
            else:
                partner.dunning_sms_since = partner.dunning_sms_since
            partner.dunning_sms_number = number
            partner.dunning_sms_region = number and region_of(number)
            partner.dunning_sms_refusal = reason

    @api.depends("phone", "country_id", "company_id.country_id")
    def _compute_dunning_call_number(self):
        for partner in self:
            region = partner._get_dunning_phone_country().code
            number = call_number(partner.phone, region) or False
            known = partner.dunning_call_number
            since = partner.dunning_call_since
            if partner._is_dunning_number_suspect(number, known):
                since = self.env.cr.now()
            partner.dunning_call_since = since
            partner.dunning_call_number = number
            partner.dunning_call_region = number and region_of(number)

    def _is_dunning_number_suspect(self, number, known):
        """Whether ``number`` replaces another one, or comes from outside."""
        return number and number != known and bool(known or self.env.user.share)

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        partners._dunning_read_numbers_now()
        return partners

    def write(self, vals):
        result = super().write(vals)
        if "phone" in vals:
            self._dunning_read_numbers_now()
        return result

    def _dunning_read_numbers_now(self):
        """While it is known who enters them: fields are computed when somebody reads
        them, and that may be one of us."""
        if self.env.user.share:
            self.sudo().mapped("dunning_sms_number")
            self.sudo().mapped("dunning_call_number")

    def _dunning_sms_number(self):
        """Return the partner's number for text messages and, without one, the reason.

        A national number is read in the partner's country; only a partner without
        country is taken to be in that of his company, or of all our companies if it is
        one. The number is never tried in one country after the other: it could be valid
        in both, for different people.
        """
        self.ensure_one()
        return sms_number(self.phone, self._get_dunning_phone_country().code)

    def _get_dunning_phone_country(self):
        """The country in which a national number is read."""
        country = self.country_id or self.company_id.country_id
        if not country:
            home = self.env["res.company"]._dunning_get_countries()
            country = home if len(home) == 1 else country
        return country

    @api.model
    def _dunning_read_numbers_again(self):
        """The country of a company changed, and that of numbers without one with it."""
        partners = self.sudo().with_context(active_test=False)
        domain = [("phone", "!=", False), ("country_id", "=", False)]
        for name in READ_FROM_PHONE:
            self.env.add_to_compute(self._fields[name], partners.search(domain))

    # === NUMBERS THAT WERE REFUSED === #

    @api.model
    def _dunning_mark_bounced(self, address):
        result = super()._dunning_mark_bounced(address)
        if address:
            partners = self.sudo().with_context(active_test=False)
            domain = [
                "|",
                ("dunning_call_number", "=", address),
                ("dunning_sms_number", "=", address),
            ]
            partners.search(domain).dunning_sms_bounced = address
        return result

    @api.model
    def _dunning_clear_bounced(self, address):
        result = super()._dunning_clear_bounced(address)
        if address:
            partners = self.sudo().with_context(active_test=False)
            domain = [("dunning_sms_bounced", "=", address)]
            partners.search(domain).dunning_sms_bounced = False
        return result
