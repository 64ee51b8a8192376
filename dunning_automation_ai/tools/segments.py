"""Customers who behave alike, found by k-means, and words for each group.

Groups are found again at the next training: it begins with the old ones, and a group
keeps its number where most of its customers stay together.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

FEATURES = (
    "mean_days_late",
    "sd_days_late",
    "late_share",
    "reminders",
    "log_amount",
    "years",
    "abroad",
)
"""Of a customer's invoices: how late on average, how scattered, which share after the
days of grace, reminders until paid, log of the amounts; years since the first one, and
whether he lives in another country than we do (1 or 0)."""

LEAST_SPREAD = (5, 3, 0.1, 0.5, 0.5, 1, 0.3)
"""Of each feature: where customers differ by less, they are about the same."""

MIN_CUSTOMERS = 30
PER_SEGMENT = 15
MOST = 6
INDUSTRIES = 3
"""So many of the commonest industries are told apart, with half the weight."""

SAMPLE = 1000
"""Customers by which it is measured how well groups are kept apart."""

BONUS = 0.05
"""Of the number of groups of the last time, on a scale from -1 to 1."""

NOBODY = -1


class Words(NamedTuple):
    """Codes of what a group is like."""

    pays: str
    size: str
    is_new: bool
    is_abroad: bool


def columns(rows):
    """Features as an array, one row per customer; what is far out is pulled in.

    :param rows: the values of FEATURES
    """
    table = np.array(rows, dtype=float).reshape(-1, len(FEATURES))
    return np.clip(np.nan_to_num(table), -365, 365)


def group(table, industries, before):
    """The group of each customer, by number; groups that were known keep theirs.

    :param table: see ``columns``
    :param industries: id of each customer's industry, 0 = unknown
    :param before: number of the group that each was in, or NOBODY
    :return: array of numbers, empty where there are too few customers
    """
    if len(table) < MIN_CUSTOMERS:
        return np.empty(0, int)
    scaled = _scale(table, industries)
    # More threads than idle cores wait for each other: far slower than one.
    with threadpool_limits(1):
        found = _cluster(scaled, _centres(scaled, before))
    return keep_numbers(found, before)


def _centres(scaled, before):
    """The middle of each group as it was."""
    numbers = np.unique(before[before != NOBODY])
    return np.array([scaled[before == number].mean(axis=0) for number in numbers])


def _cluster(scaled, centres):
    """Groups in the number that keeps them apart best; that of the last time stays
    unless another one is clearly better."""
    most = min(MOST, len(scaled) // PER_SEGMENT, len(np.unique(scaled, axis=0)))
    best, found = -1, np.zeros(len(scaled), int)
    for count in range(2, most + 1):
        old = count == len(centres)
        start = (centres, 1) if old else ("k-means++", 5)
        means = KMeans(count, init=start[0], n_init=start[1], random_state=0)
        labels = means.fit_predict(scaled)
        apart = silhouette_score(
            scaled, labels, sample_size=min(SAMPLE, len(scaled)), random_state=0
        )
        if apart + old * BONUS > best:
            best, found = apart + old * BONUS, labels
    return found


def _scale(table, industries):
    spread = table.std(axis=0)
    scaled = (table - table.mean(axis=0)) / np.maximum(spread, LEAST_SPREAD)
    known, sizes = np.unique(industries[industries > 0], return_counts=True)
    common = known[np.argsort(-sizes, kind="stable")[:INDUSTRIES]]
    return np.hstack([scaled, (industries[:, None] == common) * 0.5])


def keep_numbers(found, before):
    """Rename groups so that those with the most customers in common have one number;
    groups that are new get numbers that nobody had.

    >>> keep_numbers(np.array([0, 0, 1, 1]), np.array([7, 7, 4, 7])).tolist()
    [7, 7, 4, 4]
    >>> keep_numbers(np.array([0, 0, 1]), np.array([-1, 3, -1])).tolist()
    [3, 3, 4]
    """
    old = np.unique(before[before != NOBODY])
    new = np.unique(found)
    common = np.array(
        [[((found == a) & (before == b)).sum() for b in old] for a in new]
    ).reshape(len(new), len(old))
    rows, places = linear_sum_assignment(-common)
    names = {
        new[row]: old[place]
        for row, place in zip(rows, places, strict=True)
        if common[row, place]
    }
    unused = max([NOBODY, *old]) + 1
    for key in new:
        if key not in names:
            names[key], unused = unused, unused + 1
    return np.array([names[key] for key in found], int)


def describe(members, everybody):
    """``Words`` for the customers of a group.

    >>> small = [40, 5, 0.9, 2.1, 3, 4, 0]
    >>> large = [-5, 1, 0.0, 0.0, 9, 4, 1]
    >>> everybody = columns([small, small, small, large])
    >>> describe(columns([small]), everybody)
    Words(pays='second_reminder', size='medium', is_new=False, is_abroad=False)
    >>> describe(columns([large]), everybody)
    Words(pays='early', size='large', is_new=False, is_abroad=True)
    """
    mean = dict(zip(FEATURES, members.mean(axis=0), strict=True))
    amounts = everybody[:, FEATURES.index("log_amount")]
    low, high = np.quantile(amounts, (1 / 3, 2 / 3))
    size = "medium"
    if mean["log_amount"] > high:
        size = "large"
    elif mean["log_amount"] < low:
        size = "small"
    return Words(_pays(mean), size, bool(mean["years"] < 1), bool(mean["abroad"] > 0.5))


def _pays(mean):
    days = mean["mean_days_late"]
    if mean["reminders"] >= 2.5:
        return "many_reminders"
    if mean["reminders"] >= 1.5:
        return "second_reminder"
    if mean["reminders"] >= 0.7:
        return "first_reminder"
    if days <= -3:
        return "early"
    if mean["late_share"] <= 0.2 or days <= 1:
        return "on_time"
    return "little_late" if days <= 15 else "very_late"
