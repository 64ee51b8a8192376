import json
import random
from itertools import permutations
from unittest.mock import patch

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..tools import webhook_signature
from .webhook_common import SECRET, WebhookCommon

EVENTS = "odoo.addons.dunning_automation_sms.models.dunning_webhook_event"


@tagged("post_install", "-at_install")
class TestWebhook(WebhookCommon):
    """Who is heard, and what receipts do."""

    # === FORGED === #

    def test_fault_34_ten_thousand_mutations_are_refused(self):
        """Every genuine request with one thing changed, whichever it is."""
        body = json.dumps({"id": "R1", "reference": "ab", "status": "delivered"})
        good = self.signed(body.encode())
        now = self.moment.timestamp()
        signature, timestamp = good.headers["X-Signature"], good.headers["X-Timestamp"]
        known = (SECRET, timestamp, good.body, signature)
        self.assertTrue(webhook_signature.is_hmac(*known, now))
        chance = random.Random(34)
        for _number in range(10_000):
            changed = list(known)
            place = chance.randrange(4)
            changed[place] = self._mutate(known[place], chance)
            if changed[place] != known[place]:
                self.assertFalse(
                    webhook_signature.is_hmac(*changed, now), f"{changed} was accepted"
                )

    def _mutate(self, value, chance):
        """One character more, less or another; or something else altogether."""
        place = chance.randrange(len(value))
        char = chance.choice('0123456789abcdefABCDEF{}":.=+/ ü\0')
        char = char.encode() if isinstance(value, bytes) else char
        return chance.choice(
            [
                value[:place] + char + value[place + 1 :],
                value[:place] + value[place + 1 :],
                value[:place] + char + value[place:],
                value[:place],
                value + value,
                value[:0],
            ]
        )

    def test_fault_34_twilio_mutations_are_refused(self):
        url, fields = "https://example.com/x?a=1", [("Body", "STOP"), ("From", "+43")]
        signature = webhook_signature.twilio(SECRET, url, fields)
        self.assertTrue(webhook_signature.is_twilio(SECRET, url, fields, signature))
        chance = random.Random(35)
        for _number in range(2_000):
            changed = [SECRET, url, fields[0][1], signature]
            place = chance.randrange(4)
            changed[place] = self._mutate(changed[place], chance)
            if changed == [SECRET, url, fields[0][1], signature]:
                continue
            secret, where, text, proof = changed
            told = [("Body", text), fields[1]]
            self.assertFalse(webhook_signature.is_twilio(secret, where, told, proof))

    def test_without_secret_nothing_is_heard(self):
        """Not even what is signed with no secret."""
        for kind in ("hmac", "twilio"):
            self.webhook.write({"secret": False, "kind": kind})
            called = self.signed({"id": "R1"}, secret="")
            called.headers["X-Twilio-Signature"] = webhook_signature.twilio(
                "", self.webhook.url, []
            )
            self.assertIsNone(self.hear(called))
        self.assertFalse(self.webhook.event_ids)

    def test_old_and_foreign_ones_are_refused(self):
        other = self.webhook.copy({"secret": "another"})
        for name, called in {
            "old": self.signed({"id": "R1"}, age=301),
            "from the future": self.signed({"id": "R1"}, age=-301),
            "of another webhook": self.signed({"id": "R1"}, other),
        }.items():
            with self.subTest(name):
                self.assertIsNone(self.hear(called))
        unknown = self.signed({"id": "R1"})
        unknown.key = "0" * 32
        self.assertIsNone(self.hear(unknown))
        self.webhook.active = False
        self.assertIsNone(self.hear(self.signed({"id": "R1"})))
        self.assertFalse(self.events.search([]))

    def test_genuine_nonsense_is_taken_and_changes_nothing(self):
        message = self.in_state("sent")
        for body in (
            b"[]",
            b"null",
            b"7",
            b'{"id": "\\u0000\\ud800", "text": "\\u0000"}',
        ):
            with self.subTest(body=body):
                self.assertTrue(self.hear(self.signed(body)))
        self.assertFalse(self.hear(self.signed(b"no json")))
        self.apply()
        self.assertEqual(set(self.events.search([]).mapped("state")), {"ignored"})
        self.assertEqual(message.state, "sent")

    def test_twilio(self):
        self.webhook.kind = "twilio"
        message = self.in_state("sent")
        message.sudo().sms_provider_ref = "SM1"
        fields = [("MessageSid", "SM1"), ("MessageStatus", "delivered")]
        url = f"{self.webhook.url}?from=twilio"
        headers = {"X-Twilio-Signature": webhook_signature.twilio(SECRET, url, fields)}
        receive = self.env["dunning.webhook"]._receive
        self.assertIsNone(receive(self.webhook.key, "", headers, b"", fields))
        self.assertTrue(receive(self.webhook.key, "from=twilio", headers, b"", fields))
        self.apply()
        self.assertEqual(message.state, "delivered")

    # === RECEIPTS === #

    def test_fault_33_in_any_order_and_twice(self):
        """The end is the same: what arrived is delivered, whatever else is said."""
        table = [
            (state, order)
            for state in ("sent", "unknown", "ready")
            for order in permutations(("sent", "delivered", "failed"))
        ]
        messages = self.in_states([state for state, _order in table])
        for place in (0, 1, 2, 0, 1, 2):
            for (_state, order), message in zip(table, messages, strict=True):
                self.receipt(message, order[place])
            self.apply()
        for (state, order), message in zip(table, messages, strict=True):
            with self.subTest(state=state, order=order):
                self.assertEqual(message.state, "delivered")
                kinds = message.event_ids.mapped("kind")
                self.assertEqual(kinds.count("notice_delivered"), 1)

    def test_fault_33_the_same_event_counts_once(self):
        message = self.in_state("sent")
        event = self.receipt(message, "delivered", id="R")
        self.assertTrue(event)
        for status in ("delivered",) * 3:
            self.assertFalse(self.receipt(message, status, id="R"))
        self.assertEqual(len(self.events.search([])), 1)

    def test_receipts(self):
        """What each says of a message that left, and of one that may have."""
        table = [
            ("sent", "sent", "sent", False),
            ("unknown", "sent", "sent", False),
            ("unknown", "delivered", "delivered", False),
            ("sent", "failed", "failed", False),
            ("sent", "wrong_number", "failed", True),
            ("ready", "failed", "ready", False),
            ("failed", "delivered", "delivered", False),
        ]
        self.webhook.status_map = json.dumps(
            {word: word for word in ("sent", "delivered", "failed", "wrong_number")}
        )
        messages = self.in_states([row[0] for row in table])
        for (before, status, after, is_bad), message in zip(
            table, messages, strict=True
        ):
            with self.subTest(before=before, status=status):
                self.receipt(message, status, error="30006")
                self.apply()
                self.assertEqual(message.state, after)
                bounced = message.partner_id.dunning_sms_bounced
                self.assertEqual(bool(bounced), is_bad)
                if after == "failed":
                    self.assertIn("30006", message.reason)
                    self.assertTrue(message.case_id.activity_ids)
                if after == "delivered":
                    self.assertEqual(self.sms(message).state, "sent")
                    self.assertEqual(
                        self.notification(message).notification_status, "sent"
                    )

    def test_failed_one_is_said_on_the_fallback(self):
        email = self.env["dunning.action"].create(
            {
                "level_id": self.level(1, self.policy).id,
                "channel": "email",
                "template_id": self.env.ref(
                    "dunning_automation.mail_template_friendly"
                ).id,
                "is_fallback": True,
            }
        )
        self.level(1, self.policy).action_ids.filtered(
            lambda action: action.channel == "sms"
        ).fallback_id = email
        message = self.in_state("sent")
        self.receipt(message, "failed")
        self.apply()
        self.assertRecordValues(
            message.fallback_notice_id, [{"channel": "email", "state": "ready"}]
        )

    def test_receipt_before_its_message_is_booked(self):
        """The provider is faster than our own transaction: the receipt waits."""
        message = self.in_state("sent")
        message.sudo().state = "claimed"
        event = self.receipt(message, "delivered")
        self.apply()
        self.assertEqual((message.state, event.state), ("claimed", "new"))
        message.sudo().state = "unknown"
        self.travel(minutes=1)
        self.apply()
        self.assertEqual((message.state, event.state), ("delivered", "done"))

    def test_receipt_of_nothing_is_given_up(self):
        event = self.hear(self.signed({"id": 1, "reference": "x", "status": "sent"}))
        self.apply()
        self.assertEqual(event.state, "new")
        self.travel(minutes=11)
        self.apply()
        self.assertEqual(event.state, "ignored")

    def test_messages_of_other_companies_are_not_touched(self):
        """Whoever knows a secret of one company knows nothing of another's."""
        other = self.setup_other_company(name="Other")["company"]
        webhook = self.webhook.copy({"company_id": other.id, "secret": SECRET})
        message = self.in_state("sent")
        self.receipt(message, "failed", webhook)
        self.say("Hello", webhook=webhook)
        self.travel(minutes=11)
        self.apply()
        self.assertEqual(message.state, "sent")
        self.assertFalse(message.case_id.reply_ids)

    def test_poison_stops_no_other(self):
        first, second = self.messages(2)
        while "ready" in (first | second).mapped("state"):
            self.text()
        poison = self.receipt(first, "failed")
        self.receipt(second, "delivered")
        channel = type(first)
        with (
            patch.object(channel, "_fail_by_receipt", side_effect=KeyError("no")),
            mute_logger(EVENTS),
        ):
            for _number in range(5):
                self.apply()
        self.assertEqual(second.state, "delivered")
        self.assertRecordValues(
            poison, [{"state": "failed", "attempt": 5, "problem": "KeyError"}]
        )

    # === RECEIPTS OF ODOO'S OWN PROVIDERS === #

    def test_receipts_of_odoos_own_providers(self):
        """They reach Odoo's addresses, which tell the tracker."""
        table = [
            ("sent", "_action_update_from_sms_state", "sent", "delivered", False),
            ("unknown", "_action_update_from_sms_state", "pending", "sent", False),
            ("sent", "_action_update_from_provider_error", "expired", "failed", False),
            (
                "sent",
                "_action_update_from_provider_error",
                "invalid_destination",
                "failed",
                True,
            ),
        ]
        messages = self.in_states([row[0] for row in table])
        for (_before, method, word, after, is_bad), message in zip(
            table, messages, strict=True
        ):
            with self.subTest(word=word):
                tracker = self.sms(message).sms_tracker_id
                getattr(tracker, method)(word)
                self.assertEqual(message.state, after)
                bounced = message.partner_id.dunning_sms_bounced
                self.assertEqual(bool(bounced), is_bad)

    def test_receipt_of_odoos_provider_before_it_is_booked(self):
        for state, message in zip(
            ("sent", "unknown"), self.in_states(["sent", "sent"]), strict=True
        ):
            with self.subTest(state=state):
                message.sudo().state = "claimed"
                self.sms(message).sms_tracker_id._action_update_from_sms_state("sent")
                self.assertEqual(message.state, "claimed")
                message.sudo()._set_state(state)
                self.assertEqual(message.state, "delivered")
                self.assertEqual(self.sms(message).state, "sent")

    # === HOUSEKEEPING === #

    def test_only_administrators(self):
        self.say("Hello")
        manager = self.new_user("boss", "dunning_automation.group_manager")
        for record in (self.webhook, self.webhook.event_ids):
            with self.assertRaises(AccessError):
                record.with_user(manager).read(["id"])

    def test_statuses(self):
        for words in ("[]", "{", '{"1": "gone"}', '{"1": {}}'):
            with self.subTest(words=words), self.assertRaises(ValidationError):
                self.webhook.status_map = words

    def test_old_events_are_deleted(self):
        self.say("Hello")
        self.say("STOP", "+436641234511")
        self.apply()
        self.travel(91)
        self.events._gc_events()
        self.assertEqual(self.events.search([]).mapped("keyword"), ["stop"])

    def test_erasure(self):
        message = self.in_state("sent")
        event = self.say("I am Ann")
        self.apply()
        message.partner_id._dunning_erase()
        self.assertRecordValues(event, [{"sender": False, "text": False}])
