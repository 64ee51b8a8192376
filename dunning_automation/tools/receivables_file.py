"""A receivables export, CSV or XLSX, read record by record: what is it, and what does
each row say? Knows neither Odoo nor a database.

A file is opened (``open_csv``, ``open_xlsx``), understood as a whole (``understand``:
order of dates, decimal mark), and then read strictly, row by row (``read_row``).
Nothing holds all rows at once but the text of a CSV file.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from . import csv_columns, csv_values

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
MAX_UNPACKED = 1024**3
"""Bytes: what is larger when unpacked is no ledger, but an attack."""
FORMULA = "\0formula"
"""Stands in a cell for a formula whose result the workbook does not hold."""
DATES = ("invoice_date", "due_date", "paid_date")

ROW_ERRORS = [
    ("customer", "No customer"),
    ("number", "No number"),
    ("invoice_date", "The invoice date is no date"),
    ("due_date", "The due date is no date"),
    ("amount", "The amount is no amount"),
    ("currency", "The currency is none that Odoo knows"),
    ("paid_date", "The date of payment is no date"),
    ("paid_amount", "The paid amount is no amount"),
    ("disputed", "Neither yes nor no"),
    ("zero", "The amount is zero"),
    ("due_early", "Due before the invoice"),
    ("paid_undated", "A paid amount without a date of payment"),
    ("overpaid", "More was paid than the amount"),
    ("columns", "More cells than columns: is a text not in quotation marks?"),
    ("not_csv", "Not valid CSV"),
    ("formula", "A formula without a result: save the workbook in a spreadsheet"),
]
"""Codes of what can be wrong with a row, with what people read."""


class FileError(ValueError):
    """The file cannot be used. ``code`` says why, ``facts`` what it is about."""

    def __init__(self, code: str, message: str, **facts):
        super().__init__(message)
        self.code = code
        self.facts = facts


class RowError(ValueError):
    """A row cannot be used: ``code`` of ``ROW_ERRORS``, and the value that is wrong."""

    def __init__(self, code: str, value: str, message: str = ""):
        super().__init__(message or value)
        self.code = code
        self.value = value


@dataclass(frozen=True)
class Row:
    line: int  # of the file, the first is 1
    customer: str
    customer_name: str
    number: str
    invoice_date: date
    due_date: date
    amount: Decimal  # negative: a credit note
    currency: str
    paid_date: date | None
    disputed: bool
    paid_amount: Decimal | None = None  # by that date; None: all of it
    email: str = ""

    def is_paid(self, today: date) -> bool:
        return self.paid_date is not None and self.paid_date <= today


@dataclass
class Table:
    """An opened file: its header, and its records as often as they are asked for."""

    encoding: str
    delimiter: str
    header: list[str]
    header_line: int
    read: Callable[[], Iterator[tuple[int, list[str] | RowError]]]

    def records(self) -> Iterator[tuple[int, list[str] | RowError]]:
        """(number of its first line, cells or what is wrong) of every record but the
        header, blank ones left out.

        >>> table = open_csv(b"a;b;;\\n\\n1;2\\n")
        >>> table.header, list(table.records())
        (['a', 'b', '', ''], [(3, ['1', '2'])])
        """
        return ((line, cells) for line, cells in self.read() if line > self.header_line)


@dataclass(frozen=True)
class Format:
    """How the rows of a file are to be read."""

    columns: dict[str, int]  # field -> position
    width: int
    delimiter: str
    date_order: str
    decimal_mark: str
    default_currency: str  # empty: every row names its own

    def get(self, cells: list[str], name: str) -> str:
        """The text of a field, empty when it is missing or stands for nothing."""
        return _get(cells, self.columns.get(name))


def _get(cells: list[str], position: int | None) -> str:
    if position is None or position >= len(cells):
        return ""
    text = " ".join(cells[position].split())
    return "" if csv_values.is_empty(text) else text


# Opening


def open_csv(content: bytes, mapped: set[str] = frozenset()) -> Table:
    """
    :param mapped: names of columns that somebody looks for
    :raise FileError: it is no text, empty, or has a header only
    """
    text, encoding = _decode(content)
    delimiter = _delimiter(text, mapped)
    return _table(encoding, delimiter, lambda: _csv_records(text, delimiter))


def open_xlsx(content: bytes) -> Table:
    """The first sheet of a workbook, read as it streams.

    :raise FileError: it is no workbook, or has a header only
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED:
                raise FileError("too_large", "The workbook is too large.")
            has_formulas = any(
                _has_formula(archive, name)
                for name in archive.namelist()
                if name.startswith("xl/worksheets/") and name.endswith(".xml")
            )
        return _table("xlsx", "\t", lambda: _xlsx_records(content, has_formulas))
    except FileError:
        raise
    except Exception as error:  # openpyxl raises whatever its parsers do
        raise FileError("workbook", "The workbook cannot be read.") from error


def _table(encoding, delimiter, read) -> Table:
    records = read()
    line, header = next(records, (0, []))
    if isinstance(header, RowError) or next(records, None) is None:
        raise FileError(
            "no_rows", "The file has a header line at most, but no invoices."
        )
    return Table(encoding, delimiter, header, line, read)


def _decode(content: bytes) -> tuple[str, str]:
    """The text and its encoding: UTF-8, UTF-16 with a mark, else Windows' cp1252."""
    if content.startswith(WORKBOOKS):
        raise FileError("workbook", "It is a workbook.")
    encoding = "utf-8-sig"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in content:
        raise FileError("no_text", "It is no text.")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        encoding = "cp1252"
        text = content.decode(encoding, errors="replace")
    if not text.strip():
        raise FileError("empty", "It is empty.")
    return text, encoding.removesuffix("-sig")


def _delimiter(text: str, mapped: set[str]) -> str:
    """The one that Excel's first line names, or that the header line fits best."""
    if named := re.match("sep=(.)\r?\n", text, re.IGNORECASE):
        return named[1]

    def score(delimiter: str) -> tuple[int, int]:
        lines = io.StringIO(text.lstrip("\r\n"), newline="")
        header = next(csv.reader(lines, delimiter=delimiter), [])
        found = mapped & {name.strip() for name in header}
        return len(csv_columns.recognise(header)) + len(found), len(header)

    return max(DELIMITERS, key=score)


def _csv_records(text, delimiter) -> Iterator[tuple[int, list[str] | RowError]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise FileError(
                    "unclosed",
                    f"Line {line}: a quotation mark is opened and never closed; "
                    "everything behind it is lost. Close it or remove it.",
                    line=line,
                ) from error
            yield line, RowError("not_csv", str(error), f"not valid CSV: {error}")
            continue
        is_separator_line = line == 1 and cells[:1] == ["sep="]
        if any(cell.strip() for cell in cells) and not is_separator_line:
            yield line, cells


def _has_formula(archive: zipfile.ZipFile, name: str) -> bool:
    with archive.open(name) as sheet:
        tail = b""
        while chunk := sheet.read(1 << 20):
            if re.search(rb"<f[ >/]", tail + chunk):
                return True
            tail = chunk[-3:]
    return False


def _xlsx_records(content, has_formulas) -> Iterator[tuple[int, list[str]]]:
    results = _xlsx_rows(content, data_only=True)
    formulas = _xlsx_rows(content, data_only=False) if has_formulas else None
    for line, values in enumerate(results, start=1):
        if formulas:
            values = [
                FORMULA if value is None and asked is not None else value
                for value, asked in zip(values, next(formulas), strict=True)
            ]
        if any(value not in (None, "") for value in values):
            yield line, [_text(value) for value in values]


def _xlsx_rows(content, data_only) -> Iterator[tuple]:
    from openpyxl import load_workbook  # Setup reads CSV files without it.

    workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=data_only)
    sheet = workbook.worksheets[0]
    sheet.reset_dimensions()  # Some programs write wrong ones.
    yield from sheet.iter_rows(values_only=True)


def _text(value) -> str:
    """The value of a cell as a CSV file would say it. Numbers get a decimal mark that
    nobody takes for one of thousands.

    >>> [_text(cell) for cell in (None, 7.0, 1.234, datetime(2026, 2, 1), True)]
    ['', '7', '1.2340', '2026-02-01', '1']
    """
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.4f}"
    return str(value)


# Understanding


def check_columns(header: list[str], columns: dict[str, int]) -> None:
    """
    :raise FileError: a column that is needed is missing
    """
    if missing := [name for name in csv_columns.REQUIRED if name not in columns]:
        found = ", ".join(name.strip() for name in header)
        raise FileError(
            "columns",
            f"No column is recognised as {', '.join(missing)}. Columns of the file: "
            f"{found}.",
            missing=missing,
        )


def understand(
    table: Table, columns: dict[str, int], date_order: str | None, currency: str
) -> Format:
    """Look at the whole file once.

    :param columns: field -> position
    :param date_order: ``dmy``, ``mdy`` or ``ymd``; without it, the file is asked
    :param currency: for files that name none
    :raise FileError: a column is missing, or its dates can be read in two ways
    """
    check_columns(table.header, columns)
    days, amounts, has_currency = {}, [], False
    for _line, cells in table.records():
        if isinstance(cells, RowError):
            continue
        days.update((_get(cells, columns.get(name)), None) for name in DATES)
        amounts.append(_get(cells, columns["amount"]))
        has_currency = has_currency or bool(_get(cells, columns.get("currency")))
    return Format(
        columns=columns,
        width=len(table.header),
        delimiter=table.delimiter,
        date_order=date_order or _date_order(days),
        decimal_mark=csv_values.decimal_mark(amounts),
        default_currency="" if has_currency else currency,
    )


def _date_order(texts) -> str:
    orders = csv_values.date_orders(texts)
    if len(orders) > 1:
        example = next(text for text in texts if text)
        raise FileError(
            "date_order",
            f"Every date of the file fits {' and '.join(orders)}, as {example} does.",
            example=example,
        )
    return orders[0]


# Rows


def read_row(line: int, cells: list[str] | RowError, form: Format) -> Row:
    """
    :raise RowError: something is missing or wrong
    """
    if isinstance(cells, RowError):
        raise cells
    if any(cell.strip() for cell in cells[form.width :]):
        raise RowError(
            "columns",
            str(len(cells)),
            f"{len(cells)} columns instead of {form.width}: is a text with "
            f"{form.delimiter!r} not in quotation marks?",
        )
    for name, position in form.columns.items():
        if _get(cells, position) == FORMULA:
            raise RowError("formula", name, f"{name} is a formula without a result")
    customer, number = (_need(cells, form, name) for name in ("customer", "number"))
    amount = _read_amount(cells, form, "amount")
    if not amount:
        raise RowError("zero", "0", "the amount is zero")
    days = {
        name: _read(
            csv_values.read_date, _need(cells, form, name), name, form.date_order
        )
        for name in DATES
        if name != "paid_date" or form.get(cells, name)
    }
    if days["due_date"] < days["invoice_date"] and amount > 0:
        raise RowError(
            "due_early",
            str(days["due_date"]),
            f"due on {days['due_date']}, before the invoice of {days['invoice_date']}",
        )
    return Row(
        line=line,
        customer=customer,
        customer_name=form.get(cells, "customer_name") or customer,
        number=number,
        invoice_date=days["invoice_date"],
        due_date=days["due_date"],
        amount=amount,
        currency=_read(
            csv_values.read_currency,
            form.default_currency or _need(cells, form, "currency"),
            "currency",
        ),
        paid_date=days.get("paid_date"),
        disputed=_read(csv_values.read_yes_no, form.get(cells, "disputed"), "disputed"),
        paid_amount=_paid_amount(cells, form, amount, days.get("paid_date")),
        email=form.get(cells, "email"),
    )


def _paid_amount(cells, form, amount, paid_date) -> Decimal | None:
    """What was paid, with the sign of the amount; None: no word about it."""
    if not form.get(cells, "paid_amount"):
        return None
    paid = abs(_read_amount(cells, form, "paid_amount")).copy_sign(amount)
    if paid and not paid_date:
        raise RowError("paid_undated", str(paid), "paid without a date of payment")
    if abs(paid) > abs(amount):
        raise RowError("overpaid", str(paid), f"{paid} was paid of {amount}")
    return paid


def _need(cells, form: Format, name: str) -> str:
    text = form.get(cells, name)
    if not text:
        raise RowError(name, "", f"{name} is empty")
    return text


def _read_amount(cells, form: Format, name: str) -> Decimal:
    return _read(
        csv_values.read_amount, _need(cells, form, name), name, form.decimal_mark
    )


def _read(function, text: str, name: str, *how):
    """What ``function`` makes of a text; a RowError in its words."""
    try:
        return function(text, *how)
    except ValueError as error:
        raise RowError(name, text, str(error)) from None
