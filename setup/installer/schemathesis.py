"""Schemathesis, which tries our public addresses with input that nobody expects. It
needs other versions of packages than Odoo does, so it has a folder of its own. Only
for tests."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from . import commands, paths
from .environment import Environment
from .errors import SetupError
from .locks import exclusive
from .progress import Step

REQUIREMENTS = paths.SETUP / "schemathesis-requirements.txt"


def command(environment: Environment) -> tuple:
    """The beginning of a command line, and the environment to run it in."""
    folder = _ensure(environment.python)
    start = [environment.python, "-m", "schemathesis.cli"]
    return start, {**os.environ, "PYTHONPATH": str(folder)}


def _ensure(python: Path) -> Path:
    key = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:10]
    folder = paths.CACHE / f"schemathesis-{python.parent.parent.name}-{key}"
    if not folder.exists():
        with exclusive(folder.with_name(f"{folder.name}.lock")):
            if not folder.exists():
                _install(python, folder)
    return folder


def _install(python: Path, folder: Path) -> None:
    """Build beside and rename: half an installation is none."""
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with Step("Fetching schemathesis") as step:
        pip = [python, "-m", "pip", "install", "--no-input", "--ignore-installed"]
        try:
            commands.run(
                [*pip, "--target", partial, "-r", REQUIREMENTS],
                "schemathesis.log",
                step,
            )
        except commands.CommandFailed as failure:
            shutil.rmtree(partial, ignore_errors=True)
            raise SetupError(
                "Schemathesis could not be installed.",
                failure.tail,
                "Check the network and pip's configuration; all of pip's words: "
                f"{failure.log}",
            ) from failure
    partial.rename(folder)
