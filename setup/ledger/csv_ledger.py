"""Load a receivables export: `read` explains a CSV file, `load` books it in Odoo.

Needed columns are customer, number, invoice_date, due_date and amount; customer_name,
currency, paid_date, paid_amount and disputed are used where they are given. What the
loader makes of them:

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

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from . import csv_columns, csv_values, receivables_file
from .demo_names import slug
from .receivables_file import Row

MODULES = ["account"]
LANGUAGES = ["en_US"]
COMPANY_NAME = "Imported Ledger"
COMPANY_EMAIL = "imported-ledger@example.org"

_ORDERS = {"dmy": "day/month/year", "mdy": "month/day/year", "ymd": "year/month/day"}
_SHOWN_ERRORS = 20


class LedgerError(Exception):
    """The file cannot be used; the message says why and what to do."""


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
        delimiter = receivables_file.DELIMITERS.get(self.delimiter, self.delimiter)
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
    try:
        ledger = _read(path, mapping or {}, date_order, currency)
    except receivables_file.FileError as error:
        raise LedgerError(_in_words(path, error)) from error
    print(ledger.describe())
    return ledger


_CURES = {
    "workbook": "{path} is a workbook: save the sheet as CSV first.",
    "no_text": "{path} is no text: name a CSV file.",
    "empty": "{path} is empty: it needs a header line and invoices.",
    "columns": "{error} Name it, for example --map {missing}=COLUMN.",
    "date_order": "{error} Give the right one with --date-order.",
}


def _in_words(path: Path, error: receivables_file.FileError) -> str:
    words = _CURES.get(error.code, "{error}")
    missing = error.facts.get("missing", [""])[0]
    return words.format(path=path, error=error, missing=missing)


def _read(path: Path, mapping, date_order, currency) -> LedgerFile:
    table = receivables_file.open_csv(_content(path), set(mapping.values()))
    columns = _columns(table.header, mapping)
    form = receivables_file.understand(table, columns, date_order, currency)
    ledger = LedgerFile(
        path=path,
        encoding=table.encoding,
        delimiter=table.delimiter,
        date_order=form.date_order,
        decimal_mark=form.decimal_mark,
        columns={
            name: table.header[position].strip() for name, position in columns.items()
        },
    )
    if form.default_currency:
        ledger.columns.pop("currency", None)
    _read_rows(ledger, table, form)
    return ledger


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except IsADirectoryError:
        raise LedgerError(f"{path} is a folder: name a CSV file.") from None
    except OSError as error:
        raise LedgerError(f"{path} cannot be read: {error.strerror}.") from error


def _columns(header: list[str], mapping: dict[str, str]) -> dict[str, int]:
    try:
        mapped = csv_columns.named(header, mapping)
    except ValueError as error:
        found = ", ".join(name.strip() for name in header)
        raise LedgerError(f"{error} Columns of the file: {found}.") from error
    return {**csv_columns.recognise(header), **mapped}


def _read_rows(ledger: LedgerFile, table, form) -> None:
    seen = {}
    for line, cells in table.records():
        try:
            row = receivables_file.read_row(line, cells, form)
            key = (row.customer, row.number)
            if key in seen:
                raise ValueError(
                    f"invoice {row.number} of {row.customer} is already in line "
                    f"{seen[key]}"
                )
        except ValueError as error:
            ledger.errors.append((line, str(error)))
            continue
        seen[key] = line
        ledger.rows.append(row)
    if not ledger.rows:
        line, reason = ledger.errors[0]
        raise LedgerError(
            f"None of the {len(ledger.errors)} rows can be read. Line {line}: {reason}."
        )


# Loading


def load(env, ledger: LedgerFile, today: date, progress) -> None:
    """Book the ledger as it stands on `today`, in the main company.

    `env` is the superuser's; the database has no entries yet.
    `progress(done, total, text)` counts records.
    """
    from .csv_loader import Loader  # needs Odoo, which `read` must not

    Loader(env, ledger, today, progress).load()
