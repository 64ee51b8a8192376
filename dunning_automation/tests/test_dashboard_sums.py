from collections import defaultdict
from datetime import date, timedelta
from unittest.mock import patch

from odoo.fields import Domain
from odoo.tests import tagged

from ..report.dunning_dashboard_ledger import RISK_DAYS, Scope
from .test_dashboard import AGED, DashboardCommon


@tagged("post_install", "-at_install")
class TestDashboardSums(DashboardCommon):
    """The sums in SQL are those of a slow, direct computation, line by line."""

    debtors = ()

    def setUp(self):
        super().setUp()
        _a, b = self.keep_books()
        # Paid in the future, and once undone.
        self.money("2026-06-01", 30, b)
        late = self.money("2026-06-15", 50, b)
        self.receivable(late).remove_move_reconcile()
        self.ledger = self.env["dunning.dashboard.ledger"]
        self.scope = Scope(self.company, debtors=self.debtors)
        self.days = [day for day, *_amounts in AGED]
        self.lines = self.env["account.move.line"].search(
            self.ledger._get_lines_domain(self.scope)
        )

    def history(self, **options):
        return self.ledger._read_history(self.scope, self.days, **options)

    def matched(self, line, day):
        """What was matched with the line until ``day``, signed like its balance."""
        debits = line.matched_credit_ids.filtered(lambda part: part.max_date <= day)
        credits_ = line.matched_debit_ids.filtered(lambda part: part.max_date <= day)
        return sum(debits.mapped("amount")) - sum(credits_.mapped("amount"))

    def left(self, day):
        """{line: open amount} of what was booked until ``day``."""
        booked = self.lines.filtered(lambda line: line.date <= day)
        return {line: line.balance - self.matched(line, day) for line in booked}

    def test_what_happened_in_each_month(self):
        """What was booked since the last point, and what of it was sold and paid."""
        starts = [date.min, *(day + timedelta(days=1) for day in self.days)]
        found = self.history().months
        self.assertTrue(any(cash for _change, _sales, cash, _due in found))
        for first, last, amounts in zip(starts, self.days, found, strict=False):
            with self.subTest(last):
                booked = self.lines.filtered_domain(
                    [("date", ">=", first), ("date", "<=", last)]
                )
                sold = booked.filtered(lambda line: line.move_id.is_sale_document(True))
                paid = booked.filtered(lambda line: line.journal_id.type == "bank")
                expected = [sum(lines.mapped("balance")) for lines in (booked, sold)]
                expected.append(-sum(paid.mapped("balance")))
                for amount, wanted in zip(amounts, expected, strict=False):
                    self.assertAlmostEqual(amount, wanted)

    def test_what_is_open(self):
        for day in self.days:
            with self.subTest(day):
                left = self.left(day)
                owed = self.ledger._read_aging(self.scope, day)
                found, overdue = self.history(aged=day).sums
                self.assertAlmostEqual(found, sum(left.values()))
                self.assertAlmostEqual(found, sum(owed.values()))
                late = sum(
                    amount
                    for line, amount in left.items()
                    if (line.date_maturity or line.date) < day and line.balance > 0
                )
                self.assertAlmostEqual(overdue, late)
                self.assertAlmostEqual(self.dashboard._sum_overdue(owed), late)
                opened = self.lines.search(
                    self.ledger._get_open_domain(self.scope, day)
                )
                self.assertEqual(opened, self.lines.filtered(self.left(day).get))

    def test_what_is_not_due(self):
        found = self.history().months
        for day, (*_booked, not_due) in zip(self.days, found, strict=True):
            with self.subTest(day):
                expected = sum(
                    amount
                    for line, amount in self.left(day).items()
                    if (line.date_maturity or line.date) >= day
                )
                self.assertAlmostEqual(not_due, expected)

    def test_who_owes(self):
        """By customer, also what his contacts owe; credits are taken off."""
        contact = self._create_customer(parent_id=self.customer.id, is_company=False)
        other = self._create_customer(name="Other")
        self.invoice(contact, amount=70, days_overdue=5)
        self.invoice(other, amount=900, days_overdue=-5)
        debtors = self.ledger._read_debtors(self.scope, self.today, 2)
        left = sum(self.left(self.today).values()) + 70
        self.assertEqual(
            [(id_, amount, late) for id_, _name, amount, late in debtors],
            [(other.id, 900, 0), (self.customer.id, left, 470)],
        )

    def test_what_is_at_risk(self):
        """Also where nothing was due, or nothing was paid."""
        delay = timedelta(days=RISK_DAYS)
        for number, first in enumerate(self.days):
            for last in self.days[number:]:
                with self.subTest((first, last)):
                    due = self.lines.search(
                        self.ledger._get_risk_domain(self.scope, first, last)
                    )
                    unpaid = sum(
                        line.balance - self.matched(line, line.date_maturity + delay)
                        for line in due
                    )
                    found = self.history(periods=[(first, last)]).sums[2:]
                    for amount, expected in zip(
                        found, (unpaid, sum(due.mapped("balance"))), strict=True
                    ):
                        self.assertAlmostEqual(amount, expected)

    def test_what_was_at_risk_before(self):
        """Of what was booked by the end of the period: what came later with an old due
        date was not known then."""
        first, last = date(2025, 11, 1), date(2025, 11, 30)
        self.billed("2025-11-10", "2025-11-20", 70)
        known = self.history(periods=[(first, last)]).sums[2:]
        self.assertEqual(known, [70, 70])
        late = last + timedelta(days=RISK_DAYS + 1)
        self.assertLess(late, self.days[-1])
        self.billed(late, "2025-11-20", 900)
        self.assertEqual(self.history(periods=[(first, last)]).sums[2:], known)

    def test_what_came_in_by_week(self):
        """From the first day on; what came earlier is in no week."""
        day = date(2026, 2, 2)
        weeks = {
            week: cash for week, cash in self.history(first=day).weeks.items() if cash
        }
        found = defaultdict(float)
        for line in self.lines:
            if line.journal_id.type == "bank" and day <= line.date <= self.days[-1]:
                found[(line.date - day).days // 7] -= line.balance
        self.assertEqual(weeks, found)
        self.assertTrue(any(found.values()))


@tagged("post_install", "-at_install")
class TestDashboardSumsOfLines(TestDashboardSums):
    """So are they for a user to whom a record rule shows some lines only."""

    def setUp(self):
        super().setUp()
        self.startPatcher(self.without_sums())


@tagged("post_install", "-at_install")
class TestDashboardSumsOfMost(TestDashboardSums):
    """So are they where filters hold back few customers: these are subtracted."""

    debtors = (("invoice_ids", Domain("ref", "!=", "Held back")),)
    most = True

    def setUp(self):
        super().setUp()
        self.startPatcher(
            patch.object(type(self.ledger), "_leaves_most", lambda *_args: self.most)
        )

    def keep_books(self):
        stranger = self._create_customer(name="Stranger")
        for day, due in (("2025-12-20", "2026-01-19"), ("2026-02-01", "2026-02-25")):
            invoice = self.billed(
                day, due, 4000, partner_id=stranger.id, ref="Held back"
            )
            self.money("2026-03-01", 700, invoice, partner_id=stranger.id)
        return super().keep_books()

    def test_who_is_held_back(self):
        every = self.ledger._read_aging(Scope(self.company), self.days[-1])
        owed = self.ledger._read_aging(self.scope, self.days[-1])
        self.assertEqual(sum(every.values()) - sum(owed.values()), 2 * 3300)


@tagged("post_install", "-at_install")
class TestDashboardSumsOfFew(TestDashboardSumsOfMost):
    """And where they hold back many: only those left are read."""

    most = False


@tagged("post_install", "-at_install")
class TestDashboardMost(DashboardCommon):
    def test_most_customers_are_left(self):
        """More than half of those who owe something."""
        owing = [self._create_customer(name=f"Owing {n}") for n in range(4)]
        for customer in owing:
            self.invoice(customer, days_overdue=20, ref=customer.name)
        self.run_on()
        ledger = self.env["dunning.dashboard.ledger"]
        for left in range(5):
            names = [customer.name for customer in owing[:left]]
            debtors = (("invoice_ids", Domain("ref", "in", names)),)
            with self.subTest(left):
                self.assertIs(
                    ledger._leaves_most(Scope(self.company, debtors=debtors)), left > 2
                )
