"""CSV that a spreadsheet shows and never runs."""

import csv
import io

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")


def inert(value):
    """Text that a spreadsheet would take for a formula gets an apostrophe in front;
    numbers and dates stay as they are.

    >>> inert("=HYPERLINK(1)"), inert(" plain"), inert(-3.5), inert(None)
    ("'=HYPERLINK(1)", ' plain', -3.5, '')
    """
    if value is None or value is False:
        return ""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def to_csv(header, rows):
    """A CSV file as bytes, with the mark that makes spreadsheets read UTF-8.

    >>> to_csv(["name"], [["@SUM(A1)"], ["Ann"]]).decode("utf-8-sig").splitlines()
    ['name', "'@SUM(A1)", 'Ann']
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([inert(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")
