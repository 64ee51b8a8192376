"""What is posted to other programs when something happened, and how often.

The text of an event is always the same, however often it is posted: programs that
heard it already know it by its id.
"""

import hashlib
import hmac
import json
from datetime import timedelta

ATTEMPTS = 14
"""After so many, about three days, it is given up until somebody sends it again."""
LONGEST = timedelta(hours=12)
LEASE = timedelta(minutes=5)
"""So long a process may take to post once; then another one tries."""


def get_delay(attempts):
    """How long to wait after so many failures: from a minute, twice as long each time.

    >>> [str(get_delay(attempts)) for attempts in (1, 2, 5, 14)]
    ['0:01:00', '0:02:00', '0:16:00', '12:00:00']
    >>> sum(map(get_delay, range(1, ATTEMPTS)), timedelta()).days
    2
    """
    return min(timedelta(minutes=2 ** (attempts - 1)), LONGEST)


def to_body(facts):
    """The JSON text of an event, as bytes.

    >>> to_body({"kind": "notice_sent", "id": 7})
    b'{"id":7,"kind":"notice_sent"}'
    """
    return json.dumps(facts, separators=(",", ":"), sort_keys=True).encode()


def sign(secret, timestamp, body):
    """Proof that the one who knows ``secret`` said ``body`` at ``timestamp`` (seconds
    since 1970): HMAC-SHA256 of the timestamp, a full stop and the body.

    >>> sign("secret", 1773136800, b"{}")[:21]
    'sha256=c49b31c587facc'
    """
    said = b"%d.%s" % (timestamp, body)
    return f"sha256={hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()}"


def get_headers(secret, event_id, kind, timestamp, body):
    """Headers of a request: what it is, which one, and the proof.

    >>> for name, value in get_headers("secret", 7, "notice_sent", 0, b"{}").items():
    ...     print(name, value[:18])
    Content-Type application/json
    X-Dunning-Event notice_sent
    X-Dunning-Event-Id 7
    X-Dunning-Timestamp 0
    X-Dunning-Signature sha256=4bbe8d39de1
    """
    return {
        "Content-Type": "application/json",
        "X-Dunning-Event": kind,
        "X-Dunning-Event-Id": str(event_id),
        "X-Dunning-Timestamp": str(timestamp),
        "X-Dunning-Signature": sign(secret, timestamp, body),
    }
