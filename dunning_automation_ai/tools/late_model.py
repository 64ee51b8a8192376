"""The chance that a line is paid late: rule, logistic regression, boosted trees.

Trained on what was known on a day; the fitted object lives in memory only.
"""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from .features import ALL_FEATURES, FEATURES, RISING, columns, learnt, never_empty

MIN_BLEND = 200
MIN_TREES = 10_000
MIN_LARGE = 5_000
"""Matured lines from which on there is more than the rule, trees alone, large trees."""

LOGGED = columns(
    [
        "terms",
        "known_outcomes",
        "mean_days_late",
        "sd_days_late",
        "last_days_late",
        "open_lines",
        "overdue_lines",
    ]
)
SHARES = columns(["weekday_late_share", "late_share"])
WEEKDAY = columns(["due_weekday"])[0]


class PaidOnlyError(ValueError):
    """The lines cannot teach who pays late: none of them is open."""


def logit(chances, least=1e-6):
    """Log odds, of chances that are kept off 0 and 1.

    >>> float(logit(0.5)), round(float(logit(1, least=0.01)), 3)
    (0.0, 4.595)
    """
    chances = np.clip(chances, least, 1 - least)
    return np.log(chances / (1 - chances))


def expit(odds):
    """The chances of log odds.

    >>> float(expit(logit(0.25)))
    0.25
    """
    return 1 / (1 + np.exp(-odds))


class Base:
    """The same chance for every line: the share that was late so far."""

    name = "base"

    def __init__(self, samples, late, prior):
        self.share = (late.sum() + 5 * prior) / (len(late) + 5)

    def predict(self, matrix):
        return np.full(len(matrix), self.share)


class Rule:
    """The customer's own late share, shrunk to the firm's: feature 7 as it is."""

    name = "rule"

    def __init__(self, samples=None, late=None):
        self.column = columns(["late_share"])[0]

    def predict(self, matrix):
        return np.clip(matrix[:, self.column], 0, 1)


class Scaled:
    """What another model says, times what makes the mean right: for an outcome that is
    rarer than the one that it was made for."""

    name = "scaled"

    def __init__(self, model, samples, late):
        self.model = model
        said = model.predict(samples.matrix).mean()
        self.factor = late.mean() / said if said else 0

    def predict(self, matrix):
        return np.clip(self.model.predict(matrix) * self.factor, 0, 1)


class Regression:
    """Logistic regression on the 15 features."""

    name = "lr"

    def __init__(self, samples, late):
        self.fitted = make_pipeline(
            FunctionTransformer(_linear),
            SimpleImputer(
                strategy="median", add_indicator=True, keep_empty_features=True
            ),
            StandardScaler(),
            LogisticRegression(C=0.5, max_iter=2000),
        ).fit(samples.matrix, late)

    def predict(self, matrix):
        return self.fitted.predict_proba(matrix)[:, 1]


class Trees:
    """Boosted trees on the 15 features; no split breaks what RISING promises."""

    name = "trees"

    def __init__(self, samples, late):
        large = len(late) >= MIN_LARGE
        self.fitted = HistGradientBoostingClassifier(
            learning_rate=0.06,
            max_iter=250 if large else 150,
            max_leaf_nodes=15 if large else 8,
            min_samples_leaf=50 if large else 20,
            l2_regularization=1,
            early_stopping=False,
            monotonic_cst=[int(name in RISING) for name in FEATURES]
            + [0] * (samples.matrix.shape[1] - len(ALL_FEATURES)),
            random_state=0,
        ).fit(never_empty(learnt(samples.matrix)), late)

    def predict(self, matrix):
        return self.fitted.predict_proba(learnt(matrix))[:, 1]


class Blend:
    """The mean of both in log odds."""

    name = "blend"

    def __init__(self, samples, late):
        self.parts = [Regression(samples, late), Trees(samples, late)]

    def predict(self, matrix):
        return expit(np.mean([logit(part.predict(matrix)) for part in self.parts], 0))


def _linear(matrix):
    """The features as a straight line can use them."""
    matrix = learnt(matrix)
    logged = matrix[:, LOGGED]
    matrix[:, LOGGED] = np.sign(logged) * np.log1p(np.abs(logged))
    matrix[:, SHARES] = logit(matrix[:, SHARES], least=0.01)
    weekdays = matrix[:, [WEEKDAY]] == np.arange(1, 8)
    return np.hstack([np.delete(matrix, WEEKDAY, axis=1), weekdays])


def learnable(samples, day):
    """The lines that ``day`` knows the outcome of, and the outcomes.

    :param samples: all lines issued before ``day``, open ones included
    :raise PaidOnlyError: where none is open, so that unpaid ones may have been left out
    """
    if len(samples) and samples.known_by(day).all():
        raise PaidOnlyError("None of the lines is open: the unpaid ones are missing.")
    matured = matured_lines(samples, day)
    return matured, matured.late(day)


def matured_lines(samples, day):
    """The lines whose outcome ``day`` knows."""
    return samples.where(samples.matured(day))


def choose(late):
    """Which model the number of matured lines allows.

    >>> choose(np.array([0, 1] * 99)).name, choose(np.array([0, 1] * 100)).name
    ('rule', 'blend')
    >>> choose(np.zeros(20_000)).name, choose(np.array([0, 1] * 5000)).name
    ('rule', 'trees')
    """
    if len(late) < MIN_BLEND or not 0 < late.sum() < len(late):
        return Rule
    return Blend if len(late) < MIN_TREES else Trees


HEADS = {model.name: model for model in (Rule, Blend, Trees)}


def make(name, matured, late):
    """The model of that name; the rule where there is nothing to tell apart.

    :param name: one of ``HEADS``
    """
    head = HEADS.get(name, Rule) if 0 < late.sum() < len(late) else Rule
    return head(matured, late)


def train(samples, day):
    """The model for the lines that are issued from ``day`` on; see ``learnable``."""
    matured, late = learnable(samples, day)
    return choose(late)(matured, late)
