"""Packages that need other versions than Odoo does, each set in a folder of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from . import commands, paths
from .errors import SetupError
from .locks import exclusive
from .progress import Step


def variables(python: Path, name: str, requirements: Path) -> dict:
    """The environment in which `python` finds what `requirements` names; fetched when
    it is not there. `name` is for folders and messages."""
    key = hashlib.sha256(requirements.read_bytes()).hexdigest()[:10]
    folder = paths.CACHE / f"{name}-{python.parent.parent.name}-{key}"
    if not folder.exists():
        with exclusive(folder.with_name(f"{folder.name}.lock")):
            if not folder.exists():
                _install(python, name, requirements, folder)
    return {**os.environ, "PYTHONPATH": str(folder)}


def _install(python: Path, name: str, requirements: Path, folder: Path) -> None:
    """Build beside and rename: half an installation is none."""
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with Step(f"Fetching {name}") as step:
        pip = [python, "-m", "pip", "install", "--no-input", "--ignore-installed"]
        try:
            commands.run(
                [*pip, "--target", partial, "-r", requirements], f"{name}.log", step
            )
        except commands.CommandFailed as failure:
            shutil.rmtree(partial, ignore_errors=True)
            raise SetupError(
                f"{name.capitalize()} could not be installed.",
                failure.tail,
                "Check the network and pip's configuration; all of pip's words: "
                f"{failure.log}",
            ) from failure
    partial.rename(folder)
