"""Whether more is paid with reminders than without: two shares compared.

Intervals are Wilson's for one share and Newcombe's for the difference of two (R. G.
Newcombe, Interval estimation for the difference between independent proportions,
Statistics in Medicine 17, 1998, method 10). They stay honest where few were counted.
"""

from math import ceil, sqrt

Z_95 = 1.959964
"""of a two-sided confidence of 95 %"""
Z_POWER = 0.841621
"""of a power of 80 %"""
LEAST = 0.05
"""A difference of 5 of 100 is looked for where nothing is seen yet."""


def wilson(hits, number):
    """The 95 % interval of a share.

    >>> [round(bound, 4) for bound in wilson(56, 70)]
    [0.6918, 0.877]
    """
    share = hits / number
    middle = share + Z_95**2 / (2 * number)
    half = Z_95 * sqrt(share * (1 - share) / number + Z_95**2 / (4 * number**2))
    size = 1 + Z_95**2 / number
    return max((middle - half) / size, 0.0), min((middle + half) / size, 1.0)


def difference(hits, number, control_hits, control_number):
    """How much larger the first share is: difference, lower and upper bound of the 95 %
    interval, from -1 to 1; None where nothing was counted on one side.

    >>> [round(figure, 4) for figure in difference(56, 70, 48, 80)]
    [0.2, 0.0524, 0.3339]
    >>> difference(3, 9, 0, 0)
    """
    if not number or not control_number:
        return None
    share, control = hits / number, control_hits / control_number
    low, high = wilson(hits, number)
    control_low, control_high = wilson(control_hits, control_number)
    seen = share - control
    return (
        seen,
        seen - sqrt((share - low) ** 2 + (control_high - control) ** 2),
        seen + sqrt((high - share) ** 2 + (control - control_low) ** 2),
    )


def needed(share, control):
    """How many of each group show this difference with a confidence of 95 % and a power
    of 80 %; where it is smaller than ``LEAST``, how many would show that.

    >>> needed(0.5, 0.3)
    93
    >>> needed(0.4, 0.4) == needed(0.42, 0.4)
    True
    """
    gap = max(abs(share - control), LEAST)
    low = min(share, control, 1 - gap)
    high = low + gap
    middle = (low + high) / 2
    root = Z_95 * sqrt(2 * middle * (1 - middle)) + Z_POWER * sqrt(
        low * (1 - low) + high * (1 - high)
    )
    return ceil((root / gap) ** 2)
