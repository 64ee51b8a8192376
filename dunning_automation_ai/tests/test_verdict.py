"""Champion, challenger and rule on the same cut-offs."""

import numpy as np

from odoo.tests import BaseCase

from ..tools.back_test import BackTest, Fold
from ..tools.day_model import Days
from ..tools.verdict import Verdict, decide

LATE = np.array([1.0, 0.0, 1.0, 0.0])


def result(off, champion=None, rule=0.3, days_off=1.0, folds=3):
    """A back-test whose chances miss the truth by so much."""
    chances = {"late": off, "rule": rule, "base": 0.5}
    if champion is not None:
        chances["champion"] = champion
    zero = np.zeros(4)
    fold = Fold(
        100,
        300,
        LATE,
        {key: np.abs(LATE - missed) for key, missed in chances.items()},
        zero,
        {
            "late": Days(zero + days_off, zero - 2, zero + 2),
            "rule": Days(zero + 2, zero - 2, zero + 2),
            "base": Days(zero, zero, zero),
        },
        very_late=zero[:0],  # Nobody is known to be.
        very_chances=dict.fromkeys(("late", "rule", "base"), zero[:0]),
        line=zero,
    )
    return BackTest([fold] * folds)


class TestVerdict(BaseCase):
    def test_table(self):
        for name, found, tried, champion, expected in (
            ("better than the rule", result(0.1), "blend", "rule", ("blend", None)),
            ("worse", result(0.4), "blend", "rule", ("rule", "rule_better")),
            ("as good", result(0.3), "blend", "rule", ("rule", "rule_better")),
            (
                "was better before",
                result(0.4),
                "blend",
                "blend",
                ("rule", "rule_better"),
            ),
            (
                "champion is better",
                result(0.2, 0.1),
                "trees",
                "blend",
                ("blend", "champion_better"),
            ),
            ("champion is worse", result(0.1, 0.2), "trees", "blend", ("trees", None)),
            (
                "challenger fails",
                result(0.4, 0.2),
                "trees",
                "blend",
                ("blend", "rule_better"),
            ),
            ("both fail", result(0.4, 0.5), "trees", "blend", ("rule", "rule_better")),
            ("too few lines", result(0.1), "rule", "blend", ("rule", "few_lines")),
            (
                "too few cut-offs",
                result(0.1, folds=2),
                "blend",
                "rule",
                ("rule", "rule_better"),
            ),
            ("no cut-off", BackTest(), "blend", "rule", ("rule", "no_cut_off")),
        ):
            with self.subTest(name):
                verdict = decide(found, tried, champion)
                self.assertEqual((verdict.head, verdict.reason), expected)

    def test_day_and_chance_are_decided_apart(self):
        self.assertEqual(
            decide(result(0.4, days_off=1), "blend"),
            Verdict("rule", "trees", "rule_better"),
        )
        self.assertEqual(
            decide(result(0.1, days_off=3), "blend"), Verdict("blend", "rule", None)
        )

    def test_lift(self):
        """The first half of the list holds all late ones."""
        found = result(0.1).lift(parts=4)
        self.assertEqual(found, [(0.25, 0.5), (0.5, 1.0), (0.75, 1.0), (1.0, 1.0)])
        self.assertEqual(BackTest().lift(), [])
