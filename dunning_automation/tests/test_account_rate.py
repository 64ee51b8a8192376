from unittest.mock import patch

from odoo import http
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..tools import rate_limit
from .account_common import AccountCommon


@tagged("post_install", "-at_install")
class TestAccountRate(AccountCommon):
    """Who tries too often waits; nobody else does."""

    def setUp(self):
        super().setUp()
        limits = {
            ("token", "address"): rate_limit.Limit(3, 10),
            ("form", "address"): rate_limit.Limit(5, 10),
            ("form", "account"): rate_limit.Limit(3, 10),
        }
        self.startPatcher(patch.dict(rate_limit.LIMITS, limits))
        self.other_link = f"/dunning/account/{self.foreign_notice._get_account_token()}"

    def attempts(self, kind):
        return self.env["dunning.attempt"].search_count([("kind", "=", kind)])

    def send_form(self, link=None, name="answer", **form):
        self.authenticate(None, None)
        data = {"csrf_token": http.Request.csrf_token(self), "kind": "other", **form}
        return self.url_open(f"{link or self.link}/{name}", data=data)

    def guess(self):
        """Somebody tries a link that opens nothing. Here the test's own transaction
        takes back what a request that ends with 404 notes: whether it is noted is
        tested with a real server, in ``tests/test_public_pages.py``."""
        self.env["dunning.attempt"]._note("token", address="127.0.0.1")

    def assertRefused(self, answer, seconds=600):
        self.assertEqual(answer.status_code, 429)
        self.assertEqual(answer.headers["Retry-After"], str(seconds))
        self.assertIn("Please wait a little", answer.text)
        self.assertNotIn(self.overdue.name, answer.text)

    def test_guessed_links(self):
        for _time in range(3):
            self.assertEqual(self.page(None, self.link).status_code, 200)
            self.guess()
        self.travel(minutes=4)
        self.assertRefused(self.page(None, self.link), 360)
        self.assertRefused(self.page(None, f"{self.link}/statement.csv"), 360)
        self.assertEqual(self.attempts("token"), 3)
        self.travel(minutes=6)
        self.assertEqual(self.page(None, self.link).status_code, 200)

    def test_good_links_do_not_count(self):
        for _time in range(5):
            self.assertEqual(self.page(None, self.link).status_code, 200)
        self.assertEqual(self.attempts("token"), 0)

    def test_forms_of_an_account(self):
        for number in range(3):
            self.assertEqual(self.send_form(text=f"No {number}").status_code, 200)
        for name in ("answer", "preferences", "pay"):
            self.assertRefused(self.send_form(name=name, text="x"))
        [reply] = self.env["dunning.reply"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(reply.mail_count, 3)
        # Looking goes on, and so does the account of somebody else.
        self.assertEqual(self.page(None, self.link).status_code, 200)
        self.assertEqual(self.send_form(self.other_link, text="x").status_code, 200)

    def test_forms_from_one_place(self):
        for number in range(5):
            link = (self.link, self.other_link)[number % 2]
            self.assertEqual(self.send_form(link, text="x").status_code, 200)
        self.assertRefused(self.send_form(self.other_link, text="x"))

    @mute_logger("odoo.http")
    def test_payments_are_forms_too(self):
        values = {"access_token": "x", "provider_id": 1, "flow": "direct"}

        def start():
            call = {"jsonrpc": "2.0", "method": "call", "params": values}
            return self.url_open(f"{self.link}/transaction", json=call).text

        self.assertIn("booked meanwhile", start())
        account = (self.customer.id, self.company.id)
        for _time in range(3):
            self.env["dunning.attempt"]._note("form", account=account)
        self.assertIn("tried too often", start())

    def test_what_fails_counts_and_no_address_is_kept(self):
        self.send_form(text="")
        self.assertEqual(self.attempts("form"), 2)
        for attempt in self.env["dunning.attempt"].search([]):
            self.assertRegex(attempt.key, "^[0-9a-f]{64}$")

    def test_switched_off(self):
        self.env["ir.config_parameter"].set_param("dunning_automation.rate_limits", "0")
        for _time in range(5):
            self.guess()
        self.assertEqual(self.attempts("token"), 0)
        self.assertEqual(self.page(None, self.link).status_code, 200)

    def test_old_ones_are_forgotten(self):
        self.guess()
        self.travel(minutes=5)
        self.guess()
        self.travel(minutes=5)
        self.env["dunning.attempt"]._gc_attempts()
        self.assertEqual(self.attempts("token"), 1)
