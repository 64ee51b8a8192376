"""How good the predictions would have been: train up to a day, predict what came next.

Of each cut-off only what was known on its morning is used. The lines issued in the
days after it are predicted and, at the end, compared with what became of them.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from . import day_model, late_model, payment_days, very_late
from .features import PAID, to_date, to_number
from .metrics import late_figures

HORIZON = 45
FOLDS = 3
AT_ONCE = 2
"""Cut-offs; each keeps a core busy, most of the time outside of Python."""
WARM_UP = 0.4
"""Share of the time between the first and the last issue that is only learnt from."""

WORSE = 0.01
"""Brier score by which no cut-off may be worse than the rule."""


MIN_VERY_LATE = 30
"""Lines of a back-test that were that late, to judge by."""

VERY = {"very_late": "late", "very_late_rule": "rule", "very_late_base": "base"}


class Fold(NamedTuple):
    """One cut-off: the lines after it, with their outcomes and what was predicted."""

    day: int
    trained: int
    late: np.ndarray
    chances: dict  # name of the model -> chances
    days_late: np.ndarray  # of those that were paid
    predicted: dict  # name of the model -> ``Days`` of those
    very_late: np.ndarray  # of those of which it is known
    very_chances: dict  # name of the model -> chances of those
    line: np.ndarray  # ids of the lines

    @property
    def date(self):
        return to_date(self.day)


@dataclass
class BackTest:
    """The folds of one training, and the figures over all of them."""

    folds: list = field(default_factory=list)

    def figures(self):
        """{"late": ..., "rule": ..., "base": ..., "date": ...}, None where empty."""
        late = self._all(fold.late for fold in self.folds)
        found = {
            key: late_figures(late, self._chances(key)) if len(late) else None
            for key in ("late", "rule", "base")
        }
        return {**found, **self._very_figures(), "date": self._date_figures()}

    def _very_figures(self):
        """{"very_late": ..., "very_late_rule": ..., "very_late_base": ...}"""
        late = self._all(fold.very_late for fold in self.folds)
        return {
            name: late_figures(
                late, self._all(fold.very_chances[key] for fold in self.folds)
            )
            if len(late)
            else None
            for name, key in VERY.items()
        }

    def beats_very_rule(self):
        """Whether the model may tell who pays more than 30 days late: better than the
        customer's average and than one chance for all, and enough of them were."""
        found = self._very_figures()
        count = self._all(fold.very_late for fold in self.folds).sum()
        return bool(
            len(self.folds) >= FOLDS
            and count >= MIN_VERY_LATE
            and all(
                found["very_late"]["brier"] < found[other]["brier"]
                for other in ("very_late_rule", "very_late_base")
            )
        )

    def _date_figures(self):
        paid = self._all(fold.days_late for fold in self.folds)
        if not len(paid):
            return None
        days, low, high = (
            self._all(fold.predicted["late"][part] for fold in self.folds)
            for part in range(3)
        )
        missed = {
            key: np.abs(
                paid - self._all(fold.predicted[key].days for fold in self.folds)
            )
            for key in ("late", "rule", "base")
        }
        return {
            "mae": float(missed["late"].mean()),
            "rule_mae": float(missed["rule"].mean()),
            "base_mae": float(missed["base"].mean()),
            "within_3": float((missed["late"] <= 3).mean()),
            "coverage80": float(((low <= paid) & (paid <= high)).mean()),
            "width80": float((high - low).mean()),
            "n": len(paid),
        }

    def beats_rule(self, key="late"):
        """Whether a model may replace the rule for the chance of being late.

        :param key: which one of those that the folds know
        """
        return bool(
            len(self.folds) >= FOLDS
            and self.brier(key) < self.brier("rule")
            and all(
                np.mean((fold.chances[key] - fold.late) ** 2)
                <= np.mean((fold.chances["rule"] - fold.late) ** 2) + WORSE
                for fold in self.folds
            )
        )

    def brier(self, key):
        """Mean squared distance between chance and truth, over all folds."""
        late = self._all(fold.late for fold in self.folds)
        return float(np.mean((self._chances(key) - late) ** 2))

    def beats_day_rule(self):
        """Whether the model may replace the rule for the day of payment."""
        dates = self.figures()["date"]
        return bool(
            len(self.folds) >= FOLDS and dates and dates["mae"] < dates["rule_mae"]
        )

    def reliability(self, bins=10):
        """(mean chance, share that was late, number) in bins of equal number."""
        late = self._all(fold.late for fold in self.folds)
        chances = self._chances("late")
        return [
            (float(chances[part].mean()), float(late[part].mean()), len(part))
            for part in np.array_split(np.argsort(chances, kind="stable"), bins)
            if len(part)
        ]

    def lift(self, parts=10):
        """(share of the lines, share of the late ones among them), the likeliest to be
        late first. Empty where none was late."""
        late = self._all(fold.late for fold in self.folds)
        found = np.cumsum(late[np.argsort(-self._chances("late"), kind="stable")])
        if not len(late) or not found[-1]:
            return []
        ends = [len(late) * part // parts for part in range(1, parts + 1)]
        return [(end / len(late), float(found[end - 1] / found[-1])) for end in ends]

    def day_shape(self, key):
        """How payments lay around the predicted day, see ``payment_days.shape_of``.

        :param key: "late" or "rule", whose days
        """
        paid = self._all(fold.days_late for fold in self.folds)
        parts = [
            self._all(fold.predicted[key][part] for fold in self.folds)
            for part in range(3)
        ]
        return payment_days.shape_of(paid, day_model.Days(*parts))

    def _chances(self, key):
        return self._all(fold.chances[key] for fold in self.folds)

    @staticmethod
    def _all(parts):
        return np.concatenate([np.empty(0), *parts])


def cut_offs(samples, end, horizon=HORIZON):
    """The mornings to predict from: every ``horizon`` days after the warm-up.

    >>> class Year:
    ...     issued = np.arange(0, 366)
    >>> cut_offs(Year, end=366, horizon=100)
    [146, 246, 346]
    """
    issued = samples.issued[samples.issued < end]
    if not len(issued):
        return []
    first, last = issued.min(), issued.max()
    return [
        int(day) for day in np.arange(first + (last - first) * WARM_UP, last, horizon)
    ]


def run(samples, end, prior, horizon=HORIZON, progress=None, champion=None):
    """Train and predict at each cut-off.

    :param samples: all lines issued before ``end``, each on the day of its issue
    :param date end: nothing from then on is known
    :param prior: share that is late where next to nothing is known
    :param progress: called with (cut-offs done, all) after each
    :param champion: name of a model that predicts the same lines, as "champion"
    """
    result = BackTest()
    end = to_number(end)
    days = cut_offs(samples, end, horizon)

    def predict(day):
        # More threads than idle cores wait for each other: far slower than one.
        with threadpool_limits(1):
            return _fold(samples, day, day + horizon, end, prior, champion)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number, fold in enumerate(pool.map(predict, days), 1):
            if fold:
                result.folds.append(fold)
            if progress:
                progress(number, len(days))
    return result


def _fold(samples, day, until, end, prior, champion=None):
    known = samples.where(samples.issued < day)
    tested = samples.where(
        (samples.issued >= day) & (samples.issued < until) & samples.matured(end)
    )
    try:
        matured, late = late_model.learnable(known, day)
    except late_model.PaidOnlyError:
        return None
    if not (len(tested) and len(matured)):
        return None
    models = {
        "late": late_model.choose(late)(matured, late),
        "rule": late_model.Rule(),
        "base": late_model.Base(matured, late, prior),
    }
    if champion:
        models["champion"] = late_model.make(champion, matured, late)
    very = very_late.models(known, day)
    judged = tested.where(tested.matured(end, very_late.DAYS))
    paid = tested.where((tested.how == PAID) & tested.known_by(end))
    rule = day_model.DayRule(known, day)
    due = np.zeros(len(paid))
    return Fold(
        day,
        len(matured),
        tested.late(end),
        {key: model.predict(tested.matrix) for key, model in models.items()},
        paid.days_late(end),
        {
            "late": day_model.train(known, day).predict(paid),
            "rule": rule.predict(paid),
            "base": day_model.Days(due, due, due),
        },
        very_late.outcomes(judged, end),
        {
            key: model.predict(judged.matrix) if len(judged) else np.empty(0)
            for key, model in very.items()
        },
        tested.line,
    )
