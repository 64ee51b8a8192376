from odoo import api, models


class DunningNoticeAnalysis(models.Model):
    _inherit = "dunning.notice.analysis"

    @api.model
    def _get_select_fields(self):
        cost = "COALESCE(notice.sms_cost, 0) * sent.has_left::int"
        return super()._get_select_fields() | {"cost": cost}
