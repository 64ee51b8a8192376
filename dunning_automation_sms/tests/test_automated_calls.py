import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

from odoo import Command, modules
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import HttpCase, tagged

from ..tools import webhook_signature
from .common import SmsCommon

SECRET = "secret-of-the-calls"


class Telephone(BaseHTTPRequestHandler):
    """A provider of calls that answers as it is told."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((self.path, dict(parse_qsl(body))))
        status, answer = self.server.answer
        if answer == "cut":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *args):
        """Silence."""


class CallCommon(SmsCommon):
    """A policy whose machine calls, and a provider on a local port."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = ThreadingHTTPServer(("127.0.0.1", 0), Telephone)
        cls.addClassCleanup(cls.server.server_close)
        thread = threading.Thread(target=cls.server.serve_forever, daemon=True)
        thread.start()
        cls.addClassCleanup(thread.join)
        cls.addClassCleanup(cls.server.shutdown)
        cls.gateway = cls.env["dunning.call.gateway"].create(
            {
                "name": "Telephone",
                "url": f"http://127.0.0.1:{cls.server.server_port}",
                "account": "AC1",
                "secret": SECRET,
                "sender": "+4315125000",
            }
        )
        cls.company.dunning_call_gateway_id = cls.gateway
        cls.policy.active = False
        template = cls.env.ref("dunning_automation_sms.sms_template_call")
        action = {"channel": "call", "sms_template_id": template.id}
        cls.policy = cls._create_policy(
            name="Calls",
            level_ids=[
                cls._level(delay, action_ids=[Command.create(action)])
                for delay in (1, 15)
            ],
        )

    def setUp(self):
        super().setUp()
        self.server.asked = []
        self.server.answer = (201, '{"sid": "CA1"}')

    def called(self, **values):
        """A call that the provider took."""
        call = self.messages(**values)
        self.text()
        self.assertEqual(call.state, "sent")
        return call

    def ask(self, call, step, secret=SECRET, **fields_):
        """What the provider asks, signed; the answer as XML, None if it was refused."""
        url = call._get_talk_url() + step
        pairs = list(fields_.items())
        answer = self.env["dunning.notice"]._answer_talk(
            urlsplit(url).path.split("/")[-2],
            step,
            webhook_signature.twilio(secret, url, pairs),
            pairs,
        )
        return answer and ElementTree.fromstring(answer)

    def noted(self, call):
        return self.env["dunning.call"].search([("case_id", "=", call.case_id.id)])


@tagged("post_install", "-at_install")
class TestAutomatedCalls(CallCommon):
    def test_asked_once(self):
        call = self.called()
        [(path, asked)] = self.server.asked
        self.assertEqual(path, "/Accounts/AC1/Calls.json")
        self.assertEqual(asked["To"], "+436641234500")
        self.assertEqual(asked["Url"], f"{call._get_talk_url()}menu")
        self.assertEqual(call.call_ref, "CA1")
        self.travel(2)
        self.text()
        self.assertEqual(len(self.server.asked), 1)

    def test_answers_of_the_provider(self):
        """Only what was refused in so many words is failed or tried again."""
        table = [
            (400, '{"code": 21211}', "failed"),
            (401, "no", "failed"),
            (429, "", "ready"),
            (200, "{}", "unknown"),
            (200, "<html>", "unknown"),
            (200, "cut", "unknown"),
            (500, '{"sid": "CA1"}', "unknown"),
        ]
        calls = self.messages(len(table))
        for (status, answer, state), call in zip(table, calls, strict=True):
            with self.subTest(status=status, answer=answer):
                calls.sudo().not_before = "2030-01-01"
                call.sudo().not_before = False
                self.env.flush_all()
                self.server.answer = (status, answer)
                self.text()
                self.assertEqual(call.state, state)
                self.assertNotIn(SECRET, call.reason)
        self.assertEqual(len(self.server.asked), len(table))

    def test_company_without_provider(self):
        self.company.dunning_call_gateway_id = False
        call = self.messages()
        self.text()
        self.assertEqual(call.state, "ready")
        self.assertIn("administrator", call.reason)

    def test_numbers(self):
        """Landlines ring, too; what costs extra does not, nor other countries."""
        table = [
            ("01 5125000", "ready", "+4315125000"),
            ("0664 1234567", "ready", "+436641234567"),
            ("0900 123456", None, None),
            ("+49 151 12345678", None, None),
            (False, None, None),
        ]
        for phone, state, number in table:
            with self.subTest(phone=phone):
                customer = self.reachable(phone=phone)
                self.invoice(customer)
                self.run_on()
                notice = self.notices(customer, channel="call")
                self.assertEqual(notice.state or None, state)
                self.assertEqual(notice.email_to or None, number)

    def test_number_that_was_changed_waits(self):
        call = self.messages()
        call.partner_id.phone = "01 5125001"
        self.text()
        self.assertFalse(self.server.asked)
        self.assertEqual(call.email_to, "+4315125001")
        self.travel(1, hours=1)
        self.text()
        self.assertEqual(call.state, "sent")

    # === THE TALK === #

    def test_menu(self):
        """The text in the debtor's language, and what the keys mean."""
        self.env["res.lang"]._activate_lang("de_DE")
        call = self.called(lang="de_DE")
        answer = self.ask(call, "menu", AnsweredBy="human")
        say = answer.find("Gather/Say")
        self.assertEqual(say.get("language"), "de-DE")
        self.assertIn(self.company.name, say.text)
        self.assertEqual(
            answer.find("Gather").get("action"), f"{call._get_talk_url()}key"
        )

    def test_machine_hears_nothing_of_the_debt(self):
        call = self.called()
        answer = self.ask(call, "menu", AnsweredBy="machine_start")
        self.assertIsNone(answer.find("Gather"))
        self.assertNotIn("invoice", answer.find("Say").text)
        self.assertNotIn(call.partner_id.name, answer.find("Say").text)
        self.ask(call, "status", CallStatus="completed")
        self.assertEqual(self.noted(call).mapped("outcome"), ["voicemail"])

    def test_key_1_link_as_text_message(self):
        call = self.called()
        for _number in range(2):
            self.ask(call, "key", Digits="1")
        self.run_cron("dunning_automation_sms.ir_cron_sms_once")
        self.run_cron("dunning_automation_sms.ir_cron_sms_once")
        [(number, text)] = self.asked
        self.assertEqual(number, "+436641234500")
        self.assertIn(call._get_short_url("/d/"), text)
        self.assertEqual(self.noted(call).mapped("outcome"), ["reached"])

    def test_key_1_on_a_landline(self):
        customer = self.reachable(phone="01 5125000")
        self.invoice(customer)
        self.run_on()
        call = self.notices(customer)
        self.text()
        answer = self.ask(call, "key", Digits="1")
        self.assertIn("cannot get text messages", answer.find("Say").text)
        self.assertFalse(self.env["dunning.sms.once"].sudo().search([]))

    def test_key_2_promise(self):
        call = self.called()
        for _number in range(2):
            answer = self.ask(call, "key", Digits="2")
        self.assertIn("03/17/2026", answer.find("Say").text)
        promise = self.env["dunning.promise"].search([])
        self.assertRecordValues(
            promise, [{"partner_id": call.partner_id.id, "state": "open"}]
        )
        self.assertEqual(str(promise.date), "2026-03-17")
        self.assertEqual(self.noted(call).mapped("outcome"), ["promised"])

    def test_key_2_after_it_was_paid(self):
        call = self.called()
        self.pay(call.line_ids.move_id)
        self.ask(call, "key", Digits="2")
        self.assertFalse(self.env["dunning.promise"].search([]))

    def test_key_3_person(self):
        call = self.called()
        answer = self.ask(call, "key", Digits="3")
        self.assertIsNone(answer.find("Dial"))
        self.assertIn("Call again", call.case_id.activity_ids.mapped("summary"))
        self.gateway.transfer_number = "+4315125009"
        answer = self.ask(call, "key", Digits="3")
        self.assertEqual(answer.find("Dial").text, "+4315125009")
        self.assertEqual(len(self.noted(call)), 1)

    def test_key_9_no_more_calls(self):
        call = self.called()
        self.ask(call, "key", Digits="9")
        optout = self.env["dunning.optout"].search([])
        self.assertRecordValues(
            optout, [{"channel": "phone", "address": "+436641234500"}]
        )
        self.travel(7)
        self.invoice(call.partner_id, days_overdue=20)
        self.run_on()
        self.assertEqual(len(self.notices(call.partner_id, channel="call")), 1)
        self.assertTrue(call.case_id.refuses_calls)

    def test_other_keys_hear_the_menu_again(self):
        call = self.called()
        for digits in ("4", "", "11", "#"):
            answer = self.ask(call, "key", Digits=digits)
            self.assertIsNotNone(answer.find("Gather"))
        self.assertFalse(self.noted(call))

    # === HOW IT ENDED === #

    def test_statuses(self):
        """Each is a call on the case, once, in whatever order they come."""
        table = [
            ("completed", "delivered", "reached"),
            ("busy", "sent", "busy"),
            ("no-answer", "sent", "no_answer"),
            ("failed", "sent", "no_answer"),
            ("ringing", "sent", None),
        ]
        calls = self.messages(len(table))
        while "ready" in calls.mapped("state"):
            self.text()
        for (status, state, outcome), call in zip(table, calls, strict=True):
            with self.subTest(status=status):
                for _number in range(2):
                    self.ask(call, "status", CallStatus=status, AnsweredBy="human")
                self.assertEqual(call.state, state)
                self.assertEqual(
                    self.noted(call).mapped("outcome"), [outcome] if outcome else []
                )
                self.assertEqual(
                    call.event_ids.mapped("kind").count("notice_delivered"),
                    int(state == "delivered"),
                )

    def test_lost_answer_is_settled_by_what_we_hear(self):
        self.server.answer = (200, "cut")
        call = self.messages()
        self.text()
        self.assertEqual(call.state, "unknown")
        self.ask(call, "status", CallStatus="completed", AnsweredBy="human")
        self.assertEqual(call.state, "delivered")

    def test_nobody_answers_and_a_letter_says_it(self):
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
        actions = self.level(1, self.policy).action_ids
        actions.filtered(lambda action: action.channel == "call").fallback_id = email
        call = self.called()
        self.ask(call, "status", CallStatus="no-answer")
        self.assertRecordValues(call, [{"state": "failed"}])
        self.assertEqual(call.fallback_notice_id.channel, "email")
        self.assertFalse(call.partner_id.dunning_sms_bounced)

    # === FORGED === #

    def test_fault_34_forged_talks(self):
        call = self.called()
        self.assertIsNone(self.ask(call, "key", secret="another", Digits="2"))
        self.assertIsNone(self.ask(call, "unlink", Digits="2"))
        url = call._get_talk_url()
        token = urlsplit(url).path.split("/")[-2]
        answer = self.env["dunning.notice"]._answer_talk
        signature = webhook_signature.twilio(SECRET, f"{url}key", [("Digits", "2")])
        self.assertIsNone(answer(token, "key", signature, [("Digits", "9")]))
        forged = token[:-1] + ("0" if token[-1] != "0" else "1")
        for wrong in (forged, "", "x", f"0{token}", "1-" + 64 * "0"):
            self.assertIsNone(answer(wrong, "key", signature, [("Digits", "2")]))
        self.gateway.secret = False
        self.assertIsNone(self.ask(call, "key", secret="", Digits="2"))
        self.assertFalse(self.env["dunning.promise"].search([]))
        self.assertFalse(self.noted(call))

    # === SETTINGS === #

    def test_demo(self):
        """What becomes of a call is chosen by its number."""
        self.company.dunning_call_gateway_id = self.env.ref(
            "dunning_automation_sms.dunning_call_gateway_demo"
        )
        calls = self.messages(10)
        while any(each.state == "ready" and not each.attempt for each in calls):
            self.text()
        self.assertEqual(
            [call.call_result for call in calls],
            [
                "reached",
                "no_answer",
                "busy",
                "voicemail",
                "reached",
                "promised",
                "callback",
                False,
                "reached",
                "reached",
            ],
        )
        self.assertEqual(calls[7].state, "unknown")
        self.assertFalse(self.server.asked)

    def test_urls_and_secrets(self):
        for url in ("http://example.com", "ftp://x", False):
            with (
                self.subTest(url=url),
                self.assertRaises(ValidationError),
                patch.object(modules.module, "current_test", None),
            ):
                self.gateway.url = url
        manager = self.new_user("boss", "dunning_automation.group_manager")
        with self.assertRaises(AccessError):
            self.gateway.with_user(manager).read(["name"])

    def test_neutralized(self):
        script = Path(modules.get_module_path("dunning_automation_sms"))
        self.cr.execute((script / "data" / "neutralize.sql").read_text())
        self.gateway.invalidate_recordset()
        self.assertRecordValues(self.gateway, [{"secret": False, "provider": "demo"}])

    def test_erasure(self):
        call = self.called()
        call.partner_id._dunning_erase()
        self.assertFalse(call.call_text)


@tagged("post_install", "-at_install")
class TestTalkHttp(HttpCase, CallCommon):
    def test_talk(self):
        call = self.messages()
        self.send(call)
        url = f"{call._get_talk_url()}menu"
        signature = webhook_signature.twilio(SECRET, url, [("CallSid", "CA1")])
        path = urlsplit(url).path
        answer = self.url_open(
            path, data={"CallSid": "CA1"}, headers={"X-Twilio-Signature": signature}
        )
        self.assertEqual(answer.status_code, 200)
        self.assertIn("text/xml", answer.headers["Content-Type"])
        self.assertIsNotNone(ElementTree.fromstring(answer.text).find("Gather"))
        for headers in ({}, {"X-Twilio-Signature": "x"}):
            answer = self.url_open(path, data={"CallSid": "CA1"}, headers=headers)
            self.assertEqual(answer.status_code, 404)
