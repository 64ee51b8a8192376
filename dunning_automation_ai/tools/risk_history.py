"""A customer's risk over time as a line for a drawing of 300 x 60."""

DAYS = 730
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
