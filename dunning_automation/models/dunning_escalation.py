from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..tools.channels import INTERNAL


class DunningEscalation(models.Model):
    """A rule of a policy: when reminding alone does not help, who takes over.

    A rule fires once per case, which is one episode of the customer's debts. It looks
    at what follows its policy and is not stopped by anything: a disputed invoice, or
    one under a promise that still runs, brings nobody to an agency.

    Each response has a method ``_respond_<response>`` for any number of cases.
    """

    _name = "dunning.escalation"
    _description = "Dunning Escalation"
    _order = "policy_id, sequence, id"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    policy_id = fields.Many2one(
        "dunning.policy", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="policy_id.company_id", store=True
    )  # Stored for security rules.
    currency_id = fields.Many2one(related="policy_id.currency_id")
    sequence = fields.Integer(default=10)
    trigger = fields.Selection(
        [
            ("reminders", "Reminders sent"),
            ("broken_promises", "Promises broken"),
            ("days_overdue", "Days overdue"),
        ],
        "When",
        required=True,
        default="reminders",
        help="Reminders sent: days on which a reminder left about what is still owed; "
        "courtesies before the due date are not counted.\n"
        "Promises broken: promises that were not kept in full, and broken plans.\n"
        "Days overdue: of the oldest invoice that is not held back.",
    )
    threshold = fields.Integer("At Least", required=True, default=3)
    min_amount = fields.Monetary(
        "Overdue From", help="Less overdue, in company currency, does not escalate."
    )
    response = fields.Selection(
        [
            ("collector", "A collector takes over"),
            ("manager", "A manager decides"),
            ("credit_hold", "Credit hold"),
            ("handover", "Hand over to an agency"),
        ],
        "Then",
        required=True,
        default="collector",
    )
    user_id = fields.Many2one(
        "res.users",
        "Who",
        index="btree_not_null",
        domain="[('share', '=', False)]",
        help="A collector takes over: empty = by the assignments.\n"
        "A manager decides: empty = the responsible of the policy.",
    )
    credit_hold = fields.Selection(
        [("warn", "Warn on new orders"), ("block", "Block new orders")],
        help="What salespeople meet when they sell to this customer.",
    )
    agency_id = fields.Many2one(
        "res.partner",
        index="btree_not_null",
        ondelete="restrict",
        help="The lawyer or collection agency that is proposed.",
    )
    requires_confirmation = fields.Boolean(
        "Ask First",
        compute="_compute_requires_confirmation",
        store=True,
        readonly=False,
        precompute=True,
        help="It waits until a manager confirms it. What hits a customer hard is "
        "decided by a person.",
    )

    _threshold_positive = models.Constraint(
        "CHECK(threshold >= 1)", "An escalation needs a threshold of at least 1."
    )
    _min_amount_not_negative = models.Constraint(
        "CHECK(min_amount >= 0)", "The amount of an escalation is negative."
    )

    @api.depends("response", "credit_hold")
    def _compute_requires_confirmation(self):
        for rule in self:
            rule.requires_confirmation = rule.response == "handover" or (
                rule.response == "credit_hold" and rule.credit_hold == "block"
            )

    @api.depends("trigger", "threshold", "response")
    @api.depends_context("lang")
    def _compute_display_name(self):
        responses = dict(self._fields["response"]._description_selection(self.env))
        for rule in self:
            reason = rule._get_reason(rule.threshold)
            rule.display_name = f"{reason} · {responses.get(rule.response, '')}"

    def _get_reason(self, number):
        """Why a rule fires, in words."""
        if self.trigger == "reminders":
            return self.env._("Reminders sent: %s", number)
        if self.trigger == "broken_promises":
            return self.env._("Promises broken: %s", number)
        return self.env._("Days overdue: %s", number)

    # === CONSTRAINTS === #

    @api.constrains("response", "credit_hold", "agency_id", "requires_confirmation")
    def _check_response(self):
        for rule in self:
            if rule.response == "credit_hold" and not rule.credit_hold:
                raise ValidationError(
                    self.env._("Say whether new orders are warned about or blocked.")
                )
            if rule.response == "handover" and not rule.requires_confirmation:
                raise ValidationError(
                    self.env._(
                        "A customer is handed over to an agency by a person only: "
                        "leave “Ask First” ticked."
                    )
                )

    @api.constrains("user_id", "response", "company_id")
    def _check_user(self):
        for rule in self.filtered("user_id"):
            company = rule.company_id
            if rule.response == "collector" and rule.user_id not in self.env[
                "dunning.assignment"
            ]._get_collectors(company):
                raise ValidationError(
                    self.env._(
                        "%s cannot take over cases: archived, or without the rights "
                        "of a collector in this company.",
                        rule.user_id.name,
                    )
                )
            if not rule.user_id.active:
                raise ValidationError(
                    self.env._("%s is archived: choose another.", rule.user_id.name)
                )

    # === WHICH RULES FIRE === #

    @api.model
    def _escalate(self, run):
        """After planning: answer what the rules of the policies find. A run that is
        held looks wrong, and nobody is escalated on its word."""
        if run.hold_reason:
            return
        self.env["dunning.escalation.log"]._lapse_paid(run.company_id)
        rules = self._search_applicable(run.company_id)
        if not rules:
            return
        logs = rules._fire(run)
        for rule, of_rule in logs.grouped("escalation_id").items():
            rule._respond(of_rule)

    @api.model
    def _search_applicable(self, company):
        return self.search(
            [
                (
                    "policy_id",
                    "in",
                    self.env["dunning.policy"]
                    ._search_applicable(company)
                    .filtered(lambda policy: policy.mode not in ("simulate", "shadow"))
                    .ids,
                ),
            ]
        )

    def _fire(self, run):
        """Find the cases in which these rules fire for the first time: one statement.

        :return: the new ``dunning.escalation.log``
        """
        self.env["dunning.ledger"]._flush()
        self.flush_model()
        self.env["dunning.escalation.log"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                WITH item AS MATERIALIZED (
                    SELECT debt_case.id AS case_id, decision.policy_id,
                           decision.move_line_id, line.amount_residual AS residual,
                           %(today)s - decision.date_due AS days_overdue
                      FROM dunning_case debt_case
                      JOIN dunning_decision decision
                        ON decision.partner_id = debt_case.partner_id
                       AND decision.company_id = debt_case.company_id
                      JOIN account_move_line line ON line.id = decision.move_line_id
                     WHERE debt_case.company_id = %(company)s
                       AND debt_case.state = 'open'
                       AND decision.outcome IN ('remind', 'wait', 'unreachable')
                       AND decision.policy_id IN %(policies)s
                ), debt AS (
                    SELECT case_id, policy_id, MAX(days_overdue) AS days_overdue,
                           SUM(residual) FILTER (WHERE days_overdue > 0) AS overdue
                      FROM item
                     GROUP BY case_id, policy_id
                ), reminded AS (
                    SELECT item.case_id, item.policy_id,
                           COUNT(DISTINCT notice.date) AS reminders
                      FROM item
                      JOIN dunning_notice_line step
                        ON step.move_line_id = item.move_line_id AND step.is_step
                      JOIN dunning_notice notice
                        ON notice.id = step.notice_id
                       AND notice.case_id = item.case_id
                      JOIN dunning_level level ON level.id = step.level_id
                     WHERE notice.state IN ('sent', 'delivered')
                       AND notice.simulation IS NOT TRUE
                       AND notice.channel NOT IN %(internal)s
                       AND COALESCE(step.skip_reason, '') = ''
                       AND COALESCE(step.drop_reason, '') = ''
                       AND level.delay_days >= 0
                     GROUP BY item.case_id, item.policy_id
                ), broken AS (
                    %(broken)s
                ), fired AS (
                    SELECT debt.case_id, rule.id AS escalation_id, debt.overdue,
                           rule.requires_confirmation, rule.threshold, rule.sequence,
                           CASE rule.trigger
                                WHEN 'reminders' THEN reminded.reminders
                                WHEN 'broken_promises' THEN broken.promises
                                WHEN 'days_overdue' THEN debt.days_overdue
                           END AS reached
                      FROM debt
                      JOIN dunning_escalation rule ON rule.policy_id = debt.policy_id
                 LEFT JOIN reminded ON reminded.case_id = debt.case_id
                                   AND reminded.policy_id = debt.policy_id
                 LEFT JOIN broken ON broken.case_id = debt.case_id
                     WHERE rule.id IN %(rules)s
                       AND debt.overdue > 0
                       AND debt.overdue >= COALESCE(rule.min_amount, 0)
                )
                INSERT INTO dunning_escalation_log
                       (case_id, escalation_id, company_id, date, reached,
                        overdue_amount, state, create_uid, create_date, write_uid,
                        write_date)
                SELECT case_id, escalation_id, %(company)s, %(today)s, reached, overdue,
                       CASE WHEN requires_confirmation THEN 'waiting' ELSE 'done' END,
                       %(uid)s, %(now)s, %(uid)s, %(now)s
                  FROM fired
                 WHERE reached >= threshold
                 ORDER BY sequence, escalation_id, case_id
                    ON CONFLICT DO NOTHING
             RETURNING id
                """,
                broken=self._get_broken_sql(run.company_id),
                company=run.company_id.id,
                internal=INTERNAL,
                now=self.env.cr.now(),
                policies=tuple(self.policy_id.ids),
                rules=tuple(self.ids),
                today=run.date,
                uid=self.env.uid,
            )
        )
        return self.env["dunning.escalation.log"].browse(log_id for (log_id,) in rows)

    def _get_broken_sql(self, company):
        """Rows of ``case_id`` and ``promises``, how many were not kept in it."""
        if "broken_promises" not in self.mapped("trigger"):
            return SQL("SELECT NULL::integer AS case_id, 0 AS promises WHERE FALSE")
        for model in ("dunning.plan", "dunning.promise"):
            self.env[model].flush_model(["case_id", "company_id", "state"])
        return SQL(
            """SELECT case_id, COUNT(*) AS promises
                 FROM (SELECT case_id
                         FROM dunning_promise
                        WHERE company_id = %(company)s
                          AND state IN ('broken', 'partial')
                    UNION ALL
                       SELECT case_id
                         FROM dunning_plan
                        WHERE company_id = %(company)s AND state = 'broken'
                      ) AS not_kept
                GROUP BY case_id""",
            company=company.id,
        )

    # === RESPONSES === #

    def _respond(self, logs):
        """Do what this rule says about these cases, or ask a manager first."""
        self.ensure_one()
        if self.requires_confirmation:
            tasks = logs._create_tasks(
                self.env._("Decide on an escalation: %s", self._get_response_label()),
                self._get_manager(),
            )
            for log, task in zip(logs, tasks, strict=True):
                log.activity_id = task
        else:
            getattr(self, f"_respond_{self.response}")(logs)
        logs._tell()

    def _get_response_label(self):
        labels = dict(self._fields["response"]._description_selection(self.env))
        return labels[self.response]

    def _get_manager(self):
        """Who decides by this rule; never somebody archived."""
        named = self.user_id if self.response == "manager" else self.user_id.browse()
        users = named | self.policy_id.user_id
        return (users.filtered("active") or self.company_id._dunning_get_managers())[:1]

    def _respond_collector(self, logs):
        """The cases get a collector, who gets a task."""
        assignment, cases = self.env["dunning.assignment"], logs.case_id
        usable = assignment._get_collectors(cases.company_id)
        if self.user_id in usable:
            cases._set_collector(
                self.user_id, reason="escalation", escalation_id=self.id
            )
        else:
            assignment._assign(cases.filtered(lambda case: case.user_id not in usable))
        logs._create_tasks(self._get_response_label())

    def _respond_manager(self, logs):
        """The manager gets a task."""
        logs._create_tasks(self._get_response_label(), self._get_manager())

    def _respond_credit_hold(self, logs):
        """New orders of these customers are warned about, or blocked."""
        debtors = logs.case_id.partner_id.with_company(logs.company_id)
        debtors._dunning_raise_credit_hold(self.credit_hold)

    def _respond_handover(self, logs):
        """A person hands over: see ``_get_confirmation``."""

    def _get_confirmation(self, logs):
        """The window in which a manager says the particulars, None if there are
        none."""
        if self.response != "handover":
            return None
        logs.ensure_one()
        return logs.case_id._get_handover_action(
            default_agency_id=self.agency_id.id, default_log_id=logs.id
        )
