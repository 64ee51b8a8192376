"""Every open line has a prediction with its reasons, or says why there is none."""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..tools.verdict import Verdict
from .ledger_common import LedgerCommon

DECIDE = "odoo.addons.dunning_automation_ai.tools.verdict.decide"


@tagged("post_install", "-at_install")
class TestPrediction(LedgerCommon):
    def use_model(self, head="blend"):
        with patch(DECIDE, lambda *arguments: Verdict(head, "trees", None)):
            return self.train()

    def test_prediction_of_an_open_invoice(self):
        """A bad payer is likelier late, and later, than a good one."""
        self.make_ledger()
        champion = self.use_model()
        good = self.invoice(self.debtors[0], days_overdue=-20)
        bad = self.invoice(self.debtors[-1], days_overdue=-20)
        self.predict()
        self.assertGreater(bad.dunning_late_chance, good.dunning_late_chance + 0.3)
        self.assertEqual(
            (good.dunning_late_band, bad.dunning_late_band), ("low", "high")
        )
        self.assertGreater(bad.dunning_expected_date, good.dunning_expected_date)
        prediction = self.prediction(bad)
        self.assertLessEqual(prediction.date_low, prediction.expected_date)
        self.assertLessEqual(prediction.expected_date, prediction.date_high)
        self.assertEqual(prediction.model_id, champion)
        self.assertIn("Model of", prediction.source)

    def test_reasons_add_up_to_what_is_shown(self):
        self.make_ledger()
        self.use_model()
        bad = self.invoice(self.debtors[-1], days_overdue=-20)
        self.predict()
        for prediction in self.env["dunning.prediction"].search([]):
            points = sum(reason["points"] for reason in prediction.reasons)
            self.assertEqual(points, round(prediction.late_chance * 100))
        reasons = {it["code"]: it["words"] for it in bad.dunning_late_reasons}
        self.assertIn("base", reasons)
        self.assertIn("late", reasons["history"])

    def test_each_reason_shows_its_invoices(self):
        self.make_ledger(60)
        overdue = self.invoice(self.debtors[1], days_overdue=9)
        invoice = self.invoice(self.debtors[1], days_overdue=-20)
        self.predict()
        prediction = self.prediction(invoice)
        for code, belongs in (("position", True), ("recent", False), ("history", True)):
            action = prediction.action_open_reason(code)
            found = self.env["account.move"].search(action["domain"])
            self.assertEqual(found.commercial_partner_id, self.debtors[1], code)
            self.assertEqual(overdue in found, belongs, code)
            self.assertNotIn(invoice, found, code)

    def test_without_a_model_the_rule_predicts_and_says_so(self):
        self.make_ledger(30)
        invoice = self.invoice(self.debtors[0], days_overdue=-20)
        self.predict()
        prediction = self.prediction(invoice)
        self.assertFalse(prediction.model_id)
        self.assertIn("Rule", prediction.source)
        self.assertTrue(prediction.expected_date)

    def test_bad_input_ends_with_a_reason(self):
        """Nothing of it breaks the nightly run; what cannot be said is not said."""
        self.make_ledger(60)
        new = self.invoice(self._create_customer(), days_overdue=-20)
        future = self.invoice(
            days_overdue=-60, invoice_date=self.today + timedelta(days=20)
        )
        negative = self.invoice(
            days_overdue=-5, invoice_date=self.today, invoice_date_due=self.today
        )
        ancient = self.invoice(self.debtors[0], days_overdue=900)
        no_due, nan, infinite, foreign = self.invoices(
            [
                {"partner": self.debtors[0], "days_overdue": -9},
                {"partner": self.debtors[0], "days_overdue": -9},
                {"partner": self.debtors[0], "days_overdue": -9},
                {
                    "partner": self.debtors[0],
                    "days_overdue": -9,
                    "currency": self.foreign_currency,
                },
            ]
        )
        self.foreign_currency.rate_ids.unlink()
        self.env.flush_all()
        for assignment, invoice in (
            ("date_maturity = '1066-10-14'", negative),
            ("date_maturity = NULL", no_due),
            ("balance = 'NaN'", nan),
            ("balance = 'Infinity'", infinite),
        ):
            self.env.cr.execute(
                f"UPDATE account_move_line SET {assignment} WHERE id = %s",
                [self.receivable(invoice).id],
            )
        self.env.invalidate_all()
        self.predict()
        for name, invoice, reason in (
            ("no history", new, "new_customer"),
            ("issued in the future", future, "unusual"),
            ("due in 1066", negative, "unusual"),
            ("not a number", nan, "unusual"),
            ("infinite", infinite, "unusual"),
            ("no due date of the line: that of the invoice", no_due, False),
            ("currency without rate", foreign, False),
            ("older than all payments", ancient, "longer"),
        ):
            with self.subTest(name):
                prediction = self.prediction(invoice)
                self.assertEqual(len(prediction), 1)
                self.assertEqual(prediction.reason, reason)
                self.assertEqual(
                    bool(prediction.reasons), reason not in ("unusual", "no_payments")
                )

    def test_first_predictions_of_a_company_without_history(self):
        invoice = self.invoice(days_overdue=-20)
        self.predict()
        prediction = self.prediction(invoice)
        self.assertEqual(prediction.reason, "no_payments")
        self.assertFalse(prediction.expected_date)
        self.assertFalse(prediction.late_band)

    def test_more_than_thirty_days_late(self):
        """Beside the chance of being late: shown, found and grouped by."""
        self.make_ledger(late=lambda customer, _day, _random: 40 * (customer > 5))
        self.use_model()
        good = self.invoice(self.debtors[0], days_overdue=-20)
        bad = self.invoice(self.debtors[-1], days_overdue=-20)
        over = self.invoice(self.debtors[0], days_overdue=31)
        self.predict()
        moves = good | bad | over
        self.assertEqual(
            moves.mapped("dunning_very_late_band"), ["low", "high", "high"]
        )
        self.assertEqual(over.dunning_very_late_chance, 1)
        self.assertLessEqual(bad.dunning_very_late_chance, bad.dunning_late_chance)
        mine = [("id", "in", moves.ids)]
        for name, domain, found in (
            ("band", [("dunning_very_late_band", "=", "high")], bad | over),
            ("chance", [("dunning_very_late_chance", "<", 0.5)], good),
        ):
            with self.subTest(name):
                self.assertEqual(moves.search(mine + domain), found)
        groups = moves._read_group(mine, ["dunning_very_late_band"], ["__count"])
        self.assertEqual(dict(groups), {"low": 1, "high": 2})

    def test_what_was_said_first_stays(self):
        self.make_ledger(60)
        invoice = self.invoice(self.debtors[-1], days_overdue=-20)
        self.predict()
        first = self.prediction(invoice).late_chance
        self.travel(days=28)
        self.predict()
        prediction = self.prediction(invoice)
        self.assertEqual(prediction.late_chance, 1)
        self.assertEqual(prediction.reason, "late_already")
        self.assertEqual(prediction.first_late_chance, first)
        self.assertEqual(prediction.first_date, self.today - timedelta(days=28))
        self.pay(invoice)
        self.assertFalse(prediction.is_open)
        self.assertFalse(invoice.dunning_late_chance)

    def test_lists_filter_and_group(self):
        self.make_ledger()
        self.use_model()
        good = self.invoice(self.debtors[0], days_overdue=-20)
        bad = self.invoice(self.debtors[-1], days_overdue=-20)
        self.predict()
        moves = self.env["account.move"]
        both = [("id", "in", (good + bad).ids)]
        self.assertEqual(moves.search([*both, ("dunning_late_band", "=", "high")]), bad)
        self.assertEqual(moves.search([*both, ("dunning_late_chance", "<", 0.5)]), good)
        groups = dict(moves._read_group(both, ["dunning_late_band"], ["__count"]))
        self.assertEqual(groups, {"low": 1, "high": 1})

    def test_same_statements_for_any_number_of_lines(self):
        self.make_ledger(60)
        counts = []
        for number in (1, 5, 20):
            rows = [{"partner": self.debtors[0]} for _number in range(number)]
            self.invoices(rows, days_overdue=-9)
            self.predict()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.predict()
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])

    def test_company_that_fails_does_not_stop_the_others(self):
        other = self.setup_other_company()["company"]
        self.invoice(days_overdue=-20, company=other)
        predict = type(self.env["dunning.prediction"])._predict

        def fail(self, company):
            if company.id != other.id:
                raise ValueError("broken")
            return predict(self, company)

        with (
            patch.object(type(self.env["dunning.prediction"]), "_predict", fail),
            mute_logger("odoo.addons.dunning_automation_ai.models.dunning_prediction"),
            self.enter_registry_test_mode(),
            self.registry.cursor() as cr,
        ):
            self.env(cr=cr, su=True)["dunning.prediction"]._cron_predict()
        self.env.invalidate_all()
        found = self.env["dunning.prediction"].search([])
        self.assertEqual(found.company_id, other)

    def test_who_may(self):
        self.make_ledger(30)
        invoice = self.invoice(self.debtors[0], days_overdue=-20)
        self.predict()
        collector = self.new_user("ai_c", "dunning_automation.group_user")
        sales = self.new_user("ai_s", "base.group_user,base.group_partner_manager")
        mine = invoice.with_user(collector)
        self.assertTrue(mine.dunning_late_reasons)
        self.assertTrue(mine.dunning_expected_date)
        with self.assertRaises(AccessError):
            self.prediction(invoice).with_user(collector).write({"late_chance": 0})
        with self.assertRaises(AccessError):
            self.prediction(invoice).with_user(sales).read(["late_chance"])
        self.assertTrue(self.debtors[0].with_user(sales).read(["name"]))


@tagged("post_install", "-at_install")
class TestCustomerRisk(LedgerCommon):
    def use_model(self, head="blend"):
        with patch(DECIDE, lambda *arguments: Verdict(head, "trees", None)):
            return self.train()

    def case(self, partner):
        return self.env["dunning.case"].search([("partner_id", "=", partner.id)])

    def test_the_model_rates_and_says_so(self):
        self.make_ledger()
        bad = self.debtors[-1]
        self.invoice(bad, days_overdue=10)
        self.run_on()
        self.assertEqual(bad.dunning_risk_source, "Rule")
        champion = self.use_model()
        self.predict()
        self.assertIn("Model of", bad.dunning_risk_source)
        self.assertIn("likely to be still out", bad.dunning_risk_reasons)
        champion.action_use_rule()
        self.predict()
        self.assertEqual(bad.dunning_risk_source, "Rule")

    def test_customers_at_risk_before_anything_is_due(self):
        self.make_ledger()
        self.use_model()
        early = self._create_customer()
        self.invoice(early, days_overdue=-20)
        self.predict()
        self.assertFalse(self.case(early).filtered("overdue_amount"))
        self.assertTrue(early.dunning_risk_band)

    def test_order_of_the_worklist_by_prediction_only_where_wanted(self):
        self.make_ledger()
        bad = self.debtors[-1]
        self.invoice(bad, days_overdue=10)
        self.run_on()
        by_rule = self.case(bad).risk_score
        self.use_model()
        self.predict()
        self.assertEqual(self.case(bad).risk_score, by_rule)
        self.company.dunning_order_by_prediction = True
        self.predict()
        self.assertEqual(self.case(bad).risk_score, bad.dunning_risk_score)
        self.assertNotEqual(self.case(bad).risk_score, by_rule)

    def test_a_person_overrides_and_it_ends(self):
        self.make_ledger(30)
        self.invoice(days_overdue=10)
        self.run_on()
        computed = self.customer.dunning_risk_score
        with self.assertRaisesRegex(ValidationError, "until when"):
            self.customer.dunning_manual_risk = "high"
        self.customer.write(
            {
                "dunning_manual_risk": "high",
                "dunning_manual_risk_reason": "Lost its main client",
                "dunning_manual_risk_until": self.today + timedelta(days=10),
            }
        )
        self.assertEqual(self.customer.dunning_risk_band, "high")
        self.assertEqual(self.customer.dunning_risk_source, "A person")
        self.assertIn("Lost its main client", self.customer.dunning_risk_reasons)
        event = self.env["dunning.event"].search([("kind", "=", "risk_overridden")])
        self.assertEqual(event.partner_id, self.customer)
        self.assertEqual(event.payload["band"], "high")
        self.run_on(days=11)
        self.assertNotEqual(self.customer.dunning_risk_source, "A person")
        self.assertLess(abs(self.customer.dunning_risk_score - computed), 0.2)
