"""Reasons that add up to the number they explain."""

import numpy as np

from odoo.tests import BaseCase

from ..tools import explanation, late_model
from ..tools.features import ALL_FEATURES, GROUPS, columns
from .common import made_up_lines


class TestExplanation(BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.samples, _truth = made_up_lines(1200)
        known = cls.samples.where(cls.samples.issued < 600)
        cls.model = late_model.train(known, 600)
        cls.typical = explanation.typical(known.matrix)

    def test_parts_add_up_to_the_chance(self):
        """For every line, also for lines of which next to nothing is known."""
        matrix = self.samples.matrix[:400].copy()
        holes = np.random.default_rng(3).random(matrix.shape) < 0.3
        always = columns(["late_share", "weekday_late_share", "due_weekday"])
        holes[:, always] = False
        for lines in (matrix, np.where(holes, np.nan, matrix)):
            base, parts = explanation.parts(self.model.predict, lines, self.typical)
            said = base + parts.sum(axis=1)
            self.assertLess(np.abs(said - self.model.predict(lines)).max(), 1e-9)
            self.assertGreater(np.abs(parts).max(), 0.05)

    def test_what_a_model_does_not_look_at_has_no_part(self):
        """The rule knows the customer's history alone."""
        rule = late_model.Rule()
        _base, parts = explanation.parts(
            rule.predict, self.samples.matrix[:50], self.typical
        )
        history = explanation.NAMES.index("history")
        self.assertGreater(np.abs(parts[:, history]).max(), 0)
        self.assertFalse(np.delete(parts, history, axis=1).any())

    def test_groups_that_do_the_same_get_the_same(self):
        """Symmetry: one whole point each for two groups of equal effect, none lost to
        the order in which they are looked at."""
        matrix = np.ones((1, len(ALL_FEATURES)))
        terms, late = columns(["terms", "late_share"])

        def both(lines):
            return lines[:, terms] * lines[:, late]

        base, parts = explanation.parts(both, matrix, np.zeros(len(ALL_FEATURES)))
        found = dict(zip(GROUPS, parts[0], strict=True))
        self.assertEqual(base, 0)
        self.assertAlmostEqual(found["invoice"], 0.5)
        self.assertAlmostEqual(found["history"], 0.5)

    def test_rounded_points_add_up(self):
        random = np.random.default_rng(5)
        for _time in range(300):
            shares = dict(enumerate(random.normal(0, 0.2, 7)))
            total = sum(shares.values())
            points = explanation.in_points(total, shares)
            self.assertEqual(sum(points.values()), round(total * 100))
            for name, share in shares.items():
                self.assertLess(abs(points[name] - share * 100), 1.01)
