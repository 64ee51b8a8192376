"""What holds for every debt, every payment and every rate."""

from datetime import date, timedelta
from fractions import Fraction

from odoo.tests import BaseCase, tagged

from ..tools import interest

try:
    from hypothesis import given, settings
    from hypothesis import strategies as st
except ImportError:
    given = None

PATIENT = {
    "max_examples": 200,
    "deadline": None,
    "database": None,
    "derandomize": True,
}
FIRST, LAST = date(2024, 1, 1), date(2027, 12, 31)


def days():
    return st.dates(FIRST, LAST)


def cents():
    return st.integers(1, 10**8).map(lambda number: number / 100)


def debts():
    """``(first, last, open amount, payments)``"""
    payments = st.lists(st.tuples(days(), cents()), max_size=4)
    return st.tuples(days(), days(), cents(), payments).map(
        lambda debt: (*sorted(debt[:2]), *debt[2:])
    )


def rates(day):
    """A rate for every half-year, all different from their neighbours."""
    return 8 + (day.year * 2 + day.month) % 7 / 4


def accrue(first, last, open_amount, payments, **options):
    return interest.total(
        interest.cut(first, last, open_amount, payments, rates, **options)
    )


@tagged("post_install", "-at_install")
class TestInterestProperties(BaseCase):
    def setUp(self):
        super().setUp()
        if given is None:
            self.skipTest("hypothesis is not installed")

    def test_splitting_anywhere_changes_nothing(self):
        @settings(**PATIENT)
        @given(debts(), st.floats(0, 1), st.booleans())
        def check(debt, share, is_floating):
            first, last, *rest = debt
            options = {"start": first, "is_floating": is_floating}
            split = first + timedelta(days=int((last - first).days * share))
            whole = accrue(first, last, *rest, **options)
            parts = accrue(first, split, *rest, **options)
            if split < last:
                parts += accrue(split + interest.DAY, last, *rest, **options)
            self.assertEqual(whole, parts)

        check()

    def test_each_day_is_in_one_slice(self):
        @settings(**PATIENT)
        @given(debts())
        def check(debt):
            first, last, *rest = debt
            slices = interest.cut(first, last, *rest, rates)
            self.assertEqual((slices[0].first, slices[-1].last), (first, last))
            for before, after in zip(slices, slices[1:], strict=False):
                self.assertEqual(before.last + interest.DAY, after.first)
            number = sum(piece.days for piece in slices)
            self.assertEqual(number, (last - first).days + 1)

        check()

    def test_it_is_the_sum_over_the_days(self):
        """Against the plainest formula there is, a day at a time."""

        @settings(**PATIENT)
        @given(debts())
        def check(debt):
            first, last, open_amount, payments = debt
            last = min(last, first + timedelta(days=400))
            expected, day = Fraction(), first
            while day <= last:
                balance = interest.exact(open_amount) + sum(
                    interest.exact(amount)
                    for paid_on, amount in payments
                    if paid_on >= day
                )
                percent = interest.exact(rates(interest.half_year(day)))
                expected += balance * percent / 36500
                day += interest.DAY
            self.assertEqual(accrue(first, last, open_amount, payments), expected)

        check()

    def test_more_days_or_more_debt_never_cost_less(self):
        @settings(**PATIENT)
        @given(debts(), st.integers(0, 400), cents())
        def check(debt, number, more):
            first, last, open_amount, payments = debt
            base = accrue(first, last, open_amount, payments)
            later = last + timedelta(days=number)
            self.assertLessEqual(base, accrue(first, later, open_amount, payments))
            self.assertLess(base, accrue(first, last, open_amount + more, payments))

        check()

    def test_an_earlier_payment_never_costs_more(self):
        @settings(**PATIENT)
        @given(debts(), cents(), st.integers(0, 400))
        def check(debt, amount, number):
            first, last, open_amount, payments = debt
            early = [*payments, (first, amount)]
            late = [*payments, (first + timedelta(days=number), amount)]
            self.assertLessEqual(
                accrue(first, last, open_amount, early),
                accrue(first, last, open_amount, late),
            )

        check()

    def test_british_rate_is_that_of_the_start_for_the_whole_life(self):
        @settings(**PATIENT)
        @given(debts())
        def check(debt):
            first, last, *rest = debt
            asked = set()

            def percent_of(day):
                asked.add(day)
                return 12.75

            options = {"start": first, "is_floating": False}
            for begin in (first, last):
                slices = interest.cut(begin, last, *rest, percent_of, **options)
                percents = {piece.percent for piece in slices}
                self.assertEqual(percents, {interest.exact(12.75)})
            self.assertEqual(asked, {interest.half_year(first)})

        check()

    def test_half_years_cover_every_day_once(self):
        @settings(**PATIENT)
        @given(days(), days())
        def check(one, other):
            first, last = sorted((one, other))
            starts = interest.half_years(first, last)
            self.assertLessEqual(starts[0], first)
            self.assertGreaterEqual(interest.half_year_end(starts[-1]), last)
            for before, after in zip(starts, starts[1:], strict=False):
                self.assertEqual(interest.half_year_end(before) + interest.DAY, after)

        check()

    def test_rounding_is_off_by_half_a_coin_at_most(self):
        @settings(**PATIENT)
        @given(st.fractions(0, 10**6), st.sampled_from([0.01, 0.05, 0.001, 1.0]))
        def check(amount, coin):
            rounded = interest.exact(interest.round_once(amount, coin))
            self.assertLessEqual(abs(rounded - amount), interest.exact(coin) / 2)

        check()
