"""When a payment that was refused is tried again.

A schedule names the tries after the first failure; good days (when wages come in) and
office days move them a little; the card networks' caps have the last word. Moments are
UTC without zone, as Odoo stores them.
"""

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import NamedTuple

from .courtesy import instants, local

GAP = timedelta(hours=1)
"""At least so long after the try before."""
SUNDAY = 6
FOREVER = timedelta(days=90)
"""A try that would come later than this after the failure is none."""
LAST_DAY = 31
"""As a day of wages: the last of the month."""


class Cap(NamedTuple):
    """At most ``number`` tries within ``hours`` hours, of one card network."""

    network: str
    """code of Odoo's payment method"""
    number: int
    hours: int
    start: date = date.min
    """in force from this day on, until a later row of the same network and hours"""


class Schedule(NamedTuple):
    """Tries after the first failure."""

    waits: tuple[timedelta, ...] = ()
    """after the failure, ascending"""
    paydays: tuple[int, ...] = ()
    """days of the month on which money comes in; 31 = the last"""
    office_days: bool = False
    """not on Saturday and Sunday"""


def in_force(caps, network, moment: datetime):
    """The caps of ``network`` at ``moment``; of all networks if it is not known.

    >>> visa = [Cap("visa", 15, 720), Cap("visa", 20, 720, date(2025, 5, 19))]
    >>> [cap.number for cap in in_force(visa, "visa", datetime(2025, 5, 18))]
    [15]
    >>> [cap.number for cap in in_force(visa, "", datetime(2025, 5, 19))]
    [20]
    >>> in_force(visa, "sepa_direct_debit", datetime(2026, 1, 1))
    []
    """
    latest = {}
    for cap in sorted(caps, key=lambda cap: cap.start):
        if network in ("", cap.network) and cap.start <= moment.date():
            latest[cap.network, cap.hours] = cap
    return list(latest.values())


def next_retry(
    failed_at, made, schedule, caps, network="", zone="UTC", limit=None, others=()
):
    """When to try again, None if nothing is left to try.

    :param datetime failed_at: of the first charge
    :param list made: moments of the tries since then, ascending
    :param Schedule schedule: what is left of it after as many tries is followed
    :param list caps: ``Cap``
    :param str network: code of the card network; empty = unknown: the strictest counts
    :param str zone: whose calendar the days are of
    :param int limit: at most so many tries, whatever the schedule says
    :param others: moments of charges of the same card for something else

    >>> failed = datetime(2026, 3, 2, 9)
    >>> days = Schedule(tuple(timedelta(days=day) for day in (1, 3, 7)))
    >>> next_retry(failed, [], days, [])
    datetime.datetime(2026, 3, 3, 9, 0)
    >>> next_retry(failed, [datetime(2026, 3, 3, 9)], days, [])
    datetime.datetime(2026, 3, 5, 9, 0)
    >>> next_retry(failed, [datetime(2026, 3, 3, 9)], days, [], limit=1)
    >>> next_retry(failed, [], days, [Cap("visa", 1, 48)], "visa")
    datetime.datetime(2026, 3, 4, 9, 0)
    """
    number = len(made)
    if number >= len(schedule.waits) or limit is not None and number >= limit:
        return None
    moment = failed_at + schedule.waits[number]
    later = schedule.waits[number + 1 :]
    until = failed_at + later[0] if later else moment + timedelta(days=3)
    moment = _prefer(moment, until, schedule, zone)
    moment = max(moment, [failed_at, *made][-1] + GAP)
    tries = sorted([failed_at, *made, *others])
    moment = keep(moment, tries, caps, network)
    if schedule.office_days:
        # Monday may be the first day of a stricter cap.
        moment = keep(_office_day(moment, zone), tries, caps, network)
    return moment if moment - failed_at <= FOREVER else None


def keep(moment: datetime, tries, caps, network=""):
    """``moment``, or the first one after it at which no cap is full.

    :param list tries: moments of the charges before, the first one too, ascending

    >>> keep(datetime(2026, 3, 2, 12), [datetime(2026, 3, 2, 9)], [Cap("visa", 1, 24)])
    datetime.datetime(2026, 3, 3, 9, 0)
    """
    while True:
        waits = [
            tries[-cap.number] + timedelta(hours=cap.hours)
            for cap in in_force(caps, network, moment)
            if len(tries) >= cap.number
        ]
        latest = max(waits, default=moment)
        if latest <= moment:
            return moment
        moment = latest


def _prefer(moment, until, schedule, zone):
    """A day of wages that comes before the try after this one."""
    day = moment
    while schedule.paydays and day < until:
        if _is_payday(local(day, zone).date(), schedule.paydays):
            return day
        day += timedelta(days=1)
    return moment


def _is_payday(day, paydays):
    """
    >>> _is_payday(date(2026, 2, 28), (31,)), _is_payday(date(2026, 2, 27), (31,))
    (True, False)
    """
    return day.day in paydays or (
        LAST_DAY in paydays and day.day == monthrange(day.year, day.month)[1]
    )


def _office_day(moment, zone):
    """The same time on Monday, if it is a weekend there.

    >>> _office_day(datetime(2026, 3, 7, 9), "Europe/Vienna")
    datetime.datetime(2026, 3, 9, 9, 0)
    """
    wall = local(moment, zone)
    days = {SUNDAY: 1, SUNDAY - 1: 2}.get(wall.weekday(), 0)
    return instants(wall + timedelta(days=days), zone)[0] if days else moment
