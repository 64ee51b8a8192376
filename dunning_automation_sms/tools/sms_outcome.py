"""What an answer of an SMS provider, or its absence, says: did the message leave?

Odoo's adapters answer with a word per message and hide the cause of an error behind
their own. ``retry`` needs proof that nothing was taken, ``failed`` a refusal in so many
words; whatever else happens is ``unknown``, and never sent again by itself.
"""

import requests
import urllib3

from odoo.addons.dunning_automation.tools.smtp_outcome import FAILED, RETRY, UNKNOWN

SENT = "sent"
ACCEPTED = {"success", "processing", "sent", "delivered"}
WRONG_NUMBER = {"wrong_number_format", "sms_number_missing", "country_not_supported"}
"""No message reaches this number; another channel may reach the customer."""
REFUSED = WRONG_NUMBER | {
    "duplicate_message",
    "incompatible_content",
    "insufficient_credit",
    "registration_needed",
    "twilio_acc_unverified",
    "twilio_callback",
    "twilio_from_missing",
    "twilio_from_to",
    "unregistered",
}


def of_state(state):
    """Outcome of the word ``state`` of an adapter.

    >>> [of_state(word) for word in ("success", "insufficient_credit", "retry")]
    ['sent', 'failed', 'retry']
    >>> [of_state(word) for word in ("server_error", "unknown", None)]
    ['unknown', 'unknown', 'unknown']
    """
    if state in ACCEPTED:
        return SENT
    if state in REFUSED:
        return FAILED
    return state if state in (RETRY, FAILED) else UNKNOWN


def of_status(status):
    """Outcome of an HTTP status that says nothing more.

    >>> [of_status(status) for status in (400, 401, 404, 422, 429)]
    ['failed', 'failed', 'failed', 'failed', 'retry']
    >>> [of_status(status) for status in (200, 302, 408, 409, 425, 500, 503)]
    ['unknown', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown']
    """
    if status == 429:
        return RETRY
    return FAILED if 400 <= status < 500 and status not in (408, 409, 425) else UNKNOWN


def of_error(error):
    """Outcome of an exception, read from what caused it.

    >>> of_error(requests.ConnectTimeout()), of_error(requests.ReadTimeout())
    ('retry', 'unknown')
    >>> of_error(requests.ConnectionError("aborted")), of_error(KeyError("uuid"))
    ('unknown', 'unknown')
    >>> of_error(requests.exceptions.MissingSchema())
    'failed'
    """
    for cause in _causes(error):
        if type(cause).__name__ == "InsufficientCreditError":
            return FAILED
        if isinstance(cause, requests.HTTPError) and cause.response is not None:
            return of_status(cause.response.status_code)
        if isinstance(cause, requests.RequestException):
            if isinstance(cause, ValueError) and not isinstance(
                cause, requests.exceptions.JSONDecodeError
            ):
                return FAILED  # The address cannot be one; nothing was asked.
            return RETRY if _never_reached(cause) else UNKNOWN
    return UNKNOWN


def _never_reached(error):
    """Whether no connection came to be, so that nothing was handed over."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(
        reason,
        (
            urllib3.exceptions.NewConnectionError,
            urllib3.exceptions.ConnectTimeoutError,
        ),
    )


def _causes(error):
    while error:
        yield error
        error = error.__cause__ or error.__context__
