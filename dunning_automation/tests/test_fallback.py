import smtplib
from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_channels import ChannelCommon


@tagged("post_install", "-at_install")
class TestFallback(ChannelCommon):
    """What certainly did not arrive is said on the next channel, once."""

    def setUp(self):
        super().setUp()
        self.email = self.level(1).action_ids
        self.todo = self.env.ref("mail.mail_activity_data_todo")
        self.customer.phone = "+1 202 555 0122"

    def chain(self, *channels, of=None):
        """Fallbacks of the e-mail of the first level, one after the other."""
        previous = of or self.email
        for channel in channels:
            following = self.env["dunning.action"].create(
                {
                    "level_id": previous.level_id.id,
                    "channel": channel,
                    "template_id": self.email.template_id.id,
                    "activity_type_id": self.todo.id,
                    "activity_summary": "Call",
                    "is_fallback": True,
                }
            )
            previous.fallback_id = following
            previous = following

    def sent(self, customer=None, **values):
        """An e-mail of the first level that left."""
        invoice = self.invoice(customer or self.customer, days_overdue=9)
        notice = self.told(
            invoice,
            1,
            run_id=self.env["dunning.run"].create({}).id,
            debtor_key=invoice.partner_id.id,
            lang="en_US",
            message_id=f"<{next(self._numbers)}@odoo>",
            **values,
        )
        notice.line_ids.sudo().write({"currency_id": invoice.currency_id.id})
        self.env.flush_all()
        return notice

    def bounce(self, notice, status="5.1.1"):
        self.env["dunning.notice"].sudo()._receive_report(
            [notice.message_id], "failed", notice.email_to, "mailer@example", status
        )
        return notice.fallback_notice_id

    # === AFTER A BOUNCE === #

    def test_the_next_channel_that_reaches_the_customer(self):
        def portal_user(customer):
            self.portal_user(f"f{customer.id}", customer)

        def phone(customer):
            customer.phone = "+1 202 555 0122"

        def nothing(customer):
            pass

        table = [
            (("portal", "phone"), portal_user, "portal"),
            (("portal", "phone"), phone, "phone"),
            (("portal", "phone"), nothing, None),
            (("phone",), nothing, None),
            ((), phone, None),
        ]
        for channels, prepare, expected in table:
            with self.subTest(channels, prepare=prepare.__name__):
                self.email.fallback_id = False
                (self.level(1).action_ids - self.email).unlink()
                self.chain(*channels)
                customer = self._create_customer()
                prepare(customer)
                notice = self.sent(customer)
                fallback = self.bounce(notice)
                self.assertEqual(notice.state, "failed")
                self.assertEqual(fallback.channel or None, expected)
                kinds = notice.event_ids.mapped("kind")
                self.assertEqual("fallback_used" in kinds, bool(expected))
                if expected:
                    self.assertEqual(fallback.state, "ready", fallback.reason)
                    self.assertEqual(fallback.level_id, notice.level_id)
                    self.assertEqual(
                        fallback.line_ids.move_line_id, notice.line_ids.move_line_id
                    )
                    self.deliver()
                    self.assertEqual(fallback.state, "sent", fallback.reason)

    def test_never_twice(self):
        self.chain("phone")
        notice = self.sent()
        fallback = self.bounce(notice)
        self.assertTrue(fallback)
        self.bounce(notice)
        self.assertFalse(notice.sudo()._fall_back("Again"))
        with self.subTest("another message to the customer on that channel today"):
            other = self.sent(date=self.today - timedelta(days=1))
            self.assertFalse(self.bounce(other))
        with self.subTest("the step was taken on that channel before"):
            self.travel(1)
            notice.fallback_notice_id = False
            self.assertFalse(notice.sudo()._fall_back("Again"))
        self.assertEqual(len(self.notices(channel="phone")), 1)

    def test_same_rules_of_review(self):
        self.chain("phone")
        for mode, review, state in (
            ("automatic", False, "ready"),
            ("automatic", True, "planned"),
            ("review", False, "planned"),
        ):
            with self.subTest(mode, review=review):
                self.policy.mode = mode
                self.level(1).requires_review = review
                customer = self._create_customer(phone="+1 202 555 0122")
                self.assertEqual(self.bounce(self.sent(customer)).state, state)

    def test_nothing_is_said_that_is_settled_or_told_later(self):
        self.chain("phone")
        with self.subTest("paid"):
            notice = self.sent()
            self.pay(notice.line_ids.move_id)
            self.assertFalse(self.bounce(notice))
        with self.subTest("reminded at a later level meanwhile"):
            customer = self._create_customer(phone="+1 202 555 0122")
            notice = self.sent(customer)
            self.told(notice.line_ids.move_id, 8)
            self.assertFalse(self.bounce(notice))
            self.assertEqual(
                self.env["dunning.notice"].search_count(
                    [("partner_id", "=", customer.id)]
                ),
                2,
            )

    def test_the_failed_one_does_not_block_the_next_level(self):
        for channels, expected in (
            ((), "wait/delivery_failed"),
            (("phone",), "remind/level_reached"),
        ):
            with self.subTest(channels):
                self.email.fallback_id = False
                (self.level(1).action_ids - self.email).unlink()
                self.chain(*channels)
                customer = self._create_customer(phone="+1 202 555 0122")
                notice = self.sent(customer)
                fallback = self.bounce(notice)
                self.deliver()
                customer.email = "new@example.com"
                self.run_on(days=8)
                self.assertEqual(self.why(notice.line_ids.move_id), expected)
                if fallback:
                    with self.assertRaises(UserError):
                        notice.action_retry()

    def test_a_fallback_that_is_held_back_gives_the_failed_one_free(self):
        self.chain("phone")
        notice = self.sent()
        fallback = self.bounce(notice)
        fallback.sudo()._set_state("suppressed", "Somebody changed the policy")
        self.assertFalse(notice.fallback_notice_id)

    # === REFUSED WHILE IT IS SENT === #

    def test_refused_by_the_mail_server(self):
        self.chain("phone")
        table = [
            # what the server says, is the address remembered and another channel used
            (550, b"5.1.1 no such user", True),
            (550, b"no such user", True),
            (550, b"5.7.1 you are on a block list", False),
        ]
        for code, text, expected in table:
            with self.subTest(text):
                customer = self._create_customer(phone="+1 202 555 0122")
                notice, _invoice = self.planned(partner=customer)
                error = smtplib.SMTPRecipientsRefused({notice.email_to: (code, text)})
                with mute_logger("odoo.addons.base.models.ir_mail_server"):
                    self.deliver(send_error=error)
                self.assertEqual(notice.state, "failed")
                self.assertEqual(bool(notice.fallback_notice_id), expected)
                self.assertEqual(
                    customer.dunning_bounced_email or "",
                    notice.email_to if expected else "",
                )
                self.assertTrue(notice.case_id._get_contact_tasks())

    # === OPT-OUT AND BAD ADDRESSES === #

    def test_unwilling_and_bad_addresses(self):
        def unwilling(customer):
            self.env["mail.blacklist"].create({"email": customer.email})

        def willing_again(customer):
            unwilling(customer)
            self.env["mail.blacklist"]._remove(customer.email)

        def came_back(customer):
            self.settle(self.told_long_ago(customer))

        def spam_filter(customer):
            self.settle(self.told_long_ago(customer), status="5.7.1")

        def changed(customer):
            came_back(customer)
            customer.email = f"new{customer.id}@example.com"

        def confirmed(customer):
            came_back(customer)
            self.env["res.partner"]._dunning_clear_bounced(customer.email)

        table = [
            (unwilling, "unreachable/opted_out"),
            (willing_again, "remind/level_reached"),
            (came_back, "unreachable/bounced"),
            (spam_filter, "remind/level_reached"),
            (changed, "remind/level_reached"),
            (confirmed, "remind/level_reached"),
        ]
        for prepare, expected in table:
            with self.subTest(prepare.__name__):
                customer = self._create_customer()
                prepare(customer)
                invoice = self.invoice(customer, days_overdue=9)
                self.run_on()
                self.assertEqual(self.why(invoice), expected)
                if expected.startswith("unreachable"):
                    self.assertTrue(customer.dunning_case_id._get_contact_tasks())

    def settle(self, notice, **report):
        """It came back, and a manager decided against sending it again."""
        self.bounce(notice, **report)
        notice.sudo()._set_state("cancelled", "Paid")

    def told_long_ago(self, customer):
        """A message about an invoice that was paid since."""
        notice = self.sent(customer, days_ago=20)
        self.pay(notice.line_ids.move_id)
        return notice

    def test_came_back_blocks_no_other_invoice(self):
        """A failed notice that nobody settled blocks, as it did before."""
        customer = self._create_customer()
        notice = self.sent(customer)
        self.bounce(notice)
        invoice = self.invoice(customer, days_overdue=9)
        self.run_on()
        self.assertEqual(self.why(invoice), "wait/delivery_failed")

    def test_who_does_not_want_it_any_more_at_the_claim(self):
        def unwilling():
            self.env["mail.blacklist"].create({"email": self.customer.email})

        def bad():
            self.env["res.partner"]._dunning_mark_bounced(self.customer.email)

        for happen in (unwilling, bad):
            with self.subTest(happen.__name__):
                self.customer.email = f"{happen.__name__}@example.com"
                notice, _invoice = self.planned()
                happen()
                self.assertFalse(self.deliver())
                self.assertEqual(notice.state, "suppressed")

    def test_who_writes_to_us_can_be_written_to(self):
        self.env["res.partner"]._dunning_mark_bounced(self.customer.email)
        self.assertTrue(self.customer.dunning_bounced_email)
        with self.mock_mail_gateway():
            self.env["mail.thread"]._routing_reset_bounce(
                None, {"email_from": self.customer.email_formatted}
            )
        self.assertFalse(self.customer.dunning_bounced_email)

    def test_other_mails_that_come_back(self):
        """An invoice came back: a reminder to the same address would, too."""
        message = self.customer.message_post(
            body="Your invoice", partner_ids=self.customer.ids
        )
        address = self.customer.email
        table = [
            # action, who it is about, who reports, status, is it believed
            ("delayed", address, "mailer@x.example", "4.4.1", False),
            ("failed", "other@example.com", "mailer@x.example", "5.1.1", False),
            ("failed", address, address, "5.1.1", False),
            ("failed", address, "mailer@x.example", "5.7.1", False),
            ("failed", address, "mailer@x.example", "5.1.1", True),
        ]
        for action, about, sender, status, believed in table:
            with self.subTest(action, about=about, sender=sender, status=status):
                self.env["mail.thread"]._dunning_learn_from_bounce(
                    message, action, about, sender, status
                )
                self.assertEqual(bool(self.customer.dunning_bounced_email), believed)

    # === STEPS THAT NOBODY DOES === #

    def time_out(self):
        cron = self.env.ref("dunning_automation.ir_cron_time_out").sudo()
        with self.enter_registry_test_mode():
            self.assertIs(cron.method_direct_trigger(), True)

    def test_a_call_that_nobody_makes(self):
        action = self.use("phone")
        notice, invoice = self.planned()
        self.deliver()
        table = [(6, True), (1, False), (1, False)]
        for days, is_open in table:
            with self.subTest(days=days):
                self.travel(days)
                self.time_out()
                self.assertEqual(notice.task_id.active, is_open)
        self.assertIn("7 days", notice.task_id.feedback)
        kinds = notice.event_ids.mapped("kind")
        self.assertEqual(kinds.count("step_timed_out"), 1)
        self.assertEqual(notice.state, "sent")
        self.assertEqual(action.timeout_days, 7)

    def test_what_keeps_a_task_open(self):
        def put_off(notice):
            notice.task_id.date_deadline = self.today + timedelta(days=10)

        def no_limit(notice):
            notice.action_id.timeout_days = 0

        def done(notice):
            notice.task_id.action_feedback(feedback="Did it")

        def deleted(notice):
            notice.task_id.unlink()

        for prepare in (put_off, no_limit, done, deleted):
            with self.subTest(prepare.__name__):
                self.use("phone").timeout_days = 7
                customer = self._create_customer(phone="+1 202 555 0122")
                notice, _invoice = self.planned(partner=customer)
                self.deliver()
                prepare(notice)
                self.travel(8)
                self.time_out()
                self.travel(-8)
                self.assertNotIn("step_timed_out", notice.event_ids.mapped("kind"))

    def test_time_out_tries_the_fallback(self):
        self.use("phone")
        notice, _invoice = self.planned()
        self.deliver()
        self.chain("activity", of=self.level(1).action_ids)
        self.travel(8)
        self.time_out()
        self.assertEqual(notice.fallback_notice_id.channel, "activity")
        self.assertEqual(notice.state, "sent")

    def test_one_that_cannot_be_closed_stands_in_nobodys_way(self):
        self.use("phone")
        other = self._create_customer(phone="+1 202 555 0122")
        self.invoice(other, days_overdue=9)
        notice, _invoice = self.planned()
        self.deliver()
        origin = type(notice)._time_out

        def time_out(record):
            if record == notice:
                raise ZeroDivisionError
            return origin(record)

        self.travel(8)
        logger = "odoo.addons.dunning_automation.models.dunning_manual_step"
        with patch.object(type(notice), "_time_out", time_out), mute_logger(logger):
            self.time_out()
        self.assertTrue(notice.task_id.active)
        self.assertFalse(self.notices(other).task_id.active)

    def test_a_manual_step_never_blocks_the_sequence(self):
        kind = self.env.ref("mail.mail_activity_data_todo")
        for channel in ("activity", "phone", "notification", "server_action"):
            for state in ("sent", "failed", "unknown"):
                with self.subTest(channel, state=state):
                    self.use(channel, activity_type_id=kind.id)
                    customer = self._create_customer(phone="+1 202 555 0122")
                    notice, invoice = self.planned(partner=customer)
                    notice.sudo()._set_state("claimed")
                    notice.sudo()._set_state(state, date_sent=self.moment)
                    self.run_on(days=7)
                    self.assertReminded(invoice, 8)
                    self.travel(-7)

    def test_level_with_a_message_and_a_call(self):
        """Both are planned, the next level waits for neither to be done."""
        self.level(1).write({"action_ids": [Command.create({"channel": "phone"})]})
        invoice = self.invoice(days_overdue=1)
        self.run_on()
        self.assertEqual(set(self.notices().mapped("channel")), {"email", "phone"})
        self.deliver()
        self.run_on(days=7)
        self.assertReminded(invoice, 8)
