from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import weighted_choice

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
    ``_render_<channel>`` on ``dunning.notice``; whom it reaches is said by
    ``_check_recipient_<channel>`` and ``_get_recipient_<channel>`` on
    ``dunning.planner``.

    An action that cannot reach a customer hands over to its fallback, another action
    of the same level, which may have one, too.
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
        [("email", "E-mail"), ("activity", "Activity")],
        required=True,
        default="email",
    )
    template_id = fields.Many2one(
        "mail.template",
        "E-mail Template",
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

    fallback_id = fields.Many2one(
        "dunning.action",
        "Else",
        domain="[('level_id', '=', level_id), ('id', '!=', id)]",
        index="btree_not_null",
        ondelete="set null",
        copy=False,  # The policy links its copied actions.
        help="What is done instead when this action cannot reach the customer. It may "
        "have a fallback of its own.",
    )
    is_fallback = fields.Boolean(
        "Only as Fallback", help="Done only when another action names it as fallback."
    )
    variant_ids = fields.One2many(
        "dunning.action.variant", "action_id", "Variants", copy=True
    )
    variant_count = fields.Integer(compute="_compute_variant_count")

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

    @api.depends("variant_ids")
    def _compute_variant_count(self):
        for action in self:
            action.variant_count = len(action.variant_ids)

    @api.model
    def _prepare_default_values(self, channel, rung):
        """Values of the standard action of ``channel`` on a rung of the ladder."""
        if channel == "email":
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

    @api.constrains("fallback_id", "level_id")
    def _check_fallback(self):
        for action in self.filtered("fallback_id"):
            if action.fallback_id.level_id != action.level_id:
                raise ValidationError(
                    self.env._(
                        "“%(action)s” of level “%(level)s” falls back on an action of "
                        "another level: choose one of its own.",
                        action=action.display_name,
                        level=action.level_id.name,
                    )
                )
            if action._has_cycle("fallback_id"):
                raise ValidationError(
                    self.env._(
                        "The fallbacks of level “%(level)s” go round in a circle: "
                        "“%(action)s” would fall back on itself.",
                        action=action.display_name,
                        level=action.level_id.name,
                    )
                )

    @api.constrains("is_fallback")
    def _check_level(self):
        """A level whose actions are all fallbacks does nothing."""
        self.level_id._check_actions()

    def _copy_fallbacks(self, copies):
        """Let the copies of these actions fall back on each other as these do."""
        found = {(copy.level_id.delay_days, copy.channel): copy for copy in copies}
        for action in self.filtered("fallback_id"):
            delay = action.level_id.delay_days
            copied = found[delay, action.channel]
            copied.fallback_id = found[delay, action.fallback_id.channel]

    @api.ondelete(at_uninstall=False)
    def _unlink_except_last(self):
        for level in self.level_id:
            if all((level.action_ids - self).mapped("is_fallback")):
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

    def _check_channel_activity(self):
        if not self.activity_type_id:
            raise ValidationError(
                self.env._(
                    "Level “%s” creates an activity: choose its type.",
                    self.level_id.name,
                )
            )

    # === VARIANTS === #

    def _choose_variant(self, notices):
        """Which variant of its text each notice tells; the same for a customer as long
        as the variants stay the same.

        Variants whose segment fits the customer win over those for everybody. A notice
        without a variant gets the action's own template.

        :param notices: ``dunning.notice`` of this action
        :return: {notice: variant}, only of those that have one
        """
        self.ensure_one()
        notices.fetch(("debtor_key", "partner_id"))
        variants = self.sudo().variant_ids
        members = {variant: variant._get_members(notices) for variant in variants}
        chosen = {}
        for notice in notices:
            fitting = variants.filtered(
                lambda variant, notice=notice: notice.partner_id in members[variant]
            )
            fitting = fitting.filtered("has_segment") or fitting
            if fitting:
                key = weighted_choice.choose(
                    {variant.id: variant.weight for variant in fitting},
                    f"{self.id}/{notice.debtor_key or notice.partner_id.id}",
                )
                chosen[notice] = fitting.browse(key)
        return chosen
