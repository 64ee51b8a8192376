"""Whether predictions are what they promised, from lines whose outcome is known."""

from typing import NamedTuple

import numpy as np

WINDOW = 200
"""Lines that are looked at together; fewer tell nothing."""

MAX_Z = 3
MAX_PSI = 0.2
MIN_COVERAGE = 0.7


class Outcomes(NamedTuple):
    """What was first said of lines, and what came; the latest line last. ``inside``
    and ``missed`` (days) are NaN where no day was said or nothing was paid."""

    late: np.ndarray
    chance: np.ndarray
    rule: np.ndarray
    customer: np.ndarray
    inside: np.ndarray
    missed: np.ndarray

    def part(self, where):
        return Outcomes(*(values[where] for values in self))


def brier(outcomes, chances):
    """
    >>> brier(np.array([1.0, 0.0]), np.array([0.5, 0.5]))
    0.25
    """
    return float(np.mean((outcomes - chances) ** 2))


def z_score(outcomes):
    """How far observed and predicted late lines differ, in standard errors. Lines of a
    customer are late together: their errors are added up before they are squared.

    >>> one = np.ones(200)
    >>> same = Outcomes(one, one / 2, one / 2, one, one, one)
    >>> round(z_score(same), 2)
    1.0
    >>> round(z_score(same._replace(customer=np.arange(200))), 1)
    14.1
    """
    rest = outcomes.late - outcomes.chance
    _names, owner = np.unique(outcomes.customer, return_inverse=True)
    together = float((np.bincount(owner, weights=rest) ** 2).sum())
    alone = float((outcomes.chance * (1 - outcomes.chance)).sum())
    error = np.sqrt(max(together, alone))
    return float(rest.sum() / error) if error else 0.0


def stability(chances, reference):
    """Population stability index: 0 = chances lie as in the back-test.

    :param reference: mean chance of each of its bins, which held equally many lines

    >>> stability(np.arange(100) / 100, (np.arange(10) + 0.5) / 10) < 0.01
    True
    >>> stability(np.full(100, 0.95), (np.arange(10) + 0.5) / 10) > 1
    True
    """
    edges = (np.asarray(reference[1:]) + np.asarray(reference[:-1])) / 2
    found = np.bincount(np.searchsorted(edges, chances), minlength=len(reference))
    shares = np.maximum(found / len(chances), 0.005)
    usual = 1 / len(reference)
    return float(((shares - usual) * np.log(shares / usual)).sum())


def watch(outcomes, reference):
    """Figures of the last ``WINDOW`` lines, and what to do.

    :param reference: see ``stability``; empty = not compared
    :return: dict; ``state`` is "few", "ok", "alarm" or "fallback" (worse than the rule
        in two windows in a row), ``signs`` are codes of what is wrong
    """
    number = len(outcomes.late)
    if number < WINDOW:
        return {"state": "few", "number": number, "signs": []}
    last = outcomes.part(slice(-WINDOW, None))
    before = outcomes.part(slice(-2 * WINDOW, -WINDOW))
    found = {
        "number": WINDOW,
        "observed": float(last.late.mean()),
        "predicted": float(last.chance.mean()),
        "z": z_score(last),
        "brier": brier(last.late, last.chance),
        "rule_brier": brier(last.late, last.rule),
        "coverage": _mean(last.inside),
        "mae": _mean(last.missed),
        "psi": stability(last.chance, reference) if len(reference) > 1 else None,
    }
    signs = _signs(found)
    lost = "worse" in signs and len(before.late) == WINDOW
    lost = lost and brier(before.late, before.chance) > brier(before.late, before.rule)
    state = "fallback" if lost else "alarm" if signs else "ok"
    return {**found, "state": state, "signs": signs}


def _signs(found):
    checks = {
        "worse": found["brier"] > found["rule_brier"],
        "biased": abs(found["z"]) > MAX_Z,
        "moved": (found["psi"] or 0) > MAX_PSI,
        "narrow": found["coverage"] is not None and found["coverage"] < MIN_COVERAGE,
    }
    return [code for code, is_wrong in checks.items() if is_wrong]


def _mean(values):
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None
