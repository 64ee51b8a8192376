from unittest.mock import patch

import requests

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import SmsCommon

SENDER = "odoo.addons.dunning_automation.models.dunning_sender"


@tagged("post_install", "-at_install")
class TestSms(SmsCommon):
    def assertNeverSent(self, times=1):
        """No queue, no cron and no later try hands anything over again."""
        self.travel(2)
        self.text()
        self.run_cron("sms.ir_cron_sms_scheduler_action")
        self.assertEqual(len(self.asked), times)
        self.assertFalse(
            self.env["sms.sms"].sudo().search([("state", "=", "outgoing")])
        )

    def test_accepted(self):
        message = self.messages()
        self.text()
        self.assertRecordValues(message, [{"state": "sent", "attempt": 1}])
        [(number, text)] = self.asked
        self.assertEqual(number, "+436641234500")
        self.assertEqual(text, message.sms_text)
        self.assertIn("100.00", text)
        self.assertIn(message._get_short_url("/d/"), text)
        self.assertEqual(self.sms(message).state, "pending")
        self.assertRecordValues(
            self.notification(message),
            [
                {
                    "notification_type": "sms",
                    "notification_status": "pending",
                    "sms_number": "+436641234500",
                    "res_partner_id": message.partner_id.id,
                }
            ],
        )
        self.assertEqual(message.mail_message_id.message_type, "sms")
        self.assertIn(message.mail_message_id, message.case_id.message_ids)
        self.assertNeverSent()

    def test_link_where_messages_open_no_account(self):
        self.company.dunning_link_days = 0
        message = self.messages()
        self.text()
        [(_number, text)] = self.asked
        move = message.line_ids.move_id
        self.assertIn(move.get_base_url() + move.get_portal_url(), text)

    def test_one_message_per_request(self):
        messages = self.messages(3)
        while "ready" in messages.mapped("state"):  # A slow machine needs more rounds.
            self.text()
        self.assertEqual(len(self.provider.asked), 3)
        self.assertEqual(len(set(self.asked)), 3)

    def test_answers(self):
        """Only what was certainly refused is failed; the rest, a person looks at."""
        table = [
            ("insufficient_credit", "failed", "credits", "sms_credit"),
            ("unregistered", "failed", "eligible", "sms_acc"),
            ("credit", "failed", "", "sms_server"),
            ("wrong_number_format", "failed", "format", "sms_number_format"),
            ("403", "failed", "", "sms_server"),
            ("server_error", "unknown", "did not say clearly", "sms_server"),
            ("new_state", "unknown", "did not say clearly", "sms_server"),
            ("silent", "unknown", "did not say clearly", "sms_server"),
            ("crash", "unknown", "did not say clearly", "sms_server"),
            ("cut", "unknown", "did not say clearly", "sms_server"),
            ("500", "unknown", "did not say clearly", "sms_server"),
            ("html", "unknown", "did not say clearly", "sms_server"),
        ]
        messages = self.messages(len(table))
        for (mode, state, reason, failure), message in zip(
            table, messages, strict=True
        ):
            with self.subTest(mode=mode):
                messages.sudo().not_before = "2030-01-01"
                message.sudo().not_before = False
                self.env.flush_all()
                self.text(mode)
                self.assertEqual(message.state, state)
                self.assertIn(reason, message.reason)
                self.assertRecordValues(
                    self.sms(message), [{"state": "error", "failure_type": failure}]
                )
                self.assertEqual(
                    self.notification(message).notification_status, "exception"
                )
                self.assertTrue(message.case_id.activity_ids)
        self.assertEqual(len(self.asked), len(table))
        self.assertNeverSent(len(table))

    def test_time_out_is_unknown(self):
        message = self.messages()
        with patch.object(requests, "post", side_effect=requests.ReadTimeout()):
            self.text()
        self.assertEqual(message.state, "unknown")
        self.assertNeverSent(0)

    def test_refused_for_now_is_tried_again(self):
        """429: the same message under the same number, once more."""
        message = self.messages()
        self.text("429")
        self.assertEqual(message.state, "ready")
        self.assertEqual(self.sms(message).state, "process")
        self.travel(hours=1)
        self.text()
        self.assertRecordValues(message, [{"state": "sent", "attempt": 2}])
        first, second = self.provider.asked
        self.assertEqual(first["params"]["messages"], second["params"]["messages"])
        self.assertEqual(len(self.sms(message)), 1)
        self.assertEqual(len(self.notification(message)), 1)
        self.assertNeverSent(2)

    def test_not_reached_is_tried_again(self):
        self.set_port(self.free_port())
        message = self.messages()
        self.text()
        self.assertEqual(message.state, "ready")
        self.set_port(self.provider.server_port)
        self.travel(hours=1)
        self.text()
        self.assertRecordValues(message, [{"state": "sent", "attempt": 2}])
        self.assertNeverSent()

    def test_killed_after_it_was_accepted(self):
        """The provider has it, we die before we read his answer."""
        message = self.messages()
        channel = type(message)
        with (
            patch.object(
                channel, "_get_sms_outcome", side_effect=RuntimeError("Killed")
            ),
            mute_logger(SENDER),
        ):
            self.text()
        self.assertEqual(message.state, "unknown")
        self.assertEqual(self.sms(message).state, "error")
        self.assertNeverSent()

    def test_killed_before_the_outcome_is_written(self):
        message = self.messages()
        sender = type(self.env["dunning.sender"])
        with patch.object(sender, "_record_safely", lambda *args: None):
            self.text()
        self.assertEqual(message.state, "claimed")
        self.assertEqual(self.sms(message).state, "process")
        self.travel(hours=1)
        self.run_cron("dunning_automation.ir_cron_sweep")
        self.assertEqual(message.state, "unknown")
        self.assertEqual(self.sms(message).state, "error")
        self.assertNeverSent()

    def test_traces_that_cannot_be_written(self):
        """It left, and that is known, whatever happens to Odoo's own rows."""
        message = self.messages()
        channel = type(message)
        with (
            patch.object(channel, "_follow_sms", side_effect=KeyError("traces")),
            mute_logger(
                "odoo.addons.dunning_automation_sms.models.dunning_channel_sms_traces"
            ),
        ):
            self.text()
        self.assertEqual(message.state, "sent")
        self.assertNeverSent()

    def test_paid_meanwhile(self):
        self.only_the_claim_looks()
        messages = self.messages(2)
        self.pay(messages[0].line_ids.move_id)
        self.pay(messages[1].line_ids.move_id, 40)
        self.env.flush_all()
        self.text()
        self.assertEqual(messages.mapped("state"), ["suppressed", "sent"])
        [(_number, text)] = self.asked
        self.assertIn("60.00", text)

    def test_other_ways_to_send_it_are_closed(self):
        message = self.messages()
        self.text("insufficient_credit")
        sms = self.sms(message)
        for button in (sms.resend_failed, sms.action_set_outgoing):
            with self.assertRaisesRegex(UserError, "retry it on its notice"):
                button()
        sms.state = "outgoing"
        sms.send()
        self.run_cron("sms.ir_cron_sms_scheduler_action")
        self.assertEqual(len(self.asked), 1)

    def test_other_messages_leave_as_ever(self):
        other = (
            self.env["sms.sms"]
            .sudo()
            .create({"number": "+436641234567", "body": "Hello"})
        )
        other.send(unlink_sent=False)
        self.assertEqual(other.state, "pending")
        self.assertEqual(self.asked, [("+436641234567", "Hello")])

    def test_messages_of_two_companies_do_not_mix(self):
        """Odoo's own queue stops here for ever."""
        other = self.setup_other_company(name="Other")["company"]
        other.write({"country_id": self.austria.id, "dunning_tz": "UTC"})
        policy = self._create_sms_policy()
        policy.company_id = other
        mine = self.messages()
        self.invoice(mine.partner_id, company=other)
        self.run_on(company=other)
        both = self.notices(mine.partner_id)
        self.assertEqual(len(both), 2)
        while "ready" in both.mapped("state"):
            self.text()
        self.assertEqual(both.mapped("state"), ["sent", "sent"])
        self.assertEqual(len(self.asked), 2)
        self.assertNotEqual(*(text for _number, text in self.asked))

    def test_text_in_the_language_of_the_recipient(self):
        self.env["res.lang"]._activate_lang("de_DE")
        template = self.policy.level_ids.action_ids.sms_template_id
        template.with_context(lang="de_DE").body = "Fällig: {{ object.sms_amount }}"
        message = self.messages(lang="de_DE")
        self.text()
        [(_number, text)] = self.asked
        self.assertTrue(text.startswith("Fällig: "))
        self.assertIn("100,00", text)
        self.assertNotIn("\u00a0", text)
        self.assertIn("GSM-7: 1 segments", message.sms_size)

    def test_transliterated(self):
        self.company.dunning_sms_transliterate = True
        self.policy.level_ids.action_ids.sms_template_id.body = "Zażółć – Ärger"
        self.messages()
        self.text()
        self.assertEqual(self.asked[0][1], "Zazolc - Ärger")

    def test_template_changed_while_it_waits(self):
        message = self.messages()
        self.travel(hours=1)
        template = message.action_id.sms_template_id
        template.body = "New words"
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_template SET write_date = %s WHERE id = %s",
            (self.moment, template.id),
        )
        self.text()
        self.assertEqual(self.asked[0][1], "New words")

    def test_broken_template_fails_its_own_notice(self):
        template = self.policy.level_ids[0].action_ids.sms_template_id
        template.body = "{{ object.no_such_field }}"
        with mute_logger("odoo.addons.mail.models.mail_render_mixin"):
            message = self.messages()
            self.text()
        self.assertEqual(message.state, "failed")
        self.assertIn(template.name, message.reason)
        self.assertFalse(self.asked)

    def test_erasure(self):
        message = self.messages()
        self.text()
        message.partner_id._dunning_erase()
        self.assertFalse(message.sms_text)
        self.assertFalse(message.email_to)
        self.assertRecordValues(self.sms(message), [{"number": False, "body": False}])
        self.assertFalse(self.notification(message).sms_number)
