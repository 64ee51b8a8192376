"""What is said against a truth that only the maker of the ledger knows."""

import numpy as np

from odoo.tests import tagged

from ..tools import back_test
from ..tools.features import to_number
from ..tools.metrics import expected_calibration_error
from . import ledger_world
from .ledger_common import LedgerCommon

DAYS = 900


@tagged("post_install", "-at_install")
class TestKnownTruth(LedgerCommon):
    def test_chances_and_intervals_can_be_taken_at_their_word(self):
        """Features from the database, models and rolling back-test as in production:
        chances are at most 0.02 from the truth, and 78 to 82 % of the payments lie in
        the 80 % interval."""
        today = to_number(self.today)
        world = ledger_world.make(12_000, 250, today - DAYS, DAYS)
        self.assertTrue(0.25 < world.late.mean() < 0.45, world.late.mean())
        line_of = self.write_world(world)
        samples = self.env["dunning.risk.features"]._read_issued(
            self.company, self.today, 0, shift=True
        )
        self.assertEqual(len(samples), len(world.late))
        result = back_test.run(samples, self.today, 0.35)
        found = result.figures()
        truth = dict(zip(line_of, world.late, strict=True))
        said = np.concatenate([fold.chances["late"] for fold in result.folds])
        lines = np.concatenate([fold.line for fold in result.folds])
        true = np.array([truth[line] for line in lines])
        ece = expected_calibration_error(true, said)
        rule = np.concatenate([fold.chances["rule"] for fold in result.folds])
        self.assertLessEqual(ece, 0.02)
        self.assertLess(np.mean((said - true) ** 2), np.mean((rule - true) ** 2))
        self.assertTrue(0.78 <= found["date"]["coverage80"] <= 0.82, found["date"])
