import json
import socket
import threading
from base64 import b64encode
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch

import requests

from odoo import modules
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.dunning_automation.tools import guarded_session

from .common import SmsCommon

GATEWAY = "odoo.addons.dunning_automation_sms.tools.gateway_line"
SECRET = "secret-of-the-gateway"


class Gateway(BaseHTTPRequestHandler):
    """A gateway that takes a message once per key, and answers as it is told."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def setup(self):
        self.server.connections += 1
        return super().setup()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((body, dict(self.headers)))
        status, answer = self.server.answer
        if answer == "cut":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if status < 300:
            self.server.taken.add(self.headers["Idempotency-Key"])
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.server.elsewhere)
        self.send_header("Content-Length", str(len(answer.encode())))
        self.send_header("Set-Cookie", "who=we")
        if self.server.hangs_up:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *args):
        """Silence."""


@tagged("post_install", "-at_install")
class TestGateway(SmsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
        cls.server.daemon_threads = True
        cls.addClassCleanup(cls.server.server_close)
        thread = threading.Thread(target=cls.server.serve_forever, daemon=True)
        thread.start()
        cls.addClassCleanup(thread.join)
        cls.addClassCleanup(cls.server.shutdown)
        cls.gateway = cls.env["dunning.sms.gateway"].create(
            {
                "name": "Stub",
                "url": cls._url(cls.server.server_port),
                "auth_user": "we",
                "secret": SECRET,
                "sender": "Sender",
                "body_template": json.dumps(
                    {"from": "{sender}", "to": "{number}", "text": "{text}"}
                ),
                "idempotency_header": "Idempotency-Key",
                "id_path": "id",
                "code_path": "error.code",
                "code_map": json.dumps(
                    {
                        "7": "wrong_number_format",
                        "9": "insufficient_credit",
                        "1": "retry",
                    }
                ),
            }
        )
        cls.company.dunning_sms_gateway_id = cls.gateway

    @staticmethod
    def _url(port):
        return f"http://127.0.0.1:{port}/sms"

    def setUp(self):
        super().setUp()
        self.server.asked, self.server.taken = [], set()
        self.server.connections, self.server.hangs_up = 0, False
        self.server.elsewhere = self._url(self.provider.server_port)
        self.server.answer = (200, '{"id": "M1"}')

    def answer(self, status, answer=""):
        self.server.answer = (status, answer)
        self.deliver()
        self.env.invalidate_all()

    def test_accepted(self):
        message = self.messages()
        self.answer(200, '{"id": "M1"}')
        [(body, headers)] = self.server.asked
        self.assertEqual(
            body, {"from": "Sender", "to": "+436641234500", "text": message.sms_text}
        )
        self.assertEqual(headers["Idempotency-Key"], message.sms_uuid)
        token = b64encode(f"we:{SECRET}".encode()).decode()
        self.assertEqual(headers["Authorization"], f"Basic {token}")
        self.assertRecordValues(message, [{"state": "sent", "sms_provider_ref": "M1"}])
        self.assertEqual(self.sms(message).state, "pending")
        self.assertFalse(self.provider.asked)

    def test_answers(self):
        """Fault 32: only what was refused in so many words is failed or tried again."""
        table = [
            (400, "", "failed"),
            (401, "no", "failed"),
            (200, '{"error": {"code": 9}}', "failed"),
            (422, '{"error": {"code": "7"}}', "failed"),
            (429, "", "ready"),
            (200, '{"error": {"code": 1}}', "ready"),
            (200, '{"error": {"code": 55}}', "unknown"),
            (200, "{}", "unknown"),
            (200, "<html>", "unknown"),
            (200, "[]", "unknown"),
            (200, "cut", "unknown"),
            (302, "", "unknown"),
            (500, '{"id": "M1"}', "unknown"),
            (503, "", "unknown"),
        ]
        messages = self.messages(len(table))
        for (status, answer, state), message in zip(table, messages, strict=True):
            with self.subTest(status=status, answer=answer):
                messages.sudo().not_before = "2030-01-01"
                message.sudo().not_before = False
                self.env.flush_all()
                self.answer(status, answer)
                self.assertEqual(message.state, state)
                self.assertNotIn(SECRET, message.reason)
        self.assertEqual(len(self.server.asked), len(table))
        self.assertFalse(self.provider.asked, "Redirects are not followed")

    def send(self, number):
        """Send so many messages in one batch.

        :return: the statements, and the connections, that it took
        """
        self.server.connections = 0
        self.server.asked.clear()
        notices = self.messages(number, name=f"One of {number}")
        self.env.flush_all()
        before = self.cr.sql_log_count
        with self.enter_registry_test_mode():
            self.env["dunning.sender"].sudo()._deliver(notices.ids)
        statements = self.cr.sql_log_count - before
        self.env.invalidate_all()
        self.assertEqual(set(notices.mapped("state")), {"sent"})
        self.assertEqual(len(self.server.asked), number)
        return statements, self.server.connections

    def test_takes_few_statements_per_message(self):
        """Lock, review, limits, traces and state; what is so now, the state and the
        traces again, in a savepoint."""
        (few, _connections), (many, _connections) = self.send(2), self.send(12)
        self.assertLessEqual((many - few) / 10, 10)

    def test_messages_of_a_batch_share_a_connection(self):
        _statements, connections = self.send(3)
        self.assertEqual(connections, 1)
        for _body, headers in self.server.asked:
            self.assertNotIn("Cookie", headers, "what one answer set, no request tells")

    def test_gateway_that_hangs_up_gets_the_next_message_all_the_same(self):
        self.server.hangs_up = True
        _statements, connections = self.send(3)
        self.assertEqual(connections, 3)

    def test_kept_connections_are_checked_as_others(self):
        """A session is of no use for an address inside."""
        with guarded_session.open_session() as session:
            line = replace(
                self.gateway._get_line(session),
                url=self.gateway.url.replace("http:", "https:"),
                allow_loopback=False,
            )
            with mute_logger(GATEWAY):
                sent = line.send("0" * 32, "+436641234500", "Hello")
        self.assertEqual(sent["state"], "failed")
        self.assertFalse(self.server.asked)

    def test_time_out_after_it_was_accepted(self):
        """One message arrived: unknown, and never sent again by itself."""
        message = self.messages()
        call = guarded_session.call

        def call_and_miss_the_answer(*args, **options):
            call(*args, **options)
            raise requests.ReadTimeout

        with patch.object(guarded_session, "call", call_and_miss_the_answer):
            self.deliver()
        self.env.invalidate_all()
        self.assertEqual(message.state, "unknown")
        self.travel(2)
        self.answer(200, '{"id": "M1"}')
        self.assertEqual(len(self.server.asked), 1)
        self.assertEqual(self.server.taken, {message.sms_uuid})

    def test_not_reached_is_tried_again_under_the_same_key(self):
        self.gateway.url = self._url(self.free_port())
        message = self.messages()
        self.deliver()
        self.env.invalidate_all()
        self.assertEqual(message.state, "ready")
        self.gateway.url = self._url(self.server.server_port)
        self.travel(hours=1)
        self.answer(200, '{"id": "M1"}')
        self.assertRecordValues(message, [{"state": "sent", "attempt": 2}])
        self.assertEqual(self.server.taken, {message.sms_uuid})

    def test_addresses_inside_are_not_called(self):
        """A URL that resolves to an address of ours is noticed before a byte leaves."""
        message = self.messages()
        with (
            patch.object(guarded_session, "check_url"),
            patch.object(modules.module, "current_test", None),
            mute_logger(GATEWAY),
        ):
            self.assertEqual(
                self.gateway._send("0" * 32, "+436641234500", "Hello")["state"],
                "failed",
            )
        self.assertFalse(self.server.asked)
        self.assertEqual(message.state, "ready")

    def test_urls(self):
        with patch.object(modules.module, "current_test", None):
            for url in (
                "http://example.com",
                "https://we:pass@example.com",
                "file:///etc/passwd",
                "https://",
                False,
            ):
                with self.subTest(url=url), self.assertRaises(ValidationError):
                    self.gateway.url = url

    def test_templates(self):
        for template in ("[]", "{", '{"to": "{secret}"}', '{"to": "{number.x}"}'):
            with self.subTest(template=template), self.assertRaises(ValidationError):
                self.gateway.body_template = template
        for codes in ("[]", "{", '{"1": "sent"}', '{"1": {}}'):
            with self.subTest(codes=codes), self.assertRaises(ValidationError):
                self.gateway.code_map = codes

    def test_only_administrators_see_secrets(self):
        manager = self.new_user("boss", "dunning_automation.group_manager")
        for read in (
            lambda: self.gateway.with_user(manager).read(["name"]),
            lambda: self.company.with_user(manager).dunning_sms_gateway_id,
        ):
            with self.assertRaises(AccessError):
                read()

    def test_demo(self):
        """What becomes of a message is chosen by its number."""
        self.company.dunning_sms_gateway_id = self.env.ref(
            "dunning_automation_sms.dunning_sms_gateway_demo"
        )
        messages = self.messages(5)
        while any(each.state == "ready" and not each.attempt for each in messages):
            self.deliver()
            self.env.invalidate_all()
        self.assertEqual(
            messages.mapped("state"), ["sent", "failed", "failed", "ready", "unknown"]
        )
        self.assertFalse(self.server.asked or self.provider.asked)

    def test_odoos_own_messages_leave_through_it(self):
        other = (
            self.env["sms.sms"]
            .sudo()
            .create({"number": "+436641234567", "body": "Hello"})
        )
        company = self.company
        self.patch(type(other), "_get_sms_company", lambda sms: company)
        other._send(unlink_sent=False)
        self.assertEqual(other.state, "pending")
        self.assertEqual(len(self.server.asked), 1)

    def test_presets(self):
        """Each vendor's own words for yes."""
        answers = {
            "vonage": {"messages": [{"status": "0", "message-id": "X"}]},
            "infobip": {
                "messages": [{"messageId": "X", "status": {"groupName": "PENDING"}}]
            },
            "messagebird": {"id": "X"},
        }
        for name, answer in answers.items():
            with self.subTest(name=name):
                gateway = self.env.ref(
                    f"dunning_automation_sms.dunning_sms_gateway_{name}"
                )
                line = gateway._get_line()
                options = line.get_options("0" * 32, "+436641234567", 'A "text"')
                body = options.get("json") or options["data"]
                self.assertIn("436641234567", json.dumps(body))
                self.assertIn('A \\"text\\"', json.dumps(body))
                with patch.object(guarded_session, "call") as call:
                    call.return_value.status_code = 200
                    call.return_value.json.return_value = answer
                    result = gateway._send("0" * 32, "+436641234567", "Text")
                self.assertEqual(
                    (result["state"], result["provider_ref"]), ("success", "X")
                )

    def test_neutralized(self):
        script = Path(modules.get_module_path("dunning_automation_sms"))
        self.cr.execute((script / "data" / "neutralize.sql").read_text())
        self.gateway.invalidate_recordset()
        self.assertFalse(self.gateway.secret)
        self.assertEqual(self.gateway.provider, "demo")
