"""Odoo, ready to run: source, Python, database server, configuration."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, replace
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
    """`addons` and `packages` are folders that Odoo finds besides its own and ours."""

    source: odoo_source.Source
    python: Path
    server: postgres.Server
    addons: tuple = ()
    packages: tuple = ()

    @property
    def conf(self) -> Path:
        return self.server.home / ("odoo_more.conf" if self.addons else "odoo.conf")

    @property
    def variables(self) -> dict:
        packages = [self.source.python_root, paths.SETUP, *self.packages]
        return {
            **postgres.child_environment(self.server.environment),
            "PYTHONPATH": os.pathsep.join(map(str, packages)),
            "ODOO_RC": str(self.conf),
        }

    def with_more(self, addons: Path, packages: Path) -> Environment:
        """The same with a folder of addons and one of Python packages."""
        more = replace(self, addons=(addons,), packages=(packages,))
        more.write_conf()
        return more

    def write_conf(self) -> None:
        """Complete or not there, as several commands may do it at once."""
        self.conf.parent.mkdir(parents=True, exist_ok=True)
        found = [*self.source.addons_paths, paths.CHECKOUT, *self.addons]
        text = CONF.format(
            addons_path=",".join(map(str, found)), data_dir=self.server.home
        )
        partial = self.conf.with_name(f"{self.conf.name}.{os.getpid()}")
        partial.write_text(text)
        partial.rename(self.conf)

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
    environment = Environment(source, python, server)
    environment.write_conf()
    return environment
