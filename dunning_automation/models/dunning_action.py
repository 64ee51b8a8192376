from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import weighted_choice
from ..tools.channels import default_timeout
from ..tools.ladder import TASKS

SERVER_ACTION_MODELS = ("dunning.case", "res.partner")
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
        [
            ("email", "E-mail"),
            ("letter", "Letter"),
            ("portal", "Portal"),
            ("phone", "Phone Call"),
            ("activity", "Activity"),
            ("notification", "Notification"),
            ("server_action", "Server Action"),
        ],
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
    assign_to = fields.Selection(
        [
            ("collector", "Collector"),
            ("salesperson", "Salesperson"),
            ("responsible", "Responsible of the Policy"),
        ],
        required=True,
        default="collector",
        help="Who gets the task, the call or the notification. The responsible of the "
        "policy stands in for whoever is missing or has left.",
    )
    server_action_id = fields.Many2one(
        "ir.actions.server",
        index="btree_not_null",
        ondelete="restrict",
        help="Run once for the case, or for the customer.",
    )
    server_action_choice = fields.Selection(
        "_select_server_action",
        string="Run",
        compute="_compute_server_action_choice",
        readonly=False,
        help="Those that administrators wrote for collection cases or contacts. It "
        "runs once, for the case or the customer.",
    )  # Managers may not read server actions, which can contain secrets.
    timeout_days = fields.Integer(
        "Time-out (Days)",
        compute="_compute_timeout_days",
        store=True,
        readonly=False,
        help="A task that nobody did within this many days is closed, and the fallback "
        "is tried. 0 = it stays open.",
    )
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
    _timeout_not_negative = models.Constraint(
        "CHECK(timeout_days >= 0)", "The time-out of a task cannot be negative."
    )

    @api.depends("channel")
    def _compute_timeout_days(self):
        for action in self:
            action.timeout_days = default_timeout(action.channel)

    @api.depends("server_action_id")
    def _compute_server_action_choice(self):
        known = dict(self._select_server_action())
        for action in self:
            key = str(action.server_action_id.id)
            action.server_action_choice = key in known and key

    @api.model_create_multi
    def create(self, vals_list):
        actions = super().create([self._resolve_choice(vals) for vals in vals_list])
        self.env["dunning.wording"]._translate(actions, "activity_summary")
        return actions

    def write(self, vals):
        return super().write(self._resolve_choice(vals))

    @api.model
    def _resolve_choice(self, vals):
        """What was chosen by name becomes ``server_action_id``, together with the other
        values: an inverse method would come too late for ``_check_channel``."""
        if "server_action_choice" not in vals:
            return vals
        vals = {**vals, "server_action_id": int(vals["server_action_choice"] or 0)}
        del vals["server_action_choice"]
        return vals

    @api.model
    def _select_server_action(self):
        """Server actions that may be chosen: those that the user may run."""
        found = (
            self.env["ir.actions.server"]
            .sudo()
            .search(
                [
                    ("model_id.model", "in", SERVER_ACTION_MODELS),
                    ("usage", "=", "ir_actions_server"),
                ]
            )
        )
        return [
            (str(action.id), action.name) for action in found if self._may_run(action)
        ]

    @api.model
    def _may_run(self, server_action):
        """Whether the user may; constraints run as superuser, which is no user."""
        groups, user = server_action.sudo().group_ids, self.env.user
        return not groups or user._is_superuser() or bool(groups & user.all_group_ids)

    @api.depends("channel", "template_id", "activity_summary", "server_action_id")
    def _compute_display_name(self):
        channels = dict(self._fields["channel"]._description_selection(self.env))
        for action in self:
            detail = (
                action.template_id.name
                or action.activity_summary
                or action.sudo().server_action_id.name
            )
            name = channels.get(action.channel)
            action.display_name = f"{name}: {detail}" if detail else name

    @api.depends("variant_ids")
    def _compute_variant_count(self):
        for action in self:
            action.variant_count = len(action.variant_ids)

    @api.model
    def _prepare_default_values(self, channel, rung):
        """Values of the action of ``channel`` on a rung of a ladder."""
        if channel in ("email", "letter", "portal"):
            template = self.env.ref(TEMPLATES[rung["tone"]], raise_if_not_found=False)
            return {"channel": channel, "template_id": template and template.id}
        kind = self.env.ref("mail.mail_activity_data_call", raise_if_not_found=False)
        return {
            "channel": channel,
            "activity_type_id": kind and kind.id,
            "activity_summary": self.env._(
                rung.get("task") or TASKS.get(rung["tone"], TASKS["final"])
            ),
            "assign_to": rung.get("assign_to", "collector"),
        }

    @api.constrains("channel", "template_id", "activity_type_id", "server_action_id")
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

    def _check_channel_portal(self):
        if self.template_id.model != "dunning.notice":
            raise ValidationError(
                self.env._(
                    "Level “%s” shows a reminder in the portal: choose a template for "
                    "notices.",
                    self.level_id.name,
                )
            )

    def _check_channel_phone(self):
        """A call needs nothing: the customer's number is looked up."""

    def _check_channel_notification(self):
        if not self.activity_summary:
            raise ValidationError(
                self.env._(
                    "Level “%s” notifies somebody: say in “Task” what about.",
                    self.level_id.name,
                )
            )

    def _check_channel_server_action(self):
        """It is run by the system, so it must be one that the person who chose it may
        run, too."""
        chosen = self.sudo().server_action_id
        if chosen.model_name not in SERVER_ACTION_MODELS:
            raise ValidationError(
                self.env._(
                    "Level “%s” runs a server action: choose one for collection cases "
                    "or for contacts.",
                    self.level_id.name,
                )
            )
        if not self._may_run(chosen):
            raise ValidationError(
                self.env._(
                    "You may not run the server action “%(action)s”, so level "
                    "“%(level)s” may not either.",
                    action=chosen.name,
                    level=self.level_id.name,
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
        chosen = {}
        for notice, fitting in self._get_fitting_variants(notices).items():
            key = weighted_choice.choose(
                {variant.id: variant.weight for variant in fitting},
                f"{self.id}/{notice.debtor_key or notice.partner_id.id}",
            )
            chosen[notice] = fitting.browse(key)
        return chosen

    def _get_fitting_variants(self, notices):
        """{notice: the variants that may be chosen for it}, only of those that have
        one; parameter as of ``_choose_variant``."""
        self.ensure_one()
        notices.fetch(("debtor_key", "partner_id"))
        variants = self.sudo().variant_ids
        members = {variant: variant._get_members(notices) for variant in variants}
        found = {}
        for notice in notices:
            fitting = variants.filtered(
                lambda variant, notice=notice: notice.partner_id in members[variant]
            )
            if fitting:
                found[notice] = fitting.filtered("has_segment") or fitting
        return found
