"""Run other programs: output to a log file, its last line to the progress."""

from __future__ import annotations

import re
import subprocess
from collections import deque
from pathlib import Path

from . import paths
from .progress import Step

TAIL_LINES = 12
ODOO_LOG_PREFIX = re.compile(r"^\S+ \S+ \d+ [A-Z]+ \S+ \S+: ")


class CommandFailed(Exception):
    def __init__(self, argv: list, code: int, tail: str, log: Path):
        self.argv, self.code, self.tail, self.log = argv, code, tail, log
        super().__init__(f"{argv[0]} ended with exit code {code}")

    @property
    def last_line(self) -> str:
        return self.tail.splitlines()[-1] if self.tail else str(self)


def run(argv: list, log_name: str, step: Step | None = None, **popen) -> None:
    """Run `argv`; its output goes to `.local/log/<log_name>`."""
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    log = paths.LOGS / log_name
    tail: deque = deque(maxlen=TAIL_LINES)
    with log.open("a", encoding="utf-8") as output:
        with subprocess.Popen(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            **popen,
        ) as process:
            for line in process.stdout:
                output.write(line)
                if line.strip():
                    tail.append(line.rstrip())
                    if step:
                        step.text = ODOO_LOG_PREFIX.sub("", line).strip()
    if process.returncode:
        raise CommandFailed(argv, process.returncode, "\n".join(tail), log)
