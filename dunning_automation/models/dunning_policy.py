from ast import literal_eval

from odoo import Command, api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools import pilot
from ..tools.ladder import RUNG_KEYS, STANDARD_LADDER

HOLD_KINDS = ("legal", "dispute", "plan", "promise", "contact", "manual", "recovery")
"""Where several holds stop a line, the first of these is the reason that is shown."""


class DunningPolicy(models.Model):
    """Who is dunned and how: scope, mode, start, and the ladder of levels.

    The first policy (own company before parent company, then by sequence) whose
    domains fit is the one that an open line follows; a customer's own policy
    (``res.partner.dunning_policy_id``) wins over all.
    """

    _name = "dunning.policy"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _description = "Dunning Policy"
    _order = "sequence, id"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(
        default=10, help="The first policy that fits a customer and an invoice applies."
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        help="The policy applies to this company and its branches.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_domain = fields.Char(
        "Customers", default="[]", help="Customers this policy applies to."
    )
    invoice_domain = fields.Char(
        "Invoices", default="[]", help="Invoices and entries this policy applies to."
    )
    mode = fields.Selection(
        [
            ("simulate", "Simulate: show what would be sent"),
            ("review", "Review: send what a manager approves"),
            ("automatic", "Automatic: send by itself"),
            ("shadow", "Shadow: compare with the live policies every night"),
        ],
        required=True,
        default="review",
        help="Simulate: nothing leaves, everything is shown.\n"
        "Review: notices wait for the approval of a collections manager.\n"
        "Automatic: notices are sent as soon as they are planned.\n"
        "Shadow: applies to nobody. Every night the last months are replayed with it, "
        "beside the policies that do apply.",
    )
    pilot_share = fields.Float(
        "Pilot Share (%)",
        default=100.0,
        required=True,
        help="So many of the customers of its filters follow this policy; the others "
        "follow the next one that fits. The same customers stay in when the share is "
        "raised. A customer's own policy is no matter of chance.",
    )
    control_share = fields.Float(
        "Control Share (%)",
        help="So many of the customers of this policy hear nothing, so that its effect "
        "can be measured, until they owe or wait too much.",
    )
    control_max_amount = fields.Monetary(
        "Up to Overdue",
        help="A customer of the control group who owes more overdue, in company "
        "currency, is reminded like all others.",
    )
    control_max_days = fields.Integer(
        "Up to Days Overdue",
        help="A customer of the control group whose oldest debt is overdue for longer "
        "is reminded like all others.",
    )
    min_overdue_amount = fields.Monetary(
        "Minimum Overdue",
        help="Customers whose overdue total, in company currency, is below this "
        "amount are not reminded.",
    )
    item_grace_days = fields.Integer(
        "Grace per Invoice (Days)",
        help="An invoice counts as overdue only after this many days. Levels on or "
        "after the due date are reached that much later.",
    )
    account_grace_days = fields.Integer(
        "Grace per Customer (Days)",
        help="A customer is written to only when his oldest debt is this many days "
        "overdue. The message then lists what became due in between. Courtesies before "
        "the due date are not held back.",
    )
    self_plan_parts = fields.Integer(
        "Instalments without Asking",
        default=3,
        help="A customer may agree on so many instalments by himself on his account "
        "page; more, or more money than the company allows without approval, waits for "
        "a person. 0 = always a person.",
    )
    self_plan_days = fields.Integer(
        "Paid Within (Days)",
        default=90,
        help="The last instalment that a customer agrees on by himself is at most so "
        "many days from then.",
    )
    grouping = fields.Selection(
        [
            ("customer", "One message per customer"),
            ("level", "One message per customer and level"),
            ("invoice", "One message per invoice"),
        ],
        required=True,
        default="customer",
        help="Per customer: everything in one message, its tone is that of the oldest "
        "debt.\n"
        "Per customer and level: a message for each level, all on the same day.\n"
        "Per invoice: each invoice has its own messages; intervals count per invoice.",
    )
    reentry = fields.Selection(
        [
            ("restart", "At the first level"),
            ("contextual", "At the level that fits its age"),
            ("resume", "Where it stopped before"),
        ],
        "Invoices That Come Back",
        required=True,
        default="restart",
        help="Where an invoice begins that was not reminded yet, or is open again "
        "because its payment bounced. Once it climbs, no level is left out.\n"
        "At the first level: whatever its age.\n"
        "At the level that fits its age: the highest one that it has reached, and "
        "whose minimums it passes.\n"
        "Where it stopped before: after the last level before the payment that "
        "bounced; the first level if there was none.",
    )
    start_rule = fields.Selection(
        [
            ("all", "All open invoices, from the first level on"),
            ("level", "Older invoices start at a given level"),
            ("new", "Only what becomes due from the start date on"),
        ],
        string="Backlog",
        required=True,
        default="all",
        help="What happens to invoices that were already due on the start date.",
    )
    start_date = fields.Date(default=fields.Date.context_today, required=True)
    start_level_id = fields.Many2one(
        "dunning.level",
        domain="[('policy_id', '=', id)]",
        index="btree_not_null",
        ondelete="restrict",
        help="Invoices that were due before the start date and are old enough for "
        "this level begin with it.",
    )
    law_country_id = fields.Many2one(
        "res.country",
        "Law",
        help="Whose law gives late interest, lump sums and the limits of reminder "
        "fees. Empty = that of the company's country.",
    )
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        required=True,
        default=lambda self: self._default_user_id(),
        index=True,
        help="Gets the tasks of customers who have no collector of their own.",
    )
    broken_promise_rule = fields.Selection(
        [
            ("resume", "Go on where it stopped"),
            ("next_level", "One level higher, if its day has come"),
            ("level", "At a given level"),
        ],
        string="After a Broken Promise",
        required=True,
        default="resume",
        help="How reminders go on after a promise or a payment plan was broken, or a "
        "dispute was rejected. No level comes before its day.",
    )
    broken_promise_level_id = fields.Many2one(
        "dunning.level",
        "Go On At",
        domain="[('policy_id', '=', id)]",
        index="btree_not_null",
        ondelete="restrict",
        help="Milder levels are left out.",
    )
    retry_schedule_id = fields.Many2one(
        "dunning.retry.schedule",
        "Retries of Refused Payments",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        help="When stored payment methods that were refused are tried again. Empty = "
        "the first schedule.",
    )
    courtesy_id = fields.Many2one(
        "dunning.courtesy",
        "Courtesy Profile",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        help="Decent hours, public holidays and caps of the customers of this policy. "
        "Empty = messages leave at any time.",
    )
    level_ids = fields.One2many(
        "dunning.level",
        "policy_id",
        "Levels",
        copy=True,
        default=lambda self: self._default_level_ids(),
    )
    escalation_ids = fields.One2many(
        "dunning.escalation", "policy_id", "Escalation Rules", copy=True
    )

    taken_over_from = fields.Char(
        readonly=True, copy=False, help="The policy of another tool that it was."
    )
    hidden_by_id = fields.Many2one(
        "dunning.policy",
        "Never Applies Because Of",
        compute="_compute_hidden_by_id",
        help="A policy that comes first and applies to everybody.",
    )

    _min_overdue_amount_not_negative = models.Constraint(
        "CHECK(min_overdue_amount >= 0)", "The minimum overdue amount is negative."
    )
    _self_plan_not_negative = models.Constraint(
        "CHECK(self_plan_parts >= 0 AND self_plan_days >= 0)",
        "The limits of payment plans that customers agree on cannot be negative.",
    )
    _grace_not_negative = models.Constraint(
        "CHECK(item_grace_days >= 0 AND account_grace_days >= 0)",
        "Days of grace cannot be negative.",
    )

    _pilot_share_is_share = models.Constraint(
        "CHECK(pilot_share > 0 AND pilot_share <= 100)",
        "The pilot share is a percentage above 0, up to 100. Archive a policy to pause "
        "it.",
    )
    _control_share_is_share = models.Constraint(
        "CHECK(control_share IS NULL OR control_share >= 0 AND control_share <= 50)",
        "The control share is a percentage from 0 to 50: those who hear nothing must "
        "not outnumber the others.",
    )

    @api.depends("active", "company_id", "mode", "pilot_share", "sequence")
    def _compute_hidden_by_id(self):
        """The first policy of the company without any filter hides all behind it."""
        general = self.search([("company_id", "in", self.company_id.ids)]).filtered(
            lambda policy: policy._is_general()
        )
        for policy in self:
            rank = (policy.sequence, policy._origin.id or float("inf"))
            earlier = general.filtered(
                lambda other, policy=policy, rank=rank: (
                    other.company_id == policy.company_id
                    and (other.sequence, other.id) < rank
                )
            )
            policy.hidden_by_id = policy.active and earlier[:1]

    def _is_general(self):
        """Whether it applies to every customer and every invoice."""
        self.ensure_one()
        return (
            self.pilot_share >= 100
            and self.mode != "shadow"
            and all(
                (self[name] or "[]").replace(" ", "") == "[]"
                for name in ("partner_domain", "invoice_domain")
            )
        )

    @api.model
    def _default_user_id(self):
        """The current user; the administrator when the system makes the policy."""
        if self.env.user._is_superuser():
            return self.env.ref("base.user_admin", raise_if_not_found=False)
        return self.env.user

    @api.model
    def _default_level_ids(self):
        return self._prepare_level_commands(STANDARD_LADDER)

    @api.model
    def _prepare_level_commands(self, ladder):
        """Commands for a ladder of ``tools``, one action per channel of each rung."""
        prepare_action = self.env["dunning.action"]._prepare_default_values
        return [
            Command.create(
                {key: value for key, value in rung.items() if key not in RUNG_KEYS}
                | {
                    "name": self.env._(rung["name"]),
                    "action_ids": [
                        Command.create(prepare_action(channel, rung))
                        for channel in rung["channels"]
                    ],
                }
            )
            for rung in ladder
        ]

    def copy_data(self, default=None):
        fixed = {
            "start_rule": "all",
            "start_level_id": False,
            "broken_promise_rule": "resume",
            "broken_promise_level_id": False,
        }
        name = (default or {}).get("name")
        return [
            values | fixed | {"name": name or self.env._("%s (copy)", policy.name)}
            for policy, values in zip(self, super().copy_data(default), strict=True)
        ]

    def copy(self, default=None):
        """A copy points at its own levels, and its actions fall back on each other."""
        copies = super().copy(default)
        for policy, copied in zip(self, copies, strict=True):
            policy.level_ids.action_ids._copy_fallbacks(copied.level_ids.action_ids)
            copied.write(
                {
                    "start_rule": policy.start_rule,
                    "start_level_id": copied._get_same(policy.start_level_id).id,
                    "broken_promise_rule": policy.broken_promise_rule,
                    "broken_promise_level_id": copied._get_same(
                        policy.broken_promise_level_id
                    ).id,
                }
            )
        return copies

    def _get_same(self, level):
        """The level of this policy that stands where ``level`` stands in its own."""
        return self.level_ids.filtered(
            lambda own: level and own.delay_days == level.delay_days
        )

    # === CONSTRAINTS === #

    @api.constrains("partner_domain", "invoice_domain")
    def _check_domains(self):
        for policy in self:
            policy._get_scope("partner_domain", "res.partner")
            policy._get_scope("invoice_domain", "account.move")

    @api.constrains("level_ids", "active")
    def _check_levels(self):
        for policy in self.filtered("active"):
            if not policy.level_ids:
                raise ValidationError(
                    self.env._(
                        "Policy “%s” has no level, so it could never remind anybody. "
                        "Add a level or archive the policy.",
                        policy.name,
                    )
                )

    @api.constrains("control_share", "control_max_amount", "control_max_days")
    def _check_control(self):
        for policy in self.filtered("control_share"):
            if policy.control_max_amount <= 0 or policy.control_max_days <= 0:
                raise ValidationError(
                    self.env._(
                        "Policy “%s”: enter up to which overdue amount, and up to how "
                        "many days, customers of the control group hear nothing. "
                        "Beyond that they are reminded like all others.",
                        policy.name,
                    )
                )

    @api.constrains("start_rule", "start_level_id")
    def _check_start_level(self):
        for policy in self.filtered(lambda policy: policy.start_rule == "level"):
            if policy.start_level_id not in policy.level_ids:
                raise ValidationError(
                    self.env._(
                        "Choose one of the levels of policy “%s” for its backlog.",
                        policy.name,
                    )
                )

    @api.constrains("broken_promise_rule", "broken_promise_level_id")
    def _check_broken_promise_level(self):
        for policy in self.filtered(
            lambda policy: policy.broken_promise_rule == "level"
        ):
            if policy.broken_promise_level_id not in policy.level_ids:
                raise ValidationError(
                    self.env._(
                        "Choose the level of policy “%s” at which reminders go on "
                        "after a broken promise.",
                        policy.name,
                    )
                )

    def unlink(self):
        decisions = self.env["dunning.decision"].sudo()
        decisions._forget(self.level_ids)
        decisions._forget(self)
        return super().unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        """The database deletes the levels and asks nobody."""
        self.level_ids._unlink_except_used()

    # === BUSINESS METHODS === #

    def _get_scope(self, field_name, model_name):
        """The domain stored in ``field_name`` as a validated ``Domain``.

        :raise ValidationError: naming the policy, the field and what is wrong.
        """
        self.ensure_one()
        try:
            domain = Domain(literal_eval(self[field_name] or "[]"))
            domain.validate(self.env[model_name])
            self.env[model_name].sudo()._search(domain)
        except Exception as error:
            raise ValidationError(
                self.env._(
                    "The filter “%(field)s” of policy “%(policy)s” cannot be used: "
                    "%(error)s. Use the filter editor to build it again.",
                    field=self._fields[field_name]._description_string(self.env),
                    policy=self.name,
                    error=error,
                )
            ) from error
        return domain

    def _choose_hours(self):
        """Whether one of these policies minds at what time a message leaves."""
        return bool(self.courtesy_id)

    @api.model
    def _search_applicable(self, company):
        """Active policies for ``company``: its own first, then its parents'. Shadows
        apply to nobody."""
        policies = self.sudo().search(
            [("company_id", "parent_of", company.id), ("mode", "!=", "shadow")]
        )
        return policies.sorted(
            lambda policy: (-len(policy.company_id.parent_path), policy.sequence)
        )

    def _get_match_sql(self):
        """SQL that yields the id of the policy of a line, NULL if none fits.

        May refer to ``line`` (account_move_line) and ``debtor`` (the commercial
        partner). One expression for all policies: no query per policy or per line.
        """
        if not self:
            return SQL("NULL::integer")
        cases = []
        for policy in self:
            partners = policy._get_scope("partner_domain", "res.partner")
            moves = policy._get_scope("invoice_domain", "account.move")
            cases.append(
                SQL(
                    "WHEN %s AND %s AND %s THEN %s",
                    policy._get_pilot_sql(),
                    self._get_membership_sql(SQL("debtor.id"), "res.partner", partners),
                    self._get_membership_sql(
                        SQL("line.move_id"), "account.move", moves
                    ),
                    policy.id,
                )
            )
        own = SQL("debtor.dunning_policy_id")
        return SQL(
            "CASE WHEN %(own)s IN %(ids)s THEN %(own)s %(cases)s END",
            own=SQL("(%s->>line.company_id::text)::integer", own),
            ids=tuple(self.ids),
            cases=SQL(" ").join(cases),
        )

    def _get_pilot_sql(self):
        """SQL condition: ``debtor`` takes part in the pilot of this policy."""
        self.ensure_one()
        if self.pilot_share >= 100:
            return SQL("TRUE")
        drawn = self._get_draw_sql(pilot.PILOT, SQL("%s", self.id), SQL("debtor.id"))
        return SQL("%s < %s", drawn, self.pilot_share)

    @api.model
    def _get_draw_sql(self, purpose, policy, partner):
        """The number that ``tools/pilot.py`` draws, in SQL.

        :param SQL policy: id of the policy
        :param SQL partner: id of the debtor
        """
        return SQL(
            """(('x' || LEFT(MD5(CONCAT_WS(
                '/', %(purpose)s, %(policy)s, %(partner)s)), 7))::bit(28)::integer
               %% %(steps)s / 100.0)""",
            partner=partner,
            policy=policy,
            purpose=purpose,
            steps=pilot.STEPS,
        )

    @api.model
    def _get_membership_sql(self, column, model_name, domain):
        if domain.is_true():
            return SQL("TRUE")
        model = self.env[model_name].sudo().with_context(active_test=False)
        return SQL("%s IN %s", column, model._search(domain).subselect())

    @api.model
    def _stop_conditions(self, company, now):
        """Named SQL conditions that stop a line from being reminded, first one wins.

        :param company: ``res.company`` whose lines are looked at
        :param now: UTC, the moment of the evaluation, datetime or SQL
        :return: list of ``(reason code or SQL for it, SQL)``; SQL may refer to ``line``
            (account_move_line), ``move`` (account_move), ``debtor`` (the commercial
            partner) and to the rows of ``possible_payment`` (``dunning.bank``). Read
            at planning and again just before a message leaves.
        """
        return [
            ("no_partner", SQL("debtor.id IS NULL")),
            ("no_followup", SQL("line.no_followup IS TRUE")),
            (
                "payment_in_process",
                SQL(
                    """EXISTS (
                        SELECT 1
                          FROM account_move__account_payment rel
                          JOIN account_payment payment ON payment.id = rel.payment_id
                         WHERE rel.invoice_id = line.move_id
                           AND payment.state = 'in_process'
                           AND payment.move_id IS NULL
                    )"""
                ),
            ),
            (
                "transaction_pending",
                SQL(
                    """EXISTS (
                        SELECT 1
                          FROM account_invoice_transaction_rel rel
                          JOIN payment_transaction tx ON tx.id = rel.transaction_id
                         WHERE rel.invoice_id = line.move_id
                           AND (tx.state IN ('pending', 'authorized')
                                OR tx.state = 'done'
                                   AND tx.is_post_processed IS NOT TRUE)
                           AND COALESCE(tx.last_state_change, tx.create_date)
                               > %s::timestamp - INTERVAL '1 day' * (
                                   SELECT dunning_pending_days
                                     FROM res_company
                                    WHERE id = %s)
                    )""",
                    now,
                    company.id,
                ),
            ),
            *self.env["dunning.bank"]._stop_conditions(company),
            ("blocked", SQL("move.payment_state = 'blocked'")),
            ("in_payment", SQL("move.payment_state = 'in_payment'")),
            ("paid", SQL("move.payment_state = 'paid'")),
            ("reversed", SQL("move.payment_state = 'reversed'")),
            ("legacy", SQL("move.payment_state = 'invoicing_legacy'")),
            self.env["dunning.hold"]._stop_condition(company, now, HOLD_KINDS),
        ]

    def _get_law(self):
        """The country whose law says what late payment costs."""
        return self.law_country_id or self.company_id.sudo().country_id

    @api.model
    def _get_charging_laws(self, companies):
        """{(company, country)}: whose law sets the interest that messages claim."""
        policies = self.sudo().search(
            [
                ("company_id", "parent_of", companies.ids),
                ("mode", "!=", "shadow"),
                ("level_ids.charge_interest", "=", True),
            ]
        )
        return {
            (company, policy._get_law())
            for company in companies
            for policy in policies
            if policy.company_id in company.parent_ids
        }

    # === ACTIONS === #

    def action_open_notices(self):
        """Open the notices of this policy."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_notice_action"
        )
        return action | {"domain": [("policy_id", "=", self.id)], "context": {}}

    def action_replay(self):
        """Open the replays of this policy: what it would have done in the past."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_replay_action"
        )
        return action | {
            "domain": [("policy_id", "=", self.id)],
            "context": {"default_policy_id": self.id},
        }

    def action_preview(self):
        """Show what the first level says to a real customer."""
        self.ensure_one()
        return self.env["dunning.preview"]._open(policy=self)
