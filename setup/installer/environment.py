"""Odoo, ready to run: source, Python, database server, configuration."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import commands, odoo_source, paths, postgres, virtualenv
from .errors import SetupError
from .progress import Step

CONF = """\
; Written by setup at every start: changes are lost. Options can be given to setup/odoo.
; The database connection comes in the PG* environment variables.
[options]
addons_path = {addons_path}
data_dir = {data_dir}
http_interface = 127.0.0.1
"""


@dataclass(frozen=True)
class Environment:
    source: odoo_source.Source
    python: Path
    server: postgres.Server

    @property
    def variables(self) -> dict:
        return {
            **postgres.child_environment(self.server.environment),
            "PYTHONPATH": f"{self.source.python_root}{os.pathsep}{paths.SETUP}",
            "ODOO_RC": str(self.server.home / "odoo.conf"),
        }

    def odoo(self, *arguments) -> list:
        return [str(self.python), "-m", "odoo", *map(str, arguments)]

    def run_odoo(self, log_name: str, step: Step, *arguments) -> None:
        """Run an Odoo command to its end; its log is `.local/log/<log_name>`."""
        try:
            commands.run(
                self.odoo(*arguments),
                log_name,
                step,
                env=self.variables,
                cwd=paths.LOCAL,
            )
        except commands.CommandFailed as failure:
            raise SetupError(
                f"Odoo failed while it did this: {step.title.lower()}.",
                failure.tail,
                f"Its whole log: {failure.log}",
            ) from failure

    def become_odoo(self, *arguments) -> None:
        """Replace this process by Odoo: signals, input and exit code are its own."""
        argv = self.odoo(*arguments)
        os.execve(argv[0], argv, self.variables)

    def popen(self, *arguments, **options) -> subprocess.Popen:
        """Run one of setup's own modules, or anything else, with this Python."""
        argv = [str(self.python), *map(str, arguments)]
        return subprocess.Popen(argv, env=self.variables, cwd=paths.LOCAL, **options)


def prepare(odoo: str | None = None, db: str | None = None) -> Environment:
    """Make what is missing; a second time it takes a moment."""
    paths.LOCAL.mkdir(exist_ok=True)
    source = odoo_source.find(odoo or os.environ.get("ODOO_PATH"))
    python = virtualenv.python()
    server = postgres.connect(python, db)
    _write_conf(source, server.home)
    return Environment(source, python, server)


def _write_conf(source: odoo_source.Source, home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    addons_path = ",".join(map(str, [*source.addons_paths, paths.CHECKOUT]))
    partial = home / f"odoo.conf.{os.getpid()}"
    partial.write_text(CONF.format(addons_path=addons_path, data_dir=home))
    partial.rename(home / "odoo.conf")
