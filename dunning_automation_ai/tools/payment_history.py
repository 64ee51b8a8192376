"""What a customer's last payments tell: their medians, means and the last one."""

from typing import NamedTuple

import numpy as np

CHUNK = 50_000
"""Payments whose windows of 50 are in memory at a time."""


class History(NamedTuple):
    """Payments in the order of customers, and per customer as they became known."""

    customer: np.ndarray
    days_late: np.ndarray
    is_late: np.ndarray

    @classmethod
    def of(cls, customer, known, line, days_late, is_late):
        """From payments in any order."""
        order = np.lexsort((line, known, customer))
        return cls(customer[order], days_late[order], is_late[order])

    def figures(self, customer, paid):
        """Columns per question: days late of the last payment, share of the last 10
        that were late, median of the last 50, of the last 5, mean of the last 10. NaN
        where nobody has paid yet.

        :param customer: who is asked about
        :param paid: how many of his payments were known then

        >>> one = np.ones(3)
        >>> history = History.of(one, np.array([3, 1, 2]), one, np.array([9., 0, 3]),
        ...                      np.array([1., 0, 1]))
        >>> history.figures(np.array([1, 1, 1]), np.array([3, 2, 0])).tolist()[:2]
        [[9.0, 0.6666666666666666, 3.0, 3.0, 4.0], [3.0, 0.5, 1.5, 1.5, 1.5]]
        """
        found = np.full((len(customer), 5), np.nan)
        asked = np.flatnonzero(paid > 0)
        first = np.searchsorted(self.customer, customer[asked])
        last = first + paid[asked].astype(int) - 1
        ends, where = np.unique(last, return_inverse=True)
        starts = np.searchsorted(self.customer, self.customer[ends])
        table = np.column_stack(
            [
                self.days_late[ends],
                _means(self.is_late, starts, ends, 10),
                _medians(self.days_late, starts, ends, 50),
                _medians(self.days_late, starts, ends, 5),
                _means(self.days_late, starts, ends, 10),
            ]
        )
        found[asked] = table[where]
        return found


def _means(values, starts, ends, size):
    """Of up to ``size`` values until each end, from each start on.

    >>> _means(np.array([1.0, 2, 6]), np.zeros(2, int), np.array([1, 2]), 2).tolist()
    [1.5, 4.0]
    """
    sums = np.concatenate([[0], np.cumsum(values)])
    begins = np.maximum(starts, ends + 1 - size)
    return (sums[ends + 1] - sums[begins]) / (ends + 1 - begins)


def _medians(values, starts, ends, size):
    """
    >>> _medians(np.array([1.0, 9, 2]), np.zeros(3, int), np.arange(3), 2).tolist()
    [1.0, 5.0, 5.5]
    """
    found = np.empty(len(ends))
    for at in range(0, len(ends), CHUNK):
        part = slice(at, at + CHUNK)
        places = ends[part, None] - np.arange(size)
        window = np.where(
            places >= starts[part, None], values[np.maximum(places, 0)], np.inf
        )
        window.sort(axis=1)
        number = np.minimum(ends[part] + 1 - starts[part], size)
        rows = np.arange(len(window))
        middle = window[rows, (number - 1) // 2] + window[rows, number // 2]
        found[part] = middle / 2
    return found
