"""All that may happen to a line, and what waiting tells."""

from dataclasses import replace

import numpy as np

from odoo.tests import BaseCase

from ..tools import open_lines, payment_days, very_late
from ..tools.back_test import run
from ..tools.day_model import Days
from ..tools.features import to_date
from .common import made_up_lines


def waiting(age, days=0, low=-5, high=10, payments=()):
    distributions = payment_days.spread(
        Days(*(np.array([float(day)]) for day in (days, low, high))),
        payment_days.NORMAL,
    )
    return payment_days.Waiting(
        distributions, np.array([float(age)]), np.array(payments, dtype=float)
    )


class TestPaymentDays(BaseCase):
    def test_interval_of_a_line_that_is_not_due(self):
        early = waiting(age=-60)
        for share, day in ((0.1, -5), (0.5, 0), (0.9, 10)):
            self.assertAlmostEqual(early.quantile(share)[0], day, delta=0.3)

    def test_no_day_lies_in_the_past(self):
        """Of a line that waits, the part that did not happen is cut off."""
        for age in (-5, 0, 3, 9):
            with self.subTest(age=age):
                line = waiting(age)
                low, middle, high = (line.quantile(it)[0] for it in (0.1, 0.5, 0.9))
                self.assertLessEqual(age, low)
                self.assertLess(low, middle)
                self.assertLess(middle, high)

    def test_very_late_lines_are_judged_by_payments_as_late(self):
        late = waiting(age=60, payments=[*range(50), *range(60, 100)])
        self.assertAlmostEqual(late.quantile(0.5)[0], 79, delta=1)
        self.assertGreater(late.stays_open()[0], 0.2)
        self.assertLess(late.stays_open()[0], 0.6)

    def test_later_than_any_payment_has_no_day(self):
        line = waiting(age=400, payments=range(60))
        self.assertTrue(np.isnan(line.quantile(0.5)[0]))
        self.assertGreater(line.stays_open()[0], 0.85)

    def test_waiting_raises_the_chance_and_never_above_one(self):
        chances = [
            payment_days.still_late(
                np.array([0.3]), waiting(age).punctual_open(np.array([3.0]))
            )[0]
            for age in range(-20, 4)
        ]
        self.assertAlmostEqual(chances[0], 0.3, places=2)
        self.assertEqual(chances, sorted(chances))
        self.assertGreater(chances[-1], 0.6)
        self.assertLessEqual(chances[-1], 1)

    def test_nobody_is_late_for_sure_before_the_limit(self):
        """Payments of a customer came ten days early at the latest, but this one is
        not late yet."""
        early = np.linspace(-30, -10, 99)[None, :]
        waiting = payment_days.Waiting(early, np.array([-1.0]), np.array([]))
        chance = payment_days.still_late(
            np.array([0.5]), waiting.punctual_open(np.array([0.0]))
        )
        self.assertLess(chance[0], 0.95)

    def test_shapes_that_are_none_are_not_used(self):
        """A stored shape that is missing, too short, unsorted, infinite or code."""
        good = np.linspace(-2, 3, 99)
        usable = payment_days.readable_shape(good.tolist())
        self.assertEqual(usable.tolist(), good.tolist())
        for bad in (
            None,
            [],
            good[:98].tolist(),
            good[::-1].tolist(),
            [*good[:98].tolist(), float("inf")],
            [*good[:98].tolist(), float("nan")],
            [*good[:98].tolist(), 1e30],
            {"a": 1},
            "os.system('true')",
            [[1, 2], [3]],
        ):
            with self.subTest(bad=str(bad)[:30]):
                found = payment_days.readable_shape(bad)
                self.assertIs(found, payment_days.NORMAL)


class TestOpenLines(BaseCase):
    """On a ledger with known truth, as it stands in its middle."""

    day = 600

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.samples, cls.truth = made_up_lines(2400)
        samples = cls.samples
        cls.known = samples.where(samples.issued < cls.day)
        is_open = (samples.issued < cls.day) & ~samples.known_by(cls.day)
        cls.lines = samples.where(is_open)
        result = run(cls.known, to_date(cls.day), prior=0.35, horizon=45)
        cls.found = open_lines.predict(
            cls.known,
            cls.lines,
            cls.day,
            "blend",
            "trees",
            result.day_shape("late"),
        )

    def test_waiting_makes_chances_truer(self):
        """Of those that are still open shortly before their limit, more are late than
        was said at their issue."""
        late = self.lines.late(2000)
        ahead = self.lines.limit - self.day
        near = (ahead >= 0) & (ahead <= 6)
        self.assertGreater(near.sum(), 15)
        now = self.found.chance[near]
        issued = now - self.found.parts[near, -1]
        truth = late[near]
        self.assertLess(np.mean((now - truth) ** 2), np.mean((issued - truth) ** 2))
        self.assertLess(abs(now.mean() - truth.mean()), 0.15)

    def test_parts_and_waiting_add_up(self):
        said = self.found.base + self.found.parts.sum(axis=1)
        self.assertLess(np.abs(said - self.found.chance).max(), 1e-9)

    def test_intervals_hold_what_they_say(self):
        days_late = self.lines.days_late(2000)
        found = self.found
        inside = (found.low <= days_late) & (days_late <= found.high)
        self.assertGreater(len(inside), 60)
        self.assertAlmostEqual(inside.mean(), 0.8, delta=0.12)
        self.assertTrue((found.low >= self.day - self.lines.due - 1e-9).all())

    def test_more_than_thirty_days_late(self):
        """As often as was said, never likelier than being late at all, and sure once
        thirty days are over. With another model than the one in use for being late."""
        slow = replace(
            self.samples,
            settled=self.samples.settled + 28,
            known=self.samples.known + 28,
        )
        known = slow.where(slow.issued < self.day)
        lines = known.where(~known.known_by(self.day))
        for head in ("rule", "blend"):
            with self.subTest(head):
                found = open_lines.predict(
                    known, lines, self.day, "rule", "rule", payment_days.NORMAL, head
                )
                truth = very_late.outcomes(lines, 2000)
                self.assertTrue(0.1 < truth.mean() < 0.9)
                self.assertAlmostEqual(found.very_late.mean(), truth.mean(), delta=0.12)
                self.assertTrue((found.very_late <= found.chance).all())
                over = self.day > lines.due + very_late.DAYS
                self.assertTrue((found.very_late[over] == 1).all())
                if head == "blend":
                    base = np.mean((truth.mean() - truth) ** 2)
                    self.assertLess(np.mean((found.very_late - truth) ** 2), base)

    def test_same_ledger_same_predictions(self):
        again = open_lines.predict(
            self.known, self.lines, self.day, "blend", "trees", payment_days.NORMAL
        )
        self.assertEqual(again.rule.tobytes(), self.found.rule.tobytes())
        self.assertEqual(again.base, self.found.base)

    def test_heads_that_do_not_exist_are_the_rule(self):
        found = open_lines.predict(
            self.known, self.lines, self.day, "evil", "evil", payment_days.NORMAL
        )
        parts = found.chance - found.parts[:, -1]
        self.assertTrue(np.allclose(parts, found.rule))

    def test_empty_ledgers(self):
        nothing = self.known.where(slice(0))
        found = open_lines.predict(
            nothing, nothing, self.day, "blend", "trees", payment_days.NORMAL
        )
        self.assertEqual(len(found.chance), 0)
        found = open_lines.predict(
            nothing, self.lines, self.day, "blend", "trees", payment_days.NORMAL
        )
        self.assertTrue(np.isnan([found.chance, found.very_late]).all())
        self.assertEqual(set(found.reason), {"no_payments"})
