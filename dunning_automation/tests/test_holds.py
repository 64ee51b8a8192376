from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import DunningCommon


class HoldsCommon(DunningCommon):
    """Customers who say something about what they owe."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.level_ids.min_interval_days = 0

    def hold(self, target=None, days=10, **values):
        """A hold on ``target`` (invoices; default: all that the customer owes)."""
        if target:
            values["move_line_ids"] = [Command.set(self.receivable(target).ids)]
        partner = target.commercial_partner_id if target else self.customer
        values.setdefault("partner_id", partner.id)
        values.setdefault("date_end", self.today + timedelta(days=days))
        return self.env["dunning.hold"].sudo().create(values)

    def promise(self, invoices, days=5, **values):
        return self.env["dunning.promise"].create(
            {
                "move_line_ids": [Command.set(self.receivable(invoices).ids)],
                "date": self.today + timedelta(days=days),
                **values,
            }
        )

    def dispute(self, invoices, **values):
        return self.env["dunning.dispute"].create(
            {"move_line_ids": [Command.set(self.receivable(invoices).ids)], **values}
        )

    def plan(self, invoices, rows=None, **values):
        """A draft plan; rows: ``[(days from today, amount), ...]``."""
        plan = self.env["dunning.plan"].create(
            {"move_line_ids": [Command.set(self.receivable(invoices).ids)], **values}
        )
        if rows is None:
            plan.action_generate()
        else:
            plan.line_ids = [
                Command.create(
                    {"date": self.today + timedelta(days=days), "amount": amount}
                )
                for days, amount in rows
            ]
        return plan

    def settle(self, days=0):
        """The nightly job, ``days`` later."""
        self.travel(days)
        self.assertFalse(self.env["dunning.agreement"]._settle_company(self.company))
        self.env.flush_all()
        self.env.invalidate_all()

    def book(self, function, *args):
        """Book something and commit, as far as a test can."""
        result = function(*args)
        self.cr.precommit.run()
        self.env.invalidate_all()
        return result

    def told_events(self, partner=None):
        events = self.env["dunning.event"].search(
            [("partner_id", "=", (partner or self.customer).id)], order="id"
        )
        return [
            event.kind
            for event in events
            if event.kind.startswith(("hold", "promise", "dispute", "plan"))
        ]


@tagged("post_install", "-at_install")
class TestHolds(HoldsCommon):
    def test_each_kind_stops_exactly_what_it_names(self):
        for kind in ("manual", "dispute", "promise", "plan", "legal", "contact"):
            with self.subTest(kind):
                customer, other = self._create_customers(2)
                held, free = self.invoices([{"partner": customer}] * 2)
                stranger = self.invoice(other)
                self.hold(held, kind=kind)
                self.run_on()
                self.assertEqual(self.why(held), f"hold/hold_{kind}")
                self.assertReminded(free, 1)
                self.assertReminded(stranger, 1)
                self.assertEqual(self.notices(customer).line_ids.move_id, free)

    def test_customer_scope_stops_all_and_nobody_else(self):
        invoices = self.invoices([{}, {}])
        other = self.invoice(self._create_customer())
        self.hold(kind="legal")
        self.run_on()
        for invoice in invoices:
            self.assertEqual(self.why(invoice), "hold/hold_legal")
        self.assertReminded(other, 1)

    def test_last_day_counts_and_the_next_one_is_free(self):
        """Without the nightly job: the sign reads the date."""
        invoice = self.invoice()
        self.hold(invoice, days=3)
        for days, answer in [
            (0, "hold/hold_manual"),
            (3, "hold/hold_manual"),
            (1, "remind/level_reached"),
        ]:
            self.run_on(days)
            self.assertEqual(self.why(invoice), answer)

    def test_day_of_the_company_counts(self):
        """At 10:00 UTC of the last day it is past midnight in Kiritimati (+14)."""
        self.company.dunning_tz = "Pacific/Kiritimati"
        invoice = self.invoice()
        self.hold(invoice, days=1)  # Today there.
        self.run_on()
        self.assertEqual(self.why(invoice), "hold/hold_manual")
        self.travel(hours=20)  # The next day in UTC only.
        self.run_on()
        self.assertEqual(self.why(invoice), "hold/hold_manual")
        self.travel(hours=4)
        self.run_on()
        self.assertReminded(invoice, 1)

    def test_the_cron_tells_the_end_once(self):
        hold = self.hold(self.invoice(), days=2)
        self.settle(2)
        self.assertEqual(hold.state, "active")
        self.settle(1)
        self.assertEqual(hold.state, "expired")
        self.settle(1)
        self.assertEqual(self.told_events(), ["hold_set", "hold_expired"])
        cron = self.env.ref("dunning_automation.ir_cron_settle").sudo()
        with self.enter_registry_test_mode():
            self.assertIs(cron.method_direct_trigger(), True)

    def test_what_is_queued_is_taken_back(self):
        for name, wide in [("items", False), ("everything", True)]:
            with self.subTest(name):
                customer = self._create_customer()
                invoice = self.invoice(customer)
                self.run_on()
                notice = self.notices(customer)
                self.assertEqual(notice.state, "ready")
                if wide:
                    self.book(lambda owner=customer: self.hold(partner_id=owner.id))
                else:
                    self.book(self.hold, invoice)
                self.assertEqual(notice.state, "suppressed")
                self.assertIn("Put on hold", notice.reason)

    def test_the_claim_reads_the_sign(self):
        self.only_the_claim_looks()
        held, free = self.invoices([{}, {}])
        self.run_on()
        self.hold(held)
        (mail,) = self.deliver()
        self.assertIn(free.name, mail["body"])
        self.assertNotIn(held.name, mail["body"])

    def test_released_by_a_person(self):
        invoice = self.invoice()
        hold = self.hold(invoice)
        self.run_on()
        collector = self.new_user("h_collector", "dunning_automation.group_user")
        hold.with_user(collector).action_release()
        self.run_on(1)
        self.assertReminded(invoice, 1)
        event = self.env["dunning.event"].search([("kind", "=", "hold_released")])
        self.assertEqual(event.user_id, collector)
        hold.sudo()._release()  # Nothing happens twice.
        self.assertEqual(hold.state, "released")

    def test_a_hold_whose_items_disappear_holds_nothing_else(self):
        invoice, other = self.invoices([{}, {}])
        hold = self.hold(invoice)
        self.cr.execute("DELETE FROM dunning_hold_line_rel")
        hold.invalidate_recordset()
        self.run_on()
        self.assertReminded(invoice, 1)
        self.assertReminded(other, 1)

    def test_shown_where_people_look(self):
        invoice, other = self.invoices([{}, {}])
        reason = self.env.ref("dunning_automation.hold_reason_goodwill")
        self.run_on()
        case = self.notices().case_id
        hold = self.hold(invoice, case_id=case.id, reason_id=reason.id)
        words = "On hold until 03/20/2026: Goodwill"
        self.assertEqual(invoice.dunning_hold_explanation, words)
        self.assertEqual(invoice.dunning_hold_ids, hold)
        self.assertFalse(other.dunning_hold_ids)
        self.assertEqual(self.customer.dunning_hold_explanation, words)
        self.assertEqual(case.hold_explanation, words)
        self.assertEqual(case.hold_ids, hold)
        self.assertEqual(hold.held_amount, 100.0)
        event = case.event_ids.filtered(lambda event: event.kind == "hold_set")
        self.assertEqual(event.summary, "Put on hold · until 03/20/2026 · Goodwill")

    def test_merged_customers_keep_their_holds(self):
        other = self._create_customer()
        mine, theirs = self.invoices([{}, {"partner": other}])
        self.run_on()
        hold = self.hold(theirs, case_id=self.notices(other).case_id.id)
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (self.customer | other).ids, self.customer
        )
        self.env.invalidate_all()
        self.assertEqual(hold.partner_id, self.customer)
        self.assertEqual(hold.case_id.partner_id, self.customer)
        self.assertEqual(hold.case_id.state, "open")
        self.run_on(1)
        self.assertEqual(self.why(theirs), "hold/hold_manual")
        self.assertReminded(mine, 1)

    def test_other_company_and_simulation(self):
        other = self.setup_other_company(name="Other")["company"]
        self.env["dunning.hold"].sudo().create(
            {
                "partner_id": self.customer.id,
                "company_id": other.id,
                "date_end": self.today + timedelta(days=9),
            }
        )
        invoice = self.invoice()
        self.run_on()
        self.assertReminded(invoice, 1)

    def test_bad_input(self):
        invoice = self.invoice()
        stranger = self.invoice(self._create_customer())
        collector = self.new_user("h_entry", "dunning_automation.group_user")
        holds = self.env["dunning.hold"].with_user(collector)
        today = self.today
        base = {"partner_id": self.customer.id, "date_end": today}
        lines = [Command.set(self.receivable(stranger).ids)]
        ended = self.hold(invoice)
        ended._release()
        ended = ended.with_user(collector)
        for name, message, entry in [
            (
                "no end",
                "A hold needs an end",
                lambda: holds.create({**base, "date_end": False}),
            ),
            (
                "past",
                "would never stop anything",
                lambda: holds.create({**base, "date_end": today - timedelta(days=1)}),
            ),
            (
                "owned",
                "sets its hold by itself",
                lambda: holds.create({**base, "kind": "promise"}),
            ),
            (
                "ended",
                "A new hold is active",
                lambda: holds.create({**base, "state": "expired"}),
            ),
            (
                "others",
                "not owed by",
                lambda: holds.create({**base, "move_line_ids": lines}),
            ),
            (
                "no items",
                "Name the items",
                lambda: holds.create({**base, "scope": "lines"}),
            ),
            ("prolong", "has ended", lambda: ended.write({"date_end": today})),
            (
                "kind",
                "keeps its customer and kind",
                lambda: ended.write({"kind": "legal"}),
            ),
            ("unlink", "is history", lambda: ended.sudo().unlink()),
        ]:
            with (
                self.subTest(name),
                self.assertRaisesRegex(UserError, message),
                self.env.cr.savepoint(),
            ):
                entry()

    def test_legal_holds_are_ended_by_managers(self):
        collector = self.new_user("h_clerk", "dunning_automation.group_user")
        manager = self.new_user("h_boss", "dunning_automation.group_manager")
        hold = self.hold(kind="legal")
        with self.assertRaises(AccessError):
            hold.with_user(collector).action_release()
        with self.assertRaises(AccessError):
            hold.with_user(collector).date_end = self.today
        hold.with_user(manager).date_end = self.today + timedelta(days=90)
        hold.with_user(manager).action_release()
        self.assertEqual(hold.state, "released")

    def test_owned_holds_follow_their_owner(self):
        hold = self.promise(self.invoice()).hold_id
        manager = self.new_user("h_owner", "dunning_automation.group_manager")
        for act in (
            lambda: hold.with_user(manager).action_release(),
            lambda: hold.with_user(manager).write({"date_end": self.today}),
        ):
            with self.assertRaisesRegex(UserError, "belongs to a promise"):
                act()

    def test_dialog_fills_itself(self):
        invoice = self.invoice()
        self.run_on()
        case = self.notices().case_id
        view = "dunning_automation.dunning_hold_view_form_dialog"
        collector = self.new_user("h_dialog", "dunning_automation.group_user")
        holds = self.env["dunning.hold"].with_user(collector)
        form = Form(holds.with_context(default_case_id=case.id), view)
        form.reason_id = self.env.ref("dunning_automation.hold_reason_insolvency")
        hold = form.save()
        self.assertRecordValues(
            hold,
            [
                {
                    "partner_id": self.customer.id,
                    "case_id": case.id,
                    "scope": "customer",
                    "kind": "legal",
                    "user_id": collector.id,
                    "date_end": self.today + timedelta(days=365),
                }
            ],
        )
        action = invoice.with_user(collector).action_dunning_hold()
        form = Form(holds.with_context(**action["context"]), view)
        form.date_end = self.today
        hold = form.save()
        self.assertEqual(hold.move_line_ids, self.receivable(invoice))
        self.assertEqual((hold.scope, hold.kind), ("lines", "manual"))

    def test_the_reason_proposes_an_end_also_without_a_dialog(self):
        reason = self.env.ref("dunning_automation.hold_reason_answer")
        hold = self.hold(reason_id=reason.id, date_end=False)
        self.assertEqual(hold.date_end, self.today + timedelta(days=5))
        self.assertEqual(hold.kind, "contact")

    def test_planning_takes_no_more_queries_with_many_holds(self):
        def plan():
            run = self.env["dunning.run"].create({})
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            run._start(compose=False)
            self.env.flush_all()
            return self.cr.sql_log_count - before

        def some(number):
            customers = self._create_customers(number)
            invoices = self.invoices([{"partner": partner} for partner in customers])
            for invoice in invoices:
                self.promise(invoice, days=9)
                self.hold(invoice)

        some(2)
        self.invoice()
        plan()
        few = plan()
        some(20)
        plan()
        self.assertLessEqual(plan(), few)

    def test_words_are_erased(self):
        invoice = self.invoice()
        hold = self.hold(invoice, note="He is ill")
        promise = self.promise(invoice, note="He weeps")
        dispute = self.dispute(invoice, description="He shouts")
        manager = self.new_user("h_eraser", "dunning_automation.group_manager")
        self.customer.with_user(manager)._dunning_erase()
        self.assertFalse(hold.note or promise.note or dispute.description)
