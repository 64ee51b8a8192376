"""Models that are taken only where they are better, and that never look ahead."""

from dataclasses import replace

import numpy as np

from odoo.tests import BaseCase

from ..tools import (
    back_test,
    day_model,
    late_model,
    report,
)
from ..tools.features import CREDITED, RISING, columns, to_date
from ..tools.late_model import PaidOnlyError
from .common import made_up_lines


class TestPredictions(BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.samples, cls.truth = made_up_lines(2400)
        cls.result = back_test.run(cls.samples, to_date(740), prior=0.35, horizon=90)

    def test_paid_only_is_refused(self):
        known = self.samples.where(self.samples.issued < 600)
        with self.assertRaises(PaidOnlyError):
            late_model.train(known.where(known.known_by(600)), 600)

    def test_unpaid_counts_as_late_once_it_is_due(self):
        """As it was known on day 600: later payments are none yet."""
        known = self.samples.where(self.samples.issued < 600)
        matured, late = late_model.learnable(known, 600)
        still_open = ~matured.known_by(600)
        self.assertTrue(still_open.any())
        self.assertTrue(late[still_open].all())
        self.assertTrue((matured.limit < 600).all())

    def test_credited_lines_teach_nothing(self):
        how = np.where(self.samples.line % 2, CREDITED, self.samples.how)
        credited = replace(self.samples, how=how)
        matured, _late = late_model.learnable(
            credited.where(credited.issued < 600), 600
        )
        self.assertFalse((matured.known_by(600) & (matured.how == CREDITED)).any())

    def test_later_payments_do_not_change_a_training(self):
        """The same model, whatever the payments from its day on will be."""
        known = self.samples.where(self.samples.issued < 400)
        later = ~known.known_by(400)
        moved = replace(
            known,
            settled=np.where(later, known.settled + 50, known.settled),
            known=np.where(later, np.nan, known.known),
        )
        tested = self.samples.where(self.samples.issued >= 400)
        first, second = (
            late_model.train(lines, 400).predict(tested.matrix)
            for lines in (known, moved)
        )
        self.assertEqual(first.tobytes(), second.tobytes())
        first, second = (
            day_model.train(lines, 400).predict(tested) for lines in (known, moved)
        )
        self.assertEqual(first.days.tobytes(), second.days.tobytes())

    def test_more_trouble_is_never_less_risk(self):
        known = self.samples.where(self.samples.issued < 600)
        matured, late = late_model.learnable(known, 600)
        trees = late_model.Trees(matured, late)
        lines = self.samples.matrix[:300]
        for column in columns(RISING):
            worse = lines.copy()
            worse[:, column] += 0.3
            self.assertTrue((trees.predict(worse) >= trees.predict(lines) - 1e-9).all())

    def test_chances_can_be_taken_at_their_word(self):
        """Against the truth that only the maker of the ledger knows."""
        known = self.samples.where(self.samples.issued < 600)
        model = late_model.train(known, 600)
        self.assertEqual(model.name, "blend")
        later = self.samples.issued >= 600
        said, true = model.predict(self.samples.matrix[later]), self.truth[later]
        bins = np.array_split(np.argsort(said), 5)
        wrong = [abs(said[part].mean() - true[part].mean()) for part in bins]
        self.assertLess(np.mean(wrong), 0.06)

    def test_better_than_the_rule_where_there_is_more_to_know(self):
        found = self.result.figures()
        self.assertLess(found["late"]["brier"], found["rule"]["brier"])
        self.assertGreater(found["late"]["auc"], found["rule"]["auc"])
        self.assertLess(found["date"]["mae"], found["date"]["rule_mae"])
        self.assertTrue(self.result.beats_rule())
        self.assertTrue(self.result.beats_day_rule())

    def test_more_than_thirty_days_late(self):
        """Judged apart: of the lines that have been due for so long, paid or not."""
        lines = replace(
            self.samples,
            settled=self.samples.settled + 28,
            known=self.samples.known + 28,
        )
        result = back_test.run(lines, to_date(740), prior=0.35, horizon=90)
        found = result.figures()
        share = np.concatenate([fold.very_late for fold in result.folds]).mean()
        self.assertTrue(0.1 < share < 0.6, share)
        self.assertLess(found["very_late"]["brier"], found["very_late_base"]["brier"])
        self.assertGreater(found["very_late"]["auc"], 0.8)
        self.assertLessEqual(found["very_late"]["n"], found["late"]["n"])
        self.assertIn("More than 30 days late", report.Report(result).markdown())

    def test_nothing_is_old_enough_to_be_very_late(self):
        """Of the last cut-off one knows who was late, but not yet who was very late."""
        result = back_test.run(self.samples, to_date(690), prior=0.35, horizon=90)
        last = result.folds[-1]
        self.assertTrue(len(last.late))
        self.assertFalse(len(last.very_late))
        self.assertTrue(result.figures()["very_late"]["n"])

    def test_nobody_of_a_cut_off_has_paid(self):
        """There is no day to compare with, and no error."""
        later = self.samples.issued >= 630
        unpaid = replace(
            self.samples, known=np.where(later, np.nan, self.samples.known)
        )
        result = back_test.run(unpaid, to_date(740), prior=0.35, horizon=90)
        self.assertFalse(len(result.folds[-1].days_late))
        self.assertTrue(result.figures()["date"]["n"])

    def test_nobody_more_than_thirty_days_late(self):
        """There is nothing to learn: the rule it is, and no error."""
        self.assertFalse(self.result.beats_very_rule())
        found = self.result.figures()["very_late"]
        self.assertLess(found["brier"], 0.01)

    def test_interval_holds_what_it_says(self):
        found = self.result.figures()["date"]
        self.assertAlmostEqual(found["coverage80"], 0.8, delta=0.06)

    def test_rule_stays_where_the_model_is_worse(self):
        """Nothing but noise to learn from, beside a rule that knows the truth."""
        lines = replace(self.samples, matrix=self.samples.matrix.copy())
        lines.matrix[:, :15] = np.random.default_rng(1).normal(0, 1, (2400, 15))
        lines.matrix[:, columns(["due_weekday"])] = 1
        lines.matrix[:, columns(["late_share"])] = self.truth[:, None]
        late_share = columns(["late_share"])[0]
        noise = replace(lines, matrix=lines.matrix.copy())
        noise.matrix[noise.issued < 600, late_share] = 0.5
        result = back_test.run(noise, to_date(740), prior=0.35, horizon=60)
        self.assertFalse(result.beats_rule())

    def test_strange_ledgers_end_with_the_rule(self):
        few = self.samples.where(slice(100))
        due = self.samples.due
        none_late = replace(self.samples, settled=due, known=due)
        all_late = replace(self.samples, settled=due + 9, known=due + 9)
        for name, lines in (
            ("no line", self.samples.where(slice(0))),
            ("one line", self.samples.where(slice(1))),
            ("few", few),
            ("none late", none_late),
            ("all late", all_late),
        ):
            with self.subTest(name):
                result = back_test.run(lines, to_date(740), prior=0.35, horizon=90)
                self.assertFalse(result.beats_rule())
                self.assertTrue(report.Report(result).markdown())

    def test_same_ledger_same_figures(self):
        again = back_test.run(self.samples, to_date(740), prior=0.35, horizon=90)
        self.assertEqual(again.figures(), self.result.figures())

    def test_nothing_known_of_a_feature(self):
        """As of a young ledger, in which nobody has paid yet at the first cut-off."""
        lines = replace(self.samples, matrix=self.samples.matrix.copy())
        lines.matrix[:, columns(["last_days_late", "mean_of_10"])] = np.nan
        result = back_test.run(lines, to_date(740), prior=0.35, horizon=90)
        self.assertTrue(result.figures()["late"]["n"])
