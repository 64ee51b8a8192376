"""What text messages may cost, and how many may leave: against stolen money and nerves.

Toll fraud: somebody makes us send to numbers that earn him money. They lie side by
side, so that a cap per block of numbers finds them; caps per day and a budget per month
limit the damage of what nobody thought of.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

BLOCK_DIGITS = 4
"""A block is all numbers that differ in so many digits at the end: 10,000 numbers."""


class Price(NamedTuple):
    """What a segment costs where a number begins so, from a day on."""

    prefix: str
    """digits with the country code, without +; empty = everywhere"""
    date_from: date
    amount: float
    currency: int


class Limits(NamedTuple):
    """At most so many messages; 0 = no limit."""

    debtor_day: int = 0
    debtor_week: int = 0
    company_day: int = 0
    block_day: int = 0
    budget: float = 0
    """per month, in the company's currency"""


class Used(NamedTuple):
    """What left already, today and before."""

    debtor_day: int = 0
    debtor_week: int = 0
    company_day: int = 0
    block_day: int = 0
    spent: float = 0
    """this month, in the company's currency"""


COUNTED = ("company_day", "block_day", "debtor_day", "debtor_week")


def block_of(number):
    """
    >>> block_of("+436641234567")
    '+43664123'
    """
    return number[:-BLOCK_DIGITS]


def price_of(number, prices: Iterable[Price], today):
    """The price that holds: of the longest prefix, the youngest. None if there is none.

    >>> prices = [Price("43", date(2026, 1, 1), 0.07, 1),
    ...           Price("43", date(2026, 3, 1), 0.08, 1),
    ...           Price("4366", date(2026, 1, 1), 0.06, 1)]
    >>> price_of("+436641234567", prices, date(2026, 3, 10)).amount
    0.06
    >>> [price_of("+431", prices, date(2026, month, 1)).amount for month in (2, 3)]
    [0.07, 0.08]
    >>> price_of("+49151", prices, date(2026, 3, 1))
    """
    digits = number.lstrip("+")
    found = [
        price
        for price in prices
        if digits.startswith(price.prefix) and price.date_from <= today
    ]
    return max(
        found, key=lambda price: (len(price.prefix), price.date_from), default=None
    )


def reached(limits, used, cost):
    """The name of the limit that one message more would exceed, None if there is none.

    :param float cost: of the message; None = nobody knows, which a budget forbids

    >>> limits = Limits(debtor_day=1, company_day=200, budget=10)
    >>> reached(limits, Used(), 0.1)
    >>> reached(limits, Used(debtor_day=1), 0.1)
    'debtor_day'
    >>> reached(limits, Used(spent=9.95), 0.1), reached(limits, Used(), None)
    ('budget', 'price')
    >>> reached(Limits(), Used(9, 9, 9, 9, 9), None)
    >>> reached(Limits(budget=0.3), Used(spent=0.1 + 0.1), 0.1)
    """
    for name in COUNTED:
        limit = getattr(limits, name)
        if limit and getattr(used, name) >= limit:
            return name
    if not limits.budget:
        return None
    if cost is None:
        return "price"
    # Amounts of many messages add up to a little more than they are.
    return "budget" if used.spent + cost > limits.budget + 1e-9 else None
