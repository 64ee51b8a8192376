from ast import literal_eval
from collections import Counter
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.workload import Load, distribute

QUIET = {"tracking_disable": True, "mail_activity_quick_update": True}
"""A thousand changes at once are told by events, not by as many messages."""


class Given(NamedTuple):
    """A case and who gets it."""

    case: models.BaseModel
    user: models.BaseModel
    reason: str
    """``partner`` (the customer's own collector) or ``rule``"""
    assignment: models.BaseModel


class DunningAssignment(models.Model):
    """A rule of who works on which cases: a territory, a segment, a size, a language.

    The first rule (own company before parent company, then by sequence) that fits a
    case gives the pool; in the pool the collector who has least to do gets the case.
    A customer's own collector (``res.partner.dunning_user_id``) wins over all rules.
    """

    _name = "dunning.assignment"
    _description = "Dunning Assignment"
    _order = "sequence, id"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(
        default=10, help="The first rule that fits a case says who can get it."
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        help="The rule applies to this company and its branches.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_domain = fields.Char(
        "Customers",
        default="[]",
        help="Customers this rule applies to: a territory, a segment.",
    )
    min_amount = fields.Monetary(
        "Overdue From", help="Cases with less overdue, in company currency, do not fit."
    )
    max_amount = fields.Monetary(
        "Overdue Below",
        help="Cases with this much overdue or more do not fit. 0 = no limit.",
    )
    lang_ids = fields.Many2many(
        "res.lang", string="Languages", help="Of the customer; empty = all."
    )
    user_ids = fields.Many2many(
        "res.users",
        string="Collectors",
        required=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="One of them gets the case: the one with the fewest open cases.",
    )
    problem = fields.Char(
        compute="_compute_problem", help="Why this rule can give nobody a case."
    )

    _amounts_ordered = models.Constraint(
        "CHECK(min_amount >= 0 AND (max_amount = 0 OR max_amount > min_amount))",
        "The amounts of an assignment cannot be negative, and the upper one must be "
        "larger than the lower one.",
    )

    @api.depends("user_ids", "company_id")
    def _compute_problem(self):
        for company, rules in self.grouped("company_id").items():
            usable = self._get_collectors(company)
            for rule in rules:
                rule.problem = rule._get_problem(usable)

    def _get_problem(self, usable):
        """Empty while somebody can get cases by this rule."""
        self.ensure_one()
        named = self.sudo().with_context(active_test=False).user_ids
        if named & usable:
            return False
        if not named:
            return self.env._("It names no collector.")
        return self.env._(
            "Nobody it names can work on cases any more (archived, or without the "
            "rights of a collector in this company): %s.",
            ", ".join(named.mapped("name")),
        )

    @api.constrains("user_ids", "active", "company_id")
    def _check_users(self):
        for rule in self.filtered("active"):
            if problem := rule._get_problem(self._get_collectors(rule.company_id)):
                raise ValidationError(
                    self.env._(
                        "Assignment “%(name)s” could give nobody a case. %(problem)s",
                        name=rule.name,
                        problem=problem,
                    )
                )

    @api.constrains("partner_domain")
    def _check_domain(self):
        for rule in self:
            rule._get_domain()

    def _get_domain(self):
        """The customers as a validated ``Domain``.

        :raise ValidationError: naming the rule and what is wrong
        """
        self.ensure_one()
        try:
            domain = Domain(literal_eval(self.partner_domain or "[]"))
            domain.validate(self.env["res.partner"])
            self.env["res.partner"].sudo()._search(domain)
        except Exception as error:
            raise ValidationError(
                self.env._(
                    "The filter of assignment “%(name)s” cannot be used: %(error)s. "
                    "Use the filter editor to build it again.",
                    name=self.name,
                    error=error,
                )
            ) from error
        return domain

    # === WHO CAN WORK === #

    @api.model
    def _get_collectors(self, company):
        """Everybody who can work on cases of ``company`` now."""
        group = self.env.ref("dunning_automation.group_user")
        return (
            self.env["res.users"]
            .sudo()
            .search(
                [
                    ("all_group_ids", "in", group.ids),
                    ("share", "=", False),
                    ("company_ids", "in", company.ids),
                ]
            )
        )

    @api.model
    def _search_applicable(self, company):
        """Active rules for ``company``: its own first, then its parents'."""
        rules = self.sudo().search([("company_id", "parent_of", company.id)])
        return rules.sorted(
            lambda rule: (-len(rule.company_id.parent_path), rule.sequence)
        )

    @api.model
    def _get_orphans_domain(self, company):
        """Open cases of ``company`` without a collector who can work on them."""
        return [
            ("company_id", "=", company.id),
            ("state", "=", "open"),
            ("user_id", "not in", self._get_collectors(company).ids),
        ]

    # === WHO GETS WHAT === #

    @api.model
    def _distribute(self, cases):
        """Say who gets which of these cases of one company. Changes nothing.

        :return: list of ``Given``, without the cases that no rule fits
        """
        if not cases:
            return []
        company = cases.company_id
        usable = self._get_collectors(company)
        rules = self._search_applicable(company)
        pools = {rule.id: (rule.user_ids & usable).ids for rule in rules}
        rows = self._read_cases(cases, rules)
        for row in rows.values():
            own = row["own_id"] if row["own_id"] in usable.ids else None
            row["reason"] = "partner" if own else "rule"
            row["pool"] = [own] if own else pools.get(row["assignment_id"], [])
        given = distribute(
            [(case_id, row["overdue"], row["pool"]) for case_id, row in rows.items()],
            self._read_loads(company, cases),
        )
        return [
            Given(
                cases.browse(case_id),
                usable.browse(user_id),
                rows[case_id]["reason"],
                rules.browse(rows[case_id]["assignment_id"])
                if rows[case_id]["reason"] == "rule"
                else rules.browse(),
            )
            for case_id, user_id in given.items()
        ]

    @api.model
    def _read_cases(self, cases, rules):
        """{case id: row} with ``overdue``, ``own_id`` (the customer's own collector)
        and ``assignment_id`` (the first of ``rules`` that fits). One query."""
        self.env["dunning.case"].flush_model(["overdue_amount", "partner_id"])
        self.env["res.partner"].flush_model(["dunning_user_id", "lang"])
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT debt_case.id,
                          COALESCE(debt_case.overdue_amount, 0)::float AS overdue,
                          (debtor.dunning_user_id->>%(company)s)::integer AS own_id,
                          %(rule)s AS assignment_id
                     FROM dunning_case debt_case
                     JOIN res_partner debtor ON debtor.id = debt_case.partner_id
                    WHERE debt_case.id = ANY(%(cases)s)
                    ORDER BY debt_case.id""",
                company=str(cases.company_id.id),
                rule=rules._get_match_sql(),
                cases=cases.ids,
            )
        )
        return {row["id"]: row for row in rows}

    def _get_match_sql(self):
        """SQL for the id of the first of these rules that fits ``debt_case`` and its
        ``debtor``, NULL if none does."""
        if not self:
            return SQL("NULL::integer")
        return SQL(
            "CASE %s END",
            SQL(" ").join(
                SQL("WHEN %s THEN %s", rule._get_condition_sql(), rule.id)
                for rule in self
            ),
        )

    def _get_condition_sql(self):
        self.ensure_one()
        overdue = SQL("COALESCE(debt_case.overdue_amount, 0)")
        conditions = [
            self.env["dunning.policy"]._get_membership_sql(
                SQL("debtor.id"), "res.partner", self._get_domain()
            )
        ]
        if self.min_amount:
            conditions.append(SQL("%s >= %s", overdue, self.min_amount))
        if self.max_amount:
            conditions.append(SQL("%s < %s", overdue, self.max_amount))
        if self.lang_ids:
            codes = tuple(self.lang_ids.mapped("code"))
            conditions.append(SQL("debtor.lang IN %s", codes))
        return SQL(" AND ").join(conditions)

    @api.model
    def _read_loads(self, company, cases):
        """{user id: Load} of the open cases that are not to be given now."""
        rows = (
            self.env["dunning.case"]
            .sudo()
            ._read_group(
                [
                    ("company_id", "=", company.id),
                    ("state", "=", "open"),
                    ("user_id", "!=", False),
                    ("id", "not in", cases.ids),
                ],
                ["user_id"],
                ["__count", "overdue_amount:sum"],
            )
        )
        return {user.id: Load(count, amount) for user, count, amount in rows}

    # === GIVING === #

    @api.model
    def _assign(self, cases):
        """Give these open cases of one company away by the rules, with the tasks of
        those who had them. Who cannot work any more loses a case even if no rule
        says who gets it.

        :return: list of ``Given``
        """
        given = self._distribute(cases)
        usable = self._get_collectors(cases.company_id)
        lost = cases.browse(
            {case.id for case in cases if case.user_id and case.user_id not in usable}
            - {row.case.id for row in given}
        )
        lost._set_collector(self.env["res.users"], reason="left")
        groups = {}
        for row in given:
            groups.setdefault(row[1:], []).append(row.case.id)
        for (user, reason, rule), case_ids in groups.items():
            cases.browse(case_ids)._set_collector(
                user, reason=reason, assignment_id=rule.id
            )
        return given

    @api.model
    def _assign_new(self, run):
        """After planning: cases without a collector get one, and so do the cases of
        those who left, of which a manager is told."""
        company = run.company_id
        rules = self._search_applicable(company)
        domain = self._get_orphans_domain(company)
        if not rules:
            domain.append(("user_id", "!=", False))
        orphans = self.env["dunning.case"].search(domain)
        had = {case: case.user_id for case in orphans if case.user_id}
        if orphans:
            self._assign(orphans)
        self._sweep_tasks(company)
        if had:
            self._tell_who_left(run, had)
        self._tell_problems(run, rules)

    @api.model
    def _sweep_tasks(self, company):
        """Tasks on open cases that belong to nobody, or to somebody archived, go to
        the collector of the case, else to the responsible of its policy."""
        self.env["mail.activity"].flush_model()
        self.env["res.users"].flush_model(["active"])
        rows = self.env.execute_query(
            SQL(
                """SELECT activity.id, debt_case.id
                     FROM mail_activity activity
                     JOIN dunning_case debt_case ON debt_case.id = activity.res_id
                LEFT JOIN res_users usr ON usr.id = activity.user_id
                    WHERE activity.res_model = 'dunning.case'
                      AND activity.active
                      AND debt_case.company_id = %s
                      AND debt_case.state = 'open'
                      AND usr.active IS NOT TRUE""",
                company.id,
            )
        )
        cases = self.env["dunning.case"].browse({case_id for _task, case_id in rows})
        workers = {case.id: user for case, user in cases._get_workers().items()}
        tasks_by_user = {}
        for task_id, case_id in rows:
            tasks_by_user.setdefault(workers[case_id], []).append(task_id)
        for user, task_ids in tasks_by_user.items():
            tasks = self.env["mail.activity"].with_context(**QUIET).browse(task_ids)
            tasks.user_id = user

    def _tell_who_left(self, run, had):
        """One task on the run: whose cases went where."""
        went = Counter(case.user_id for case in had)
        unassigned = went.pop(self.env["res.users"], 0)
        sentences = [
            self.env._(
                "%(user)s cannot work on cases any more and had %(count)s of them.",
                user=user.name,
                count=count,
            )
            for user, count in Counter(had.values()).items()
        ]
        sentences += [
            self.env._("%(user)s got %(count)s.", user=user.name, count=count)
            for user, count in went.items()
        ]
        if unassigned:
            sentences.append(
                self.env._(
                    "No assignment fits the other %s: they have no collector now.",
                    unassigned,
                )
            )
        run._remind_manager(
            self.env._("Cases of a collector who left"), " ".join(sentences)
        )

    def _tell_problems(self, run, rules):
        """One task on the run for the rules that can give nobody a case, while no
        earlier one is open."""
        problems = [f"{rule.name}: {rule.problem}" for rule in rules if rule.problem]
        summary = self.env._("Assignments that name nobody who can work")
        if problems and not self.env["mail.activity"].search_count(
            [("res_model", "=", run._name), ("summary", "=", summary)], limit=1
        ):
            run._remind_manager(summary, " ".join(problems))
