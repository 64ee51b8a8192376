"""A ledger that is made up, with the true chance of each line to be late."""

import numpy as np

from ..tools.features import ALL_FEATURES, PAID, Samples, columns


def made_up_lines(number, seed=19, days=700, customers=60, terms=30):
    """Lines as ``Samples`` and their true chances.

    Customers differ, and who is due at a weekend pays late more often. Days late are
    drawn around the line's own centre; figures of the history are noisy views of it.
    """
    random = np.random.default_rng(seed)
    issued = np.sort(random.integers(0, days, number)) * 1.0
    who = random.integers(0, customers, number)
    weekday = (issued + terms + 3) % 7 + 1
    centre = random.normal(-3, 6, customers)[who] + 4 * (weekday > 5)
    days_late = np.round(random.normal(centre, 5))
    late = _chance_above(0.5, centre, 5)
    matrix = random.normal(0, 1, (number, len(ALL_FEATURES)))
    seen = random.normal(centre, 1, number)
    matrix[:, columns(["due_weekday"])] = weekday[:, None]
    matrix[:, columns(["weekday_late_share", "late_share"])] = _chance_above(
        0.5, seen - 4 * (weekday > 5), 5
    )[:, None]
    for name in ("mean_days_late", "median_of_50"):
        matrix[:, columns([name])] = (seen - 4 * (weekday > 5))[:, None]
    due = issued + terms
    settled = np.maximum(due + days_late, issued)
    samples = Samples(
        np.arange(number) * 1.0,
        issued,
        issued,
        due,
        due,
        settled,
        settled,
        np.full(number, PAID) * 1.0,
        matrix,
    )
    return samples, late


def _chance_above(limit, centre, spread):
    """P(X > limit) of a normal distribution, by the logistic curve next to it."""
    return 1 / (1 + np.exp(1.702 * (limit - centre) / spread))
