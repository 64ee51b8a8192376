"""`setup/evaluate`: how good the predictions are on a ledger, in one command.

The file is loaded as `setup/demo --ledger` does it, into a database of its own, as it
stands on the day after its last one. The addon itself trains and predicts.
"""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

from . import demo, locks, paths, virtualenv
from .databases import Databases
from .environment import prepare
from .steps import run_in_odoo
from .testing import BUILD_LOCK

ADDON = "dunning_automation"
DATABASE = "evaluate"


def main(arguments: list) -> int:
    options = _parse(arguments)
    if options.recovery:
        return _simulate_recovery()
    # Before anything is made: a file that cannot be read costs nobody's time.
    ledger = demo.csv_ledger(options)
    environment = prepare(options.odoo, options.db)
    databases = Databases(environment.server)
    with locks.exclusive(BUILD_LOCK):
        template = demo.Demo(environment, ledger).ready_template()
        databases.drop(DATABASE)
        databases.copy(template, DATABASE)
        try:
            run_in_odoo(
                environment,
                "Training and predicting",
                "evaluate",
                DATABASE,
                today=ledger.options["today"],
                late_after=options.late_after,
                json_path=options.json and str(Path(options.json).absolute()),
            )
        finally:
            databases.drop(DATABASE)
    return 0


def _simulate_recovery() -> int:
    """The table of `tools/recovery_simulation.py`: no Odoo, no database."""
    code = "from tools import recovery_simulation as it; print(it.to_markdown())"
    command = [virtualenv.python(), "-c", code]
    return subprocess.run(command, cwd=paths.CHECKOUT / ADDON, check=True).returncode


def _parse(arguments: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="setup/evaluate",
        description="Load a receivables export, train at rolling cut-offs, predict "
        "what came after each, and compare with what happened, with the base rate and "
        "with the customer's own average. Writes Markdown.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--ledger", metavar="FILE", help="a receivables export as CSV")
    what.add_argument(
        "--recovery",
        action="store_true",
        help="instead: simulate how much of what could not be charged comes back under "
        "which policy, with the model that this follows from",
    )
    parser.add_argument(
        "--late-after",
        metavar="N",
        type=int,
        default=0,
        help="late is more than N days after the due date (0)",
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    parser.add_argument(
        "--date",
        type=demo.date,
        help="the ledger as it stands on this day (the day after its last one)",
    )
    demo.add_ledger_arguments(parser)
    return parser.parse_args(arguments)
