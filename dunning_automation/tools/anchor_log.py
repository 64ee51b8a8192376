"""A text file outside the database that remembers, day by day, what was sealed.

One line per day: time (UTC), number of the last sealed event, its hash. Whoever
rewrites the events in the database, hashes and seals included, cannot make the new
hashes agree with a line that was written before.
"""

import os
import re
from datetime import datetime
from typing import NamedTuple

LINE = re.compile(r"(\S+Z) ([1-9][0-9]*) ([0-9a-f]{64})")


class Anchor(NamedTuple):
    """The last sealed event at a moment (naive UTC)."""

    moment: datetime
    sequence: int
    head: str


def append(path, anchor):
    """Add a line and wait until the disk has it. Creates the folders.

    :raise OSError: when it cannot be written
    """
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    moment = anchor.moment.isoformat(timespec="seconds")
    line = f"{moment}Z {anchor.sequence} {anchor.head}\n"
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(log, line.encode())
        os.fsync(log)
    finally:
        os.close(log)


def read(path):
    """The anchors of a file, the oldest first; none when there is no file yet.

    :raise ValueError: with the line that is no anchor
    """
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            return [_parse(line.rstrip("\n")) for line in log]
    except FileNotFoundError:
        return []


def _parse(line):
    """
    >>> _parse("2026-03-10T04:00:00Z 12 " + 64 * "0").sequence
    12
    >>> _parse("2026-03-10 12")
    Traceback (most recent call last):
    ValueError: 2026-03-10 12
    """
    match = LINE.fullmatch(line)
    if not match:
        raise ValueError(line)
    moment, sequence, head = match.groups()
    return Anchor(datetime.fromisoformat(moment[:-1]), int(sequence), head)
