"""Who takes which case: the one of the pool who has least to do.

Pure functions about plain values, so that a preview and the real thing agree.
"""

from collections.abc import Hashable, Iterable, Mapping
from typing import NamedTuple


class Load(NamedTuple):
    """What a collector has on the desk; less of it sorts first."""

    cases: int = 0
    amount: float = 0.0

    def plus(self, amount: float) -> "Load":
        return Load(self.cases + 1, self.amount + amount)


def distribute(
    cases: Iterable[tuple[Hashable, float, Iterable]],
    loads: Mapping[Hashable, Load] | None = None,
) -> dict:
    """Give each case to the member of its pool with the smallest load.

    Fewer open cases first, then the smaller overdue amount, then the smaller key, so
    that the same question always has the same answer. What was given counts at once.
    The largest cases are given first: the amounts come out as even as the numbers.

    :param cases: ``(case, overdue amount, pool)``, the pool being keys of people
    :param loads: what they have already; nothing where a key is missing
    :return: {case: key}, without the cases whose pool is empty

    >>> distribute([("big", 900, "ab"), ("small", 10, "ab"), ("mid", 50, "ab")])
    {'big': 'a', 'mid': 'b', 'small': 'b'}
    >>> distribute([("case", 5, "ab")], {"a": Load(1, 5), "b": Load(1, 4)})
    {'case': 'b'}
    >>> distribute([("case", 5, "ab")], {"a": Load(2, 0), "b": Load(1, 999)})
    {'case': 'b'}
    >>> distribute([("case", 5, ())])
    {}
    """
    loads, given = dict(loads or {}), {}
    # Sorted is stable: cases of the same amount stay in the order in which they came.
    for case, amount, pool in sorted(cases, key=lambda row: -row[1]):
        if pool:
            taker = min(pool, key=lambda key: (loads.get(key, Load()), key))
            loads[taker] = loads.get(taker, Load()).plus(amount)
            given[case] = taker
    return given
