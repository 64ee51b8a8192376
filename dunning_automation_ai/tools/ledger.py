"""The lines of a company's customers, and what was known of them on any day."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .features import ALL_FEATURES, CREDITED, FACTS, LAST, PAID, Samples
from .payment_history import History
from .running_sums import RunningSums, in_order

PRIOR = 0.35
"""Share that is late where a firm has no line due yet; see the guide's two ledgers."""
FIRM_WEIGHT = 5
WEEKDAY_WEIGHT = 3
"""Outcomes for which the firm's share, and the customer's own, count as many."""
MOST_OUTCOMES = 50
WEEK = 7
THURSDAY = 4
"""ISO weekday of 1970-01-01"""


COLUMNS = (
    "line",
    "customer",
    "issued",
    "due",
    "limit",
    "settled",
    "known",
    "how",
    "amount",
)


@dataclass(frozen=True)
class Ledger:
    """Receivable lines, one per row, and how each ended; all are vectors, days are
    numbers as in ``Samples``. Those of a customer follow each other: sums are found
    several times as fast in this order.

    Each line changes the figures of its customer when it is issued, when it is overdue,
    when it is late, and when its settlement gets known. A line asked about on a day
    gets the sums of what changed strictly before that day, without itself. A line that
    is open when its limit is over counts as late from then on, and is set right if the
    payment turns out to have come in time.
    """

    line: np.ndarray
    customer: np.ndarray
    issued: np.ndarray
    due: np.ndarray
    limit: np.ndarray
    settled: np.ndarray
    known: np.ndarray
    how: np.ndarray
    amount: np.ndarray

    @classmethod
    def from_table(cls, table):
        """From a row per line with the columns of ``COLUMNS``, in any order."""
        order = np.argsort(in_order(table[:, 1], table[:, 2]), kind="stable")
        return cls(*np.ascontiguousarray(table[order].T))

    def issued_before(self, day):
        """The lines issued before ``day``, each on the day of its issue.

        :rtype: Samples
        """
        rows = np.flatnonzero(self._is_usual & (self.issued < day))
        return self.ask(rows, self.issued[rows])

    def open_on(self, day):
        """The lines that are open on the morning of ``day``.

        :rtype: Samples
        """
        is_open = (self.issued <= day) & ~(self.known < day)
        rows = np.flatnonzero(is_open)
        return self.ask(rows, np.full(len(rows), float(day)))

    def ask(self, rows, day):
        """What was known of lines on a day each.

        :param rows: positions of the lines
        :param day: vector, one per position
        :rtype: Samples, by day
        """
        figures = self._measure(rows, day)
        order = np.lexsort((self.line[rows], day))
        matrix = np.column_stack([figures[name][order] for name in ALL_FEATURES])
        rows = rows[order]
        facts = {name: getattr(self, name)[rows] for name in FACTS if name != "day"}
        return Samples(day=day[order], matrix=matrix, **facts)

    # === WHAT HAPPENED === #

    @cached_property
    def _is_usual(self):
        """Not due when they are issued: those tell nothing."""
        return self.due > self.issued

    @cached_property
    def _is_paid(self):
        return self._is_usual & (self.how == PAID) & ~np.isnan(self.settled)

    @cached_property
    def _who(self):
        """The customers as numbers from 1 on."""
        return np.cumsum(np.diff(self.customer, prepend=-1) != 0)

    @cached_property
    def _weekday(self):
        return (self.due + THURSDAY - 1) % WEEK + 1

    @cached_property
    def _weekday_of(self):
        """A customer's lines due on a weekday are a group of their own."""
        return self._who * WEEK + self._weekday - 1

    @cached_property
    def _units(self):
        """Amounts in cents, at least 1: sums of whole numbers are exact."""
        return np.maximum(np.rint(self.amount * 100), 1).astype(np.int64)

    def _unless_known_by(self, day):
        """Usual lines that were open when ``day`` was over."""
        return np.flatnonzero(self._is_usual & ~(self.known <= day))

    @cached_property
    def _settled(self):
        return np.flatnonzero(self._is_usual & ~np.isnan(self.known))

    @cached_property
    def _history(self):
        rows = np.flatnonzero(self._is_paid)
        return History.of(
            self._who[rows],
            self.known[rows],
            self.line[rows],
            self.settled[rows] - self.due[rows],
            (self.settled[rows] > self.limit[rows]) * 1.0,
        )

    @cached_property
    def _outcomes(self):
        """Rows, and per row the day on which an outcome gets known, how many late ones
        more that are, and how many outcomes: at the limit, and set right later."""
        late, settled = self._unless_known_by(self.limit), self._settled
        was_late = (self.known > self.limit)[settled]
        is_credited = 1 * (self.how == CREDITED)[settled]
        is_paid = 1 * (self.how == PAID)[settled]
        in_time = (self.settled <= self.limit)[settled]
        ones = np.ones(len(late), np.int64)
        return (
            np.concatenate([late, settled]),
            np.concatenate([self.limit[late], self.known[settled]]),
            np.concatenate([ones, -1 * (was_late & (is_credited | in_time))]),
            np.concatenate([ones, np.where(was_late, -is_credited, is_paid)]),
        )

    def _sum_outcomes(self, group, rows, day):
        """(late, all) outcomes of the groups of ``rows``, known before ``day``."""
        changed, *changes = self._outcomes
        return RunningSums(group[changed], *changes).before(group[rows], day)

    def _changes(self, rows, day):
        """Number and amount of lines that change on ``day``."""
        return RunningSums(self._who[rows], day[rows], 1, self._units[rows])

    # === FIGURES === #

    def _measure(self, rows, day):
        """{feature: vector}"""
        who, due = self._who[rows], self.due[rows]
        paid, *late_by = self._sum_payments(who, day)
        figures = {
            "log_amount": np.log(1 + self.amount[rows]),
            "terms": due - self.issued[rows],
            "due_weekday": self._weekday[rows],
            "due_day": _day_of_month(due),
            **self._measure_outcomes(rows, day),
            **self._measure_position(rows, day),
            **_measure_lateness(paid, *late_by),
        }
        last = self._history.figures(who, paid)
        return figures | dict(zip(LAST, last.T, strict=True))

    def _measure_outcomes(self, rows, day):
        """How often he was late: drawn towards the firm where little is known."""
        firm = np.zeros_like(self._who)
        late, number = self._sum_outcomes(firm, rows, day)
        base = np.where(number == 0, PRIOR, late / np.maximum(number, 1))
        own = self._is_usual[rows] & (self.limit[rows] < day)
        late, number = self._sum_outcomes(self._who, rows, day) - own
        share = (late + FIRM_WEIGHT * base) / (number + FIRM_WEIGHT)
        late, known = self._sum_outcomes(self._weekday_of, rows, day) - own
        return {
            "known_outcomes": np.minimum(number, MOST_OUTCOMES),
            "late_share": share,
            "weekday_late_share": (late + WEEKDAY_WEIGHT * share)
            / (known + WEEKDAY_WEIGHT),
        }

    def _measure_position(self, rows, day):
        """What else he owes, and what of it is overdue."""
        who, units = self._who[rows], self._units[rows]
        usual, closed = np.flatnonzero(self._is_usual), self._settled
        is_issued = self._is_usual[rows] & (self.issued[rows] < day)
        is_overdue = self._is_usual[rows] & (self.due[rows] < day)
        was_overdue = closed[(self.known > self.due)[closed]]
        issued, settled, overdue, no_more = (
            self._changes(lines, days).before(who, day)
            for lines, days in (
                (usual, self.issued),
                (closed, self.known),
                (self._unless_known_by(self.due), self.due),
                (was_overdue, self.known),
            )
        )
        itself = np.vstack([np.ones_like(units), units])
        issued = issued - is_issued * itself
        owed = issued - settled
        overdue = overdue - no_more - is_overdue * itself
        return {
            "log_amount_ratio": np.log(_divide(1.0 * units * issued[0], issued[1])),
            "open_lines": owed[0],
            "overdue_lines": overdue[0],
            "overdue_share": np.nan_to_num(_divide(overdue[1], owed[1])),
        }

    def _sum_payments(self, who, day):
        """Number of his payments, and the sums of days late and of their squares."""
        rows = np.flatnonzero(self._is_paid)
        days_late = (self.settled - self.due)[rows]
        payments = RunningSums(
            self._who[rows], self.known[rows], 1, days_late, days_late**2
        )
        return payments.before(who, day)


def _measure_lateness(paid, days, squares):
    mean = _divide(days, paid)
    spread = _divide(squares, paid) - mean**2
    return {
        "mean_days_late": mean,
        "sd_days_late": np.sqrt(np.maximum(spread, 0)),
    }


def _divide(amount, number):
    """NaN where there is nothing to divide by."""
    return np.divide(
        amount, number, out=np.full(len(amount), np.nan), where=number != 0
    )


def _day_of_month(days):
    """
    >>> _day_of_month(np.array([0.0, 31, 58])).tolist()
    [1, 1, 28]
    """
    days = days.astype("datetime64[D]")
    return (days - days.astype("datetime64[M]")).astype(int) + 1
