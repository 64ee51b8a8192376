from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..tools import sms_keywords
from .test_webhook import EVENTS
from .webhook_common import WebhookCommon

NUMBER = "+436641234500"


@tagged("post_install", "-at_install")
class TestAnswers(WebhookCommon):
    """STOP, START, and what else customers write."""

    def blacklisted(self, number=NUMBER):
        return bool(self.env["phone.blacklist"].search([("number", "=", number)]))

    def optouts(self):
        return self.env["dunning.optout"].search([("address", "=", NUMBER)])

    def test_fault_35_stop_counts_at_once(self):
        """Before any cron runs: what waits is held back, nothing new is planned."""
        self.in_state("sent")
        waiting = self._waiting()
        self.assertEqual(waiting.state, "ready")
        asked = len(self.asked)
        self.say("Stop!")
        self.assertTrue(self.blacklisted())
        self.assertRecordValues(
            self.optouts(), [{"channel": "sms", "source": "keyword", "state": "active"}]
        )
        self.assertEqual(waiting.state, "suppressed")
        self.text()
        self.assertEqual(len(self.asked), asked)

    def _waiting(self):
        """A second message to the same customer, planned a week later."""
        self.travel(7)
        partner = self.env["res.partner"].search([("phone", "=", "0664 1234500")])
        self.invoice(partner, days_overdue=20)
        self.run_on()
        return self.notices(partner)[-1]

    def test_fault_35_in_every_language(self):
        said = [
            (lang, word.strip(), f"+4366412{number:05}")
            for lang, words in sms_keywords.STOP_WORDS.items()
            for number, word in enumerate(words.split(","), 100 * len(lang + words))
        ]
        for lang, word, number in said:
            with self.subTest(lang=lang, word=word):
                self.say(f" {word.upper()}. ", number)
                self.assertTrue(self.blacklisted(number))

    def test_fault_35_across_companies(self):
        """The number wants nothing of anybody who writes from here."""
        other = self.setup_other_company(name="Other")["company"]
        other.write({"country_id": self.austria.id, "dunning_tz": "UTC"})
        policy = self._create_sms_policy()
        policy.company_id = other
        message = self.in_state("sent")
        self.invoice(message.partner_id, company=other)
        self.run_on(company=other)
        foreign = self.notices(message.partner_id, company_id=other.id)
        self.assertEqual(foreign.state, "ready")
        self.say("STOP")
        self.assertEqual(foreign.state, "suppressed")

    def test_one_confirmation(self):
        self.in_state("sent")
        asked = len(self.asked)
        for text in ("STOP", "stop", "Stopp"):
            self.say(text)
            self.apply()
        [(number, text)] = self.asked[asked:]
        self.assertEqual(number, NUMBER)
        self.assertIn("START", text)
        self.apply()
        self.assertEqual(len(self.asked), asked + 1)

    def test_confirmation_is_lost_rather_than_sent_twice(self):
        self.in_state("sent")
        asked = len(self.asked)
        self.say("STOP")
        self.provider.mode = "cut"
        self.apply()
        self.provider.mode = "success"
        self.apply()
        self.assertEqual(len(self.asked), asked + 1)

    def test_twilio_confirms_by_itself(self):
        self.in_state("sent")
        asked = len(self.asked)
        self.webhook.kind = "twilio"
        event = self.events.sudo()._keep(
            self.webhook,
            self.webhook._read(
                b"",
                {
                    "MessageSid": "SM9",
                    "SmsStatus": "received",
                    "From": NUMBER,
                    "Body": "STOP",
                },
            ),
        )
        self.assertTrue(event)
        self.apply()
        self.assertTrue(self.blacklisted())
        self.assertEqual(len(self.asked), asked)

    def test_restored_copy_confirms_nothing(self):
        self.in_state("sent")
        asked = len(self.asked)
        self.say("STOP")
        guard = type(self.env["dunning.guard"])
        with patch.object(guard, "_get_database_hold", lambda self: "A copy"):
            self.apply()
        self.assertEqual(len(self.asked), asked)

    def test_start_takes_back_what_the_customer_said(self):
        message = self.in_state("sent")
        self.say("STOP")
        self.say("START")
        self.assertFalse(self.blacklisted())
        self.assertEqual(self.optouts().state, "withdrawn")
        self.travel(7)
        self.invoice(message.partner_id, days_overdue=20)
        self.run_on()
        self.assertEqual(self.notices(message.partner_id)[-1].state, "ready")

    def test_start_takes_back_nothing_else(self):
        """What a colleague entered is not for whoever holds the telephone."""
        self.in_state("sent")
        self.env["phone.blacklist"]._add([NUMBER])
        partner = self.env["res.partner"].search([("phone", "=", "0664 1234500")])
        self.env["dunning.optout"]._add(partner, "sms", NUMBER)
        self.say("START")
        self.assertTrue(self.blacklisted())
        self.assertEqual(self.optouts().state, "active")

    def test_number_of_nobody(self):
        self.say("STOP", "+436649999999")
        self.assertTrue(self.blacklisted("+436649999999"))
        self.say("START", "+436649999999")
        self.assertFalse(self.blacklisted("+436649999999"))

    def test_stop_that_cannot_be_obeyed_now_is_obeyed_later(self):
        self.in_state("sent")
        with (
            patch.object(
                type(self.env["phone.blacklist"]), "_add", side_effect=KeyError("no")
            ),
            mute_logger(EVENTS),
        ):
            event = self.say("STOP")
        self.assertEqual(event.state, "new")
        self.assertFalse(self.blacklisted())
        self.apply()
        self.assertTrue(self.blacklisted())
        self.assertEqual(event.state, "done")

    def test_stop_with_more_words_is_read_by_a_person_too(self):
        message = self.in_state("sent")
        self.say("Stop, I have paid already")
        self.apply()
        self.assertTrue(self.blacklisted())
        self.assertRecordValues(
            message.case_id.reply_ids, [{"suggestion": "says_paid", "state": "open"}]
        )

    def test_answer_goes_to_the_case(self):
        """As one by e-mail does: reminders pause until a person looked."""
        message = self.in_state("unknown")
        self.say("I will pay tomorrow")
        self.apply()
        self.assertEqual(message.state, "delivered", "Who answers got it")
        [reply] = message.case_id.reply_ids
        self.assertRecordValues(
            reply,
            [
                {
                    "suggestion": "promises",
                    "email_from": NUMBER,
                    "notice_id": message.id,
                    "is_family": True,
                    "author_id": message.partner_id.id,
                }
            ],
        )
        self.assertIn("I will pay tomorrow", reply.text)
        self.assertEqual(reply.hold_id.state, "active")
        self.assertTrue(reply.activity_id)

    def test_answer_of_whom_we_never_wrote(self):
        event = self.say("Hello", "+436649999999")
        self.apply()
        self.assertEqual(event.state, "ignored")

    def test_nothing_of_it_runs(self):
        message = self.in_state("sent")
        self.say("<script>alert(1)</script> {{ object.env }}")
        self.apply()
        body = message.case_id.reply_ids.message_ids.body
        self.assertNotIn("<script>", body)
        self.assertIn("{{ object.env }}", body)

    def test_collector_opts_the_number_out(self):
        message = self.in_state("sent")
        self.say("Please leave me alone")
        self.apply()
        message.case_id.reply_ids.action_unsubscribe()
        self.assertRecordValues(
            self.optouts(), [{"channel": "sms", "source": "reply", "state": "active"}]
        )
        self.assertEqual(message.case_id.reply_ids.handled_as, "unsubscribe")

    def test_answer_without_sender(self):
        message = self.in_state("sent")
        self.say("Hello")
        self.apply()
        message.case_id.reply_ids.sudo().email_from = "Ann"
        with self.assertRaisesRegex(UserError, "no sender"):
            message.case_id.reply_ids.action_unsubscribe()
