"""`setup/bench`: measure and compare in one run, on one machine, on one ledger."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
from pathlib import Path
from typing import NamedTuple

from installer import addons, locks, oca, paths
from installer.databases import Databases
from installer.environment import Environment, prepare
from installer.errors import SetupError
from installer.progress import Step
from installer.testing import BUILD_LOCK, install, installed_template

from . import machine, report
from .ledger import LINES_PER_DEBTOR
from .sending import READY_MARK

CURVE = (1_000, 10_000, 100_000)
WORKLIST = 10_000
DASHBOARD = 10_000
ACCOUNT = 10_000
REPLAY = 10_000
SCORING = 10_000
TEXTS = 200
WORKERS = (1, 2, 4)
SENDERS = 2
FEW_LINES = 20_000
ALONE = ("account", "dashboard", "replay", "scoring", "texting", "workers")
PEER = "account_credit_control"
QUEUE = "queue_job"
RESULT_MARK = "\x1eRESULT "


def main(arguments: list) -> int:
    options = _parse(arguments)
    environment = oca.with_oca(prepare(options.odoo, options.db))
    # What others do on this machine at the moment shows best before we start.
    measured = {"machine": machine.describe(environment), "commit": machine.commit()}
    with Sink(environment) as sink:
        bench = Bench(environment, sink, options)
        try:
            measured |= bench.run()
        finally:
            bench.drop_databases()
    print(report.markdown(measured))
    if options.json:
        Path(options.json).write_text(json.dumps(measured, indent=2) + "\n")
    return 0


def _parse(arguments: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="setup/bench",
        description="Planning, sending, the audit trail and the worklist, side by "
        "side with the "
        f"addon {PEER} of the OCA and with the least that a database and a mail "
        "server need for the same rows and messages. Prints a Markdown table.",
    )
    parser.add_argument("--lines", type=_count, default=5_000, help="open lines")
    parser.add_argument("--messages", type=_count, default=300, help="to send")
    parser.add_argument(
        "--senders",
        type=_count,
        default=SENDERS,
        help=f"that send at once (default: {SENDERS}, as many as are installed)",
    )
    parser.add_argument("--events", type=_count, default=100_000, help="to verify")
    parser.add_argument(
        "--oca-lines",
        type=_count,
        default=5_000,
        help="at most, on the OCA's side (more if --messages needs them)",
    )
    parser.add_argument(
        "--repeat",
        type=_count,
        help="take the median of that many (default: 3, of large ledgers 1)",
    )
    parser.add_argument(
        "--curve",
        type=_count,
        metavar="LINES",
        help="plan ledgers of 1,000, 10,000 and 100,000 lines, up to that many "
        "(default: 10,000, or as many as --lines)",
    )
    parser.add_argument(
        "--worklist",
        type=_count,
        default=WORKLIST,
        metavar="LINES",
        help=f"open the worklist and a case on a ledger of {WORKLIST:,} lines (the "
        "default), and on one of that many if they are more",
    )
    parser.add_argument(
        "--dashboard",
        type=_count,
        default=DASHBOARD,
        metavar="LINES",
        help=f"open the dashboard on a ledger of {DASHBOARD:,} lines (the default), "
        "and on one of that many if they are more",
    )
    parser.add_argument(
        "--account",
        type=_count,
        default=ACCOUNT,
        metavar="LINES",
        help="open the account page of a customer with 1,000 open invoices on a ledger "
        f"of that many lines (default: {ACCOUNT:,})",
    )
    parser.add_argument(
        "--replay",
        type=_count,
        default=REPLAY,
        metavar="LINES",
        help="replay 90 days of a ledger of that many lines, with two policies "
        f"(default: {REPLAY:,})",
    )
    parser.add_argument(
        "--scoring",
        type=_count,
        default=SCORING,
        metavar="LINES",
        help="learn from a ledger of that many lines, and predict what is open "
        f"(default: {SCORING:,})",
    )
    parser.add_argument(
        "--texts",
        type=_count,
        default=TEXTS,
        metavar="MESSAGES",
        help=f"text messages to send (default: {TEXTS:,})",
    )
    parser.add_argument(
        "--workers",
        type=_counts,
        metavar="N[,N...]",
        help="send --messages by so many processes of two Odoo servers, with the crons "
        "and with the OCA's job queue (left out by default; alone: "
        f"{','.join(map(str, WORKERS))})",
    )
    parser.add_argument("--only", choices=ALONE, help="leave out everything else")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    parser.add_argument("--odoo", metavar="PATH", help="an Odoo 19.0 source to use")
    parser.add_argument("--db", metavar="URL", help="a PostgreSQL server to use")
    options = parser.parse_args(arguments)
    options.repeat = options.repeat or (3 if options.lines <= FEW_LINES else 1)
    options.curve = options.curve or max(options.lines, CURVE[1])
    return options


def _count(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above zero")
    return count


def _counts(text: str) -> list:
    return [_count(part) for part in text.split(",")]


class Bench:
    """Runs the steps, each in a process of its own, on copies of one ledger."""

    def __init__(self, environment: Environment, sink: Sink, options):
        self.environment, self.sink, self.options = environment, sink, options
        self.databases = Databases(environment.server)
        self._made = []

    def run(self) -> dict:
        options = self.options
        parts = {
            "account": self._measure_account,
            "dashboard": self._measure_dashboard,
            "replay": self._measure_replay,
            "scoring": self._measure_scoring,
            "texting": self._measure_texting,
            "workers": self._measure_workers,
        }
        if options.only:
            return {options.only: parts[options.only]()}
        if not options.workers:
            del parts["workers"]
        ledger = self._make_ledger(options.lines)
        samples = [self._measure_ours(ledger, i) for i in range(options.repeat)]
        peer = self._measure_peer(ledger)
        return {
            "planning": _planning(samples, peer),
            "sending": _sending(samples, peer, options.senders),
            "audit": self._measure_audit(),
            "curve": self._measure_curve(),
            "worklist": self._measure_worklist(),
            **{name: measure() for name, measure in parts.items()},
        }

    # --- sides ------------------------------------------------------------------

    def _measure_ours(self, ledger: str, number: int) -> dict:
        """Ours and the floors of it, one after the other on one copy."""
        database = self._copy(ledger, "ours")
        title = f"Ours, {number + 1} of {self.options.repeat}"
        count = self.options.messages
        sample = {
            "plan": self._step(f"{title}: planning", "plan_ours", database),
            "plan_floor": self._step(f"{title}: its floor", "plan_floor", database),
        }
        together = self._copy(database, "together")
        self.sink.take()
        sample["send"] = self._step(
            f"{title}: sending", "send_ours", database, messages=count
        )
        sample["arrived"] = self.sink.take()
        sample["send_floor"] = self._send_raw(database, sample["arrived"])
        sample["floor_arrived"] = self.sink.take()
        self._drop(database)
        sample["send_together"] = self._send_together(together, title)
        sample["together_arrived"] = self.sink.take()
        self._drop(together)
        return sample

    def _measure_peer(self, ledger: str) -> dict:
        database = self._copy(ledger, "oca")
        enough = self.options.messages * LINES_PER_DEBTOR
        lines = min(self.options.lines, max(self.options.oca_lines, enough))
        peer = {"plan": self._step("OCA: planning", "plan_oca", database, lines=lines)}
        self.sink.take()
        count = self.options.messages
        peer["send"] = self._step("OCA: sending", "send_oca", database, messages=count)
        peer["arrived"] = self.sink.take()
        self._drop(database)
        return peer

    def _send_raw(self, database: str, arrived: dict) -> dict:
        size = arrived["bytes"] // max(arrived["messages"], 1)
        arguments = [database, self.sink.port, arrived["messages"], size]
        return self._run("raw_sending", "The floor of sending", arguments)

    def _send_together(self, database: str, title: str) -> dict:
        """The same messages by several senders at once, from the first that began to
        the last that ended."""
        senders = self.options.senders
        count = self.options.messages
        self._step(f"{title}: preparing", "send_prepare", database, messages=count)
        with Step(f"{title}: {senders} senders at once"):
            running = [
                self._start("in_odoo", _in_odoo("send_share", database), number)
                for number in range(1, senders + 1)
            ]
            for sender in running:
                sender.wait_until_ready()
            for sender in running:
                sender.begin()
            results = [sender.result(title) for sender in running]
        ended = max(result["ended"] for result in results)
        return {"seconds": ended - min(result["began"] for result in results)}

    def _measure_audit(self) -> dict | None:
        database = self._copy(self._template(), "audit")
        title = f"Audit: {self.options.events:,} events"
        return self._step(title, "audit", database, events=self.options.events)

    def _measure_curve(self) -> list:
        points = []
        for lines in (size for size in CURVE if size <= self.options.curve):
            database = self._make_ledger(lines)
            planned = self._step(f"Curve: {lines:,} lines", "plan_ours", database)
            self._drop(database)
            points.append(
                {"lines": planned["lines"], "ours_s": _rounded(planned["seconds"])}
            )
        return points

    def _measure_worklist(self) -> dict:
        """The two screens of a collector on ledgers of two sizes."""
        largest = self.options.worklist
        figures = {"lines": [], "cases": [], "list_s": [], "form_s": []}
        for lines in sorted({min(WORKLIST, largest), largest}):
            database = self._make_ledger(lines)
            title = f"Worklist: {lines:,} lines"
            self._step(f"{title}: planning", "plan_ours", database)
            self.environment.server.query("VACUUM ANALYZE", database)
            measured = self._step(title, "worklist", database)
            self._drop(database)
            for name, values in figures.items():
                value = measured[name]
                values.append(_rounded(value) if name.endswith("_s") else value)
        return figures

    def _measure_dashboard(self) -> list:
        """The dashboard on ledgers of two sizes, as it opens and filter by filter."""
        largest = self.options.dashboard
        points = []
        for lines in sorted({min(DASHBOARD, largest), largest}):
            database = self._make_ledger(lines)
            title = f"Dashboard: {lines:,} lines"
            self._step(f"{title}: payments", "ledger_age", database, years=2)
            self.environment.server.query("VACUUM ANALYZE", database)
            self._step(f"{title}: planning", "plan_ours", database)
            point = self._step(title, "dashboard", database)
            self._drop(database)
            requests = point["requests"].items()
            point["requests"] = {name: _rounded(value) for name, value in requests}
            points.append(point)
        return points

    def _measure_account(self) -> dict:
        """The page of a customer with many open invoices, beside Odoo's."""
        lines = self.options.account
        database = self._make_ledger(lines)
        measured = self._step(f"Account page: {lines:,} lines", "account", database)
        self._drop(database)
        rounded = {name: _rounded(measured[name]) for name in ("ours_s", "odoo_s")}
        return measured | rounded

    def _measure_replay(self) -> dict:
        """Three months of the past, with two policies."""
        lines = self.options.replay
        database = self._make_ledger(lines)
        measured = self._step(f"Replay: {lines:,} lines", "replay", database)
        self._drop(database)
        return measured | {"seconds": _rounded(measured["seconds"])}

    def _measure_scoring(self) -> dict:
        """Features, training and predictions of a ledger of three years."""
        lines = self.options.scoring
        database = self._make_ledger(lines)
        measured = self._step(f"Predictions: {lines:,} lines", "scoring", database)
        self._drop(database)
        rounded = {
            name: _rounded(value)
            for name, value in measured.items()
            if name.endswith("_s")
        }
        return measured | rounded

    def _measure_texting(self) -> dict:
        """Text messages through one gateway, by us and by Odoo's own queue."""
        count = self.options.texts
        database = self._copy(self._template(), "texting")
        measured = self._step(
            f"Text messages: {count:,}", "texting", database, messages=count
        )
        self._drop(database)
        names = ("ours_s", "odoo_s")
        return measured | {name: _rounded(measured[name]) for name in names}

    def _measure_workers(self) -> list:
        """The same messages by more and more processes of real servers, with the sender
        crons and, in the same database, with the job queue."""
        count = self.options.messages
        ledger = self._make_ledger(count * LINES_PER_DEBTOR)
        self._step("Workers: planning", "plan_ours", ledger)
        points = []
        for kind in ("crons", "jobs"):
            if kind == "jobs":
                with Step("Installing queue_job beside our addons") as step:
                    install(self.environment, ledger, QUEUE, "bench_queue.log", step)
            for workers in self.options.workers or WORKERS:
                asked = {"messages": count, "workers": workers, "jobs": kind == "jobs"}
                database = self._copy(ledger, "workers")
                self.sink.take()
                title = f"Workers: {workers} with {kind}"
                sent = self._step(title, "send_workers", database, **asked)
                arrived = self.sink.take()
                self._drop(database)
                points.append(_workers_point(kind, workers, sent, arrived))
        self._drop(ledger)
        return points

    # --- databases ----------------------------------------------------------------

    def _template(self) -> str:
        """A database with our addons and the OCA's, kept until their sources change."""
        ours = installed_template(self.environment)
        key = addons.hash_of(oca.REQUIREMENTS, text=ours)

        def build(name: str) -> None:
            self.databases.copy(ours, name)
            with Step(f"Installing {PEER} beside our addons") as step:
                install(self.environment, name, PEER, f"bench_{key}.log", step)

        with locks.exclusive(BUILD_LOCK):
            return self.databases.template("bench", key, build)

    def _make_ledger(self, lines: int) -> str:
        database = self._copy(self._template(), f"ledger_{lines}")
        title = f"Writing a ledger of {lines:,} lines"
        port = self.sink.port
        self._step(title, "ledger", database, lines=lines, smtp_port=port)
        self.environment.server.query("VACUUM ANALYZE", database)
        return database

    def _copy(self, source: str, kind: str) -> str:
        name = f"bench_{os.getpid()}_{kind}"
        self._made.append(name)
        self.databases.drop(name)
        self.databases.copy(source, name)
        return name

    def _drop(self, name: str) -> None:
        self.databases.drop(name)
        self._made.remove(name)

    def drop_databases(self) -> None:
        for name in list(self._made):
            self._drop(name)

    # --- processes ----------------------------------------------------------------

    def _step(self, title: str, step: str, database: str, **options):
        return self._run("in_odoo", title, _in_odoo(step, database, **options))

    def _run(self, module: str, title: str, arguments: list):
        with Step(title):
            return self._start(module, arguments).result(title)

    def _start(self, module: str, arguments: list, number: int = 1) -> Running:
        paths.LOGS.mkdir(parents=True, exist_ok=True)
        log = paths.LOGS / f"bench_{module}_{number}.log"
        with log.open("w") as errors:
            process = self.environment.popen(
                "-m",
                f"benchmark.{module}",
                *arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        return Running(process, log)


class Running(NamedTuple):
    """A step at work in a process of its own."""

    process: subprocess.Popen
    log: Path

    def wait_until_ready(self) -> None:
        for line in self.process.stdout:
            if READY_MARK in line:
                return

    def begin(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def result(self, title: str):
        """What the step measured, when it is over.

        :raise SetupError: when it failed
        """
        said, _nothing = self.process.communicate()
        _others, mark, result = said.rpartition(RESULT_MARK)
        if self.process.returncode or not mark:
            raise SetupError(
                f"The benchmark stopped at this step: {title}.",
                _last_line(self.log),
                f"Its whole log: {self.log}",
            )
        return json.loads(result)


def _in_odoo(step: str, database: str, **options) -> list:
    return [step, "--database", database, "--with", json.dumps(options)]


class Sink:
    """The mail server, in a process of its own: it shares no lock with a sender."""

    def __init__(self, environment: Environment):
        self._process = environment.popen(
            "-m",
            "benchmark.sink",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._process.stdout.readline())

    def __enter__(self) -> Sink:
        return self

    def __exit__(self, kind, error, trace) -> None:
        self._process.stdin.close()
        self._process.wait()

    def take(self) -> dict:
        """What arrived since the last time."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line for line in reversed(lines) if line.strip()), "")


# --- figures ------------------------------------------------------------------------


def _planning(samples: list, peer: dict) -> dict:
    last = samples[-1]["plan"]
    return {
        "lines": last["lines"],
        "ours_s": _median(samples, "plan"),
        "oca_s": _rounded(peer["plan"]["seconds"]),
        "oca_lines": peer["plan"]["lines"],
        "floor_s": _median(samples, "plan_floor"),
        "floor_checked_s": _median(samples, "plan_floor", "checked_seconds"),
        "floor_rows": samples[-1]["plan_floor"]["rows"],
        "peak_mb": max(sample["plan"]["peak_mb"] for sample in samples),
        "rows": last["rows"],
        "overdue_steps": last["overdue_steps"],
        "oca_steps": peer["plan"]["overdue_steps"],
        "samples": len(samples),
    }


def _sending(samples: list, peer: dict, senders: int) -> dict:
    last = samples[-1]
    return {
        "messages": last["arrived"]["messages"],
        "ours_s": _median(samples, "send"),
        "oca_s": _rounded(peer["send"]["seconds"]),
        "floor_s": _median(samples, "send_floor"),
        "together_s": _median(samples, "send_together"),
        "together_messages": last["together_arrived"]["messages"],
        "together_distinct": last["together_arrived"]["distinct"],
        "senders": senders,
        "queries_per_message": _per_message(last["send"], "queries"),
        "compose_queries_per_message": _per_message(last["send"], "compose_queries"),
        "compose_s": _median(samples, "send", "compose_seconds"),
        "distinct": last["arrived"]["distinct"],
        "recorded": last["send"]["messages"],
        "bytes": last["arrived"]["bytes"],
        "oca_messages": peer["arrived"]["messages"],
        "oca_recorded": peer["send"]["messages"],
        "oca_bytes": peer["arrived"]["bytes"],
        "oca_compose_s": _rounded(peer["send"]["compose_seconds"]),
        "floor_messages": last["floor_arrived"]["messages"],
        "samples": len(samples),
    }


def _workers_point(kind: str, workers: int, sent: dict, arrived: dict) -> dict:
    return {
        "by": kind,
        "workers": workers,
        "messages": arrived["messages"],
        "distinct": arrived["distinct"],
        "recipients": arrived["recipients"],
        "recorded": sent["recorded"],
        "by_host": sent["by_host"],
        "seconds": _rounded(sent["seconds"]),
    }


def _median(samples: list, part: str, name: str = "seconds") -> float:
    return _rounded(statistics.median(sample[part][name] for sample in samples))


def _per_message(sent: dict, name: str) -> float:
    return round(sent[name] / max(sent["messages"], 1), 1)


def _rounded(seconds: float) -> float:
    return round(seconds, 4)
