"""Runs the steps of `in_odoo`: what setup does inside Odoo."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from . import paths
from .environment import Environment
from .errors import SetupError
from .in_odoo import PROGRESS_MARK
from .progress import Step


def run_in_odoo(
    environment: Environment, title: str, step: str, database: str, **options
) -> None:
    """Run a step of `in_odoo`; show its progress, print what it has to say."""
    arguments = ["-m", "installer.in_odoo", step, "--database", database]
    arguments += ["--with", json.dumps(options)]
    said = []
    log = paths.LOGS / f"step_{step}.log"
    with log.open("w") as errors, Step(title) as shown:
        process = environment.popen(
            *arguments, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        for line in process.stdout:
            if line.startswith(PROGRESS_MARK):
                shown.at(*json.loads(line[len(PROGRESS_MARK) :]))
            else:
                said.append(line)
        if process.wait():
            raise SetupError(
                f"Odoo failed while it did this: {title.lower()}.",
                last_line(log),
                f"Its whole log: {log}",
            )
    print("".join(said), end="", flush=True)


def last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line for line in reversed(lines) if line.strip()), "")
