from unittest import skipIf

from odoo.exceptions import AccessError
from odoo.tests import BaseCase, tagged

from ..tools import risk
from ..tools.risk import History
from .common import DunningCommon

try:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st
except ImportError:
    given = None


@tagged("post_install", "-at_install")
class TestRiskRule(BaseCase):
    def test_table(self):
        """What a history is worth, beside a portfolio that pays 10 % late."""
        table = [
            # history, lowest and highest score that make sense, band
            (History(paid=20), 0.0, 0.02, "low"),
            (History(), 0.06, 0.06, "low"),
            (History(paid=10, late=5, days_late=10), 0.03, 0.1, "low"),
            (History(paid=10, late=10, days_late=60), 0.4, 0.6, "medium"),
            (History(arrears=30), 0.2, 0.3, "low"),
            (History(arrears=60), 0.4, 0.5, "medium"),
            (History(arrears=120), 0.8, 0.9, "high"),
            (History(paid=10, late=8, days_late=40, arrears=45), 0.4, 0.6, "medium"),
            (History(broken=1), 0.25, 0.35, "low"),
            (History(broken=3, arrears=30), 0.5, 0.7, "medium"),
            (
                History(paid=9, late=9, days_late=90, arrears=200, broken=4),
                0.9,
                1,
                "high",
            ),
        ]
        for history, low, high, band in table:
            with self.subTest(history=history):
                score = risk.score(history, base=0.1)
                self.assertGreaterEqual(score, low)
                self.assertLessEqual(score, high)
                self.assertEqual(risk.band(score), band)

    def test_without_history_the_portfolio_speaks(self):
        for base in (0.0, 0.2, 0.7, 1.0):
            with self.subTest(base=base):
                expected = round(risk.WEIGHTS["habit"] * base, 4)
                self.assertEqual(risk.score(History(), base), expected)
                self.assertEqual(risk.reasons(History(), base), [["no_history"]])

    @skipIf(given is None, "hypothesis is not installed")
    def test_between_0_and_1_and_never_better_when_worse(self):
        days = st.lists(st.integers(-30, 400), max_size=12)
        rates = st.floats(0, 1)
        small = st.integers(0, 6)

        def history(late_days, **values):
            late = [number for number in late_days if number > 0]
            average = sum(late) / len(late) if late else 0
            return History(len(late_days), len(late), average, **values)

        @settings(
            max_examples=200,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(days, st.integers(0, 11), st.integers(0, 90), rates, small, small)
        def check(late_days, which, more, base, broken, episodes):
            arrears = 10 * broken
            known = {"arrears": arrears, "broken": broken, "episodes": episodes}
            score = risk.score(history(late_days, **known), base)
            self.assertGreaterEqual(score, 0)
            self.assertLessEqual(score, 1)
            worse = [
                history(late_days, **{**known, name: known[name] + 1}) for name in known
            ]
            if late_days:
                later = list(late_days)
                later[which % len(later)] += more
                worse.append(history(later, **known))
            for other in worse:
                self.assertGreaterEqual(risk.score(other, base), score)

        check()


@tagged("post_install", "-at_install")
class TestRisk(DunningCommon):
    def paid(self, partner, days_late, amount=100.0):
        """An invoice that was paid ``days_late`` days after its due date, today."""
        invoice = self.invoice(partner, days_overdue=days_late, amount=amount)
        self.pay(invoice)
        return invoice

    def exposure(self, partner=None):
        return self.env["dunning.exposure"].search(
            [("partner_id", "=", (partner or self.customer).id)]
        )

    def histories(self):
        rows, base = self.env["dunning.exposure"]._read_histories(
            self.company, self.today
        )
        return dict(rows), base

    def test_habit_is_read_from_payments(self):
        """Only payments count, only of this debtor, only of the last two years."""
        contact = self.env["res.partner"].create(
            {"name": "Buyer", "parent_id": self.customer.id}
        )
        self.paid(self.customer, -5)
        self.paid(self.customer, 20)
        self.paid(contact, 40)
        refunded = self.invoice(days_overdue=300)
        credit = self.credit_note(amount=100)
        self.receivable(refunded + credit).reconcile()
        self.paid(self._create_customer(), 90)
        self.invoice(days_overdue=12)
        self.run_on()
        histories, base = self.histories()
        self.assertEqual(histories, {self.customer.id: History(3, 2, 30.0, 12, 0, 0)})
        # All four paid invoices of the portfolio: 3 late, 50 days on average.
        self.assertAlmostEqual(base, 3 / 4 * 50 / 60)

    def test_last_payment_counts_and_part_payments_do_not(self):
        invoice = self.invoice(days_overdue=10)
        self.pay(invoice, amount=40)
        open_invoice = self.invoice(days_overdue=50)
        self.pay(open_invoice, amount=40)
        self.travel(days=15)
        self.pay(invoice)
        self.run_on()
        histories, _base = self.histories()
        self.assertEqual(histories[self.customer.id], History(1, 1, 25.0, 65, 0, 0))

    def test_the_daily_run_rates_who_has_a_case(self):
        late, good, new = self._create_customers(3)
        for _time in range(3):
            self.paid(late, 60)
            self.paid(good, -3)
        for partner in (late, good, new):
            self.invoice(partner, days_overdue=8)
        self.run_on()
        scores = [self.exposure(partner).score for partner in (good, new, late)]
        self.assertEqual(scores, sorted(scores))
        self.assertLess(scores[0], scores[1])
        self.assertLess(scores[1], scores[2])
        self.assertFalse(self.exposure(self.customer))
        self.assertEqual(
            late.dunning_risk_reasons,
            "3 of 3 invoices paid late, 60 days on average, 8 days overdue",
        )
        self.assertIn("no payment history yet", new.dunning_risk_reasons)
        self.assertIn("pays on time (3 invoices)", good.dunning_risk_reasons)

    def test_contacts_and_searches_follow_the_debtor(self):
        contact = self.env["res.partner"].create(
            {"name": "Buyer", "parent_id": self.customer.id}
        )
        self.invoice(days_overdue=200)
        self.run_on()
        self.assertEqual(contact.dunning_risk_band, "high")
        self.assertEqual(contact.dunning_risk_score, self.customer.dunning_risk_score)
        partners = self.env["res.partner"]
        found = partners.search([("dunning_risk_band", "=", "high")])
        self.assertEqual(found, self.customer | contact)
        unknown = partners.search([("dunning_risk_band", "=", False)])
        self.assertFalse(unknown & found)
        self.assertTrue(unknown)
        self.assertIn(
            self.customer, partners.search([("dunning_risk_score", ">", 0.5)])
        )

    def test_each_company_rates_for_itself(self):
        other = self.setup_other_company()["company"]
        self.invoice(days_overdue=200)
        self.run_on()
        self.assertTrue(self.customer.dunning_risk_score)
        elsewhere = self.customer.with_company(other)
        self.assertFalse(elsewhere.dunning_risk_score)
        self.assertFalse(elsewhere.dunning_risk_band)

    def test_episodes_and_arrears_grow(self):
        first = self.invoice(days_overdue=8)
        self.run_on()
        self.send()
        before = self.exposure().score
        self.run_on(days=30)
        later = self.exposure().score
        self.assertGreater(later, before)
        self.assertEqual(self.exposure().date, self.today)
        self.send()
        self.pay(first)
        self.run_on(days=1)
        self.invoice(days_overdue=8)
        self.run_on(days=30)
        histories, _base = self.histories()
        self.assertEqual(histories[self.customer.id].episodes, 1)

    def test_same_queries_for_10_and_100_debtors(self):
        counts = []
        for number in (1, 10, 90):
            customers = self._create_customers(number)
            self.invoices([{"partner": customer} for customer in customers])
            self.run_on()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["res.partner"]._dunning_compute_risk(self.company)
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])
        self.assertLessEqual(counts[2], 7)

    def test_nobody_writes_it_by_hand(self):
        self.invoice(days_overdue=8)
        self.run_on()
        manager = self.new_user("r_manager", "dunning_automation.group_manager")
        exposure = self.exposure().with_user(manager)
        self.assertTrue(exposure.score)
        with self.assertRaises(AccessError):
            exposure.score = 0
        sales = self.new_user("r_sales", "base.group_user,base.group_partner_manager")
        with self.assertRaises(AccessError):
            self.customer.with_user(sales).read(["dunning_risk_score"])
        self.assertTrue(self.customer.with_user(sales).read(["name"]))

    def test_a_merged_customer_keeps_one_rate(self):
        other = self._create_customer()
        for partner in (self.customer, other):
            self.invoice(partner, days_overdue=8)
        self.run_on()
        self.assertEqual(len(self.exposure() | self.exposure(other)), 2)
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (self.customer | other).ids, self.customer
        )
        self.run_on(days=1)
        self.assertEqual(len(self.exposure()), 1)
        self.assertEqual(self.exposure().date, self.today)
