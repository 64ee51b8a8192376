"""On which day a line is paid, with an interval that holds in 80 % of all cases."""

from typing import NamedTuple

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from .features import never_empty

MIN_LINES = 200
MIN_LARGE = 5_000
WAIT = 30
"""Days after the due date from which a line teaches: unpaid ones with their delay so
far, as those that were paid by then alone would make payers look quicker."""

STEPS, MANY_STEPS = 150, 600
BOUND_STEPS = 200
"""Trees of a model of few and of many lines, and of a bound of many: its width is
measured afterwards."""

COVERAGE = 0.8
LOW, HIGH = (1 - COVERAGE) / 2, (1 + COVERAGE) / 2
CALIBRATED = 0.2
"""Share of the lines, the latest due, that the width of the interval is taken from."""


class Days(NamedTuple):
    """Days after the due date; negative before it."""

    days: np.ndarray
    low: np.ndarray
    high: np.ndarray


class DayRule:
    """The median of the customer's last 50 payments, else the firm's."""

    name = "rule"

    def __init__(self, samples, day):
        samples = samples.where(samples.matured(day, days_after=WAIT))
        days_late = samples.days_late(day)
        self.median = float(np.median(days_late)) if len(samples) else 0.0
        rest = days_late - self.usual(samples)
        self.low, self.high = np.quantile(rest, [LOW, HIGH]) if len(rest) else (0, 0)

    def usual(self, samples):
        usual = samples.of("median_of_50")
        return np.where(np.isnan(usual), self.median, usual)

    def predict(self, samples):
        usual = self.usual(samples)
        return Days(usual, usual + self.low, usual + self.high)


class DayTrees:
    """Boosted trees on what the rule leaves over, and a conformal interval.

    With few lines the customer's median is uncertain: then a second model starts from
    the due date instead, and the mean of both is taken.

    The two quantiles are learnt from the older lines; on the later ones it is measured
    how much wider they have to be (split conformal prediction).
    """

    name = "trees"

    def __init__(self, samples, day):
        self.rule = DayRule(samples, day)
        samples = samples.where(samples.matured(day, days_after=WAIT))
        samples = samples.where(np.argsort(samples.due, kind="stable"))
        days_late = samples.days_late(day)
        rest = days_late - self.rule.usual(samples)
        self.fitted = self._fit(samples.matrix, rest, loss="absolute_error")
        self.second = None
        if len(samples) < MIN_LARGE:
            self.second = self._fit(samples.matrix, days_late, loss="absolute_error")
        older = int(len(samples) * (1 - CALIBRATED))
        self.bounds = [
            self._fit(
                samples.matrix[:older],
                rest[:older],
                BOUND_STEPS,
                loss="quantile",
                quantile=share,
            )
            for share in (LOW, HIGH)
        ]
        low, high = (bound.predict(samples.matrix[older:]) for bound in self.bounds)
        missed = np.maximum(low - rest[older:], rest[older:] - high)
        share = min(COVERAGE * (1 + 1 / len(missed)), 1)
        self.wider = float(np.quantile(missed, share, method="higher"))

    @staticmethod
    def _fit(matrix, target, most_steps=MANY_STEPS, **loss):
        large = len(target) >= MIN_LARGE
        return HistGradientBoostingRegressor(
            learning_rate=0.06 if large else 0.04,
            max_iter=most_steps if large else STEPS,
            max_leaf_nodes=31 if large else 8,
            min_samples_leaf=30,
            l2_regularization=1,
            early_stopping=False,
            random_state=0,
            **loss,
        ).fit(never_empty(matrix), target)

    def predict(self, samples):
        usual = self.rule.usual(samples)
        if not len(samples):
            return Days(usual, usual, usual)
        days = usual + self.fitted.predict(samples.matrix)
        if self.second:
            days = (days + self.second.predict(samples.matrix)) / 2
        low, high = (usual + bound.predict(samples.matrix) for bound in self.bounds)
        return Days(
            days,
            np.minimum(low - self.wider, days),
            np.maximum(high + self.wider, days),
        )


HEADS = {model.name: model for model in (DayRule, DayTrees)}


def train(samples, day):
    """The model for lines issued from ``day`` on, of those issued before."""
    matured = samples.matured(day, days_after=WAIT).sum()
    return (DayTrees if matured >= MIN_LINES else DayRule)(samples, day)
