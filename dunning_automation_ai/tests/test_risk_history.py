"""A risk that changes is remembered, and the case is looked at the same day."""

from datetime import timedelta

from odoo.tests import tagged

from odoo.addons.dunning_automation.tests.common import DunningCommon


@tagged("post_install", "-at_install")
class TestRiskHistory(DunningCommon):
    def rate(self, partner, band):
        partner.write(
            {
                "dunning_manual_risk": band,
                "dunning_manual_risk_reason": "Test",
                "dunning_manual_risk_until": self.today + timedelta(days=99),
            }
        )

    def history(self, partner):
        scores = self.env["dunning.risk.score"].search(
            [("partner_id", "=", partner.id)], order="date"
        )
        return [(score.date, score.band) for score in scores]

    def cron(self):
        with self.enter_registry_test_mode():
            self.env.ref("dunning_automation.ir_cron_run").method_direct_trigger()
        self.env.invalidate_all()

    def reason(self, invoice):
        return invoice.dunning_decision_ids.reason

    def test_one_row_a_change(self):
        first = self.today
        self.rate(self.customer, "low")
        self.travel(5)
        self.rate(self.customer, "low")
        self.travel(5)
        self.rate(self.customer, "medium")
        self.rate(self.customer, "high")
        self.assertEqual(
            self.history(self.customer), [(first, "low"), (self.today, "high")]
        )
        self.assertIn("polyline", self.customer.dunning_risk_history)
        self.assertEqual(self.customer.dunning_risk_trend, "rising")
        other = self._create_customer()
        self.assertFalse(other.dunning_risk_history)
        self.assertFalse(other.dunning_risk_trend)

    def test_customers_grouped_by_risk(self):
        customers = self._create_customers(3)
        for customer, band in zip(customers, ("low", "high", "high"), strict=True):
            self.rate(customer, band)
        mine = [("id", "in", customers.ids)]
        groups = customers._read_group(mine, ["dunning_risk_band"], ["__count"])
        self.assertEqual(dict(groups), {"low": 1, "high": 2})

    def test_another_band_is_looked_at_the_same_day(self):
        """In the morning the risk was too low; at noon a person says otherwise."""
        self.level(1).min_risk_band = "high"
        invoice = self.invoice(self.customer, days_overdue=2)
        self.rate(self.customer, "low")
        self.cron()
        self.assertEqual(self.reason(invoice), "risk_too_low")
        self.assertFalse(self.company._dunning_is_run_due())
        self.travel(hours=2)
        self.rate(self.customer, "high")
        self.assertTrue(self.company._dunning_is_run_due())
        self.cron()
        self.assertEqual(self.reason(invoice), "level_reached")
        self.assertEqual(len(self.notices(self.customer)), 1)
        self.assertFalse(self.company._dunning_is_run_due(), "Once is enough")
        self.travel(hours=1)
        self.cron()
        self.assertEqual(len(self.notices(self.customer)), 1)

    def test_no_second_run_where_nothing_asks_for_the_risk(self):
        self.rate(self.customer, "low")
        self.cron()
        self.travel(hours=2)
        self.rate(self.customer, "high")
        self.assertFalse(self.company._dunning_is_run_due())

    def test_no_second_run_of_what_a_manager_holds(self):
        self.level(1).min_risk_band = "high"
        self.rate(self.customer, "low")
        self.run_on().sudo().state = "held"
        self.travel(hours=2)
        self.rate(self.customer, "high")
        self.assertFalse(self.company._dunning_is_run_due())
