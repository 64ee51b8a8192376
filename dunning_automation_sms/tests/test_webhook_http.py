import random
import time
from statistics import median

from odoo.tests import HttpCase, tagged

from .webhook_common import WebhookCommon


@tagged("post_install", "-at_install")
class TestWebhookHttp(HttpCase, WebhookCommon):
    """The address itself."""

    def post(self, called, **changes):
        url = changes.pop("url", f"/dunning/webhook/{called.key}")
        data = changes.pop("data", called.body)
        return self.url_open(url, data=data, headers={**called.headers, **changes})

    def test_receipt(self):
        called = self.signed({"id": "R1", "status": "sent"})
        answer = self.post(called)
        self.assertEqual((answer.status_code, answer.content), (204, b""))
        self.assertEqual(self.post(called).status_code, 204, "Twice is no error")
        self.assertEqual(len(self.webhook.event_ids), 1)

    def test_fault_34_forged_ones_over_http(self):
        """Some hundred, none accepted, and all get the same answer."""
        chance = random.Random(36)
        called = self.signed({"id": "R1", "text": "STOP", "from": "+436641234500"})
        answers = set()
        for number in range(300):
            place = chance.randrange(len(called.body))
            data = called.body[:place] + b"~" + called.body[place + 1 :]
            changes = [
                {"data": data},
                {"X-Signature": f"{number:064x}"},
                {"X-Timestamp": str(number)},
                {"url": f"/dunning/webhook/{number:032x}"},
            ][number % 4]
            answer = self.post(called, **changes)
            answers.add((answer.status_code, answer.headers["Content-Type"]))
        self.assertEqual([status for status, _type in answers], [404])
        self.assertFalse(self.webhook.event_ids)
        self.assertFalse(self.env["phone.blacklist"].search([]))

    def test_too_long(self):
        called = self.signed({"id": "R1", "text": "x" * 70_000})
        self.assertEqual(self.post(called).status_code, 404)

    def test_answered_in_time(self):
        """Most within 200 ms, STOP included; and no more queries for the hundredth."""
        seconds = []
        for number in range(60):
            text = "STOP" if number % 10 == 0 else "Hello"
            body = {"id": number, "text": text, "from": f"+4366412345{number:02}"}
            called = self.signed(body)
            start = time.monotonic()
            self.assertEqual(self.post(called).status_code, 204)
            seconds.append(time.monotonic() - start)
        self.assertLess(median(seconds), 0.2)
        self.assertEqual(len(self.webhook.event_ids), 60)

    def test_stop_is_obeyed_in_the_request(self):
        body = {"id": "M1", "text": "STOP", "from": "+436641234500"}
        self.post(self.signed(body))
        listed = self.env["phone.blacklist"].search([])
        self.assertEqual(listed.number, "+436641234500")
