"""A customer's risk over time as a line for a drawing of 300 x 60."""

from datetime import timedelta

DAYS = 730
TREND_DAYS = 90
WORTH_TELLING = 0.1
WIDTH, HEIGHT = 300, 60


def points(dates, scores):
    """Corners of a line with steps: a score lasts until the next one.

    >>> from datetime import date
    >>> points([date(2026, 1, 1), date(2026, 1, 31)], [0.5, 1.0])
    '0,30 300,30 300,0'
    >>> points([date(2026, 1, 1)], [0.5])
    ''

    :param dates: in order, each once
    :param scores: 0 to 1
    """
    if len(dates) < 2:
        return ""
    span = (dates[-1] - dates[0]).days
    corners, before = [], None
    for day, score in zip(dates, scores, strict=True):
        x = round(WIDTH * (day - dates[0]).days / span)
        y = round(HEIGHT * (1 - score))
        if before is not None:
            corners.append(f"{x},{before}")
        corners.append(f"{x},{y}")
        before = y
    return " ".join(corners)


def trend(dates, scores, today):
    """Which way a risk goes: "rising", "falling" or "steady" since TREND_DAYS ago, or
    since it is known; None where it never changed.

    >>> from datetime import date
    >>> days = [date(2026, 1, 1), date(2026, 2, 1), date(2026, 5, 20)]
    >>> trend(days, [0.5, 0.2, 0.3], date(2026, 6, 1))
    'rising'
    >>> trend(days, [0.5, 0.2, 0.29], date(2026, 6, 1))
    'steady'
    >>> trend(days[:2], [0.5, 0.2], date(2026, 2, 2))
    'falling'
    >>> trend(days[:1], [0.5], date(2026, 6, 1))

    :param dates: of the changes, in order
    :param scores: 0 to 1, from these dates on
    """
    if len(dates) < 2:
        return None
    start = today - timedelta(days=TREND_DAYS)
    before = [score for day, score in zip(dates, scores, strict=True) if day <= start]
    change = round(scores[-1] - (before[-1] if before else scores[0]), 6)
    if abs(change) < WORTH_TELLING:
        return "steady"
    return "rising" if change > 0 else "falling"
