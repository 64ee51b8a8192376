from odoo import api, fields, models
from odoo.exceptions import ValidationError

TEMPLATES = {
    "courtesy": "dunning_automation.mail_template_courtesy",
    "friendly": "dunning_automation.mail_template_friendly",
    "firm": "dunning_automation.mail_template_firm",
    "final": "dunning_automation.mail_template_final",
}


class DunningAction(models.Model):
    """What happens on a level: a message on a channel, or a task for a person.

    A channel is added by ``selection_add`` on ``channel`` and by the methods
    ``_check_channel_<channel>`` here, ``_deliver_<channel>`` and, if it has a text,
    ``_render_<channel>`` on ``dunning.notice``.
    """

    _name = "dunning.action"
    _description = "Dunning Action"
    _order = "level_id, sequence, id"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    level_id = fields.Many2one(
        "dunning.level", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="level_id.company_id", store=True
    )  # Stored for security rules.
    sequence = fields.Integer(default=10)
    channel = fields.Selection(
        [("email", "E-mail"), ("letter", "Letter"), ("activity", "Activity")],
        required=True,
        default="email",
    )
    template_id = fields.Many2one(
        "mail.template",
        domain="[('model', '=', 'dunning.notice')]",
        index="btree_not_null",
        ondelete="restrict",
    )
    activity_type_id = fields.Many2one(
        "mail.activity.type",
        domain="[('res_model', 'in', (False, 'dunning.case'))]",
        index="btree_not_null",
        ondelete="restrict",
    )
    activity_summary = fields.Char("Task", translate=True)

    _channel_uniq = models.Constraint(
        "UNIQUE(level_id, channel)",
        "A level uses each channel once: a customer gets one message per channel.",
    )

    @api.depends("channel", "template_id", "activity_summary")
    def _compute_display_name(self):
        channels = dict(self._fields["channel"]._description_selection(self.env))
        for action in self:
            detail = action.template_id.name or action.activity_summary
            name = channels.get(action.channel)
            action.display_name = f"{name}: {detail}" if detail else name

    @api.model
    def _prepare_default_values(self, channel, rung):
        """Values of the standard action of ``channel`` on a rung of the ladder."""
        if channel in ("email", "letter"):
            template = self.env.ref(TEMPLATES[rung["tone"]], raise_if_not_found=False)
            return {"channel": channel, "template_id": template and template.id}
        kind = self.env.ref("mail.mail_activity_data_call", raise_if_not_found=False)
        summary = (
            self.env._("Decide on hand-over to a lawyer or collection agency")
            if rung["tone"] == "handover"
            else self.env._("Call the customer: final reminder sent")
        )
        return {
            "channel": channel,
            "activity_type_id": kind and kind.id,
            "activity_summary": summary,
        }

    @api.constrains("channel", "template_id", "activity_type_id")
    def _check_channel(self):
        for action in self:
            getattr(action, f"_check_channel_{action.channel}")()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_last(self):
        for level in self.level_id:
            if level.action_ids <= self:
                raise ValidationError(
                    self.env._(
                        "Level “%s” would do nothing: delete the level, or add another "
                        "action first.",
                        level.name,
                    )
                )

    def _check_channel_email(self):
        if self.template_id.model != "dunning.notice":
            raise ValidationError(
                self.env._(
                    "Level “%s” sends an e-mail: choose a template for notices.",
                    self.level_id.name,
                )
            )

    def _check_channel_letter(self):
        if self.template_id.model != "dunning.notice":
            raise ValidationError(
                self.env._(
                    "Level “%s” sends a letter: choose a template for notices.",
                    self.level_id.name,
                )
            )

    def _check_channel_activity(self):
        if not self.activity_type_id:
            raise ValidationError(
                self.env._(
                    "Level “%s” creates an activity: choose its type.",
                    self.level_id.name,
                )
            )
