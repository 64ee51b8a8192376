"""What a sender keeps between two notices of one batch."""

import uuid
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple

from .smtp_connections import SmtpConnections


class Claim(NamedTuple):
    """A notice that this sender, and nobody else, may deliver."""

    notice: Any
    channel: str
    fence: str
    parcel: Any
    """what ``_prepare_<channel>`` made"""
    event_id: int
    """the event of the claim, committed with it"""


class Outcome(NamedTuple):
    """What came of a delivery."""

    code: str
    """``sent`` or one of ``tools/smtp_outcome.py``"""
    detail: str | None = None
    """shown to people"""
    values: dict = {}
    """further fields of the notice to write"""
    then: Callable[[], None] | None = None
    """what belongs to the outcome, done in its transaction"""


class SenderBatch:
    """Open connections, and facts that are read once per batch (a few seconds)."""

    def __init__(self, by_hand=False):
        self.by_hand = by_hand
        """whether a person, not a sender, takes what is claimed"""
        self.token = uuid.uuid4().hex[:12]
        self.connections = SmtpConnections()
        self.stack = ExitStack()
        """closes what a channel opened, see ``contextlib``"""
        self.values = {}
        """fields of the notice in hand that are written together with its claim"""
        self.prepared = []
        """names of the statements that the database has planned for this batch"""
        self._facts = {}

    def once(self, key, read):
        """The value of ``read()``, which is called once per ``key``."""
        if key not in self._facts:
            self._facts[key] = read()
        return self._facts[key]

    def close(self):
        self.connections.close()
        self.stack.close()
