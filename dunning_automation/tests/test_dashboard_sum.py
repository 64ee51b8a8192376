from odoo import Command
from odoo.tests import tagged
from odoo.tools import SQL

from ..models.dunning_dashboard_sum import OF_CUSTOMER, TRIGGERS
from ..models.dunning_dashboard_total import OF_BAND
from .test_dashboard import DashboardCommon


@tagged("post_install", "-at_install")
class TestDashboardSum(DashboardCommon):
    """Whatever is booked and however, the sums are those of the lines."""

    def setUp(self):
        super().setUp()
        self.sums = self.env["dunning.dashboard.sum"].sudo()
        self.totals = self.env["dunning.dashboard.total"].sudo()
        self.sums._rebuild()

    def get_rows(self, sql, key):
        """{key: amounts} of what does not add up to nothing."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                f"""SELECT {key}, SUM(amount), SUM(amount_currency)
                      FROM %s AS span
                     GROUP BY {key}
                    HAVING SUM(amount) != 0 OR SUM(amount_currency) != 0""",
                sql,
            )
        )
        return {row[:-2]: row[-2:] for row in rows}

    def assertCurrent(self):
        direct = SQL("(%s)", self.sums._get_direct_sql())
        by_band = SQL(
            """(SELECT span.*, exposure.band
                  FROM %s AS span
             LEFT JOIN dunning_exposure exposure
                 USING (partner_id, company_id))""",
            direct,
        )
        for table, rows, key in (
            ("dunning_dashboard_sum", direct, OF_CUSTOMER),
            ("dunning_dashboard_total", by_band, OF_BAND),
        ):
            kept = self.get_rows(SQL.identifier(table), key)
            self.assertEqual(kept, self.get_rows(rows, key))
            self.assertTrue(kept)

    def test_what_people_do(self):
        paid, _b = self.keep_books()
        line = self.receivable(paid)
        invoice = self.billed("2026-02-01", "2026-02-20", 90)
        foreign = self.billed(
            "2026-02-01", "2026-02-10", 90, currency=self.foreign_currency
        )
        payment = self.money("2026-02-15", 20, invoice)
        other = self._create_customer()
        account = self.account.copy()

        def set_type(account_type):
            self.cr.execute(
                "UPDATE account_account SET account_type = %s WHERE id = %s",
                [account_type, account.id],
            )

        def rate(customer, score):
            self.env["dunning.exposure"]._store(
                self.company, self.today, [(customer.id, score, [])]
            )

        steps = {
            "booked and paid": lambda: None,
            "due later": lambda: invoice.write({"invoice_date_due": "2026-03-20"}),
            "unmatched": lambda: self.receivable(payment).remove_move_reconcile(),
            "matched again": lambda: (
                self.receivable(payment) + self.receivable(invoice)
            ).reconcile(),
            "back to draft": lambda: invoice.button_draft(),
            "other amount": lambda: invoice.write(
                {
                    "invoice_line_ids": [
                        Command.update(invoice.invoice_line_ids.id, {"price_unit": 70})
                    ]
                }
            ),
            "posted again": lambda: invoice.action_post(),
            "cancelled": lambda: (foreign.button_draft(), foreign.button_cancel()),
            "another customer": lambda: self.cr.execute(
                "UPDATE account_move_line SET partner_id = %s WHERE move_id = %s",
                [other.id, invoice.id],
            ),
            "deleted": lambda: (
                payment.button_draft(),
                payment.with_context(force_delete=True).unlink(),
            ),
            "tidied up": lambda: self.sums._tidy(),
            "another account": lambda: self.cr.execute(
                "UPDATE account_move_line SET account_id = %s WHERE id = %s",
                [account.id, self.receivable(invoice).id],
            ),
            "no receivable any more": lambda: set_type("asset_current"),
            "one again": lambda: set_type("asset_receivable"),
            "matched by others without own amounts": lambda: self.cr.execute(
                """UPDATE account_partial_reconcile
                      SET debit_amount_currency = NULL, credit_amount_currency = NULL
                    WHERE debit_move_id = %s""",
                [line.id],
            ),
            "risk": lambda: rate(self.customer, 0.9),
            "risk of others": lambda: rate(other, 0.5),
            "another risk": lambda: rate(self.customer, 0.1),
            "booked with a risk": lambda: self.billed("2026-02-01", "2026-02-10", 7),
            "no risk known any more": lambda: self.cr.execute(
                "DELETE FROM dunning_exposure WHERE partner_id = %s", [other.id]
            ),
        }
        for step, take in steps.items():
            with self.subTest(step):
                take()
                self.assertCurrent()

    def test_rows_before_and_after_a_change_are_not_joined(self):
        """Without statistics each would be compared with each: an update of forty
        thousand items took hours."""
        for key, statements in TRIGGERS.items():
            for statement in statements:
                with self.subTest(key):
                    self.assertNotRegex(statement, r"JOIN (before|after)\b")

    def test_folding_leaves_one_row_per_key(self):
        """Also of those that were folded before; the others are not touched."""
        self.keep_books()
        self.sums._tidy()
        rows = set(self.sums.search([]).ids)
        self.billed("2026-02-01", "2026-02-20", 90)
        self.assertCurrent()
        self.sums._tidy()
        for sums, key in ((self.sums, OF_CUSTOMER), (self.totals, OF_BAND)):
            found = self.get_rows(SQL.identifier(sums._table), key)
            self.assertEqual(sums.search_count([]), len(found))
        self.assertCurrent()
        self.assertLessEqual(rows, set(self.sums.search([]).ids))

    def test_what_the_triggers_miss_is_mended_at_night(self):
        paid, late = self.keep_books()
        alone = self.billed("2026-02-01", "2026-02-20", 90)
        self.sums._tidy()
        other = self._create_customer()
        misses = {
            "written without triggers": f"""
                ALTER TABLE account_move_line DISABLE TRIGGER USER;
                UPDATE account_move_line SET partner_id = {other.id}
                 WHERE id = {self.receivable(paid).id};
                ALTER TABLE account_move_line ENABLE TRIGGER USER""",
            "an invoice that was none": f"""
                UPDATE account_move SET move_type = 'entry' WHERE id = {late.id}""",
            "deleted with its lines": f"DELETE FROM account_move WHERE id = {alone.id}",
            "sums that were spoilt": f"""
                UPDATE dunning_dashboard_sum SET amount = amount + 1
                 WHERE partner_id = {other.id}""",
            "sums that were lost": f"""
                DELETE FROM dunning_dashboard_sum WHERE partner_id = {other.id}""",
            "totals that were spoilt": """
                UPDATE dunning_dashboard_total SET amount = amount + 1""",
            "all sums lost": "DELETE FROM dunning_dashboard_sum",
        }
        for miss, sql in misses.items():
            with self.subTest(miss):
                self.env.flush_all()
                self.cr.execute(sql)
                with self.assertRaises(AssertionError):
                    self.assertCurrent()
                self.sums._tidy()
                self.assertCurrent()
