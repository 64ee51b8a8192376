"""CSV and workbooks that a spreadsheet shows and never runs."""

import csv
import io

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

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


def to_xlsx(header, rows):
    """The same as the only sheet of a workbook, written row by row.

    >>> from openpyxl import load_workbook
    >>> content = to_xlsx(["name"], [["=1+1"], ["a\x07b"], [2.5]])
    >>> sheet = load_workbook(io.BytesIO(content)).active
    >>> [(cell.value, cell.data_type) for cell in sheet["A"]]
    [('name', 's'), ("'=1+1", 's'), ('ab', 's'), (2.5, 'n')]
    """
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet()
    sheet.append(list(header))
    for row in rows:
        sheet.append([_printable(inert(value)) for value in row])
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _printable(value):
    """Workbooks refuse what cannot be printed."""
    return ILLEGAL_CHARACTERS_RE.sub("", value) if isinstance(value, str) else value
