"""How often somebody may try something, and when again."""

import ipaddress
from datetime import timedelta
from typing import NamedTuple


class Limit(NamedTuple):
    """At most ``number`` within ``minutes``."""

    number: int
    minutes: int


LIMITS = {
    # (what is done, who does it)
    ("token", "address"): Limit(30, 10),
    ("form", "address"): Limit(120, 10),
    ("form", "account"): Limit(40, 10),
}
"""Links that open nothing are counted per address. Forms are per address, which a whole
office may share, and per account, whose link may have been handed around."""
LONGEST = max(limit.minutes for limit in LIMITS.values())


def network(address):
    """The part of an IP address that one visitor has: of IPv6 the first 64 bits, in
    which he chooses what he likes.

    >>> network("192.0.2.7"), network("2001:db8:1:2:3:4:5:6")
    ('192.0.2.7', '2001:db8:1:2::')
    >>> network("::ffff:192.0.2.7"), network("nonsense"), network(None)
    ('192.0.2.7', '', '')
    """
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return ""
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False).network_address)


def seconds_left(limit, earliest, now):
    """Whole seconds until ``limit`` lets somebody try again.

    :param earliest: the earliest of his last ``limit.number`` tries

    >>> from datetime import datetime
    >>> noon = datetime(2026, 3, 10, 12)
    >>> seconds_left(Limit(3, 10), noon, noon + timedelta(minutes=9, seconds=30))
    30
    >>> seconds_left(Limit(3, 10), noon, noon + timedelta(minutes=10))
    0
    """
    left = earliest + timedelta(minutes=limit.minutes) - now
    return max(0, -(-left // timedelta(seconds=1)))
