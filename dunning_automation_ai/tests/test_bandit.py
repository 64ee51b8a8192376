"""The simulation of reminders: what learning gains, and what it must never do."""

import doctest

import numpy as np

from odoo.tests import BaseCase

from ..tools import bandit, send_hours
from . import bandit_world
from .bandit_world import WINDOW, Thompson, Uniform, World, fixed, greedy

SEEDS = range(40)
TWELVE = (0, 0.1, 0.2, 0.64)
"""The last way is paid on about 12 points more often than the first."""


def chosen(rows, arm):
    return rows[rows[:, 2] == arm]


def regret(rows):
    return (rows[:, 6] - rows[:, 5]).sum()


class TestBandit(BaseCase):
    def test_doctests(self):
        for module in (bandit, bandit_world, send_hours):
            self.assertFalse(doctest.testmod(module).failed)

    def test_less_regret_than_by_lot(self):
        """In 9 of 10 worlds, with 500 reminders a year."""
        wins = 0
        for seed in SEEDS:
            learnt, lot = (
                World(seed, TWELVE).live(way(seed, 4)) for way in (Thompson, Uniform)
            )
            wins += regret(learnt) < regret(lot)
            for arm in range(4):
                self.assertGreater(len(chosen(learnt, arm)) / 500, 0.01)
        self.assertGreaterEqual(wins, 36)

    def test_between_the_fixed_way_and_the_oracle(self):
        total = dict.fromkeys(("fixed", "greedy", "learnt"), 0)
        for seed in range(10):
            for name, choose in (
                ("fixed", fixed),
                ("greedy", greedy),
                ("learnt", Thompson(seed, 4)),
            ):
                total[name] += regret(World(seed, TWELVE).live(choose))
        self.assertLess(0, total["learnt"])
        self.assertLess(total["learnt"], total["greedy"])
        self.assertLess(total["learnt"], 0.75 * total["fixed"])

    def test_equal_ways_keep_their_floor_and_none_wins(self):
        """2.5 % each, less the error of 500 lots; a false winner in 1 of 20 at most."""
        winners = 0
        for seed in SEEDS:
            rows = World(seed, (0, 0, 0, 0)).live(Thompson(seed, 4))
            self.assertGreaterEqual(rows[:, 3].min(), bandit.FLOOR / 4 - 1e-9)
            sent = np.array([len(chosen(rows, arm)) for arm in range(4)])
            paid = np.array([chosen(rows, arm)[:, 4].sum() for arm in range(4)])
            self.assertGreaterEqual(sent.min() / 500, 0.025 - 2 * 0.007)
            best = bandit.chances_best(*bandit.posterior(paid, sent))
            winners += best.max() > bandit.SURE
        self.assertLessEqual(winners, 2)

    def test_no_reward_before_its_window(self):
        rows = World(1, TWELVE).live(Thompson(1, 4))
        for day, known in rows[:, [0, 7]]:
            self.assertLessEqual(known, (rows[:, 0] + WINDOW < day).sum())

    def test_follows_when_another_way_becomes_the_best(self):
        """It is the first one after a year; two years later most reminders go there."""
        shares = []
        for seed in range(10):
            world = World(seed, TWELVE, years=3, switch=True)
            rows = world.live(Thompson(seed, 4))
            shares.append(
                [
                    (part[:, 2] == 0).mean()
                    for part in (rows[rows[:, 0] < 365], rows[rows[:, 0] > 912])
                ]
            )
        before, after = np.mean(shares, axis=0)
        self.assertLess(before, 0.2)
        self.assertGreater(after, 0.4)

    def test_customer_keeps_his_way_for_a_month(self):
        rows = World(5, TWELVE).live(Uniform(5, 4))
        for who in np.unique(rows[:, 1]):
            mine = rows[rows[:, 1] == who]
            keys = np.array(
                [
                    bandit.key_of("arm", int(who), bandit_world.Day(d))
                    for d in mine[:, 0]
                ]
            )
            for key in np.unique(keys):
                self.assertEqual(len(np.unique(mine[keys == key, 2])), 1)

    def test_same_seed_same_run(self):
        first, second = (World(9, TWELVE).live(Thompson(9, 4)) for _time in range(2))
        self.assertEqual(first.tobytes(), second.tobytes())

    def test_observed_is_biased_and_randomised_is_not(self):
        """Letters to the worst payers seem to be useless, although they work."""
        naive, fair, true = [], [], []
        for seed in range(12):
            world = World(seed, (0, 0.5), number=3000)
            world.own[:] = 0
            worst = world.hazard < np.median(world.hazard)
            observed = world.live(
                lambda _day, who, *_known, worst=worst: (int(worst[who]), 1.0)
            )
            world = World(seed, (0, 0.5), number=3000)
            world.own[:] = 0
            random = world.live(Thompson(seed, 2))
            weight = 1 / random[:, 3]
            naive.append(
                chosen(observed, 1)[:, 4].mean() - chosen(observed, 0)[:, 4].mean()
            )
            means = [
                np.average(random[it, 4], weights=weight[it])
                for it in (random[:, 2] == 0, random[:, 2] == 1)
            ]
            fair.append(means[1] - means[0])
            both = [
                [world.chance(int(row[1]), arm, 0) for arm in (0, 1)] for row in random
            ]
            true.append(np.diff(np.mean(both, axis=0))[0])
        self.assertLess(np.mean(naive), 0)
        self.assertGreater(np.mean(true), 0.02)
        error = np.std(np.subtract(fair, true)) / len(true) ** 0.5
        self.assertLess(abs(np.mean(fair) - np.mean(true)), 3 * error)

    def test_segment_that_nobody_knows_is_like_all(self):
        firm = bandit.posterior([300, 400], [1000, 1000])
        a, b = bandit.pooled(firm, np.zeros(2), np.zeros(2))
        np.testing.assert_allclose(a / (a + b), firm[0] / sum(firm))
        a, b = bandit.pooled(firm, np.array([180, 20]), np.array([200, 200]))
        self.assertGreater(a[0] / (a + b)[0], 0.75)
        self.assertLess(a[1] / (a + b)[1], 0.2)
