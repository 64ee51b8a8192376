"""From a predicted day with its interval to all that may happen: chances per day.

How payments lay around the prediction is taken from the back-test, in units of the
interval: -1 is its lower end, +1 its upper one. For a line this *shape* is stretched to
its own interval; what has not come by today cuts off the earlier part.

Days are days after the due date, negative before it.
"""

from statistics import NormalDist

import numpy as np

POINTS = np.arange(1, 100) / 100
"""A distribution is 99 days that are equally likely to be passed, in rising order."""

NORMAL = np.array([NormalDist().inv_cdf(point) for point in POINTS]) / 1.2816
"""Stands in where the back-test knows no shape: 80 % of it lie between -1 and 1."""

MIN_LEFT = 10
"""So many points must be left of a distribution to speak for a line that is still open;
else those payments of the firm speak that took as long."""

STAYS, WEIGHT = 0.9, 10
"""What stays open in 30 days of lines older than nearly all payments ever were: an
assumption, as heavy as so many of them."""

CAUTION = 10
"""So many points of a distribution count as still to come until the limit: its early
part is an estimate, and a line that is not late yet is never said to be late for
sure."""

AHEAD = 30
LOW, MEDIAN, HIGH = 0.1, 0.5, 0.9


def shape_of(days_late, predicted):
    """The shape of payments around their predictions; None without payments.

    >>> from .day_model import Days
    >>> one = np.ones(9)
    >>> shape = shape_of(np.arange(9.0) - 4, Days(0 * one, -4 * one, 2 * one))
    >>> float(shape[0]).__round__(2), float(shape[49]), float(shape[98]).__round__(2)
    (-0.98, 0.0, 1.96)
    """
    if not len(days_late):
        return None
    rest = days_late - predicted.days
    width = np.where(
        rest < 0, predicted.days - predicted.low, predicted.high - predicted.days
    )
    return np.quantile(rest / np.maximum(width, 0.5), POINTS)


def readable_shape(numbers):
    """A stored shape as an array, the normal one for whatever is no shape.

    >>> bool((readable_shape(["__import__('os')"]) == NORMAL).all())
    True
    """
    try:
        shape = np.array(numbers, dtype=float)
    except (TypeError, ValueError):
        return NORMAL
    usable = (
        shape.shape == POINTS.shape
        and np.isfinite(shape).all()
        and (np.diff(shape) >= 0).all()
        and np.abs(shape).max() < 1e6
    )
    return shape if usable else NORMAL


def spread(predicted, shape):
    """One distribution per line, in rows."""
    below = np.maximum(predicted.days - predicted.low, 0.5)[:, None]
    above = np.maximum(predicted.high - predicted.days, 0.5)[:, None]
    return predicted.days[:, None] + np.where(shape < 0, below, above) * shape


class Waiting:
    """What may still happen to lines that are open on a day.

    :param days: distributions as of ``spread``, one row per line
    :param age: days since the due date, of each line
    :param payments: days late of the firm's payments, for lines that are very late
    """

    def __init__(self, days, age, payments):
        self.days, self.age = days, age
        self.payments = np.sort(payments)
        self.passed = (days < age[:, None]).sum(axis=1)
        self.left = days.shape[1] - self.passed
        self.is_usual = self.left >= MIN_LEFT
        self.paid_before = np.searchsorted(self.payments, age)
        self.paid_after = len(self.payments) - self.paid_before
        self.is_known = self.is_usual | (self.paid_after >= MIN_LEFT)

    def quantile(self, share):
        """The day by which a share of what may still happen has happened; NaN where no
        payment of the firm ever took so long."""
        rows = np.arange(len(self.age))
        places = self._place(self.passed, self.left, share)
        usual = self.days[rows, np.minimum(places, self.days.shape[1] - 1)]
        found = np.where(self.is_usual, usual, np.nan)
        longer = self.is_known & ~self.is_usual
        places = self._place(self.paid_before[longer], self.paid_after[longer], share)
        found[longer] = self.payments[places]
        return np.maximum(found, self.age)

    def stays_open(self, ahead=AHEAD):
        """The chance that a line is still open ``ahead`` days after its due date, or
        after today where that is later."""
        until = np.maximum(self.age, 0) + ahead
        usual = (self.days >= until[:, None]).sum(axis=1) / np.maximum(self.left, 1)
        after = len(self.payments) - np.searchsorted(self.payments, until)
        longer = (after + STAYS * WEIGHT) / (self.paid_after + WEIGHT)
        return np.where(self.is_usual, usual, longer)

    def punctual_open(self, limit):
        """The share of those punctual payments that have not come yet.

        :param limit: last day on which a payment is not late
        """
        punctual = self.days <= limit[:, None]
        waiting = punctual & (self.days >= self.age[:, None])
        return (waiting.sum(axis=1) + CAUTION) / (punctual.sum(axis=1) + CAUTION)

    @staticmethod
    def _place(before, left, share):
        """Position of a quantile among the ``left`` ones after ``before`` others."""
        place = np.rint(share * (left + 1) - 1).astype(int)
        return before + np.clip(place, 0, np.maximum(left - 1, 0))


def still_late(chance, open_share):
    """The chance of being late of a line that is not paid yet: late ones are all open
    until their limit, of punctual ones only a part.

    :param chance: as predicted for all lines alike

    >>> still_late(np.array([0.5, 0.5, 0.0]), np.array([1.0, 0.25, 0.0])).tolist()
    [0.5, 0.8, 0.0]
    """
    return chance / np.maximum(chance + (1 - chance) * open_share, 1e-12)
