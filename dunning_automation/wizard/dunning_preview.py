import uuid
from contextlib import contextmanager, suppress

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import get_lang

from ..models.dunning_composer import get_cause


class DunningPreview(models.TransientModel):
    """Shows what an action says to a real customer, with what he owes right now.

    A notice is written and taken back at once: nothing is planned, nothing is kept.
    """

    _name = "dunning.preview"
    _description = "Preview of a Reminder"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    policy_id = fields.Many2one(
        "dunning.policy",
        required=True,
        domain="[('company_id', 'parent_of', company_id)]",
    )
    level_id = fields.Many2one(
        "dunning.level",
        required=True,
        compute="_compute_level_id",
        store=True,
        readonly=False,
        domain="[('policy_id', '=', policy_id)]",
    )
    action_id = fields.Many2one(
        "dunning.action",
        required=True,
        compute="_compute_action_id",
        store=True,
        readonly=False,
        domain="[('level_id', '=', level_id)]",
    )
    has_variants = fields.Boolean(compute="_compute_has_variants")
    variant_id = fields.Many2one(
        "dunning.action.variant",
        compute="_compute_variant_id",
        store=True,
        readonly=False,
        domain="[('action_id', '=', action_id)]",
        help="Empty: the template of the action itself.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        compute="_compute_partner_id",
        store=True,
        readonly=False,
    )
    recipient = fields.Char("To", compute="_compute_text")
    lang = fields.Char("Language", compute="_compute_text")
    subject = fields.Char(compute="_compute_text")
    body = fields.Html(compute="_compute_text", sanitize=False)
    hint = fields.Text(compute="_compute_text")
    error = fields.Text(compute="_compute_text")

    @api.model
    def _open(self, policy=None, level=None):
        """The window, about ``level`` or the first level of ``policy``."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_preview_action"
        )
        policy = policy or level.policy_id
        context = {"default_policy_id": policy.id}
        if level:
            context["default_level_id"] = level.id
        return action | {"context": context}

    @api.model
    def default_get(self, fields):
        """Of a case: its customer, and the message that comes next."""
        values = super().default_get(fields)
        case = self.env["dunning.case"].browse(self.env.context.get("default_case_id"))
        decisions = case.decision_ids.sorted("date_due")
        policy = (
            decisions.policy_id[:1]
            or self.env["dunning.policy"]._search_applicable(
                case.company_id or self.env.company
            )[:1]
        )
        values["policy_id"] = values.get("policy_id") or policy.id
        if case:
            values["company_id"] = case.company_id.id
            values["partner_id"] = case.partner_id.id
            level = decisions.next_level_id[:1] or case.level_id
            if level.policy_id.id == values["policy_id"]:
                values.setdefault("level_id", level.id)
        return values

    # === CHOICES === #

    @api.depends("policy_id")
    def _compute_level_id(self):
        for preview in self:
            levels = preview.policy_id.level_ids
            if preview.level_id not in levels:
                preview.level_id = levels.sorted("delay_days")[:1]

    @api.depends("level_id")
    def _compute_action_id(self):
        for preview in self:
            actions = preview.level_id.action_ids
            if preview.action_id not in actions:
                preview.action_id = actions[:1]

    @api.depends("action_id")
    def _compute_has_variants(self):
        for preview in self:
            preview.has_variants = bool(preview.action_id.variant_ids)

    @api.depends("action_id")
    def _compute_variant_id(self):
        for preview in self:
            if preview.variant_id not in preview.action_id.variant_ids:
                preview.variant_id = preview.action_id.variant_ids[:1]

    @api.depends("policy_id")
    def _compute_partner_id(self):
        """Somebody who owes, under this policy if there is one."""
        for preview in self.filtered(lambda preview: not preview.partner_id):
            owing = [
                ("company_id", "=", preview.company_id.id),
                ("outcome", "!=", "settled"),
                ("partner_id", "!=", False),
            ]
            decisions = self.env["dunning.decision"]
            preview.partner_id = (
                decisions.search(
                    [*owing, ("policy_id", "=", preview.policy_id.id)], limit=1
                ).partner_id
                or decisions.search(owing, limit=1).partner_id
            )

    # === THE TEXT === #

    @api.depends("policy_id", "level_id", "action_id", "variant_id", "partner_id")
    def _compute_text(self):
        for preview in self:
            preview.update(
                dict.fromkeys(
                    ("recipient", "lang", "subject", "body", "hint", "error"), False
                )
            )
            if preview.partner_id and preview.action_id:
                preview.update(preview._render())

    def _render(self):
        """Values of the computed fields for one preview."""
        rows, hints = self._choose_lines(self._read_open_lines())
        recipient = self._choose_recipient(rows)
        lang = self._choose_lang(recipient)
        values = {
            "lang": dict(self.env["res.lang"].get_installed()).get(lang, lang),
            "recipient": recipient.email_formatted or recipient.display_name,
        }
        if self.action_id.channel == "email" and not recipient.email_normalized:
            hints.append(
                self.env._(
                    "%s has no valid e-mail address and would not get this message.",
                    self.partner_id.display_name,
                )
            )
        with self._taken_back():
            notice = self._make_notice(rows, recipient, lang)
            render = getattr(notice, f"_render_{notice.channel}", None)
            if not render:
                hints.append(
                    self.env._(
                        "This action has no text for the customer: it is a task."
                    )
                )
                values["subject"] = self.action_id.activity_summary
            try:
                with self.env.cr.savepoint(flush=False):
                    if render:
                        notice._ensure_access_tokens()
                        if not notice._update_charges():
                            return values | {
                                "hint": "\n".join(hints),
                                "error": notice.reason,
                            }
                        render()
                        values |= {"subject": notice.subject, "body": notice.body}
            except Exception as error:
                values["error"] = self.env._(
                    "The text cannot be written for %(customer)s with template "
                    "“%(template)s”: %(error)s. He would not get this message; "
                    "correct the template.",
                    customer=self.partner_id.display_name,
                    template=notice._get_template().display_name,
                    error=get_cause(error),
                )
        return values | {"hint": "\n".join(hints)}

    @contextmanager
    def _taken_back(self):
        """What is written inside is not kept, neither in the database nor in memory.

        The usual savepoint would also forget this form, which is not in the database.
        """
        self.env.flush_all()
        written = ("dunning.notice", "dunning.notice.line", "account.move")
        with self.env.cr.savepoint(flush=False) as savepoint:
            try:
                yield
            finally:
                with suppress(Exception):
                    self.env.flush_all()
                savepoint.rollback()
                for model_name in written:
                    self.env[model_name].invalidate_model(flush=False)

    def _read_open_lines(self):
        """The open lines of the customer as the planner sees them, oldest first."""
        ledger = self.env["dunning.ledger"].sudo()
        ledger._flush()
        debtor = self.partner_id.commercial_partner_id
        return self.env.execute_query_dict(
            SQL(
                """%s SELECT *, %s - date_due AS days_overdue
                        FROM net_line
                       WHERE partner_id = %s
                       ORDER BY date_due, move_line_id""",
                ledger._get_net_lines_cte(
                    self.company_id,
                    self.env["dunning.policy"]._search_applicable(self.company_id),
                    partners=SQL("%s", debtor.ids),
                ),
                self.company_id._dunning_today(),
                debtor.id,
            )
        )

    def _choose_lines(self, rows):
        """The lines that the message would list today, and what to know about them."""
        name = self.partner_id.display_name
        if not rows:
            return rows, [
                self.env._(
                    "%s has no open item: the text is shown without invoices.", name
                )
            ]
        reasons = dict(
            self.env["dunning.decision"]
            ._fields["reason"]
            ._description_selection(self.env)
        )
        free = [row for row in rows if not row["stop_reason"]]
        early = self.level_id.delay_days < 0
        listed = [row for row in free if (row["days_overdue"] < 0) == early]
        hints = []
        policies = {row["policy_id"] for row in rows}
        if self.policy_id.id not in policies:
            others = self.env["dunning.policy"].browse(filter(None, policies))
            hints.append(
                self.env._(
                    "%(customer)s follows another policy: %(policies)s.",
                    customer=name,
                    policies=", ".join(others.mapped("name")) or self.env._("none"),
                )
            )
        if not free:
            hints.append(
                self.env._(
                    "%(customer)s would hear nothing today: %(reasons)s.",
                    customer=name,
                    reasons=", ".join(
                        sorted({reasons[row["stop_reason"]] for row in rows})
                    ),
                )
            )
        elif not listed:
            hints.append(
                self.env._(
                    "%s has no open item for this level today: the text is shown with "
                    "what is open.",
                    name,
                )
            )
        return listed or free or rows, hints

    def _choose_recipient(self, rows):
        """As the planner does for e-mail: the contact on the invoice, the dunning
        contact, the customer."""
        debtor = self.partner_id.commercial_partner_id
        contacts = self.env["res.partner"].browse(row["contact_id"] for row in rows[:1])
        family = (contacts | debtor.dunning_contact_id).filtered(
            lambda contact: contact.active and contact.commercial_partner_id == debtor
        )
        return (family | debtor).filtered("email_normalized")[:1] or debtor

    def _choose_lang(self, recipient):
        installed = dict(self.env["res.lang"].get_installed())
        debtor = self.partner_id.commercial_partner_id
        for lang in (recipient.lang, debtor.lang):
            if lang in installed:
                return lang
        return get_lang(self.env, self.company_id.partner_id.lang).code

    def _make_notice(self, rows, recipient, lang):
        names = {
            move.id: move.name
            for move in self.env["account.move"]
            .sudo()
            .browse({row["move_id"] for row in rows})
        }
        copied = (
            "move_line_id",
            "move_id",
            "currency_id",
            "date_due",
            "days_overdue",
            "residual",
            "residual_currency",
        )
        notice = (
            self.env["dunning.notice"]
            .sudo()
            .create(
                {
                    "company_id": self.company_id.id,
                    "partner_id": self.partner_id.commercial_partner_id.id,
                    "policy_id": self.policy_id._origin.id,
                    "level_id": self.level_id._origin.id,
                    "action_id": self.action_id._origin.id,
                    "variant_id": self.variant_id._origin.id,
                    "channel": self.action_id.channel,
                    "recipient_id": recipient._origin.id,
                    "email_to": recipient.email_normalized,
                    "lang": lang,
                    "simulation": True,
                    "date": self.company_id._dunning_today(),
                    "dedup_key": uuid.uuid4().hex,
                }
            )
        )
        # Not by commands: those ask for the rights of the user.
        self.env["dunning.notice.line"].sudo().create(
            [
                {
                    **{name: row[name] for name in copied},
                    "notice_id": notice.id,
                    "name": names[row["move_id"]],
                    "company_id": self.company_id.id,
                    "level_id": self.level_id._origin.id,
                }
                for row in rows
            ]
        )
        return notice
