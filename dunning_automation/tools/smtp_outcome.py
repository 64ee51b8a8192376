"""What an exception during SMTP says about the message: did it leave or not?

Exactly-once delivery over SMTP is impossible (RFC 1047): between the final dot and the
server's answer the sender cannot know. So an exception is sorted into three heaps:

- ``retry``: the server certainly did not take it and may do so later (4xx, or the
  connection broke before the message itself was handed over);
- ``failed``: the server certainly refused it (5xx);
- ``unknown``: it may have been taken. Never sent again by itself.
"""

import re
import smtplib

RETRY, FAILED, UNKNOWN = "retry", "failed", "unknown"

RETRY_MINUTES = (5, 15, 60, 240)
"""Minutes to wait after the 1st, 2nd, 3rd and every later failed attempt."""


class NoConnection(Exception):
    """The server could not be reached, so nothing was handed over."""


class Withdrawn(Exception):
    """The message was not handed over: it must not leave any more."""


def of_send_error(error, data_started=True):
    """Outcome of an error while the message was handed over.

    :param bool data_started: whether the message itself may have left

    >>> of_send_error(smtplib.SMTPDataError(554, b"spam"))
    'failed'
    >>> of_send_error(smtplib.SMTPSenderRefused(450, b"later", "a@example.com"))
    'retry'
    >>> of_send_error(smtplib.SMTPRecipientsRefused({"b@example.com": (550, b"no")}))
    'failed'
    >>> of_send_error(smtplib.SMTPDataError(-1, b"OK queued"))
    'unknown'
    >>> of_send_error(TimeoutError())
    'unknown'
    >>> of_send_error(TimeoutError(), data_started=False)
    'retry'
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _text in error.recipients.values()]
        return FAILED if codes and min(codes) >= 500 else RETRY
    if isinstance(error, smtplib.SMTPResponseException):
        if error.smtp_code >= 500:
            return FAILED
        # smtplib has -1 for an answer that it could not read.
        return RETRY if error.smtp_code >= 400 or not data_started else UNKNOWN
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return FAILED  # Said before anything is handed over.
    if data_started:
        return UNKNOWN
    if isinstance(error, AssertionError | ValueError):
        return FAILED
    # SMTPException is an OSError, a lost connection is one, too.
    return RETRY if isinstance(error, OSError) else UNKNOWN


def is_address_status(status):
    """Whether an enhanced status code (RFC 3463) blames the address, or nobody.

    Servers refuse also because of the sender's reputation (5.7): then no address is
    wrong, and another one would not help.

    >>> [is_address_status(code) for code in ("5.1.1", "5.2.1", "5.7.1", "4.4.7", "")]
    [True, True, False, False, True]
    """
    return not status or status.startswith(("5.1.", "5.2."))


def is_address_refused(error):
    """Whether the server said that nobody lives at the address.

    >>> def refused(code, text):
    ...     return smtplib.SMTPRecipientsRefused({"a@example.com": (code, text)})
    >>> is_address_refused(refused(550, b"5.1.1 no such user"))
    True
    >>> is_address_refused(refused(550, b"no such user"))
    True
    >>> is_address_refused(refused(550, b"5.7.1 you are on a block list"))
    False
    >>> is_address_refused(refused(450, b"later"))
    False
    >>> is_address_refused(smtplib.SMTPDataError(554, b"spam"))
    False
    """
    if not isinstance(error, smtplib.SMTPRecipientsRefused):
        return False
    return bool(error.recipients) and all(
        code in (550, 551, 553) and is_address_status(_enhanced_status(text))
        for code, text in error.recipients.values()
    )


def _enhanced_status(text):
    """The status code at the beginning of a server's answer, empty without one.

    >>> _enhanced_status(b"5.1.1 <a@example.com>: gone"), _enhanced_status("gone 5.1.1")
    ('5.1.1', '')
    """
    if isinstance(text, bytes):
        text = text.decode("ascii", "replace")
    found = re.match(r"\s*([245]\.\d{1,3}\.\d{1,3})\b", text)
    return found[1] if found else ""


def retry_minutes(attempt):
    """Minutes until the next try after ``attempt`` tries (1 = the first one failed).

    >>> [retry_minutes(n) for n in (1, 2, 3, 4, 9)]
    [5, 15, 60, 240, 240]
    """
    return RETRY_MINUTES[min(attempt, len(RETRY_MINUTES)) - 1]
