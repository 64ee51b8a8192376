"""Economic indicators: read what is published, and what was known of it on a day."""

import csv
import io
import json
import math
import re
from calendar import monthrange
from datetime import date

import numpy as np

MOST_BYTES = 5_000_000
MOST_ROWS = 20_000
PERIOD = re.compile(r"(\d{4})(?:-?Q([1-4])|-(\d{1,2})(?:-(\d{1,2}))?)?(?:T.*)?")


class NotUnderstood(ValueError):
    """What came is no series in the form that was described."""


def period_end(text):
    """The last day of a year, a quarter, a month or a day.

    >>> [str(period_end(it)) for it in ("2024", "2024-Q1", "2024-02", "2024-02-10")]
    ['2024-12-31', '2024-03-31', '2024-02-29', '2024-02-10']

    :raise NotUnderstood: when it is none of them
    """
    found = PERIOD.fullmatch(str(text).strip())
    try:
        year, quarter, month, day = (
            int(part) if part else None for part in found.groups()
        )
        month = quarter * 3 if quarter else month or 12
        return date(year, month, day or monthrange(year, month)[1])
    except (AttributeError, ValueError) as error:
        raise NotUnderstood(f"No date: {str(text)[:40]}") from error


def parse(text, kind, rows_at, date_field, value_field):
    """{last day of the period: value}; rows without a value are left out.

    >>> parse("TIME;OBS\\n2024-01;2.5\\n2024-02;", "csv", "", "TIME", "OBS")
    {datetime.date(2024, 1, 31): 2.5}
    >>> parse('[{}, [{"date": "2023", "value": 3}]]', "json", "1", "date", "value")
    {datetime.date(2023, 12, 31): 3.0}

    :param kind: "csv" or "json"
    :param rows_at: json: names or numbers on the way to the list, joined by dots
    :param date_field: name of the column; json: also the number in a list
    :raise NotUnderstood: with what is wrong
    """
    rows = _csv_rows(text) if kind == "csv" else _json_rows(text, rows_at)
    found = {}
    for number, row in enumerate(rows):
        if number >= MOST_ROWS:
            raise NotUnderstood(f"More than {MOST_ROWS} rows")
        value = _number(_at(row, value_field))
        if value is not None:
            found[period_end(_at(row, date_field))] = value
    if not found:
        raise NotUnderstood("No row has a value")
    return found


def _csv_rows(text):
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    return csv.DictReader(io.StringIO(text), delimiter=delimiter)


def _json_rows(text, rows_at):
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotUnderstood("No JSON") from error
    for step in filter(None, rows_at.split(".")):
        rows = _at(rows, step)
    if not isinstance(rows, list):
        raise NotUnderstood(f"No list at {rows_at}")
    return rows


def _at(container, name):
    try:
        if isinstance(container, list):
            return container[int(name)]
        return container[name]
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise NotUnderstood(f"There is no “{name}”") from error


def _number(value):
    """A finite number, None where the row has none.

    >>> _number("1.5"), _number(""), _number("."), _number("NaN"), _number("1e99")
    (1.5, None, None, None, None)
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and abs(number) < 1e15 else None


def known_on(days, dates, values, lag):
    """The last value that was published before each day; NaN before the first one.

    >>> known_on([40, 41, 50], [30, 40], [1.0, 2.0], lag=10).tolist()
    [nan, 1.0, 1.0]

    :param days: numbers of days
    :param dates: ends of the periods, in order, as numbers of days
    :param lag: days from the end of a period to its publication
    """
    published = np.asarray(dates, dtype=float) + lag
    place = np.searchsorted(published, np.asarray(days, dtype=float), side="left")
    return np.concatenate([[np.nan], np.asarray(values, dtype=float)])[place]
