"""What a sender keeps between two notices of one batch."""

from typing import Any, NamedTuple

from .smtp_connections import SmtpConnections


class Claim(NamedTuple):
    """A notice that this sender, and nobody else, may deliver."""

    notice: Any
    channel: str
    fence: str
    parcel: Any
    """what ``_prepare_<channel>`` made"""


class SenderBatch:
    """Open connections, and facts that are read once per batch (about a second)."""

    def __init__(self):
        self.connections = SmtpConnections()
        self._facts = {}

    def once(self, key, read):
        """The value of ``read()``, which is called once per ``key``."""
        if key not in self._facts:
            self._facts[key] = read()
        return self._facts[key]

    def close(self):
        self.connections.close()
