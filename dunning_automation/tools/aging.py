"""Aging buckets: how long what is open has been due."""

LAST_DAYS = (0, 30, 60, 90)
"""The last day overdue of each bucket; what is older falls into one more."""

BUCKETS = ("not_due", "1_30", "31_60", "61_90", "over_90")


def bucket(days_overdue):
    """The bucket of an item; what is due today is not overdue yet.

    >>> [bucket(days) for days in (-5, 0, 1, 30, 31, 60, 61, 90, 91)]
    ... # doctest: +NORMALIZE_WHITESPACE
    ['not_due', 'not_due', '1_30', '1_30', '31_60', '31_60', '61_90', '61_90',
     'over_90']
    """
    return BUCKETS[sum(days_overdue > last for last in LAST_DAYS)]


def days(name):
    """First and last day overdue of a bucket, None where it has no end.

    >>> [days(name) for name in BUCKETS]
    [(None, 0), (1, 30), (31, 60), (61, 90), (91, None)]
    """
    index = BUCKETS.index(name)
    first = LAST_DAYS[index - 1] + 1 if index else None
    last = LAST_DAYS[index] if index < len(LAST_DAYS) else None
    return first, last


def shares(amounts):
    """Every bucket with its amount and its share of all that is owed, in percent.

    >>> shares({"1_30": 75.0, "over_90": 25.0})[1]
    {'name': '1_30', 'amount': 75.0, 'share': 75.0}
    >>> [part["share"] for part in shares({})]
    [0.0, 0.0, 0.0, 0.0, 0.0]
    """
    total = sum(amounts.values())
    return [
        {
            "name": name,
            "amount": amounts.get(name, 0.0),
            "share": round(100 * amounts.get(name, 0.0) / total, 2) if total else 0.0,
        }
        for name in BUCKETS
    ]
