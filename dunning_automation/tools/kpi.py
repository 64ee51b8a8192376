"""Figures by which collections is measured: pure formulas.

Amounts are in one currency, which currency does not matter; days are days, rates are
percent. Sales are posted customer invoices less credit notes, tax included, because
receivables include it. Nothing is rounded here.

A figure that cannot be computed is no zero: it is a ``Figure`` without value that says
why.
"""

from typing import NamedTuple

NO_SALES = "no_sales"
OLDER = "older_than_sales"
NOTHING_DUE = "nothing_to_collect"
NOTHING_COUNTED = "nothing_counted"


class Figure(NamedTuple):
    """A figure, or None and the reason (one of the codes above)."""

    value: float | None
    reason: str = ""


def _ratio(part, whole, reason, factor=100.0):
    return Figure(factor * part / whole) if whole > 0 else Figure(None, reason)


def dso_simple(receivables, sales, days):
    """Days sales outstanding: receivables at the end / sales of the period x its days
    (Gaviti, growfin). With only what is not past due as ``receivables`` it is the best
    possible DSO (apruve).

    >>> round(dso_simple(6340, 10890, 90).value, 2)
    52.4
    >>> round(dso_simple(3590, 10890, 90).value, 2)
    29.67
    >>> dso_simple(6340, 0, 90)
    Figure(value=None, reason='no_sales')
    """
    return _ratio(receivables, sales, NO_SALES, days)


def dso_countback(receivables, months):
    """Days sales outstanding by exhaustion (Upflow): take the sales of the latest month
    away from the receivables and count its days, and so on; of the last month count the
    part that is left. A month without sales counts its days and takes nothing away.

    :param months: (sales, days) of each month, the latest first

    >>> quarter = [(3890, 31), (3610, 28), (3390, 31)]
    >>> round(dso_countback(6340, quarter).value, 2)
    50.0
    >>> round(dso_countback(3590, quarter).value, 2)
    28.61
    >>> dso_countback(20000, quarter).reason, dso_countback(0, []).value
    ('older_than_sales', 0.0)
    """
    counted = 0.0
    for sales, days in months:
        if receivables <= 0:
            break
        if 0 < receivables <= sales:
            return Figure(counted + days * receivables / sales)
        receivables -= max(sales, 0)
        counted += days
    return Figure(None, OLDER) if receivables > 0 else Figure(counted)


def average_days_delinquent(dso, best_possible_dso):
    """How many days of the DSO are lateness: DSO less the best possible one (Gaviti).

    >>> round(average_days_delinquent(Figure(52.40), Figure(29.67)).value, 2)
    22.73
    >>> average_days_delinquent(Figure(None, NO_SALES), Figure(1.0)).reason
    'no_sales'
    """
    for figure in (dso, best_possible_dso):
        if figure.value is None:
            return figure
    return Figure(dso.value - best_possible_dso.value)


def cei(opening, sales, ending, ending_not_due):
    """Collection effectiveness index in percent: of what could be collected in the
    period, how much is not there any more (creditguru). The sales are those of the
    whole period, so that opening + sales - ending is what was settled. Credit notes
    and write-offs count as settled: see ``cei_cash``.

    >>> round(cei(6200, 10890, 6340, 3590).value, 2)
    79.63
    >>> cei(0, 100, 100, 100)
    Figure(value=None, reason='nothing_to_collect')
    """
    return cei_cash(opening, sales, ending_not_due, opening + sales - ending)


def cei_cash(opening, sales, ending_not_due, cash):
    """The same index with ``cash`` received alone above the line: writing off does not
    improve it.

    >>> round(cei_cash(6200, 10890, 3590, 10000).value, 2)
    74.07
    """
    return _ratio(cash, opening + sales - ending_not_due, NOTHING_DUE)


def recovery_rate(collected, entered):
    """Percent of the amounts that were reminded of which was collected (vcc.live).

    >>> recovery_rate(75, 300), recovery_rate(0, 0).reason
    (Figure(value=25.0, reason=''), 'nothing_counted')
    """
    return _ratio(collected, entered, NOTHING_COUNTED)


def promise_kept_rate(kept, partial, broken):
    """Percent of the promises of which the end is known that were kept in full (states
    as in SAP). Numbers or amounts, all three of one kind.

    >>> promise_kept_rate(6, 1, 3).value, promise_kept_rate(0, 0, 0).value
    (60.0, None)
    """
    return _ratio(kept, kept + partial + broken, NOTHING_COUNTED)


def at_risk_rate(unpaid, billed):
    """Percent of what was billed that was unpaid 90 days after it was due (Upflow).

    >>> at_risk_rate(5, 200).value, at_risk_rate(0, 0).reason
    (2.5, 'nothing_counted')
    """
    return _ratio(unpaid, billed, NOTHING_COUNTED)
