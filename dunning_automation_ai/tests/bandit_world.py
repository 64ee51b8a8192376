"""Customers who are reminded in different ways, with a truth that only the maker
knows: each way works a little differently with each of them."""

import numpy as np

from ..tools import bandit

YEAR = 365
WINDOW = bandit.WINDOW.days


class World:
    """Customers of very different volume; a payment comes with a daily hazard that a
    reminder raises for some days, the less the more reminders the customer had."""

    def __init__(self, seed, effects, number=500, years=1, customers=150, switch=False):
        """
        :param effects: log of the factor by which each way raises the hazard
        :param switch: whether the best and the first way change places after a year
        """
        self.random = np.random.default_rng(seed)
        self.effects, self.switch = np.asarray(effects, float), switch
        volume = self.random.pareto(2.4, customers) + 0.1
        self.hazard = np.exp(self.random.normal(-2.9, 0.7, customers))
        self.own = self.random.normal(0, 0.3, (customers, len(effects)))
        self.events = sorted(
            zip(
                self.random.integers(0, YEAR * years, number * years).tolist(),
                self.random.choice(
                    customers, number * years, p=volume / volume.sum()
                ).tolist(),
                strict=True,
            )
        )
        self.before = np.zeros(customers)

    def chance(self, who, arm, day):
        """True chance that who is reminded so pays within the window."""
        effects = self.effects
        if self.switch and day >= YEAR:
            best = effects.argmax()
            effects = effects.copy()
            effects[[0, best]] = effects[[best, 0]]
        tired = 0.97 ** self.before[who]
        decay = np.exp(-np.arange(WINDOW) / 9)
        effect = (effects[arm] + self.own[who, arm]) * tired * decay
        return 1 - np.exp(-(self.hazard[who] * np.exp(effect)).sum())

    def live(self, choose):
        """Let all reminders happen.

        :param choose: function (day, who, paid, number) -> (arm, propensity), which
            sees the rewards of windows that are over
        :return: rows of (day, who, arm, propensity, paid, true chance, best chance,
            messages of which the reward was known)
        """
        arms = len(self.effects)
        rows, waiting, known = [], [], 0
        paid, number, known_on = np.zeros(arms), np.zeros(arms), 0
        for day, who in self.events:
            forgotten = 0.5 ** ((day - known_on) / bandit.HALF_LIFE)
            paid, number, known_on = paid * forgotten, number * forgotten, day
            while waiting and waiting[0][0] + WINDOW < day:
                _sent, arm, reward = waiting.pop(0)
                paid[arm] += reward
                number[arm] += 1
                known += 1
            arm, propensity = choose(day, who, paid, number)
            true = [self.chance(who, each, day) for each in range(arms)]
            reward = self.random.random() < true[arm]
            waiting.append((day, arm, reward))
            rows.append(
                (day, who, arm, propensity, reward, true[arm], max(true), known)
            )
            self.before[who] += 1
        return np.array(rows, dtype=float)


class Thompson:
    """As the product chooses: shares from evidence, a lot per customer and block."""

    def __init__(self, seed, arms):
        self.random, self.arms = np.random.default_rng(seed + 1000), arms
        self.known, self.weights = None, None
        self.lots = {}

    def __call__(self, day, who, paid, number):
        if self.known != day:  # As the nightly job does.
            self.known = day
            best = bandit.chances_best(*bandit.posterior(paid, number))
            self.weights = bandit.shares(best)
        key = bandit.key_of("arm", who, Day(day))
        lots = self.lots.setdefault(key, self.random.random(self.arms))
        arm = int(np.argmax(np.log(lots) / self.weights))
        return arm, self.weights[arm]


class Uniform(Thompson):
    """The same, without learning."""

    def __call__(self, day, who, paid, number):
        return super().__call__(day, who, paid * 0, number * 0)


def fixed(day, who, paid, number):
    """Always the first way."""
    return 0, 1.0


def greedy(day, who, paid, number):
    """What did best so far."""
    return int(np.argmax((paid + 2) / (number + 6))), 1.0


class Day(int):
    def toordinal(self):
        return int(self)
