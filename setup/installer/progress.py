"""Show that a long step is alive: one changing line on a terminal, sparse lines else.

On the error output, so that what a command prints can be used by scripts.
"""

from __future__ import annotations

import sys
import threading
import time

TERMINAL_SECONDS = 0.2
FILE_SECONDS = 20
TEXT_WIDTH = 50


class Step:
    """`with Step("Installing") as step: step.text = "3 of 10"`."""

    def __init__(self, title: str):
        self.title, self.text = title, ""
        self._terminal = sys.stderr.isatty()
        self._stop = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Step:
        self._began = time.monotonic()
        if not self._terminal:
            say(f"{self.title} ...")
        self._ticker.start()
        return self

    def __exit__(self, kind, error, trace) -> None:
        self._stop.set()
        self._ticker.join()
        outcome = "done" if kind is None else "stopped"
        self._write(f"{self.title}: {outcome} ({self._elapsed()})", last=True)

    def at(self, done: int, total: int, text: str = "") -> None:
        """The callback that the ledgers get."""
        self.text = f"{done} of {total} {text}".strip()

    def _tick(self) -> None:
        pause = TERMINAL_SECONDS if self._terminal else FILE_SECONDS
        while not self._stop.wait(pause):
            text = f"{self.text[:TEXT_WIDTH]} " if self.text else ""
            self._write(f"{self.title}: {text}({self._elapsed()})")

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._began:.0f} s"

    def _write(self, line: str, last: bool = False) -> None:
        if self._terminal:
            say(f"\r\033[K{line}", end="\n" if last else "")
        else:
            say(line)


def say(line: str, end: str = "\n") -> None:
    print(line, end=end, file=sys.stderr, flush=True)
