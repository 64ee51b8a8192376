"""What is predicted for the lines that are open on a day, and why."""

from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from . import day_model, explanation, late_model, payment_days, very_late
from .features import PAID, columns
from .late_model import PaidOnlyError

CHUNK = 20_000
"""Lines whose distributions (99 numbers each) are in memory at a time."""

KNOWN = columns(["known_outcomes"])[0]


class Predictions(NamedTuple):
    """Vectors with a value per line; NaN where nothing can be said.

    ``chance`` of being late, which is ``base`` (the firm's typical line) plus the
    ``parts`` (columns: explanation.NAMES, then what waiting so far adds). ``days``,
    ``low`` and ``high`` are days after the due date. ``stays_open`` is the chance that
    the line is still open in 30 days. ``rule`` is the chance by the rule alone,
    ``very_late`` that of being paid more than 30 days late.
    """

    chance: np.ndarray
    rule: np.ndarray
    base: float
    parts: np.ndarray
    days: np.ndarray
    low: np.ndarray
    high: np.ndarray
    stays_open: np.ndarray
    reason: np.ndarray
    very_late: np.ndarray


class Cautious:
    """A model that says the firm's own share for customers without any history: there
    no model has skill."""

    def __init__(self, model, rule):
        self.model = model
        self.rule = rule

    def predict(self, matrix):
        said = self.model.predict(matrix)
        return np.where(matrix[:, KNOWN] > 0, said, self.rule.predict(matrix))


def predict(known, lines, day, head, day_head, shape, very_head="rule"):
    """Fit on what is known and predict what is open.

    :param known: all lines issued before ``day``, each on the day of its issue
    :param lines: the open ones, as of ``day``
    :param head: name of the model for the chance, ``day_head`` for the day
    :param shape: see ``payment_days.readable_shape``
    :param very_head: name of the model for being more than 30 days late
    """
    with threadpool_limits(1):
        model = Cautious(_fit(known, day, head), late_model.Rule())
        chance = model.predict(lines.matrix) if len(lines) else np.empty(0)
        usual = known.matrix if len(known) else lines.matrix
        base, parts = explanation.parts(
            model.predict, lines.matrix, explanation.typical(usual)
        )
        very = _predict_very_late(known, lines, day, very_head)
        days = _fit_day(known, day, day_head)
        found = [
            _wait(known, lines.where(slice(start, start + CHUNK)), day, days, shape)
            for start in range(0, len(lines), CHUNK)
        ]
    distributions = [np.concatenate(part) for part in zip(*found, strict=True)]
    middle, low, high, stays_open, punctual_open, others_open = (
        distributions or [np.empty(0)] * 6
    )
    now = payment_days.still_late(chance, punctual_open)
    now = np.where(day > lines.limit, 1.0, now)
    if not len(late_model.matured_lines(known, day)):
        now = np.full(len(lines), np.nan)
    very = payment_days.still_late(very, others_open)
    very = np.where(day > lines.due + very_late.DAYS, 1.0, np.minimum(very, now))
    immediate = lines.due <= lines.issued
    for values in (now, very, middle, low, high, stays_open):
        values[immediate] = np.nan
    return Predictions(
        now,
        late_model.Rule().predict(lines.matrix),
        base,
        np.column_stack([parts, now - chance]),
        middle,
        low,
        high,
        stays_open,
        _reasons(lines, now, middle, day),
        very,
    )


def _fit(known, day, head):
    try:
        matured, late = late_model.learnable(known, day)
    except PaidOnlyError:
        return late_model.Rule()
    return late_model.make(head, matured, late)


def _predict_very_late(known, lines, day, head):
    """As at their issue; NaN where nothing has matured."""
    fitted = very_late.fit(known, day, head)
    if not (fitted and len(lines)):
        return np.full(len(lines), np.nan)
    return Cautious(*fitted).predict(lines.matrix)


def _fit_day(known, day, day_head):
    """The rule where too little has matured for trees."""
    matured = known.matured(day, days_after=day_model.WAIT).sum()
    if matured < day_model.MIN_LINES:
        day_head = day_model.DayRule.name
    return day_model.HEADS.get(day_head, day_model.DayRule)(known, day)


def _wait(known, lines, day, days, shape):
    """Median, both ends, what stays open, and the open share of the punctual ones and
    of those that are not very late."""
    paid = known.where(known.known_by(day) & (known.how == PAID))
    waiting = payment_days.Waiting(
        payment_days.spread(days.predict(lines), shape),
        day - lines.due,
        paid.days_late(day),
    )
    if not len(paid):
        nothing = [np.full(len(lines), np.nan) for _number in range(4)]
        return *nothing, np.ones(len(lines)), np.ones(len(lines))
    return (
        waiting.quantile(payment_days.MEDIAN),
        waiting.quantile(payment_days.LOW),
        waiting.quantile(payment_days.HIGH),
        waiting.stays_open(),
        waiting.punctual_open(lines.limit - lines.due),
        waiting.punctual_open(np.full(len(lines), very_late.DAYS)),
    )


def _reasons(lines, chance, days, day):
    """Codes of ``dunning.prediction.reason``, an empty one where nothing is odd."""
    known = lines.matrix[:, KNOWN] > 0
    found = np.where(known, "", "new_customer").astype("U20")
    found[np.isnan(days)] = "longer"
    found[day > lines.limit] = np.where(
        np.isnan(days[day > lines.limit]), "longer", "late_already"
    )
    found[np.isnan(chance)] = "no_payments"
    found[lines.due <= lines.issued] = "immediate"
    return found
