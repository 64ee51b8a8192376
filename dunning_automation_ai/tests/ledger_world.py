"""A ledger that is made up, with the true chance of each invoice to be late.

Customers differ by as much as their own payments vary; few of them have much of the
volume, and some are new. Who is late less often over time; the same customer is late
again a little more often. Money comes on working days. Some pay in two parts, some get
a credit note instead.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

BETWEEN, WITHIN = 5.0, 5.0
"""Standard deviations, in days: of the customers, and of a customer's payments."""
AGAIN = 0.15
"""Correlation of a payment with the customer's one before."""
EASING = (0.8, -2.0)
"""Days that all are later at the beginning and at the end."""
NEW_A_YEAR = 0.1
PARTS, CREDITS = 0.06, 0.03
TERMS = (14, 30, 45)
DELAYS = np.arange(-60, 121)


class World(NamedTuple):
    """An invoice per row; days are numbers, as in ``tools/features.py``."""

    customer: np.ndarray
    issued: np.ndarray
    due: np.ndarray
    settled: np.ndarray
    first_part: np.ndarray  # NaN where it was paid at once
    credited: np.ndarray
    late: np.ndarray  # the true chance


def working_day(days):
    """The day itself, or the Monday after it; day 4 was a Monday."""
    weekday = (days - 4) % 7
    return days + np.where(weekday > 4, 7 - weekday, 0)


def make(number, customers, first, days, seed=19):
    """``number`` invoices of ``days`` days from the day ``first`` on."""
    random = np.random.default_rng(seed)
    starts = np.where(
        random.random(customers) < NEW_A_YEAR * days / 365,
        random.uniform(0, days, customers),
        0,
    )
    volume = (1 + np.arange(customers)) ** -0.7
    customer = random.choice(customers, number, p=volume / volume.sum())
    issued = starts[customer] + random.random(number) * (days - starts[customer])
    order = np.argsort(issued)
    customer, issued = customer[order], first + np.floor(issued[order])
    due = issued + random.choice(TERMS, customers)[customer]
    usual = random.normal(-1.5, BETWEEN, customers)[customer]
    usual += np.interp(issued - first, (0, days), EASING)
    delay = np.round(usual + WITHIN * _again(customer, random))
    settled = working_day(np.maximum(due + delay, issued))
    parts = random.random(number) < PARTS
    return World(
        customer,
        issued,
        due,
        settled,
        np.where(parts, working_day(np.minimum(issued + 5, settled)), np.nan),
        random.random(number) < CREDITS,
        _chance(usual, due),
    )


def _again(customer, random):
    """Normal, correlated with the same customer's last one."""
    found = random.normal(0, np.sqrt(1 - AGAIN**2), len(customer))
    last = dict(enumerate(random.normal(0, 1, customer.max() + 1)))
    for row, who in enumerate(customer):
        found[row] += AGAIN * last[who]
        last[who] = found[row]
    return found


def _chance(usual, due):
    """Of money that comes after the first working day on or after the due date."""
    ends = (DELAYS + 0.5 - usual[:, None]) / WITHIN
    chances = np.diff(ndtr(ends), axis=1, prepend=0)
    late = working_day(due[:, None] + DELAYS) > working_day(due)[:, None]
    return (chances * late).sum(axis=1)
