"""What is known about a line on a day, and nothing that only a later day knew."""

from datetime import timedelta

import numpy as np

from odoo.tests import tagged

from odoo.addons.dunning_automation.tests.common import DunningCommon

from ..tools.features import ALL_FEATURES, to_number


@tagged("post_install", "-at_install")
class TestFeatures(DunningCommon):
    def history(self, *rows, **values):
        """Invoices of a customer: (days overdue, days ago of the payment or None)."""
        invoices = self.invoices([{"days_overdue": due, **values} for due, _p in rows])
        # After an autovacuum the database takes these tables for empty, and Odoo's
        # own queries about payments need seconds for a few hundred rows.
        self.env.flush_all()
        self.env.cr.execute(
            "ANALYZE account_move, account_move_line, account_partial_reconcile,"
            " account_payment, account_account"
        )
        for invoice, (_due, paid) in zip(invoices, rows, strict=True):
            if paid is not None:
                self.paid(invoice, paid)
        return invoices

    def paid(self, invoice, days_ago, booked=None, **values):
        """A payment of ``days_ago`` that was booked on its day, or so many days ago."""
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"payment_date": self.today - timedelta(days=days_ago), **values})
        )
        wizard._create_payments()
        self.book(invoice, days_ago if booked is None else booked)

    def book(self, invoice, days_ago):
        """The matching of an invoice was booked so many days ago."""
        parts = self.receivable(invoice).matched_credit_ids
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_partial_reconcile SET create_date = %s WHERE id IN %s",
            [self.today - timedelta(days=days_ago), tuple(parts.ids)],
        )

    def read_issued(self, grace=0, shift=False):
        return self.env["dunning.risk.features"]._read_issued(
            self.company, self.today, grace, shift
        )

    def features_of(self, invoice, samples=None):
        """Name -> figure of the only line of an invoice."""
        samples = self.read_issued() if samples is None else samples
        (row,) = samples.matrix[samples.line == self.receivable(invoice).id]
        return dict(zip(ALL_FEATURES, row.tolist(), strict=True))

    def test_figures_of_a_customer(self):
        """Due 100, 90 and 80 days ago, paid 10 late, 4 early and not at all; the
        invoice that is asked about was issued 35 days ago."""
        self.history((100, 90), (90, 94), (80, None))
        found = self.features_of(self.invoice(days_overdue=5, amount=300))
        expected = {
            "terms": 30,
            "known_outcomes": 3,
            "mean_days_late": 3,
            "sd_days_late": 7,
            "last_days_late": 10,
            "late_share_of_10": 0.5,
            "open_lines": 1,
            "overdue_lines": 1,
            "overdue_share": 1,
            "log_amount": np.log(301),
            "log_amount_ratio": np.log(3),
            "median_of_50": 3,
            "median_of_5": 3,
            "mean_of_10": 3,
            "late_share": (2 + 5 * 2 / 3) / 8,
        }
        for name, value in expected.items():
            with self.subTest(name):
                self.assertAlmostEqual(found[name], value)

    def test_payment_counts_from_its_booking(self):
        """Paid on the due date, booked 40 days later: until then it was overdue."""
        (old,) = self.history((60, None))
        self.paid(old, 60, booked=20)
        before = self.features_of(self.invoice(days_overdue=0))
        self.assertEqual(before["overdue_lines"], 1)
        self.assertEqual(before["known_outcomes"], 1)
        self.assertTrue(np.isnan(before["last_days_late"]))
        after = self.features_of(self.invoice(days_overdue=-20))
        self.assertEqual(after["overdue_lines"], 0)
        self.assertEqual(after["last_days_late"], 0)
        self.assertEqual(after["known_outcomes"], 1)
        self.assertLess(after["late_share"], before["late_share"])

    def test_ledger_that_was_taken_over(self):
        """A hundred payments booked today, of long ago: they were known then."""
        invoices = self.history(*[(200, None)] * 100)
        payments = self.pay(invoices)
        self.assertTrue(payments)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_partial_reconcile SET max_date = %s, create_date = %s",
            [self.today - timedelta(days=199), self.today],
        )
        found = self.features_of(self.invoice(days_overdue=5))
        self.assertEqual(found["open_lines"], 0)
        self.assertEqual(found["known_outcomes"], 50)
        self.assertEqual(found["last_days_late"], 1)

    def test_what_a_credit_note_settles_is_no_payment(self):
        (old,) = self.history((60, None))
        refund = self.credit_note(amount=100, invoice_date=old.invoice_date)
        (self.receivable(old) + self.receivable(refund)).reconcile()
        self.book(old, 60)
        found = self.features_of(self.invoice(days_overdue=5))
        self.assertEqual(found["open_lines"], 0)
        self.assertEqual(found["known_outcomes"], 0)
        samples = self.read_issued()
        day = to_number(self.today)
        self.assertNotIn(self.receivable(old).id, samples.line[samples.matured(day)])

    def test_each_instalment_is_a_line(self):
        invoice = self.invoice(instalments=[(40, 50), (10, 50)])
        samples = self.read_issued()
        mine = np.isin(samples.line, self.receivable(invoice).ids)
        self.assertEqual(mine.sum(), 2)
        self.assertEqual(np.ptp(samples.due[mine]), 30)

    def test_open_line_does_not_count_itself(self):
        invoice = self.invoice(days_overdue=20)
        ledger = self.env["dunning.risk.features"]._read_ledger(
            self.company, 0, shift=False
        )
        samples = ledger.open_on(to_number(self.today))
        found = self.features_of(invoice, samples)
        for name in ("open_lines", "overdue_lines", "known_outcomes", "overdue_share"):
            self.assertEqual(found[name], 0, name)

    def test_grace_and_weekends(self):
        """Due on Saturday, the 28th of February: late from Tuesday on, plus grace."""
        invoice = self.invoice(days_overdue=10)
        for grace, shift, days in ((0, False, 0), (0, True, 2), (3, True, 5)):
            with self.subTest(grace=grace, shift=shift):
                samples = self.read_issued(grace, shift)
                (row,) = np.flatnonzero(samples.line == self.receivable(invoice).id)
                self.assertEqual(samples.limit[row] - samples.due[row], days)

    def test_strange_lines_break_nothing(self):
        """Due before their issue, issued in the future, of another company."""
        self.invoice(invoice_date_due=self.today - timedelta(days=90))
        self.invoice(days_overdue=-60, invoice_date=self.today + timedelta(days=20))
        other = self.setup_other_company(name="Other")["company"]
        samples = self.read_issued()
        self.assertEqual(len(samples), 0)
        samples = self.env["dunning.risk.features"]._read_issued(
            other, self.today, 0, False
        )
        self.assertEqual(len(samples), 0)
        self.assertEqual(samples.matrix.shape[1], len(ALL_FEATURES))

    def test_issued_in_another_century(self):
        """The date of an old ledger, or a typing error: it counts like any other."""
        for issued in ("1900-01-01", "0025-02-01"):
            with self.subTest(issued):
                customer = self._create_customer()
                old, new = (
                    self.invoice(customer, days_overdue=5, amount=amount)
                    for amount in (500, 100)
                )
                self.env.flush_all()
                self.cr.execute(
                    "UPDATE account_move SET invoice_date = %s WHERE id = %s",
                    [issued, old.id],
                )
                ledger = self.env["dunning.risk.features"]._read_ledger(
                    self.company, 0, shift=False
                )
                samples = ledger.open_on(to_number(self.today))
                for invoice, ratio in ((old, 5), (new, 1 / 5)):
                    found = self.features_of(invoice, samples)
                    self.assertEqual(found["open_lines"], 1)
                    self.assertEqual(found["overdue_share"], 1)
                    self.assertAlmostEqual(found["log_amount_ratio"], np.log(ratio))
                self.assertEqual(self.features_of(old)["open_lines"], 0)

    def test_later_payments_change_nothing_before(self):
        """Every payment known on a day or later is moved to other days: what was
        asked until that day keeps its figures, bit by bit."""
        random = np.random.default_rng(9)
        customers = self._create_customers(4)
        rows = [(int(due), int(due - late)) for due, late in self._random_dues(random)]
        for position, row in enumerate(rows):
            if row[1] >= 0:
                self.history(row, partner=customers[position % 4])
            else:
                self.history((row[0], None), partner=customers[position % 4])
        self.invoices([{"partner": c, "days_overdue": 10} for c in customers])
        for days_ago in (150, 90, 50):
            day = self.today - timedelta(days=days_ago)
            with self.subTest(days_ago=days_ago):
                before = self.read_issued()
                self.move_payments(random, day)
                after = self.read_issued()
                asked = before.day <= to_number(day)
                self.assertTrue(asked.any())
                self.assertEqual(
                    before.matrix[asked].tobytes(), after.matrix[asked].tobytes()
                )
                self.assertNotEqual(
                    before.matrix[~asked].tobytes(), after.matrix[~asked].tobytes()
                )

    @staticmethod
    def _random_dues(random, number=36):
        return zip(
            random.integers(0, 200, number),
            random.integers(-15, 40, number),
            strict=True,
        )

    def move_payments(self, random, day):
        self.env.cr.execute(
            """SELECT part.id FROM account_partial_reconcile part
                WHERE GREATEST(max_date, create_date::date) >= %s ORDER BY id""",
            [day],
        )
        for (part_id,) in self.env.cr.fetchall():
            self.env.cr.execute(
                """UPDATE account_partial_reconcile
                      SET max_date = %(moved)s, create_date = %(moved)s
                    WHERE id = %(part)s""",
                {
                    "part": part_id,
                    "moved": day + timedelta(int(random.integers(0, 90))),
                },
            )

    def test_one_query_for_any_number_of_lines(self):
        """And one that gives it memory."""
        self.history((60, 50))
        with self.assertQueryCount(2):
            self.read_issued()
        self.history((60, 50), (40, 20), (30, None), (20, 30))
        with self.assertQueryCount(2):
            self.assertEqual(len(self.read_issued()), 5)
