"""When a day's messages are too many to be right.

A mistaken policy that selects half of the customers cannot be told from a good one by
its rules, only by its numbers: many more messages than on a usual day.
"""

from statistics import median

WINDOW_DAYS = 30
MIN_DAYS = 5
MIN_MESSAGES = 20


def usual_number(daily_counts):
    """Messages of a usual day: the median of the days that had any; None when there
    were too few of them to know.

    :param daily_counts: messages per day of the last ``WINDOW_DAYS``, none of them 0

    >>> usual_number([4, 6, 5, 100, 5])
    5
    >>> usual_number([4, 6, 5, 100]) is None
    True
    """
    return median(daily_counts) if len(daily_counts) >= MIN_DAYS else None


def is_blast(count, usual, factor):
    """Whether ``count`` messages on one day are more than ``factor`` usual days. A few
    messages never are, and a factor of 0 switches the comparison off.

    >>> is_blast(31, usual=10, factor=3)
    True
    >>> is_blast(30, usual=10, factor=3)
    False
    >>> is_blast(19, usual=1, factor=3)
    False
    """
    return bool(usual and factor and count >= MIN_MESSAGES and count > factor * usual)
