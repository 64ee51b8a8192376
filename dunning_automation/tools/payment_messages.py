"""What a customer hears of a payment method that fails, or is about to."""

CLASSES = {
    "soft": "retry",
    "hard": "method",
    "fraud": "method",
    "expired": "expired",
    "authentication": "authentication",
}
"""Decline class -> message. Why the bank suspects a fraud is none of the customer's
business: he hears the same as of any card that is refused for good."""


def choose(state, decline_class, has_retry):
    """The message that fits a recovery now, None where nothing is to be said.

    :param str state: of the recovery
    :param str decline_class: of the last decline
    :param bool has_retry: whether one more try is scheduled

    >>> choose("open", "soft", True), choose("customer", "expired", False)
    ('retry', 'expired')

    When no try is left, only the customer can help, whatever the reason was.

    >>> choose("open", "soft", False), choose("customer", "soft", False)
    ('method', 'method')

    Nothing is said while a charge is on its way, or is unknown, or all is over.

    >>> [choose(state, "hard", False) for state in ("charging", "unknown", "ended")]
    [None, None, None]
    """
    if state not in ("open", "customer"):
        return None
    message = CLASSES.get(decline_class, "retry")
    if message == "retry" and not (state == "open" and has_retry):
        return "method"
    return message


def is_due(message, told, retry_first, attempts):
    """Whether ``message`` is to be told now.

    :param told: the message that was told last, None if there was none
    :param bool retry_first: the policy tries again once before it says anything
    :param int attempts: tries since the first failure

    >>> is_due("retry", None, True, 0), is_due("retry", None, True, 1)
    (False, True)
    >>> is_due("expired", None, True, 0), is_due("expired", "expired", True, 3)
    (True, False)

    What the customer must do he hears also after he was told that we try again; that
    we try again he does not hear after he was asked to do something.

    >>> is_due("method", "retry", True, 5), is_due("retry", "method", False, 5)
    (True, False)
    """
    if not message or message == told:
        return False
    if message == "retry":
        return not told and (attempts > 0 or not retry_first)
    return True
