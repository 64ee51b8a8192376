import base64
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

import requests

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.dunning_automation.tests.letter_common import LetterCommon

SENDER = "odoo.addons.dunning_automation.models.dunning_sender"


class Provider(BaseHTTPRequestHandler):
    """Answers as Snailmail does, or as ``server.mode`` says."""

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        asked = json.loads(self.rfile.read(length))["params"]
        self.server.asked.append(asked)
        mode = self.server.mode
        if mode == "cut":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        documents = [dict(document) for document in asked["documents"]]
        result = {"request_code": 200, "request": {"documents": documents}}
        for document in documents:
            if mode == "accept":
                document |= {"sent": True, "send_id": 4711}
            elif mode.isupper():
                document["error"] = mode
        answer = {"jsonrpc": "2.0", "id": 1, "result": result}
        if mode == "error":
            data = {"name": "odoo.exceptions.ValidationError", "message": "No"}
            answer = {"jsonrpc": "2.0", "id": 1, "error": {"data": data}}
        self.send_response(int(mode) if mode.isdigit() else 200)
        self.end_headers()
        self.wfile.write(b"<html>" if mode == "html" else json.dumps(answer).encode())

    def log_message(self, *args):
        """Silence."""


@tagged("post_install", "-at_install")
class TestSnailmail(LetterCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
        cls.addClassCleanup(cls.provider.server_close)
        thread = threading.Thread(target=cls.provider.serve_forever, daemon=True)
        thread.start()
        cls.addClassCleanup(thread.join)
        cls.addClassCleanup(cls.provider.shutdown)
        cls.company.dunning_snailmail = True
        cls._set_endpoint(cls.provider.server_port)

    @classmethod
    def _set_endpoint(cls, port):
        cls.env["ir.config_parameter"].set_param(
            "snailmail.endpoint", f"http://127.0.0.1:{port}"
        )

    def setUp(self):
        super().setUp()
        self.provider.asked = []
        self.provider.mode = "accept"

    @property
    def asked(self):
        return self.provider.asked

    def post(self, mode="accept"):
        self.provider.mode = mode
        self.deliver()
        self.env.invalidate_all()

    def tracking(self, letter):
        return letter.sudo().snailmail_letter_id

    def assertNeverPosted(self, times=1):
        """No queue, no cron and no later try hands anything over again."""
        self.travel(1)
        self.post()
        self.env["snailmail.letter"]._snailmail_cron(autocommit=False)
        self.assertEqual(len(self.asked), times)

    def test_accepted(self):
        letter = self.letters()
        self.post()
        self.assertRecordValues(letter, [{"state": "sent", "attempt": 1}])
        self.assertRecordValues(
            self.tracking(letter),
            [{"state": "sent", "partner_id": letter.partner_id.id}],
        )
        [asked] = self.asked
        [document] = asked["documents"]
        self.assertEqual(document["address"]["street"], "Main Street 1")
        self.assertEqual(document["rightaddress"], 0)
        self.assertEqual(
            base64.b64decode(document["pdf_bin"]), base64.b64decode(letter.letter_pdf)
        )
        [page] = self.pages(base64.b64decode(document["pdf_bin"]))
        self.assertIn("100.00", page)
        self.assertIn("letter_posted", self.kinds(letter))
        self.assertTrue(letter.mail_message_id)
        self.assertNeverPosted()

    def test_one_letter_per_request(self):
        letters = self.letters(3)
        while "ready" in letters.mapped("state"):  # A slow machine needs more rounds.
            self.post()
        self.assertEqual([len(asked["documents"]) for asked in self.asked], [1, 1, 1])

    def test_answers(self):
        table = [
            ("CREDIT_ERROR", "failed", "credits"),
            ("TRIAL_ERROR", "failed", "account"),
            ("FORMAT_ERROR", "failed", "attachment"),
            ("NO_PRICE_AVAILABLE", "failed", "country"),
            ("MISSING_REQUIRED_FIELDS", "failed", "required fields"),
            ("403", "failed", "unknown error"),
            ("UNKNOWN_ERROR", "unknown", "did not say clearly"),
            ("silent", "unknown", "did not say clearly"),
            ("cut", "unknown", "did not say clearly"),
            ("500", "unknown", "did not say clearly"),
            ("error", "unknown", "did not say clearly"),
            ("html", "unknown", "did not say clearly"),
        ]
        letters = self.letters(len(table))
        for (mode, state, reason), letter in zip(table, letters, strict=True):
            with self.subTest(mode=mode):
                letters.sudo().not_before = "2030-01-01"
                letter.sudo().not_before = False
                self.env.flush_all()
                self.post(mode)
                self.assertEqual(letter.state, state)
                self.assertIn(reason, letter.reason)
                self.assertEqual(self.tracking(letter).state, "canceled")
                self.assertTrue(letter.case_id.activity_ids)
        self.assertEqual(len(self.asked), len(table))
        self.assertNeverPosted(len(table))

    def test_time_out_is_unknown(self):
        letter = self.letters()
        error = requests.exceptions.ReadTimeout()
        with patch.object(requests, "post", side_effect=error):
            self.post()
        self.assertEqual(letter.state, "unknown")
        self.assertNeverPosted(0)

    def test_not_reached_is_tried_again(self):
        """Nothing was handed over: the same tracking, a second attempt."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._set_endpoint(port)
        letter = self.letters()
        self.post()
        self.assertEqual(letter.state, "ready")
        tracking = self.tracking(letter)
        self.assertEqual(tracking.state, "canceled")
        self._set_endpoint(self.provider.server_port)
        self.travel(hours=1)
        self.post()
        self.assertRecordValues(letter, [{"state": "sent", "attempt": 2}])
        self.assertEqual(self.tracking(letter), tracking)
        self.assertNeverPosted()

    def test_killed_after_it_was_accepted(self):
        """The provider has it, we die before we read his answer: unknown, no second
        letter."""
        letter = self.letters()
        channel = type(letter)
        send = channel._call_snailmail

        def send_and_die(*args):
            send(*args)
            raise RuntimeError("Killed")

        with (
            patch.object(channel, "_call_snailmail", send_and_die),
            mute_logger(SENDER),
        ):
            self.post()
        self.assertEqual(letter.state, "unknown")
        self.assertEqual(len(self.asked), 1)
        self.assertNeverPosted()

    def test_killed_before_the_outcome_is_written(self):
        letter = self.letters()
        sender = type(self.env["dunning.sender"])
        with patch.object(sender, "_record_safely", lambda *args: None):
            self.post()
        self.assertEqual(letter.state, "claimed")
        self.assertEqual(self.tracking(letter).state, "canceled")
        self.travel(hours=1)
        self.sweep()
        self.assertEqual(letter.state, "unknown")
        self.assertIn("sender stopped", letter.reason)
        self.assertNeverPosted()

    def test_paid_meanwhile(self):
        self.only_the_claim_looks()
        letters = self.letters(2)
        self.pay(letters[0].line_ids.move_id)
        self.pay(letters[1].line_ids.move_id, 40)
        self.env.flush_all()
        self.post()
        self.assertEqual(letters.mapped("state"), ["suppressed", "sent"])
        [asked] = self.asked
        [page] = self.pages(base64.b64decode(asked["documents"][0]["pdf_bin"]))
        self.assertIn("60.00", page)

    def test_incomplete_for_the_provider(self):
        """Snailmail wants ZIP and city; for a person one of them is enough."""
        letter = self.letters(zip=False)
        self.post()
        self.assertEqual(letter.state, "failed")
        self.assertIn("Snailmail needs", letter.reason)
        self.assertFalse(self.asked)

    def test_switched_off(self):
        self.company.dunning_snailmail = False
        letter = self.letters()
        self.post()
        self.assertEqual(letter.state, "ready")
        self.assertFalse(self.asked)
        self.print_pile(letter)
        self.assertEqual(letter.state, "claimed")

    def test_printed_by_a_person_first(self):
        letter = self.letters()
        self.print_pile(letter)
        self.post()
        self.assertEqual(letter.state, "claimed")
        self.assertFalse(self.asked)
        self.assertFalse(self.tracking(letter))

    def test_other_ways_to_send_it_are_closed(self):
        letter = self.letters()
        self.post("CREDIT_ERROR")
        tracking = self.tracking(letter)
        with self.assertRaisesRegex(UserError, "retry it on its notice"):
            tracking.snailmail_print()
        tracking.write({"state": "error", "error_code": "CREDIT_ERROR"})
        tracking.message_id.send_letter()
        self.assertNeverPosted()

    def test_paper_is_a4(self):
        self.company.paperformat_id = self.env.ref("base.paperformat_us")
        self.letters()
        self.post()
        [asked] = self.asked
        content = base64.b64decode(asked["documents"][0]["pdf_bin"])
        self.assertIn(b"841", content)

    def test_cover_page(self):
        self.company.snailmail_cover = True
        self.letters()
        self.post()
        [asked] = self.asked
        pages = self.pages(base64.b64decode(asked["documents"][0]["pdf_bin"]))
        self.assertEqual(len(pages), 2)
        self.assertIn("Debtor 0", pages[0])

    def test_erasure(self):
        letter = self.letters()
        self.post()
        attachment = self.tracking(letter).attachment_id
        letter.partner_id._dunning_erase()
        self.assertFalse(attachment.exists())

    def test_setting(self):
        settings = self.env["res.config.settings"].create({"dunning_snailmail": False})
        settings.execute()
        self.assertFalse(self.company.dunning_snailmail)
