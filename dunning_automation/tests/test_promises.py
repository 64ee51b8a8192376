from datetime import date, timedelta

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import BaseCase, Form, tagged

from ..tools import promises
from .test_holds import HoldsCommon

try:
    from hypothesis import given, settings
    from hypothesis import strategies as st
except ImportError:
    given = None


@tagged("post_install", "-at_install")
class TestPromiseDecision(BaseCase):
    """The pure decision against an oracle that counts whole cents."""

    def test_decision_equals_oracle(self):
        if given is None:
            self.skipTest("hypothesis is not installed")
        cents = st.integers(0, 30_000)

        @settings(max_examples=400, deadline=None, database=None, derandomize=True)
        @given(st.integers(-3, 3), cents, cents, cents, cents)
        def check(days, amount, paid, late, credit):
            amount, late = max(amount, 1), min(late, paid)
            deadline = date(2026, 3, 12)
            found = promises.decide(
                deadline + timedelta(days=days),
                deadline,
                amount / 100,
                paid / 100,
                0.01,
                late / 100,
                credit / 100,
            )
            self.assertEqual(found, self.oracle(days, amount, paid, late, credit))

        check()

    def oracle(self, days, amount, paid, late, credit):
        if days <= 0:
            return "kept" if paid >= amount else "open"
        in_time = paid - late
        if in_time >= amount:
            return "kept"
        if in_time + credit >= amount:
            return "open"
        return "partial" if in_time else "broken"

    def test_paying_more_never_makes_it_worse(self):
        if given is None:
            self.skipTest("hypothesis is not installed")
        rank = ["broken", "partial", "open", "kept"]
        cents = st.integers(0, 30_000)

        @settings(max_examples=200, deadline=None, database=None, derandomize=True)
        @given(st.integers(-3, 3), cents, cents, cents)
        def check(days, amount, paid, more):
            deadline = date(2026, 3, 12)
            today = deadline + timedelta(days=days)
            before, after = (
                promises.decide(today, deadline, (amount + 1) / 100, money / 100, 0.01)
                for money in (paid, paid + more)
            )
            self.assertLessEqual(rank.index(before), rank.index(after))

        check()


@tagged("post_install", "-at_install")
class TestPromises(HoldsCommon):
    def test_what_the_ledger_decides(self):
        """Promised 80 of 100 within 5 days, 2 days of tolerance; what happens on
        ``day`` and what is then found on each day."""
        for name, day, act, found in [
            ("nothing", 0, None, {5: "open", 7: "open", 8: "broken"}),
            ("paid", 3, (self.pay, 80), {3: "kept", 9: "kept"}),
            ("all paid", 3, (self.pay, None), {3: "kept"}),
            ("on the day", 5, (self.pay, 80), {4: "open", 5: "kept"}),
            ("in the tolerance", 7, (self.pay, 80), {6: "open", 7: "kept"}),
            ("too late", 9, (self.pay, 80), {8: "broken", 9: "broken"}),
            ("a part", 3, (self.pay, 79.99), {7: "open", 8: "partial"}),
            ("credit note", 3, (self.refund, 80), {3: "kept"}),
        ]:
            with self.subTest(name):
                customer = self._create_customer()
                invoice = self.invoice(customer)
                promise = self.promise(invoice, amount=80.0)
                today = 0
                for days in sorted({day, *found}):
                    self.settle(days - today)
                    today = days
                    if act and days == day:
                        function, amount = act
                        self.book(function, invoice, amount)
                        self.settle()
                    if days in found:
                        self.assertEqual(promise.state, found[days], days)
                self.assertEqual(
                    promise.hold_id.state == "active", promise.state == "open"
                )
                self.travel(-today)

    def refund(self, invoice, amount):
        credit = self.credit_note(invoice.partner_id, amount)
        (self.receivable(invoice) | self.receivable(credit)).reconcile()

    def test_kept_at_once_when_paid(self):
        """The nightly job is not waited for."""
        invoice = self.invoice()
        promise = self.promise(invoice)
        self.book(self.pay, invoice)
        self.assertEqual(promise.state, "kept")
        self.assertEqual(promise.paid, 100.0)
        self.assertEqual(promise.hold_id.state, "released")
        self.assertEqual(
            self.told_events(),
            ["hold_set", "promise_made", "promise_kept", "hold_released"],
        )

    def test_the_value_date_counts_when_the_job_is_late(self):
        """Nobody looked for a week; the money came a day too late, or in time."""
        for name, days, state in [("in time", 7, "kept"), ("late", 8, "broken")]:
            with self.subTest(name):
                invoice = self.invoice(self._create_customer())
                promise = self.promise(invoice)
                self.only_the_claim_looks()
                self.travel(days)
                self.pay(invoice)
                self.settle(14 - days)
                self.assertEqual(promise.state, state)
                self.travel(-14)

    def test_unallocated_money_breaks_no_promise(self):
        invoice = self.invoice()
        promise = self.promise(invoice)
        self.travel(3)
        self.credit_note(amount=100.0)
        self.settle(6)
        self.assertEqual(promise.state, "open")
        self.run_on()
        self.assertEqual(self.why(invoice), "hold/covered_by_credit")

    def test_money_that_lay_there_before_is_no_payment(self):
        self.credit_note(amount=60.0)
        promise = self.promise(self.invoice(amount=160.0), amount=100.0)
        self.settle(8)
        self.assertEqual(promise.state, "broken")

    def test_pauses_exactly_its_items_and_resumes(self):
        promised, other = self.invoices([{}, {}])
        self.told(promised, 1, days_ago=7)
        promise = self.promise(promised)
        self.run_on()
        self.assertEqual(self.why(promised), "hold/hold_promise")
        self.assertReminded(other, 1)
        self.send()
        self.run_on(8)  # The run decides before it plans.
        self.assertEqual(promise.state, "broken")
        self.assertReminded(promised, 8)
        self.assertEqual(self.told_events()[-2:], ["promise_broken", "hold_released"])

    def test_floor_by_rule(self):
        """Last told at +1, 16 days overdue when the promise is broken."""
        for rule, level, floor in [
            ("resume", False, None),
            ("next_level", False, 15),
            ("level", self.level(30).id, 30),
        ]:
            with self.subTest(rule):
                self.policy.write(
                    {"broken_promise_rule": rule, "broken_promise_level_id": level}
                )
                invoice = self.invoice(self._create_customer())
                self.told(invoice, 1, days_ago=7)
                self.run_on()
                self.promise(invoice)
                self.settle(8)
                self.assertEqual(self.floor(invoice), floor)
                self.travel(-8)

    def test_one_level_higher_never_waits(self):
        """Nothing above +8 is reached: the sequence goes on with +8."""
        self.policy.broken_promise_rule = "next_level"
        invoice = self.invoice(days_overdue=3)
        self.told(invoice, 1, days_ago=2)
        self.run_on()
        self.promise(invoice, days=3)
        self.settle(6)
        self.assertEqual(self.floor(invoice), 8)

    def floor(self, invoice):
        """``floor_delay`` as it stands in the database, None is not 0."""
        self.env.flush_all()
        self.cr.execute(
            "SELECT floor_delay FROM dunning_decision WHERE move_id = %s", [invoice.id]
        )
        return self.cr.fetchone()[0]

    def test_the_level_of_the_rule_belongs_to_the_policy(self):
        other = self._create_policy(delays=[2, 9])
        for level in (False, self.level(9, other).id):
            with self.assertRaisesRegex(UserError, "after a broken promise"):
                self.policy.write(
                    {"broken_promise_rule": "level", "broken_promise_level_id": level}
                )
        other.write(
            {
                "broken_promise_rule": "level",
                "broken_promise_level_id": self.level(9, other).id,
            }
        )
        copied = other.copy()
        self.assertEqual(copied.broken_promise_rule, "level")
        self.assertEqual(copied.broken_promise_level_id, self.level(9, copied))

    def test_a_new_promise_replaces_the_open_one(self):
        invoice = self.invoice()
        first = self.promise(invoice, days=1)
        second = self.promise(invoice, days=9)
        self.assertEqual(first.state, "cancelled")
        self.assertEqual(first.hold_id.state, "released")
        self.assertRecordValues(
            second, [{"state": "open", "previous_id": first.id, "number": 2}]
        )
        self.assertEqual(second.hold_id.state, "active")
        self.assertEqual(self.told_events().count("promise_cancelled"), 1)
        self.assertEqual(self.customer.dunning_broken_promises, 0)

    def test_counts_against_the_debtor(self):
        kept, part, broken, open_ = self.invoices([{}] * 4)
        for invoice in (kept, part, broken):
            self.promise(invoice)
        self.promise(open_, days=60)
        self.pay(kept)
        self.pay(part, 40)
        self.settle(8)
        self.assertEqual(self.customer.dunning_broken_promises, 2)
        self.assertAlmostEqual(self.customer.dunning_promise_kept_rate, 1 / 3)

    def test_a_bounce_after_it_was_kept_changes_nothing(self):
        invoice = self.invoice()
        promise = self.promise(invoice)
        payment = self.pay(invoice)
        self.settle()
        self.assertEqual(promise.state, "kept")
        self.unpay(payment)
        self.settle(20)
        self.assertEqual(promise.state, "kept")
        self.run_on()
        self.assertEqual(self.decisions(invoice).outcome, "remind")

    def test_items_that_are_gone(self):
        invoice = self.invoice()
        promise = self.promise(invoice)
        invoice.button_draft()
        self.settle(9)
        self.assertEqual(promise.state, "cancelled")

    def test_cancelled_by_a_person(self):
        invoice = self.invoice()
        promise = self.promise(invoice)
        promise.action_cancel()
        self.run_on()
        self.assertReminded(invoice, 1)
        self.assertEqual(promise.hold_id.state, "released")

    def test_one_bad_row_is_set_aside(self):
        good, bad = self.invoices([{}, {"partner": self._create_customer()}])
        good, bad = self.promise(good), self.promise(bad)
        end = type(bad)._end

        def fail_for_one(promise, *args, **kwargs):
            if promise == bad:
                raise ValueError("Broken row")
            return end(promise, *args, **kwargs)

        self.patch(type(bad), "_end", fail_for_one)
        self.travel(8)
        with self.assertLogs("odoo.addons.dunning_automation", "WARNING") as logs:
            errors = self.env["dunning.agreement"]._settle_company(self.company)
        self.assertEqual(len(errors), 1)
        self.assertIn("Broken row", logs.output[0])
        self.assertEqual((good.state, bad.state), ("broken", "open"))

    # === ENTRY === #

    def test_bad_input(self):
        invoice = self.invoice()
        foreign = self.invoice(currency=self.foreign_currency)
        stranger = self.invoice(self._create_customer())
        yesterday = self.today - timedelta(days=1)
        lines = self.receivable(invoice)
        for name, message, values in [
            ("past", "which is over", {"date": yesterday}),
            ("zero", "Enter the amount", {"amount": 0.0}),
            ("negative", "Enter the amount", {"amount": -5.0}),
            (
                "above the debt",
                "above what these items owe .*100.00",
                {"amount": 100.01},
            ),
            (
                "currencies",
                "several currencies",
                {
                    "move_line_ids": [
                        Command.set((lines | self.receivable(foreign)).ids)
                    ]
                },
            ),
            (
                "another customer's",
                "no open item that",
                {
                    "move_line_ids": [
                        Command.set((lines | self.receivable(stranger)).ids)
                    ]
                },
            ),
            (
                "no receivable",
                "no open item that",
                {"move_line_ids": [Command.set(invoice.invoice_line_ids.ids)]},
            ),
            ("state", "nobody writes it", {"state": "kept"}),
        ]:
            collector = self.new_user(f"p_{name}", "dunning_automation.group_user")
            with (
                self.subTest(name),
                self.assertRaisesRegex(UserError, message),
                self.env.cr.savepoint(),
            ):
                self.env["dunning.promise"].with_user(collector).create(
                    {
                        "partner_id": self.customer.id,
                        "move_line_ids": [Command.set(lines.ids)],
                        "date": self.today,
                        **values,
                    }
                )

    def test_nothing_to_promise(self):
        with self.assertRaisesRegex(UserError, "owes nothing that could be named"):
            self.env["dunning.promise"].create(
                {"partner_id": self.customer.id, "amount": 5, "date": self.today}
            )

    def test_what_was_agreed_stays(self):
        collector = self.new_user("p_fixed", "dunning_automation.group_user")
        promise = self.promise(self.invoice()).with_user(collector)
        for values in ({"date": self.today}, {"amount": 1.0}):
            with self.assertRaisesRegex(UserError, "stays as it is"):
                promise.write(values)
        promise.note = "By phone"
        with self.assertRaisesRegex(UserError, "nobody writes it"):
            promise.state = "kept"
        with self.assertRaisesRegex(UserError, "is history"):
            promise.sudo().unlink()

    def test_dialog_fills_itself(self):
        """All overdue items of the case in the company's currency; what is disputed,
        not due or in another currency is left out."""
        first, second, disputed, _foreign, _future = self.invoices(
            [
                {},
                {"amount": 50.0},
                {},
                {"currency": self.foreign_currency},
                {"days_overdue": -20},
            ]
        )
        self.run_on()
        case = self.notices().case_id
        self.dispute(disputed)
        collector = self.new_user("p_dialog", "dunning_automation.group_user")
        view = "dunning_automation.dunning_promise_view_form_dialog"
        promises_ = self.env["dunning.promise"].with_user(collector)
        form = Form(promises_.with_context(default_case_id=case.id), view)
        self.assertEqual(form.partner_id, self.customer)
        self.assertEqual(form.amount, 150.0)
        promise = form.save()
        self.assertEqual(promise.move_line_ids, self.receivable(first | second))
        self.assertEqual(promise.case_id, case)
        self.assertEqual(promise.date, self.today + timedelta(days=7))
        action = second.with_user(collector).action_dunning_promise()
        form = Form(promises_.with_context(**action["context"]), view)
        self.assertEqual(form.amount, 50.0)
        self.assertEqual(form.save().case_id, case)
        form = Form(promises_.with_context(default_partner_id=self.customer.id), view)
        self.assertEqual(form.amount, 150.0)
        form.amount = 20
        self.assertEqual(form.save().amount, 20.0)

    def test_choosing_the_customer_chooses_the_items(self):
        invoice = self.invoice()
        collector = self.new_user("p_blank", "dunning_automation.group_user")
        form = Form(self.env["dunning.promise"].with_user(collector))
        form.partner_id = self.customer
        self.assertEqual(form.amount, 100.0)
        self.assertEqual(form.save().move_line_ids, self.receivable(invoice))

    def test_confirmation(self):
        """A collector sends what was noted, in Odoo's composer."""
        collector = self.new_user("p_mail", "dunning_automation.group_user")
        promise = self.promise(self.invoice(), user_id=collector.id)
        action = promise.with_user(collector).action_send()
        composer = (
            self.env["mail.compose.message"]
            .with_user(collector)
            .with_context(**action["context"])
            .create({})
        )
        self.assertIn("03/15/2026", composer.subject)
        self.assertIn("100.00", composer.body)
        with self.mock_mail_gateway():
            composer._action_send_mail()
        self.assertIn(self.customer, promise.message_ids[0].notified_partner_ids)

    def test_renewal(self):
        invoice = self.invoice()
        promise = self.promise(invoice)
        self.settle(8)
        action = promise.action_renew()
        renewed = Form(
            self.env["dunning.promise"].with_context(**action["context"])
        ).save()
        self.assertEqual(renewed.move_line_ids, self.receivable(invoice))

    def test_settling_takes_the_same_queries_for_many(self):
        def count(number):
            customers = self._create_customers(number)
            rows = [{"partner": customer} for customer in customers]
            for invoice in self.invoices(rows):
                self.promise(invoice, days=30)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["dunning.agreement"]._settle_company(self.company)
            return self.cr.sql_log_count - before

        count(2)
        few = count(2)
        self.assertLessEqual(count(30), few + 2)
