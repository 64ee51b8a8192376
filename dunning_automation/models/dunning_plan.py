from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import format_amount, format_date

from ..tools import plans, promises

APPROVAL_DAYS = 7
"""The lines are held so many days while a plan waits for approval."""


class DunningPlan(models.Model):
    """Instalments that take the place of the original due dates.

    While a plan is kept its lines are not reminded. The ledger decides every night
    whether what was paid since it was agreed covers what has fallen due, see
    ``tools/plans.py``. A broken plan ends the hold, the sequence goes on as the policy
    says and the collector gets a task.
    """

    _name = "dunning.plan"
    _inherit = "dunning.agreement"
    _description = "Payment Plan"

    _hold_kind = "plan"
    _open_states = ("active",)
    _editable = frozenset({"note", "user_id"})

    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("to_approve", "To Approve"),
            ("active", "Active"),
            ("kept", "Kept"),
            ("broken", "Broken"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        tracking=True,
    )
    amount = fields.Monetary("Debt", readonly=True)
    line_ids = fields.One2many("dunning.plan.line", "plan_id", "Instalments")
    instalment_count = fields.Integer("Number of Instalments", default=3)
    first_date = fields.Date(
        "First Instalment",
        default=lambda self: self.env.company._dunning_today() + timedelta(days=7),
    )
    interval = fields.Selection(
        [("week", "Week"), ("fortnight", "Two Weeks"), ("month", "Month")],
        "Every",
        default="month",
        required=True,
    )
    tolerance_days = fields.Integer(
        default=lambda self: self.env.company.dunning_promise_tolerance_days,
        help="So many days after its date an instalment still counts as kept.",
    )
    deadline = fields.Date("Last Instalment", compute="_compute_deadline", store=True)
    planned_amount = fields.Monetary("Planned", compute="_compute_planned_amount")
    difference = fields.Monetary(
        compute="_compute_planned_amount", help="Debt less instalments: must be zero."
    )
    paid = fields.Monetary(readonly=True, copy=False)
    next_date = fields.Date("Next Instalment", compute="_compute_next_date")
    approved_by_id = fields.Many2one("res.users", readonly=True, copy=False)

    _active_idx = models.Index("(company_id) WHERE state = 'active'")
    _tolerance_not_negative = models.Constraint(
        "CHECK(tolerance_days >= 0)", "The days of tolerance cannot be negative."
    )

    # === COMPUTE METHODS === #

    @api.depends("line_ids.date", "tolerance_days")
    def _compute_deadline(self):
        for plan in self:
            days = list(filter(None, plan.line_ids.mapped("date")))
            plan.deadline = days and max(days) + timedelta(days=plan.tolerance_days)

    @api.depends("line_ids.amount", "amount")
    def _compute_planned_amount(self):
        for plan in self:
            plan.planned_amount = sum(plan.line_ids.mapped("amount"))
            plan.difference = plan.amount - plan.planned_amount

    @api.depends("line_ids.date", "line_ids.state")
    def _compute_next_date(self):
        for plan in self:
            open_lines = plan.line_ids.filtered(lambda line: line.state != "kept")
            plan.next_date = min(filter(None, open_lines.mapped("date")), default=False)

    # === ENTRY === #

    @api.onchange("instalment_count", "first_date", "interval", "move_line_ids")
    def _onchange_schedule(self):
        """Propose the instalments anew."""
        if self.state == "draft" and self.instalment_count > 0 and self.first_date:
            self.line_ids = [Command.clear(), *self._prepare_instalments()]

    def _prepare_instalments(self):
        debt = self._get_debt()
        amounts = plans.split(debt, self.instalment_count, self.currency_id.rounding)
        days = plans.dates(self.first_date, self.instalment_count, self.interval)
        return [
            Command.create({"date": day, "amount": amount})
            for day, amount in zip(days, amounts, strict=True)
        ]

    def _is_fixed(self):
        return self.state != "draft"

    def action_generate(self):
        """Make the instalments from their number, the first day and the interval."""
        self.ensure_one()
        self._check_draft()
        if self.instalment_count < 1 or not self.first_date:
            raise UserError(
                self.env._("Enter how many instalments there are and the first day.")
            )
        self.sudo().amount = self._get_debt()
        self.line_ids = [Command.clear(), *self._prepare_instalments()]

    def _check_draft(self):
        self.check_access("write")
        if any(plan.state != "draft" for plan in self):
            raise UserError(self.env._("This plan is no draft any more."))

    def _check_instalments(self):
        """:raise ValidationError: when they are not what is owed, or not in order"""
        self.ensure_one()
        today = self.company_id._dunning_today()
        lines = self.line_ids.sorted("id")
        if not lines:
            raise ValidationError(
                self.env._("Enter the instalments, or let Generate propose them.")
            )
        if min(lines.mapped("date")) < today:
            raise ValidationError(
                self.env._(
                    "The instalment of %s is in the past: enter today or a later day.",
                    format_date(self.env, min(lines.mapped("date"))),
                )
            )
        days = self.line_ids.mapped("date")
        if len(set(days)) != len(days):
            raise ValidationError(
                self.env._("Two instalments are on the same day: put them together.")
            )
        debt, planned = self._get_debt(), sum(lines.mapped("amount"))
        if self.currency_id.compare_amounts(debt, planned):
            raise ValidationError(
                self.env._(
                    "The instalments sum up to %(planned)s, the items owe %(debt)s: "
                    "the difference is %(difference)s.",
                    planned=format_amount(self.env, planned, self.currency_id),
                    debt=format_amount(self.env, debt, self.currency_id),
                    difference=format_amount(
                        self.env, debt - planned, self.currency_id
                    ),
                )
            )

    def _needs_approval(self):
        """Above the amount of the company, unless a manager confirms it."""
        is_manager = self.env.user.has_group("dunning_automation.group_manager")
        return self._is_above_limit() and not is_manager

    def _is_above_limit(self):
        limit = self.company_id.dunning_plan_approval_amount
        amount = self.currency_id._convert(
            self.amount,
            self.company_id.currency_id,
            self.company_id,
            self.company_id._dunning_today(),
        )
        return self.company_id.currency_id.compare_amounts(amount, limit) > 0

    # === STATES === #

    def action_confirm(self):
        """Agree on the plan, or ask a manager to."""
        for plan in self:
            plan._check_draft()
            plan._check_instalments()
            plan.sudo().amount = plan._get_debt()
            if plan._needs_approval():
                plan._propose()
            else:
                plan._agree()

    def _confirm_customers(self, first_days):
        """The customer himself proposes it: agreed at once within the limits of the
        policy, else a person is asked.

        :param int first_days: so many days from now the first instalment is, at most
        """
        self.ensure_one()
        self.action_generate()
        self._check_instalments()
        policy = self._get_policy()
        is_within = plans.is_within(
            self.line_ids.sorted("date").mapped("date"),
            self.company_id._dunning_today(),
            policy.self_plan_parts,
            policy.self_plan_days,
            first_days,
        )
        if is_within and not self._is_above_limit():
            self._agree()
            return
        self._propose()
        if self._get_collector() != self._get_responsible():
            self._create_task(
                self.env._("The customer asks to pay in parts"), self._get_collector()
            )

    def _propose(self):
        """Wait for a manager; the lines are held meanwhile, but not for long."""
        self.sudo().state = "to_approve"
        today = self.company_id._dunning_today()
        self._set_hold(today + timedelta(days=APPROVAL_DAYS))
        self._tell("plan_proposed")
        self._create_task(
            self.env._("Approve the payment plan"), self._get_responsible()
        )

    def action_approve(self):
        """A manager agrees."""
        self._check_approver()
        for plan in self:
            plan._check_instalments()
            plan._agree()

    def action_refuse(self):
        """A manager does not agree: reminders go on where they stopped."""
        self._check_approver()
        self._end("cancelled", self.env._("Refused"))

    def _check_approver(self):
        self.check_access("write")
        if not self.env.user.has_group("dunning_automation.group_manager"):
            raise AccessError(
                self.env._("Only a collections manager approves payment plans.")
            )
        if any(plan.state != "to_approve" for plan in self):
            raise UserError(self.env._("This plan does not wait for approval."))

    def _agree(self):
        """The plan counts from now on; open promises for its items are past."""
        self.activity_ids.filtered("automated").sudo().unlink()
        self._remember_ledger()
        self.sudo().write({"state": "active", "approved_by_id": self.env.uid})
        self._set_hold(self.deadline)
        self._tell("plan_agreed", instalments=len(self.line_ids))
        self.env["dunning.promise"].sudo().search(
            [("state", "=", "open"), ("move_line_ids", "in", self.move_line_ids.ids)]
        )._end("cancelled", self.env._("Replaced by a payment plan"))

    def action_cancel(self):
        """The plan is given up: reminders go on where they stopped."""
        self.check_access("write")
        over = ("kept", "broken", "cancelled")
        self.filtered(lambda plan: plan.state not in over)._end("cancelled")

    def action_settle(self):
        """Ask the ledger now."""
        self.check_access("write")
        self.sudo().filtered(lambda plan: plan.state == "active")._settle()

    def action_send(self):
        """Write to the customer what was agreed."""
        return self._open_composer("dunning_automation.mail_template_plan")

    # === THE ACCOUNT PAGE === #

    @api.model
    def _search_shown(self, partner, company):
        """The plans that a customer sees on his account page."""
        return self.search(
            [
                ("partner_id", "=", partner.id),
                ("company_id", "=", company.id),
                ("state", "in", ("to_approve", "active")),
            ],
            order="id",
        )

    def _get_next_payment(self):
        """What the customer should pay next, in the currency of the plan."""
        self.ensure_one()
        residual = self._read_ledger()[self.id]["residual"]
        amount = plans.next_payment(
            [(line.date, line.amount) for line in self.line_ids.sorted("date")],
            promises.paid_since(self.baseline, residual),
            self.company_id._dunning_today(),
        )
        return self.currency_id.round(amount)

    # === THE LEDGER === #

    def _settle(self):
        if not self:
            return
        ledger = self._read_ledger()
        for plan in self:
            if not ledger[plan.id]["lines"]:
                plan._end("cancelled", self.env._("Its items are gone."))
                continue
            paid = promises.paid_since(plan.baseline, ledger[plan.id]["residual"])
            plan._judge(paid)

    def _judge(self, paid):
        lines = self.line_ids.sorted("date")
        states = plans.judge(
            [(line.date, line.amount) for line in lines],
            paid,
            self.company_id._dunning_today(),
            timedelta(days=self.tolerance_days),
            self.currency_id.rounding,
        )
        for line, state in zip(lines, states, strict=True):
            if line.state != state:
                line.state = state
        if self.paid != paid:
            self.paid = paid
        outcome = plans.outcome(states, self.company_id.dunning_plan_broken_after)
        if outcome != self.state:
            self._end(outcome, paid=paid)

    def _end(self, state, note=None, **payload):
        """The one door to the end states."""
        for plan in self.sudo():
            told = plan.state != "draft"
            plan.state = state
            plan.activity_ids.filtered("automated").unlink()
            plan.hold_id._release()
            if told:
                plan._tell(f"plan_{state}", note, **payload)
            if state == "broken":
                plan._resume_sequence()
                plan._create_task(
                    self.env._("The payment plan is broken"), plan._get_collector()
                )
