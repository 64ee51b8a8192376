"""What speaks for a chance, in parts that add up to it.

Exact Shapley values: the line starts as the firm's typical one and takes on its own
figures, group by group; each group's part is the mean of what it changes, over all 120
orders. The parts describe the model: what goes along with late payment, not its cause.
"""

from math import factorial

import numpy as np

from .features import ALL_FEATURES, GROUPS, columns

NAMES = tuple(GROUPS)


def typical(matrix):
    """The firm's median line; what is known of no line stays unknown.

    >>> typical(np.array([[1.0, np.nan], [3.0, np.nan]])).tolist()
    [2.0, nan]
    """
    found = np.full(matrix.shape[1], np.nan)
    known = ~np.isnan(matrix).all(axis=0)
    if known.any():
        found[known] = np.nanmedian(matrix[:, known], axis=0)
    return found


def parts(predict, matrix, reference):
    """The chance of the typical line, and each group's part for each line.

    :param predict: function of a matrix of features, returns chances
    :return: a number, and an array with a row per line and a column per group
    """
    chances = [_mixed(predict, matrix, reference, group) for group in range(1 << 5)]
    found = np.zeros((len(matrix), len(NAMES)))
    for place in range(len(NAMES)):
        for others in range(1 << len(NAMES)):
            if not others >> place & 1:
                weight = _weight(others.bit_count(), len(NAMES))
                gain = chances[others | 1 << place] - chances[others]
                found[:, place] += weight * gain
    base = float(predict(reference[None])[0])
    return base, found


def _mixed(predict, matrix, reference, chosen):
    """Chances where the ``chosen`` groups (bits) are the lines' own."""
    mixed = np.tile(reference, (len(matrix), 1))
    for place, name in enumerate(NAMES):
        if chosen >> place & 1:
            own = columns(GROUPS[name])
            mixed[:, own] = matrix[:, own]
            if name == "calendar":  # The economy is part of when it is.
                own = slice(len(ALL_FEATURES), None)
                mixed[:, own] = matrix[:, own]
    return predict(mixed) if len(matrix) else np.empty(0)


def _weight(size, number):
    """
    >>> [_weight(size, 3) for size in range(3)]  # 1 + 2 + 1 coalitions: 1 in all
    [0.3333333333333333, 0.16666666666666666, 0.3333333333333333]
    """
    return factorial(size) * factorial(number - size - 1) / factorial(number)


def in_points(total, shares):
    """Shares as whole percentage points that add up to the rounded total.

    :param dict shares: name -> part; the largest remainders are rounded up

    >>> in_points(0.68, {"base": 0.244, "recent": 0.214, "calendar": 0.222})
    {'base': 25, 'recent': 21, 'calendar': 22}
    >>> in_points(0.0, {})
    {}
    """
    exact = {name: share * 100 for name, share in shares.items()}
    points = {name: int(np.floor(value)) for name, value in exact.items()}
    missing = round(total * 100) - sum(points.values())
    order = sorted(exact, key=lambda name: points[name] - exact[name])
    for name in order[: max(missing, 0)]:
        points[name] += 1
    return points
