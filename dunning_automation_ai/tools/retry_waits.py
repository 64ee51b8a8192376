"""How much later than planned a refused payment may be tried again."""

from datetime import timedelta

from odoo.addons.dunning_automation.tools.retries import Schedule

HOURS = (0, 12, 24, 48)
"""What is tried: as planned, or so many hours later."""


def later(plan, number, hours):
    """The plan with one try later; None where that would not be before the next try.

    :param plan: ``Schedule``
    :param int number: of the try, from 0

    >>> plan = Schedule((timedelta(days=1), timedelta(days=2), timedelta(days=7)))
    >>> later(plan, 0, 12).waits[0] == timedelta(hours=36)
    True
    >>> later(plan, 0, 24), later(plan, 3, 0)
    (None, None)
    >>> later(plan, 2, 48).waits[2].days
    9
    """
    if number >= len(plan.waits):
        return None
    waits = list(plan.waits)
    waits[number] += timedelta(hours=hours)
    following = waits[number + 1 : number + 2]
    if following and waits[number] >= following[0]:
        return None
    return Schedule(tuple(waits), plan.paydays, plan.office_days)
