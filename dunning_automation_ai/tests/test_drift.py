"""A model that is no longer what it promised is found, told, and withdrawn."""

from unittest.mock import patch

import numpy as np

from odoo.tests import BaseCase, tagged

from ..tools import drift
from ..tools.drift import Outcomes, watch
from ..tools.features import to_number
from .ledger_common import LedgerCommon

BINS = (np.arange(10) + 0.5) / 10


def outcomes(number=400, said=0.0, rule=0.0, seed=4, known=True, customers=100):
    """Lines whose true chance is known; what is said of them is off by so much."""
    random = np.random.default_rng(seed)
    truth = random.uniform(0, 1, number)
    late = (random.random(number) < truth) * 1.0

    def off(by):
        return np.clip(truth + by * random.choice([-1, 1], number), 0.01, 0.99)

    inside = (random.random(number) < 0.8) * 1.0 if known else np.full(number, np.nan)
    return Outcomes(
        late, off(said), off(rule), np.arange(number) % customers, inside, 3 * inside
    )


class TestDrift(BaseCase):
    def test_table(self):
        good = outcomes(rule=0.3)
        high = good._replace(chance=np.clip(good.chance + 0.25, 0, 1))
        turned = good._replace(
            chance=np.concatenate([good.chance[:200], good.rule[200:]]),
            rule=np.concatenate([good.rule[:200], good.chance[200:]]),
        )
        for name, given, state, sign in (
            ("as promised", good, "ok", None),
            ("too few", outcomes(150), "few", None),
            ("worse than the rule twice", outcomes(said=0.4), "fallback", "worse"),
            ("worse once, too young", outcomes(200, said=0.4), "alarm", "worse"),
            ("worse, but not before", turned, "alarm", "worse"),
            ("too high", high, "alarm", "biased"),
            ("narrow", good._replace(inside=good.inside * 0), "alarm", "narrow"),
            ("nobody paid yet", outcomes(rule=0.3, known=False), "ok", None),
        ):
            with self.subTest(name):
                found = watch(given, BINS)
                self.assertEqual(found["state"], state)
                if sign:
                    self.assertIn(sign, found["signs"])

    def test_moved_chances(self):
        moved = outcomes(rule=0.3)
        moved = moved._replace(chance=np.full(400, 0.5), rule=np.full(400, 0.95))
        self.assertIn("moved", watch(moved, BINS)["signs"])
        self.assertNotIn("moved", watch(moved, [])["signs"])

    def test_alarms_are_rare_when_all_is_well(self):
        """Of 100 ledgers on which the model knows the truth."""
        alarms = [
            seed
            for seed in range(100)
            if watch(outcomes(rule=0.3, seed=seed), BINS)["state"] != "ok"
        ]
        self.assertLess(len(alarms), 6)


@tagged("post_install", "-at_install")
class TestWatch(LedgerCommon):
    def champion(self):
        return (
            self.env["dunning.risk.model"]
            .sudo()
            .create(
                {
                    "company_id": self.company.id,
                    "date": self.today,
                    "state": "champion",
                    "head": "blend",
                    "day_head": "rule",
                }
            )
        )

    def watch(self, **found):
        result = {"number": 200, "state": "ok", "signs": [], **found}
        with patch.object(drift, "watch", lambda *arguments: result):
            return (
                self.env["dunning.risk.drift"]
                .sudo()
                ._watch(self.company, self.read_issued())
            )

    def read_issued(self):
        return self.env["dunning.risk.features"]._read_issued(
            self.company, self.today, 3, True
        )

    def test_first_predictions_meet_their_outcomes(self):
        """Said before the due date, judged once the limit is over, paid or not."""
        self.make_ledger(60)
        self.champion()
        paid, unpaid = (self.invoice(it, days_overdue=-5) for it in self.debtors[:2])
        overdue = self.invoice(self.debtors[2], days_overdue=9)
        self.predict()
        self.travel(days=4)
        self.pay(paid)
        self.travel(days=20)
        found = self.env["dunning.risk.drift"]._get_outcomes(
            self.company, self.read_issued(), to_number(self.today)
        )
        said = self.prediction(paid) + self.prediction(unpaid)
        mine = np.isin(found.chance, said.mapped("first_late_chance"))
        self.assertEqual(sorted(found.late[mine].tolist()), [0.0, 1.0])
        self.assertNotIn(1.0, found.chance.tolist())
        self.assertTrue(self.prediction(overdue))

    def test_alarm_is_one_task_until_all_is_well(self):
        champion = self.champion()
        for _day in range(2):
            record = self.watch(state="alarm", signs=["biased"])
            self.travel(days=1)
        self.assertIn("more or fewer", record.explanation)
        self.assertEqual(len(champion.activity_ids), 1)
        self.watch()
        self.assertFalse(champion.activity_ids)
        self.assertEqual(champion.state, "champion")

    def test_fall_back_to_the_rule(self):
        champion = self.champion()
        self.watch(state="fallback", signs=["worse"])
        self.assertEqual((champion.state, champion.reason), ("withdrawn", "drift"))
        self.assertEqual(len(champion.activity_ids), 1)
        event = self.env["dunning.event"].search(
            [("kind", "=", "risk_model_withdrawn")]
        )
        self.assertEqual(event.payload["reason"], "drift")
        self.assertFalse(self.watch())

    def test_without_a_model_nothing_is_watched(self):
        self.assertFalse(self.watch())
