"""`setup/pictures`: a fresh demo, then a picture of each page on the list."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import subprocess

from installer import demo, locks, paths, system_programs
from installer.databases import Databases
from installer.environment import Environment, prepare
from installer.errors import SetupError
from installer.steps import run_in_odoo
from installer.testing import BUILD_LOCK

from .pictures import PICTURES

DATABASE = "demo_pictures"


def main(arguments: list) -> int:
    options = _parse(arguments)
    _check_names(options.names)
    environment = prepare(options.odoo, options.db)
    if not system_programs.ensure_browser():
        raise SetupError("There is no browser to take pictures with.")
    with contextlib.ExitStack() as stack:
        if not options.database:
            stack.callback(Databases(environment.server).drop, DATABASE)
            _make_database(environment)
        command = [environment.python, "-m", "album.camera", options.folder]
        command += [options.database or DATABASE, *options.names]
        return subprocess.run(
            command, env=environment.variables, cwd=paths.CHECKOUT
        ).returncode


def _parse(arguments: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="setup/pictures",
        description="Takes the pictures that README, documentation and app store show, "
        "from a demo that is made for them and dropped again. One that cannot be taken "
        "stays as it was, and the command fails.",
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help="only these")
    parser.add_argument(
        "--folder", default=paths.CHECKOUT, help="where to put them (default: here)"
    )
    parser.add_argument(
        "--database", metavar="NAME", help="one that is there, instead of the demo"
    )
    parser.add_argument("--odoo", metavar="PATH", help="an Odoo 19.0 source to use")
    parser.add_argument("--db", metavar="URL", help="a PostgreSQL server to use")
    return parser.parse_args(arguments)


def _check_names(names: list) -> None:
    known = {picture.name for picture in PICTURES}
    if unknown := set(names) - known:
        raise SetupError(
            f"There is no picture {', '.join(sorted(unknown))}.",
            f"There are: {', '.join(sorted(known))}.",
            "A new one comes into setup/album/pictures.py.",
        )


def _make_database(environment: Environment) -> None:
    """Always anew: the same pages, whatever somebody clicked in his own demo."""
    today = str(datetime.date.today())
    with locks.exclusive(BUILD_LOCK):
        ledger = demo.Demo(environment, demo.DemoLedger(today))
        Databases(environment.server).copy(ledger.ready_template(), DATABASE)
        demo.begin_day(environment, DATABASE, today, made_up=True)
        run_in_odoo(environment, "Setting the scenes", "scenes", DATABASE)
