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

PAGE_SIZE = 100
"""Open items on a page."""
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


def paginate(items, number, ticked):
    """One page of a list of which some are ticked, on this page or on others.

    :param items: dicts with ``id``
    :param int number: of the page, from 1; the nearest there is
    :param ticked: set of ids
    :return: dict with ``number``, ``count`` (of pages), ``items`` (on this page),
        ``ticked`` (as given), ``elsewhere`` (ticked ids on other pages, in order) and
        ``links`` (numbers to offer, None for a gap)

    >>> page = paginate([{"id": n} for n in range(250)], 2, {0, 100, 249})
    >>> page["count"], page["items"][0], len(page["items"]), page["elsewhere"]
    (3, {'id': 100}, 100, [0, 249])
    >>> paginate([], 7, set())["number"], paginate([{"id": 1}], -7, set())["number"]
    (1, 1)
    """
    count = max(1, -(-len(items) // PAGE_SIZE))
    number = min(max(1, number), count)
    first = (number - 1) * PAGE_SIZE
    shown = items[first : first + PAGE_SIZE]
    others = (*items[:first], *items[first + PAGE_SIZE :])
    return {
        "number": number,
        "count": count,
        "items": shown,
        "ticked": ticked,
        "elsewhere": [item["id"] for item in others if item["id"] in ticked],
        "links": links(number, count),
    }


def links(number, count):
    """Pages to offer on page ``number`` of ``count``: the first, the last and those
    around it; None for a gap.

    >>> links(1, 3), links(6, 20)
    ([1, 2, 3], [1, None, 4, 5, 6, 7, 8, None, 20])
    """
    near = {1, count, *range(max(1, number - 2), min(count, number + 2) + 1)}
    found = []
    for page in sorted(near):
        if found and page - found[-1] > 1:
            found.append(None)
        found.append(page)
    return found


def parse_ids(texts):
    """The ids that a form names, each for itself or several with commas.

    >>> parse_ids(["1", "2,3", "x,-4", "", "9" * 5000])
    [1, 2, 3]
    """
    numbers = (to_number(name) for text in texts for name in text.split(","))
    return [number for number in numbers if number is not None]


def to_number(text):
    """What a form sends as a number, None of anything else.

    >>> to_number("12"), to_number("-1"), to_number("²"), to_number("9" * 5000)
    (12, None, None, None)
    """
    is_number = text.isascii() and text.isdecimal() and len(text) < 10
    return int(text) if is_number else None
