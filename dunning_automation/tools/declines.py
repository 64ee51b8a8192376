"""Why a charge was refused: what payment providers answer, in one vocabulary.

Classes say what to do: ``soft`` = the same card may work later, ``hard`` = never again,
``fraud`` = never again, and no friendly words about it, ``expired`` = a new card is
needed, ``authentication`` = the customer himself must confirm.
"""

from typing import NamedTuple

CLASSES = ("soft", "hard", "fraud", "expired", "authentication")
RETRIED = ("soft",)
"""Only these are tried again; the others wait for the customer."""
MUST_CONFIRM = "requires_action"
"""Status of a Stripe intent that only the customer can bring to its end."""


class Decline(NamedTuple):
    """What a provider said about a charge; empty where it said nothing."""

    code: str = ""
    """the provider's code"""
    advice: str = ""
    """merchant advice code of the card network, two digits"""
    text: str = ""


class Reason(NamedTuple):
    """A row of the table of reasons; empty parts fit everything."""

    key: int
    provider: str = ""
    code: str = ""
    advice: str = ""
    pattern: str = ""
    """part of the text, in lower case"""


def read(provider, data):
    """The ``Decline`` in what a provider sent: the answer to a charge, a webhook or the
    body of a refused request. Anything unknown is an empty one.

    :param str provider: Odoo's code of it
    :param data: as parsed from JSON

    Field names as documented by the providers: Stripe API reference, *PaymentIntent*
    (``last_payment_error``) and *Error*; Adyen API Explorer, *Checkout /payments*
    (``refusalReason``, ``refusalReasonCode``, ``merchantAdviceCode``); Authorize.Net as
    Odoo's module hands it on.

    >>> read("stripe", {"error": {"code": "card_declined",
    ...     "decline_code": "insufficient_funds", "message": "No money."}})
    Decline(code='insufficient_funds', advice='', text='No money.')
    >>> read("stripe", {"payment_intent": {"status": "requires_action"}}).code
    'requires_action'
    >>> read("adyen", {"refusalReason": "Expired Card", "refusalReasonCode": "6"}).code
    '6'
    >>> read("authorize", {"response": {"x_response_reason_text": "Declined."}}).text
    'Declined.'
    >>> read("stripe", None) == read("other", {"code": 1}) == Decline()
    True
    """
    reader = _READERS.get(provider)
    try:
        return Decline(*map(_text, reader(data))) if reader else Decline()
    except (AttributeError, TypeError):
        return Decline()


def match(reasons, provider, decline):
    """The key of the ``Reason`` that fits best, None if none does: what the network
    advises wins over the provider's code, that over words, its own rows over general
    ones.

    >>> reasons = [Reason(1, pattern="expired"), Reason(2, "stripe", "expired_card"),
    ...            Reason(3, advice="03")]
    >>> match(reasons, "stripe", Decline("expired_card"))
    2
    >>> match(reasons, "mollie", Decline(text="The card has EXPIRED"))
    1
    >>> match(reasons, "stripe", Decline("expired_card", "03"))
    3
    >>> match(reasons, "stripe", Decline("what"))
    """
    found = [
        (rank, reason.key)
        for reason in reasons
        if (rank := _rank(reason, provider, decline))
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _rank(reason, provider, decline):
    """How well a reason fits; None if it does not."""
    if reason.provider and reason.provider != provider:
        return None
    parts = (
        (reason.advice, reason.advice == decline.advice),
        (reason.code, reason.code.lower() == decline.code.lower()),
        (reason.pattern, reason.pattern.lower() in decline.text.lower()),
    )
    if not any(asked for asked, _fits in parts):
        return None
    if not all(fits for asked, fits in parts if asked):
        return None
    asked = tuple(bool(asked) for asked, _fits in parts)
    return (*asked, bool(reason.provider), len(reason.pattern))


def _text(value):
    return "" if value is None else str(value)


def _read_stripe(data):
    intent = data.get("payment_intent") or {}
    error = data.get("error") or intent.get("last_payment_error") or {}
    code = error.get("decline_code") or error.get("code")
    if not code and intent.get("status") == MUST_CONFIRM:
        code = MUST_CONFIRM
    return code, error.get("network_advice_code"), error.get("message")


def _read_adyen(data):
    more = data.get("additionalData") or {}
    text = data.get("refusalReason") or data.get("reason")
    return data.get("refusalReasonCode"), more.get("merchantAdviceCode"), text


def _read_authorize(data):
    answer = data.get("response") or {}
    return None, None, answer.get("x_response_reason_text")


def _read_demo(data):
    return data.get("simulated_state"), None, None


_READERS = {
    "adyen": _read_adyen,
    "authorize": _read_authorize,
    "demo": _read_demo,
    "stripe": _read_stripe,
}
