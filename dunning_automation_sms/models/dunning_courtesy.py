from odoo import api, models
from odoo.tools import SQL


class DunningCourtesy(models.Model):
    _inherit = "dunning.courtesy"

    @api.model
    def _get_numbers_sql(self, recipient):
        return SQL(
            """(SELECT JSONB_BUILD_OBJECT('sms', dunning_sms_number,
                                          'phone', dunning_call_number)
                  FROM res_partner WHERE id = %s)""",
            recipient,
        )
