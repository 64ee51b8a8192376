"""What a genuine webhook says: a receipt of a message, or a message of the customer.

And what a receipt may do to a notice: states only move forward, whatever order
receipts come in.
"""

import hashlib
import json
from typing import NamedTuple

from odoo.addons.dunning_automation.tools import notice_states

from .http_gateway import pick

SENT, DELIVERED, FAILED, WRONG_NUMBER = "sent", "delivered", "failed", "wrong_number"
WORDS = (SENT, DELIVERED, FAILED, WRONG_NUMBER)
"""What became of a message. ``wrong_number``: none will ever arrive there."""

TWILIO_WORDS = {
    "accepted": SENT,
    "delivered": DELIVERED,
    "failed": FAILED,
    "queued": SENT,
    "read": DELIVERED,
    "sending": SENT,
    "sent": SENT,
    "undelivered": FAILED,
}
"""twilio.com/docs/messaging/api/message-resource#message-status-values"""
TWILIO_WRONG_NUMBERS = {"21211", "21614", "30005", "30006"}
TEXT_LIMIT = 2000
"""Characters; the longest message of networks has 1,600."""


class News(NamedTuple):
    """One webhook, read."""

    key: str
    """by which the provider, or its content, is known: the second one counts nothing"""
    word: str = ""
    """of ``WORDS``; empty = a message of the customer, or nothing that we understand"""
    reference: str = ""
    """the message at the provider"""
    uuid: str = ""
    """the message with us"""
    sender: str = ""
    text: str = ""
    detail: str = ""
    """the provider's error, for people"""

    @property
    def is_message(self):
        return bool(self.sender and self.text)


class Paths(NamedTuple):
    """Where a webhook says what; see ``http_gateway.pick``."""

    event: str = ""
    reference: str = ""
    uuid: str = ""
    status: str = ""
    detail: str = ""
    sender: str = ""
    text: str = ""


def read_twilio(fields):
    """
    >>> read_twilio({"MessageSid": "SM1", "MessageStatus": "undelivered",
    ...              "ErrorCode": "30006"})[:3]
    ('SM1:undelivered', 'wrong_number', 'SM1')
    >>> news = read_twilio({"MessageSid": "SM2", "SmsStatus": "received",
    ...                     "From": "+43664", "Body": "STOP"})
    >>> news.key, news.sender, news.text, news.is_message
    ('SM2:received', '+43664', 'STOP', True)
    """
    number = fields.get("MessageSid") or fields.get("SmsSid") or ""
    status = fields.get("MessageStatus") or fields.get("SmsStatus") or ""
    if status == "received":
        return News(
            key=f"{number}:received",
            reference=number,
            sender=fields.get("From", ""),
            text=fields.get("Body", "")[:TEXT_LIMIT],
        )
    word = TWILIO_WORDS.get(status, "")
    code = fields.get("ErrorCode") or ""
    if word == FAILED and code in TWILIO_WRONG_NUMBERS:
        word = WRONG_NUMBER
    detail = " ".join(filter(None, (code, fields.get("ErrorMessage"))))
    return News(f"{number}:{status}", word, number, detail=detail)


def read_json(paths, words, body):
    """
    :param Paths paths: where to look
    :param dict words: {status of the provider: one of ``WORDS``}
    :param bytes body: as it was sent
    :raise ValueError: when it is no JSON

    >>> paths = Paths(event="id", uuid="ref", status="state", sender="from", text="say")
    >>> words = {"DELIVRD": "delivered"}
    >>> read_json(paths, words, b'{"id": 7, "ref": "ab", "state": "DELIVRD"}')[:4]
    ('7:DELIVRD', 'delivered', '', 'ab')
    >>> read_json(paths, words, b'{"id": 8, "from": "4366", "say": "Hi"}').is_message
    True
    >>> len(read_json(Paths(), {}, b"[]").key)
    64
    """
    data = json.loads(body)
    found = {name: pick(data, path) or "" for name, path in paths._asdict().items()}
    # Some have one number for all receipts of a message: the status is part of the key.
    parts = filter(None, (found["event"], found["status"]))
    digest = hashlib.sha256(body).hexdigest()
    return News(
        key=":".join(parts) if found["event"] else digest,
        word=words.get(found["status"], ""),
        reference=found["reference"],
        uuid=found["uuid"],
        sender=found["sender"],
        text=found["text"][:TEXT_LIMIT],
        detail=found["detail"],
    )


def next_state(state, word):
    """The state to which a receipt moves a notice, None where it changes nothing.

    Whatever order receipts come in, the end is the same: one that it arrived is the
    last word. That goes for what failed by another receipt, and for what waits to be
    tried again: the provider took it after all, and it is not said once more.

    >>> [next_state("unknown", word) for word in WORDS]
    ['sent', 'delivered', 'failed', 'failed']
    >>> [next_state("sent", word) for word in WORDS]
    [None, 'delivered', 'failed', 'failed']
    >>> [next_state("delivered", word) for word in WORDS]
    [None, None, None, None]
    >>> [next_state(state, "delivered") for state in ("ready", "failed", "cancelled")]
    ['delivered', 'delivered', None]
    >>> [next_state(state, "failed") for state in ("ready", "failed", "cancelled")]
    [None, None, None]
    """
    target = notice_states.FAILED if word == WRONG_NUMBER else word
    if target != DELIVERED and state not in (notice_states.SENT, notice_states.UNKNOWN):
        return None
    return target if notice_states.allowed(state, target) else None
