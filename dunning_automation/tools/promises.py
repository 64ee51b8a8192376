"""When a promise to pay is kept, partially kept or broken.

The ledger decides: what was paid is what the promised lines owed at the moment of the
promise less what they owe now. Credit notes and write-offs count like money, because
the customer owes that much less. Amounts are in the currency of the promise.
"""

OPEN, KEPT, PARTIAL, BROKEN = "open", "kept", "partial", "broken"


def at_least(paid, amount, rounding):
    """Whether ``paid`` reaches ``amount``; half a smallest coin is no difference.

    >>> at_least(99.996, 100.0, 0.01), at_least(99.99, 100.0, 0.01)
    (True, False)
    """
    return paid - amount > -rounding / 2


def paid_since(baseline, residual):
    """What was paid; a bounced payment of earlier days takes nothing away.

    >>> paid_since(100.0, 40.0), paid_since(100.0, 120.0)
    (60.0, 0.0)
    """
    return max(baseline - residual, 0.0)


def decide(today, deadline, amount, paid, rounding, late=0.0, credit=0.0):
    """The state of a promise on ``today``.

    :param deadline: its date plus the days of tolerance; the whole day counts
    :param paid: set off against its lines since it was made
    :param late: the part of ``paid`` whose value date lies after the deadline
    :param credit: unallocated money that came in since; while it covers what is
        missing, nobody calls the promise broken: a person must allocate it

    >>> from datetime import date
    >>> due, after = date(2026, 3, 12), date(2026, 3, 13)
    >>> decide(due, due, 100.0, 0.0, 0.01), decide(due, due, 100.0, 100.0, 0.01)
    ('open', 'kept')
    >>> decide(after, due, 100.0, 0.0, 0.01), decide(after, due, 100.0, 30.0, 0.01)
    ('broken', 'partial')
    >>> decide(after, due, 100.0, 100.0, 0.01, late=100.0)
    'broken'
    >>> decide(after, due, 100.0, 30.0, 0.01, credit=70.0)
    'open'
    """
    if today <= deadline:
        return KEPT if at_least(paid, amount, rounding) else OPEN
    in_time = paid - late
    if at_least(in_time, amount, rounding):
        return KEPT
    if at_least(in_time + credit, amount, rounding):
        return OPEN
    return PARTIAL if at_least(in_time, rounding, rounding) else BROKEN


def kept_rate(kept, partial, broken):
    """Share of the decided promises that were kept, None where none was decided.

    >>> kept_rate(3, 1, 0), kept_rate(0, 0, 0)
    (0.75, None)
    """
    decided = kept + partial + broken
    return kept / decided if decided else None
