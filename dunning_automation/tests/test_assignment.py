from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ..tools.workload import Load, distribute
from .common import DunningCommon

try:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    # At its first draw Hypothesis reads the source of every module, all of Odoo's too.
    PATIENT = {
        "deadline": None,
        "database": None,
        "suppress_health_check": [HealthCheck.too_slow],
    }
except ImportError:
    given = None

COLLECTOR = "dunning_automation.group_user"
MANAGER = "dunning_automation.group_manager"


@tagged("post_install", "-at_install")
class TestAssignment(DunningCommon):
    """Every case has somebody who works on it, and nobody has much more than others."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann, cls.bob, cls.cid = (
            cls.new_user(cls, login, COLLECTOR) for login in ("ann", "bob", "cid")
        )

    def rule(self, users, **values):
        return self.env["dunning.assignment"].create(
            {"name": "Rule", "user_ids": [Command.set(users.ids)], **values}
        )

    def cases(self, number=1, amount=100.0, company=None, **values):
        """Cases of new customers, opened by a run."""
        customers = self._create_customers(number, **values)
        self.invoices(
            [
                {"partner": customer, "company": company or self.company}
                for customer in customers
            ],
            9,
            amount,
        )
        self.run_on(company=company)
        return self.env["dunning.case"].search(
            [("partner_id", "in", customers.ids)], order="id"
        )

    def numbers(self, cases):
        """How many of these cases each collector has."""
        return {
            user.login: len(of_user)
            for user, of_user in cases.grouped("user_id").items()
        }

    def events(self, case):
        return case.event_ids.filtered(lambda e: e.kind == "collector_assigned")

    def leave(self, user, how="archive"):
        if not isinstance(how, str):
            user.write({"company_ids": [Command.link(how.id)], "company_id": how.id})
            user.company_ids = how
        elif how == "archive":
            user.action_archive()
        elif how == "write":
            user.active = False
        else:
            user.group_ids = self.env.ref("base.group_user")
        self.env.flush_all()

    # === WHICH RULE FITS === #

    def test_first_rule_that_fits(self):
        french = self.env["res.lang"]._activate_lang("fr_FR")
        north = self.env["res.partner.category"].create({"name": "North"})
        self.rule(self.ann, sequence=1, lang_ids=french.ids)
        self.rule(self.bob, sequence=2, partner_domain="[('category_id', '!=', False)]")
        self.rule(self.cid, sequence=3, min_amount=500, max_amount=1000)
        for values, amount, expected in (
            ({"lang": "fr_FR", "category_id": north.ids}, 600, self.ann),
            ({"lang": "en_US", "category_id": north.ids}, 600, self.bob),
            ({}, 500, self.cid),
            ({}, 999.99, self.cid),
            ({}, 499.99, self.env["res.users"]),
            ({}, 1000, self.env["res.users"]),
            ({"lang": False}, 10, self.env["res.users"]),
        ):
            with self.subTest(values=values, amount=amount):
                case = self.cases(1, amount, **values)
                self.assertEqual(case.user_id, expected)
                self.assertEqual(len(self.events(case)), len(expected))

    def test_own_collector_wins(self):
        self.rule(self.ann)
        case = self.cases(dunning_user_id=self.bob.id)
        self.assertEqual(case.user_id, self.bob)
        self.leave(self.bob)
        self.run_on(1)
        self.assertEqual(case.user_id, self.ann)
        # Set later, and the case has nobody: the customer's own collector comes first.
        case.partner_id.dunning_user_id = self.cid
        case.user_id = False
        self.run_on(1)
        self.assertEqual(case.user_id, self.cid)
        self.assertEqual(
            self.events(case).sorted("id")[-1].payload["reason"], "partner"
        )

    def test_event_says_why(self):
        rule = self.rule(self.ann)
        case = self.cases()
        self.assertEqual(
            self.events(case).payload,
            {
                "user_id": self.ann.id,
                "previous_user_id": False,
                "reason": "rule",
                "assignment_id": rule.id,
            },
        )

    def test_without_rules_nothing_happens(self):
        self.assertFalse(self.cases(3).user_id)

    def test_who_has_a_collector_keeps_him(self):
        case = self.cases()
        case.user_id = self.bob
        self.rule(self.ann)
        self.run_on(1)
        self.assertEqual(case.user_id, self.bob)
        self.assertFalse(self.events(case))

    # === WORKLOAD === #

    def test_smallest_workload(self):
        self.rule(self.ann | self.bob | self.cid)
        self.assertEqual(self.numbers(self.cases(7)), {"ann": 3, "bob": 2, "cid": 2})
        self.assertEqual(self.numbers(self.cases(2)), {"bob": 1, "cid": 1})

    def test_amount_decides_between_equal_numbers(self):
        self.rule(self.ann | self.bob)
        large, small = self.cases(1, 1000), self.cases(1, 10)
        self.assertEqual((large | small).user_id, self.ann | self.bob)
        self.assertEqual(self.cases(1, 5).user_id, small.user_id)

    def test_a_run_takes_the_same_queries_for_10_and_100_cases(self):
        rule = self.rule(self.ann | self.bob)
        rule.active = False
        counts = []
        for number in (10, 100):
            cases = self.cases(number)
            rule.active = True
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["dunning.assignment"].sudo()._assign(cases.sudo())
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
            self.assertTrue(all(case.user_id for case in cases))
            rule.active = False
        # The ORM writes a collector's cases in one statement, whatever their number.
        self.assertLessEqual(counts[1], counts[0])
        self.assertLess(counts[1], 45)

    # === A COLLECTOR WHO LEFT === #

    def test_who_left_loses_cases_and_tasks(self):
        other = self.setup_other_company(name="Other")["company"]
        for how in ("archive", "write", "group", other):
            with self.subTest(how=how):
                rules = self.env["dunning.assignment"].search([])
                rules.active = False
                leaver = self.new_user(f"leaver {how}", COLLECTOR)
                rule = self.rule(leaver)
                cases = self.cases(4)
                self.assertEqual(cases.user_id, leaver)
                tasks = cases.activity_schedule(
                    "mail.mail_activity_data_todo", user_id=leaver.id
                )
                rule.user_ids = self.ann | self.bob | leaver
                self.leave(leaver, how)
                run = self.run_on(1)
                self.assertEqual(sorted(self.numbers(cases).values()), [2, 2])
                self.assertEqual(cases.user_id, self.ann | self.bob)
                self.assertEqual(tasks.exists(), tasks)
                for task, case in zip(tasks, cases, strict=True):
                    self.assertEqual(task.user_id, case.user_id)
                notice = run.activity_ids
                self.assertEqual(notice.user_id, self.policy.user_id)
                self.assertIn(f"{leaver.name} cannot work on cases", notice.note)
                self.assertIn("had 4", notice.note)
                self.assertFalse(self.run_on(1).activity_ids)

    def test_who_left_without_a_rule_is_told_too(self):
        case = self.cases()
        case.user_id = self.ann
        task = case.activity_schedule(
            "mail.mail_activity_data_todo", user_id=self.ann.id
        )
        self.leave(self.ann)
        run = self.run_on(1)
        self.assertFalse(case.user_id)
        self.assertEqual(task.user_id, self.policy.user_id)
        self.assertIn("No assignment fits the other 1", run.activity_ids.note)

    def test_closed_cases_stay_history(self):
        case = self.cases()
        case.user_id = self.ann
        self.pay(
            self.env["account.move"].search([("partner_id", "=", case.partner_id.id)])
        )
        self.run_on(1)
        self.leave(self.ann)
        self.run_on(1)
        self.assertEqual(case.state, "closed")
        self.assertEqual(case.with_context(active_test=False).user_id, self.ann)

    def test_rule_that_names_only_people_who_left(self):
        rule = self.rule(self.ann)
        spare = self.rule(self.bob, sequence=99)
        self.leave(self.ann)
        self.assertIn("ann", rule.problem)
        self.assertFalse(spare.problem)
        case = self.cases()
        self.assertFalse(case.user_id)
        run = self.env["dunning.run"].search([], limit=1)
        self.assertIn("Rule: Nobody it names can work on cases", run.activity_ids.note)
        self.assertFalse(self.run_on(1).activity_ids)  # Told once, while it is open.

    def test_a_failing_rule_does_not_stop_the_run(self):
        rule = self.rule(self.ann)
        self.env.flush_all()
        self.cr.execute(
            "UPDATE dunning_assignment SET partner_domain = '[(1' WHERE id = %s",
            (rule.id,),
        )
        self.env.invalidate_all()
        invoice = self.invoice(days_overdue=9)
        with self.assertLogs("odoo.addons.dunning_automation", "ERROR"):
            run = self.run_on()
        self.assertEqual(run.state, "done")
        self.assertIn("filter of assignment “Rule”", run.error)
        self.assertReminded(invoice, 1)

    # === BAD INPUT === #

    def test_bad_input(self):
        archived = self.new_user("gone", COLLECTOR)
        archived.active = False
        clerk = self.new_user("clerk", "account.group_account_invoice")
        for users, message in (
            (self.env["res.users"], "It names no collector"),
            (archived, "Nobody it names can work"),
            (clerk, "Nobody it names can work"),
        ):
            with (
                self.subTest(message),
                self.assertRaisesRegex(ValidationError, message),
            ):
                self.rule(users)
        self.rule(self.ann | archived)
        for domain in ("[('no_field', '=', 1)]", "[(1", "__import__('os')"):
            with (
                self.subTest(domain),
                self.assertRaisesRegex(ValidationError, "“Rule” cannot be used"),
            ):
                self.rule(self.ann, partner_domain=domain)

    # === COMPANIES === #

    def test_companies_and_branches(self):
        self.company.write(
            {"child_ids": [Command.create({"name": "Branch", "dunning_tz": "UTC"})]}
        )
        self.cr.precommit.run()  # Loads the chart of the branch.
        branch = self.company.child_ids
        self.env.user.company_ids |= branch
        self.bob.company_ids |= branch
        self.rule(self.ann | self.bob)
        self.assertEqual(self.cases(2).user_id, self.ann | self.bob)
        # Ann may not see the branch, so she gets none of its cases.
        self.assertEqual(self.cases(2, company=branch).user_id, self.bob)
        self.cid.company_ids |= branch
        self.rule(self.cid, company_id=branch.id, sequence=99)
        self.assertEqual(self.cases(company=branch).user_id, self.cid)

    # === BY HAND === #

    def wizard(self, user, cases=None, **values):
        action = (
            (cases or self.env["dunning.case"])
            .with_user(user)
            .with_context(allowed_company_ids=self.company.ids)
            .action_assign_collectors()
        )
        return (
            self.env["dunning.assign"]
            .with_user(user)
            .with_context(allowed_company_ids=self.company.ids, **action["context"])
            .create(values)
        )

    def test_preview_and_assign(self):
        manager = self.new_user("boss", MANAGER)
        cases = self.cases(5)
        self.rule(self.ann | self.bob)
        wizard = self.wizard(manager)
        self.assertRegex(wizard.preview_html, "(?s)ann.*3.*300.00.*bob.*2.*200.00")
        self.assertFalse(cases.user_id)
        wizard.action_confirm()
        self.assertEqual(self.numbers(cases), {"ann": 3, "bob": 2})
        self.assertIn("Every one of these cases", self.wizard(manager).preview_html)
        self.assertEqual(self.events(cases[0]).user_id, manager)

    def test_selected_cases_only(self):
        manager = self.new_user("boss", MANAGER)
        cases = self.cases(3)
        cases.user_id = self.ann
        self.rule(self.bob)
        with self.assertRaisesRegex(UserError, "No assignment fits"):
            self.wizard(manager, cases[:2]).action_confirm()
        self.wizard(manager, cases[:2], scope="all").action_confirm()
        self.assertEqual(self.numbers(cases), {"bob": 2, "ann": 1})

    def test_cases_that_no_rule_fits_are_counted(self):
        manager = self.new_user("boss", MANAGER)
        self.cases(2)
        self.rule(self.ann, min_amount=500)
        self.cases(1, 500).user_id = False
        self.assertRegex(
            self.wizard(manager).preview_html, r"(?s)2\s+of\s+3\s+cases stay without"
        )

    def test_only_managers(self):
        rule = self.rule(self.ann)
        cases = self.cases(1)
        with self.assertRaises(AccessError):
            self.wizard(self.ann, cases).action_confirm()
        with self.assertRaises(AccessError):
            rule.with_user(self.ann).name = "Mine"
        self.assertTrue(rule.with_user(self.ann).read(["name", "problem"]))
        for view in ("list", "form", "search"):
            self.env["dunning.assignment"].get_view(view_type=view)

    def test_rule_of_another_company_is_invisible(self):
        other = self.setup_other_company(name="Other")["company"]
        boss = self.new_user(
            "stranger", MANAGER, company_id=other.id, company_ids=other.ids
        )
        rule = self.rule(self.ann)
        with self.assertRaises(AccessError):
            rule.with_user(boss).read(["name"])

    # === FAIRNESS === #

    def test_fairness(self):
        """Whoever has what already: of a pool, who gets something has at most one
        case more than anybody else in the end."""
        if not given:
            self.skipTest("hypothesis is not installed")
        people = st.sampled_from(range(6))

        @settings(max_examples=300, **PATIENT)
        @given(
            pool=st.sets(people, min_size=1),
            before=st.dictionaries(people, st.integers(0, 20)),
            number=st.integers(0, 60),
        )
        def check(pool, before, number):
            loads = {who: Load(count, count * 100.0) for who, count in before.items()}
            cases = [(case, 100.0, pool) for case in range(number)]
            result = distribute(cases, loads)
            self.assertEqual(len(result), number)
            self.assertLessEqual(set(result.values()), pool)
            after = {
                who: before.get(who, 0) + list(result.values()).count(who)
                for who in pool
            }
            takers = [after[who] for who in set(result.values())]
            if takers:
                self.assertLessEqual(max(takers) - min(after.values()), 1)
            if not set(before) & pool:
                self.assertLessEqual(max(after.values()) - min(after.values()), 1)

        check()

    def test_the_answer_does_not_depend_on_the_order_of_the_question(self):
        if not given:
            self.skipTest("hypothesis is not installed")

        @settings(max_examples=100, **PATIENT)
        @given(st.permutations(list(range(12))))
        def check(order):
            # Different amounts: equal ones stay in the order of the question, which
            # the caller fixes by the ids of the cases.
            cases = [(case, 1000.0 - case, (1, 2, 3)) for case in order]
            expected = distribute([(n, 1000.0 - n, (3, 2, 1)) for n in range(12)])
            self.assertEqual(distribute(cases), expected)

        check()
