"""Load a receivables export: `read` explains a CSV file, `load` books it in Odoo.

Needed columns are customer, number, invoice_date, due_date and amount; customer_name,
currency, paid_date and disputed are used where they are given. What the loader makes
of them:

- A negative amount is a credit note, an amount of zero an error.
- Dates stay as they are. On the day of the evaluation, an invoice that is paid later
  is still open, and one that is issued later does not exist yet.
- "Disputed" is a fact about the past of a paid invoice. On an open one it becomes a
  note on the invoice; it does not stop reminders.
- There are no taxes: the amount is what the customer owes.
- Addresses are made up (`customer-<name>@example.com`): nobody real is written to.

A row that cannot be read is reported and left out. `read` needs no Odoo.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from . import csv_columns, csv_values
from .demo_names import slug

MODULES = ["account"]
LANGUAGES = ["en_US"]
COMPANY_NAME = "Imported Ledger"
COMPANY_EMAIL = "imported-ledger@example.org"

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_ORDERS = {"dmy": "day/month/year", "mdy": "month/day/year", "ymd": "year/month/day"}
_SHOWN_ERRORS = 20


class LedgerError(Exception):
    """The file cannot be used; the message says why and what to do."""


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

    def is_paid(self, today: date) -> bool:
        return self.paid_date is not None and self.paid_date <= today


@dataclass
class LedgerFile:
    """What a file says, and how it was understood."""

    path: Path
    encoding: str
    delimiter: str
    date_order: str
    decimal_mark: str
    columns: dict[str, str]  # field -> name of its column
    rows: list[Row] = field(default_factory=list)
    errors: list[tuple[int, str]] = field(default_factory=list)  # (line, reason)

    @property
    def currency(self) -> str:
        """The one that most invoices have."""
        return Counter(row.currency for row in self.rows).most_common(1)[0][0]

    def customers(self) -> dict[str, tuple[str, str]]:
        """Customer -> (name, e-mail address), every address only once."""
        customers, taken = {}, Counter()
        for row in self.rows:
            if row.customer in customers:
                continue
            address = f"customer-{slug(row.customer_name) or 'x'}"
            taken[address] += 1
            if taken[address] > 1:
                address += f"--{taken[address]}"
            customers[row.customer] = (row.customer_name, f"{address}@example.com")
        return customers

    def names(self) -> dict[Row, str]:
        """Row -> name of the entry: its number, with the customer where two share it.

        Invoices and credit notes share one journal, where names are unique.
        """
        count = Counter(row.number for row in self.rows)
        return {
            row: row.number
            if count[row.number] == 1
            else f"{row.number} ({row.customer})"
            for row in self.rows
        }

    def describe(self) -> str:
        return "\n".join((*self._format(), *self._contents(), *self._skipped()))

    def _format(self) -> Iterator[str]:
        delimiter = _DELIMITERS.get(self.delimiter, self.delimiter)
        yield (
            f"{self.path.name}: {self.encoding}, {delimiter} between the columns, "
            f"dates as {_ORDERS[self.date_order]}, decimal mark {self.decimal_mark!r}"
        )
        for name in csv_columns.FIELDS:
            if name in self.columns:
                yield f"  {name:14} from column {self.columns[name]!r}"
            elif name == "currency":
                yield f"  {name:14} not given: {self.currency}"
            else:
                yield f"  {name:14} not given"

    def _contents(self) -> Iterator[str]:
        days = [row.invoice_date for row in self.rows]
        credits = sum(row.amount < 0 for row in self.rows)
        yield (
            f"  {len(self.rows) - credits} invoices and {credits} credit notes of "
            f"{len(self.customers())} customers, {min(days)} to {max(days)}; "
            f"{sum(row.paid_date is not None for row in self.rows)} with a paid date, "
            f"{sum(row.disputed for row in self.rows)} disputed"
        )
        totals = Counter()
        for row in self.rows:
            totals[row.currency] += row.amount
        for currency, total in totals.most_common():
            yield f"  total {total:,.2f} {currency}"
        if len(totals) > 1:
            yield (
                f"  The file has no exchange rates: in {self.currency} every unit of "
                "another currency counts as one."
            )

    def _skipped(self) -> Iterator[str]:
        if not self.errors:
            return
        yield f"  {len(self.errors)} rows cannot be read and are left out:"
        for line, reason in self.errors[:_SHOWN_ERRORS]:
            yield f"    line {line}: {reason}"
        if len(self.errors) > _SHOWN_ERRORS:
            yield f"    and {len(self.errors) - _SHOWN_ERRORS} more"


# Reading


def read(
    path,
    mapping: dict[str, str] | None = None,
    date_order: str | None = None,
    currency: str = "EUR",
) -> LedgerFile:
    """Read the file and print how it was understood; LedgerError if it is no use.

    :param mapping: field -> name of the column, where the usual names do not fit
    :param date_order: dmy, mdy or ymd; without it, the whole file is asked
    :param currency: for files that name none
    """
    if date_order and date_order not in csv_values.DATE_ORDERS:
        orders = ", ".join(csv_values.DATE_ORDERS)
        raise LedgerError(
            f"There is no date order {date_order!r}: use one of {orders}."
        )
    path = Path(path)
    text, encoding = _decode(path)
    delimiter = _delimiter(text, mapping or {})
    records, errors = _records(text, delimiter)
    _line, header = records.pop(0)
    columns = _columns(header, mapping or {})
    table = [_Record(line, cells, columns, len(header)) for line, cells in records]
    dates = [record.get(name) for record in table for name in _DATES]
    order = date_order or _date_order(dates)
    mark = csv_values.decimal_mark(record.get("amount") for record in table)
    ledger = LedgerFile(
        path=path,
        encoding=encoding,
        delimiter=delimiter,
        date_order=order,
        decimal_mark=mark,
        columns={name: header[position].strip() for name, position in columns.items()},
        errors=errors,
    )
    if not any(record.get("currency") for record in table):
        ledger.columns.pop("currency", None)
        for record in table:
            record.default_currency = currency
    _read_rows(ledger, table)
    print(ledger.describe())
    return ledger


_DATES = ("invoice_date", "due_date", "paid_date")


@dataclass
class _Record:
    line: int
    cells: list[str]
    columns: dict[str, int]
    width: int
    default_currency: str = ""

    def get(self, name: str) -> str:
        """The text of a field, empty when it is missing or stands for nothing."""
        position = self.columns.get(name)
        if position is None or position >= len(self.cells):
            return ""
        text = " ".join(self.cells[position].split())
        return "" if csv_values.is_empty(text) else text

    def need(self, name: str) -> str:
        text = self.get(name)
        if not text:
            raise ValueError(f"{name} is empty")
        return text


def _decode(path: Path) -> tuple[str, str]:
    """The text and its encoding: UTF-8, UTF-16 with a mark, else Windows' cp1252."""
    try:
        data = path.read_bytes()
    except IsADirectoryError:
        raise LedgerError(f"{path} is a folder: name a CSV file.") from None
    except OSError as error:
        raise LedgerError(f"{path} cannot be read: {error.strerror}.") from error
    if data.startswith(b"PK\x03\x04") or data.startswith(b"\xd0\xcf\x11\xe0"):
        raise LedgerError(f"{path} is a workbook: save the sheet as CSV first.")
    encoding = "utf-8-sig"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in data:
        raise LedgerError(f"{path} is no text: name a CSV file.")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        encoding = "cp1252"
        text = data.decode(encoding, errors="replace")
    if not text.strip():
        raise LedgerError(f"{path} is empty: it needs a header line and invoices.")
    return text, encoding.removesuffix("-sig")


def _delimiter(text: str, mapping: dict[str, str]) -> str:
    """The one that Excel's first line names, or that the header line fits best."""
    if named := re.match("sep=(.)\r?\n", text, re.IGNORECASE):
        return named[1]

    def score(delimiter: str) -> tuple[int, int]:
        lines = io.StringIO(text.lstrip("\r\n"), newline="")
        header = next(csv.reader(lines, delimiter=delimiter), [])
        mapped = set(mapping.values()) & {name.strip() for name in header}
        return len(csv_columns.recognise(header)) + len(mapped), len(header)

    return max(_DELIMITERS, key=score)


def _records(
    text: str, delimiter: str
) -> tuple[list[tuple[int, list[str]]], list[tuple[int, str]]]:
    """(number of its first line, cells) of every record, blank ones left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records, errors = [], []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise LedgerError(
                    f"Line {line}: a quotation mark is opened and never closed; "
                    "everything behind it is lost. Close it or remove it."
                ) from error
            errors.append((line, f"not valid CSV: {error}"))
            continue
        is_separator_line = line == 1 and cells[:1] == ["sep="]
        if any(cell.strip() for cell in cells) and not is_separator_line:
            records.append((line, cells))
    if len(records) < 2:
        raise LedgerError("The file has a header line at most, but no invoices.")
    return records, errors


def _columns(header: list[str], mapping: dict[str, str]) -> dict[str, int]:
    found = ", ".join(name.strip() for name in header)
    try:
        mapped = csv_columns.named(header, mapping)
    except ValueError as error:
        raise LedgerError(f"{error} Columns of the file: {found}.") from error
    columns = {**csv_columns.recognise(header), **mapped}
    missing = [name for name in csv_columns.REQUIRED if name not in columns]
    if missing:
        raise LedgerError(
            f"No column is recognised as {', '.join(missing)}. Columns of the file: "
            f"{found}. Name it, for example --map {missing[0]}={header[-1].strip()!r}."
        )
    return columns


def _date_order(texts: list[str]) -> str:
    orders = csv_values.date_orders(texts)
    if len(orders) > 1:
        example = next(text for text in texts if text)
        raise LedgerError(
            f"Every date of the file fits {' and '.join(orders)}, as {example} does: "
            "give the right one with --date-order."
        )
    return orders[0]


def _read_rows(ledger: LedgerFile, table: list[_Record]) -> None:
    seen = {}
    for record in table:
        try:
            row = _row(record, ledger)
            key = (row.customer, row.number)
            if key in seen:
                raise ValueError(
                    f"invoice {row.number} of {row.customer} is already in line "
                    f"{seen[key]}"
                )
        except ValueError as error:
            ledger.errors.append((record.line, str(error)))
            continue
        seen[key] = record.line
        ledger.rows.append(row)
    ledger.errors.sort()
    if not ledger.rows:
        line, reason = ledger.errors[0]
        raise LedgerError(
            f"None of the {len(ledger.errors)} rows can be read. Line {line}: {reason}."
        )


def _row(record: _Record, ledger: LedgerFile) -> Row:
    if any(cell.strip() for cell in record.cells[record.width :]):
        raise ValueError(
            f"{len(record.cells)} columns instead of {record.width}: is a text with "
            f"{ledger.delimiter!r} not in quotation marks?"
        )
    order = ledger.date_order
    customer, number = record.need("customer"), record.need("number")
    amount = csv_values.read_amount(record.need("amount"), ledger.decimal_mark)
    if not amount:
        raise ValueError("the amount is zero")
    invoice_date = csv_values.read_date(record.need("invoice_date"), order)
    due_date = csv_values.read_date(record.need("due_date"), order)
    if due_date < invoice_date and amount > 0:
        raise ValueError(f"due on {due_date}, before the invoice of {invoice_date}")
    paid = record.get("paid_date")
    return Row(
        line=record.line,
        customer=customer,
        customer_name=record.get("customer_name") or customer,
        number=number,
        invoice_date=invoice_date,
        due_date=due_date,
        amount=amount,
        currency=csv_values.read_currency(
            record.default_currency or record.need("currency")
        ),
        paid_date=csv_values.read_date(paid, order) if paid else None,
        disputed=csv_values.read_yes_no(record.get("disputed")),
    )


# Loading


def load(env, ledger: LedgerFile, today: date, progress) -> None:
    """Book the ledger as it stands on `today`, in the main company.

    `env` is the superuser's; the database has no entries yet.
    `progress(done, total, text)` counts records.
    """
    from .csv_loader import Loader  # needs Odoo, which `read` must not

    Loader(env, ledger, today, progress).load()
