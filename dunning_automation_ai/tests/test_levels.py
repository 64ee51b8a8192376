"""Predictions hold messages back where a policy says so; they never push."""

from datetime import timedelta

from odoo.tests import tagged

from odoo.addons.dunning_automation.tests.common import DunningCommon


@tagged("post_install", "-at_install")
class TestLevels(DunningCommon):
    def rate(self, partner, band):
        partner.write(
            {
                "dunning_manual_risk": band,
                "dunning_manual_risk_reason": "Test",
                "dunning_manual_risk_until": self.today + timedelta(days=99),
            }
        )

    def expect(self, invoice, days):
        """The payment of ``invoice`` is expected in so many days."""
        self.env["dunning.prediction"].sudo().create(
            {
                "move_line_id": self.receivable(invoice).id,
                "move_id": invoice.id,
                "company_id": invoice.company_id.id,
                "partner_id": invoice.commercial_partner_id.id,
                "date": self.today,
                "expected_date": self.today + timedelta(days=days),
            }
        )

    def reason(self, invoice):
        decision = invoice.dunning_decision_ids
        return decision.outcome, decision.reason

    def test_level_for_risky_customers_only(self):
        """Nobody is reminded because of a score: a low, or no, risk holds back."""
        self.policy.level_ids.filtered(
            lambda level: level.delay_days == 1
        ).min_risk_band = "medium"
        for band, expected in (
            ("high", ("remind", "level_reached")),
            ("medium", ("remind", "level_reached")),
            ("low", ("wait", "risk_too_low")),
            (None, ("wait", "risk_too_low")),
        ):
            with self.subTest(band=band):
                customer = self._create_customer()
                if band:
                    self.rate(customer, band)
                invoice = self.invoice(customer, days_overdue=2)
                self.run_on()
                self.assertEqual(self.reason(invoice), expected)

    def test_level_waits_for_an_expected_payment(self):
        level = self.policy.level_ids.filtered(lambda level: level.delay_days == 1)
        level.wait_expected_days = 5
        customers = self._create_customers(3)
        soon, late, unknown = (self.invoice(it, days_overdue=2) for it in customers)
        self.expect(soon, days=2)
        self.expect(late, days=20)
        self.run_on()
        self.assertEqual(self.reason(soon), ("wait", "payment_expected"))
        self.assertEqual(self.reason(late)[0], "remind")
        self.assertEqual(self.reason(unknown)[0], "remind")
        self.run_on(days=3)
        self.assertEqual(self.reason(soon)[0], "wait")
        self.run_on(days=1)
        self.assertEqual(self.reason(soon)[0], "remind")

    def test_nothing_changes_where_the_policy_says_nothing(self):
        low, high = self._create_customers(2)
        self.rate(low, "low")
        self.rate(high, "high")
        invoices = [self.invoice(it, days_overdue=2) for it in (low, high)]
        self.expect(invoices[0], days=1)
        self.run_on()
        levels = {invoice.dunning_decision_ids.next_level_id for invoice in invoices}
        self.assertEqual(len(levels), 1)
        self.assertEqual({self.reason(it)[0] for it in invoices}, {"remind"})
