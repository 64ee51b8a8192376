from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestQueuedNotices(DunningCommon):
    """What accountants do takes back at once what waits because of it. That nothing
    wrong leaves does not depend on it: see ``test_delivery``."""

    def queued(self, mode="automatic", **values):
        """An overdue invoice and its notice, ready or waiting for approval."""
        self.policy.mode = mode
        invoice = self.invoice(self._create_customer(), days_overdue=9, **values)
        self.run_on()
        notice = self.notices(invoice.partner_id)
        self.assertEqual(notice.state, "planned" if mode == "review" else "ready")
        return invoice, notice

    def book(self, press, *args):
        """Let an accountant work and the transaction come to its end."""
        press(*args)
        self.cr.flush()

    # === EVERY BUTTON === #

    def test_buttons(self):
        def paid(invoice):
            self.book(self.pay, invoice)

        def reset_to_draft(invoice):
            invoice.button_draft()

        def cancelled(invoice):
            invoice.button_cancel()

        def reversed_by_credit_note(invoice):
            self.env["account.move.reversal"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({"journal_id": invoice.journal_id.id}).modify_moves()

        def reconciled_with_credit_note(invoice):
            credit = self.credit_note(invoice.partner_id)
            (self.receivable(invoice) | self.receivable(credit)).reconcile()

        def postponed(invoice):
            invoice.invoice_date_due = self.today + timedelta(days=30)

        def line_postponed(invoice):
            self.receivable(invoice).date_maturity = self.today + timedelta(days=30)

        def excluded(invoice):
            invoice.no_followup = True

        def line_excluded(invoice):
            self.receivable(invoice).no_followup = True

        def blocked(invoice):
            invoice.action_toggle_block_payment()

        for mode in ("automatic", "review"):
            for press in (
                paid,
                reset_to_draft,
                cancelled,
                reversed_by_credit_note,
                reconciled_with_credit_note,
                postponed,
                line_postponed,
                excluded,
                line_excluded,
                blocked,
            ):
                with self.subTest(press.__name__, mode=mode):
                    invoice, notice = self.queued(mode)
                    self.book(press, invoice)
                    self.assertEqual(notice.state, "suppressed")
                    self.assertTrue(notice.reason)
                    self.assertFalse(notice.line_ids.live)

    def test_merged_customers(self):
        invoice, notice = self.queued()
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (self.customer | invoice.partner_id).ids, self.customer
        )
        self.assertEqual(notice.state, "suppressed")

    def test_one_of_two_invoices_paid_the_notice_stays_with_the_other(self):
        customer = self._create_customer()
        first, second = self.invoices([{"partner": customer}, {"partner": customer}])
        self.run_on()
        notice = self.notices(customer)
        self.book(self.pay, first)
        self.assertEqual(notice.state, "ready")
        self.assertEqual(notice._get_lines().move_id, second)

    def test_partly_paid(self):
        invoice, notice = self.queued("review")
        self.book(self.pay, invoice, 40)
        self.assertEqual(notice.state, "planned")
        self.assertEqual(notice.line_ids.residual, 60)
        self.assertIn("60.00", notice.body)

    def test_who_did_it_is_told(self):
        invoice, notice = self.queued()
        clerk = self.new_user("q_clerk", "account.group_account_invoice")
        invoice.with_user(clerk).with_context(
            default_move_type="out_invoice", default_name="X", default_kind="X"
        ).button_draft()
        self.cr.flush()
        self.assertEqual(notice.state, "suppressed")
        event = notice.event_ids.sorted("id")[-1]
        self.assertEqual((event.kind, event.user_id), ("notice_suppressed", clerk))

    def test_what_is_settled_stays_as_it_is(self):
        for state in ("sent", "failed", "unknown", "claimed", "cancelled"):
            with self.subTest(state):
                invoice = self.invoice(self._create_customer())
                notice = self.told(invoice, 1, state=state)
                self.book(self.pay, invoice)
                self.assertEqual(notice.state, state)

    # === IT COSTS NOTHING AND NEVER STANDS IN THE WAY === #

    def test_a_query_per_question_and_transaction_where_nothing_is_queued(self):
        for number in (1, 40):
            invoices = self.invoices([{"partner": self.customer}] * number)
            for invoice in invoices:
                invoice._dunning_recheck()
            self.env.flush_all()
            with self.subTest(number), self.assertQueryCount(3):
                invoices._dunning_recheck_collected()

    def test_one_look_per_transaction(self):
        """Posting looks never; paying and reconciling many invoices looks once."""
        looks = []
        model = type(self.env["dunning.notice"])
        origin = model._search_queued

        def search_queued(notices, moves):
            looks.append(moves)
            return origin(notices, moves)

        self.patch(model, "_search_queued", search_queued)
        invoices = self.invoices([{"partner": self.customer}] * 30)
        self.cr.flush()
        self.assertFalse(looks)
        credit = self.credit_note(amount=3000)
        (
            self.receivable(credit) | invoices.line_ids.filtered("date_maturity")
        ).reconcile()
        self.cr.flush()
        self.assertEqual(len(looks), 1)
        self.assertLessEqual(invoices, looks[0])

    def test_rolled_back_booking_takes_nothing_back(self):
        invoice, notice = self.queued()
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.pay(invoice)
            raise ZeroDivisionError
        self.cr.flush()
        self.assertEqual(notice.state, "ready")

    def test_failure_is_not_the_accountants(self):
        invoice, notice = self.queued()
        model = type(self.env["dunning.notice"])
        with patch.object(model, "_refresh", side_effect=RuntimeError) as refresh:
            self.book(self.pay, invoice)
        refresh.assert_called_once()
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEqual(notice.state, "ready")
        self.assertFalse(self.deliver())
        self.assertEqual(notice.state, "suppressed")

    def test_failure_in_the_database_is_not_the_accountants(self):
        invoice, notice = self.queued()

        def broken(notice):
            notice.write({"reason": "half done"})
            notice.env.cr.execute("SELECT 1 / 0")

        with patch.object(type(self.env["dunning.notice"]), "_refresh", broken):
            self.book(self.pay, invoice)
        self.assertEqual(invoice.payment_state, "paid")
        self.assertRecordValues(notice, [{"state": "ready", "reason": False}])

    def test_what_a_sender_holds_is_left_to_it(self):
        invoice, notice = self.queued()
        with patch.object(
            type(self.env["dunning.notice"]),
            "try_lock_for_update",
            lambda notices, **kwargs: notices.browse(),
        ):
            self.book(self.pay, invoice)
        self.assertEqual(notice.state, "ready")

    # === AFTERWARDS === #

    def test_reversed_payment_starts_again_at_the_first_level(self):
        """Exactly one new cycle; what was said before stays in the history."""
        invoice = self.invoice(days_overdue=20)
        old = self.told(invoice, 1, days_ago=15) | self.told(invoice, 8, days_ago=5)
        self.run_on()
        payment = self.pay(invoice)
        self.run_on()
        payment.move_id.line_ids.remove_move_reconcile()
        self.run_on(days=1)
        self.assertEqual(self.why(invoice), "hold/covered_by_credit")
        self.unpay(payment)
        for _day in range(3):
            self.run_on(days=1)
            self.deliver()
        new = self.notices() - old
        self.assertEqual(len(new), 1)
        self.assertEqual(new.level_id, self.level(1))
        self.assertEqual(new.line_ids.cycle, 1)
        self.assertEqual(old.line_ids.mapped("live"), [True, True])
        self.assertEqual(old.mapped("state"), ["sent", "sent"])

    def test_posted_again_after_reset_is_reminded_again(self):
        invoice, notice = self.queued()
        self.book(invoice.button_draft)
        self.book(invoice.action_post)
        self.run_on(days=1)
        self.assertEqual(
            self.notices(invoice.partner_id).mapped("state"), ["suppressed", "ready"]
        )
