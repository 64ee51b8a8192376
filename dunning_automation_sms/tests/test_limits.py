from datetime import date

from psycopg2 import IntegrityError

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..tools.sms_limits import price_of
from .common import SmsCommon


@tagged("post_install", "-at_install")
class TestLimits(SmsCommon):
    """How many messages leave, to whom, and for how much."""

    def send_all(self, messages):
        """Run the sender until nothing may leave today."""
        while messages.filtered(
            lambda message: (
                message.state == "ready"
                and not (message.not_before and message.not_before > self.moment)
            )
        ):
            self.text()
        return messages.mapped("state")

    def test_fault_36_numbers_side_by_side(self):
        """Whoever earns money with our messages has a block of numbers."""
        self.company.dunning_sms_block_day = 2
        messages = self.messages(4)
        elsewhere = self.reachable(phone="0660 7654321")
        self.invoice(elsewhere)
        self.run_on()
        states = self.send_all(messages | self.notices(elsewhere))
        self.assertEqual(states, ["sent", "sent", "ready", "ready", "sent"])
        self.assertIn("fraud", messages[2].reason)
        self.assertEqual(messages[2].event_ids[0].payload["reason"], "block_day")
        self.travel(hours=14)  # Midnight of the company.
        self.assertEqual(self.send_all(messages), ["sent"] * 4)

    def test_fault_36_limit_of_the_day(self):
        self.company.dunning_sms_company_day = 3
        messages = self.messages(5)
        self.assertEqual(self.send_all(messages), ["sent"] * 3 + ["ready"] * 2)
        self.assertEqual(len(self.asked), 3)

    def test_unknown_and_failed_ones_count(self):
        """They may have arrived, or were paid for."""
        self.company.dunning_sms_company_day = 2
        messages = self.messages(3)
        messages[1:].sudo().not_before = "2030-01-01"
        self.text("server_error")
        messages[1].sudo().not_before = False
        self.text()
        messages[1].sudo()._set_state("failed", "Not delivered")
        messages[2].sudo().not_before = False
        self.text()
        self.assertEqual(messages.mapped("state"), ["unknown", "failed", "ready"])

    def test_refused_ones_do_not_count(self):
        self.company.dunning_sms_company_day = 1
        messages = self.messages(2)
        messages[1].sudo().not_before = "2030-01-01"
        self.text("insufficient_credit")
        messages[1].sudo().not_before = False
        self.text()
        self.assertEqual(messages.mapped("state"), ["failed", "sent"])

    def test_customer_gets_three_in_a_week(self):
        self.company.dunning_sms_debtor_week = 1
        message = self.messages()
        self.text()
        self.travel(3)
        self.invoice(message.partner_id, days_overdue=20)
        self.run_on()
        second = self.notices(message.partner_id)[-1]
        self.assertEqual(self.send_all(second), ["ready"])
        self.assertIn("seven days", second.reason)
        for _day in range(3):
            self.travel(1)
            self.text()
            self.assertEqual(second.state, "ready")
        self.travel(1)
        self.text()
        self.assertEqual(second.state, "sent")

    def test_customer_gets_one_a_day(self):
        self.policy.grouping = "invoice"
        self.policy.level_ids.min_interval_days = 0
        customer = self.reachable()
        self.invoices([{"partner": customer}, {"partner": customer}])
        self.run_on()
        both = self.notices(customer)
        self.assertEqual(len(both), 2)
        self.assertEqual(self.send_all(both), ["sent", "ready"])
        self.assertIn("today", both[1].reason)

    def test_limits_are_each_companys_own(self):
        other = self.setup_other_company(name="Other")["company"]
        other.write({"country_id": self.austria.id, "dunning_tz": "UTC"})
        policy = self._create_sms_policy()
        policy.company_id = other
        (self.company | other).dunning_sms_company_day = 1
        (self.company | other).dunning_sms_debtor_day = 1
        message = self.messages()
        self.invoice(message.partner_id, company=other)
        self.run_on(company=other)
        self.assertEqual(
            self.send_all(self.notices(message.partner_id)), ["sent", "sent"]
        )

    # === MONEY === #

    def price(self, prefix, price, **values):
        return self.env["dunning.sms.price"].create(
            {
                "prefix": prefix,
                "price": price,
                "currency_id": self.company.currency_id.id,
                "date_from": "2026-01-01",
                **values,
            }
        )

    def test_cost_is_kept(self):
        """In the company's currency, by segment, the longest prefix, the day."""
        self.price("43", 1)
        self.price("43664", 0.5, currency_id=self.foreign_currency.id)
        self.price("43664", 9, date_from="2026-03-11")
        self.policy.level_ids.action_ids.sms_template_id.body = "x" * 200
        message = self.messages()
        self.text()
        self.assertRecordValues(message, [{"sms_segments": 2, "sms_cost": 0.5}])

    def test_own_price_counts_more(self):
        self.price("43", 1)
        self.price("43", 3, company_id=self.company.id)
        other = self.setup_other_company(name="Other")["company"]
        today = self.company._dunning_today()
        for company, amount in ((self.company, 3), (other, 1)):
            with self.subTest(company=company.name):
                prices = self.env["dunning.sms.price"]._read_prices(company, today)
                price = price_of("+436641234500", prices, today)
                self.assertEqual(price.amount, amount)

    def test_fault_36_budget_of_the_month(self):
        self.company.dunning_sms_budget = 0.25
        self.price("43", 0.1)
        self.policy.level_ids.action_ids.sms_template_id.body = "Pay"
        messages = self.messages(3)
        self.assertEqual(self.send_all(messages), ["sent", "sent", "ready"])
        self.assertIn("budget", messages[2].reason)
        self.travel(10)
        self.assertEqual(self.send_all(messages), ["sent", "sent", "ready"])
        self.travel((date(2026, 4, 1) - self.today).days)
        self.assertEqual(self.send_all(messages), ["sent"] * 3)

    def test_budget_without_a_price_holds_back(self):
        self.company.dunning_sms_budget = 10
        message = self.messages()
        self.text()
        self.assertEqual(message.state, "ready")
        self.assertIn("no price", message.reason)

    def test_health_says_it(self):
        health = self.env["dunning.health"].sudo()
        self.assertEqual(health._check_sms_limits(self.company)["state"], "ok")
        self.company.dunning_sms_company_day = 1
        self.send_all(self.messages(2))
        check = health._check_sms_limits(self.company)
        self.assertEqual((check["state"], check["value"]), ("warning", 1))

    def test_wrong_prices_and_limits(self):
        for prefix in ("+43", "043", "43 664", "x", "٤٣"):
            with self.subTest(prefix=prefix), self.assertRaises(ValidationError):
                self.price(prefix, 1)
        self.price("43", 1)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.cr.savepoint(),
        ):
            self.price("43", 2)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.cr.savepoint(),
        ):
            self.company.dunning_sms_budget = -1
            self.env.flush_all()
