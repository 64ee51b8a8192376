"""When a refused payment is tried again, and what the networks forbid."""

from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from ..tools import retries
from ..tools.retries import Cap, Schedule

NETWORKS = ("visa", "mastercard")
ZONES = ("UTC", "Europe/Vienna", "America/New_York", "Pacific/Auckland")
START = datetime(2025, 4, 1)

moments = st.integers(0, 120 * 24 * 60).map(
    lambda count: START + count * timedelta(minutes=1)
)
schedules = st.builds(
    Schedule,
    waits=st.lists(st.integers(1, 40 * 24), min_size=1, max_size=30, unique=True).map(
        lambda hours: tuple(timedelta(hours=each) for each in sorted(hours))
    ),
    paydays=st.sampled_from(((), (1,), (15, 31), (1, 10, 20))),
    office_days=st.booleans(),
)
caps_of = st.lists(
    st.builds(
        Cap,
        network=st.sampled_from(NETWORKS),
        number=st.integers(1, 12),
        hours=st.sampled_from((1, 24, 168, 720)),
        start=st.dates(date(2025, 1, 1), date(2025, 6, 30)),
    ),
    max_size=6,
    unique_by=lambda cap: (cap.network, cap.hours, cap.start),
)


def follow(failed_at, *arguments):
    """All tries, if each one is refused."""
    made = []
    while (moment := retries.next_retry(failed_at, made, *arguments)) is not None:
        made.append(moment)
    return made


class TestRetries(BaseCase):
    @settings(max_examples=300, deadline=None)
    @given(
        moments,
        schedules,
        caps_of,
        st.sampled_from(("", *NETWORKS)),
        st.sampled_from(ZONES),
        st.lists(st.integers(-60 * 24, 20 * 24), max_size=12),
    )
    def test_no_cap_is_ever_exceeded(
        self, failed_at, schedule, caps, network, zone, hours
    ):
        """In no window of any cap that was in force when the try was made; the first
        charge counts, and what the same card was charged for other invoices."""
        others = [failed_at + timedelta(hours=each) for each in hours]
        made = follow(failed_at, schedule, caps, network, zone, None, others)
        for position, moment in enumerate(made):
            charges = [failed_at, *made[:position], *others]
            for cap in retries.in_force(caps, network, moment):
                since = moment - timedelta(hours=cap.hours)
                inside = [each for each in charges if since < each <= moment]
                self.assertLess(len(inside), cap.number, (cap, charges))

    @settings(max_examples=200, deadline=None)
    @given(moments, schedules, caps_of, st.sampled_from(ZONES))
    def test_tries_follow_each_other(self, failed_at, schedule, caps, zone):
        made = follow(failed_at, schedule, caps, "", zone)
        self.assertLessEqual(len(made), len(schedule.waits))
        for before, after in zip([failed_at, *made], made, strict=False):
            self.assertGreaterEqual(after - before, retries.GAP)
        self.assertTrue(all(each - failed_at <= retries.FOREVER for each in made))

    @settings(max_examples=200, deadline=None)
    @given(moments, schedules, st.sampled_from(ZONES))
    def test_office_days(self, failed_at, schedule, zone):
        """Without caps nothing is tried on a weekend of the customer."""
        made = follow(failed_at, schedule._replace(office_days=True), [], "", zone)
        for moment in made:
            self.assertLess(retries.local(moment, zone).weekday(), 5)

    def test_waits_for_wages(self):
        """Friday's try waits for Sunday, the first: the next one is a week away."""
        failed = datetime(2026, 2, 25, 9)
        days = Schedule((timedelta(days=2), timedelta(days=9)), paydays=(1,))
        self.assertEqual(follow(failed, days, [])[0], datetime(2026, 3, 1, 9))
        self.assertEqual(
            follow(failed, days._replace(office_days=True), [])[0],
            datetime(2026, 3, 2, 9),
        )

    def test_dated_caps(self):
        """A rule of a network counts from its day on."""
        caps = [Cap("visa", 2, 720), Cap("visa", 4, 720, date(2025, 5, 19))]
        days = Schedule(tuple(timedelta(days=day) for day in range(1, 9)))
        before = follow(datetime(2025, 4, 1), days, caps, "visa")
        after = follow(datetime(2025, 6, 1), days, caps, "visa")
        self.assertEqual(before[:2], [datetime(2025, 4, 2), datetime(2025, 5, 1)])
        self.assertEqual(after[3], datetime(2025, 7, 1))
