"""Reading a receivables export: what is understood, what is refused, and with what
words. Needs neither Odoo nor a database."""

import datetime
from decimal import Decimal

import pytest
from ledger import csv_columns, csv_ledger, csv_values

HEADER = "customer,number,invoice_date,due_date,amount"
GOOD = "Alder Ltd,R-1,2026-01-05,2026-02-04,100.50"


@pytest.fixture
def read(tmp_path):
    def read(*lines, encoding="utf-8", end="\n", **options):
        path = tmp_path / "ledger.csv"
        path.write_bytes(end.join((*lines, "")).encode(encoding))
        return csv_ledger.read(path, **options)

    return read


def reasons(ledger):
    return dict(ledger.errors)


# What is understood


@pytest.mark.parametrize(
    "header",
    [
        "customerID,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount",
        "customer_name,invoice_no,date_invoice,date_due,amount_total",
        "Kunde,Rechnungsnummer,Rechnungsdatum,Fälligkeit,Betrag",
        "Kundennr.,Rechnungs-Nr.,Belegdatum,Fällig am,Betrag (EUR)",
        "cust_number,doc_id,posting_date,due_in_date,total_open_amount",
        "Client,Facture,Date facture,Échéance,Montant TTC",
        "Cliente,Factura,Fecha factura,Vencimiento,Importe",
        "  CUSTOMER ,Invoice #,Invoice Date,Due Date,Amount",
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_usual_names_and_delimiters(read, header, delimiter):
    ledger = read(header.replace(",", delimiter), GOOD.replace(",", delimiter))
    (row,) = ledger.rows
    assert (row.customer, row.number, row.amount) == (
        "Alder Ltd",
        "R-1",
        Decimal("100.50"),
    )
    assert row.due_date == datetime.date(2026, 2, 4)
    assert ledger.delimiter == delimiter
    assert ledger.errors == []


def test_german_export(read):
    ledger = read(
        "Kunde;Rechnungsnummer;Rechnungsdatum;Fälligkeit;Betrag;Währung;Bezahlt am",
        "Müller & Söhne;4711;05.01.2026;04.02.2026;1.234,56;EUR;",
        "Müller & Söhne;4712;05.01.2026;04.02.2026;12,00;CHF;03.02.2026",
        encoding="cp1252",
        end="\r\n",
    )
    first, second = ledger.rows
    assert (ledger.encoding, ledger.date_order, ledger.decimal_mark) == (
        "cp1252",
        "dmy",
        ",",
    )
    assert first.customer == "Müller & Söhne"
    assert first.amount == Decimal("1234.56")
    assert (first.paid_date, second.paid_date) == (None, datetime.date(2026, 2, 3))
    assert (second.currency, ledger.currency) == ("CHF", "EUR")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_encodings(read, encoding):
    ledger = read(HEADER, GOOD.replace("Alder", "Älder"), encoding=encoding)
    assert ledger.rows[0].customer == "Älder Ltd"


def test_excel_separator_line_is_no_header(read):
    ledger = read("sep=;", HEADER.replace(",", ";"), GOOD.replace(",", ";"))
    assert [row.line for row in ledger.rows] == [3]


def test_mapping_wins_over_usual_names(read):
    ledger = read(
        "who,number,invoice_date,due_date,net due,amount",
        "Alder,1,2026-01-05,2026-02-04,2026-03-01,5",
        mapping={"customer": "who", "due_date": "Net Due"},
    )
    assert ledger.rows[0].due_date == datetime.date(2026, 3, 1)
    assert ledger.columns["due_date"] == "net due"


def test_customer_number_identifies_and_name_is_shown(read):
    ledger = read(
        "customer_id,customer_name,number,invoice_date,due_date,amount",
        "7,Alder,1,2026-01-05,2026-02-04,5",
        "8,Alder,2,2026-01-05,2026-02-04,5",
        "9,ALDER!,3,2026-01-05,2026-02-04,5",
    )
    assert ledger.customers() == {
        "7": ("Alder", "customer-alder@example.com"),
        "8": ("Alder", "customer-alder--2@example.com"),
        "9": ("ALDER!", "customer-alder--3@example.com"),
    }


def test_customer_beside_his_number_is_his_name(read):
    ledger = read(
        "Kundennr;Kunde;Rechnungsnummer;Rechnungsdatum;Fällig am;Betrag",
        "007;Ahorn GmbH;1;05.01.2026;04.02.2026;5",
    )
    assert (ledger.rows[0].customer, ledger.rows[0].customer_name) == (
        "007",
        "Ahorn GmbH",
    )


def test_numbers_keep_zeros_and_are_told_apart_where_two_customers_share_one(read):
    ledger = read(
        HEADER,
        "A,007,2026-01-05,2026-02-04,5",
        "B,007,2026-01-05,2026-02-04,5",
        "B,008,2026-01-05,2026-02-04,5",
    )
    assert list(ledger.names().values()) == ["007 (A)", "007 (B)", "008"]


def test_line_numbers_count_the_lines_of_the_file(read):
    ledger = read(
        HEADER,
        "",
        '"Alder\nand\nsons",1,2026-01-05,2026-02-04,5',
        "B,2,2026-01-05,2026-02-04,5",
    )
    assert [row.line for row in ledger.rows] == [3, 6]


def test_paid_later_is_still_open(read):
    ledger = read(HEADER + ",paid_date", GOOD + ",2026-03-01")
    (row,) = ledger.rows
    assert not row.is_paid(datetime.date(2026, 2, 28))
    assert row.is_paid(datetime.date(2026, 3, 1))


@pytest.mark.parametrize(
    ("text", "disputed"),
    [
        ("Yes", True),
        ("ja", True),
        ("1", True),
        ("No", False),
        ("", False),
        ("0", False),
    ],
)
def test_disputed(read, text, disputed):
    assert read(HEADER + ",Disputed", f"{GOOD},{text}").rows[0].disputed is disputed


def test_negative_amount_is_a_credit_note_and_may_be_due_at_once(read):
    ledger = read(HEADER, GOOD, "Alder Ltd,G-1,2026-01-05,2026-01-01,-20")
    assert [row.amount for row in ledger.rows] == [Decimal("100.50"), Decimal(-20)]
    assert "1 invoices and 1 credit notes" in ledger.describe()


def test_what_was_understood_is_printed(read, capsys):
    ledger = read(HEADER, GOOD, "Alder Ltd,R-2,2026-01-05,2026-02-30,7")
    assert capsys.readouterr().out == ledger.describe() + "\n"
    for part in (
        "ledger.csv: utf-8, comma",
        "year/month/day",
        "due_date       from column 'due_date'",
        "currency       not given: EUR",
        "1 invoices and 0 credit notes of 1 customers, 2026-01-05 to 2026-01-05",
        "total 100.50 EUR",
        "line 3: '2026-02-30' is no date",
    ):
        assert part in ledger.describe()


# What is skipped


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("A,2,2026-13-05,2026-02-04,5,EUR", "'2026-13-05' is no date"),
        ("A,2,2026-01-05,soon,5,EUR", "'soon' is no date"),
        ("A,2,2026-01-05,,5,EUR", "due_date is empty"),
        ("A,2,2026-01-05,2025-02-04,5,EUR", "before the invoice"),
        ("A,2,2026-01-05,2026-02-04,,EUR", "amount is empty"),
        ("A,2,2026-01-05,2026-02-04,NaN,EUR", "amount is empty"),
        ("A,2,2026-01-05,2026-02-04,inf,EUR", "'inf' is no amount"),
        ("A,2,2026-01-05,2026-02-04,1e5,EUR", "'1e5' is no amount"),
        ("A,2,2026-01-05,2026-02-04,5 or 6,EUR", "is no amount"),
        ("A,2,2026-01-05,2026-02-04,0.00,EUR", "the amount is zero"),
        ("A,2,2026-01-05,2026-02-04,9999999999999,EUR", "too large"),
        ("A,2,2026-01-05,2026-02-04,5,XXQ", "'XXQ' is no currency"),
        ("A,2,2026-01-05,2026-02-04,5,", "currency is empty"),
        (",2,2026-01-05,2026-02-04,5,EUR", "customer is empty"),
        ("A,,2026-01-05,2026-02-04,5,EUR", "number is empty"),
        ("Alder Ltd,R-1,2026-01-05,2026-02-04,5,EUR", "is already in line 2"),
        ("A,2,2026-01-05,2026-02-04,5,000,EUR", "7 columns instead of 6"),
        ("A,2,2026-01-05", "amount is empty"),
        ('"A" B,2,2026-01-05,2026-02-04,5,EUR', "not valid CSV"),
    ],
)
def test_bad_rows_are_reported_and_skipped(read, row, reason):
    ledger = read(
        HEADER + ",currency", GOOD + ",EUR", row, "Z,9,2026-01-05,2026-02-04,5,EUR"
    )
    assert [good.line for good in ledger.rows] == [2, 4]
    assert reason in reasons(ledger)[3]


def test_many_bad_rows_are_counted_not_listed(read):
    bad = [f"A,{n},2026-01-05,never,5" for n in range(100)]
    text = read(HEADER, GOOD, *bad).describe()
    assert "100 rows cannot be read" in text
    assert "and 80 more" in text


# What is refused


@pytest.mark.parametrize(
    ("lines", "options", "words"),
    [
        (["customer,number,amount", "A,1,5"], {}, ["invoice_date, due_date", "--map"]),
        ([HEADER], {}, ["no invoices"]),
        ([""], {}, ["is empty"]),
        ([HEADER, "A,1,never,never,5"], {}, ["None of the 1 rows", "Line 2"]),
        (
            [HEADER, GOOD],
            {"mapping": {"due_date": "Due"}},
            ["'Due'", "does not have", "customer, number"],
        ),
        ([HEADER, GOOD], {"mapping": {"due": "due_date"}}, ["no field 'due'"]),
        ([HEADER, GOOD], {"date_order": "ydm"}, ["dmy, mdy, ymd"]),
        ([HEADER, "A,1,01/02/2026,03/04/2026,5"], {}, ["dmy and mdy", "--date-order"]),
        ([HEADER, GOOD, '"A,2,2026-01-05'], {}, ["Line 3", "never closed"]),
    ],
)
def test_refused_with_cause_and_cure(read, lines, options, words):
    with pytest.raises(csv_ledger.LedgerError) as error:
        read(*lines, **options)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"PK\x03\x04\x00", "workbook"), (b"\x89PNG\x00\x01", "no text"), (b"", "empty")],
)
def test_files_that_are_no_csv(tmp_path, content, word):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(csv_ledger.LedgerError, match=word):
        csv_ledger.read(path)


def test_folder_and_missing_file(tmp_path):
    with pytest.raises(csv_ledger.LedgerError, match="folder"):
        csv_ledger.read(tmp_path)
    with pytest.raises(csv_ledger.LedgerError, match="cannot be read: No such file"):
        csv_ledger.read(tmp_path / "nothing.csv")


# Dates


@pytest.mark.parametrize(
    ("texts", "orders"),
    [
        (["13/02/2026", "01/02/2026"], ["dmy"]),
        (["01/02/2026", "02/13/2026"], ["mdy"]),
        (["2026-02-01"], ["ymd"]),
        (["01/02/2026"], ["dmy", "mdy"]),
        (["03/03/2026"], ["dmy"]),
        (["01.02.2026"], ["dmy"]),
        (["05-Feb-26"], ["dmy"]),
        (["13/02/26", "01/02/26"], ["dmy"]),
        # one wrong value does not outvote the others
        (["02/13/2026", "02/14/2026", "13/02/2026"], ["mdy"]),
    ],
)
def test_date_order_of_a_whole_file(texts, orders):
    assert csv_values.date_orders(texts) == orders


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("2026-02-01", "dmy"),
        ("2026/2/1", "mdy"),
        ("20260201", "dmy"),
        ("2026-02-01T10:00:00Z", "dmy"),
        ("2026-02-01 00:00:00", "ymd"),
        ("01.02.2026", "dmy"),
        ("1/2/26", "dmy"),
        ("2/1/2026 12:30 PM", "mdy"),
        ("1 Feb 2026", "mdy"),
        ("01-FEB-26", "ymd"),
        ("February 1, 2026", "dmy"),
    ],
)
def test_date_forms(text, order):
    assert csv_values.read_date(text, order) == datetime.date(2026, 2, 1)


@pytest.mark.parametrize(
    "text", ["", "2026", "29.02.2025", "1/2/3/4", "41275", "1/2/5"]
)
def test_no_dates(text):
    with pytest.raises(ValueError, match="no date"):
        csv_values.read_date(text, "dmy")


# Amounts


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["1,234.56"], "."),
        (["1.234,56"], ","),
        (["12,5", "1.250"], ","),
        (["12.5", "1,250"], "."),
        (["1.234.567"], ","),
        (["1,250"], "."),
        (["1.250"], ","),
        (["0.500"], "."),
        (["100"], "."),
        ([], "."),
        (["12.50", "12.60", "1,5"], "."),
    ],
)
def test_decimal_mark_of_a_whole_file(texts, mark):
    assert csv_values.decimal_mark(texts) == mark


@pytest.mark.parametrize(
    ("text", "mark", "amount"),
    [
        ("1,234.5", ".", "1234.5"),
        ("1.234,5", ",", "1234.5"),
        ("1 234,50 €", ",", "1234.50"),
        ("1'234.50", ".", "1234.50"),
        ("$ 99", ".", "99"),
        ("EUR 5.00", ".", "5.00"),
        (".5", ".", "0.5"),
        ("(12.00)", ".", "-12.00"),
        ("12.00-", ".", "-12.00"),
        ("\u221212.00", ".", "-12.00"),
        ("12.00 CR", ".", "-12.00"),
    ],
)
def test_amounts(text, mark, amount):
    assert csv_values.read_amount(text, mark) == Decimal(amount)


@pytest.mark.parametrize(
    "text", ["", "-", ".", "1.2.3", "12,50", "1,23,456", "٣", "5%"]
)
def test_no_amounts(text):
    with pytest.raises(ValueError, match="no amount"):
        csv_values.read_amount(text, ".")


def test_names_of_columns_are_spelled_as_they_are_compared():
    for names in csv_columns._NAMES.values():
        words = names.split()
        assert words == [csv_columns.bare(word) for word in words]
        assert len(set(words)) == len(words)


# Round trips

try:
    from hypothesis import given
    from hypothesis import strategies as st
except ImportError:  # the tables above still run
    given = None

if given:
    amounts = st.decimals(
        min_value=-999_999_999, max_value=999_999_999, places=2, allow_nan=False
    )

    @given(amounts, st.sampled_from([",", "."]), st.booleans())
    def test_any_amount_survives(amount, mark, grouped):
        text = f"{amount:,.2f}" if grouped else f"{amount:.2f}"
        if mark == ",":
            text = text.translate(str.maketrans(",.", ".,"))
        assert csv_values.read_amount(text, mark) == amount
        assert csv_values.decimal_mark([text]) == mark

    @given(
        st.dates(datetime.date(1990, 1, 1), datetime.date(2089, 12, 31)),
        st.sampled_from(csv_values.DATE_ORDERS),
        st.sampled_from("-/. "),
    )
    def test_any_date_survives(day, order, separator):
        parts = {"d": f"{day.day:02}", "m": f"{day.month:02}", "y": str(day.year)}
        text = separator.join(parts[part] for part in order)
        assert csv_values.read_date(text, order) == day

    @given(st.text(max_size=30))
    def test_any_text_is_read_or_refused_in_words(text):
        for function in (
            lambda: csv_values.read_amount(text, "."),
            lambda: csv_values.read_date(text, "dmy"),
            lambda: csv_values.read_currency(text),
            lambda: csv_values.read_yes_no(text),
        ):
            try:
                function()
            except ValueError as error:
                assert str(error)

    @given(st.lists(st.text(max_size=30)))
    def test_detection_never_fails(texts):
        assert csv_values.date_orders(texts)
        assert csv_values.decimal_mark(texts) in ",."
