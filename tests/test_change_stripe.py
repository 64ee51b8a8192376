"""A customer changes his payment method with Stripe: Odoo's own code for it, a real
server, and a stub that counts what it took (`payment_stub.py`). The fear: what is open
is taken twice, or a card is stored that was refused.
"""

import re
import subprocess

import crowd
import pytest
import requests
from installer import server
from installer.databases import Databases
from payment_stub import WEBHOOK_SECRET, PaymentStub
from test_pay_providers import Shop

PREPARE = f"""
env["ir.config_parameter"].set_param("account_payment.enable_portal_payment", "True")
stripe = env.ref("payment.payment_provider_stripe")
stripe.write({{
    "stripe_publishable_key": "pk_test", "stripe_secret_key": "sk_test",
    "stripe_webhook_secret": "{WEBHOOK_SECRET}", "state": "test",
    "is_published": True, "allow_tokenization": True,
}})
card = env.ref("payment.payment_method_card")
debtors = env["res.partner"].search([("name", "=like", "Debtor %")], limit=20)
result = []
for debtor in debtors.filtered("email")[:4]:
    move = env["account.move"].search([("partner_id", "=", debtor.id)], limit=1)
    token = env["payment.token"].create({{
        "provider_id": stripe.id, "payment_method_id": card.id,
        "partner_id": debtor.id, "payment_details": "4242", "provider_ref": "cus_0",
        "stripe_payment_method": "pm_0",
    }})
    env["dunning.recovery"].create({{
        "move_id": move.id, "partner_id": debtor.id, "company_id": env.company.id,
        "token_id": token.id, "state": "customer", "decline_class": "authentication",
        "failed_at": env.cr.now(),
    }})
    [notice] = env["dunning.notice"].search([("partner_id", "=", debtor.id)])
    notice._set_state("claimed")
    notice._set_state("sent", date_sent=env.cr.now())
    result.append({{
        "path": f"/dunning/account/{{notice._get_account_token()}}/method",
        "move": move.id, "token": token.id, "owed": move.amount_residual,
        "provider": stripe.id, "method": card.id,
    }})
env.cr.commit()
"""


class CardStub(PaymentStub):
    """Stripe that also stores cards, as it tells of them when Odoo asks for it."""

    card = {
        "id": "pm_1",
        "type": "card",
        "card": {"brand": "visa", "last4": "1111", "exp_month": 2, "exp_year": 2032},
    }

    def stripe(self, method, path, body, key):
        if "/payment_methods/" in path:
            return self.card
        answer = super().stripe(method, path, body, key)
        if "client_secret" in answer and method == "POST":
            answer["setup_future_usage"] = body.get("setup_future_usage")
            answer["payment_method"] = self.card
            answer["charges"] = {"data": [{}]}
        return answer


@pytest.fixture(scope="module")
def stub(tmp_path_factory):
    started = CardStub(tmp_path_factory.mktemp("stub"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def shop(odoo_environment, crowd_template, stub, tmp_path_factory):
    """A server with Stripe, whose customers' banks asked them to confirm a charge."""
    folder, name = tmp_path_factory.mktemp("shop"), f"{crowd_template}_stripe"
    databases = Databases(odoo_environment.server)
    databases.copy(crowd_template, name)
    crowd.activate(odoo_environment, name, 1, folder)
    install = odoo_environment.odoo(
        "-d",
        name,
        "-i",
        "payment_stripe",
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


@pytest.fixture
def customer(shop, stub):
    return Customer(shop, stub, shop.known.pop())


class Customer:
    """Somebody with the link of a message, and no login."""

    def __init__(self, shop, stub, facts):
        self.shop, self.stub, self.facts = shop, stub, facts
        self._browser = requests.Session()
        self.intent = None

    def see(self) -> str:
        url = self.shop.url + self.facts["path"]
        answer = self._browser.get(url, timeout=60)
        assert answer.status_code == 200
        return answer.text

    def enter_card(self) -> dict:
        """The payment form asks for a transaction; Stripe's script takes it on."""
        page = self.see()
        values = {
            "access_token": re.search(r'data-access-token="([^"]+)"', page)[1],
            "provider_id": self.facts["provider"],
            "payment_method_id": self.facts["method"],
            "flow": "direct",
        }
        url = f"{self.shop.url}{self.facts['path']}/transaction"
        answer = self._browser.post(url, json={"params": values}, timeout=60).json()
        self.intent = list(self.stub.payments.values())[-1]
        return answer["result"]

    def come_back(self, status: str, **values) -> None:
        """From the page of his bank, as Stripe sends him."""
        self.intent.update(status=status, **values)
        answer = self._browser.get(
            f"{self.shop.url}/payment/stripe/return",
            params={
                "reference": self.intent["description"],
                "payment_intent": self.intent["id"],
            },
            timeout=60,
        )
        assert answer.url == f"{self.shop.url}/payment/status"
        url = f"{self.shop.url}/payment/status/poll"
        told = self._browser.post(url, json={"params": {}}, timeout=60).json()["result"]
        assert told["landing_route"] == self.facts["path"]

    def charged_next(self) -> dict:
        """The stored card that is charged from now on."""
        fields = ["payment_details", "dunning_expires_on", "dunning_replaced_by_id"]
        [token] = self.shop.call("payment.token", "read", [self.facts["token"]], fields)
        if token["dunning_replaced_by_id"]:
            new = token["dunning_replaced_by_id"][0]
            [token] = self.shop.call("payment.token", "read", [new], fields)
        return token

    @property
    def residual(self) -> float:
        [move] = self.shop.call(
            "account.move", "read", [self.facts["move"]], ["amount_residual"]
        )
        return move["amount_residual"]

    @property
    def taken(self) -> list:
        return self.stub.charges(self.intent["description"])


def test_the_page_makes_stripe_store_the_card(customer):
    """Its form must be told before the customer types, or the bank is not asked for
    what a charge without him needs."""
    page = customer.see()
    assert "is_tokenization_required&#34;: true" in page
    assert "o_payment_tokenize_checkbox" not in page


def test_after_the_bank_asked(customer):
    """Confirmed at the bank: taken once, stored with its day of expiry, told thrice."""
    customer.enter_card()
    assert customer.intent["setup_future_usage"] == "off_session"
    customer.come_back("requires_action")
    assert customer.residual == customer.facts["owed"]
    customer.come_back("succeeded")
    for _time in range(2):
        answer = customer.stub.notify_stripe(customer.shop.url, customer.intent)
        assert answer.ok
    assert customer.taken == [customer.facts["owed"]]
    assert customer.residual == 0
    card = customer.charged_next()
    assert card["payment_details"] == "1111"
    assert card["dunning_expires_on"] == "2032-02-29"
    assert "your payment method is stored" in customer.see()


def test_a_card_that_is_refused_is_not_stored(customer):
    customer.enter_card()
    customer.come_back(
        "requires_payment_method", last_payment_error={"message": "Declined."}
    )
    assert customer.taken == []
    assert customer.residual == customer.facts["owed"]
    assert customer.charged_next()["payment_details"] == "4242"
    assert "data-access-token" in customer.see()  # He may try another one.


def test_told_by_the_webhook_only(customer):
    """He closed the window after his bank had agreed."""
    customer.enter_card()
    customer.intent["status"] = "succeeded"
    assert customer.stub.notify_stripe(customer.shop.url, customer.intent).ok
    [cron] = customer.shop.call(
        "ir.cron", "search", [("code", "=", "model._cron_post_process()")]
    )
    customer.shop.call("ir.cron", "method_direct_trigger", [cron])
    assert customer.residual == 0
    assert customer.charged_next()["payment_details"] == "1111"
