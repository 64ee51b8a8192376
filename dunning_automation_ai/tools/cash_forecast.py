"""What comes in on which day, with bands, from the distributions of single payments.

Each line's payment day is drawn many times from what is predicted for it. Payments of
one customer are drawn together in part: who is late with one invoice is late with the
others, so that bands of sums are wider than of independent lines.
"""

from typing import NamedTuple

import numpy as np

from . import payment_days
from .day_model import Days

DAYS = 91
WEEKS = DAYS // 7
DRAWS = 400
CHUNK = 5_000
TOGETHER = 0.3
"""Share of the variation of a payment's day that all lines of a customer have in
common: an assumption, see the comparison with what came."""


class Forecast(NamedTuple):
    """Amounts per day or week from the day of the forecast on: mean and 80 % band."""

    expected: np.ndarray
    low: np.ndarray
    high: np.ndarray


def draw(ahead, amounts, customers, seed=0):
    """Draw what comes in.

    :param ahead: ``Days`` of each line, counted from today: none is negative
    :param amounts: what each line brings
    :param customers: whose line it is
    :return: array with a row per draw and a column per day
    """
    random = np.random.default_rng(seed)
    _names, owner = np.unique(customers, return_inverse=True)
    common = random.standard_normal((len(_names), DRAWS))
    total = np.zeros((DRAWS, DAYS + 1))
    for start in range(0, len(amounts), CHUNK):
        part = slice(start, start + CHUNK)
        days = np.clip(
            payment_days.spread(
                Days(*(value[part] for value in ahead)), payment_days.NORMAL
            ),
            0,
            DAYS,
        )
        own = random.standard_normal((len(days), DRAWS))
        normal = np.sqrt(TOGETHER) * common[owner[part]] + np.sqrt(1 - TOGETHER) * own
        place = np.searchsorted(payment_days.NORMAL * 1.2816, normal.ravel())
        place = np.minimum(place, days.shape[1] - 1).reshape(normal.shape)
        chosen = np.take_along_axis(days, place, axis=1).round().astype(int)
        cells = chosen + np.arange(DRAWS) * (DAYS + 1)
        total += np.bincount(
            cells.ravel(),
            weights=np.repeat(amounts[part], DRAWS),
            minlength=total.size,
        ).reshape(total.shape)
    return total[:, :DAYS]


def summarise(draws):
    """
    >>> found = summarise(np.array([[0.0, 1.0], [10.0, 1.0]]))
    >>> found.expected.tolist(), found.low.tolist(), found.high.tolist()
    ([5.0, 1.0], [1.0, 1.0], [9.0, 1.0])
    """
    low, high = np.quantile(draws, [0.1, 0.9], axis=0)
    return Forecast(draws.mean(axis=0), low, high)


def per_week(draws):
    """Sums of seven days each.

    >>> per_week(np.ones((1, 91))).tolist()[0][:2]
    [7.0, 7.0]
    """
    return draws.reshape(len(draws), WEEKS, 7).sum(axis=2)
