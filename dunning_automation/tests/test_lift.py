from odoo.tests import BaseCase, tagged

from ..tools import lift

try:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st
except ImportError:
    given = None

PUBLISHED = [
    # Newcombe 1998, table II, method 10: hits, number, hits, number, low, high
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0000),
]


@tagged("post_install", "-at_install")
class TestLift(BaseCase):
    """Whether a difference of two shares is more than chance."""

    def test_published_intervals(self):
        for *counts, low, high in PUBLISHED:
            with self.subTest(counts):
                _seen, found_low, found_high = lift.difference(*counts)
                self.assertAlmostEqual(found_low, low, 4)
                self.assertAlmostEqual(found_high, high, 4)

    def test_nothing_counted_is_no_difference(self):
        self.assertIsNone(lift.difference(0, 0, 1, 2))
        self.assertIsNone(lift.difference(1, 2, 0, 0))

    def test_numbers_of_the_text_books(self):
        """Fleiss, Statistical Methods for Rates and Proportions, without the
        correction for continuity."""
        for share, control, number in [(0.5, 0.3, 93), (0.45, 0.40, 1534)]:
            with self.subTest(share):
                self.assertEqual(lift.needed(share, control), number)
                self.assertEqual(lift.needed(control, share), number)

    if given:

        @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(
            st.integers(0, 500),
            st.integers(1, 500),
            st.integers(0, 500),
            st.integers(1, 500),
        )
        def test_any_counts(self, hits, number, control_hits, control_number):
            hits, control_hits = min(hits, number), min(control_hits, control_number)
            counts = (hits, number, control_hits, control_number)
            seen, low, high = lift.difference(*counts)
            self.assertLessEqual(-1.000001, low)
            self.assertLessEqual(low, seen + 1e-9)
            self.assertLessEqual(seen, high + 1e-9)
            self.assertLessEqual(high, 1.000001)
            mirrored = lift.difference(control_hits, control_number, hits, number)
            self.assertAlmostEqual(mirrored[1], -high)
            share, control = hits / number, control_hits / control_number
            self.assertGreater(lift.needed(share, control), 0)
