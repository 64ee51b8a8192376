import datetime
import io
from base64 import b64decode, b64encode
from contextlib import suppress
from unittest.mock import patch

from openpyxl import Workbook
from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import dunning_import
from .common import DunningCommon

HEADER = "customer_no,name,number,date,due_date,amount,currency,paid_date,paid_amount"
OPEN = "7,Alder Ltd,R-1,2026-01-05,2026-02-04,100.50,USD,,"
PAID = "7,Alder Ltd,R-2,2025-11-05,2025-12-05,80,USD,2025-12-20,"
PART = "8,Birch Ltd,R-3,2025-11-05,2025-12-05,80,USD,2025-12-20,30"


@tagged("post_install", "-at_install")
class TestImport(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.journal = cls.env["account.journal"].create(
            {"name": "Opening", "code": "OPN", "type": "general"}
        )

    def upload(self, *lines, content=None, header=HEADER, **values):
        """An import of a file; ``content`` or lines below the usual header."""
        if content is None:
            content = "\n".join((header, *lines)).encode()
        return self.env["dunning.import"].create(
            {
                "data": b64encode(content),
                "filename": "ledger.csv",
                "journal_id": self.journal.id,
                **values,
            }
        )

    def check(self, *lines, **values):
        one = self.upload(*lines, **values)
        one.action_check()
        return one

    def bring(self, *lines, **values):
        """Check and book."""
        one = self.check(*lines, **values)
        one.action_import()
        self.assertEqual(one.state, "done")
        return one

    def entries(self):
        domain = [("dunning_import_number", "!=", False)]
        return self.env["account.move"].search(domain, order="id")

    def residuals(self):
        return {
            entry.dunning_import_number: self.receivable(entry).amount_residual_currency
            for entry in self.entries()
        }

    def states(self, one):
        return {row.line: row.state for row in one.row_ids.sorted("line")}

    # === WHAT MUST NEVER HAPPEN === #

    def test_second_import_makes_no_second_invoice_and_no_second_payment(self):
        self.bring(OPEN, PAID, PART)
        before = self.residuals()
        moves = self.env["account.move"].search_count([])
        again = self.check(OPEN, PAID, PART)
        self.assertEqual(self.states(again), {2: "known", 3: "known", 4: "known"})
        again.action_import()
        self.assertEqual(self.env["account.move"].search_count([]), moves)
        self.assertEqual(self.residuals(), before)

    def test_file_that_was_checked_before_another_brought_the_same(self):
        """Two people checked the same file; both press Import."""
        first, second = self.check(OPEN, PAID), self.check(OPEN, PAID)
        first.action_import()
        moves = self.env["account.move"].search_count([])
        second.action_import()
        self.assertEqual(self.env["account.move"].search_count([]), moves)
        self.assertEqual(self.states(second), {2: "known", 3: "known"})

    def test_no_payment_is_lost(self):
        """Later files tell of payments; a payment that came here meanwhile counts."""
        cases = [
            # what the next file says, what is open then
            ("2026-01-10,", 0.0),
            ("2026-01-10,40", 60.5),
            ("2026-01-10,0", 100.5),
            (",", 100.5),
        ]
        for number, (paid, residual) in enumerate(cases):
            with self.subTest(paid):
                bare = OPEN.replace("R-1", f"P-{number}")
                self.bring(bare)
                self.bring(bare.removesuffix(",") + paid)
                self.bring(bare.removesuffix(",") + paid)
                self.assertAlmostEqual(self.residuals()[f"P-{number}"], residual)

    def test_growing_payments_are_booked_by_their_difference(self):
        for paid in ("2025-12-20,30", "2026-01-15,50", "2026-02-01,80"):
            self.bring(PART.replace("2025-12-20,30", paid))
        self.assertEqual(self.residuals(), {"R-3": 0})
        payments = self.entries().dunning_import_payment_ids.sorted("date")
        self.assertEqual(
            [(str(move.date), move.amount_total) for move in payments],
            [("2025-12-20", 30), ("2026-01-15", 20), ("2026-02-01", 30)],
        )

    def test_payment_that_came_here_is_not_booked_again(self):
        self.bring(OPEN)
        line = self.receivable(self.entries())
        bank = self.env["account.move"].create(
            {
                "move_type": "entry",
                "line_ids": [
                    Command.create(
                        {
                            "account_id": line.account_id.id,
                            "partner_id": line.partner_id.id,
                            "credit": 60.5,
                        }
                    ),
                    Command.create(
                        {
                            "account_id": self.company.transfer_account_id.id,
                            "debit": 60.5,
                        }
                    ),
                ],
            }
        )
        bank.action_post()
        (line + bank.line_ids[0]).reconcile()
        self.bring(OPEN.removesuffix(",,") + ",2026-02-10,")
        self.assertEqual(self.residuals(), {"R-1": 0})
        self.assertEqual(self.entries().dunning_import_payment_ids.amount_total, 40)

    def test_corrected_file_leaves_alone_what_is_booked(self):
        self.bring(OPEN, PAID)
        before = self.residuals()
        for wrong, right in (
            ("100.50", "120.50"),
            ("2026-02-04", "2026-03-04"),
            ("USD", "EUR"),
        ):
            with self.subTest(right):
                one = self.check(OPEN.replace(wrong, right))
                self.assertEqual(self.states(one), {2: "changed"})
                one.action_import()
                self.assertEqual(self.residuals(), before)

    def test_interrupted_import_goes_on_where_it_stopped(self):
        lines = [OPEN.replace("R-1", f"B-{number}") for number in range(25)]
        one = self.check(*lines)
        one.sudo().state = "importing"
        book = type(one.row_ids)._book
        done = []

        def book_some(rows):
            if len(done) == 2:
                raise KeyboardInterrupt
            done.append(rows.ids)
            book(rows)

        with (
            patch.object(dunning_import, "BOOKED", 10),
            patch.object(type(one.row_ids), "_book", book_some),
            suppress(KeyboardInterrupt),  # assertRaises would roll back
        ):
            one._work(lambda count: True)
        self.assertEqual(len(self.entries()), 20)
        self.assertEqual((one.state, one.booked_count), ("importing", 20))
        self.assertEqual(one.progress, 80)
        one._work(lambda count: True)
        self.assertEqual(one.state, "done")
        self.assertEqual(len(self.entries()), 25)
        self.assertEqual(len(set(self.entries().mapped("dunning_import_number"))), 25)

    def test_interrupted_check_reads_each_row_once(self):
        lines = [OPEN.replace("R-1", f"B-{number}") for number in range(25)]
        one = self.upload(*lines)
        one.sudo().state = "checking"

        def stop(count):
            if one.env["dunning.import.row"]._get_last_line(one) > 20:
                raise KeyboardInterrupt
            return True

        with patch.object(dunning_import, "STAGED", 10):
            with suppress(KeyboardInterrupt):
                one._work(stop)
            self.assertEqual((one.state, one.row_count), ("checking", 20))
            one._work(lambda count: True)
        self.assertEqual(one.state, "checked")
        self.assertEqual(sorted(one.row_ids.mapped("line")), list(range(2, 27)))

    def test_row_that_odoo_refuses_leaves_nothing_half_done(self):
        """The payment of the second row cannot be booked: neither is its invoice."""
        one = self.check(OPEN, PAID, PART)
        prepare = type(one.row_ids)._prepare_payment_values
        closed = "The bank is closed."

        def refuse(row, line):
            if row.number == "R-2":
                raise UserError(closed)
            return prepare(row, line)

        with patch.object(type(one.row_ids), "_prepare_payment_values", refuse):
            one.action_import()
        self.assertEqual(self.residuals(), {"R-1": 100.5, "R-3": 50})
        self.assertEqual(self.states(one), {2: "booked", 3: "error", 4: "booked"})
        row = one.row_ids.filtered("error")
        self.assertEqual((row.error, row.value), ("refused", closed))
        self.bring(OPEN, PAID, PART)
        self.assertEqual(self.residuals(), {"R-1": 100.5, "R-2": 0, "R-3": 50})

    # === WHAT IS BOOKED === #

    def test_opening_balance_is_no_sale(self):
        self.bring(OPEN)
        entry = self.entries()
        line = self.receivable(entry)
        self.assertRecordValues(
            entry,
            [{"move_type": "entry", "state": "posted", "name": "R-1", "ref": "R-1"}],
        )
        self.assertEqual(str(entry.date), "2026-01-05")
        self.assertEqual(str(line.date_maturity), "2026-02-04")
        self.assertEqual((line.debit, line.name), (100.5, "R-1"))
        self.assertFalse(entry.line_ids.tax_ids)
        self.assertEqual(
            (entry.line_ids - line).account_id.account_type, "equity_unaffected"
        )
        self.assertRecordValues(
            entry.partner_id, [{"name": "Alder Ltd", "ref": "7", "is_company": True}]
        )

    def test_imported_debt_is_reminded(self):
        self.bring(OPEN + "\n" + PAID, header=HEADER)
        self.entries().partner_id.email = "alder@example.com"
        self.run_on()
        self.assertEqual(self.why(self.entries()[0]), "remind/level_reached")
        self.assertEqual(self.notices(self.entries().partner_id).line_ids.name, "R-1")

    def test_foreign_currency_and_credit_note(self):
        self.bring(
            "7,Alder,E-1,2026-01-05,2026-02-04,100,EUR,2026-02-01,25",
            "7,Alder,G-1,2026-01-05,2026-01-01,-20,USD,,",
        )
        euro, credit = map(self.receivable, self.entries())
        self.assertEqual((euro.amount_currency, euro.balance), (100, 50))
        self.assertEqual(euro.amount_residual_currency, 75)
        self.assertEqual(euro.amount_residual, 37.5)
        self.assertEqual(credit.balance, -20)

    def test_customers_are_found_by_earlier_import_number_and_name(self):
        by_ref = self._create_customer(name="Somebody", ref="70")
        by_name = self._create_customer(name="Cedar Ltd")
        self.bring(
            OPEN.replace("7,", "70,", 1),
            PAID.replace("7,Alder Ltd", "71,Cedar Ltd"),
        )
        self.assertEqual(self.entries().partner_id, by_ref + by_name)
        by_name.name = "Cedar & Sons"
        self.bring(PAID.replace("7,Alder Ltd,R-2", "71,Cedar Ltd,R-9"))
        self.assertEqual(self.entries()[-1].partner_id, by_name)

    def test_number_that_two_customers_share(self):
        self.bring(OPEN, OPEN.replace("7,Alder", "8,Birch"))
        self.assertEqual(self.entries().mapped("name"), ["R-1", "R-1 (8)"])

    def test_number_of_another_year_is_kept(self):
        self.bring(OPEN.replace("R-1", "INV/2019/0001"))
        self.assertEqual(self.entries().name, "INV/2019/0001")

    # === BAD INPUT === #

    def test_bad_rows_are_told_apart_and_the_others_are_booked(self):
        self._create_customers(2, name="Twins")
        cases = [
            ("9,N,X,2026-13-05,2026-02-04,5,USD,,", "invoice_date", "2026-13-05"),
            ("9,N,X,2026-01-05,,5,USD,,", "due_date", ""),
            ("9,N,X,2026-01-05,2025-02-04,5,USD,,", "due_early", "2025-02-04"),
            ("9,N,X,2026-01-05,2026-02-04,five,USD,,", "amount", "five"),
            ("9,N,X,2026-01-05,2026-02-04,0.00,USD,,", "zero", "0"),
            ("9,N,X,2026-01-05,2026-02-04,5,XXQ,,", "currency", "XXQ"),
            ("9,N,X,2026-01-05,2026-02-04,5,ISK,,", "currency_inactive", "ISK"),
            ("9,N,X,2026-01-05,2026-02-04,5,,,", "currency", ""),
            (",,X,2026-01-05,2026-02-04,5,USD,,", "customer", ""),
            ("9,N,,2026-01-05,2026-02-04,5,USD,,", "number", ""),
            (OPEN, "duplicate", "2"),
            ("9,N,X,2026-01-05,2026-02-04,5,USD,never,", "paid_date", "never"),
            ("9,N,X,2026-01-05,2026-02-04,5,USD,,5", "paid_undated", "5"),
            ("9,N,X,2026-01-05,2026-02-04,5,USD,2026-01-09,9", "overpaid", "9"),
            ("9,N,X,2026-01-05,2026-02-04,5,USD,,,,more", "columns", "11"),
            ('"9" N,X', "not_csv", None),
            ("10,Twins,X,2026-01-05,2026-02-04,5,USD,,", "ambiguous", "10"),
            ("9,N,X,2019-12-31,2026-02-04,5,USD,,", "locked", "2019-12-31"),
        ]
        self.company.fiscalyear_lock_date = "2019-12-31"
        lines = [
            text.replace(",X,", f",X-{number},")
            for number, (text, _error, _value) in enumerate(cases)
        ]
        one = self.check(OPEN, *lines, PAID)
        found = {row.line: row for row in one.row_ids}
        for line, (text, error, value) in enumerate(cases, start=3):
            with self.subTest(text):
                self.assertEqual(found[line].error, error)
                self.assertTrue(found[line].explanation)
                if value is not None:
                    self.assertEqual(found[line].value or "", value)
        self.assertEqual((one.ready_count, one.error_count), (2, len(cases)))
        one.action_import()
        self.assertEqual(list(self.residuals()), ["R-1", "R-2"])

    def test_files_that_cannot_be_used(self):
        sheet = Workbook()
        broken = io.BytesIO()
        sheet.save(broken)
        for content, words in (
            (b"", "empty"),
            (b" \n\n", "empty"),
            (HEADER.encode(), "no invoices"),
            (b"\x89PNG\r\n\x1a\n\0", "neither CSV"),
            (b"PK\x03\x04 broken", "cannot be read"),
            (b"\xd0\xcf\x11\xe0 old", "cannot be read"),
            (broken.getvalue(), "no invoices"),
            (f'{HEADER}\n"{OPEN}'.encode(), "never closed"),
        ):
            with (
                self.subTest(content[:20]),
                self.assertRaisesRegex((UserError, ValidationError), words),
            ):
                self.upload(content=content)

    def test_half_mapped_file_says_what_is_missing(self):
        one = self.upload("7,R-1,100", header="customer,number,amount")
        with self.assertRaisesRegex(UserError, "Invoice Date, Due Date"):
            one.action_check()

    def test_column_is_mapped_by_hand(self):
        one = self.upload(
            "7,R-1,2026-01-05,2026-02-04,12", header="who,what,when,till,how much"
        )
        self.assertFalse(any(one.column_ids.mapped("holds")))
        self.assertEqual(one.column_ids[4].example, "12")
        names = ["customer", "number", "invoice_date", "due_date", "amount"]
        for column, name in zip(one.column_ids, names, strict=True):
            column.holds = name
        one.action_check()
        one.action_import()
        self.assertEqual(self.residuals(), {"R-1": 12})
        other = self.upload(OPEN)
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            other.column_ids[1].holds = "customer"
            self.env.flush_all()

    def test_dates_that_fit_two_orders_are_asked_for(self):
        line = "7,Alder,R-1,01/02/2026,03/04/2026,5,USD,,"
        one = self.check(line)
        self.assertEqual(one.state, "draft")
        self.assertIn("01/02/2026", one.error)
        one.date_order = "dmy"
        one.action_check()
        self.assertEqual(str(one.row_ids.due_date), "2026-04-03")
        self.assertFalse(one.error)

    def test_encodings(self):
        text = f"{HEADER}\n{OPEN}".replace("Alder", "Älder").replace(",", ";")
        for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16"):
            with self.subTest(encoding):
                one = self.check(content=text.encode(encoding))
                self.assertEqual(one.row_ids.customer_name, "Älder Ltd")

    def test_workbook_and_its_formulas(self):
        book = Workbook()
        sheet = book.active
        sheet.append(HEADER.split(","))
        day = datetime.datetime(2026, 1, 5)
        sheet.append([7, "Alder", "R-1", day, "2026-02-04", 1234.567, "USD"])
        sheet.append([7, "Alder", "R-2", day, "=D3+30", 5, "USD"])
        sheet.append([7, "Alder", "R-3", day, day, 5, "USD", "=D3"])
        stream = io.BytesIO()
        book.save(stream)
        one = self.check(content=stream.getvalue())
        first, *others = one.row_ids.sorted("line")
        self.assertEqual((first.customer, first.amount), ("7", 1234.567))
        self.assertEqual(str(first.invoice_date), "2026-01-05")
        self.assertEqual(
            [(row.error, row.value) for row in others],
            [("formula", "due_date"), ("formula", "paid_date")],
        )

    def test_error_list_runs_nowhere(self):
        one = self.check("=cmd(),N,X,2026-01-05,2026-02-04,=1+1,USD,,")
        text = b64decode(one.error_file).decode("utf-8-sig")
        self.assertIn(",'=cmd(),X,The amount is no amount,'=1+1", text)
        self.assertTrue(text.splitlines()[1].startswith("2,"))

    def test_files_are_forgotten_and_keys_are_not(self):
        one = self.bring(OPEN)
        self.env.flush_all()
        self.cr.execute("UPDATE dunning_import SET write_date = '2025-01-01'")
        one.invalidate_recordset()
        one._gc_old()
        self.assertFalse(one.exists())
        self.assertEqual(self.states(self.check(OPEN)), {2: "known"})

    def test_import_at_the_same_time_is_tried_again(self):
        """The other transaction cannot be seen: no row may become an error for it."""
        one = self.check(OPEN)
        one.sudo().state = "importing"
        first = self.check(OPEN)
        first.action_import()
        rows = type(one.row_ids)
        with (
            patch.object(rows, "_compare", lambda *args: None),
            self.assertRaises(UniqueViolation),
            mute_logger("odoo.sql_db"),
        ):
            one._work(lambda count: True)
        one._work(lambda count: True)
        self.assertEqual(self.states(one), {2: "known"})
        self.assertEqual(len(self.entries()), 1)

    # === WHO, AND HOW MUCH === #

    def test_only_managers(self):
        user = self.new_user("im_user", "dunning_automation.group_user")
        with self.assertRaises(AccessError):
            self.env["dunning.import"].with_user(user).search([])
        manager = self.new_user(
            "im_manager",
            "dunning_automation.group_manager,base.group_partner_manager",
        )
        self.env = self.env(user=manager)
        one = self.bring(OPEN, PAID)
        self.assertEqual(one.booked_count, 2)
        self.assertEqual(self.entries().create_uid, manager)

    def test_large_file_waits_for_the_cron_and_is_read_set_based(self):
        """Statements per row do not grow with the file."""
        bad = OPEN.replace("100.50", "x")
        lines = [
            bad if number % 100 == 0 else OPEN.replace("R-1", f"B-{number}")
            for number in range(2000)
        ]
        one = self.check(*lines)
        self.assertEqual(one.state, "checking")
        with self.enter_registry_test_mode():
            self.env.ref(
                "dunning_automation.ir_cron_import"
            ).sudo().method_direct_trigger()
        self.assertEqual((one.state, one.row_count), ("checked", 2000))
        self.assertEqual((one.ready_count, one.error_count), (1980, 20))

        def count(number):
            small = self.upload(
                *(OPEN.replace("R-1", f"{number}-{n}") for n in range(number))
            )
            small.sudo().state = "checking"
            self.env.flush_all()
            before = self.cr.sql_log_count
            small._work(lambda done: True)
            self.env.flush_all()
            return self.cr.sql_log_count - before

        count(1)
        self.assertEqual(count(10), count(500))
