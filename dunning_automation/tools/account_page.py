"""What a customer is told of an open item. Why we really leave it alone is ours."""

STATUS_OF_STOP = {
    "covered_by_credit": "covered",
    "hold_dispute": "disputed",
    "hold_plan": "promised",
    "hold_promise": "promised",
    "in_payment": "processing",
    "paid": "processing",
    "payment_in_process": "processing",
    "possible_payment": "processing",
    "transaction_pending": "processing",
}

LEFT_OUT = ("promised", "disputed")
"""What the customer spoke about is payable, but not proposed."""


def status(stop_reason, days_overdue):
    """
    :param stop_reason: code of ``tools/reasons.py``, None if nothing stops it

    >>> status(None, 0), status(None, 1), status("hold_dispute", 1)
    ('due', 'overdue', 'disputed')

    Internal reasons do not show.

    >>> status("hold_legal", 5), status("no_followup", -5)
    ('overdue', 'due')
    """
    plain = "overdue" if days_overdue > 0 else "due"
    return STATUS_OF_STOP.get(stop_reason, plain)


def is_proposed(item):
    """Whether it is ticked at first: overdue, payable, and the customer's turn.

    >>> rows = [{"status": name, "can_pay": True} for name in ("overdue", "disputed")]
    >>> [is_proposed(row) for row in rows]
    [True, False]
    """
    return item["can_pay"] and item["status"] == "overdue"
