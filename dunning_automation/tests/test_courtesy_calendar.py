"""Decent hours: what must hold in every time zone, on every day of the year."""

import unittest
from datetime import date, datetime, timedelta

import pytz

from odoo.tests import BaseCase, tagged

from ..tools import courtesy, time_zones
from ..tools.courtesy import ALL, Cap, Rules, Window

try:
    from hypothesis import given, settings
    from hypothesis import strategies as st
except ImportError:
    given = None

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
OFFICE = Window(8 * 60, 18 * 60, frozenset(range(5)))
DAYTIME = Window(8 * 60, 21 * 60)
MINUTE = timedelta(minutes=1)
ODD_DAYS = [
    # zone, window, asked at (UTC), allowed at (UTC)
    # Berlin has 23 hours on 29 March 2026 and 25 on 25 October.
    (BERLIN, DAYTIME, "2026-03-28 22:00", "2026-03-29 06:00"),
    (BERLIN, DAYTIME, "2026-03-27 22:00", "2026-03-28 07:00"),
    (BERLIN, DAYTIME, "2026-10-24 22:00", "2026-10-25 07:00"),
    # From half past two, an hour that does not exist: from three o'clock.
    (BERLIN, Window(150, 1260), "2026-03-29 00:30", "2026-03-29 01:00"),
    # ... and that comes twice: from the first.
    (BERLIN, Window(150, 1260), "2026-10-25 00:10", "2026-10-25 00:30"),
    # Between the first and the second it is quiet again: the clock went back.
    (BERLIN, Window(150, 1260), "2026-10-25 01:10", "2026-10-25 01:30"),
    # A day that begins at one o'clock.
    ("Africa/Cairo", Window(0, 1440, frozenset([4])), "2026-04-23 20:00", None),
    # Half an hour of summer time, and zones a quarter of an hour apart.
    ("Australia/Lord_Howe", DAYTIME, "2026-10-03 12:00", "2026-10-03 21:00"),
    ("Asia/Kathmandu", DAYTIME, "2026-03-10 20:00", "2026-03-11 02:15"),
    ("Pacific/Chatham", DAYTIME, "2026-03-10 10:00", "2026-03-10 18:15"),
    # The other side of the date line.
    ("Pacific/Auckland", OFFICE, "2026-03-13 06:00", "2026-03-15 19:00"),
    ("Pacific/Honolulu", OFFICE, "2026-03-13 06:00", "2026-03-13 18:00"),
]


def utc(text):
    return datetime.strptime(text, "%Y-%m-%d %H:%M")


def scan(moment, zones, window, holidays):
    """The answer of somebody patient, who looks at the clock every minute."""
    if not any(courtesy.quiet(moment, zone, window, holidays) for zone in zones):
        return moment
    each = moment.replace(second=0, microsecond=0) + MINUTE
    while any(courtesy.quiet(each, zone, window, holidays) for zone in zones):
        each += MINUTE
    return each


@tagged("-at_install", "post_install")
class TestCourtesyCalendar(BaseCase):
    def test_odd_days(self):
        for zone, window, asked, allowed in ODD_DAYS:
            with self.subTest(zone, asked=asked):
                found = courtesy.next_allowed(utc(asked), [zone], window)
                expected = allowed and utc(allowed)
                self.assertEqual(
                    found, expected or scan(utc(asked), [zone], window, ())
                )

    def test_every_zone_there_is(self):
        """At eight o'clock in the morning, of a day around each change of clocks."""
        for zone in pytz.all_timezones:
            for asked in ("2026-03-28 23:30", "2026-07-01 12:00", "2026-10-24 23:59"):
                found = courtesy.next_allowed(utc(asked), [zone], DAYTIME)
                self.assertIsNone(courtesy.quiet(found, zone, DAYTIME), zone)
                wall = courtesy.local(found, zone)
                if found != utc(asked):
                    self.assertEqual((wall.hour, wall.minute), (8, 0), zone)
                self.assertLess(found - utc(asked), timedelta(hours=13), zone)

    def test_years_end(self):
        holidays = {date(2026, 12, 25), date(2027, 1, 1)}
        for asked, allowed in [
            ("2026-12-24 20:00", "2026-12-28 07:00"),  # Friday is a holiday.
            ("2026-12-31 17:00", "2027-01-04 07:00"),
        ]:
            found = courtesy.next_allowed(utc(asked), [BERLIN], OFFICE, holidays)
            self.assertEqual(found, utc(allowed))
        always = OFFICE._replace(on_holidays=True)
        found = courtesy.next_allowed(utc(asked), [BERLIN], always, holidays)
        self.assertEqual(found, utc("2027-01-01 07:00"))

    def test_country_of_many_zones(self):
        usa = time_zones.zones_of(country="US")
        found = courtesy.next_allowed(utc("2026-03-10 12:00"), usa, DAYTIME)
        hours = {courtesy.local(found, zone).hour for zone in usa}
        self.assertGreaterEqual(min(hours), 8)
        self.assertLess(max(hours), 21)

    def test_country_that_is_never_awake_as_a_whole(self):
        """Most of it must do, or nothing would ever be sent to Russia."""
        russia = time_zones.zones_of(country="RU")
        asked = utc("2026-03-10 20:00")
        found = courtesy.next_allowed(asked, russia, OFFICE)
        self.assertLess(found - asked, timedelta(days=3))
        awake = [zone for zone in russia if not courtesy.quiet(found, zone, OFFICE)]
        self.assertGreater(len(awake), len(russia) / 2)

    def test_calendar_full_of_holidays(self):
        """A message must not wait for ever: such a calendar does not count."""
        asked = utc("2026-03-14 12:00")
        holidays = {date(2026, 1, 1) + timedelta(days=days) for days in range(999)}
        found = courtesy.next_allowed(asked, [BERLIN], OFFICE, holidays)
        self.assertEqual(found, utc("2026-03-16 07:00"))

    def test_no_window(self):
        asked = utc("2026-03-14 02:00")
        self.assertEqual(courtesy.next_allowed(asked, [BERLIN], None), asked)

    # === CAPS === #

    def test_reasons(self):
        rules = Rules(
            {ALL: DAYTIME, "phone": OFFICE},
            (Cap(1, "phone", 2, 7), Cap(2, ALL, 3, 2)),
            7,
            {"DE": frozenset([date(2026, 4, 3)])},
        )
        noon = utc("2026-03-10 12:00")
        mails = [("email", noon - timedelta(hours=hours)) for hours in (1, 2, 3)]
        calls = [("call", noon - timedelta(days=days)) for days in (1, 2)]
        for channel, moment, history, expected in [
            ("email", noon, {}, None),
            ("email", utc("2026-03-14 12:00"), {}, None),
            ("phone", utc("2026-03-14 12:00"), {}, "quiet_day 2026-03-16 07:00"),
            ("email", utc("2026-03-10 22:00"), {}, "quiet_hours 2026-03-11 07:00"),
            ("email", utc("2026-04-03 12:00"), {}, "holiday 2026-04-04 06:00"),
            ("letter", utc("2026-04-03 22:00"), {}, None),
            ("activity", utc("2026-04-03 22:00"), {}, None),
            ("email", noon, {"contacts": mails[:2]}, None),
            ("email", noon, {"contacts": mails}, "contact_cap 2026-03-12 07:00"),
            ("letter", noon, {"contacts": mails}, None),
            ("phone", noon, {"contacts": calls}, "contact_cap 2026-03-16 07:00"),
            ("call", noon, {"contacts": calls}, "contact_cap 2026-03-16 07:00"),
            ("email", noon, {"contacts": calls}, None),
            ("phone", noon, {"talked": noon}, "cooldown 2026-03-17 07:00"),
            ("phone", noon, {"talked": noon - timedelta(days=6)}, "cooldown"),
            ("phone", noon, {"talked": noon - timedelta(days=7)}, None),
            ("email", noon, {"talked": noon}, None),
        ]:
            with self.subTest(channel, moment=moment, **history):
                wait = courtesy.decide(
                    moment, channel, [BERLIN], rules, "DE", **history
                )
                words = wait and f"{wait.reason} {wait.until:%Y-%m-%d %H:%M}"
                if expected:
                    self.assertIn(expected, words)
                else:
                    self.assertIsNone(words)

    def test_zones_of_customers(self):
        """Odoo gives contacts the time zone of the user who typed them in."""
        for known, zones in [
            ({"country": "FR"}, ("Europe/Paris",)),
            ({"tz": "America/New_York", "country": "FR"}, ("Europe/Paris",)),
            ({"tz": "Asia/Tokyo"}, ("Asia/Tokyo",)),
            ({"tz": BERLIN, "country": "US", "state": "NY"}, (NEW_YORK,)),
            ({"tz": NEW_YORK, "country": "US", "state": "CA"}, (time_zones.PACIFIC,)),
            (
                {"tz": time_zones.CENTRAL, "country": "US", "state": "TX"},
                (time_zones.CENTRAL,),
            ),
            ({"chosen": "Asia/Tokyo", "country": "FR"}, ("Asia/Tokyo",)),
            ({"chosen": "Mars/Base", "country": "FR"}, ("Europe/Paris",)),
            ({"tz": "Mars/Base", "fallback": BERLIN}, (BERLIN,)),
            ({"country": "XX", "fallback": "Mars/Base"}, ("UTC",)),
            ({"country": "US", "state": "??"}, tuple(pytz.country_timezones["US"])),
        ]:
            with self.subTest(**known):
                self.assertEqual(time_zones.zones_of(**known), zones)

    def test_states_lie_in_their_country(self):
        for country, states in time_zones.STATES.items():
            for state, zones in states.items():
                self.assertLessEqual(
                    set(zones), set(pytz.country_timezones[country]), state
                )


if given:
    MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31))
    ZONES = st.sampled_from(pytz.all_timezones)
    MINUTES = st.integers(0, 1439)
    WEEKDAYS = st.frozensets(st.integers(0, 6), min_size=1)
    OFFSETS = st.frozensets(st.integers(0, 40), max_size=12)
    # Where clocks change: the days before and after each kind of change in 2026.
    CHANGES = st.sampled_from(
        ["2026-03-08", "2026-03-29", "2026-04-05", "2026-04-24", "2026-10-04"]
        + ["2026-10-25", "2026-11-01", "2026-09-27", "2026-09-06"]
    )

    @st.composite
    def windows(draw):
        start, end = sorted((draw(MINUTES), draw(MINUTES)))
        return Window(start, end + 1, draw(WEEKDAYS), draw(st.booleans()))

    @st.composite
    def moments_around_changes(draw):
        hours = draw(st.integers(-36, 36))
        minutes = draw(st.integers(0, 59))
        day = datetime.strptime(draw(CHANGES), "%Y-%m-%d")
        return day + timedelta(hours=hours, minutes=minutes)

    def holidays_after(moment, offsets):
        return frozenset(moment.date() + timedelta(days=days) for days in offsets)


@unittest.skipUnless(given, "hypothesis is not installed")
@tagged("-at_install", "post_install")
class TestCourtesyProperties(BaseCase):
    """Whatever the rules: never in a quiet hour, never too early, never twice."""

    def run_property(self, check, *strategies, examples=300):
        settings(max_examples=examples, deadline=None, database=None)(
            given(*strategies)(check)
        )()

    def test_never_in_a_quiet_hour_and_never_earlier(self):
        def check(moment, zone, window, offsets):
            holidays = holidays_after(moment, offsets)
            found = courtesy.next_allowed(moment, [zone], window, holidays)
            assert found >= moment
            assert courtesy.quiet(found, zone, window, holidays) is None

        self.run_property(check, MOMENTS, ZONES, windows(), OFFSETS)

    def test_asking_again_changes_nothing(self):
        def check(moment, zone, window, offsets):
            holidays = holidays_after(moment, offsets)
            found = courtesy.next_allowed(moment, [zone], window, holidays)
            again = courtesy.next_allowed(found, [zone], window, holidays)
            assert again == found

        self.run_property(check, MOMENTS, ZONES, windows(), OFFSETS)

    def test_nothing_earlier_was_allowed_where_clocks_change(self):
        def check(moment, zone, start, length):
            window = Window(start, min(start + length, 1440))
            found = courtesy.next_allowed(moment, [zone], window)
            assert found == scan(moment, [zone], window, ())

        lengths = st.integers(1, 1440)
        self.run_property(
            check, moments_around_changes(), ZONES, MINUTES, lengths, examples=120
        )

    def test_allowed_in_all_zones_of_a_country(self):
        countries = st.sampled_from(["US", "BR", "AU", "ES", "PT", "MX", "CL", "ID"])

        def check(moment, country, offsets):
            zones = time_zones.zones_of(country=country)
            holidays = holidays_after(moment, offsets)
            found = courtesy.next_allowed(moment, zones, DAYTIME, holidays)
            assert found >= moment
            assert not [
                zone for zone in zones if courtesy.quiet(found, zone, DAYTIME, holidays)
            ]

        self.run_property(check, MOMENTS, countries, OFFSETS, examples=60)

    def test_a_cap_is_kept_and_frees_again(self):
        """One more contact on the day that is found stays within the cap, one on the
        day before would not, and the day comes within one window."""

        def check(ages, number, window):
            today = date(2026, 3, 10)
            days = [today - timedelta(days=age) for age in ages]
            free = courtesy.free_on(days, number, window, today)

            def count(day):
                return sum(day - timedelta(days=window) < each <= day for each in days)

            assert today <= free <= today + timedelta(days=window)
            assert count(free) < number
            if free > today:
                assert count(free - timedelta(days=1)) >= number

        ages = st.lists(st.integers(0, 40), max_size=20)
        self.run_property(check, ages, st.integers(1, 9), st.integers(1, 31))

    def test_decisions_are_polite_and_final(self):
        """Whoever waits until the moment that was named need not wait again."""

        def check(moment, zone, window, ages, number, days, talked_ago):
            rules = Rules({ALL: window}, (Cap(1, ALL, number, days),), 7)
            contacts = [("email", moment - timedelta(hours=age)) for age in ages]
            talked = talked_ago and moment - timedelta(hours=talked_ago)
            facts = {"contacts": contacts, "talked": talked}
            wait = courtesy.decide(moment, "phone", [zone], rules, **facts)
            if wait:
                assert wait.until > moment
                later = courtesy.decide(wait.until, "phone", [zone], rules, **facts)
                assert later is None, (wait, later)

        self.run_property(
            check,
            MOMENTS,
            ZONES,
            windows(),
            st.lists(st.integers(0, 400), max_size=10),
            st.integers(1, 5),
            st.integers(1, 14),
            st.integers(0, 200),
        )
