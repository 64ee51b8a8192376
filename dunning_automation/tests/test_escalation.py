from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .escalation_common import COLLECTOR, MANAGER, EscalationCommon


@tagged("post_install", "-at_install")
class TestEscalation(EscalationCommon):
    """When reminding alone does not help: who takes over, once, and who decides."""

    # === TRIGGERS === #

    def test_days_overdue(self):
        self.rule(threshold=20)
        for days, fires in ((19, False), (20, True), (21, True)):
            with self.subTest(days):
                customer = self._create_customer()
                self.invoice(customer, days)
                case = self.open_case(customer)
                self.run_on()
                self.assertEqual(len(self.logs(case)), fires)
                if fires:
                    self.assertEqual(self.logs(case).reached, days)

    def test_min_amount(self):
        self.rule(min_amount=100)
        for rows, fires in (
            ([(30, 99.99)], False),
            ([(30, 100)], True),
            ([(30, 60), (1, 40)], True),
            ([(30, 60), (0, 40)], False),  # Due today is not overdue.
        ):
            with self.subTest(rows):
                customer = self._create_customer()
                for days, amount in rows:
                    self.invoice(customer, days, amount)
                case = self.open_case(customer)
                self.run_on()
                self.assertEqual(len(self.logs(case)), fires)

    def test_amounts_are_in_company_currency(self):
        self.rule(min_amount=100)
        for amount, fires in ((198, False), (202, True)):
            with self.subTest(amount):
                customer = self._create_customer()
                self.invoice(customer, 30, amount, currency=self.foreign_currency)
                case = self.open_case(customer)
                self.run_on()
                self.assertEqual(len(self.logs(case)), fires)

    def test_reminders(self):
        self.rule(trigger="reminders", threshold=2)
        activity = {"channel": "activity"}
        for name, reminders, fires in (
            ("none", [], False),
            ("one", [(9, {})], False),
            ("two", [(9, {}), (3, {})], True),
            ("delivered", [(9, {"state": "delivered"}), (3, {})], True),
            ("two on one day are one", [(9, {}), (9, activity)], False),
            ("a task is none", [(9, {}), (3, activity)], False),
            ("failed", [(9, {}), (3, {"state": "failed"})], False),
            ("nobody knows", [(9, {}), (3, {"state": "unknown"})], False),
            ("still ready", [(9, {}), (3, {"state": "ready"})], False),
        ):
            with self.subTest(name):
                customer = self._create_customer()
                invoice = self.invoice(customer, 20)
                case = self.open_case(customer)
                for days_ago, values in reminders:
                    self.remind(case, invoice, days_ago, **values)
                self.run_on()
                self.assertEqual(len(self.logs(case)), fires)

    def test_reminders_of_another_episode_or_of_paid_invoices_do_not_count(self):
        self.rule(trigger="reminders", threshold=2)
        invoice, paid = self.invoice(days_overdue=20), self.invoice(days_overdue=20)
        earlier = self.open_case()
        earlier.sudo().state = "closed"
        self.env.flush_all()
        case = self.open_case()
        self.remind(earlier, invoice, 15)
        self.remind(case, paid, 9)
        self.remind(case, invoice, 3)
        self.pay(paid)
        self.run_on()
        self.assertFalse(self.logs(case))
        self.remind(case, invoice, 1)
        self.run_on()
        self.assertTrue(self.logs(case))

    def test_courtesies_before_the_due_date_do_not_count(self):
        self.rule(trigger="reminders", threshold=2)
        courtesy = self._create_policy([-5])
        courtesy.active = False
        invoice = self.invoice(days_overdue=9)
        case = self.open_case()
        self.told(invoice, -5, 14, policy=courtesy, case_id=case.id)
        self.remind(case, invoice, 3)
        self.run_on()
        self.assertFalse(self.logs(case))

    def test_what_is_stopped_brings_nobody_to_an_agency(self):
        self.rule(threshold=20)
        agreed = self.invoice(days_overdue=40)
        self.receivable(agreed).no_followup = True
        self.invoice(days_overdue=5)
        case = self.open_case()
        self.run_on()
        self.assertFalse(self.logs(case))
        self.receivable(agreed).no_followup = False
        self.run_on()
        self.assertTrue(self.logs(case))

    def test_policies_that_do_not_act(self):
        for name, change in (
            ("simulates", lambda policy: policy.write({"mode": "simulate"})),
            ("archived", lambda policy: policy.write({"active": False})),
        ):
            with self.subTest(name):
                self.env["dunning.policy"].search([]).active = False
                policy = self._create_policy([90], name=name)
                self.rule(policy)
                customer = self._create_customer()
                self.invoice(customer, 30)
                case = self.open_case(customer)
                change(policy)
                self.run_on()
                self.assertFalse(self.logs(case))

    def test_simulated_and_held_runs_escalate_nobody(self):
        self.rule()
        self.invoice(days_overdue=30)
        case = self.open_case()
        self.env["dunning.run"].create({"simulation": True})._start()
        self.assertFalse(self.logs(case))
        planner = type(self.env["dunning.planner"])
        self.startPatcher(
            patch.object(planner, "_get_hold_reason", lambda *args: "Too many")
        )
        run = self.run_on()
        self.assertEqual(run.state, "held")
        self.assertFalse(self.logs(case))

    def test_rules_of_the_policy_that_applies(self):
        key_accounts = self._create_policy(
            [90],
            name="Key accounts",
            sequence=1,
            partner_domain=f"[('id', '=', {self.customer.id})]",
        )
        self.rule(threshold=20)
        other = self.rule(key_accounts, threshold=25)
        customer = self._create_customer()
        for partner in (self.customer, customer):
            self.invoice(partner, 30)
            self.open_case(partner)
        self.run_on()
        case = self.customer.dunning_case_id
        self.assertEqual(self.logs(case).escalation_id, other)
        self.assertEqual(len(self.logs(customer.dunning_case_id)), 1)

    # === ONCE === #

    def test_once_per_episode(self):
        self.rule()
        invoice = self.invoice(days_overdue=30)
        case = self.open_case()
        for _i in range(3):
            self.run_on(1)
        self.assertEqual(len(self.logs(case)), 1)
        self.assertEqual(len(self.tasks(case)), 1)
        self.assertEqual(len(self.escalated(case)), 1)
        self.pay(invoice)
        self.run_on(1)
        self.assertEqual(case.state, "closed")
        self.invoice(days_overdue=30)
        again = self.open_case()
        self.run_on(1)
        self.assertEqual(len(self.logs(again)), 1)

    def test_unique_in_the_database(self):
        self.rule()
        self.invoice(days_overdue=30)
        case = self.open_case()
        self.run_on()
        self.cr.execute(
            "SELECT 1 FROM pg_indexes WHERE indexname = 'dunning_escalation_log_once'"
        )
        self.assertTrue(self.cr.fetchone())
        self.assertEqual(len(self.logs(case)), 1)

    def test_evaluation_takes_the_same_queries_for_10_and_100_cases(self):
        rules = self.rule(response="collector", user_id=self.collector.id)
        rules |= self.rule(response="credit_hold", credit_hold="block")
        rules |= self.rule(response="credit_hold", credit_hold="warn")
        rules |= self.rule(response="manager")
        counts = []
        for number in (10, 100):
            customers = self._create_customers(number)
            self.invoices([{"partner": customer} for customer in customers], 10)
            for customer in customers:
                self.open_case(customer)
            run = self.run_on()
            rules.threshold = 10
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["dunning.escalation"].sudo()._escalate(run.sudo())
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
            logs = self.env["dunning.escalation.log"].search([])
            self.assertEqual(len(logs), 4 * number)
            logs.sudo().unlink()
            self.env["dunning.case"].search([]).sudo().state = "closed"
            rules.threshold = 20
        self.assertLessEqual(counts[1] - counts[0], 2, counts)
        self.assertLess(counts[1], 120)

    # === RESPONSES === #

    def test_responses(self):
        nobody = self.env["res.users"]
        for name, values, worker, tasks_of, credit_hold, state in (
            (
                "collector by name",
                {"response": "collector", "user_id": self.collector.id},
                self.collector,
                self.collector,
                "none",
                "done",
            ),
            (
                "collector, nobody to be found",
                {"response": "collector"},
                nobody,
                self.manager,
                "none",
                "done",
            ),
            (
                "responsible",
                {"response": "manager"},
                nobody,
                self.manager,
                "none",
                "done",
            ),
            (
                "manager by name",
                {"response": "manager", "user_id": self.collector.id},
                nobody,
                self.collector,
                "none",
                "done",
            ),
            (
                "warn",
                {"response": "credit_hold", "credit_hold": "warn"},
                nobody,
                nobody,
                "warn",
                "done",
            ),
            (
                "block waits",
                {"response": "credit_hold", "credit_hold": "block"},
                nobody,
                self.manager,
                "none",
                "waiting",
            ),
            (
                "block at once, if somebody wants that",
                {
                    "response": "credit_hold",
                    "credit_hold": "block",
                    "requires_confirmation": False,
                },
                nobody,
                nobody,
                "block",
                "done",
            ),
            (
                "asked first",
                {
                    "response": "collector",
                    "user_id": self.collector.id,
                    "requires_confirmation": True,
                },
                nobody,
                self.manager,
                "none",
                "waiting",
            ),
        ):
            with self.subTest(name):
                rule = self.rule(**values)
                customer = self._create_customer()
                self.invoice(customer, 30)
                case = self.open_case(customer)
                self.run_on()
                log = self.logs(case)
                self.assertRecordValues(
                    log,
                    [
                        {
                            "escalation_id": rule.id,
                            "state": state,
                            "reached": 30,
                            "overdue_amount": 100.0,
                            "date": self.today,
                        }
                    ],
                )
                self.assertEqual(case.user_id, worker)
                self.assertEqual(self.tasks(case).user_id, tasks_of)
                self.assertEqual(case.credit_hold, credit_hold)
                self.assertEqual(case.escalation_waits, state == "waiting")
                payload = self.escalated(case).payload
                self.assertEqual(
                    (payload["state"], payload["reached"], payload["overdue"]),
                    (state, 30, 100.0),
                )
                self.assertIn("Days overdue: 30", self.escalated(case).summary)
                rule.unlink()

    def test_collector_by_the_assignments(self):
        self.rule(response="collector")
        self.invoice(days_overdue=30)
        case = self.open_case()
        self.env["dunning.assignment"].create(
            {"name": "All", "user_ids": self.collector.ids}
        )
        self.run_on()
        self.assertEqual(case.user_id, self.collector)
        self.assertEqual(self.tasks(case).user_id, self.collector)

    def test_people_of_a_rule_who_left(self):
        self.rule(response="manager", user_id=self.collector.id)
        self.rule(response="collector", user_id=self.collector.id, threshold=21)
        self.collector.active = False
        self.invoice(days_overdue=30)
        case = self.open_case()
        self.run_on()
        self.assertEqual(len(self.logs(case)), 2)
        self.assertFalse(case.user_id)
        self.assertEqual(self.tasks(case).user_id, self.manager)

    # === A PERSON DECIDES === #

    def waiting(self, **values):
        values = {"response": "credit_hold", "credit_hold": "block"} | values
        self.rule(**values)
        self.invoice(days_overdue=30)
        case = self.open_case()
        self.run_on()
        return self.logs(case)

    def test_confirm(self):
        log = self.waiting()
        self.assertEqual(self.customer.dunning_credit_hold, "none")
        log.with_user(self.manager).action_confirm()
        self.assertEqual(self.customer.dunning_credit_hold, "block")
        self.assertRecordValues(
            log, [{"state": "done", "decided_by_id": self.manager.id}]
        )
        self.assertFalse(self.tasks(log.case_id))
        events = self.escalated(log.case_id).sorted("id")
        self.assertEqual([e.payload["state"] for e in events], ["waiting", "done"])
        self.assertEqual(events[-1].user_id, self.manager)
        with self.assertRaisesRegex(UserError, "decided already"):
            log.with_user(self.manager).action_decline()

    def test_decline(self):
        log = self.waiting()
        log.with_user(self.manager).action_decline()
        self.assertEqual(self.customer.dunning_credit_hold, "none")
        self.assertEqual(log.state, "declined")
        self.assertFalse(self.tasks(log.case_id))
        self.run_on(1)
        self.assertEqual(self.logs(log.case_id), log)

    def test_paying_lapses_what_waits(self):
        log = self.waiting()
        self.pay(
            self.env["account.move"].search([("partner_id", "=", self.customer.id)])
        )
        self.run_on(1)
        self.assertEqual(log.state, "lapsed")
        self.assertFalse(self.tasks(log.case_id))

    def test_a_credit_hold_ends_when_nothing_is_overdue(self):
        """The case stays open for what is not due yet; the rule may fire again."""
        for by_rule, manual, paid in (
            ("block", None, "none"),
            ("warn", None, "none"),
            ("warn", "block", "block"),
        ):
            with self.subTest(by_rule=by_rule, manual=manual):
                customer = self._create_customer()
                rule = self.rule(
                    response="credit_hold",
                    credit_hold=by_rule,
                    requires_confirmation=False,
                )
                overdue = self.invoice(customer, days_overdue=30)
                self.invoice(customer, days_overdue=-20)
                case = self.open_case(customer)
                self.run_on()
                self.assertEqual(customer.dunning_credit_hold, by_rule)
                if manual:
                    case.with_user(self.manager).action_credit_hold_block()
                self.pay(overdue)
                self.assertEqual(
                    customer._dunning_get_credit_hold(self.company),
                    paid,
                    "an order does not wait for the next run",
                )
                self.run_on(1)
                self.assertEqual(customer.dunning_credit_hold, paid)
                self.assertEqual(case.state, "open")
                self.assertEqual(self.logs(case).state, "lapsed")
                self.invoice(customer, days_overdue=30)
                self.run_on(1)
                states = self.logs(case).sorted("id").mapped("state")
                self.assertEqual(states, ["lapsed", "done"])
                rule.unlink()

    def test_what_waits_lapses_when_nothing_is_overdue(self):
        log = self.waiting()
        self.invoice(days_overdue=-20)
        self.pay(log.case_id.decision_ids.move_id)
        self.run_on(1)
        self.assertEqual(log.case_id.state, "open")
        self.assertEqual(log.state, "lapsed")
        self.assertFalse(self.tasks(log.case_id))

    def test_only_managers_decide(self):
        log = self.waiting()
        clerk = self.new_user("clerk", "account.group_account_invoice")
        sales = self.new_user("sells")
        for user in (self.collector, clerk, sales):
            for method in ("action_confirm", "action_decline"):
                with self.subTest(user=user.login, method=method):
                    with self.assertRaises(AccessError):
                        getattr(log.with_user(user), method)()
        self.assertEqual(log.state, "waiting")
        with self.assertRaises(AccessError):
            log.with_user(self.manager).state = "done"

    def test_searching_cases(self):
        case = self.waiting().case_id
        cases = self.env["dunning.case"].with_user(self.collector)
        for domain in (
            [("escalation_waits", "=", True)],
            [("credit_hold", "=", "none")],
            [("credit_hold", "!=", "block")],
        ):
            with self.subTest(domain):
                self.assertIn(case, cases.search(domain))
        self.logs(case).with_user(self.manager).action_confirm()
        for domain in (
            [("escalation_waits", "=", False)],
            [("credit_hold", "in", ("warn", "block"))],
        ):
            with self.subTest(domain):
                self.assertIn(case, cases.search(domain))

    # === BAD INPUT AND COPIES === #

    def test_bad_input(self):
        archived = self.new_user("gone", COLLECTOR)
        archived.active = False
        clerk = self.new_user("clerk", "account.group_account_invoice")
        agency = self._create_customer(name="Agency")
        for values, message in (
            ({"response": "credit_hold"}, "warned about or blocked"),
            (
                {
                    "response": "handover",
                    "agency_id": agency.id,
                    "requires_confirmation": False,
                },
                "by a person only",
            ),
            ({"response": "collector", "user_id": clerk.id}, "cannot take over"),
            ({"response": "collector", "user_id": archived.id}, "cannot take over"),
            ({"response": "manager", "user_id": archived.id}, "is archived"),
        ):
            with (
                self.subTest(message),
                self.assertRaisesRegex(ValidationError, message),
            ):
                self.rule(**values)

    def test_hard_responses_ask_first_unless_told_otherwise(self):
        for values, asks in (
            ({"response": "collector"}, False),
            ({"response": "credit_hold", "credit_hold": "warn"}, False),
            ({"response": "credit_hold", "credit_hold": "block"}, True),
            ({"response": "handover"}, True),
        ):
            with self.subTest(values):
                self.assertEqual(self.rule(**values).requires_confirmation, asks)

    def test_policy_is_copied_with_its_rules(self):
        self.rule(threshold=33)
        self.assertEqual(self.policy.copy().escalation_ids.threshold, 33)

    def test_rights(self):
        rule = self.rule()
        for user, writes in ((self.collector, False), (self.manager, True)):
            with self.subTest(user.login):
                self.assertTrue(rule.with_user(user).read(["trigger"]))
                self.assertEqual(rule.with_user(user).has_access("write"), writes)

    # === COMPANIES === #

    def test_branch_escalates_by_the_policy_of_its_parent(self):
        self.company.write(
            {"child_ids": [Command.create({"name": "Branch", "dunning_tz": "UTC"})]}
        )
        self.cr.precommit.run()  # Loads the chart of the branch.
        branch = self.company.child_ids
        self.env.user.company_ids |= branch
        self.rule(response="credit_hold", credit_hold="warn")
        self.invoice(days_overdue=30, company=branch)
        self.invoice(days_overdue=30)
        case, of_branch = self.open_case(), self.open_case(company=branch)
        self.run_on(company=branch)
        self.assertTrue(self.logs(of_branch))
        self.assertFalse(self.logs(case))
        self.assertEqual(self.logs(of_branch).company_id, branch)
        self.assertEqual(self.customer.with_company(branch).dunning_credit_hold, "warn")
        self.assertEqual(self.customer.dunning_credit_hold, "none")

    def test_logs_of_another_company_are_invisible(self):
        other = self.setup_other_company(name="Other")["company"]
        stranger = self.new_user(
            "stranger", MANAGER, company_id=other.id, company_ids=other.ids
        )
        log = self.waiting()
        with self.assertRaises(AccessError):
            log.with_user(stranger).action_confirm()
        with self.assertRaises(AccessError):
            log.escalation_id.with_user(stranger).read(["trigger"])


@tagged("post_install", "-at_install")
class TestCreditHold(EscalationCommon):
    """The credit hold of a customer, set by a person or by a rule."""

    def test_only_managers_set_it(self):
        sales = self.new_user("sells", "base.group_user,base.group_partner_manager")
        contacts = self.env.ref("base.group_partner_manager")
        for user in (self.collector, self.manager):
            user.group_ids |= contacts
        for user in (sales, self.collector):
            partner = self.customer.with_user(user)
            with self.subTest(user.login):
                with self.assertRaises(AccessError):
                    partner.dunning_credit_hold = "block"
                with self.assertRaises(AccessError):
                    partner.create({"name": "New", "dunning_credit_hold": "block"})
                partner.write({"comment": "Called"})
        self.customer.with_user(self.manager).dunning_credit_hold = "block"
        self.assertEqual(self.customer.dunning_credit_hold, "block")

    def test_events(self):
        self.manager.group_ids |= self.env.ref("base.group_partner_manager")
        partner = self.customer.with_user(self.manager)
        for credit_hold in ("warn", "warn", "block", "none", "none"):
            partner.dunning_credit_hold = credit_hold
        events = self.env["dunning.event"].search(
            [("partner_id", "=", self.customer.id)], order="id"
        )
        self.assertEqual(
            [(e.kind, e.payload["previous"], e.payload["credit_hold"]) for e in events],
            [
                ("credit_hold_set", "none", "warn"),
                ("credit_hold_set", "warn", "block"),
                ("credit_hold_released", "block", "none"),
            ],
        )
        self.assertEqual(events.user_id, self.manager)

    def test_from_the_case(self):
        """By managers without the right to change contacts, too."""
        self.invoice(days_overdue=30)
        case = self.open_case()
        for user in (self.collector, self.manager):
            for method, expected in (
                ("action_credit_hold_block", "block"),
                ("action_credit_hold_release", "none"),
            ):
                with self.subTest(user=user.login, method=method):
                    if user == self.manager:
                        getattr(case.with_user(user), method)()
                        self.assertEqual(case.credit_hold, expected)
                        continue
                    with self.assertRaises(AccessError):
                        getattr(case.with_user(user), method)()
        events = case.event_ids.filtered(lambda e: e.kind.startswith("credit_hold"))
        self.assertEqual(events.user_id, self.manager)
        self.assertEqual(len(events), 2)

    def test_a_harder_hold_stays(self):
        self.customer._dunning_raise_credit_hold("block")
        self.customer._dunning_raise_credit_hold("warn")
        self.assertEqual(self.customer.dunning_credit_hold, "block")

    def test_ends_when_nothing_is_owed(self):
        invoice = self.invoice(days_overdue=30)
        case = self.open_case()
        other = self._create_customer()
        (self.customer | other).dunning_credit_hold = "block"
        self.run_on()
        self.assertEqual(self.customer.dunning_credit_hold, "block")
        self.pay(invoice, 40)
        self.run_on(1)
        self.assertEqual(self.customer.dunning_credit_hold, "block")
        self.pay(invoice)
        self.run_on(1)
        self.assertEqual(case.state, "closed")
        self.assertEqual(self.customer.dunning_credit_hold, "none")
        self.assertIn("credit_hold_released", case.event_ids.mapped("kind"))
        # Set by hand on a customer who owes nothing: it stays.
        self.assertEqual(other.dunning_credit_hold, "block")

    def test_companies(self):
        other = self.setup_other_company(name="Other")["company"]
        self.customer.with_company(other).sudo().dunning_credit_hold = "block"
        self.assertEqual(self.customer.dunning_credit_hold, "none")
        for company, expected in ((self.company, "none"), (other, "block")):
            self.assertEqual(self.customer._dunning_get_credit_hold(company), expected)

    def test_banner_on_the_form(self):
        self.customer.dunning_credit_hold = "block"
        for user, sees in (
            (self.new_user("sells", "base.group_user"), False),
            (self.collector, True),
        ):
            view = self.customer.with_user(user).get_view(view_type="form")
            self.assertEqual("cannot be confirmed" in view["arch"], sees)
