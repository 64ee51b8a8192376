from odoo import models

from ..tools.phone_numbers import sms_number


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _dunning_sms_number(self):
        """Return the partner's number for text messages and, without one, the reason.

        A national number is read in the partner's country; only a partner without
        country is taken to be in the company's. The number is never tried in one
        country after the other: it could be valid in both, for different people.
        """
        self.ensure_one()
        country = self.country_id or self.env.company.country_id
        return sms_number(self.phone, country.code)
