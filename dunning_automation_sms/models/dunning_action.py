from odoo import api, fields, models
from odoo.exceptions import ValidationError

TEMPLATES = {
    tone: f"dunning_automation_sms.sms_template_{tone}"
    for tone in ("courtesy", "friendly", "firm", "final")
}


class DunningAction(models.Model):
    _inherit = "dunning.action"

    channel = fields.Selection(
        selection_add=[
            ("sms", "Text Message"),
            ("call", "Automated Call"),
            ("phone",),
        ],
        ondelete={"call": "cascade", "sms": "cascade"},
    )
    sms_template_id = fields.Many2one(
        "sms.template",
        "Text",
        domain="[('model', '=', 'dunning.notice')]",
        index="btree_not_null",
        ondelete="restrict",
    )

    @api.model
    def _prepare_default_values(self, channel, rung):
        if channel not in ("call", "sms"):
            return super()._prepare_default_values(channel, rung)
        if channel == "call":
            xmlid = "dunning_automation_sms.sms_template_call"
        else:
            xmlid = TEMPLATES.get(rung["tone"], TEMPLATES["final"])
        template = self.env.ref(xmlid, raise_if_not_found=False)
        return {"channel": channel, "sms_template_id": template and template.id}

    @api.constrains("sms_template_id")
    def _check_sms_template(self):
        self._check_channel()

    def _check_channel_sms(self):
        if self.sms_template_id.model != "dunning.notice":
            raise ValidationError(
                self.env._(
                    "Level “%s” sends a text message: choose a text for notices.",
                    self.level_id.name,
                )
            )

    def _check_channel_call(self):
        if self.sms_template_id.model != "dunning.notice":
            raise ValidationError(
                self.env._(
                    "Level “%s” lets a machine call: choose a text for notices.",
                    self.level_id.name,
                )
            )

    @api.depends("sms_template_id")
    def _compute_display_name(self):
        messages = self.filtered(lambda action: action.channel in ("call", "sms"))
        channels = dict(self._fields["channel"]._description_selection(self.env))
        for action in messages:
            parts = (channels[action.channel], action.sms_template_id.name)
            action.display_name = ": ".join(filter(None, parts))
        return super(DunningAction, self - messages)._compute_display_name()
