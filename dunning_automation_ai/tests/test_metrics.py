import numpy as np

from odoo.tests import BaseCase

from ..tools.metrics import expected_calibration_error, late_figures


class TestMetrics(BaseCase):
    def test_calibration_error_table(self):
        for outcomes, chances, expected in (
            ([0, 1], [0.0, 1.0], 0.0),
            ([1, 0], [0.0, 1.0], 1.0),
            # one bin that is right, one of equal size that is 0.2 too high
            ([0, 1] * 5 + [0] * 10, [0.5] * 10 + [0.2] * 10, 0.1),
            # errors of opposite sign do not cancel between bins
            ([0] * 10 + [1] * 10, [0.1] * 10 + [0.9] * 10, 0.1),
        ):
            with self.subTest(outcomes=outcomes, chances=chances):
                error = expected_calibration_error(outcomes, chances)
                self.assertAlmostEqual(error, expected)

    def test_known_truth(self):
        """Chances that are the truth look calibrated; the same ones raised do not."""
        random = np.random.default_rng(19)
        truth = random.uniform(0, 0.8, 100_000)
        late = random.random(100_000) < truth
        self.assertLess(expected_calibration_error(late, truth), 0.01)
        error = expected_calibration_error(late, truth + 0.2)
        self.assertAlmostEqual(error, 0.2, delta=0.01)

    def test_sharper_chances_have_better_figures(self):
        late = [0, 0, 0, 1, 0, 1, 1, 1]
        base = late_figures(late, [0.5] * 8)
        sharp = late_figures(late, [0.1, 0.2, 0.2, 0.7, 0.3, 0.8, 0.8, 0.9])
        self.assertGreater(sharp["auc"], base["auc"])
        self.assertGreater(sharp["ap"], base["ap"])
        self.assertLess(sharp["brier"], base["brier"])
