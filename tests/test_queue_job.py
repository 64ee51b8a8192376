"""The OCA's job queue as sender: the real package from PyPI, its own job runner in real
Odoo processes, the sender crons switched off."""

import asyncio
import collections
import os
import threading
import time

import pytest
from installer import addons, locks, oca, server, testing
from installer import smtp_sink as sinks
from installer.databases import Databases
from installer.log_gate import assert_clean_log
from installer.progress import Step

GLUE = "dunning_automation_queue_job"
DEBTORS = 120
RUNNING = ("pending", "enqueued", "started", "wait_dependencies")

PLAN = f"""
from benchmark import ledger

ledger.build(env, {DEBTORS * 10}, PORT)
crons = env["ir.cron"].search([("code", "=", "model._cron_deliver()")])
crons.active = False
env["dunning.run"]._run_daily(env.company, compose=False)
env.cr.commit()
result = [len(crons), env["queue.job"].search_count([("channel", "=", "root.dunning")])]
"""
APPROVE_TWICE = """
notices = env["dunning.notice"].search([])
notices._trigger_delivery()
notices._trigger_delivery()
env.cr.commit()
"""


@pytest.fixture(scope="module")
def queue_environment(odoo_environment):
    return oca.with_oca(odoo_environment)


@pytest.fixture(scope="module")
def queue_template(queue_environment, installed_template):
    """Our addons, and queue_job beside them: the glue must come by itself."""
    databases = Databases(queue_environment.server)
    glue = addons.hash_of(testing.paths.CHECKOUT / GLUE, oca.REQUIREMENTS)
    key = addons.hash_of(text=f"{installed_template} {glue}")

    def build(name):
        databases.copy(installed_template, name)
        log = f"queue_job_{key}.log"
        (testing.paths.LOGS / log).unlink(missing_ok=True)
        with Step("Installing queue_job beside our addons") as step:
            testing.install(queue_environment, name, "queue_job", log, step)
        assert_clean_log(testing.paths.LOGS / log)

    with locks.exclusive(testing.BUILD_LOCK):
        return databases.template("test_queue_job", key, build)


@pytest.fixture
def queue_database(queue_environment, queue_template):
    databases = Databases(queue_environment.server)
    name = f"system_{os.getpid()}_queue"
    databases.copy(queue_template, name)
    yield name
    databases.drop(name)


class SlowSink(sinks.Sink):
    """Takes a moment for each message, so that a job can be killed in the middle."""

    def __init__(self, folder):
        super().__init__(folder)
        self.accepted = collections.Counter()
        self.has_some = threading.Event()

    async def handle_DATA(self, smtp_server, session, envelope):
        await asyncio.sleep(0.05)
        self.accepted.update(envelope.rcpt_tos)
        if len(self.accepted) >= 10:
            self.has_some.set()
        return "250 OK"


@pytest.fixture
def slow_sink(tmp_path):
    sink = SlowSink(tmp_path)
    controller = sinks.start(sink)
    sink.port = controller.port
    yield sink
    controller.stop()


@pytest.fixture
def start_server(queue_environment, queue_database, tmp_path, monkeypatch):
    """Odoo with HTTP workers, which run the jobs, and the queue's runner."""
    monkeypatch.setenv("ODOO_QUEUE_JOB_CHANNELS", "root:2,root.dunning:2")
    servers = []

    def start():
        started = server.OdooServer(
            queue_environment,
            queue_database,
            tmp_path / f"odoo-{len(servers)}.log",
            workers=4,
            load="base,web,queue_job",
        )
        servers.append(started)
        started.wait_until_ready()
        return started

    yield start
    for started in servers:
        started.terminate()


def run_code(environment, database, code, tmp_path):
    return server.run_code(environment, database, code, tmp_path / "shell.log")


def count_by_state(environment, database, table):
    rows = environment.server.query(
        f"SELECT state, COUNT(*) FROM {table} GROUP BY state", database
    )
    return {state: int(count) for state, count in rows}


def wait_until_no_job_runs(environment, database, seconds=180):
    """Until the queue is empty; gives back the jobs by state."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        jobs = count_by_state(environment, database, "queue_job")
        if not set(jobs) & set(RUNNING):
            return jobs
        time.sleep(0.5)
    raise AssertionError(f"The jobs do not end: {jobs}")


def test_a_killed_job_sends_nothing_twice(
    queue_environment, queue_database, slow_sink, start_server, tmp_path
):
    code = f"PORT = {slow_sink.port}\n{PLAN}"
    assert run_code(queue_environment, queue_database, code, tmp_path) == [2, 3]
    first = start_server()
    assert slow_sink.has_some.wait(90), "no job runs"
    first.kill()
    assert len(slow_sink.accepted) < DEBTORS, "the kill came too late to prove anything"

    start_server()
    jobs = wait_until_no_job_runs(queue_environment, queue_database)
    assert jobs == {"done": 3}
    copies = slow_sink.accepted
    assert set(copies.values()) == {1}
    notices = count_by_state(queue_environment, queue_database, "dunning_notice")
    # A killed sender leaves at most the one notice that it had claimed; when its lease
    # is over it becomes unknown, for a person to decide.
    assert notices.pop("claimed", 0) <= 2
    assert set(notices) == {"sent"}
    assert len(copies) >= notices["sent"] >= DEBTORS - 2


def test_each_message_leaves_once_through_jobs_alone(
    queue_environment, queue_database, smtp_sink, start_server, tmp_path
):
    code = f"PORT = {smtp_sink.port}\n{PLAN}"
    run_code(queue_environment, queue_database, code, tmp_path)
    started = start_server()
    run_code(queue_environment, queue_database, APPROVE_TWICE, tmp_path)
    jobs = wait_until_no_job_runs(queue_environment, queue_database)
    started.terminate()
    assert set(jobs) == {"done"}
    arrived = [message["To"].addresses[0].addr_spec for message in smtp_sink.messages]
    assert sorted(arrived) == sorted(f"c{n}@example.com" for n in range(1, DEBTORS + 1))
    assert count_by_state(queue_environment, queue_database, "dunning_notice") == {
        "sent": DEBTORS
    }
    assert_clean_log(started.log)
