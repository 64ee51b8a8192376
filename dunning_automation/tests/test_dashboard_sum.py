from odoo import Command
from odoo.tests import tagged
from odoo.tools import SQL

from .test_dashboard import DashboardCommon


@tagged("post_install", "-at_install")
class TestDashboardSum(DashboardCommon):
    """Whatever is booked and however, the sums are those of the lines."""

    def setUp(self):
        super().setUp()
        self.sums = self.env["dunning.dashboard.sum"].sudo()
        self.sums._rebuild()

    def get_rows(self, sql):
        self.env.flush_all()
        return {tuple(row[:-2]): row[-2:] for row in self.env.execute_query(sql)}

    def assertCurrent(self):
        kept = self.get_rows(
            SQL(
                """SELECT company_id, account_id, partner_id, currency_id, journal_id,
                          day, due, is_sale, is_credit, is_match, SUM(amount),
                          SUM(amount_currency)
                     FROM dunning_dashboard_sum
                    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
                   HAVING SUM(amount) != 0 OR SUM(amount_currency) != 0"""
            )
        )
        direct = self.get_rows(self.sums._get_direct_sql())
        self.assertEqual(kept, direct)
        self.assertTrue(direct)

    def test_what_people_do(self):
        self.keep_books()
        invoice = self.billed("2026-02-01", "2026-02-20", 90)
        foreign = self.billed(
            "2026-02-01", "2026-02-10", 90, currency=self.foreign_currency
        )
        payment = self.money("2026-02-15", 20, invoice)
        other = self._create_customer()
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
            "another customer": lambda: self.env.cr.execute(
                "UPDATE account_move_line SET partner_id = %s WHERE move_id = %s",
                [other.id, invoice.id],
            ),
            "deleted": lambda: (
                payment.button_draft(),
                payment.with_context(force_delete=True).unlink(),
            ),
            "folded": self.sums._fold,
        }
        for step, take in steps.items():
            with self.subTest(step):
                take()
                self.assertCurrent()

    def test_folding_leaves_one_row_per_key(self):
        self.keep_books()
        self.assertCurrent()
        self.sums._fold()
        self.assertCurrent()
        rows = self.sums.search_count([])
        self.assertEqual(rows, len(self.get_rows(self.sums._get_direct_sql())))

    def test_rebuilt(self):
        self.keep_books()
        self.env.flush_all()
        self.env.cr.execute("UPDATE dunning_dashboard_sum SET amount = amount + 1")
        self.sums._rebuild()
        self.assertCurrent()
