from odoo import api, fields, models


class DunningNoticeAnalysis(models.Model):
    _inherit = "dunning.notice.analysis"

    segment_id = fields.Many2one(
        "dunning.segment", readonly=True, help="Of the customer, now."
    )

    @api.model
    def _get_select_fields(self):
        segment = """(SELECT member.segment_id
                        FROM dunning_segment_member member
                       WHERE member.partner_id = notice.partner_id
                         AND member.company_id = notice.company_id)"""
        return super()._get_select_fields() | {"segment_id": segment}
