"""Faults A of the catalogue (crash and concurrency), with real processes.

The mail server is the truth. Each test is named after its fault; `README.md` has the
table. 40 debtors d1 ... d40 wait for one message each.
"""

import contextlib
import dataclasses
import os
import shutil
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import crowd
import psycopg2
import pytest
from fleet import Fleet, connect, wait_until
from installer import apt, paths, postgres, server
from requests.adapters import HTTPAdapter

SHORT_LEASES = """
CREATE FUNCTION test_lease() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.lease_until := (clock_timestamp() AT TIME ZONE 'UTC') + interval '8 seconds';
    RETURN NEW;
END $$;
CREATE TRIGGER test_lease BEFORE UPDATE ON dunning_notice
    FOR EACH ROW WHEN (NEW.lease_until IS NOT NULL AND NEW.state = 'claimed')
    EXECUTE FUNCTION test_lease();
"""
DELIVER = "env['dunning.sender']._deliver(); env.cr.commit()"
DELIVER_AND_TELL = """
from odoo.tools import mute_logger
try:
    with mute_logger("odoo.sql_db"):
        env["dunning.sender"]._deliver()
except Exception as error:
    result = repr(error)
"""
NOTICES = """
SELECT notice.id, notice.state, notice.email_to, COALESCE(notice.message_id, ''),
       (SELECT count(*) FROM dunning_event event
         WHERE event.notice_id = notice.id AND event.kind = 'notice_sent'),
       notice.mail_message_id IS NOT NULL
  FROM dunning_notice notice ORDER BY notice.id
"""


class Office:
    """The database of a test and its mail server, for looking."""

    def __init__(self, environment, name, smtp_server):
        self.name, self.smtp_server = name, smtp_server
        self._sql = connect(environment, name)

    def query(self, sql, *parameters):
        with self._sql.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def states(self):
        """{address: state}"""
        return {row[2]: row[1] for row in self.query(NOTICES)}

    def count(self):
        return Counter(self.states().values())

    def arrived(self):
        """{address: copies}"""
        return Counter(
            address
            for arrival in self.smtp_server.arrivals
            for address in arrival.recipients
        )

    def settled(self):
        return not {"ready", "claimed"} & set(self.states().values())

    def assert_truth(self):
        """Nobody twice; `sent` if and only if arrived, but for the unknown."""
        arrived = self.arrived()
        assert max(arrived.values(), default=1) == 1
        for address, state in self.states().items():
            if state != "unknown":
                assert (state == "sent") == arrived[address], (address, state)

    def close(self):
        self._sql.close()


@pytest.fixture
def office(odoo_environment, crowd_database, smtp_server):
    opened = Office(odoo_environment, crowd_database, smtp_server)
    yield opened
    opened.close()


@pytest.fixture
def fleet(odoo_environment, crowd_database, tmp_path):
    """`fleet(size, crons, **options)`: Odoo servers, ready."""
    fleets = []

    def start(size=1, crons=1, **options):
        fleets.append(
            Fleet(odoo_environment, crowd_database, tmp_path, size, crons, **options)
        )
        fleets[-1].wait_until_ready()
        return fleets[-1]

    yield start
    for started in fleets:
        started.stop()


def run_until_settled(office, fleet, seconds=120):
    def settled():
        fleet.wake()
        time.sleep(0.4)
        return office.settled()

    wait_until(settled, seconds, "all notices settled")


def kill(session):
    process = session.process()
    if process:
        process.kill()


@pytest.fixture
def wreck(office, fleet, smtp_server):
    """Senders that died at P1, P2 and P3; their successors have done the rest."""
    office.query(SHORT_LEASES)
    for phase, debtor in [("rcpt", 1), ("data", 2), ("stored", 3), ("stored", 4)]:
        smtp_server.script(phase, call=kill, times=1, to=f"d{debtor}@example.com")
    # Whoever begins the conversation about d7 has written down that d6 got his.
    smtp_server.script("rcpt", call=kill, times=1, to="d7@example.com")
    run_until_settled(office, fleet(crons=1))
    return office


def test_fault_01_02_03_killed_before_after_and_between(wreck):
    """P1: claimed and nothing sent; P2: sent and not written; P3: written."""
    states, arrived = wreck.states(), wreck.arrived()
    wreck.assert_truth()
    # 1: never lost silently, never sent again by itself.
    for debtor in (1, 2, 7):
        assert states[f"d{debtor}@example.com"] == "unknown"
        assert not arrived[f"d{debtor}@example.com"]
    # 2: it has arrived once, and nobody claims to know.
    for debtor in (3, 4):
        assert states[f"d{debtor}@example.com"] == "unknown"
        assert arrived[f"d{debtor}@example.com"] == 1
    assert wreck.count() == {"unknown": 5, "sent": 35}
    # 3: result and event are one transaction, the chatter is written later.
    for _id, state, address, _message_id, sent_events, _chatter in wreck.query(NOTICES):
        assert sent_events == (state == "sent"), address
    wait_until(
        lambda: all(row[5] for row in wreck.query(NOTICES) if row[1] == "sent"),
        150,
        "chatter of all sent messages",
    )


def test_fault_04_several_senders_one_queue(office, odoo_shell, smtp_server):
    smtp_server.script("body", delay=0.03)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _n: odoo_shell(office.name, DELIVER), range(4)))
    assert office.count() == {"sent": 40}
    office.assert_truth()
    assert len(smtp_server.arrivals) == 40


def test_fault_05_the_lock_of_the_cron_is_lost(
    office, fleet, smtp_server, odoo_environment
):
    """A proxy or a timeout ends transactions that idle: first of all the one that holds
    the lock of the cron, which Odoo keeps open for the whole job."""
    smtp_server.script("body", delay=0.25)
    office.query(SHORT_LEASES)
    servers, ended, stop = fleet(size=2, crons=2), [], threading.Event()
    sql = connect(odoo_environment, "postgres")

    def end_idle_transactions():
        while not stop.wait(1):
            with sql.cursor() as cursor:
                cursor.execute(
                    """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE datname = %s AND state = 'idle in transaction'
                          AND state_change < clock_timestamp() - interval '0.5 s'""",
                    [office.name],
                )
                ended.extend(cursor.fetchall())

    thread = threading.Thread(target=end_idle_transactions)
    thread.start()
    try:
        run_until_settled(office, servers)
    finally:
        stop.set()
        thread.join()
        sql.close()
    assert len(ended) > 3, "nothing was tested"
    office.assert_truth()


def test_fault_06_everybody_presses_the_button(office, fleet):
    """20 calls at once, beside the cron: approving and retrying send nothing twice."""
    office.query("UPDATE dunning_notice SET state = 'planned'")
    ids = [row[0] for row in office.query("SELECT id FROM dunning_notice")]
    servers = fleet(crons=2, workers=4)
    web = servers.servers[0]
    web.session().mount("http://", HTTPAdapter(pool_maxsize=25))

    def press(_number):
        try:
            web.call("dunning.notice", "action_approve", ids)
        except RuntimeError as refused:
            return str(refused)
        return ""

    def plan(_number):
        [run] = web.call("dunning.run", "create", [{}])
        try:
            web.call("dunning.run", "action_start", [run])
        except RuntimeError as refused:
            return str(refused)
        return ""

    with ThreadPoolExecutor(20) as pool:
        planned = pool.map(plan, range(5))
        pressed = list(pool.map(press, range(20)))
        planned = list(planned)
    assert "" in pressed, pressed[0]
    assert "" in planned, planned[0]
    run_until_settled(office, servers)
    assert office.count() == {"sent": 40}
    office.assert_truth()


def test_fault_07_a_request_that_odoo_repeats(office, fleet, smtp_server):
    """Two serialization failures: Odoo runs the request again, and nothing leaves."""
    office.query("UPDATE dunning_notice SET state = 'planned'")
    office.query(
        """
        CREATE SEQUENCE test_hiccups;
        CREATE FUNCTION test_hiccup() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF nextval('test_hiccups') <= 2 THEN
                RAISE EXCEPTION 'hiccup' USING ERRCODE = 'serialization_failure';
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER test_hiccup AFTER INSERT ON dunning_event
            FOR EACH ROW EXECUTE FUNCTION test_hiccup();
        """
    )
    [[first]] = office.query("SELECT min(id) FROM dunning_notice")
    servers = fleet(crons=0)
    servers.servers[0].call("dunning.notice", "action_approve", [first])
    [[tries]] = office.query("SELECT last_value FROM test_hiccups")
    assert tries >= 3, "nothing was tested"
    assert office.count() == {"ready": 1, "planned": 39}
    assert not smtp_server.arrivals


@pytest.mark.parametrize("crons", ["ir_cron_deliver", "ir_cron_deliver%"])
def test_fault_10_odoo_kills_workers_that_run_too_long(
    office, fleet, smtp_server, crons
):
    """Slow messages end in time; one that never ends takes its worker along. The limit
    of Odoo is for all jobs that a worker finds ready in one poll."""
    office.query(SHORT_LEASES)
    # Others would be killed too, and take turns with ours.
    office.query(
        """UPDATE ir_cron SET active = id IN (
               SELECT res_id FROM ir_model_data
                WHERE module = 'dunning_automation'
                  AND (name LIKE %s OR name = 'ir_cron_sweep'))""",
        crons,
    )
    smtp_server.script("stored", delay=60, to="d30@example.com")
    smtp_server.script("body", delay=0.6)
    servers = fleet(crons=1, limit_time_real_cron=20)
    run_until_settled(office, servers, 240)
    office.assert_truth()
    timeouts = servers.log_lines("timeout after")
    assert len(timeouts) == 1, timeouts
    assert office.count() == {"sent": 39, "unknown": 1}


class CrashingPostgres(postgres.OwnServer):
    """A database server of its own, with a copy of one database."""

    def __init__(self, environment, database, **settings):
        super().__init__(environment.server.psql.parent, **settings)
        self.data = paths.LOCAL / f"crashing_{os.getpid()}" / "data"
        self.data.parent.mkdir()
        self.log = paths.LOGS / "postgres_crashing.log"
        self.start()
        superuser = {**self.connection, "PGUSER": "postgres"}
        admin = postgres.Server(self.binaries / "psql", superuser, named=True)
        admin.query("CREATE ROLE odoo LOGIN CREATEDB")
        admin.query(f"CREATE DATABASE {database} OWNER odoo TEMPLATE template0")
        connection = {**self.connection, "PGUSER": "odoo"}
        same_home = {"home": environment.server.home}
        moved = type("Moved", (postgres.Server,), same_home)
        self.environment = dataclasses.replace(
            environment, server=moved(admin.psql, connection, named=True)
        )
        self._copy(environment.server, database)

    def _copy(self, source, database):
        dump = subprocess.Popen(
            [self.binaries / "pg_dump", "--no-owner", database],
            env=postgres.child_environment(source.environment),
            stdout=subprocess.PIPE,
        )
        subprocess.run(
            [self.binaries / "psql", "-Xq", "-d", database],
            env=postgres.child_environment(self.environment.server.environment),
            stdin=dump.stdout,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def remove(self):
        self.stop("immediate")
        shutil.rmtree(self.data.parent)


@pytest.fixture
def crashing_postgres(odoo_environment, crowd_template, smtp_server, tmp_path, request):
    settings = {"synchronous_commit": request.param}
    made = CrashingPostgres(odoo_environment, crowd_template, **settings)
    crowd.activate(made.environment, crowd_template, smtp_server.port, tmp_path)
    yield made
    made.remove()


@pytest.mark.parametrize("crashing_postgres", ["on", "off"], indirect=True)
def test_fault_16_the_database_crashes(
    crashing_postgres, crowd_template, smtp_server, tmp_path
):
    """Three times, each when a message was just accepted. A claim must be on disk
    before its message leaves, even if `synchronous_commit` is off."""
    environment, name = crashing_postgres.environment, crowd_template
    office = Office(environment, name, smtp_server)
    office.query(SHORT_LEASES)
    servers = Fleet(environment, name, tmp_path, size=1, crons=2)
    try:
        servers.wait_until_ready()
        for debtor in (5, 15, 25):
            crashed = threading.Event()

            def crash(session, crashed=crashed):
                crashing_postgres.stop("immediate")
                crashed.set()

            address = f"d{debtor}@example.com"
            smtp_server.script("stored", call=crash, times=1, to=address)
            wake_until(servers, crashed)
            office.close()
            servers.disconnect()
            crashing_postgres.start()
            servers.revive()
            office = Office(environment, name, smtp_server)
        run_until_settled(office, servers)
        office.assert_truth()
        assert office.count()["sent"] >= 30
        assert office.count()["unknown"] >= 3
    finally:
        office.close()
        servers.stop()


def wake_until(servers, event):
    deadline = time.monotonic() + 90
    while not event.wait(0.3):
        assert time.monotonic() < deadline, "nothing happens"
        with contextlib.suppress(psycopg2.Error):  # The crash itself.
            servers.wake()


def test_fault_17_the_result_cannot_be_written(office, odoo_shell, smtp_server):
    """A full disk: the sender takes nothing more."""
    office.query(
        """
        CREATE FUNCTION test_full() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full';
        END $$;
        CREATE TRIGGER test_full BEFORE UPDATE ON dunning_notice
            FOR EACH ROW WHEN (NEW.state = 'sent') EXECUTE FUNCTION test_full();
        """
    )
    assert "no space left" in odoo_shell(office.name, DELIVER_AND_TELL)
    assert len(smtp_server.arrivals) == 1
    assert office.count() == {"claimed": 1, "ready": 39}


@pytest.fixture(scope="session")
def libfaketime():
    """Path of the library that gives a process another clock."""
    find = "find /usr/lib /usr/local/lib -name libfaketime.so.1"

    def found():
        return subprocess.run(find.split(), capture_output=True, text=True).stdout

    if not found():
        apt.install("libfaketime", "hosts whose clocks are wrong")
    if not found():
        pytest.skip("libfaketime is not installed")
    return found().splitlines()[0]


@pytest.mark.parametrize("offset", ["+1h", "-1h", "+10d"])
def test_fault_18_the_clock_of_a_host_is_wrong(
    office, odoo_environment, smtp_server, libfaketime, tmp_path, offset
):
    """Everything is dated by the database; what waits for its time goes on waiting."""
    office.query(
        "UPDATE dunning_notice SET not_before = now() AT TIME ZONE 'UTC'"
        " + interval '30 minutes' WHERE id % 2 = 0"
    )
    [[waiting]] = office.query(
        "SELECT count(*) FROM dunning_notice WHERE not_before IS NOT NULL"
    )
    wrong = {
        "LD_PRELOAD": libfaketime,
        "FAKETIME": offset,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    code = f"import datetime\n{DELIVER}\nresult = str(datetime.datetime.utcnow())"
    faked = server.run_code(
        odoo_environment, office.name, code, tmp_path / "faked.log", **wrong
    )
    [[now]] = office.query("SELECT date_trunc('hour', now() AT TIME ZONE 'UTC')")
    assert not faked.startswith(f"{now:%Y-%m-%d %H}"), "nothing was tested"
    assert office.count() == {"sent": 40 - waiting, "ready": waiting}
    [[wrongly_dated]] = office.query(
        """SELECT count(*) FROM dunning_notice notice
             JOIN dunning_event event ON event.notice_id = notice.id
                                     AND event.kind IN ('notice_claimed', 'notice_sent')
            WHERE abs(extract(epoch FROM now() AT TIME ZONE 'UTC' - occurred_at)) > 600
               OR abs(extract(epoch FROM now() AT TIME ZONE 'UTC' - date_sent)) > 600"""
    )
    assert not wrongly_dated
    office.assert_truth()
