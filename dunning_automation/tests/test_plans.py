from datetime import date, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import BaseCase, Form, tagged

from ..tools import plans
from .test_holds import HoldsCommon

try:
    from hypothesis import given, settings
    from hypothesis import strategies as st
except ImportError:
    given = None

FIRST = date(2026, 1, 31)


@tagged("post_install", "-at_install")
class TestPlanDecision(BaseCase):
    def setUp(self):
        super().setUp()
        if given is None:
            self.skipTest("hypothesis is not installed")

    def test_split_is_complete_and_even(self):
        @settings(max_examples=300, deadline=None, database=None, derandomize=True)
        @given(
            st.integers(0, 10_000_000), st.integers(1, 60), st.sampled_from([0, 2, 3])
        )
        def check(coins, number, digits):
            rounding = 10.0**-digits
            parts = plans.split(round(coins * rounding, digits), number, rounding)
            whole = [round(part / rounding) for part in parts]
            self.assertEqual(len(parts), number)
            self.assertEqual(sum(whole), coins)
            self.assertLessEqual(max(whole) - min(whole), 1)
            self.assertEqual(whole, sorted(whole, reverse=True))

        check()

    def test_dates_ascend(self):
        @settings(max_examples=100, deadline=None, database=None, derandomize=True)
        @given(
            st.dates(date(2020, 1, 1), date(2035, 1, 1)),
            st.integers(1, 60),
            st.sampled_from(sorted(plans.INTERVALS)),
        )
        def check(first, number, interval):
            days = plans.dates(first, number, interval)
            self.assertEqual(days, sorted(set(days)))
            self.assertEqual((days[0], len(days)), (first, number))

        check()

    def test_judgement_equals_oracle(self):
        """Pay the instalments from a purse, one after the other, in whole cents."""
        instalment = st.tuples(st.integers(1, 40), st.integers(1, 5_000))

        @settings(max_examples=400, deadline=None, database=None, derandomize=True)
        @given(
            st.lists(instalment, min_size=1, max_size=6),
            st.integers(0, 30_000),
            st.integers(0, 250),
            st.integers(0, 5),
            st.integers(1, 3),
        )
        def check(rows, paid, today, tolerance, broken_after):
            days, schedule = 0, []
            for gap, cents in rows:
                days += gap
                schedule.append((days, cents))
            found = plans.judge(
                [(FIRST + timedelta(days=day), cents / 100) for day, cents in schedule],
                paid / 100,
                FIRST + timedelta(days=today),
                timedelta(days=tolerance),
                0.01,
            )
            purse, expected = paid, []
            for day, cents in schedule:
                purse -= cents
                late = today > day + tolerance
                expected.append("kept" if purse >= 0 else "missed" if late else "open")
            self.assertEqual(found, expected)
            outcome = plans.outcome(found, broken_after)
            if paid >= sum(cents for _day, cents in schedule):
                self.assertEqual(outcome, "kept")
            else:
                missed = expected.count("missed") >= broken_after
                self.assertEqual(outcome, "broken" if missed else "active")

        check()


@tagged("post_install", "-at_install")
class TestPlans(HoldsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector = cls.new_user(cls, "pl_clerk", "dunning_automation.group_user")
        cls.manager = cls.new_user(cls, "pl_boss", "dunning_automation.group_manager")

    def agreed(self, invoice, rows=((10, 50.0), (40, 50.0))):
        plan = self.plan(invoice, rows)
        plan.action_confirm()
        self.assertEqual(plan.state, "active")
        return plan

    def test_what_the_ledger_decides(self):
        """Two instalments of 50 on days 10 and 40, 2 days of tolerance:
        ``{day: (paid on it, states, state of the plan)}``."""
        for name, story in {
            "kept": {
                10: (50, "kept open", "active"),
                40: (50, "kept kept", "kept"),
            },
            "all at once": {5: (100, "kept kept", "kept")},
            "in the tolerance": {
                12: (0, "open open", "active"),
                13: (0, "missed open", "broken"),
            },
            "more first, less then": {
                10: (70, "kept open", "active"),
                42: (30, "kept kept", "kept"),
            },
            "a cent too little": {13: (49.99, "missed open", "broken")},
            "second missed": {
                10: (50, "kept open", "active"),
                43: (0, "kept missed", "broken"),
            },
        }.items():
            with self.subTest(name):
                invoice = self.invoice(self._create_customer())
                plan = self.agreed(invoice)
                today = 0
                for day, (amount, states, state) in story.items():
                    self.travel(day - today)
                    today = day
                    if amount:
                        self.book(self.pay, invoice, amount)
                    self.settle()
                    lines = plan.line_ids.sorted("date")
                    self.assertEqual(" ".join(lines.mapped("state")), states)
                    self.assertEqual(plan.state, state)
                self.assertEqual(plan.hold_id.state == "active", plan.state == "active")
                self.travel(-today)

    def test_holds_while_it_is_kept_and_resumes_when_it_breaks(self):
        invoice = self.invoice()
        self.policy.write(
            {
                "broken_promise_rule": "level",
                "broken_promise_level_id": self.level(15).id,
            }
        )
        self.run_on()
        self.send()
        plan = self.agreed(invoice)
        self.assertEqual(plan.hold_id.date_end, self.today + timedelta(days=42))
        self.run_on(12)
        self.assertEqual(self.why(invoice), "hold/hold_plan")
        self.run_on(1)
        self.assertEqual(plan.state, "broken")
        self.assertEqual(self.decisions(invoice).outcome, "remind")
        self.assertIn("broken", plan.activity_ids.summary)
        self.assertEqual(self.customer.dunning_broken_promises, 1)
        self.assertEqual(self.told_events()[-2:], ["hold_released", "plan_broken"])

    def test_two_missed_instalments_break_it(self):
        self.company.dunning_plan_broken_after = 2
        plan = self.agreed(self.invoice(), ((5, 30.0), (10, 30.0), (20, 40.0)))
        self.settle(8)
        self.assertEqual(plan.state, "active")
        self.settle(5)
        self.assertEqual(plan.state, "broken")

    def test_approval_above_an_amount(self):
        self.company.dunning_plan_approval_amount = 99.99
        invoice = self.invoice()
        plan = self.plan(invoice, [(10, 100.0)]).with_user(self.collector)
        plan.action_confirm()
        self.assertEqual(plan.state, "to_approve")
        self.assertEqual(plan.hold_id.date_end, self.today + timedelta(days=7))
        self.assertEqual(plan.activity_ids.user_id, self.policy.user_id)
        with self.assertRaises(AccessError):
            plan.action_approve()
        self.run_on()
        self.assertEqual(self.why(invoice), "hold/hold_plan")
        plan.with_user(self.manager).action_approve()
        self.assertRecordValues(
            plan, [{"state": "active", "approved_by_id": self.manager.id}]
        )
        self.assertFalse(plan.activity_ids)
        self.assertEqual(plan.hold_id.date_end, self.today + timedelta(days=12))
        self.assertEqual(
            self.told_events(), ["hold_set", "plan_proposed", "plan_agreed"]
        )

    def test_who_needs_no_approval(self):
        self.company.dunning_plan_approval_amount = 100.0
        for name, user, amount, state in [
            ("at the amount", self.collector, 100.0, "active"),
            ("above", self.collector, 100.01, "to_approve"),
            ("a manager", self.manager, 900.0, "active"),
        ]:
            with self.subTest(name):
                invoice = self.invoice(self._create_customer(), amount=amount)
                plan = self.plan(invoice, [(10, amount)]).with_user(user)
                plan.action_confirm()
                self.assertEqual(plan.state, state)

    def test_refused_or_cancelled(self):
        self.company.dunning_plan_approval_amount = 0.0
        invoice = self.invoice()
        plan = self.plan(invoice, [(10, 100.0)]).with_user(self.collector)
        plan.action_confirm()
        plan.with_user(self.manager).action_refuse()
        self.assertEqual(plan.state, "cancelled")
        self.assertEqual(plan.hold_id.state, "released")
        with self.assertRaisesRegex(UserError, "does not wait"):
            plan.with_user(self.manager).action_approve()
        other = self.plan(invoice, [(10, 100.0)]).with_user(self.manager)
        other.action_confirm()
        other.action_cancel()
        self.assertEqual(other.state, "cancelled")
        self.run_on()
        self.assertReminded(invoice, 1)

    def test_paid_while_it_waits(self):
        """What a manager approves must still be the debt."""
        self.company.dunning_plan_approval_amount = 0.0
        invoice = self.invoice()
        plan = self.plan(invoice, [(10, 100.0)]).with_user(self.collector)
        plan.action_confirm()
        self.pay(invoice, 40)
        with self.assertRaisesRegex(UserError, r"difference is .*-?40\.00"):
            plan.with_user(self.manager).action_approve()

    def test_takes_the_place_of_a_promise(self):
        invoice = self.invoice()
        promise = self.promise(invoice)
        self.agreed(invoice)
        self.assertEqual(promise.state, "cancelled")

    def test_bad_input(self):
        invoice = self.invoice()
        for name, message, rows in [
            ("none", "Enter the instalments", []),
            ("too little", r"difference is .*0\.01", [(5, 50.0), (9, 49.99)]),
            ("too much", r"difference is .*0\.01", [(5, 50.0), (9, 50.01)]),
            ("past", "is in the past", [(-1, 50.0), (9, 50.0)]),
            ("same day", "on the same day", [(5, 50.0), (5, 50.0)]),
            ("zero", "above zero", [(5, 100.0), (9, 0.0)]),
        ]:
            with (
                self.subTest(name),
                self.assertRaisesRegex(UserError, message),
                self.env.cr.savepoint(),
            ):
                self.plan(invoice, rows).with_user(self.collector).action_confirm()

    def test_what_was_agreed_stays(self):
        plan = self.agreed(self.invoice()).with_user(self.collector)
        for act in (
            lambda: plan.line_ids[0].write({"amount": 1.0}),
            lambda: plan.line_ids[0].unlink(),
            lambda: plan.write({"tolerance_days": 90}),
            lambda: plan.action_generate(),
            lambda: plan.action_confirm(),
            lambda: plan.unlink(),
        ):
            with self.assertRaises(UserError):
                act()
        draft = self.plan(self.invoice(), [(5, 100.0)]).with_user(self.collector)
        with self.assertRaisesRegex(UserError, "ledger says"):
            draft.line_ids.state = "kept"
        draft.unlink()

    def test_generate(self):
        plan = self.plan(
            self.invoice(), instalment_count=3, first_date=self.today, interval="week"
        )
        self.assertEqual(plan.line_ids.mapped("amount"), [33.34, 33.33, 33.33])
        self.assertEqual(
            plan.line_ids.mapped("date"),
            [self.today + timedelta(weeks=week) for week in range(3)],
        )
        self.assertFalse(plan.difference)
        plan.instalment_count = 0
        with self.assertRaisesRegex(UserError, "how many instalments"):
            plan.action_generate()

    def test_dialog_fills_itself(self):
        self.invoices([{}, {"amount": 50.0}])
        self.run_on()
        case = self.notices().case_id
        plans_ = self.env["dunning.plan"].with_user(self.collector)
        view = "dunning_automation.dunning_plan_view_form_dialog"
        form = Form(plans_.with_context(default_case_id=case.id), view)
        self.assertEqual(form.amount, 150.0)
        self.assertEqual(len(form.line_ids), 3)
        form.instalment_count = 2
        plan = form.save()
        self.assertEqual(plan.line_ids.mapped("amount"), [75.0, 75.0])
        plan.action_confirm()
        self.assertEqual(plan.state, "active")

    def test_confirmation(self):
        plan = self.agreed(self.invoice()).with_user(self.collector)
        action = plan.action_send()
        composer = (
            self.env["mail.compose.message"]
            .with_user(self.collector)
            .with_context(**action["context"])
            .create({})
        )
        for text in ("100.00", "50.00", "03/20/2026", "04/19/2026"):
            self.assertIn(text, composer.body)

    def test_items_that_are_gone(self):
        invoice = self.invoice()
        plan = self.agreed(invoice)
        invoice.button_draft()
        self.settle(1)
        self.assertEqual(plan.state, "cancelled")
