"""Refused payments are tried again with Stripe and Odoo's demo provider, beside
customers who pay with Mollie: Odoo's own code for them, real servers, and a stub of the
providers (`payment_stub.py`) that counts what it took.

The fear: a card that is charged twice for one invoice. The last test kills the servers
while they charge.
"""

# ruff: noqa: F811 (fixtures of another file)

import contextlib
import random
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import crowd
import psutil
import pytest
from fleet import Fleet, wait_until
from installer import server
from installer.databases import Databases
from installer.log_gate import assert_clean_log
from payment_stub import WEBHOOK_SECRET
from test_pay_providers import Customer, shop, stub  # noqa: F401

NO_MONEY = {
    "type": "card_error",
    "code": "card_declined",
    "decline_code": "insufficient_funds",
    "message": "Your card has insufficient funds.",
}
KILLS, INVOICES = 25, 120
LEASE_SECONDS = 6
REFUSED_SHARE = 0.2


@pytest.fixture
def subscriber(shop, stub):
    stub.accepts, stub.refuses = "succeeded", lambda body: None
    stub.cut_off = stub.hang_up = None
    return Subscriber(shop, stub, shop.known["debtors"].pop())


class Subscriber(Customer):
    """One whose card is charged without him. `amount`: of his first invoice."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.move = self.moves[0]
        self.amount = self.move["amount_residual"]

    def fail(self, error=NO_MONEY, **values):
        """An accountant charges the card, in vain; the state of the recovery."""
        self.stub.refuses = lambda body: error
        context = {"active_model": "account.move", "active_ids": [self.move["id"]]}
        token = values.pop("token", self.debtor["token"])
        call = self.shop.call
        [stored] = call("payment.token", "read", [token], ["provider_id"])
        [provider], bank = stored["provider_id"][:1], [("type", "=", "bank")]
        [journal] = call("account.journal", "search", bank, limit=1)
        call("payment.provider", "write", [provider], {"journal_id": journal})
        [line] = call(
            "account.payment.method.line",
            "search_read",
            [("payment_provider_id", "=", provider)],
            ["journal_id"],
        )
        values = {
            "journal_id": line["journal_id"][0],
            "payment_method_line_id": line["id"],
            "payment_token_id": token,
        }
        register = "account.payment.register"
        wizard = call(register, "create", [values], context=context)
        call(register, "action_create_payments", wizard, context=context)
        self.stub.refuses = lambda body: None
        return self.state

    def retry(self) -> str:
        """A collector does not wait for the schedule; the state of the recovery."""
        if self.recovery["state"] == "open":
            ids = [self.recovery["id"]]
            self.shop.call("dunning.recovery", "action_retry_now", ids)
        self.run_job("model._cron_charge()")
        return self.state

    def run_job(self, code: str) -> None:
        [cron] = self.shop.call("ir.cron", "search", [("code", "=", code)])
        self.shop.call("ir.cron", "method_direct_trigger", [cron])

    def hear(self, intent: dict, times=2) -> None:
        """The webhook of Stripe, as often as it likes, at the same moment."""
        with ThreadPoolExecutor() as pool:
            told = [
                pool.submit(self.stub.notify_stripe, self.shop.url, intent)
                for _time in range(times)
            ]
        assert all(answer.result().ok for answer in told)

    @property
    def recovery(self) -> dict:
        fields = ["state", "decline_class", "recovered_by", "attempt_count", "message"]
        [found] = self._read("dunning.recovery", fields)
        return found

    @property
    def state(self) -> str:
        return self.recovery["state"]

    @property
    def residual(self) -> float:
        [move] = self.shop.call(
            "account.move", "read", [self.move["id"]], ["amount_residual"]
        )
        return move["amount_residual"]

    @property
    def payments(self) -> list:
        """What is in the books; a payment that was refused is cancelled."""
        domain = [
            ("partner_id", "=", self.debtor["id"]),
            ("state", "in", ("in_process", "paid")),
        ]
        found = self._read("account.payment", ["amount"], domain=domain)
        return [payment["amount"] for payment in found]

    def assert_recovered(self, by="retry") -> None:
        """Provider and ledger agree, whatever runs once more."""
        self.finish_later()
        self.run_job("model._cron_charge()")
        assert (self.state, self.recovery["recovered_by"]) == ("recovered", by)
        assert self.charges == [self.amount]
        assert self.payments == [self.amount]
        assert self.residual == 0


# === WHY IT WAS REFUSED === #


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"decline_code": "insufficient_funds"}, ("open", "soft")),
        ({"decline_code": "something_new"}, ("open", "soft")),
        ({"decline_code": "invalid_account"}, ("customer", "hard")),
        ({"decline_code": "stolen_card"}, ("customer", "fraud")),
        ({"code": "expired_card", "decline_code": None}, ("customer", "expired")),
        ({"decline_code": "authentication_required"}, ("customer", "authentication")),
        ({"network_advice_code": "03"}, ("customer", "hard")),
    ],
)
def test_classes_of_refusals(subscriber, error, expected):
    """As Stripe answers: 402 and a code that Odoo forgets."""
    subscriber.fail({**NO_MONEY, **error})
    recovery = subscriber.recovery
    assert (recovery["state"], recovery["decline_class"]) == expected
    assert subscriber.charges == []
    assert subscriber.residual == subscriber.amount


# === THE NEXT TRY === #


def test_recovered_and_told_again(subscriber):
    """Charged once; webhooks that follow change nothing."""
    assert subscriber.fail() == "open"
    assert subscriber.retry() == "recovered"
    subscriber.assert_recovered()
    subscriber.hear(subscriber._made()[-1])
    subscriber.assert_recovered()


def test_answer_is_lost_after_the_charge(subscriber):
    """Unknown, and nothing is charged until the provider tells."""
    subscriber.fail()
    subscriber.stub.hang_up = lambda: None
    assert subscriber.retry() == "unknown"
    assert subscriber.retry() == "unknown"
    assert subscriber.charges == [subscriber.amount]
    subscriber.hear(subscriber._made()[-1])
    subscriber.assert_recovered()


def test_answer_is_lost_and_it_was_refused(subscriber):
    """The provider's later word settles that, too: it is tried again."""
    subscriber.fail()
    subscriber.stub.refuses = lambda body: NO_MONEY
    subscriber.stub.hang_up = lambda: None
    assert subscriber.retry() == "unknown"
    subscriber.hear(subscriber._made()[-1])
    assert subscriber.state == "open"
    subscriber.stub.refuses = lambda body: None
    subscriber.retry()
    subscriber.assert_recovered()


def test_success_comes_late(subscriber):
    """Refused, and then the webhook says that it was paid after all."""
    subscriber.fail()
    subscriber.stub.refuses = lambda body: NO_MONEY
    assert subscriber.retry() == "open"
    intent = subscriber._made()[-1]
    intent["status"] = "succeeded"
    subscriber.hear(intent)
    subscriber.assert_recovered()


def test_in_process_for_days(subscriber):
    subscriber.fail()
    subscriber.stub.accepts = "processing"
    assert subscriber.retry() == "charging"
    assert subscriber.retry() == "charging"
    intent = subscriber._made()[-1]
    intent["status"] = "succeeded"
    subscriber.hear(intent)
    subscriber.assert_recovered()


def test_customer_pays_with_mollie_meanwhile(subscriber):
    """No try beside his payment, whose webhook comes twice."""
    subscriber.fail()
    subscriber.start(subscriber.choose())
    payment = subscriber.mollie_payment
    assert subscriber.retry() == "open"
    assert subscriber.charges == []
    payment["status"] = "paid"
    with ThreadPoolExecutor() as pool:
        list(pool.map(subscriber.stub.notify_mollie, [payment] * 2))
    subscriber.amount = payment["value"]
    subscriber.assert_recovered("customer")


@pytest.mark.parametrize(
    ("later", "state"),
    [("done", "recovered"), ("error", "open"), ("pending", "charging")],
)
def test_demo_provider(subscriber, later, state):
    """It knows no reasons: few tries."""
    call = subscriber.shop.call
    [provider] = call("payment.provider", "search", [("code", "=", "demo")])
    call("payment.provider", "write", [provider], {"state": "test"})
    values = {
        "provider_id": provider,
        "payment_method_id": subscriber.shop.known["card"],
        "partner_id": subscriber.debtor["id"],
        "payment_details": "1111",
        "provider_ref": "demo",
        "demo_simulated_state": "error",
    }
    [token] = call("payment.token", "create", [values])
    assert subscriber.fail(token=token) == "open"
    call("payment.token", "write", [token], {"demo_simulated_state": later})
    assert subscriber.retry() == state
    assert subscriber.recovery["attempt_count"] == 1


# === SERVERS DIE WHILE THEY CHARGE === #

CODE = f"""
from odoo import Command

stripe = env.ref("payment.payment_provider_stripe")
stripe.write({{
    "stripe_publishable_key": "pk_test", "stripe_secret_key": "sk_test",
    "stripe_webhook_secret": "{WEBHOOK_SECRET}", "state": "test",
    "allow_tokenization": True,
}})
stripe.journal_id = env["account.journal"].search([
    ("type", "=", "bank"), ("company_id", "=", company.id),
], limit=1)
visa = env.ref("payment.payment_method_visa")
moves = env["account.move"].search([
    ("name", "=like", "CROWD/%"), ("state", "=", "posted"),
], limit={INVOICES})
for partner, theirs in moves.grouped("partner_id").items():
    token = env["payment.token"].create({{
        "provider_id": stripe.id, "payment_method_id": visa.id,
        "partner_id": partner.id, "payment_details": "4242",
        "provider_ref": "cus_1", "stripe_payment_method": "pm_1",
    }})
    recoveries = theirs._dunning_charge_failed(message="insufficient funds")
    recoveries.write({{"token_id": token.id, "next_retry_at": env.cr.now()}})
env["ir.cron"].search([]).active = False
charger = env.ref("dunning_automation.ir_cron_recover")
charger.active = True
charger.copy({{"active": True}})
env.cr.commit()
result = len(moves)
"""
# A lease of ten minutes would make the test wait.
LEASE = f"""
CREATE FUNCTION test_lease() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.lease_until := (clock_timestamp() AT TIME ZONE 'UTC')
                       + interval '{LEASE_SECONDS} seconds';
    RETURN NEW;
END $$;
CREATE TRIGGER test_lease BEFORE INSERT ON dunning_recovery_attempt
    FOR EACH ROW EXECUTE FUNCTION test_lease();
"""
WAKE = """
INSERT INTO ir_cron_trigger (cron_id, call_at)
SELECT id, now() AT TIME ZONE 'UTC' FROM ir_cron WHERE active
"""
DUE = """
SELECT count(*) FROM dunning_recovery WHERE state = 'charging'
    OR state = 'open' AND next_retry_at <= now() AT TIME ZONE 'UTC'
"""
STATES = "SELECT state, count(*) FROM dunning_recovery GROUP BY state"
"""How many recoveries are where."""
UNKNOWN = """
SELECT recovery.id, tx.reference, attempt.state
  FROM dunning_recovery recovery
  JOIN dunning_recovery_attempt attempt ON attempt.recovery_id = recovery.id
   AND attempt.number = recovery.attempt_count
  JOIN payment_transaction tx ON tx.id = attempt.transaction_id
 WHERE recovery.state = 'unknown'
"""
TASKS = """
SELECT count(*) FROM mail_activity WHERE res_model = 'dunning.recovery'
"""
BOOKED = """
SELECT move.name, move.amount_residual, recovery.state, recovery.recovered_amount
  FROM dunning_recovery recovery JOIN account_move move ON move.id = recovery.move_id
"""
SETTLE = """
lost = env["dunning.recovery"].search([("state", "=", "unknown")])
result = len(lost)
for recovery in lost:
    recovery.action_was_not_charged()
env["dunning.recovery"].search([("state", "=", "open")]).next_retry_at = env.cr.now()
env.cr.commit()
env["dunning.recovery.charger"]._charge_due()
env["payment.transaction"]._cron_post_process()
env.cr.commit()
"""


@pytest.fixture
def base(odoo_environment, installed_template, stub, monkeypatch, tmp_path):
    """A database with subscribers whose cards were refused."""
    databases, name = Databases(odoo_environment.server), f"{installed_template}_cards"
    for variable, value in stub.variables.items():
        monkeypatch.setenv(variable, value)
    databases.drop(name)
    databases.copy(installed_template, name)
    install = ("-d", name, "-i", "payment_stripe", "--stop-after-init", "--no-http")
    log = tmp_path / "prepare.log"
    command = odoo_environment.odoo(*install, f"--logfile={log}")
    subprocess.run(command, env=odoo_environment.variables, check=True)
    code = f"PORT, DEBTORS = 1, {INVOICES}\n{crowd.CODE}\n{CODE}"
    assert server.run_code(odoo_environment, name, code, log) == INVOICES
    odoo_environment.server.query(LEASE, name)
    yield name
    databases.drop(name)


def test_killed_servers_charge_nobody_twice(
    odoo_environment,
    base,
    stub,
    tmp_path,
    capsys,
):
    seed = random.SystemRandom().randrange(1_000_000)
    chance, started = random.Random(seed), time.monotonic()
    stub.payments.clear()
    stub.refuses = lambda body: NO_MONEY if chance.random() < REFUSED_SHARE else None
    fleet = Fleet(odoo_environment, base, tmp_path, size=1)
    try:
        fleet.wait_until_ready()
        killed = kill_while_charging(fleet, stub, chance)
        settle_leases(fleet)
        unknown = fleet.query(UNKNOWN)
        check_states(fleet, stub, unknown, killed)
        for _id, reference, _state in unknown:
            tell_twice(fleet, stub, reference)
    finally:
        fleet.stop()
    stub.refuses = lambda body: None
    log = tmp_path / "finish.log"
    settled = server.run_code(odoo_environment, base, SETTLE, log, **stub.variables)
    assert_clean_log(log)
    fleet.connect()
    check_end(fleet.query(BOOKED), stub)
    fleet.disconnect()
    with capsys.disabled():
        print(
            f"\n{killed} chargers killed over {INVOICES} invoices, 0 charged twice, "
            f"{len(unknown)} unknown, of them {settled} not charged, in "
            f"{time.monotonic() - started:.0f} s, seed {seed}"
        )


def kill_while_charging(fleet, stub, chance) -> int:
    """Before a charge is accepted, after it, and at any moment."""
    killed = []

    def strike():
        for worker in fleet.cron_workers(fleet.servers[0]):
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(worker).kill()
                killed.append(worker)

    while len(killed) < KILLS:
        assert fleet.query(DUE) != [(0,)], "all was charged before the last kill"
        wake(fleet)
        knob = chance.choice(("cut_off", "hang_up", None))
        before = len(killed)
        if knob:
            setattr(stub, knob, strike)
            give_up = time.monotonic() + 5
            while len(killed) == before and time.monotonic() < give_up:
                time.sleep(0.02)
            stub.cut_off = stub.hang_up = None
        else:
            time.sleep(chance.random())
            strike()
        time.sleep(0.3)
    return len(killed)


def wake(fleet) -> None:
    fleet.query(WAKE)
    with fleet._post.cursor() as cursor:
        cursor.execute("SELECT pg_notify('cron_trigger', %s)", [fleet.database])


def settle_leases(fleet) -> None:
    """Until nobody charges any more: the rest is charged, leases run out."""

    def nothing_left():
        wake(fleet)
        time.sleep(0.5)
        return fleet.query(DUE) == [(0,)]

    # About a charge a second where another half of the tests keeps the cores busy.
    wait_until(nothing_left, 300, "all tries are made or unknown")


def check_states(fleet, stub, unknown, killed) -> None:
    """No invoice twice; all that was charged is known, or visibly unknown."""
    charged = [payment["description"] for payment in taken(stub)]
    invoices = [reference.split("-R")[0] for reference in charged]
    assert len(set(invoices)) == len(invoices)
    states = dict(fleet.query(STATES))
    assert set(states) <= {"open", "recovered", "unknown"}
    assert sum(states.values()) == INVOICES
    lost = {reference for _id, reference, _state in unknown}
    assert states.get("recovered", 0) == len(set(charged) - lost)
    assert len(lost) <= killed
    assert {state for _id, _reference, state in unknown} <= {"unknown"}
    assert fleet.query(TASKS) == [(len(unknown),)]


def tell_twice(fleet, stub, reference) -> None:
    """Webhooks of what was charged although nobody heard the answer."""
    for payment in stub.payments.values():
        if payment["description"] == reference:
            for _time in range(2):
                assert stub.notify_stripe(fleet.servers[0].url, payment).ok


def taken(stub) -> list:
    return [one for one in stub.payments.values() if one["status"] == "succeeded"]


def check_end(booked, stub) -> None:
    """Each invoice was charged exactly once, and is paid."""
    invoices = sorted(one["description"].split("-R")[0] for one in taken(stub))
    assert invoices == sorted(name for name, *_rest in booked)
    for name, residual, state, amount in booked:
        [value] = [
            one["value"]
            for one in taken(stub)
            if one["description"].split("-R")[0] == name
        ]
        assert (state, residual, float(amount)) == ("recovered", 0, value), name
