"""The arithmetic of late interest, without a database."""

from datetime import date

from odoo.tests import BaseCase, tagged

from ..tools import interest

GERMAN = {date(2025, 1, 1): 11.27, date(2025, 7, 1): 10.27}
BRITISH = {date(2025, 1, 1): 12.75, date(2025, 7, 1): 12.25}
BRITISH_BANDS = [(0, 40), (1000, 70), (10000, 100)]
EURO_BANDS = [(0, 40)]


@tagged("post_install", "-at_install")
class TestInterest(BaseCase):
    def test_vectors(self):
        """The published and computed examples, to the cent."""
        table = [
            # law, amount, first and last day, rates, floating, interest, bands, lump
            (
                "DE: 29 days at 11.27 %, 62 at 10.27 %",
                (10000, date(2025, 6, 2), date(2025, 8, 31), GERMAN, True),
                (263.99, EURO_BANDS, 40),
            ),
            (
                "UK: the same debt, fixed at 12.75 %, 91 days",
                (10000, date(2025, 6, 2), date(2025, 8, 31), BRITISH, False),
                (317.88, BRITISH_BANDS, 100),
            ),
            (
                "UK: 101 days at 12.25 %",
                (5000, date(2025, 7, 1), date(2025, 10, 9), BRITISH, False),
                (169.49, BRITISH_BANDS, 70),
            ),
        ]
        for name, (amount, first, last, rates, is_floating), expected in table:
            with self.subTest(name):
                due, bands, lump_sum = expected
                slices = interest.cut(
                    first,
                    last,
                    amount,
                    [],
                    rates.__getitem__,
                    is_floating=is_floating,
                )
                self.assertEqual(interest.round_once(interest.total(slices)), due)
                self.assertEqual(interest.lump_sum(amount, bands), lump_sum)

    def test_german_parts(self):
        slices = interest.cut(
            date(2025, 6, 2), date(2025, 8, 31), 10000, [], GERMAN.__getitem__
        )
        self.assertEqual([piece.days for piece in slices], [29, 62])
        self.assertEqual(
            [interest.round_once(piece.interest()) for piece in slices],
            [89.54, 174.45],
        )

    def test_rounding_each_day_would_be_wrong(self):
        piece = interest.Slice(
            date(2025, 7, 1),
            date(2025, 10, 9),
            interest.exact(5000),
            interest.exact(12.25),
        )
        self.assertEqual(piece.days, 101)
        daily = interest.round_once(piece._replace(last=piece.first).interest())
        self.assertEqual(round(daily * 101, 2), 169.68)
        self.assertEqual(interest.round_once(piece.interest()), 169.49)

    def test_second_message_bills_the_30_new_days_only(self):
        first = interest.cut(
            date(2025, 7, 2), date(2025, 8, 1), 1000, [], GERMAN.__getitem__
        )
        second = interest.cut(
            first[-1].last + interest.DAY,
            date(2025, 8, 31),
            1000,
            [],
            GERMAN.__getitem__,
        )
        self.assertEqual([piece.days for piece in second], [30])

    def test_leap_day_counts_and_the_year_has_365_days(self):
        slices = interest.cut(
            date(2024, 1, 1), date(2024, 12, 31), 365, [], lambda _day: 10.0
        )
        self.assertEqual(interest.round_once(interest.total(slices)), 36.6)

    def test_day_of_payment_still_bears_interest(self):
        slices = interest.cut(
            date(2025, 8, 1),
            date(2025, 8, 10),
            600,
            [(date(2025, 8, 4), 400)],
            GERMAN.__getitem__,
        )
        self.assertEqual(
            [(piece.last.day, int(piece.balance)) for piece in slices],
            [(4, 1000), (10, 600)],
        )

    def test_missing_rate_is_never_guessed(self):
        with self.assertRaises(KeyError):
            interest.cut(
                date(2025, 12, 31), date(2026, 1, 1), 100, [], GERMAN.__getitem__
            )

    def test_no_rate_is_asked_for_days_on_which_nothing_was_owed(self):
        slices = interest.cut(
            date(2025, 8, 1),
            date(2026, 3, 1),
            0,
            [(date(2025, 8, 31), 500)],
            GERMAN.__getitem__,
        )
        self.assertEqual([piece.last for piece in slices], [date(2025, 8, 31)])

    def test_bands(self):
        table = [(1, 40), (999.99, 40), (1000, 70), (9999.99, 70), (10000, 100)]
        for debt, expected in table:
            with self.subTest(debt):
                self.assertEqual(interest.lump_sum(debt, BRITISH_BANDS), expected)
        self.assertEqual(interest.lump_sum(50, [(100, 40)]), 0)
        self.assertEqual(interest.lump_sum(50, []), 0)
