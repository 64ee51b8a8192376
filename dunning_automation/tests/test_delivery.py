import email
import email.policy
import smtplib
from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from odoo import Command, tools
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..tools import smtp_outcome
from ..tools.sender_batch import Claim, Outcome, SenderBatch
from .common import NO_TRACKING, DunningCommon

ADDON = "odoo.addons.dunning_automation"
SENDER = f"{ADDON}.models.dunning_sender"


def refused(code):
    return smtplib.SMTPRecipientsRefused({"customer@example.com": (code, b"No")})


@tagged("post_install", "-at_install")
class TestDelivery(DunningCommon):
    def setUp(self):
        super().setUp()
        self.only_the_claim_looks()
        self.overdue = self.invoice(days_overdue=9)

    def ready(self):
        self.run_on()
        return self.notices(state="ready")

    # === THE MAIN ROAD === #

    def test_message(self):
        notice = self.ready()
        messages = self.deliver()
        self.assertEqual(len(messages), 1)
        self.assertEqual(len(self.emails), 1)
        message = messages[0]["EmailMessage"]
        self.assertEqual(message["To"], f"Customer <{self.customer.email}>")
        self.assertIn("billing@company.example", message["From"])
        self.assertIn("billing@company.example", message["Reply-To"])
        self.assertIn(self.company.name, message["Subject"])
        self.assertEqual(message["Auto-Submitted"], "auto-generated")
        self.assertIn(self.overdue.name, messages[0]["body"])
        self.assertIn("100.00", messages[0]["body"])
        self.assertRecordValues(
            notice,
            [
                {
                    "state": "sent",
                    "attempt": 1,
                    "date_sent": self.moment,
                    "lease_until": False,
                    "message_id": message["Message-Id"],
                }
            ],
        )
        kinds = notice.event_ids.sorted("id").mapped("kind")
        self.assertEqual(kinds, ["notice_planned", "notice_claimed", "notice_sent"])

    def test_nothing_is_sent_twice(self):
        self.ready()
        self.assertEqual(len(self.deliver()), 1)
        self.assertFalse(self.deliver())

    def test_nothing_waits_in_odoos_own_queue(self):
        self.ready()
        self.deliver()
        self.assertFalse(self._new_mails)

    def test_case_keeps_the_message_and_notifies_nobody(self):
        notice = self.ready()
        self.deliver()
        message = notice.case_id.message_ids.filtered(
            lambda message: message.message_type == "email_outgoing"
        )
        self.assertEqual(message.message_id, notice.message_id)
        self.assertEqual(message.partner_ids, self.customer)
        self.assertIn(self.overdue.name, message.body)
        self.assertFalse(message.notification_ids)

    def test_answers_go_to_the_collector(self):
        notice = self.ready()
        collector = self.new_user(
            "col", "dunning_automation.group_user", email="col@company.example"
        )
        notice.case_id.with_context(**NO_TRACKING).user_id = collector
        message = self.deliver()[0]["EmailMessage"]
        self.assertIn("col@company.example", message["Reply-To"])
        self.assertIn("billing@company.example", message["From"])

    def test_activity_is_a_task_on_the_case(self):
        self.told(self.overdue, 8, days_ago=30)
        self.receivable(self.overdue).date_maturity = self.today - timedelta(days=15)
        self.run_on()
        self.deliver()
        case = self.customer.dunning_case_id
        self.assertRecordValues(
            case.activity_ids,
            [
                {
                    "summary": "Call the customer: final reminder sent",
                    "user_id": self.policy.user_id.id,
                    "date_deadline": self.today,
                }
            ],
        )
        self.assertEqual(set(self.notices().mapped("state")), {"sent"})

    def test_notices_wait_for_their_time(self):
        notice = self.ready()
        notice.sudo().not_before = self.moment + timedelta(minutes=5)
        self.assertFalse(self.deliver())
        self.travel(minutes=5)
        self.assertEqual(len(self.deliver()), 1)

    def test_planned_and_simulated_notices_stay(self):
        self.policy.mode = "review"
        self.run_on()
        self.policy.mode = "simulate"
        self.invoice(self._create_customer())
        self.run_on()
        self.assertFalse(self.deliver())
        self.assertEqual(self.notices().state, "planned")

    # === THE LEDGER IS READ AGAIN === #

    def test_paid_meanwhile(self):
        notice = self.ready()
        payment = self.pay(self.overdue)
        self.assertFalse(self.deliver())
        self.assertRecordValues(
            notice, [{"state": "suppressed", "reason": "Paid or settled"}]
        )
        self.assertFalse(notice.line_ids.live)
        # The payment bounces on the same day: the step is free again.
        self.unpay(payment)
        self.run_on()
        second = self.notices(state="ready")
        self.assertEqual(self.steps(second), {self.overdue: 1})
        self.assertEqual(len(self.deliver()), 1)

    def test_every_stop_sign_is_read_again(self):
        def excluded(invoice):
            invoice.no_followup = True

        def blocked(invoice):
            invoice.action_toggle_block_payment()

        def reset(invoice):
            invoice.button_draft()

        def covered(invoice):
            self.credit_note(invoice.partner_id)

        for stop, reason in [
            (excluded, "Excluded from follow-ups"),
            (blocked, "The invoice is blocked"),
            (reset, None),
            (covered, "Open credits of the customer cover it"),
        ]:
            with self.subTest(stop.__name__):
                customer = self._create_customer()
                invoice = self.invoice(customer)
                self.run_on()
                stop(invoice)
                sent = self.deliver()
                self.assertFalse(
                    [mail for mail in sent if customer.email in str(mail["email_to"])]
                )
                notice = self.notices(customer)
                self.assertEqual(notice.state, "suppressed")
                if reason:
                    self.assertEqual(notice.reason, reason)

    def test_invoice_reset_to_draft_is_not_called_paid(self):
        notice = self.ready()
        self.overdue.button_draft()
        self.deliver()
        self.assertEqual(notice.state, "suppressed")
        self.assertEqual(notice.reason, "The entry is not posted any more")

    def test_partial_payment_rewrites_the_text(self):
        notice = self.ready()
        self.assertIn("100.00", notice.body)
        self.pay(self.overdue, amount=37.5)
        body = self.deliver()[0]["body"]
        self.assertIn("62.50", body)
        self.assertNotIn("100.00", body)
        self.assertEqual(notice.line_ids.residual_currency, 62.5)
        self.assertEqual(notice.overdue_amount, 62.5)

    def test_one_of_two_invoices_paid(self):
        second = self.invoice(days_overdue=3, amount=55.0)
        notice = self.ready()
        self.pay(self.overdue)
        body = self.deliver()[0]["body"]
        self.assertNotIn(self.overdue.name, body)
        self.assertIn(second.name, body)
        self.assertNotIn("155.00", body)
        dropped = notice.line_ids.filtered("drop_reason")
        self.assertEqual(dropped.move_id, self.overdue)
        self.assertFalse(dropped.live)

    def test_furthest_invoice_paid_the_rest_gets_a_milder_message(self):
        """Nobody gets the final reminder for an invoice that is two days late."""
        self.told(self.overdue, 1, days_ago=20)
        young = self.invoice(days_overdue=2)
        notice = self.ready()
        self.assertEqual(self.steps(notice), {self.overdue: 8, young: 1})
        self.pay(self.overdue)
        self.assertFalse(self.deliver())
        self.assertEqual(notice.state, "suppressed")
        self.run_on(days=1)
        milder = self.notices(state="ready")
        self.assertEqual(self.steps(milder), {young: 1})
        self.assertEqual(milder.level_id.delay_days, 1)

    def test_due_date_postponed_while_it_waits(self):
        notice = self.ready()
        self.overdue.invoice_date_due = self.today + timedelta(days=20)
        self.assertFalse(self.deliver())
        self.assertEqual(notice.state, "suppressed")
        self.run_on(days=1)
        self.assertEqual(self.why(self.overdue), "wait/not_reached")

    def test_address_corrected_while_it_waits(self):
        notice = self.ready()
        self.customer.email = "new@example.com"
        (mail,) = self.deliver()
        self.assertIn("<new@example.com>", mail["EmailMessage"]["To"])
        self.assertEqual(notice.email_to, "new@example.com")

    def test_address_removed_while_it_waits(self):
        notice = self.ready()
        self.customer.email = False
        self.assertFalse(self.deliver())
        self.assertEqual(notice.state, "suppressed")
        self.run_on(days=1)
        self.assertEqual(self.why(self.overdue), "unreachable/no_email")

    def test_residual_below_the_minimum_of_the_level(self):
        self.level(1).min_amount = 50
        notice = self.ready()
        self.pay(self.overdue, amount=60)
        self.assertFalse(self.deliver())
        self.assertEqual(notice.state, "suppressed")

    def test_courtesy_leaves_beside_an_old_debt_below_the_minimum(self):
        """The minimum is about reminders; found by a replay that said more than was
        said."""
        self.policy.min_overdue_amount = 50
        self.invoice(days_overdue=12, amount=10)
        self.invoice(days_overdue=-4, amount=100)
        self.run_on()
        self.assertEqual(len(self.deliver()), 1)

    def test_overdue_total_below_the_minimum_of_the_policy(self):
        self.policy.min_overdue_amount = 50
        notice = self.ready()
        self.pay(self.overdue, amount=60)
        self.assertFalse(self.deliver())
        self.assertEqual(notice.state, "suppressed")

    def test_policy_archived_or_set_to_simulate(self):
        for values in ({"active": False}, {"mode": "simulate"}):
            with self.subTest(values=values), self.cr.savepoint() as savepoint:
                notice = self.ready()
                self.policy.write(values)
                self.assertFalse(self.deliver())
                self.assertEqual(notice.state, "suppressed")
                savepoint.rollback()

    def test_credit_is_not_counted_twice(self):
        """The older invoice is covered and not listed: its credit is used up."""
        self.invoice(days_overdue=30, amount=60)
        self.credit_note(amount=60)
        self.ready()
        body = self.deliver()[0]["body"]
        self.assertIn("100.00", body)
        self.assertNotIn("Your open credits", body)

    def test_credit_that_covers_a_part_is_shown(self):
        self.credit_note(amount=30)
        self.ready()
        body = self.deliver()[0]["body"]
        self.assertIn("Your open credits", body)
        self.assertIn("70.00", body)

    def test_credit_of_a_subsidiary_is_not_set_off(self):
        subsidiary = self._create_customer(parent_id=self.customer.id)
        self.assertEqual(subsidiary.commercial_partner_id, subsidiary)
        self.credit_note(subsidiary, amount=30)
        self.ready()
        self.assertNotIn("Your open credits", self.deliver()[0]["body"])

    def test_recipient_left_the_company_or_was_archived(self):
        contact = self.env["res.partner"].create(
            {
                "name": "Clerk",
                "email": "clerk@example.com",
                "parent_id": self.customer.id,
            }
        )
        self.customer.dunning_contact_id = contact
        other = self._create_customer()
        for values in ({"parent_id": other.id}, {"active": False}):
            with self.subTest(values=values), self.cr.savepoint() as savepoint:
                notice = self.ready()
                self.assertEqual(notice.recipient_id, contact)
                contact.write(values)
                self.assertFalse(self.deliver())
                self.assertEqual(notice.state, "suppressed")
                self.run_on(days=1)
                self.assertEqual(
                    self.notices(state="ready").recipient_id, self.customer
                )
                savepoint.rollback()

    def test_copied_customer_takes_no_contact_along(self):
        self.customer.dunning_contact_id = self._create_customer()
        self.assertFalse(self.customer.copy().dunning_contact_id)

    def test_corrected_template_is_what_leaves(self):
        notice = self.ready()
        template = self.level(1).action_ids.template_id
        self.travel(days=0, minutes=5)
        template.body_html = "<p>Corrected text</p>"
        self.env.flush_all()
        self.cr.execute(
            "UPDATE mail_template SET write_date = %s WHERE id = %s",
            (self.moment, template.id),
        )
        template.invalidate_recordset()
        self.assertIn("Corrected text", self.deliver()[0]["body"])
        self.assertEqual(notice.state, "sent")

    def test_poison_notice_is_put_off_and_the_next_one_leaves(self):
        self.invoice(self._create_customer(), days_overdue=9)
        self.run_on()
        poison = self.notices()
        model = type(self.env["dunning.notice"])
        apply_review = model._apply_review

        def fail(notice, row):
            if notice == poison:
                raise ValueError("Boom")
            return apply_review(notice, row)

        self.startPatcher(patch.object(model, "_apply_review", fail))
        with mute_logger(SENDER):
            self.assertEqual(len(self.deliver()), 1)
        self.assertEqual(poison.state, "ready")
        self.assertEqual(poison.not_before, self.moment + timedelta(hours=1))
        self.assertIn("Boom", poison.reason)

    def test_only_what_failed_or_is_unknown_is_sent_again(self):
        """The list offers the button for everything that is ticked."""
        notice = self.ready()
        notice.sudo()._set_state("claimed")
        with self.assertRaisesRegex(UserError, "failed or is unknown"):
            notice.action_retry()
        with self.assertRaisesRegex(UserError, "unknown notice"):
            notice.action_mark_sent()
        self.assertEqual(notice.state, "claimed")

    def test_refused_message_is_a_task_and_no_contact(self):
        notice = self.ready()
        self.deliver(send_error=refused(550))
        self.assertEqual(notice.state, "failed")
        self.assertIn(
            "could not be sent", notice.case_id.activity_ids.mapped("summary")[0]
        )
        # Nobody gets the second reminder before the first one was cleared up.
        self.run_on(days=10)
        self.assertEqual(self.why(self.overdue), "wait/delivery_failed")
        notice.with_env(self.env).action_retry()
        self.assertEqual(len(self.deliver()), 1)
        self.run_on(days=7)
        self.assertReminded(self.overdue, 8)

    def test_texts_of_a_large_run_are_written_by_the_cron(self):
        self.startPatcher(
            patch("odoo.addons.dunning_automation.models.dunning_run.COMPOSE_BATCH", 1)
        )
        self.policy.mode = "review"
        self.invoice(self._create_customer(), days_overdue=9)
        run = self.run_on()
        self.assertEqual(sorted(bool(notice.body) for notice in run.notice_ids), [0, 1])
        self.deliver()
        self.assertTrue(all(notice.body for notice in run.notice_ids))

    def test_only_lines_without_a_step_are_left(self):
        """The line that called for the message is paid: no message about the rest."""
        waiting = self.overdue
        self.told(waiting, 1, days_ago=4)
        stepping = self.invoice(days_overdue=2)
        self.run_on()
        self.assertEqual(
            self.steps(self.notices(state="ready")), {waiting: None, stepping: 1}
        )
        self.pay(stepping)
        self.assertFalse(self.deliver())

    def test_text_counts_the_days_of_its_sending(self):
        self.policy.mode = "review"
        self.run_on()
        notice = self.notices()
        self.assertEqual(notice.line_ids.days_overdue, 9)
        self.travel(3)
        notice.action_approve()
        self.deliver()
        self.assertEqual(notice.line_ids.days_overdue, 12)

    def test_courtesy_lapses_while_it_waits(self):
        self.policy.mode = "review"
        customer = self._create_customer()
        self.invoice(customer, days_overdue=-2)
        self.run_on()
        notice = self.notices(customer)
        self.assertEqual(notice.level_id, self.level(-5))
        self.travel(3)
        notice.action_approve()
        self.assertFalse(self.deliver())
        self.assertEqual(notice.state, "suppressed")
        self.run_on()
        self.assertEqual(self.notices(customer)[1:].level_id, self.level(1))

    # === WHAT THE MAIL SERVER SAYS === #

    def test_smtp_outcomes(self):
        ready, failed, unknown = "ready", "failed", "unknown"
        table = [
            (smtplib.SMTPDataError(554, b"Spam"), failed),
            (smtplib.SMTPDataError(451, b"Later"), ready),
            (smtplib.SMTPSenderRefused(450, b"Later", "a@b.c"), ready),
            (smtplib.SMTPSenderRefused(553, b"No", "a@b.c"), failed),
            (refused(550), failed),
            (refused(451), ready),
            (smtplib.SMTPServerDisconnected("Gone"), unknown),
            (TimeoutError("Timed out"), unknown),
            (ConnectionResetError("Reset"), unknown),
            (smtplib.SMTPNotSupportedError("SMTPUTF8"), failed),
        ]
        for error, state in table:
            with self.subTest(error=repr(error)):
                customer = self._create_customer()
                self.invoice(customer)
                self.run_on()
                self.notices(self.customer).sudo().write({"state": "sent"})
                with mute_logger("odoo.addons.base.models.ir_mail_server"):
                    self.deliver(send_error=error)
                notice = self.notices(customer)
                self.assertEqual(notice.state, state)
                self.assertTrue(notice.reason)
                self.assertFalse(notice.lease_until)
                tasks = notice.case_id.activity_ids
                self.assertEqual(len(tasks), 0 if state == ready else 1)
                if state == ready:
                    self.assertEqual(
                        notice.not_before, self.moment + timedelta(minutes=5)
                    )

    def test_server_cannot_be_reached(self):
        notice = self.ready()
        self.deliver(connection_error=ConnectionRefusedError("refused"))
        self.assertRecordValues(
            notice,
            [
                {
                    "state": "ready",
                    "attempt": 1,
                    "not_before": self.moment + timedelta(minutes=5),
                }
            ],
        )
        self.assertIn("Outgoing Mail Servers", notice.reason)
        # Each try waits longer, and the notice keeps its Message-ID.
        message_id = notice.message_id
        for minutes in (15, 60, 240, 240):
            self.moment = notice.not_before
            self.deliver(connection_error=ConnectionRefusedError("refused"))
            self.assertEqual(
                notice.not_before, self.moment + timedelta(minutes=minutes)
            )
        self.moment = notice.not_before
        self.assertEqual(self.deliver()[0]["EmailMessage"]["Message-Id"], message_id)
        self.assertRecordValues(notice, [{"state": "sent", "reason": False}])

    def test_no_mail_server_is_one_clear_message(self):
        notice = self.ready()
        missing = UserError("Missing SMTP Server")
        with patch.object(
            type(self.env["ir.mail_server"]), "_connect__", side_effect=missing
        ):
            cron = self.env.ref("dunning_automation.ir_cron_deliver").sudo()
            with self.enter_registry_test_mode():
                self.assertIs(cron.method_direct_trigger(), True)
        self.assertEqual(notice.state, "ready")
        self.assertIn("Missing SMTP Server", notice.reason)
        self.assertIn("Outgoing Mail Servers", notice.reason)

    def test_one_failure_does_not_stop_the_next(self):
        customers = self._create_customers(3)
        self.invoices([{"partner": customer} for customer in customers])
        self.ready()
        self.run_on()
        origin = type(self.env["dunning.notice"])._deliver_email

        def deliver_email(notice, parcel, batch):
            if notice.partner_id == customers[0]:
                raise RuntimeError("Boom")
            return origin(notice, parcel, batch)

        with (
            patch.object(
                type(self.env["dunning.notice"]), "_deliver_email", deliver_email
            ),
            self.assertLogs(SENDER, "ERROR"),
        ):
            self.assertEqual(len(self.deliver()), 3)
        self.assertEqual(self.notices(customers[0]).state, "unknown")
        self.assertEqual(self.notices(customers[0]).reason, "Boom")
        self.assertEqual(self.notices(customers[2]).state, "sent")

    # === SENDERS THAT DIE === #

    def test_expired_lease_is_unknown_and_never_resent(self):
        notice = self.ready().sudo()
        notice._set_state("claimed", lease_until=self.moment + timedelta(minutes=5))
        self.assertFalse(self.deliver())
        self.assertEqual(notice.state, "claimed")
        self.travel(minutes=6)
        self.assertFalse(self.deliver())
        self.assertEqual(notice.state, "unknown")
        self.assertIn("on its way", notice.reason)
        self.assertFalse(self.deliver())

    def record(self, claim, outcome):
        batch = SenderBatch()
        self.env["dunning.sender"]._record(claim, outcome, batch)
        self.env["dunning.ledger"]._forget_prepared(batch)

    def test_answer_of_a_sender_that_was_overtaken_is_ignored(self):
        notice = self.ready().sudo()
        notice._set_state("claimed", fence="mine")
        self.env.flush_all()
        with self.assertLogs(SENDER, "ERROR") as logs:
            self.record(Claim(notice, "email", "theirs", None, 0), Outcome("sent"))
        self.assertIn("Fence violation", logs.output[0])
        self.assertEqual(notice.state, "claimed")
        self.assertIn("fence_violation", notice.event_ids.mapped("kind"))
        self.record(Claim(notice, "email", "mine", None, 0), Outcome("sent"))
        self.assertEqual(notice.state, "sent")

    def test_claim_is_written_before_anything_is_sent(self):
        notice = self.ready()
        seen = []

        def deliver_email(notice, parcel, batch):
            notice.env.cr.rollback()  # What a crash would leave behind.
            notice.invalidate_recordset()
            seen.append((notice.state, notice.attempt, bool(notice.fence)))
            return Outcome("sent")

        with patch.object(
            type(self.env["dunning.notice"]), "_deliver_email", deliver_email
        ):
            self.deliver()
        self.assertEqual(seen, [("claimed", 1, True)])
        self.assertEqual(notice.state, "sent")

    def test_connection_is_open_before_anything_is_claimed(self):
        """A payment must not slip in while a slow mail server says hello."""
        notice = self.ready()
        seen = []
        model = type(self.env["dunning.notice"])
        connect = model._get_mail_session

        def get_session(notices, sender, batch):
            known = batch.connections._sessions
            if sender not in known:
                seen.append(notice.with_env(notices.env).state)
            return connect(notices, sender, batch)

        with patch.object(model, "_get_mail_session", get_session):
            self.assertEqual(len(self.deliver()), 1)
        self.assertEqual(seen, ["ready"])

    def test_paid_while_the_mail_server_was_slow(self):
        notice = self.ready()
        model = type(self.env["dunning.notice"])

        def hand_over(session, *args):
            self.assertFalse(session.may_leave())
            raise smtp_outcome.Withdrawn

        with (
            patch(f"{ADDON}.models.dunning_channel_email.PATIENCE", -1),
            patch.object(model, "_is_unchanged", lambda notice: False),
            self.smtp(),
        ):
            session = type(self.testing_smtp_session)
            with (
                patch.object(session, "send_message", hand_over),
                self.enter_registry_test_mode(),
                mute_logger("odoo.addons.base.models.ir_mail_server"),
            ):
                self.env["dunning.sender"].sudo()._deliver()
        self.assertEqual(notice.state, "ready")
        self.assertIn("slow", notice.reason)

    def test_ledger_is_asked_once_more(self):
        notice = self.ready()
        for amount, unchanged in ((0, True), (1, False)):
            if amount:
                self.pay(self.overdue, amount=amount)
            with self.enter_registry_test_mode(), self.registry.cursor() as cr:
                fresh = notice.with_env(notice.env(cr=cr))
                self.assertEqual(fresh._is_unchanged(), unchanged)

    def test_sender_that_is_late_settles_what_became_unknown(self):
        notice = self.ready().sudo()
        notice._set_state("claimed", fence="mine")
        notice._set_state("unknown", "The lease was over")
        claim = Claim(notice, "email", "mine", None, 0)
        self.record(claim, Outcome("unknown", "No answer"))
        self.assertEqual(notice.state, "unknown")
        self.record(claim, Outcome("sent"))
        self.assertEqual(notice.state, "sent")

    def test_locked_invoice_is_tried_again_in_a_minute(self):
        notice = self.ready()
        sender = type(self.env["dunning.sender"])
        lock = sender._lock_next

        def lock_the_notice_only(*args):
            found, _is_whole = lock(*args)
            return found, False

        with patch.object(sender, "_lock_next", lock_the_notice_only):
            self.assertFalse(self.deliver())
        self.assertRecordValues(
            notice,
            [{"state": "ready", "not_before": self.moment + timedelta(minutes=1)}],
        )

    # === TEMPLATES === #

    def test_broken_template_fails_its_own_notice_only(self):
        broken = self.level(8)
        template = broken.action_ids.template_id
        # A field that was there when the template was saved and is gone now.
        self.env.flush_all()
        self.cr.execute(
            """UPDATE mail_template
                  SET body_html = '{"en_US": "<p t-out=''object.x_gone''/>"}'
                WHERE id = %s""",
            (template.id,),
        )
        self.env.invalidate_all()
        other = self.invoice(self._create_customer())
        self.told(self.overdue, 1, days_ago=8)
        self.run_on()
        failed = self.notices(level_id=broken.id)
        self.assertEqual(failed.state, "failed")
        self.assertIn(template.name, failed.reason)
        self.assertIn("x_gone", failed.reason)
        self.assertNotIn("Traceback", failed.reason)
        self.assertEqual(self.notices(other.partner_id).state, "ready")
        self.assertEqual(len(self.deliver()), 1)

    def test_message_is_what_odoo_would_build(self):
        """All but the first of a batch are written on the letterhead of the first."""
        strange = self._create_customer(name='Jürgen Größe, "Büro"')
        self.invoice(strange, amount=1234.5)
        self.run_on()
        notices = (self.notices() + self.notices(strange)).sudo()
        notices[1].subject = "Große Überfälligkeit " * 9
        notices[1].body += "<p>\n.\n\n€ " + "x" * 1200 + " \r\n</p>"
        messages = [mail["EmailMessage"] for mail in self.deliver()]
        for notice, message in zip(notices, messages, strict=True):
            age = datetime.now(timezone.utc) - message["Date"].datetime
            self.assertLess(abs(age), timedelta(hours=1))
            built = self.env["ir.mail_server"]._build_email__(
                message["From"],
                [tools.formataddr((notice.recipient_id.name, notice.email_to))],
                notice.subject,
                notice.body,
                reply_to=message["Reply-To"],
                message_id=notice.message_id,
                subtype="html",
                headers={
                    "X-Auto-Response-Suppress": "OOF",
                    "Auto-Submitted": "auto-generated",
                },
            )
            self.assertEqual(self.shown(message), self.shown(built))

    def shown(self, message):
        """What a mail program shows: headers, and text by type."""
        message = email.message_from_bytes(
            message.as_bytes(), policy=email.policy.default
        )
        parts = list(message.iter_parts())
        self.assertFalse([part.defects for part in parts if part.defects])
        return (
            sorted(
                (name, str(value))
                for name, value in message.items()
                if name not in ("Content-Type", "Date")  # boundary, moment
            ),
            message.get_content_type(),
            [(p.get_content_type(), p.get_content().splitlines()) for p in parts],
        )

    def test_own_template_of_the_user(self):
        template = self.env.ref("dunning_automation.mail_template_friendly").copy(
            {"subject": "{{ object.recipient_id.name }}\nplease pay"}
        )
        self.level(1).action_ids.template_id = template
        self.ready()
        message = self.deliver()[0]["EmailMessage"]
        self.assertEqual(message["Subject"], "Customer please pay")

    def test_names_cannot_smuggle_html_headers_or_addresses(self):
        for name in (
            "<b>Evil</b>",
            "Evil\r\nBcc: victim@example.com",
            "Evil\nBcc: <victim@example.com>",
            "victim@example.com",
            'Evil" <victim@example.com>, "',
            "Evil, victim@example.com",
        ):
            with self.subTest(name):
                customer = self._create_customer(name=name)
                self.invoice(customer)
                self.run_on()
                self.notices(self.customer).sudo().write({"state": "sent"})
                mail = self.deliver()[0]
                self.assertNotIn("<b>Evil</b>", mail["body"])
                self.assertFalse(mail["EmailMessage"]["Bcc"])
                self.assertEqual(self.emails[0]["smtp_to_list"], [customer.email])

    def test_messages_of_two_companies_do_not_mix(self):
        other = self.setup_other_company(name="Other", email="other@other.example")
        company = other["company"]
        self._create_policy(company_id=company.id)
        for owner, number in [(self.company, "DE02MINE"), (company, "AT99OTHER")]:
            bank = {"acc_number": number, "allow_out_payment": False}
            owner.partner_id.sudo().bank_ids = [Command.create(bank)]
        foreign = self.invoice(company=company, amount=77.0)
        self.run_on()
        self.run_on(company=company)
        mine, theirs = self.deliver()
        for mail, sender, bank, number in [
            (mine, "billing@company.example", "DE02MINE", self.overdue.name),
            (theirs, "other@other.example", "AT99OTHER", "77.00"),
        ]:
            self.assertIn(sender, mail["email_from"])
            self.assertIn(bank, mail["body"])
            self.assertIn(number, mail["body"])
        self.assertNotIn("AT99OTHER", mine["body"])
        self.assertNotIn("DE02MINE", theirs["body"])
        self.assertEqual(foreign.company_id, company)
