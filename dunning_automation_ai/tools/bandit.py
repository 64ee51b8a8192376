"""Which of several ways works best: Thompson sampling, with all chances exact.

An arm is a way of doing it (a text, a channel, an hour); evidence is how many messages
went that way and how many were paid within the window. Each arm is chosen as often as
it is likely to be the best one, and at least as often as FLOOR says. The chances are
integrated, not drawn, so that the same evidence always gives the same ones, and each
choice knows how likely it was (its propensity).
"""

import math
from datetime import timedelta

import numpy as np
from scipy.stats import beta, norm

WINDOW = timedelta(days=7)
"""A message worked where what it asks for is paid within this time."""

BOOKING = timedelta(days=3)
"""So long after the window the bank's statements are waited for."""

BLOCK_DAYS = 30
"""A customer keeps his way for so long, while the evidence stays about the same."""

HALF_LIFE = 365
"""Days after which evidence counts half: what works changes."""

FLOOR = 0.1
"""Share of the choices that are made without regard to the evidence."""

PRIOR = (2.0, 4.0)
"""What is known before the first message: about one of three pays, as two of six."""

STRENGTH = 50.0
"""Messages' worth of what is true of all customers, for what is true of a segment."""

WORTH_TELLING = 0.05
"""Smaller differences between two arms are not looked for."""

SURE = 0.95
GRID = np.linspace(0.001, 0.999, 500)


def posterior(paid, number, prior=PRIOR):
    """Parameters (a, b) of the beta distributions of the arms' chances.

    >>> a, b = posterior([3, 0], [10, 0])
    >>> a.tolist(), b.tolist()
    ([5.0, 2.0], [11.0, 4.0])
    """
    paid, number = np.asarray(paid, float), np.asarray(number, float)
    return prior[0] + paid, prior[1] + number - paid


def pooled(everybody, paid, number):
    """Posterior of a segment: its own evidence, and what is true of everybody as if it
    came from at most STRENGTH messages of the segment.

    >>> everybody = posterior([300], [1000])
    >>> [float(round(value, 2)) for (value,) in pooled(everybody, [0], [0])]
    [15.01, 34.99]
    >>> a, b = pooled(everybody, [90], [100])
    >>> round(float(a[0] / (a[0] + b[0])), 2)
    0.7
    """
    a, b = everybody
    weight = np.minimum(a + b, STRENGTH) / (a + b)
    return a * weight + paid, b * weight + np.asarray(number) - paid


def chances_best(a, b):
    """The chance of each arm to be the best.

    >>> chances_best(*posterior([5, 5], [10, 10])).round(3).tolist()
    [0.5, 0.5]
    >>> chances_best(*posterior([40, 60], [100, 100])).round(3).tolist()
    [0.003, 0.997]
    """
    below = beta.cdf(GRID, a[:, None], b[:, None])
    density = beta.pdf(GRID, a[:, None], b[:, None])
    others = [np.delete(below, arm, 0).prod(axis=0) for arm in range(len(a))]
    best = (density * others).sum(axis=1)
    return best / best.sum()


def shares(best):
    """How often each arm is chosen: a FLOOR that is the same for all, the rest by
    their chances.

    >>> shares(np.array([1.0, 0.0])).round(3).tolist()
    [0.95, 0.05]
    """
    return (1 - FLOOR) * best + FLOOR / len(best)


def among(weights, options):
    """The shares of those options that are possible at the moment; the same for all
    where one is not known yet.

    >>> among({1: 0.5, 2: 0.3, 3: 0.2}, [2, 3])
    {2: 0.6, 3: 0.4}
    >>> among({1: 0.9}, [1, 2])
    {1: 0.5, 2: 0.5}
    """
    if set(options) - set(weights):
        return dict.fromkeys(options, 1 / len(options))
    total = sum(weights[option] for option in options)
    return {option: weights[option] / total for option in options}


def key_of(scope, debtor, day):
    """What a customer's choice hangs on: it stays for a block of days, which begins on
    another day for each customer.

    >>> from datetime import date
    >>> keys = [key_of("text", 7, date(2026, 1, day)) for day in range(1, 31)]
    >>> len(set(keys)) <= 2
    True
    """
    return f"{scope}/{debtor}/{(day.toordinal() + debtor * 7) // BLOCK_DAYS}"


def needed(first, second, power=0.8):
    """Messages per arm that it takes to tell two chances apart (5 % error).

    >>> needed(0.30, 0.40), needed(0.30, 0.35)
    (356, 1377)
    >>> needed(0.30, 0.30) == needed(0.30, 0.35)
    True
    """
    low = min(first, second)
    high = min(max(first, second, low + WORTH_TELLING), 1)
    mean = (low + high) / 2
    spread = norm.ppf(0.975) * math.sqrt(2 * mean * (1 - mean))
    spread += norm.ppf(power) * math.sqrt(low * (1 - low) + high * (1 - high))
    return math.ceil((spread / (high - low)) ** 2)


def more_needed(paid, number):
    """How many more messages it takes, per arm: the best two must have enough. 0 where
    that is so, or where there is one arm only.

    >>> more_needed([30, 40], [100, 100])
    300
    >>> more_needed([300, 400], [1000, 1000]), more_needed([3], [10])
    (0, 0)
    """
    if len(paid) < 2:
        return 0
    a, b = posterior(paid, number)
    means = a / (a + b)
    second, first = np.argsort(means, kind="stable")[-2:]
    enough = needed(means[first], means[second])
    return max(0, math.ceil(enough - min(number[first], number[second])))
