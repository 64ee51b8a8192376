"""Fingerprints of the audit trail.

Two kinds. *Chained* hashes bind each event to all events before it. *Personal* values
are bound by a keyed hash: without its salt, which is stored beside the event and can be
erased, nobody can find the value by trying, yet the chain stays valid.
"""

import hashlib
import hmac
import secrets

GENESIS = "0" * 64
"""The hash before the first event."""


def chain(previous, content):
    """The next hash of a chain, both as lower-case hex.

    >>> chain(GENESIS, "[1]")[:16]
    '15113602f1749bc0'
    >>> chain(GENESIS, "[1]") == chain(GENESIS, "[2]")
    False
    """
    return hashlib.sha256((previous + content).encode()).hexdigest()


def new_salt():
    """128 random bits as hex: enough that nobody tries them all."""
    return secrets.token_hex(16)


def of_personal(salt, value):
    """HMAC-SHA256 of a personal value (text, or the bytes of a message), as hex.

    >>> of_personal("00", "Ann")[:16]
    '981cb28be2e70b14'
    >>> of_personal("00", "Ann") == of_personal("00", b"Ann")
    True
    >>> of_personal("00", "Ann") == of_personal("01", "Ann")
    False
    """
    value = value.encode() if isinstance(value, str) else value
    return hmac.new(salt.encode(), value, hashlib.sha256).hexdigest()
