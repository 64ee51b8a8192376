"""Customers pay with Mollie and Stripe: Odoo's own code for them, a real server, and a
stub of the providers (`payment_stub.py`) that counts what it took.

Mollie stands for providers with a page of their own: make a payment, go there, a
webhook that tells to ask, come back. Stripe stands for stored cards: Odoo itself
charges, in the request of the customer, and a signed webhook tells the state. The fear:
a customer who is charged twice.
"""

import os
import re
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import crowd
import pytest
import requests
from installer import server
from installer.browser import Browser
from installer.databases import Databases
from payment_stub import WEBHOOK_SECRET, PaymentStub

PREPARE = f"""
from odoo import Command

env["ir.config_parameter"].set_param("account_payment.enable_portal_payment", "True")
mollie = env.ref("payment.payment_provider_mollie")
mollie.write({{
    "mollie_api_key": "test_key", "state": "test", "is_published": True, "sequence": -1,
}})
stripe = env.ref("payment.payment_provider_stripe")
stripe.write({{
    "stripe_publishable_key": "pk_test", "stripe_secret_key": "sk_test",
    "stripe_webhook_secret": "{WEBHOOK_SECRET}", "state": "test",
    "is_published": True, "allow_tokenization": True,
}})
card = env.ref("payment.payment_method_card")
debtors = env["res.partner"].search([("name", "=like", "Debtor %")], limit=20)
debtors = debtors.filtered("email")
users = env["res.users"].with_context(no_reset_password=True).create([{{
    "name": debtor.name, "login": debtor.name, "password": debtor.name,
    "partner_id": debtor.id,
    "group_ids": [Command.set(env.ref("base.group_portal").ids)],
}} for debtor in debtors])
tokens = env["payment.token"].create([{{
    "provider_id": stripe.id, "payment_method_id": card.id, "partner_id": debtor.id,
    "payment_details": "4242", "provider_ref": "cus_1", "stripe_payment_method": "pm_1",
}} for debtor in debtors])
# Before the browser waits for them: on a busy machine that is too long.
for name in (
    "web.assets_frontend", "web.assets_frontend_minimal", "web.assets_frontend_lazy",
):
    bundle = env["ir.qweb"]._get_asset_bundle(name)
    bundle.js()
    bundle.css()
result = {{
    "company": env.company.id,
    "mollie": mollie.id,
    "stripe": stripe.id,
    "card": card.id,
    "debtors": [
        {{"id": debtor.id, "login": debtor.name, "token": token.id}}
        for debtor, token in zip(debtors, tokens, strict=True)
    ],
}}
env.cr.commit()
"""


@pytest.fixture(scope="module")
def stub(tmp_path_factory):
    started = PaymentStub(tmp_path_factory.mktemp("stub"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def shop(odoo_environment, crowd_template, stub, tmp_path_factory):
    """A server with both providers, whose customers have an overdue invoice, a reminder
    that is about to leave, a login and a stored card."""
    folder, name = tmp_path_factory.mktemp("shop"), f"{crowd_template}_providers"
    databases = Databases(odoo_environment.server)
    databases.copy(crowd_template, name)
    crowd.activate(odoo_environment, name, 1, folder)
    install = odoo_environment.odoo(
        "-d",
        name,
        "-i",
        "payment_demo,payment_mollie,payment_stripe",
        "--stop-after-init",
        "--no-http",
        f"--logfile={folder / 'install.log'}",
    )
    subprocess.run(install, env=odoo_environment.variables, check=True)
    known = server.run_code(odoo_environment, name, PREPARE, folder / "prepare.log")
    started = Shop(odoo_environment, name, folder / "odoo.log", stub)
    started.known = known
    yield started
    started.terminate()
    databases.drop(name)


class Shop(server.OdooServer):
    """A server that reaches the world by the stub; `known`: what `PREPARE` made."""

    def __init__(self, environment, database, log, stub):
        self._place = environment, database, log, stub
        with pytest.MonkeyPatch.context() as patch:
            for variable, value in stub.variables.items():
                patch.setenv(variable, value)
            super().__init__(environment, database, log, workers=2, max_cron_threads=0)
        self.wait_until_ready()

    def lose_power(self) -> None:
        """All its processes at once, nobody waits for them."""
        os.killpg(self.process.pid, signal.SIGKILL)

    def revive(self) -> None:
        """After that: at another address, with the logins that it had."""
        self.kill()
        sessions = self._sessions
        self.__init__(*self._place)
        self._sessions = sessions
        self.call("ir.config_parameter", "set_param", "web.base.url", self.url)


@pytest.fixture
def customer(shop, stub):
    """One who has paid nothing yet."""
    stub.accepts, stub.hang_up = "succeeded", None
    return Customer(shop, stub, shop.known["debtors"].pop())


class Customer:
    """Somebody with a browser, who is logged in. `amount`: what he owes."""

    def __init__(self, shop, stub, debtor):
        self.shop, self.stub, self.debtor = shop, stub, debtor
        self._browser = requests.Session()
        self._browser.post(
            f"{shop.url}/web/session/authenticate",
            json={
                "params": {
                    "db": shop.database,
                    "login": debtor["login"],
                    "password": debtor["login"],
                }
            },
            timeout=60,
        ).raise_for_status()
        [self.notice] = self._read("dunning.notice", ["state"])
        self.moves = self._read("account.move", ["name", "amount_residual"])
        self.amount = sum(move["amount_residual"] for move in self.moves)

    @property
    def page_url(self) -> str:
        return f"{self.shop.url}/my/dunning/{self.shop.known['company']}"

    def _read(self, model: str, fields: list, **more) -> list:
        """What the ledger says of him."""
        domain = more.pop("domain", [("partner_id", "=", self.debtor["id"])])
        return self.shop.call(model, "search_read", domain, fields, **more)

    # === WHAT HE DOES === #

    def see(self) -> str:
        answer = self._browser.get(self.page_url, timeout=60)
        assert answer.status_code == 200
        return answer.text

    def choose(self) -> str:
        """Press "Pay all overdue"; returns the signed basket of the next page."""
        page = self.see()
        form = {
            "csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', page)[1],
            "scope": "overdue",
            "proposed": re.findall(r'name="proposed" value="([\d,]+)"', page),
        }
        page = self._browser.post(f"{self.page_url}/pay", data=form, timeout=60).text
        return re.search(r'data-access-token="([^"]+)"', page)[1]

    def start(self, basket: str, **values) -> dict:
        """The payment form asks for a transaction.

        :raise Refused: with the words for the customer
        """
        values = {
            "access_token": basket,
            "provider_id": self.shop.known["mollie"],
            "payment_method_id": self.shop.known["card"],
            "flow": "redirect",
            **values,
        }
        url = f"{self.page_url}/transaction"
        answer = self._browser.post(url, json={"params": values}, timeout=60).json()
        if "error" in answer:
            raise Refused(answer["error"]["data"]["message"])
        return answer["result"]

    def charge_card(self, basket: str) -> dict:
        """Pay with the card that he has stored."""
        return self.start(
            basket,
            provider_id=self.shop.known["stripe"],
            payment_method_id=None,
            flow="token",
            token_id=self.debtor["token"],
        )

    def come_back(self, payment: dict) -> None:
        """From the page of the provider, as it sends him."""
        answer = self._browser.get(payment["redirectUrl"], timeout=60)
        assert answer.url == f"{self.shop.url}/payment/status"
        self.wait_for_status()

    def wait_for_status(self) -> dict:
        """The status page asks what became of it, which books it."""
        url = f"{self.shop.url}/payment/status/poll"
        return self._browser.post(url, json={"params": {}}, timeout=60).json()["result"]

    def finish_later(self) -> None:
        """Odoo's cron books what no customer has waited for."""
        [cron] = self.shop.call(
            "ir.cron",
            "search",
            [("code", "=", "model._cron_post_process()")],
        )
        self.shop.call("ir.cron", "method_direct_trigger", [cron])

    # === WHAT IS TRUE THEN === #

    @property
    def mollie_payment(self) -> dict:
        """The last one that Mollie made for him."""
        return self._made()[-1]

    def _made(self) -> list:
        return [
            payment
            for payment in self.stub.payments.values()
            if payment["description"].startswith(self._references)
        ]

    @property
    def charges(self) -> list:
        return self.stub.charges(*self._references)

    @property
    def _references(self) -> tuple:
        """His transactions; one that the ledger forgot is named like an invoice."""
        found = self._read("payment.transaction", ["reference"])
        names = [move["name"] for move in self.moves]
        return tuple(tx["reference"] for tx in found) + tuple(names)

    @property
    def states(self) -> list:
        found = self._read("payment.transaction", ["state"], order="id")
        return [tx["state"] for tx in found]

    @property
    def residual(self) -> float:
        return sum(
            m["amount_residual"]
            for m in self._read("account.move", ["amount_residual"])
        )

    @property
    def payments(self) -> list:
        return [p["amount"] for p in self._read("account.payment", ["amount"])]

    @property
    def reminder(self) -> str:
        """The state of the reminder that was about to leave."""
        [notice] = self._read("dunning.notice", ["state"])
        return notice["state"]

    def assert_paid_once(self) -> None:
        """Provider, ledger, page and reminder agree."""
        assert self.charges == [self.amount]
        assert self.payments == [self.amount]
        assert self.residual == 0
        assert self.reminder == "suppressed"
        page = self.see()
        assert 'name="line"' not in page
        assert "Nothing is open" in page

    def assert_owes_all(self) -> None:
        assert self.charges == []
        assert self.payments == []
        assert self.residual == self.amount
        assert self.reminder == "ready"
        assert 'value="overdue"' in self.see()


class Refused(Exception):
    """The server did not do it, and said why."""


# === A PAGE OF THE PROVIDER === #


def test_paid_on_the_page_of_the_provider(customer):
    """He comes back, then the provider tells: nothing is left, nothing is reminded."""
    rendered = customer.start(customer.choose())
    payment = customer.mollie_payment
    assert payment["amount"] == {"currency": "USD", "value": f"{customer.amount:.2f}"}
    assert payment["_links"]["checkout"]["href"] in rendered["redirect_form_html"]
    payment["status"] = "paid"
    customer.come_back(payment)
    customer.assert_paid_once()
    assert customer.stub.notify_mollie(payment).ok
    customer.assert_paid_once()


def test_webhooks_before_the_return_and_again(customer):
    """Told first, three times, twice of them at once; then he comes back."""
    customer.start(customer.choose())
    payment = customer.mollie_payment
    payment["status"] = "paid"
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(customer.stub.notify_mollie, [payment] * 2))
    answers.append(customer.stub.notify_mollie(payment))
    assert all(answer.ok for answer in answers)
    assert "Payment in process" in customer.see() or customer.residual == 0
    customer.come_back(payment)
    customer.assert_paid_once()


def test_pending(customer):
    """The bank takes days: no button, no reminder; then it is paid."""
    customer.start(customer.choose())
    payment = customer.mollie_payment
    payment["status"] = "pending"
    customer.come_back(payment)
    page = customer.see()
    assert "Payment in process" in page
    assert 'value="overdue"' not in page
    assert customer.states == ["pending"]
    assert customer.reminder == "suppressed"
    payment["status"] = "paid"
    assert customer.stub.notify_mollie(payment).ok
    customer.wait_for_status()
    customer.assert_paid_once()


@pytest.mark.parametrize("status", ["canceled", "failed", "expired"])
def test_not_paid(customer, status):
    """He is where he was, and may try again."""
    customer.start(customer.choose())
    payment = customer.mollie_payment
    payment["status"] = status
    customer.come_back(payment)
    assert customer.states == ["cancel"]
    customer.assert_owes_all()
    customer.start(customer.choose())
    payment = customer.mollie_payment
    payment["status"] = "paid"
    customer.come_back(payment)
    customer.assert_paid_once()


def test_two_tabs(customer):
    """The same basket twice is one payment at the provider; while that is under way
    no other one is made."""
    baskets = [customer.choose(), customer.choose()]
    with ThreadPoolExecutor() as pool:
        started = list(pool.map(customer.start, baskets))
    assert len({answer["reference"] for answer in started}) == 1
    with pytest.raises(Refused, match="started a moment ago"):
        customer.charge_card(baskets[1])
    payment = customer.mollie_payment
    payment["status"] = "paid"
    customer.come_back(payment)
    with pytest.raises(Refused, match="paid meanwhile"):
        customer.start(baskets[0])


def test_provider_answers_no_more(customer):
    """It made the payment, the line broke: nobody was sent there, so nobody pays it."""
    customer.stub.hang_up = lambda: None
    customer.start(customer.choose())
    assert customer.states == ["error"]
    assert len(customer._made()) == 1
    customer.assert_owes_all()
    customer.start(customer.choose())
    payment = customer.mollie_payment
    payment["status"] = "paid"
    customer.come_back(payment)
    customer.assert_paid_once()


def test_paid_by_transfer_while_he_is_at_the_provider(customer):
    """What is booked meanwhile ends the basket; a payment that was made already is a
    credit of the customer, and booked once."""
    basket = customer.choose()
    [move] = customer._read("account.move", ["name"], limit=1)
    register(customer, move["id"])
    with pytest.raises(Refused, match="paid meanwhile|booked meanwhile"):
        customer.start(basket)
    with pytest.raises(Refused):
        customer.charge_card(basket)
    assert customer.charges == []


def register(customer, move_id: int) -> None:
    """An accountant books what came by bank."""
    context = {"active_model": "account.move", "active_ids": [move_id]}
    call = customer.shop.call
    wizard = call("account.payment.register", "create", [{}], context=context)
    call("account.payment.register", "action_create_payments", wizard)


# === A STORED CARD === #


def test_stored_card(customer):
    """Charged at once; the webhook that follows changes nothing."""
    customer.charge_card(customer.choose())
    [intent] = customer._made()
    assert intent["amount"] == round(customer.amount * 100)
    customer.wait_for_status()
    customer.assert_paid_once()
    assert customer.stub.notify_stripe(customer.shop.url, intent).ok
    customer.assert_paid_once()


def test_card_is_refused(customer):
    customer.stub.accepts = "requires_payment_method"
    customer.charge_card(customer.choose())
    assert customer.states == ["error"]
    customer.assert_owes_all()
    customer.stub.accepts = "succeeded"
    customer.charge_card(customer.choose())
    customer.wait_for_status()
    customer.assert_paid_once()


def test_card_in_process(customer):
    """Then a webhook says that it is paid; a forged one before says nothing."""
    customer.stub.accepts = "processing"
    customer.charge_card(customer.choose())
    assert customer.states == ["pending"]
    assert "Payment in process" in customer.see()
    [intent] = customer._made()
    forged = {**intent, "status": "succeeded"}
    answer = customer.stub.notify_stripe(customer.shop.url, forged, secret="guessed")
    assert answer.status_code == 403
    assert customer.states == ["pending"]
    intent["status"] = "succeeded"
    assert customer.stub.notify_stripe(customer.shop.url, intent).ok
    customer.wait_for_status()
    customer.assert_paid_once()


def test_card_clicked_in_two_tabs(customer):
    """At the same moment, and once more: one charge."""
    baskets = [customer.choose(), customer.choose()]

    def click(basket):
        try:
            return customer.charge_card(basket)
        except Refused as refused:
            return str(refused)

    with ThreadPoolExecutor() as pool:
        list(pool.map(click, baskets))
    assert "meanwhile" in click(baskets[0])
    customer.wait_for_status()
    customer.assert_paid_once()


def test_card_was_charged_but_the_answer_is_lost(customer):
    """Nobody knows, so nothing is charged again until the provider tells."""
    customer.stub.hang_up = lambda: None
    basket = customer.choose()
    customer.charge_card(basket)
    assert customer.charges == [customer.amount]
    for attempt in (customer.charge_card, customer.start):
        with pytest.raises(Refused, match="on its way"):
            attempt(basket)
    [intent] = customer._made()
    assert customer.stub.notify_stripe(customer.shop.url, intent).ok
    customer.wait_for_status()
    customer.assert_paid_once()


def test_server_dies_between_the_charge_and_its_answer(customer):
    """It has written down that it was about to charge: no second time, whatever the
    customer does, until the provider tells."""
    basket = customer.choose()
    customer.stub.hang_up = customer.shop.lose_power
    with pytest.raises(requests.ConnectionError):
        customer.charge_card(basket)
    customer.shop.revive()
    assert customer.charges == [customer.amount]
    page = customer.see()
    assert "Payment in process" in page
    assert 'value="overdue"' not in page
    for attempt in (customer.charge_card, customer.start):
        with pytest.raises(Refused, match="on its way"):
            attempt(basket)
    [intent] = customer._made()
    assert customer.stub.notify_stripe(customer.shop.url, intent).ok
    customer.finish_later()
    customer.assert_paid_once()


# === IN THE BROWSER === #


@pytest.mark.parametrize("button", ["paid", "canceled"])
def test_in_the_browser(customer, tmp_path, button):
    """The account page, Odoo's form, the provider's page, and back."""
    shop = customer.shop
    browser = Browser(tmp_path / "browser", 390, 844)
    pay_all = "document.querySelector('button[value=overdue]')"
    submit = "document.querySelector('[name=o_payment_submit_button]')"
    other_method = "document.querySelector('[name=o_payment_expand_button]')"
    mollie = f"""document.querySelector(
        'input[name=o_payment_radio][data-provider-id="{shop.known["mollie"]}"]')"""
    try:
        browser.open(f"{shop.url}/web/login")
        login = f"""
            document.querySelector('#login').value = {customer.debtor["login"]!r};
            document.querySelector('#password').value = {customer.debtor["login"]!r};
            document.querySelector('.oe_login_form').submit()"""
        browser.run(login)
        browser.wait_for("location.pathname.startsWith('/my')", "the portal")
        browser.open(customer.page_url)
        browser.run(f"{pay_all}.click()")
        browser.wait_for(f"{submit} && !{submit}.disabled", "the stored card")
        browser.run(f"{other_method}.click()")
        browser.wait_for(f"!!{mollie}", "Mollie in the payment form")
        browser.run(f"{mollie}.click()")
        browser.wait_for(f"!{submit}.disabled", "the button to pay")
        browser.run(f"{submit}.click()")
        there = "document.querySelector('button[name=status]')"
        browser.wait_for(f"!!{there}", "the page of the provider")
        browser.run(f"document.querySelector('button[value={button}]').click()")
        browser.wait_for(
            f"location.href === {customer.page_url!r}", "the account page again"
        )
        words = "Nothing is open" if button == "paid" else "cancel"
        said = f"document.body.innerText.includes('{words}')"
        browser.wait_for(said, f"“{words}”")
    finally:
        browser.close()
    if button == "paid":
        customer.assert_paid_once()
    else:
        customer.assert_owes_all()
