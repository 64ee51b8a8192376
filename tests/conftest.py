"""Real servers for the whole-system tests: Odoo processes, databases, a mail server."""

import email
import email.policy
import itertools
import os
import subprocess

import crowd
import pytest
from installer import environment, paths, server, testing
from installer import smtp_sink as sinks
from installer.databases import Databases
from installer.log_gate import assert_clean_log
from smtp_server import ScriptedServer


def pytest_collection_modifyitems(items) -> None:
    """The kill loop first: it needs both cores, and in a full run the tours, which wait
    no longer than ten seconds for a page, come last beside us."""
    items.sort(key=lambda item: item.path.name != "test_kill.py")


@pytest.fixture(scope="session")
def odoo_environment():
    """The Odoo, Python and database server that `setup/test` made ready."""
    return environment.prepare()


@pytest.fixture(scope="session")
def installed_template(odoo_environment):
    """A database with our addons, to be copied only."""
    return testing.installed_template(odoo_environment)


@pytest.fixture
def database(odoo_environment, installed_template):
    """`database()` makes a fresh copy with our addons; dropped at the end."""
    databases, made = Databases(odoo_environment.server), []

    def make() -> str:
        name = f"system_{os.getpid()}_{len(made)}"
        made.append(name)
        databases.drop(name)  # What a test that broke has left must not break others.
        databases.copy(installed_template, name)
        return name

    yield make
    for name in made:
        databases.drop(name)


@pytest.fixture
def odoo_shell(odoo_environment, tmp_path):
    """`odoo_shell(db, code)` runs code in a process of its own, gives back `result`."""
    numbers = itertools.count()

    def run(db: str, code: str):
        log = tmp_path / f"shell-{next(numbers)}.log"
        result = server.run_code(odoo_environment, db, code, log)
        assert_clean_log(log)
        return result

    return run


@pytest.fixture
def odoo_server(odoo_environment, tmp_path):
    """`odoo_server(db, workers=2)` starts a real Odoo and waits until it answers.

    At the end it is stopped and its log must be clean; a test that expects something
    in it sets `check_log = False` on the server and looks itself.
    """
    servers = []

    def start(db: str, **options) -> server.OdooServer:
        log = tmp_path / f"odoo-{len(servers)}.log"
        started = server.OdooServer(odoo_environment, db, log, **options)
        started.check_log = True
        servers.append(started)
        started.wait_until_ready()
        return started

    yield start
    for started in servers:
        started.terminate()
    for started in servers:
        if started.check_log:
            assert_clean_log(started.log)


class SinkWithMemory(sinks.Sink):
    """The demo's mail server. `answer` may hold another answer than "250 OK"."""

    answer = None

    async def handle_DATA(self, server, session, envelope) -> str:
        if self.answer:
            return self.answer
        return await super().handle_DATA(server, session, envelope)

    @property
    def messages(self) -> list:
        """What arrived, in order, as `email.message.EmailMessage`."""
        files = sorted(self.folder.glob("*/*.eml"))
        return [
            email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            for file in files
        ]


@pytest.fixture
def smtp_sink(tmp_path):
    """A real SMTP server: `smtp_sink.port`, `smtp_sink.messages`."""
    sink = SinkWithMemory(tmp_path / "mail")
    controller = sinks.start(sink)
    sink.port = controller.port
    yield sink
    controller.stop()


@pytest.fixture
def smtp_server(tmp_path):
    """A real SMTP server that misbehaves as told; see `smtp_server.py`."""
    scripted = ScriptedServer(tmp_path / "smtp")
    yield scripted
    scripted.stop()


@pytest.fixture(scope="session")
def crowd_template(odoo_environment, installed_template, tmp_path_factory):
    """A database with 40 debtors, each with a written notice that is ready; to copy."""
    databases, name = Databases(odoo_environment.server), f"crowd_{os.getpid()}"
    databases.copy(installed_template, name)
    log = tmp_path_factory.mktemp("crowd") / "odoo.log"
    code = f"PORT, DEBTORS = 1, 40\n{crowd.CODE}\nrun.notice_ids._compose()"
    server.run_code(odoo_environment, name, f"{code}\nenv.cr.commit()", log)
    yield name
    databases.drop(name)


@pytest.fixture
def crowd_database(odoo_environment, crowd_template, smtp_server, tmp_path):
    """A copy of it that sends to `smtp_server`."""
    databases, name = Databases(odoo_environment.server), f"system_{os.getpid()}_crowd"
    databases.copy(crowd_template, name)
    crowd.activate(odoo_environment, name, smtp_server.port, tmp_path)
    yield name
    databases.drop(name)


@pytest.fixture(scope="session")
def axe():
    """The script of axe-core, from the tools of `setup/lint`."""
    find = "console.log(require.resolve('axe-core/axe.min.js'))"
    answer = subprocess.run(
        [paths.SETUP / "lint", "--with", "node", "-e", find],
        check=True,
        capture_output=True,
        text=True,
    )
    with open(answer.stdout.strip(), encoding="utf-8") as file:
        return file.read()
