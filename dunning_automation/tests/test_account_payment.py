import re
from datetime import timedelta
from unittest.mock import patch

import requests

from odoo import Command, http
from odoo.exceptions import UserError
from odoo.tests import JsonRpcException, tagged
from odoo.tools import mute_logger

from .account_common import AccountCommon


class PaymentCommon(AccountCommon):
    """A company with a provider, and a customer with more to pay."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.method = cls.env.ref("payment.payment_method_unknown").sudo()
        cls.provider = (
            cls.env["payment.provider"]
            .sudo()
            .create(
                {
                    "name": "Provider",
                    "company_id": cls.company.id,
                    "state": "test",
                    "is_published": True,
                    "allow_tokenization": True,
                    "payment_method_ids": [Command.set(cls.method.ids)],
                }
            )
        )
        cls._create_dummy_payment_method_for_provider(
            cls.provider, cls.company_data["default_journal_bank"]
        )
        cls.method.write({"active": True, "support_tokenization": True})
        cls.env["ir.config_parameter"].sudo().set_param(
            "account_payment.enable_portal_payment", "True"
        )

    def setUp(self):
        super().setUp()
        self.second = self.invoice(days_overdue=3, amount=50.0)
        self.coming = self.invoice(days_overdue=-10, amount=25.0)
        self.payments = self.env["dunning.account.payment"].sudo()
        self.env.flush_all()

    # === ACTIONS === #

    def lines(self, *invoices):
        return [self.receivable(invoice).id for invoice in invoices]

    def choose(self, *invoices, **values):
        return self.payments._choose(
            self.customer, self.company, self.lines(*invoices), **values
        )

    def pay_page(self, login=None, path=None, **form):
        """What the customer gets who presses a button of his account."""
        self.authenticate(login, login)
        form["csrf_token"] = http.Request.csrf_token(self)
        return self.url_open(f"{path or self.link}/pay", data=form)

    def basket(self, page):
        return re.search(r'data-access-token="([^"]+)"', page.text)[1]

    @mute_logger("odoo.http")
    def start(self, basket, path=None, **values):
        """The browser asks for a transaction; returns it."""
        answer = self.make_jsonrpc_request(
            f"{path or self.link}/transaction",
            {
                "access_token": basket,
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "token_id": None,
                "flow": "direct",
                "tokenization_requested": False,
                "amount": 0.01,
                "landing_route": "https://evil.example",
                "is_validation": False,
                "csrf_token": "x",
                **values,
            },
        )
        self.env.invalidate_all()
        return self.transactions().filtered(
            lambda tx: tx.reference == answer["reference"]
        )

    def transactions(self):
        return self.env["payment.transaction"].sudo().search([])

    def finish(self, tx):
        """The provider confirms, Odoo books."""
        tx._set_done()
        tx._post_process()
        self.env.flush_all()

    def assertRefused(self, basket, **values):
        before = self.transactions()
        with self.assertRaises(JsonRpcException):
            self.start(basket, **values)
        self.assertEqual(self.transactions(), before)


@tagged("post_install", "-at_install")
class TestAccountPayment(PaymentCommon):
    """A customer pays: exactly what is open, and never twice."""

    # === AMOUNTS === #

    def test_amount_is_what_is_open(self):
        self.pay(self.overdue, 40)
        self.assertEqual(self.choose(self.overdue)["amount"], 60.0)
        self.assertEqual(self.choose(self.overdue, self.second)["amount"], 110.0)
        self.assertEqual(self.choose(self.overdue, amount=12.34)["amount"], 12.34)

    def test_amounts_that_are_none(self):
        for amount in (0, -1, 100.01, 0.001, float("inf"), float("nan")):
            with self.subTest(amount), self.assertRaises(UserError):
                self.choose(self.overdue, amount=amount)
        for text in ("x", "1,5", "-3", "0", "1e9", "nan"):
            with self.subTest(text):
                page = self.pay_page(line=self.lines(self.overdue), amount=text)
                self.assertIn("Please enter an amount", page.text)

    def test_what_cannot_be_paid(self):
        euros = self.invoice(currency=self.foreign_currency)
        paid = self.invoice()
        self.pay(paid)
        for invoices in ([], [paid], [self.foreign], [self.overdue, euros]):
            with self.subTest(invoices), self.assertRaises(UserError):
                self.choose(*invoices)

    def test_all_overdue_is_what_is_the_customers_turn(self):
        self.env["dunning.dispute"].create(
            {"move_line_ids": [Command.set(self.lines(self.second))]}
        )
        self.env.flush_all()
        page = self.page(None, self.link).text
        proposed = re.findall(r'name="proposed" value="(\d+)"', page)
        self.assertEqual(list(map(int, proposed)), self.lines(self.overdue))
        self.assertIn("left out of “Pay all overdue”", page)
        page = self.pay_page(scope="overdue", proposed=proposed)
        self.assertIn('data-amount="100.0"', page.text)
        page = self.pay_page(line=self.lines(self.overdue, self.second))
        self.assertIn('data-amount="150.0"', page.text)

    def test_nothing_is_said_where_nothing_is_left_out(self):
        self.assertNotIn("left out of", self.page(None, self.link).text)
        self.env["dunning.promise"].create(
            {"move_line_ids": [Command.set(self.lines(self.second))]}
        )
        self.env.flush_all()
        self.assertIn("left out of", self.page(None, self.link).text)

    # === PAYING === #

    def test_pay_and_see_it(self):
        page = self.pay_page(line=self.lines(self.overdue, self.second))
        self.assertIn('data-amount="150.0"', page.text)
        self.assertEqual(page.headers["Referrer-Policy"], "no-referrer")
        tx = self.start(self.basket(page))
        self.assertRecordValues(
            tx,
            [
                {
                    "amount": 150.0,
                    "currency_id": self.company.currency_id.id,
                    "partner_id": self.customer.id,
                    "landing_route": self.link,
                    "tokenize": False,
                }
            ],
        )
        self.assertEqual(tx.invoice_ids, self.overdue | self.second)
        waiting = self.notices(state="ready")
        self.finish(tx)
        self.assertEqual(self.overdue.payment_state, "paid")
        self.assertEqual(self.second.payment_state, "paid")
        self.assertNotIn("ready", waiting.mapped("state"))
        page = self.url_open(self.link).text
        self.assertIn("Thank you!", page)
        self.assertNotIn(f"/invoice/{self.overdue.id}.pdf", page)
        self.assertIn(f"/invoice/{self.coming.id}.pdf", page)

    def test_part(self):
        page = self.pay_page(line=self.lines(self.overdue), amount="30.5")
        self.finish(self.start(self.basket(page)))
        self.assertEqual(self.overdue.amount_residual, 69.5)

    def test_instalments_oldest_first(self):
        invoice = self.invoice(instalments=[(40, 30.0), (10, 30.0), (-20, 40.0)])
        lines = self.receivable(invoice)
        page = self.pay_page(line=lines[:2].ids)
        self.finish(self.start(self.basket(page)))
        self.assertEqual(lines.mapped("amount_residual"), [0.0, 0.0, 40.0])

    def test_next_instalment_of_a_plan(self):
        """What has fallen due, less what was paid; then the next one."""
        plan = self.env["dunning.plan"].create(
            {
                "move_line_ids": [Command.set(self.lines(self.overdue, self.second))],
                "instalment_count": 3,
                "first_date": self.today + timedelta(days=5),
                "interval": "week",
            }
        )
        plan.action_generate()
        plan.action_confirm()
        self.env.flush_all()
        self.assertIn("Pay the next instalment: $\xa050.00", self.account_text())
        for days, amount in ((5, 50.0), (7, 100.0)):
            with self.subTest(days):
                self.travel(days)
                page = self.pay_page(scope="plan", plan=str(plan.id))
                self.assertIn(f'data-amount="{amount}"', page.text)
        self.finish(self.start(self.basket(page)))
        self.cr.precommit.run()
        self.env.invalidate_all()
        self.assertEqual(plan.line_ids.mapped("state"), ["kept", "kept", "open"])
        self.assertIn("Pay the next instalment: $\xa050.00", self.account_text())
        self.pay(self.overdue | self.second)
        self.env.flush_all()
        self.cr.precommit.run()
        self.assertNotIn("Your payment plan", self.account_text())
        for number in (str(plan.id), "987654321", "x", "9" * 5000, ""):
            with self.subTest(number):
                page = self.pay_page(scope="plan", plan=number)
                self.assertIn("alert-warning", page.text)

    def account_text(self):
        return self.page(None, self.link).text

    def test_plan_of_somebody_else(self):
        plan = self.env["dunning.plan"].create(
            {"move_line_ids": [Command.set(self.lines(self.foreign))]}
        )
        plan.action_generate()
        plan.action_confirm()
        self.env.flush_all()
        page = self.pay_page(scope="plan", plan=str(plan.id))
        self.assertIn("alert-warning", page.text)
        self.assertNotIn("Your payment plan", self.account_text())

    def test_way_to_pay_by_transfer(self):
        page = self.pay_page(line=self.lines(self.overdue))
        self.assertNotIn("transfer it from your bank", page.text)
        self.company.partner_id.bank_ids = [
            Command.create({"acc_number": "DE89370400440532013000"})
        ]
        self.env.flush_all()
        page = self.pay_page(line=self.lines(self.overdue))
        self.assertIn("transfer it from your bank", page.text)
        self.assertIn(self.overdue.payment_reference or self.overdue.name, page.text)

    def test_no_button_where_odoo_has_none(self):
        self.env["ir.config_parameter"].sudo().set_param(
            "account_payment.enable_portal_payment", "False"
        )
        self.env.flush_all()
        self.assertNotIn('name="scope"', self.page(None, self.link).text)
        basket = self.payments._sign(self.choose(self.overdue))
        self.assertRefused(basket)

    # === NEVER TWICE === #

    def test_double_click_gets_the_same_transaction(self):
        basket = self.basket(self.pay_page(line=self.lines(self.overdue)))
        first = self.start(basket)
        self.assertEqual(self.start(basket), first)
        self.assertEqual(len(self.transactions()), 1)

    def test_two_tabs(self):
        """Other choices that overlap wait until it is known what became of the first,
        or until somebody who left must have left."""
        tabs = [
            self.basket(self.pay_page(line=self.lines(*invoices)))
            for invoices in ([self.overdue, self.second], [self.overdue])
        ]
        self.start(tabs[0])
        self.assertRefused(tabs[1])
        other = self.basket(self.pay_page(line=self.lines(self.coming)))
        self.assertTrue(self.start(other))
        self.travel(minutes=6)
        self.assertTrue(self.start(tabs[1]))

    def test_payment_on_its_way(self):
        basket = self.basket(self.pay_page(line=self.lines(self.overdue)))
        tx = self.start(basket)
        for state in ("pending", "authorized", "done"):
            with self.subTest(state):
                self.cr.execute(
                    "UPDATE payment_transaction SET state = %s WHERE id = %s",
                    (state, tx.id),
                )
                # A provider that confirms by itself.
                self.cr.execute(
                    "UPDATE payment_provider SET code = 'other' WHERE id = %s",
                    (self.provider.id,),
                )
                with self.assertRaises(UserError):
                    self.choose(self.overdue)

    def charged(self, answer):
        """The customer pays with a stored card.

        :param answer: what becomes of the provider's answer: an exception of requests,
            or a status
        """
        anna = self.portal_user(f"c_anna_{answer}", self.customer)
        token = (
            self.env["payment.token"]
            .sudo()
            .create(
                {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.method.id,
                    "partner_id": anna.partner_id.id,
                    "payment_details": "0001",
                    "provider_ref": "1",
                }
            )
        )
        self.env.flush_all()
        path = f"/my/dunning/{self.company.id}"
        page = self.pay_page(anna.login, path, line=self.lines(self.overdue))

        def request(*arguments, **values):
            if isinstance(answer, Exception):
                raise answer
            response = requests.Response()
            response.status_code = answer
            response._content = b"{}"
            return response

        def charge(tx):
            tx._send_api_request("POST", "charges")

        model = type(self.env["payment.transaction"])
        with (
            patch.object(model, "_send_payment_request", charge),
            patch(
                "odoo.addons.payment.models.payment_provider.requests.request", request
            ),
            mute_logger("odoo.addons.payment.models.payment_provider"),
        ):
            return self.start(
                self.basket(page), path=path, flow="token", token_id=token.id
            )

    def test_card_that_may_have_been_charged(self):
        """An answer that is lost says nothing: not again before tomorrow, and a person
        asks the provider. A card that was refused can be tried again at once."""
        table = [
            (requests.ConnectionError(), True),
            (requests.ReadTimeout(), True),
            (502, True),
            (402, False),
        ]
        for answer, is_unknown in table:
            with self.subTest(answer), self.cr.savepoint() as savepoint:
                tx = self.charged(answer)
                self.assertEqual(tx.state, "error")
                self.assertEqual(tx.dunning_is_unknown, is_unknown)
                tasks = self.notice.case_id.activity_ids.mapped("summary")
                self.assertEqual("A card may have been charged" in tasks, is_unknown)
                page = self.page(None, self.link).text
                self.assertEqual("Payment in process" in page, is_unknown)
                if is_unknown:
                    with self.assertRaises(UserError):
                        self.choose(self.overdue)
                    self.travel(hours=25)
                self.assertTrue(self.choose(self.overdue))
                savepoint.rollback()
                self.env.invalidate_all()

    def test_queued_reminder_follows_a_payment_under_way(self):
        waiting = self.notices(state="ready")
        tx = self.start(self.basket(self.pay_page(line=self.lines(self.overdue))))
        self.assertEqual(waiting.mapped("state"), ["ready"] * len(waiting))
        tx._set_pending()
        self.env.flush_all()
        self.cr.precommit.run()
        self.assertNotIn("ready", waiting.mapped("state"))

    def test_something_was_booked_meanwhile(self):
        table = {
            "paid": lambda: self.pay(self.overdue),
            "partly": lambda: self.pay(self.overdue, 10),
            "cancelled": self.overdue.button_draft,
        }
        for name, happens in table.items():
            with self.subTest(name), self.cr.savepoint() as savepoint:
                basket = self.payments._sign(self.choose(self.overdue))
                happens()
                self.env.flush_all()
                self.assertRefused(basket)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_payment_is_put_down_to_the_message_that_led_to_it(self):
        tx = self.start(self.basket(self.pay_page(line=self.lines(self.overdue))))
        self.assertEqual(tx.dunning_notice_id, self.notice)
        self.assertFalse(self.notice.date_paid)
        self.finish(tx)
        tx._post_process()
        [event] = self.notice.event_ids.filtered(lambda e: e.kind == "paid_online")
        self.assertEqual(event.payload["transaction"], tx.id)
        self.assertEqual(event.payload["amount"], 100.0)
        self.assertTrue(self.notice.date_paid)
        self.portal_user("n_anna", self.customer)
        path = f"/my/dunning/{self.company.id}"
        page = self.pay_page("n_anna", path, line=self.lines(self.second))
        self.assertFalse(self.start(self.basket(page), path=path).dunning_notice_id)

    # === NOBODY ELSE === #

    def test_basket_of_somebody_else(self):
        foreign = self.payments._sign(
            self.payments._choose(self.other, self.company, self.lines(self.foreign))
        )
        own = self.payments._sign(self.choose(self.overdue))
        for basket in (foreign, own[:-3] + "abc", "", "x" * 300, "ü"):
            with self.subTest(basket[:20]):
                self.assertRefused(basket)
        page = self.pay_page(line=self.lines(self.foreign))
        self.assertNotIn(self.foreign.ref or "CANARY", page.text)
        self.assertIn("Some of these invoices", page.text)

    def test_stored_cards_are_for_their_owner(self):
        """A link may have been forwarded to anybody."""
        anna = self.portal_user("s_anna", self.customer)
        tokens = (
            self.env["payment.token"]
            .sudo()
            .create(
                [
                    {
                        "provider_id": self.provider.id,
                        "payment_method_id": self.method.id,
                        "partner_id": partner.id,
                        "payment_details": details,
                        "provider_ref": details,
                    }
                    for partner, details in (
                        (self.customer, "0001"),
                        (anna.partner_id, "0002"),
                    )
                ]
            )
        )
        self.env.flush_all()
        path = f"/my/dunning/{self.company.id}"
        page = self.pay_page(line=self.lines(self.overdue))
        self.assertNotIn("o_payment_token_", page.text)
        for token in tokens:
            self.assertRefused(self.basket(page), flow="token", token_id=token.id)
        page = self.pay_page("s_anna", path, line=self.lines(self.overdue))
        self.assertIn(f"o_payment_token_{tokens[1].id}", page.text)
        self.assertNotIn(f"o_payment_token_{tokens[0].id}", page.text)
        self.assertRefused(
            self.basket(page), path=path, flow="token", token_id=tokens[0].id
        )

    def test_only_what_was_offered(self):
        hidden = self.provider.create({"name": "Hidden", "state": "disabled"})
        basket = self.basket(self.pay_page(line=self.lines(self.overdue)))
        for values in (
            {"provider_id": hidden.id},
            {"provider_id": "1 OR 1=1"},
            {"payment_method_id": 987654321},
            {"flow": "validation"},
            {"flow": ["direct"]},
            {"flow": "token", "token_id": 987654321},
        ):
            with self.subTest(values):
                self.assertRefused(basket, **values)

    def test_in_whose_name(self):
        """Who is logged in pays in his own name only for his own company."""
        anna = self.portal_user("n_anna", self.customer)
        self.portal_user("n_ben", self.other)
        for login, payer in ((None, self.customer), ("n_ben", self.customer)):
            with self.subTest(login):
                page = self.pay_page(login, line=self.lines(self.coming))
                self.assertEqual(self.start(self.basket(page)).partner_id, payer)
                self.travel(minutes=6)
        page = self.pay_page("n_anna", line=self.lines(self.coming))
        self.assertEqual(self.start(self.basket(page)).partner_id, anna.partner_id)

    @mute_logger("odoo.http")
    def test_foreign_site_cannot_press_the_buttons(self):
        self.authenticate(None, None)
        answer = self.url_open(
            f"{self.link}/pay", data={"line": self.lines(self.overdue)}
        )
        self.assertEqual(answer.status_code, 400)

    @mute_logger("odoo.http")
    def test_without_a_valid_link(self):
        basket = self.payments._sign(self.choose(self.overdue))
        for path in (
            f"/dunning/account/{self.notice.id}-{64 * '0'}",
            f"/my/dunning/{self.company.id}",
        ):
            with self.subTest(path), self.assertRaises(JsonRpcException):
                self.start(basket, path=path)
        self.assertFalse(self.transactions())
