"""What kinds of channels there are.

The core knows its own; an addon's channel is a message to the customer unless it is
named here, and nobody waits for a person on it.
"""

INTERNAL = ("activity", "notification", "phone", "server_action")
"""They say nothing to the customer: they keep no distance to other messages, count for
no daily limit, and their failure is ours, so the customer's reminders go on."""

UNHEARD = ("activity", "letter", "notification", "server_action")
"""Nothing rings, flashes or speaks at the customer's: what happens between us, and
letters, which come when the post comes. Decent hours are about the others."""

UNATTENDED = ("notification", "server_action")
"""Nobody has to do anything, neither the customer nor one of us."""

CALLS = {"call": "phone"}
"""Whoever calls, a person or a machine: for the customer the telephone rings."""

MANUAL = ("activity", "phone", "letter")
"""A person must do something, and may forget it."""

TIMEOUT_DAYS = 7
"""How long a person has for it, unless the action says otherwise."""


def kind_of(channel):
    """The channel as the customer meets it.

    >>> kind_of("call"), kind_of("email")
    ('phone', 'email')
    """
    return CALLS.get(channel, channel)


def default_timeout(channel):
    """Days until nobody is waited for any more; 0 where nobody is.

    >>> default_timeout("phone"), default_timeout("email")
    (7, 0)
    """
    return TIMEOUT_DAYS if channel in MANUAL else 0
