"""How good predicted chances of late payment were, once the truth is known."""

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score


def expected_calibration_error(outcomes, chances, bins=15):
    """Return how far predicted chances are from what happened, on average.

    The chances are sorted into bins of equal width; in each one the share of late
    lines is compared with the mean chance, and bins count by their size. This is 0
    for chances that can be taken at their word:

    >>> expected_calibration_error([0, 0, 0, 1], [0.25, 0.25, 0.25, 0.25])
    0.0

    Three of four were said to be late, none was:

    >>> expected_calibration_error([0, 0, 0, 0], [0.75, 0.75, 0.75, 0.75])
    0.75
    """
    outcomes = np.asarray(outcomes, dtype=float)
    chances = np.asarray(chances, dtype=float)
    bin_of = np.minimum((chances * bins).astype(int), bins - 1)
    surplus = np.bincount(bin_of, weights=chances - outcomes, minlength=bins)
    return float(np.abs(surplus).sum() / len(chances))


def late_figures(outcomes, chances):
    """Return the figures by which predictions of late payment are compared.

    Lower is better for `brier` and `ece`, higher for `auc` and `ap`:

    >>> late_figures([0, 0, 1, 1], [0.0, 0.5, 0.5, 1.0])
    {'auc': 0.875, 'ap': 0.833..., 'brier': 0.125, 'ece': 0.0, 'n': 4}

    Where all lines were late, or none, nothing can be ranked:

    >>> late_figures([0, 0], [0.5, 0.5])
    {'auc': None, 'ap': None, 'brier': 0.25, 'ece': 0.5, 'n': 2}
    """
    rankable = len(set(outcomes)) == 2
    return {
        "auc": float(roc_auc_score(outcomes, chances)) if rankable else None,
        "ap": float(average_precision_score(outcomes, chances)) if rankable else None,
        "brier": float(brier_score_loss(outcomes, chances)),
        "ece": expected_calibration_error(outcomes, chances),
        "n": len(outcomes),
    }
