"""Instalments of a payment plan: how they are made, and when a plan is broken.

Amounts are in the currency of the plan. The ledger decides as with promises: what was
paid since the plan was agreed is compared with what has fallen due by then, cumulated,
so that paying more early makes the next instalment smaller.
"""

from datetime import timedelta

from dateutil.relativedelta import relativedelta

from .promises import at_least

OPEN, KEPT, MISSED = "open", "kept", "missed"
ACTIVE, BROKEN = "active", "broken"

INTERVALS = {
    "week": relativedelta(weeks=1),
    "fortnight": relativedelta(weeks=2),
    "month": relativedelta(months=1),
}


def split(amount, number, rounding):
    """``number`` instalments whose sum is ``amount`` to the cent; the first ones are
    the larger ones.

    >>> split(100.0, 3, 0.01)
    [33.34, 33.33, 33.33]
    >>> split(100, 3, 1.0)
    [34.0, 33.0, 33.0]
    >>> split(0.02, 3, 0.01)
    [0.01, 0.01, 0.0]
    """
    coins = round(amount / rounding)
    each, left = divmod(coins, number)
    digits = max(0, len(f"{rounding:.6f}".rstrip("0").partition(".")[2]))
    return [
        round((each + (position < left)) * rounding, digits)
        for position in range(number)
    ]


def dates(first, number, interval):
    """The days of ``number`` instalments. Months are counted from the first day, so
    that a plan from the 31st does not stay on the 28th after February.

    >>> from datetime import date
    >>> [str(day) for day in dates(date(2026, 1, 31), 3, "month")]
    ['2026-01-31', '2026-02-28', '2026-03-31']
    >>> [str(day) for day in dates(date(2026, 1, 1), 2, "fortnight")]
    ['2026-01-01', '2026-01-15']
    """
    return [first + INTERVALS[interval] * position for position in range(number)]


def is_within(days, today, max_number, max_days, first_days):
    """Whether instalments are so few, and so soon, that a customer may agree on them
    by himself.

    :param days: of the instalments, in their order
    :param max_days: the last one is that many days from ``today`` at the latest
    :param first_days: the same for the first one

    >>> from datetime import date
    >>> today, days = date(2026, 3, 1), [date(2026, 3, 8), date(2026, 4, 8)]
    >>> is_within(days, today, 2, 60, 14), is_within(days, today, 1, 60, 14)
    (True, False)
    >>> is_within(days, today, 2, 30, 14), is_within(days, today, 2, 60, 6)
    (False, False)
    """
    return (
        len(days) <= max_number
        and days[0] <= today + timedelta(days=first_days)
        and days[-1] <= today + timedelta(days=max_days)
    )


def next_payment(instalments, paid, today):
    """What to pay next: all that has fallen due, else the next instalment; less what
    was paid already.

    >>> from datetime import date
    >>> plan = [(date(2026, 3, 1), 50.0), (date(2026, 4, 1), 50.0)]
    >>> next_payment(plan, 0.0, date(2026, 2, 1)), next_payment(plan, 0.0, plan[1][0])
    (50.0, 100.0)
    >>> next_payment(plan, 20.0, date(2026, 3, 2)), next_payment(plan, 60.0, plan[0][0])
    (30.0, 40.0)
    >>> next_payment(plan, 100.0, date(2026, 3, 2))
    0.0
    """
    total = owed = 0.0
    for day, amount in instalments:
        if owed > 0 and day > today:
            break
        total += amount
        owed = round(total - paid, 6)
    return max(owed, 0.0)


def judge(instalments, paid, today, tolerance, rounding):
    """The state of each instalment on ``today``.

    :param instalments: ``[(date, amount), ...]`` in the order of their dates
    :param paid: set off against the lines of the plan since it was agreed
    :param tolerance: ``timedelta`` after each date

    >>> from datetime import date, timedelta
    >>> plan = [(date(2026, 3, 1), 50.0), (date(2026, 4, 1), 50.0)]
    >>> judge(plan, 60.0, date(2026, 3, 20), timedelta(2), 0.01)
    ['kept', 'open']
    >>> judge(plan, 40.0, date(2026, 3, 3), timedelta(2), 0.01)
    ['open', 'open']
    >>> judge(plan, 40.0, date(2026, 3, 4), timedelta(2), 0.01)
    ['missed', 'open']
    """
    states, due = [], 0.0
    for day, amount in instalments:
        due += amount
        if at_least(paid, due, rounding):
            states.append(KEPT)
        else:
            states.append(MISSED if today > day + tolerance else OPEN)
    return states


def outcome(states, broken_after):
    """The state of a plan: kept when all is paid, broken after so many missed ones.

    >>> outcome(["kept", "kept"], 1), outcome(["missed", "open"], 1)
    ('kept', 'broken')
    >>> outcome(["missed", "open"], 2), outcome(["missed", "missed"], 2)
    ('active', 'broken')
    """
    if all(state == KEPT for state in states):
        return KEPT
    return BROKEN if states.count(MISSED) >= broken_after else ACTIVE
