"""`setup/demo`: from nothing to reminders that leave, in one command."""

from __future__ import annotations

import argparse
import ast
import datetime
import json
import os
import smtplib
import socket
import subprocess
import sys
from pathlib import Path

from . import addons, locks, paths, system_programs
from .databases import Databases
from .environment import Environment, prepare
from .errors import SetupError
from .progress import Step
from .steps import last_line, run_in_odoo
from .testing import BUILD_LOCK, install

DATABASE = "demo"
SERVING_LOCK = paths.LOCAL / "serving.lock"
LEDGERS = paths.SETUP / "ledger"
READERS = ("csv_columns.py", "csv_values.py", "receivables_file.py")  # of the addon
# These work on the finished database, not on the ledger in its template.
NOT_IN_TEMPLATE = (
    "daily_run.py",
    "demo_answers.py",
    "demo_predictions.py",
    "demo_scenes.py",
    "demo_settings.py",
)

# Not every ledger brings a portal customer.
LOGINS_QUERY = """
    SELECT login, demo.password, role
      FROM (VALUES ('collector', 'collector', 'works through the overdue customers'),
                   ('manager', 'manager', 'sets the rules'),
                   ('portal@example.com', 'portal', 'a customer, at /my'),
                   ('admin', 'admin', 'may do everything')
           ) AS demo (login, password, role)
      JOIN res_users USING (login)
     WHERE res_users.active
"""


def main(arguments: list) -> int:
    options = _parse(arguments)
    if options.serve:
        _check_port(options.port)
    ledger = csv_ledger(options) if options.ledger else DemoLedger(options.date)
    environment = prepare(options.odoo, options.db)
    system_programs.ensure_wkhtmltopdf()
    demo = Demo(environment, ledger)
    with locks.exclusive(BUILD_LOCK):
        demo.ensure(reset=options.reset)
        begin_day(environment, DATABASE, options.date, demo.is_made_up())
    print(f"Messages that left by e-mail: {paths.MAIL}")
    if options.serve:
        serve(environment, options.port)
    return 0


def begin_day(
    environment: Environment, database: str, today: str, made_up: bool
) -> None:
    """What happens in a ledger until somebody looks at it; again, only what is new."""

    def take_step(title: str, step: str, **arguments) -> None:
        run_in_odoo(environment, title, step, database, **arguments)

    smtp_port = start_smtp_sink(environment)
    take_step("Setting up the demo", "configure", smtp_port=smtp_port)
    take_step("Running today's dunning", "daily_run", today=today)
    if made_up:
        take_step("Letting some customers answer", "answers")
    take_step("Learning who pays when", "predictions")


def _parse(arguments: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="setup/demo",
        description="Odoo 19 with a ledger of overdue invoices, a mail server that "
        "only collects, and one dunning run. Run it again to go on where it stopped.",
    )
    parser.add_argument("--port", type=int, default=8069, help="of the web client")
    parser.add_argument("--date", default=str(datetime.date.today()), type=date)
    parser.add_argument("--reset", action="store_true", help="start over")
    parser.add_argument(
        "--no-serve", dest="serve", action="store_false", help="stop after the table"
    )
    parser.add_argument("--ledger", metavar="FILE", help="a receivables export as CSV")
    add_ledger_arguments(parser)
    return parser.parse_args(arguments)


def add_ledger_arguments(parser: argparse.ArgumentParser) -> None:
    """What every command needs that loads a ledger into Odoo."""
    parser.add_argument("--odoo", metavar="PATH", help="an Odoo 19.0 source to use")
    parser.add_argument("--db", metavar="URL", help="a PostgreSQL server to use")
    parser.add_argument(
        "--map",
        metavar="FIELD=COLUMN",
        action="append",
        default=[],
        help="name a column of the file, for example due_date=DueDate",
    )
    parser.add_argument("--date-order", help="of the file's dates: dmy, mdy or ymd")


def date(text: str) -> str:
    try:
        return str(datetime.date.fromisoformat(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a date like 2026-01-31"
        ) from None


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise SetupError(
                f"The web client cannot use port {port}.",
                f"{error}\nPerhaps another Odoo, or another setup/demo, is running.",
                f"Stop it, or choose another: setup/demo --port {port % 60000 + 1}",
            ) from error


# --- ledgers ------------------------------------------------------------------


class DemoLedger:
    """The ledger that is made up from a seed."""

    module, name = "demo_ledger", "demo ledger"

    def __init__(self, date: str):
        self.options = {"today": date}

    def key(self) -> str:
        return addons.hash_of(*self._sources(), text=json.dumps(self.options))

    def _sources(self) -> list:
        code = sorted(LEDGERS.glob("*.py"))
        return [file for file in code if file.name not in NOT_IN_TEMPLATE]


class CsvLedger(DemoLedger):
    """A receivables export; read and explained before anything is written."""

    module = "csv_ledger"

    def __init__(self, date: str, path: Path, mapping: dict, date_order: str | None):
        self.file = path
        self.options = {
            "today": date,
            "path": str(path),
            "mapping": mapping,
            "date_order": date_order,
        }

    @property
    def name(self) -> str:
        return f"ledger {self.file} {addons.hash_of(self.file)}"

    def _sources(self) -> list:
        tools = paths.CHECKOUT / "dunning_automation" / "tools"
        return [*super()._sources(), *(tools / name for name in READERS), self.file]


def csv_ledger(options: argparse.Namespace) -> CsvLedger:
    path = Path(options.ledger).absolute()
    if not path.is_file():
        raise SetupError(
            f"There is no ledger file {path}.", to_do="Check the name after --ledger."
        )
    sys.path.insert(0, str(paths.SETUP))
    from ledger import csv_ledger as reader

    mapping = dict(_mapping(entry) for entry in options.map)
    try:
        rows = reader.read(path, mapping, options.date_order).rows
    except reader.LedgerError as error:
        raise SetupError(
            f"The ledger {path} cannot be used; nothing was written.",
            str(error),
            "Name columns with --map FIELD=COLUMN and the dates with --date-order.",
        ) from error
    return CsvLedger(
        options.date or _day_after(rows), path, mapping, options.date_order
    )


def _day_after(rows: list) -> str:
    """The first day on which nothing more happens in a ledger."""
    last = max(row.paid_date or row.invoice_date for row in rows)
    return str(last + datetime.timedelta(days=1))


def _mapping(entry: str) -> tuple:
    field, equals, column = entry.partition("=")
    if not (field and equals and column):
        raise SetupError(
            f"--map {entry!r} names no column.", to_do="Write --map due_date=DueDate."
        )
    return field, column


# --- the database -------------------------------------------------------------


class Demo:
    """The database `demo`: made from templates, brought up to date when it exists."""

    def __init__(self, environment: Environment, ledger: DemoLedger):
        self.environment, self.ledger = environment, ledger
        self.databases = Databases(environment.server)

    def ensure(self, reset: bool) -> None:
        mark = self.databases.mark(DATABASE)
        if DATABASE in self.databases.names():
            self._check_owner(mark, reset)
        if reset:
            self._check_not_served()
        if mark is None or reset:
            template = self.ready_template()
            self.databases.drop(DATABASE)
            self.databases.copy(template, DATABASE, self._mark())
            return
        if isinstance(self.ledger, CsvLedger) and mark["ledger"] != self.ledger.name:
            raise SetupError(
                "The demo's database holds another ledger.",
                f"It has the {mark['ledger']}.",
                "Add --reset to throw it away and load the new one.",
            )
        self._update(mark)

    def is_made_up(self) -> bool:
        """Nobody's own ledger: it may be written on."""
        return self.databases.mark(DATABASE)["ledger"] == DemoLedger.name

    def _check_not_served(self) -> None:
        serving = locks.open_lock(SERVING_LOCK)
        if not locks.try_lock(serving):
            raise SetupError(
                "The demo cannot start over while another setup/demo serves it.",
                to_do="Stop that one first (Ctrl-C in its terminal).",
            )
        os.close(serving)

    def _mark(self) -> dict:
        return {
            "folder": str(paths.CHECKOUT),
            "ledger": self.ledger.name,
            "addons": addons.hashes(),
        }

    def _check_owner(self, mark: dict | None, reset: bool) -> None:
        """Never touch a database that somebody else made on somebody else's server."""
        if self.environment.server.named:
            is_ours = mark is not None and mark["folder"] == str(paths.CHECKOUT)
        else:
            is_ours = mark is not None or reset
        if not is_ours:
            raise SetupError(
                f"The database {DATABASE!r} of the server is not from here.",
                "It was not made by this checkout's setup/demo.",
                "Rename or drop it yourself (on setup's own server: --reset does it).",
            )

    def _update(self, mark: dict) -> None:
        """Install new addons, update changed ones."""
        now = addons.hashes()
        new = [name for name in now if name not in mark["addons"]]
        changed = [
            name for name in now if mark["addons"].get(name, now[name]) != now[name]
        ]
        if not (new or changed):
            return
        arguments = ["-d", DATABASE, "--stop-after-init", "--no-http"]
        arguments += ["-i", ",".join(new)] if new else []
        arguments += ["-u", ",".join(changed)] if changed else []
        with Step("Updating our addons in the demo") as step:
            self.environment.run_odoo("demo_update.log", step, *arguments)
        self.databases.set_mark(DATABASE, {**mark, "addons": now})

    def ready_template(self) -> str:
        needed = self._modules()
        source = f"{paths.CHECKOUT} {self.environment.source.python_root} {needed}"
        ledger_key = addons.hash_of(text=source + self.ledger.key())
        ready_key = addons.hash_of(text=f"{ledger_key} {addons.hashes()}")

        def build_ledger(name: str) -> None:
            languages = self._constant("LANGUAGES", ["en_US"])
            with Step("Installing Odoo's own addons") as step:
                arguments = ["-d", name, "-i", ",".join(needed), "--stop-after-init"]
                arguments += ["--no-http", "--load-language", ",".join(languages)]
                self.environment.run_odoo("demo_ledger.log", step, *arguments)
            run_in_odoo(
                self.environment,
                "Writing the ledger",
                self.ledger.module,
                database=name,
                **self.ledger.options,
            )

        def build_ready(name: str) -> None:
            ledger = self.databases.template("demo_ledger", ledger_key, build_ledger)
            self.databases.copy(ledger, name)
            modules = ",".join(addons.all_in_checkout())
            if modules:
                with Step("Installing our addons") as step:
                    install(self.environment, name, modules, "demo_addons.log", step)
            run_in_odoo(
                self.environment, "Preparing the web client", "assets", database=name
            )

        return self.databases.template("demo_ready", ready_key, build_ready)

    def _modules(self) -> list:
        modules = self._constant("MODULES", ["account"])
        return sorted({*modules, *addons.foreign_dependencies()})

    def _constant(self, name: str, default: list) -> list:
        """A constant of the ledger's module, which cannot be imported without Odoo."""
        text = (LEDGERS / f"{self.ledger.module}.py").read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            if isinstance(node, ast.Assign) and node.targets[0].id == name:
                return ast.literal_eval(node.value)
        return default


# --- processes ----------------------------------------------------------------


def start_smtp_sink(environment: Environment) -> int:
    """The port of the sink: another demo's, else one of our own.

    Our own lives until this process, or the Odoo that it becomes, is gone.
    """
    known = paths.MAIL / "port"
    if known.is_file() and _is_smtp_sink(int(known.read_text())):
        return int(known.read_text())
    paths.MAIL.mkdir(exist_ok=True)
    log = paths.LOGS / "smtp_sink.log"
    with log.open("w") as errors:
        process = environment.popen(
            "-m",
            "installer.smtp_sink",
            paths.MAIL,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            text=True,
        )
    # The sink ends when nobody holds the other end of its input any more.
    os.set_inheritable(os.dup(process.stdin.fileno()), True)
    port = process.stdout.readline().strip()
    process.wait()
    if not port:
        raise SetupError("The mail server of the demo does not start.", last_line(log))
    known.write_text(port)
    return int(port)


def _is_smtp_sink(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
            return client.noop()[0] == 250
    except OSError:
        return False


def serve(environment: Environment, port: int) -> None:
    """Become Odoo. Everything that we started ends with it."""
    _check_port(port)
    locks.hold_shared(SERVING_LOCK)
    log = paths.LOGS / "demo.log"
    print(f"\nOdoo starts at http://localhost:{port} (log: {log})")
    for login in environment.server.query(LOGINS_QUERY, DATABASE):
        print("  Login {:20} password {:11} {}".format(*login))
    print("Stop it with Ctrl-C.", flush=True)
    environment.become_odoo(
        f"--database={DATABASE}",
        f"--db-filter=^{DATABASE}$",
        f"--http-port={port}",
        f"--logfile={log}",
    )
