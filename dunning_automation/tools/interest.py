"""Late interest: simple, by actual days, rounded once.

Directive 2011/7/EU (articles 2 and 3) and the laws of its family: the rate of 1 January
or 1 July holds for the half-year; the United Kingdom (SI 2002/1675, article 4) keeps
the rate of the half-year in which interest started for the whole life of the debt.
Interest runs from the day after the due date to the day of payment, both included, on
what is open with its taxes.

Amounts are in the currency of the debt, percentages are per year. Everything is exact
(``Fraction``) until ``round_once``, so that it makes no difference where a period is
cut.
"""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

DAY = timedelta(days=1)
DAY_BASIS = 365
"""Days of a year, in leap years too: practice in Germany and in the United Kingdom."""


class Slice(NamedTuple):
    """Days on which neither what was open nor the rate changed."""

    first: date
    last: date
    """included"""
    balance: Fraction
    percent: Fraction

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def interest(self, day_basis: int = DAY_BASIS) -> Fraction:
        """Not rounded."""
        return self.balance * self.percent / 100 * self.days / day_basis


def exact(number: float) -> Fraction:
    """The decimal number that a float stands for.

    >>> exact(11.27)
    Fraction(1127, 100)
    """
    return Fraction(str(number))


def half_year(day: date) -> date:
    """The first day of the half-year of ``day``.

    >>> str(half_year(date(2025, 6, 30))), str(half_year(date(2025, 7, 1)))
    ('2025-01-01', '2025-07-01')
    """
    return date(day.year, 1 if day.month <= 6 else 7, 1)


def half_year_end(day: date) -> date:
    """The last day of the half-year of ``day``.

    >>> str(half_year_end(date(2025, 1, 1))), str(half_year_end(date(2025, 8, 9)))
    ('2025-06-30', '2025-12-31')
    """
    return date(day.year, 6, 30) if day.month <= 6 else date(day.year, 12, 31)


def half_years(first: date, last: date) -> list[date]:
    """The first days of all half-years that ``first`` to ``last`` touches.

    >>> [str(day) for day in half_years(date(2025, 6, 30), date(2026, 1, 1))]
    ['2025-01-01', '2025-07-01', '2026-01-01']
    """
    found = []
    while first <= last:
        found.append(half_year(first))
        first = half_year_end(first) + DAY
    return found


def cut(
    first: date,
    last: date,
    open_amount: float,
    payments: Iterable[tuple[date, float]],
    percent_of: Callable[[date], float],
    start: date | None = None,
    is_floating: bool = True,
) -> list[Slice]:
    """Cut ``first`` to ``last`` wherever the open amount or the rate changes.

    :param last: the day of payment, or the day of the message; it still bears interest
    :param open_amount: open after all ``payments``
    :param payments: ``[(day, amount), ...]``; the day of a payment bears interest on it
    :param percent_of: margin and reference rate of the half-year that begins on a day;
        it is asked for those that are needed and may refuse
    :param start: the day on which interest on this debt began, where that is before
        ``first``; it decides the rate that does not float

    Half of 10,000 is paid on 30 June 2025, where the German rate changes, too:

    >>> rates = {date(2025, 1, 1): 11.27, date(2025, 7, 1): 10.27}
    >>> slices = cut(date(2025, 6, 2), date(2025, 8, 31), 5000.0,
    ...              [(date(2025, 6, 30), 5000.0)], rates.__getitem__)
    >>> [(piece.days, float(piece.balance), float(piece.percent)) for piece in slices]
    [(29, 10000.0, 11.27), (62, 5000.0, 10.27)]
    """
    payments = [(day, exact(amount)) for day, amount in payments]
    cuts = {first} | {day + DAY for day, _amount in payments}
    if is_floating:
        cuts |= set(half_years(first, last))
    begins = sorted(day for day in cuts if first <= day <= last)
    slices = []
    for begin, following in zip(begins, [*begins[1:], last + DAY], strict=True):
        balance = exact(open_amount)
        balance += sum(amount for day, amount in payments if day >= begin)
        if balance > 0:
            decisive = begin if is_floating else start or first
            percent = exact(percent_of(half_year(decisive)))
            slices.append(Slice(begin, following - DAY, balance, percent))
    return slices


def total(slices: Iterable[Slice], day_basis: int = DAY_BASIS) -> Fraction:
    """The interest on ``slices``, not rounded and never below zero."""
    return max(sum((piece.interest(day_basis) for piece in slices), Fraction()), 0)


def round_once(amount: Fraction, rounding: float = 0.01) -> float:
    """Round half up to the smallest coin, ``rounding``.

    Rounding each day would give 169.68 here:

    >>> piece = Slice(date(2025, 1, 1), date(2025, 4, 11), exact(5000), exact(12.25))
    >>> piece.days, round_once(piece.interest())
    (101, 169.49)
    >>> round_once(exact(0.125)), round_once(exact(12.5), 1.0)
    (0.13, 13.0)
    """
    coin = exact(rounding)
    return float((amount / coin + Fraction(1, 2)).__floor__() * coin)


def lump_sum(debt: float, bands: Iterable[tuple[float, float]]) -> float:
    """The compensation for a ``debt``: that of the highest band it reaches, else 0.

    :param bands: ``[(debt from, compensation), ...]`` in one currency

    >>> british = [(0, 40), (1000, 70), (10000, 100)]
    >>> [lump_sum(debt, british) for debt in (999.99, 1000, 9999.99, 10000)]
    [40, 70, 70, 100]
    """
    reached = [band for band in bands if exact(band[0]) <= exact(debt)]
    return max(reached)[1] if reached else 0.0
