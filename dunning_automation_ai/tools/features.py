"""What is known about a receivable line on a day: names, groups and arrays.

A day is a number (days since 1970-01-01) and what is not known is NaN. The figures come
from ``ledger.py``; of a customer they count his *other* lines, and only what was known
before that day.
"""

from dataclasses import dataclass, fields, replace
from datetime import date, timedelta

import numpy as np

FEATURES = (
    "log_amount",
    "terms",
    "due_weekday",  # 1 = Monday
    "weekday_late_share",
    "due_day",
    "known_outcomes",
    "late_share",
    "mean_days_late",
    "sd_days_late",
    "last_days_late",
    "late_share_of_10",
    "log_amount_ratio",
    "open_lines",
    "overdue_lines",
    "overdue_share",
)
DATE_FEATURES = ("median_of_50", "median_of_5", "mean_of_10")
ALL_FEATURES = FEATURES + DATE_FEATURES
GROUPS = {
    "calendar": ("due_weekday", "weekday_late_share", "due_day"),
    "history": ("known_outcomes", "late_share", "mean_days_late", "sd_days_late"),
    "invoice": ("log_amount", "terms", "log_amount_ratio"),
    "position": ("open_lines", "overdue_lines", "overdue_share"),
    "recent": ("last_days_late", "late_share_of_10"),
}
"""The five reasons that are told apart; together they are the 15 features."""

RISING = (
    "weekday_late_share",
    "late_share",
    "mean_days_late",
    "last_days_late",
    "late_share_of_10",
    "overdue_lines",
    "overdue_share",
)
"""More of these never makes a late payment less likely."""

LAST = (
    "last_days_late",
    "late_share_of_10",
    "median_of_50",
    "median_of_5",
    "mean_of_10",
)
"""Those of the customer's last payments, see ``payment_history.History.figures``."""

FACTS = ("line", "day", "issued", "due", "limit", "settled", "known", "how")

EPOCH = date(1970, 1, 1)
CREDITED = 2
PAID = 1


def to_number(day):
    """A date as the number of a day.

    >>> to_number(date(1970, 2, 1))
    31
    """
    return (day - EPOCH).days


def to_date(number):
    """The date of a day's number.

    >>> to_date(31)
    datetime.date(1970, 2, 1)
    """
    return EPOCH + timedelta(days=int(number))


def columns(names):
    """Positions of features.

    >>> columns(["terms", "median_of_50"])
    [1, 15]
    """
    return [ALL_FEATURES.index(name) for name in names]


def never_empty(matrix):
    """A column of which nothing is known is 0: trees cannot learn from none at all.

    >>> never_empty(np.array([[np.nan, 1.0], [np.nan, np.nan]])).tolist()
    [[0.0, 1.0], [0.0, nan]]
    """
    return np.where(np.isnan(matrix).all(axis=0), 0.0, matrix)


def learnt(matrix):
    """What the models of the chance learn from: the 15 features, and the economic
    indicators behind the others, if there are any.

    >>> learnt(np.arange(20.0)[None])[0].tolist()[-3:]
    [14.0, 18.0, 19.0]
    """
    return np.hstack([matrix[:, : len(FEATURES)], matrix[:, len(ALL_FEATURES) :]])


@dataclass(frozen=True)
class Samples:
    """Lines, one per row, each seen on its own day. All but ``matrix`` are vectors.

    ``limit`` is the last day on which a payment is not late; ``known`` the day from
    which ``settled`` (the day of the payment) was known; both NaN while it is open.
    ``how`` is PAID, CREDITED (mostly by credit notes or write-offs) or 0.
    """

    line: np.ndarray
    day: np.ndarray
    issued: np.ndarray
    due: np.ndarray
    limit: np.ndarray
    settled: np.ndarray
    known: np.ndarray
    how: np.ndarray
    matrix: np.ndarray

    def __len__(self):
        return len(self.line)

    def beside(self, extra):
        """The same lines with more columns, such as economic indicators."""
        return replace(self, matrix=np.hstack([self.matrix, extra]))

    def where(self, mask):
        """The rows of a mask or of positions."""
        return Samples(*(getattr(self, field.name)[mask] for field in fields(self)))

    def of(self, name):
        """The values of one feature."""
        return self.matrix[:, ALL_FEATURES.index(name)]

    def known_by(self, day):
        """Which lines were known to be settled before ``day``."""
        return self.known < day

    def matured(self, day, days_after=None):
        """Which lines tell on ``day`` whether they were late: the paid and the unpaid.

        That is when the limit is over, whether paid or not: training on the paid alone
        would learn from the punctual ones only. Credited ones tell nothing.

        :param days_after: count from the due date, instead of from the limit
        """
        over = self.limit if days_after is None else self.due + days_after
        return (over < day) & ~((self.how == CREDITED) & self.known_by(day))

    def late(self, day):
        """1.0 where the line was late, as far as known on ``day``; open ones are."""
        return np.where(self.known_by(day), self.settled > self.limit, True) * 1.0

    def days_late(self, day):
        """Days from the due date to the payment, or so far to ``day``."""
        return np.where(self.known_by(day), self.settled, day) - self.due
