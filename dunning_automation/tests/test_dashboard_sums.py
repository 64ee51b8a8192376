from datetime import timedelta

from odoo.tests import tagged

from ..report.dunning_dashboard_ledger import RISK_DAYS, Scope
from .test_dashboard import AGED, DashboardCommon


@tagged("post_install", "-at_install")
class TestDashboardSums(DashboardCommon):
    """The sums in SQL are those of a slow, direct computation, line by line."""

    def setUp(self):
        super().setUp()
        _a, b = self.keep_books()
        # Paid in the future, and once undone.
        self.money("2026-06-01", 30, b)
        late = self.money("2026-06-15", 50, b)
        self.receivable(late).remove_move_reconcile()
        self.ledger = self.env["dunning.dashboard.ledger"]
        self.scope = Scope(self.company)
        self.days = [day for day, *_amounts in AGED]
        self.lines = self.env["account.move.line"].search(
            self.ledger._get_lines_domain(self.scope)
        )

    def matched(self, line, day):
        """What was matched with the line until ``day``, signed like its balance."""
        debits = line.matched_credit_ids.filtered(lambda part: part.max_date <= day)
        credits_ = line.matched_debit_ids.filtered(lambda part: part.max_date <= day)
        return sum(debits.mapped("amount")) - sum(credits_.mapped("amount"))

    def left(self, day):
        """{line: open amount} of what was booked until ``day``."""
        booked = self.lines.filtered(lambda line: line.date <= day)
        return {line: line.balance - self.matched(line, day) for line in booked}

    def test_what_is_open(self):
        for day in self.days:
            with self.subTest(day):
                owed = self.ledger._read_aging(self.scope, day)
                self.assertAlmostEqual(sum(owed.values()), sum(self.left(day).values()))
                opened = self.lines.search(
                    self.ledger._get_open_domain(self.scope, day)
                )
                self.assertEqual(opened, self.lines.filtered(self.left(day).get))

    def test_what_is_not_due(self):
        found = self.ledger._read_not_due(self.scope, self.days)
        for day in self.days:
            with self.subTest(day):
                expected = sum(
                    amount
                    for line, amount in self.left(day).items()
                    if (line.date_maturity or line.date) >= day
                )
                self.assertAlmostEqual(found[day], expected)

    def test_what_is_at_risk(self):
        """Also where nothing was due, or nothing was paid."""
        delay = timedelta(days=RISK_DAYS)
        for first in self.days:
            for last in self.days:
                with self.subTest((first, last)):
                    due = self.lines.search(
                        self.ledger._get_risk_domain(self.scope, first, last)
                    )
                    unpaid = sum(
                        line.balance - self.matched(line, line.date_maturity + delay)
                        for line in due
                    )
                    self.assertEqual(
                        self.ledger._read_at_risk(self.scope, first, last),
                        (unpaid, sum(due.mapped("balance"))),
                    )
