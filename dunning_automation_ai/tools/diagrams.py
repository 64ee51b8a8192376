"""Shares as points of drawings, 0 to SIZE to the right and upwards."""

SIZE = 200


def place(x, y):
    """Where two shares lie, as SVG counts: downwards.

    >>> place(0.25, 1)
    (50, 0)
    """
    return round(x * SIZE), round((1 - y) * SIZE)


def line(pairs):
    """The points of an SVG polyline.

    >>> line([(0, 0), (0.5, 1)])
    '0,200 100,0'
    """
    return " ".join(f"{x},{y}" for x, y in (place(*pair) for pair in pairs))
