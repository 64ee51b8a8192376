"""When a message or a call would be a nuisance, and when it would not.

Three questions: is it a decent hour where the customer lives (``next_allowed``), did he
hear from us often enough (``free_on``), did we talk to him just now (``cooled_on``);
``decide`` asks all of them. Moments are UTC without zone, as Odoo stores them; hours,
weekdays and holidays are those of the customer's clock and calendar.

The counting follows 12 CFR 1006.14(b)(2) (Regulation F of the USA): seven calls within
seven *consecutive days* are days of the calendar, not 168 hours; the day of a talk is
the first of the days after which one may call again. Whether that rule binds anybody is
said by the profile that uses it, not here.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

import pytz

from .channels import UNHEARD, kind_of

ALL = "all"
"""A rule for everything that reaches the customer at once."""

DAY = timedelta(days=1)
MIDNIGHT = time()
LOOK_AHEAD = 60
"""Days. Who lets nobody speak for so long has a wrong calendar: holidays do not count
then, a message must not wait for ever."""
WEEK = frozenset(range(7))


class Window(NamedTuple):
    """When one may speak, by the customer's clock."""

    start: int
    """minutes after midnight; the first that is allowed"""
    end: int
    """minutes after midnight; the first that is not"""
    weekdays: frozenset[int] = WEEK
    """0 = Monday"""
    on_holidays: bool = False


class Cap(NamedTuple):
    """At most ``number`` contacts within ``days`` consecutive days."""

    key: int
    channel: str
    number: int
    days: int


class Rules(NamedTuple):
    """A courtesy profile."""

    windows: dict[str, Window] = {}
    """by channel or ``ALL``; a channel without one may be used at any time"""
    caps: tuple[Cap, ...] = ()
    cooldown_days: int = 0
    """calls: days after a talk, its own day is the first"""
    holidays: dict[str | None, frozenset[date]] = {}
    """by country code; None = of countries without their own"""

    def window(self, channel):
        """The ``Window`` of a channel, None if it may be used at any time.

        >>> office = Window(540, 1020)
        >>> rules = Rules({ALL: Window(480, 1260), "phone": office})
        >>> rules.window("phone") == rules.window("call") == office
        True
        >>> rules.window("email")
        Window(start=480, end=1260, weekdays=frozenset({0, 1, 2, 3, 4, 5, 6}), \
on_holidays=False)
        >>> rules.window("letter"), rules.window("activity")
        (None, None)
        """
        own = self.windows.get(kind_of(channel))
        return own or (self.windows.get(ALL) if covers(ALL, channel) else None)

    def holidays_in(self, country):
        """
        >>> rules = Rules(holidays={None: frozenset(), "DE": frozenset([date.min])})
        >>> len(rules.holidays_in("DE")), len(rules.holidays_in("FR"))
        (1, 0)
        """
        everywhere = self.holidays.get(None, frozenset())
        return self.holidays.get(country, everywhere)


class Wait(NamedTuple):
    """Not now: why, and until when (UTC)."""

    reason: str
    """code of ``tools/reasons.py``"""
    until: datetime
    cap: int | None = None
    """``Cap.key`` of the cap that is reached"""


def covers(rule, channel):
    """Whether a rule for the channel ``rule`` is about ``channel``. ``ALL`` leaves out
    what rings at nobody's door: letters, which the post delivers when it likes, and
    what happens between us.

    >>> covers("phone", "call"), covers("all", "sms"), covers("all", "letter")
    (True, True, False)
    >>> covers("letter", "letter"), covers("all", "activity")
    (True, False)
    """
    return rule == kind_of(channel) or rule == ALL and channel not in UNHEARD


# === HOURS === #


@lru_cache(maxsize=1024)
def _zone(name):
    return pytz.timezone(name)


def local(moment, zone):
    """``moment`` (UTC) on the clock of ``zone`` (name), without zone.

    >>> local(datetime(2026, 3, 10, 8, 0), "Asia/Kathmandu")
    datetime.datetime(2026, 3, 10, 13, 45)
    """
    return pytz.utc.localize(moment).astimezone(_zone(zone)).replace(tzinfo=None)


def instants(wall, zone):
    """The moments (UTC) at which the clock of ``zone`` shows ``wall``: two in the hour
    that is repeated in autumn. In the hour that is left out in spring it never does:
    one moment before and one after the gap.

    >>> instants(datetime(2026, 3, 10, 8, 0), "Europe/Berlin")
    [datetime.datetime(2026, 3, 10, 7, 0)]
    >>> instants(datetime(2026, 10, 25, 2, 30), "Europe/Berlin")
    [datetime.datetime(2026, 10, 25, 0, 30), datetime.datetime(2026, 10, 25, 1, 30)]
    """
    found = {_zone(zone).localize(wall, is_dst=is_dst) for is_dst in (True, False)}
    return sorted({each.astimezone(pytz.utc).replace(tzinfo=None) for each in found})


def _turn(zone, begin, end):
    """The moment after ``begin``, until ``end``, at which clocks are put forward or
    back, if there is one; they are at full minutes."""
    offset = local(begin, zone) - begin
    if local(end, zone) - end == offset:
        return []
    while end - begin > timedelta(seconds=1):
        middle = begin + (end - begin) / 2
        if local(middle, zone) - middle == offset:
            begin = middle
        else:
            end = middle
    return [end.replace(second=0, microsecond=0)]


def is_holiday(day, window, holidays):
    """
    >>> christmas, window = date(2026, 12, 25), Window(0, 1440)
    >>> is_holiday(christmas, window, {christmas})
    True
    >>> is_holiday(christmas, window._replace(on_holidays=True), {christmas})
    False
    """
    return not window.on_holidays and day in holidays


def quiet(moment, zone, window, holidays=frozenset()):
    """Why nobody should hear from us at ``moment`` (UTC) in ``zone``, None if he may.

    >>> office = Window(8 * 60, 18 * 60, frozenset(range(5)))
    >>> quiet(datetime(2026, 3, 10, 6, 59), "Europe/Berlin", office)
    'quiet_hours'
    >>> quiet(datetime(2026, 3, 10, 7, 0), "Europe/Berlin", office)
    >>> quiet(datetime(2026, 3, 14, 12, 0), "Europe/Berlin", office)
    'quiet_day'
    >>> quiet(datetime(2026, 4, 3, 12), "Europe/Berlin", office, {date(2026, 4, 3)})
    'holiday'
    """
    wall = local(moment, zone)
    if is_holiday(wall.date(), window, holidays):
        return "holiday"
    if wall.weekday() not in window.weekdays:
        return "quiet_day"
    if not window.start <= wall.hour * 60 + wall.minute < window.end:
        return "quiet_hours"
    return None


def _starts(begin, zone, window):
    """Moments within a day from ``begin`` at which it may become allowed in ``zone``:
    the first minute of the window, and where clocks are put forward or back."""
    end = begin + DAY
    opening = time(*divmod(window.start, 60))
    for days in range(-1, 3):
        wall = datetime.combine(begin.date() + days * DAY, opening)
        yield from (each for each in instants(wall, zone) if begin < each < end)
    yield from _turn(zone, begin, end)


def next_allowed(moment, zones, window, holidays=frozenset()):
    """The first moment, at ``moment`` or later, at which one may speak in all of the
    ``zones`` in which the customer may live.

    Where that never happens (Russia is awake at no hour as a whole), in as many of them
    as possible; where everything is a holiday for ``LOOK_AHEAD`` days, holidays do not
    count.

    :param datetime moment: UTC
    :param zones: names
    :param Window window: None = at any time
    :param holidays: dates
    :return: datetime, UTC

    >>> office = Window(8 * 60, 18 * 60, frozenset(range(5)))
    >>> next_allowed(datetime(2026, 3, 10, 22, 0), ["Europe/Berlin"], office)
    datetime.datetime(2026, 3, 11, 7, 0)
    >>> next_allowed(datetime(2026, 3, 14, 12, 0), ["Europe/Berlin"], office)
    datetime.datetime(2026, 3, 16, 7, 0)
    >>> next_allowed(
    ...     datetime(2026, 3, 10, 13), ["America/New_York", "Pacific/Honolulu"], office)
    datetime.datetime(2026, 3, 10, 18, 0)
    """
    if not window:
        return moment
    for days in range(LOOK_AHEAD):
        begin = moment + days * DAY
        for each in _candidates(begin, zones, window):
            if not any(quiet(each, zone, window, holidays) for zone in zones):
                return each
    return _next_best(moment, zones, window)


def _candidates(begin, zones, window):
    return sorted({begin}.union(*(_starts(begin, zone, window) for zone in zones)))


def _next_best(moment, zones, window):
    """See ``next_allowed``: in most of the zones, holidays left out of account."""
    window = window._replace(on_holidays=True)
    awake = Counter(
        {
            each: sum(not quiet(each, zone, window) for zone in zones)
            for days in range(8)
            for each in _candidates(moment + days * DAY, zones, window)
        }
    )
    most = max(awake.values())
    return min(each for each, number in awake.items() if number == most)


# === HOW OFTEN === #


def free_on(days: Iterable[date], number, window_days, today):
    """The first day, ``today`` or later, on which one contact more stays within
    ``number`` contacts in ``window_days`` consecutive days.

    :param days: of earlier contacts

    >>> tuesday = date(2026, 3, 10)
    >>> free_on([tuesday] * 6, 7, 7, tuesday)
    datetime.date(2026, 3, 10)
    >>> free_on([tuesday] * 7, 7, 7, tuesday)
    datetime.date(2026, 3, 17)
    >>> free_on([tuesday, tuesday + DAY], 2, 7, tuesday + 2 * DAY)
    datetime.date(2026, 3, 17)
    """
    first = today - window_days * DAY
    recent = sorted((day for day in days if day > first), reverse=True)
    if len(recent) < number:
        return today
    return recent[number - 1] + window_days * DAY


def cooled_on(talked, cooldown_days):
    """The first day on which one may call again after a talk, whose day is the first.

    >>> cooled_on(date(2026, 3, 10), 7)
    datetime.date(2026, 3, 17)
    """
    return talked + cooldown_days * DAY


# === ALL TOGETHER === #


def decide(moment, channel, zones, rules, country=None, contacts=(), talked=None):
    """Whether one must wait, why, and until when.

    Of several zones, contacts count for the day that is later and today is the day that
    is earlier, so that nobody hears from us too soon wherever he lives.

    :param datetime moment: UTC, now
    :param str channel: on which the customer would hear from us
    :param zones: names, see ``tools/time_zones.py``
    :param Rules rules: the profile
    :param str country: code, for its holidays
    :param contacts: ``(channel, moment)`` of earlier contacts, not those that came from
        the customer
    :param datetime talked: the last talk with him, whoever called
    :return: ``Wait``; None = not at all

    >>> rules = Rules({ALL: Window(480, 1260)}, (Cap(1, "phone", 2, 7),), 7)
    >>> noon, night = datetime(2026, 3, 10, 12), datetime(2026, 3, 10, 23)
    >>> decide(noon, "email", ["Europe/Berlin"], rules)
    >>> decide(night, "email", ["Europe/Berlin"], rules)
    Wait(reason='quiet_hours', until=datetime.datetime(2026, 3, 11, 7, 0), cap=None)
    >>> calls = [("phone", datetime(2026, 3, day, 9)) for day in (8, 9)]
    >>> decide(noon, "phone", ["Europe/Berlin"], rules, contacts=calls)
    Wait(reason='contact_cap', until=datetime.datetime(2026, 3, 15, 7, 0), cap=1)
    >>> decide(noon, "phone", ["Europe/Berlin"], rules, talked=calls[0][1])
    Wait(reason='cooldown', until=datetime.datetime(2026, 3, 15, 7, 0), cap=None)
    """
    window, holidays = rules.window(channel), rules.holidays_in(country)
    today = min(local(moment, zone).date() for zone in zones)
    day, reason, key = max(
        _limits(channel, zones, rules, contacts, talked, today),
        key=lambda limit: limit[0],
        default=(today, None, None),
    )
    until = moment
    if day > today:
        midnight = datetime.combine(day, MIDNIGHT)
        until = max(instants(midnight, zone)[-1] for zone in zones)
    until = next_allowed(until, zones, window, holidays)
    if day > today:
        return Wait(reason, until, key)
    if until == moment:
        return None
    found = (quiet(moment, zone, window, holidays) for zone in zones)
    return Wait(next(filter(None, found)), until)


def _limits(channel, zones, rules, contacts, talked, today):
    """``(first free day, reason, key)`` of each cap and of the last talk."""

    def day_of(moment):
        return max(local(moment, zone).date() for zone in zones)

    for cap in rules.caps:
        if covers(cap.channel, channel):
            days = [day_of(at) for used, at in contacts if covers(cap.channel, used)]
            free = free_on(days, cap.number, cap.days, today)
            yield free, "contact_cap", cap.key
    if talked and rules.cooldown_days and covers("phone", channel):
        yield cooled_on(day_of(talked), rules.cooldown_days), "cooldown", None
