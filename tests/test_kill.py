"""Odoo is killed again and again while it sends and while customers pay.

Two complete Odoo servers with four senders work on one database. Their processes get
`kill -9` at random moments, at each point of the SMTP conversation, or with the whole
server, and a payer posts payments of just those invoices that are about to be reminded.
What the mail server accepted is compared with the database and with the payer's book.

The default run kills 200 times over 2,000 messages; with `--long` it is 1,000 over
100,000.
"""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass

import crowd
import psutil
import pytest
from fleet import Fleet, wait_until
from letters import listed
from smtp_server import PHASES

SIZES = {"default": (200, 2_000), "long": (1_000, 100_000)}
"""kills, messages"""

LEASE_SECONDS = 20
VISIBLE_SECONDS = 60
"""A claim that nobody finished is shown this long after its lease."""
LATE_SECONDS = 0.25
"""A message may start this long after the payment that would have stopped it."""

# A lease of five minutes would make the test wait: the database of the test shortens
# it. It also notes which server took which claim: Odoo tells its process id.
CLAIMS = f"""
CREATE TABLE test_claim (
    notice_id integer, server integer, claimed_at timestamptz, lease_until timestamptz
);
CREATE FUNCTION test_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.lease_until IS NOT NULL THEN
        NEW.lease_until := (clock_timestamp() AT TIME ZONE 'UTC')
                           + interval '{LEASE_SECONDS} seconds';
    END IF;
    IF NEW.state = 'claimed' THEN
        INSERT INTO test_claim VALUES (
            NEW.id, substring(current_setting('application_name') from '[0-9]+')::int,
            clock_timestamp(), NEW.lease_until AT TIME ZONE 'UTC');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER test_claim BEFORE UPDATE OF state, lease_until ON dunning_notice
    FOR EACH ROW WHEN (NEW.lease_until IS DISTINCT FROM OLD.lease_until)
    EXECUTE FUNCTION test_claim();
"""

MORE_SENDERS = """
sender = env.ref("dunning_automation.ir_cron_deliver")
for _i in range(2):
    sender.copy({"active": True})
env.cr.commit()
"""

SEAL_AND_VERIFY = """
while env["dunning.seal"]._seal_block():
    env.cr.commit()
result = env["dunning.verification"]._verify()
"""

# Pays what is about to be reminded: there the race is. Notes the moments around commit.
PAYER = """
import os, random, time
from psycopg2 import OperationalError
from odoo.tools import SQL, mute_logger

random.seed(SEED)
result = []


def pay():
    ids = [row[0] for row in env.execute_query(SQL(
        "SELECT id FROM dunning_notice WHERE state = 'ready' ORDER BY id LIMIT 60"))]
    if not ids:
        return time.sleep(0.2)
    moves = env["dunning.notice"].browse(random.choice(ids)).line_ids.move_id
    moves = moves.filtered("amount_residual")
    values = {}
    if random.random() < 0.4:
        moves = moves[:1]
        cents = round(moves.amount_residual * 100)
        values = {"amount": random.randrange(1, max(cents, 2)) / 100}
    if not moves:
        return
    env["account.payment.register"].with_context(
        active_model="account.move", active_ids=moves.ids
    ).create(values)._create_payments()
    left = {move.name: round(move.amount_residual * 100) for move in moves}
    env.flush_all()
    before = time.time()
    env.cr.commit()
    result.append([left, before, time.time()])


while not os.path.exists(STOP):
    try:
        with mute_logger("odoo.sql_db"):
            pay()
    except OperationalError:
        env.cr.rollback()
    env.invalidate_all()
    time.sleep(0.05)
"""


@dataclass(frozen=True)
class Notice:
    id: int
    state: str
    reason: str
    message_id: str
    dedup_key: str
    invoices: tuple


@dataclass(frozen=True)
class Payment:
    """Cents that were left of an invoice after a payment; times around its commit."""

    left: int
    before: float
    after: float


class Killer:
    """Kills senders, each time otherwise. `killed` has (time, process id of its server)
    for each sender."""

    def __init__(self, fleet: Fleet, mail_server, seed: int):
        self.fleet, self.mail_server = fleet, mail_server
        self.random = random.Random(seed)
        self.killed, self.kinds = [], Counter()

    def kill(self) -> None:
        """One kill; now and then of a whole server."""
        dice = self.random.random()
        if dice < 0.03:
            self._kill_server()
        elif dice < 0.4:
            self._kill_worker()
        else:
            self._kill_in_conversation()

    def _kill_server(self) -> None:
        server = self.random.choice(self.fleet.servers)
        workers = self.fleet.cron_workers(server)
        if workers:
            self.fleet.restart(server)
            self.killed += [(time.time(), server.process.pid) for _pid in workers]
            self.kinds["whole server"] += 1

    def _kill_worker(self) -> None:
        server = self.random.choice(self.fleet.servers)
        workers = self.fleet.cron_workers(server)
        if workers:
            self._strike(psutil.Process(self.random.choice(workers)), "random moment")

    def _kill_in_conversation(self) -> None:
        """The sender that comes to this phase next dies there."""
        phase, done = self.random.choice(PHASES), threading.Event()

        def strike(session):
            process = session.process()
            if process:
                self._strike(process, f"SMTP {phase}")
            done.set()

        script = self.mail_server.script(phase, call=strike, times=1)
        if not done.wait(5):
            script.times = 0

    def _strike(self, process: psutil.Process, kind: str) -> None:
        server = process.ppid()
        process.kill()
        self.killed.append((time.time(), server))
        self.kinds[kind] += 1


@pytest.fixture
def size(request):
    return SIZES["long" if request.config.getoption("--long") else "default"]


def test_killed_senders_send_nothing_twice_and_lose_nothing(
    odoo_environment, database, odoo_shell, smtp_server, tmp_path, size, capsys
):
    kills, messages = size
    name, seed = database(), random.SystemRandom().randrange(1_000_000)
    crowded = f"PORT = {smtp_server.port}\nDEBTORS = {messages}\n"
    planned = odoo_shell(name, crowded + crowd.CODE + MORE_SENDERS)
    assert planned == messages
    odoo_environment.server.query(CLAIMS, name)

    started = time.monotonic()
    fleet = Fleet(odoo_environment, name, tmp_path)
    killer = Killer(fleet, smtp_server, seed)
    stop = tmp_path / "stop"
    payments = []
    code = f"SEED, STOP = {seed}, {str(stop)!r}\n{PAYER}"
    payer = threading.Thread(target=lambda: payments.extend(odoo_shell(name, code)))
    try:
        payer.start()
        kill_while_sending(fleet, killer, kills, messages)
        stop.touch()
        payer.join()
        finish(fleet)
    finally:
        stop.touch()
        payer.join()
        fleet.stop()

    verified = odoo_shell(name, SEAL_AND_VERIFY)
    assert verified["ok"], verified["message"]
    book = Book(odoo_environment, name, payments)
    report = check(book, smtp_server.arrivals, killer)
    with capsys.disabled():
        print(
            f"\n{len(killer.killed)} senders killed in {sum(killer.kinds.values())} "
            f"kills ({dict(killer.kinds)}), {len(payments)} payments, "
            f"{messages} notices in {time.monotonic() - started:.0f} s, seed {seed}:"
            f"\n{report}"
        )
    check_logs(fleet)


def kill_while_sending(fleet, killer, kills, messages):
    """Kills, spread evenly over the messages: a fast machine is killed more often."""
    # Some notices are paid instead of sent, some kills meet no sender that works; the
    # last messages shall still meet a killer.
    step = messages / (kills * 1.6)
    fleet.wait_until_ready()
    next_wake = 0.0
    while len(killer.killed) < kills:
        if time.monotonic() > next_wake:
            fleet.wake()
            next_wake = time.monotonic() + 0.5
        [[waiting]] = fleet.query(
            "SELECT count(*) FROM dunning_notice WHERE state IN ('ready', 'claimed')"
        )
        assert waiting, f"all was sent before the last of {kills} kills"
        if messages - waiting >= step * sum(killer.kinds.values()):
            killer.kill()
        else:
            time.sleep(0.02)


def finish(fleet):
    """Nobody is killed any more: the senders come to an end by themselves."""
    on_the_way = (
        "SELECT count(*) FROM dunning_notice WHERE state IN ('ready', 'claimed')"
    )
    done = [0, time.monotonic()]

    def nothing_left():
        fleet.wake()
        [[left]] = fleet.query(on_the_way)
        if left != done[0]:
            done[:] = [left, time.monotonic()]
        if time.monotonic() - done[1] > 180:
            raise AssertionError(f"{left} notices do not move any more")
        time.sleep(0.4)
        return not left

    wait_until(nothing_left, 24 * 3600, "all notices settled")


class Book:
    """What the database and the payer say, once all is over."""

    def __init__(self, environment, database, payments):
        query = environment.server.query
        self.notices = [
            Notice(int(row[0]), *row[1:5], tuple(row[5].split(",")))
            for row in query(
                """SELECT notice.id, notice.state,
                          replace(COALESCE(notice.reason, ''), E'\\n', ' '),
                          COALESCE(notice.message_id, ''), notice.dedup_key,
                          string_agg(line.name, ',')
                     FROM dunning_notice notice
                     JOIN dunning_notice_line line ON line.notice_id = notice.id
                    GROUP BY notice.id""",
                database,
            )
        ]
        self.totals = {
            name: round(float(total) * 100)
            for name, total in query(
                "SELECT name, amount_total FROM account_move WHERE name LIKE 'CROWD/%'",
                database,
            )
        }
        self.residuals = {
            name: round(float(residual) * 100)
            for name, residual in query(
                "SELECT name, amount_residual FROM account_move"
                " WHERE name LIKE 'CROWD/%'",
                database,
            )
        }
        self.claims = [
            (int(notice), int(server), float(claimed), float(lease))
            for notice, server, claimed, lease in query(
                """SELECT notice_id, server, extract(epoch FROM claimed_at),
                          extract(epoch FROM lease_until)
                     FROM test_claim ORDER BY claimed_at""",
                database,
            )
        ]
        self.shown_at = {
            int(notice): float(moment)
            for notice, moment in query(
                """SELECT notice_id,
                          extract(epoch FROM occurred_at AT TIME ZONE 'UTC')
                     FROM dunning_event WHERE kind = 'notice_unknown'""",
                database,
            )
        }
        self.payments = {}
        for left, before, after in payments:
            for invoice, cents in left.items():
                paid = Payment(cents, before, after)
                self.payments.setdefault(invoice, []).append(paid)

    def closed_at(self, invoice) -> float | None:
        """When the commit of the payment that closed it was over."""
        paid = self.payments.get(invoice)
        return paid[-1].after if paid and not paid[-1].left else None

    def possible_cents(self, invoice, moment) -> set:
        """What a message that starts at `moment` may say is left of an invoice."""
        possible = {self.totals[invoice]}
        for payment in self.payments.get(invoice, ()):
            if payment.after < moment - LATE_SECONDS:
                possible = {payment.left}
            elif payment.before <= moment:
                possible.add(payment.left)
        return possible


def check(book, arrivals, killer) -> str:
    """All promises, with the mail server as the truth. Gives back a summary."""
    by_message = Counter(arrival.message_id for arrival in arrivals)
    letters = [(arrival, listed(arrival.message)) for arrival in arrivals]
    check_nothing_twice(book, by_message, letters)
    check_nothing_lost(book, by_message)
    lateness = check_nothing_after_payment(book, letters)
    check_amounts(book, letters)
    check_suppressed_are_paid(book)
    waiting = check_unknown(book, killer)
    states = Counter(notice.state for notice in book.notices)
    arrived = sum(
        notice.state == "unknown" and by_message[notice.message_id] > 0
        for notice in book.notices
    )
    return (
        f"{len(arrivals)} messages, 0 twice, 0 lost, {dict(states)}; "
        f"{arrived} of {states['unknown']} unknown had arrived and were shown at most "
        f"{waiting:.1f} s after their lease; latest message "
        f"{1000 * lateness:.1f} ms after its payment"
    )


def check_nothing_twice(book, by_message, letters):
    assert not {key: count for key, count in by_message.items() if count > 1}
    assert max(Counter(notice.dedup_key for notice in book.notices).values()) == 1
    reminded = Counter(invoice for _arrival, letter in letters for invoice in letter)
    assert not [invoice for invoice, count in reminded.items() if count > 1]


def check_nothing_lost(book, by_message):
    """Every notice has come to an end that somebody sees; `sent` means arrived."""
    ends = {"sent", "unknown", "suppressed", "failed", "cancelled"}
    assert not [notice for notice in book.notices if notice.state not in ends]
    assert not [
        notice
        for notice in book.notices
        if notice.state not in ("sent", "cancelled") and not notice.reason
    ]
    known = {notice.message_id: notice for notice in book.notices if notice.message_id}
    assert set(by_message) <= set(known)
    wrong = [
        (notice, by_message[notice.message_id])
        for notice in book.notices
        if notice.state != "unknown"
        and by_message[notice.message_id] != (notice.state == "sent")
    ]
    assert not wrong


def check_nothing_after_payment(book, letters) -> float:
    """The latest start after the last payment, in seconds (negative: none was late)."""
    lateness = [-1.0]
    for arrival, letter in letters:
        closings = [book.closed_at(invoice) for invoice in letter]
        assert letter, arrival
        if all(closings):
            lateness.append(arrival.data_started - max(closings))
    assert max(lateness) <= LATE_SECONDS
    return max(lateness)


def check_amounts(book, letters):
    assert not [
        (arrival, invoice, cents)
        for arrival, letter in letters
        for invoice, cents in letter.items()
        if cents not in book.possible_cents(invoice, arrival.data_started)
    ]


def check_suppressed_are_paid(book):
    """What was held back was held back for a reason that the ledger knows."""
    assert not [
        notice
        for notice in book.notices
        if notice.state == "suppressed"
        and any(book.residuals[invoice] for invoice in notice.invoices)
    ]


def check_unknown(book, killer) -> float:
    """Each unknown notice was on its way when a sender of that server was killed, and
    each killed sender had one at most.

    :return: the longest time between the end of a lease and the moment it was shown
    """
    unknown = {notice.id for notice in book.notices if notice.state == "unknown"}
    last_claim = {claim[0]: claim for claim in book.claims}
    kills = sorted(killer.killed)
    for notice in sorted(unknown, key=lambda notice: last_claim[notice][2]):
        _id, server, claimed_at, lease_until = last_claim[notice]
        fitting = [
            kill for kill in kills if kill[1] == server and claimed_at <= kill[0]
        ]
        assert fitting and fitting[0][0] < lease_until, f"{notice}: nobody was killed"
        kills.remove(fitting[0])
    waiting = [book.shown_at[notice] - last_claim[notice][3] for notice in unknown]
    assert max(waiting, default=0) <= VISIBLE_SECONDS
    return max(waiting, default=0)


def check_logs(fleet):
    """The fence never had to stop anybody, and nobody stumbled. Only Odoo itself says
    that a cron died three times in a row before it could report progress."""
    assert not fleet.log_lines("Fence violation")
    trouble = fleet.log_lines(" ERROR ", " CRITICAL ", "Traceback")
    assert not [line for line in trouble if not line.rstrip().endswith("timed out")]
