"""Locks between commands. The kernel drops them with the process, however it ends."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path

from .progress import say


def open_lock(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def try_lock(descriptor: int, mode: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def hold_shared(path: Path) -> int:
    """Lock shared until this process ends, also after it became another program."""
    descriptor = open_lock(path)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    os.set_inheritable(descriptor, True)
    return descriptor


def leave_parent() -> None:
    """Go on as nobody's child: Odoo, which our parent may become, ends its children."""
    if os.fork():
        os._exit(0)


@contextmanager
def exclusive(path: Path):
    """One command at a time; says so when it has to wait."""
    descriptor = open_lock(path)
    try:
        if not try_lock(descriptor):
            say("Waiting for another setup command to finish its part ...")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
