from odoo import fields, models
from odoo.exceptions import ValidationError


class DunningAction(models.Model):
    _inherit = "dunning.action"

    channel = fields.Selection(
        selection_add=[("hook", "Other Program")], ondelete={"hook": "cascade"}
    )

    def _check_channel_hook(self):
        if self.template_id.model != "dunning.notice":
            raise ValidationError(self.env._("Choose a template for notices."))
