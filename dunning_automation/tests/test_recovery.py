"""Failed payments: what opens a recovery, when it is tried again, and that nothing is
charged twice. The provider is Odoo's own class with an answer that the test chooses."""

from datetime import timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..tools.declines import Decline
from .common import DunningCommon

CHARGER = "odoo.addons.dunning_automation.models.dunning_recovery_charger"


@tagged("post_install", "-at_install")
class TestRecovery(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.method = cls.env.ref("payment.payment_method_visa").sudo()
        cls.provider_record = (
            cls.env["payment.provider"]
            .sudo()
            .create(
                {
                    "name": "Provider",
                    "code": "none",
                    "state": "test",
                    "company_id": cls.company.id,
                    "payment_method_ids": [
                        Command.link(cls.method.primary_payment_method_id.id),
                        Command.link(cls.method.id),
                    ],
                }
            )
        )
        cls._create_dummy_payment_method_for_provider(
            cls.provider_record, cls.company_data["default_journal_bank"]
        )
        cls.method.active = True
        cls.token = (
            cls.env["payment.token"]
            .sudo()
            .create(
                {
                    "provider_id": cls.provider_record.id,
                    "payment_method_id": cls.method.id,
                    "partner_id": cls.customer.id,
                    "payment_details": "4242",
                    "provider_ref": "reference",
                }
            )
        )
        cls.schedule = cls.env.ref("dunning_automation.retry_schedule_default")
        cls.schedule.paydays = False
        cls.env["dunning.decline.reason"].create(
            {"name": "No money", "pattern": "no money", "decline_class": "soft"}
        )

    def setUp(self):
        super().setUp()
        self.answers, self.charged = [], []
        self.startPatcher(
            patch.object(
                type(self.env["payment.transaction"]),
                "_send_payment_request",
                lambda tx: self._answer(tx),
                create=True,
            )
        )

    def _answer(self, tx):
        """The provider: each charge gets the next of ``answers``."""
        self.charged.append(tx.reference)
        answer = self.answers.pop(0) if self.answers else "done"
        if isinstance(answer, Exception):
            raise answer
        if answer == "lost":
            tx.dunning_is_unknown = True
            raise ValidationError(tx.env._("The provider did not answer."))
        if answer == "silent":
            return
        if answer == "amount":
            tx._process("none", {})
            return
        state, _sep, message = answer.partition(":")
        if state == "done":
            tx._set_done()
        elif state == "pending":
            tx._set_pending()
        else:
            tx._set_error(message)

    def charge(self, invoice, answer="error:no money"):
        """A charge of another module, without the customer."""
        tx = (
            self.env["payment.transaction"]
            .sudo()
            .create(
                {
                    "provider_id": self.token.provider_id.id,
                    "payment_method_id": self.method.id,
                    "token_id": self.token.id,
                    "operation": "offline",
                    "amount": invoice.amount_residual,
                    "currency_id": invoice.currency_id.id,
                    "partner_id": self.customer.id,
                    "reference": f"{invoice.name}-first",
                    "invoice_ids": [Command.set(invoice.ids)],
                }
            )
        )
        self.answers = [answer]
        tx._charge_with_token()
        self.env.flush_all()
        return tx

    def failed(self, answer="error:no money", **values):
        self.charge(self.invoice(**values), answer)
        return self.recoveries()[:1]

    def recoveries(self):
        return self.env["dunning.recovery"].search(
            [("partner_id", "=", self.customer.id)]
        )

    def retry(self, *answers, days=1, **delta):
        """Time passes and the job comes round."""
        self.travel(days, **delta)
        self.answers, self.charged = list(answers), []
        with self.enter_registry_test_mode():
            self.env["dunning.recovery.charger"]._charge_due()
        self.env.invalidate_all()
        return self.charged

    # === WHAT OPENS ONE === #

    def test_charge_that_fails_opens_one(self):
        recovery = self.failed()
        self.assertRecordValues(
            recovery,
            [
                {
                    "state": "open",
                    "decline_class": "soft",
                    "amount": 100,
                    "message": "no money",
                    "attempt_count": 0,
                    "next_retry_at": self.moment + timedelta(days=1),
                }
            ],
        )
        self.assertEqual(recovery.hold_id.kind, "recovery")

    def test_reminders_rest_meanwhile(self):
        recovery = self.failed(days_overdue=9)
        self.run_on()
        self.assertEqual(self.why(recovery.move_id), "hold/hold_recovery")
        self.assertFalse(self.notices())
        recovery.sudo()._set_state("ended")
        self.run_on()
        self.assertEqual(self.why(recovery.move_id), "remind/level_reached")

    def test_what_opens_none(self):
        for name, values in (
            ("the customer was there", {"operation": "online_token"}),
            ("no stored method", {"token_id": False}),
        ):
            with self.subTest(name):
                invoice = self.invoice()
                tx = (
                    self.env["payment.transaction"]
                    .sudo()
                    .create(
                        {
                            "provider_id": self.token.provider_id.id,
                            "payment_method_id": self.method.id,
                            "token_id": self.token.id,
                            "operation": "offline",
                            "amount": 100,
                            "currency_id": invoice.currency_id.id,
                            "partner_id": self.customer.id,
                            "reference": f"{invoice.name}-{name}",
                            "invoice_ids": [Command.set(invoice.ids)],
                            **values,
                        }
                    )
                )
                tx._set_error("no money")
                self.assertFalse(self.recoveries())

    def test_second_failure_opens_no_second_one(self):
        recovery = self.failed()
        again = recovery.move_id._dunning_charge_failed(message="no money")
        self.assertEqual(again, recovery)
        with (
            self.assertRaises(IntegrityError),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            recovery.sudo().copy()

    def test_modules_of_others_say_it_themselves(self):
        recovery = self.invoice()._dunning_charge_failed(message="Card expired 01/26")
        self.assertEqual(
            (recovery.state, recovery.decline_class), ("customer", "expired")
        )

    def test_classes(self):
        for message, expected in (
            ("no money", ("open", "soft")),
            ("what?", ("open", "soft")),
            ("Your card has EXPIRED", ("customer", "expired")),
            ("stolen card", ("customer", "fraud")),
            ("authentication needed", ("customer", "authentication")),
        ):
            with self.subTest(message):
                recovery = self.invoice()._dunning_charge_failed(message=message)
                self.assertEqual((recovery.state, recovery.decline_class), expected)

    def test_the_networks_advice_wins(self):
        reason = self.env["dunning.decline.reason"]._find(
            "stripe", Decline("insufficient_funds", "03")
        )
        self.assertEqual(reason.decline_class, "hard")

    # === TRIES === #

    def test_recovered_by_a_try(self):
        recovery = self.failed()
        self.assertEqual(self.retry(), [f"{recovery.move_id.name}-R{recovery.id}-1"])
        self.assertRecordValues(
            recovery,
            [
                {
                    "state": "recovered",
                    "recovered_by": "retry",
                    "recovered_amount": 100,
                    "attempt_count": 1,
                    "next_retry_at": False,
                }
            ],
        )
        self.assertEqual(recovery.hold_id.state, "released")
        self.assertIn(recovery.move_id.payment_state, ("paid", "in_payment"))

    def test_nothing_is_charged_before_its_time(self):
        self.failed()
        self.assertFalse(self.retry(days=0, hours=23))

    def test_tries_end(self):
        recovery = self.failed()
        numbers = [len(self.retry("error:no money")) for _day in range(30)]
        self.assertEqual(sum(numbers), 8)
        self.assertRecordValues(
            recovery, [{"state": "open", "next_retry_at": False, "attempt_count": 8}]
        )

    def test_unknown_reasons_are_tried_less(self):
        self.failed("error:what?")
        numbers = [len(self.retry("error:what?")) for _day in range(30)]
        self.assertEqual(sum(numbers), self.schedule.unknown_tries)

    def test_hard_refusal_stops_at_once(self):
        recovery = self.failed()
        self.retry("error:card stolen")
        self.assertEqual(
            (recovery.state, recovery.decline_class), ("customer", "fraud")
        )
        self.assertFalse(self.retry(days=30))

    def test_caps_of_the_network_are_kept_whoever_chose_the_time(self):
        self.env["dunning.retry.cap"].search([]).active = False
        self.env["dunning.retry.cap"].create(
            {
                "network": "visa",
                "date_from": "2020-01-01",
                "max_attempts": 2,
                "window_hours": 720,
                "source": "Test",
            }
        )
        recovery = self.failed()
        self.assertEqual(len(self.retry("error:no money")), 1)
        recovery.action_retry_now()
        self.assertFalse(self.retry(days=1))
        self.assertEqual(
            recovery.next_retry_at, recovery.failed_at + timedelta(hours=720)
        )

    def test_caps_count_all_invoices_of_a_card(self):
        self.env["dunning.retry.cap"].search([]).active = False
        self.env["dunning.retry.cap"].create(
            {
                "network": "visa",
                "date_from": "2020-01-01",
                "max_attempts": 3,
                "window_hours": 720,
                "source": "Test",
            }
        )
        for _number in range(2):
            self.failed()
        self.assertEqual(len(self.retry(*["error:no money"] * 2)), 1)

    # === NEVER TWICE === #

    def test_lost_answer_is_never_charged_again(self):
        recovery = self.failed()
        self.retry("lost")
        self.assertEqual(recovery.state, "unknown")
        self.assertTrue(recovery.activity_ids)
        self.assertFalse(self.retry(days=40))

    def test_lost_answer_of_the_first_charge(self):
        """It opens one that is unknown from the beginning, until somebody knows."""
        for name, settle, state in (
            ("taken", lambda one: one.action_was_charged(), "recovered"),
            ("not taken", lambda one: one.action_was_not_charged(), "open"),
            ("webhook", lambda one: self.hear(one.transaction_id, "done"), "recovered"),
            ("refusal", lambda one: self.hear(one.transaction_id, "error"), "open"),
            ("no word", lambda one: self.hear(one.transaction_id, "draft"), "unknown"),
        ):
            with self.subTest(name):
                recovery = self.failed("lost").sudo()
                self.assertEqual(recovery.state, "unknown")
                self.assertTrue(recovery.activity_ids)
                self.assertFalse(self.retry(days=2))
                settle(recovery)
                self.assertEqual(recovery.state, state)
                if state == "open":
                    recovery.sudo()._set_state("ended")

    def hear(self, tx, state):
        """What the provider tells later."""

        def apply(tx, data):
            if state == "done":
                tx._set_done()
            elif state == "error":
                tx._set_error("no money")

        payment = "odoo.addons.payment.models.payment_transaction.PaymentTransaction"
        with patch(f"{payment}._apply_updates", apply):
            tx._apply_updates({})

    def test_another_amount_was_taken(self):
        """An error for Odoo; never charged again here."""
        recovery = self.failed()
        amount = {"amount": 1, "currency_code": recovery.currency_id.name}
        with patch.object(
            type(self.env["payment.transaction"]),
            "_extract_amount_data",
            lambda tx, data: amount,
        ):
            self.retry("amount")
        self.assertEqual(recovery.state, "unknown")

    def test_nobody_charges_by_hand_beside_a_try(self):
        recovery = self.failed()
        self.retry("lost")
        payment = self.env["account.payment"].with_context(
            active_model="account.move", active_ids=recovery.move_id.ids
        )
        with self.assertRaisesRegex(UserError, "being charged already"):
            payment.new()._prepare_payment_transaction_vals()

    def test_provider_that_says_nothing_is_unknown(self):
        recovery = self.failed()
        self.retry("silent")
        self.assertEqual(recovery.state, "unknown")

    def test_error_of_the_code_is_unknown(self):
        recovery = self.failed()
        with mute_logger(CHARGER):
            self.retry(ZeroDivisionError())
        self.assertEqual(recovery.state, "unknown")

    def test_process_that_died(self):
        """The try was on disk; nobody knows whether the provider was asked."""
        recovery = self.failed()
        self.travel(1)
        charger = self.env["dunning.recovery.charger"].sudo()
        with patch.object(type(charger), "_commit", lambda self: None):
            found, attempt = charger._claim_next()
        self.assertTrue(found)
        self.assertEqual(attempt.state, "charging")
        charger._expire_leases()
        self.assertEqual(recovery.state, "charging")
        self.travel(hours=1)
        charger._expire_leases()
        self.assertEqual((recovery.state, attempt.state), ("unknown", "unknown"))

    def test_payment_under_way(self):
        """The customer pays at this moment: pending, begun, done but not booked."""
        recovery = self.failed()
        for state in ("pending", "draft", "done"):
            with self.subTest(state):
                tx = (
                    self.env["payment.transaction"]
                    .sudo()
                    .create(
                        {
                            "provider_id": self.token.provider_id.id,
                            "payment_method_id": self.method.id,
                            "operation": "online_direct",
                            "amount": 1,
                            "currency_id": recovery.currency_id.id,
                            "partner_id": self.customer.id,
                            "reference": f"portal-{state}",
                            "invoice_ids": [Command.set(recovery.move_id.ids)],
                        }
                    )
                )
                self.travel(1)
                self.env.cr.execute(
                    "UPDATE payment_transaction SET state = %s, create_date = %s,"
                    " last_state_change = %s, is_post_processed = FALSE WHERE id = %s",
                    [state, self.moment, self.moment, tx.id],
                )
                tx.invalidate_recordset()
                self.assertFalse(self.retry(days=0))
                tx._write({"state": "cancel"})

    def test_disputed_invoices_are_not_charged(self):
        recovery = self.failed()
        self.env["dunning.hold"].sudo().create(
            {
                "kind": "dispute",
                "company_id": self.company.id,
                "partner_id": self.customer.id,
                "date_end": self.today + timedelta(days=3),
            }
        )
        self.assertFalse(self.retry(days=2))
        self.assertTrue(self.retry(days=4))
        self.assertEqual(recovery.state, "recovered")

    def test_paid_meanwhile(self):
        recovery = self.failed()
        self.pay(recovery.move_id)
        self.env.cr.precommit.run()
        self.assertEqual(
            (recovery.state, recovery.recovered_by), ("recovered", "other")
        )
        self.assertFalse(self.retry(days=2))

    def test_part_paid_meanwhile(self):
        """Charged is what is open at that moment."""
        recovery = self.failed()
        self.pay(recovery.move_id, 60)
        self.retry()
        self.assertEqual(recovery.recovered_amount, 40)

    def test_customer_pays_a_part_online(self):
        """The rest is still to be recovered."""
        recovery = self.failed()
        tx = (
            self.env["payment.transaction"]
            .sudo()
            .create(
                {
                    "provider_id": self.token.provider_id.id,
                    "payment_method_id": self.method.id,
                    "operation": "online_direct",
                    "amount": 30,
                    "currency_id": recovery.currency_id.id,
                    "partner_id": self.customer.id,
                    "reference": "part",
                    "invoice_ids": [Command.set(recovery.move_id.ids)],
                }
            )
        )
        tx._set_done()
        tx._post_process()
        self.assertEqual(recovery.state, "open")
        self.retry()
        self.assertEqual(recovery.recovered_amount, 70)

    def test_kill_switch(self):
        recovery = self.failed()
        self.company.sudo().dunning_stopped = True
        self.assertFalse(self.retry(days=2))
        self.assertEqual(recovery.state, "open")

    def test_stored_method_is_gone(self):
        recovery = self.failed()
        self.token.active = False
        self.assertFalse(self.retry())
        self.assertEqual(recovery.state, "customer")

    # === WHAT IS SAID LATE === #

    def test_late_success(self):
        """The webhook comes after the answer was lost, or even after an error."""
        for answer in ("lost", "error:no money"):
            with self.subTest(answer):
                recovery = self.failed()
                self.retry(answer)
                recovery.attempt_ids.sudo().transaction_id._set_done()
                self.assertEqual(recovery.state, "recovered")
                self.assertFalse(self.retry(days=30))
                self.pay(recovery.move_id)

    def test_on_its_way_for_days(self):
        recovery = self.failed()
        self.retry("pending")
        attempt = recovery.attempt_ids
        self.assertEqual((recovery.state, attempt.state), ("charging", "pending"))
        self.assertFalse(self.retry(days=3))
        attempt.sudo().transaction_id._set_error("no money")
        self.assertEqual((recovery.state, attempt.state), ("open", "failed"))

    def test_what_was_not_charged_is_not_under_way(self):
        """The process died before it heard a word; the next try need not wait."""
        recovery = self.failed()
        self.retry("silent")
        recovery.action_was_not_charged()
        self.assertEqual(recovery.sudo().attempt_ids.transaction_id.state, "error")
        recovery.sudo().next_retry_at = self.moment
        self.assertTrue(self.retry(days=0, minutes=1))
        self.assertEqual(recovery.state, "recovered")

    def test_a_manager_settles_what_is_unknown(self):
        manager = new_test_user(
            self.env,
            "recovering",
            groups="dunning_automation.group_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        collector = new_test_user(
            self.env,
            "collecting",
            groups="dunning_automation.group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        recovery = self.failed()
        self.retry("lost")
        with self.assertRaises(AccessError):
            recovery.with_user(collector).action_was_charged()
        recovery.with_user(manager).action_was_not_charged()
        self.assertEqual(recovery.state, "open")
        with self.assertRaises(UserError):
            recovery.with_user(manager).action_was_charged()
        self.retry("lost", days=4)
        recovery.with_user(manager).action_was_charged()
        self.assertEqual(recovery.state, "recovered")

    # === A NEW METHOD, AND THE HOOK FOR OTHERS === #

    def test_new_method_is_charged_at_once(self):
        recovery = self.failed("error:card stolen")
        token = self.token.copy({"provider_ref": "new"})
        recovery.sudo()._take_over(token)
        self.assertTrue(self.retry(days=0, minutes=61))
        self.assertEqual(recovery.attempt_ids.sudo().transaction_id.token_id, token)

    def test_others_charge_an_invoice(self):
        invoice = self.invoice()
        sender = type(self.env["dunning.sender"])
        with patch.object(sender, "_commit", lambda self: None):
            tx = invoice._dunning_charge_token(self.token)
            self.assertEqual(tx.state, "done")
            self.assertFalse(invoice._dunning_charge_token(self.token))
            tx._post_process()
            with self.assertRaises(UserError):
                invoice._dunning_charge_token(self.token)
        self.assertEqual(len(self.charged), 1)

    # === BAD INPUT === #

    def test_bad_input(self):
        for name, values in (
            ("dunning.decline.reason", {"name": "Nothing"}),
            ("dunning.retry.schedule", {"name": "A", "paydays": "1, 32"}),
            ("dunning.retry.schedule", {"name": "B", "paydays": "Monday"}),
        ):
            with self.subTest(**values), self.assertRaises(ValidationError):
                self.env[name].create(values)

    def test_no_way_back(self):
        recovery = self.failed()
        recovery.sudo()._set_state("ended")
        with self.assertRaises(UserError):
            recovery.sudo()._set_state("open")
