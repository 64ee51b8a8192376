from datetime import timedelta

from odoo.tests import tagged

from .common import DunningCommon

REPORT = """\
From: {sender}
To: bounce@company.example
Subject: Delivery report
Message-ID: <report@mx.example.com>
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

A report.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; {address}
Action: {action}
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: {message_id}
Subject: payment reminder

--b--
"""

ANSWER = """\
From: {sender}
To: billing@company.example
Subject: Re: payment reminder
Message-ID: <answer@example.com>
References: <other@example.com> {message_id}

We will pay.
"""


@tagged("post_install", "-at_install")
class TestProof(DunningCommon):
    """What comes back proves what became of a message."""

    def setUp(self):
        super().setUp()
        self.invoice()
        self.run_on()
        self.notice = self.notices()

    def lose(self):
        """The sender dies while the message is on its way."""
        self.notice.sudo()._set_state(
            "claimed",
            message_id="<lost@company.example>",
            lease_until=self.moment + timedelta(minutes=5),
        )
        self.travel(minutes=6)
        self.deliver()
        self.assertEqual(self.notice.state, "unknown")

    def receive(self, text, **values):
        values = {
            "address": self.customer.email,
            "message_id": self.notice.message_id,
            "sender": "MAILER-DAEMON@mx.example.com"
            if text == REPORT
            else self.customer.email,
            **values,
        }
        self.env["mail.thread"].message_process(
            "res.partner", text.format(**values).encode(), thread_id=self.customer.id
        )

    def test_bounce_of_a_sent_message_fails_and_is_a_task(self):
        self.deliver()
        self.receive(REPORT, action="failed")
        self.assertEqual(self.notice.state, "failed")
        self.assertIn("came back", self.notice.reason)
        self.assertTrue(self.notice.case_id.activity_ids)

    def test_bounce_of_an_unknown_message_proves_that_it_did_not_arrive(self):
        self.lose()
        self.receive(REPORT, action="failed")
        self.assertEqual(self.notice.state, "failed")

    def test_report_of_success_proves_that_it_arrived(self):
        self.lose()
        self.receive(REPORT, action="delivered")
        self.assertEqual(self.notice.state, "delivered")

    def test_delay_proves_nothing(self):
        self.lose()
        self.receive(REPORT, action="delayed")
        self.assertEqual(self.notice.state, "unknown")

    def test_answer_proves_that_it_arrived(self):
        self.lose()
        self.receive(ANSWER)
        self.assertEqual(self.notice.state, "delivered")

    def test_foreign_mail_changes_nothing(self):
        self.lose()
        self.receive(ANSWER, message_id="<foreign@example.com>")
        self.receive(REPORT, action="failed", message_id="<foreign@example.com>")
        self.assertEqual(self.notice.state, "unknown")

    def test_colleague_of_the_recipient_proves_it_too(self):
        self.lose()
        self.env["res.partner"].create(
            {
                "name": "Clerk",
                "email": "clerk@example.com",
                "parent_id": self.customer.id,
            }
        )
        self.receive(ANSWER, sender="clerk@example.com")
        self.assertEqual(self.notice.state, "delivered")

    def test_mail_server_that_answers_in_words_proves_nothing(self):
        """Some servers return mail without a report that a machine can read."""
        self.lose()
        self.receive(ANSWER, sender="postmaster@mx.example.com")
        self.assertEqual(self.notice.state, "unknown")

    def test_debtor_cannot_stop_his_reminders_by_a_forged_report(self):
        self.deliver()
        self.receive(REPORT, action="failed", sender=self.customer.email)
        self.assertEqual(self.notice.state, "sent")
        self.assertTrue(self.notice.case_id.activity_ids)

    def test_report_about_somebody_else_proves_nothing(self):
        self.deliver()
        self.receive(REPORT, action="failed", address="other@example.com")
        self.assertEqual(self.notice.state, "sent")

    def test_second_report_changes_nothing(self):
        self.deliver()
        self.receive(REPORT, action="failed")
        self.receive(REPORT, action="delivered")
        self.assertEqual(self.notice.state, "failed")
