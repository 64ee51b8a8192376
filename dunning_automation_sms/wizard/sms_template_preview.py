from odoo import api, fields, models


class SmsTemplatePreview(models.TransientModel):
    _inherit = "sms.template.preview"

    dunning_size = fields.Char("Size", compute="_compute_dunning_size")

    @api.depends("body", "resource_ref")
    def _compute_dunning_size(self):
        """What the customer's provider is paid for, as the reminder would leave."""
        for preview in self:
            notice = preview.resource_ref
            preview.dunning_size = (
                notice
                and notice._name == "dunning.notice"
                and notice._say_sms_size(notice._tidy_sms(preview.body or ""))
            )
