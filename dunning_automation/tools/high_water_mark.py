"""How far a database had come, kept in a small file outside of it.

A database that was restored from a backup does not know what it forgot; the file does.
It names the activation that it belongs to and the highest event known to be committed.
The number only rises, whichever process writes it; an activation starts it anew.

The content has a fixed width and is overwritten in place under a lock, without waiting
for the disk: after a power cut it may be some seconds old, but never broken.
"""

import fcntl
import json
import os
from dataclasses import asdict, dataclass

WIDTH = 192


@dataclass(frozen=True)
class Mark:
    activation: str
    event: int
    token: str = ""
    """of this very event: after a restore another event may get its number"""

    def encode(self):
        return json.dumps(asdict(self)).ljust(WIDTH).encode()


class ForeignMark(Exception):
    """The file belongs to another activation."""


def start(path, activation, event):
    """Begin anew: the file appears complete and on the disk, or not at all.

    :raise OSError: when the folder cannot be made or written
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{activation}")
    with draft.open("wb") as file:
        file.write(Mark(activation, event).encode())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def rise(path, activation, event, token=""):
    """Note that ``event`` is committed; a lower number than the known one is ignored.

    :return: the mark as it is now
    :raise ForeignMark: when another activation has taken the file over
    :raise OSError: when it cannot be read and written
    :raise ValueError: when it is not a mark
    """
    # Never creates the file: a missing one must be noticed, not made up for.
    file = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        known = _decode(os.pread(file, WIDTH, 0))
        if known.activation != activation:
            raise ForeignMark(path)
        if event <= known.event:
            return known
        risen = Mark(activation, event, token)
        os.pwrite(file, risen.encode(), 0)
        return risen
    finally:
        os.close(file)


def _decode(content):
    try:
        values = json.loads(content)
        token = str(values.get("token", ""))
        return Mark(str(values["activation"]), int(values["event"]), token)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"not a mark: {content!r}") from error
