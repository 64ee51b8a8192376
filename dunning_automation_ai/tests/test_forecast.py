"""What comes in, with bands that hold, against what came."""

import numpy as np

from odoo.tests import BaseCase, tagged

from ..tools import cash_forecast, payment_days
from ..tools.day_model import Days
from .ledger_common import LedgerCommon


class TestCashForecast(BaseCase):
    @staticmethod
    def lines(number, seed=2):
        random = np.random.default_rng(seed)
        days = random.uniform(2, 70, number)
        ahead = Days(days, days - random.uniform(1, 2, number), days + 9)
        return ahead, random.uniform(10, 1000, number), np.arange(number) % 20

    def test_nothing_is_lost_or_found(self):
        """What does not come within 13 weeks is missing, all else is there."""
        ahead, amounts, customers = self.lines(300)
        draws = cash_forecast.draw(ahead, amounts, customers)
        self.assertLessEqual(draws.sum(axis=1).max(), amounts.sum() + 1e-6)
        self.assertAlmostEqual(
            cash_forecast.summarise(draws).expected.sum() / amounts.sum(), 1, delta=0.02
        )

    def test_bands_hold_8_of_10_weeks(self):
        """Payments that come as was said, customers late together as was assumed."""
        ahead, amounts, customers = self.lines(400)
        found = cash_forecast.summarise(
            cash_forecast.per_week(cash_forecast.draw(ahead, amounts, customers))
        )
        inside = []
        for seed in range(1, 9):
            truth = cash_forecast.draw(ahead, amounts, customers, seed=seed)[:5]
            weeks = cash_forecast.per_week(truth)
            inside.append((found.low <= weeks) & (weeks <= found.high))
        self.assertAlmostEqual(np.mean(np.array(inside)[..., :10]), 0.8, delta=0.05)

    def test_customers_who_are_late_together_widen_the_band(self):
        """All expected on one day: of one customer, or each of another."""
        one = np.ones(200)
        ahead, widths = Days(40 * one, 33 * one, 49 * one), []
        for customers in (np.arange(200), np.zeros(200)):
            draws = cash_forecast.draw(ahead, 10 * one, customers)
            found = cash_forecast.summarise(cash_forecast.per_week(draws))
            widths.append((found.high - found.low).sum())
        self.assertGreater(widths[1], widths[0] * 1.5)

    def test_same_ledger_same_forecast(self):
        first, second = (cash_forecast.draw(*self.lines(50)) for _time in range(2))
        self.assertEqual(first.tobytes(), second.tobytes())

    def test_shape_of_the_draws_is_that_of_the_prediction(self):
        """One line: the drawn days have its median and its ends."""
        ahead = Days(np.array([40.0]), np.array([30.0]), np.array([60.0]))
        draws = cash_forecast.draw(ahead, np.array([1.0]), np.array([1]))
        days = np.sort(draws.argmax(axis=1))
        for share, day in ((0.1, 30), (0.5, 40), (0.9, 60)):
            self.assertAlmostEqual(np.quantile(days, share), day, delta=4)
        self.assertEqual(payment_days.NORMAL.shape, (99,))


@tagged("post_install", "-at_install")
class TestForecast(LedgerCommon):
    def forecasts(self, period, **values):
        domain = [("company_id", "=", self.company.id), ("period", "=", period)]
        domain += [(name, "=", value) for name, value in values.items()]
        return self.env["dunning.forecast"].search(domain, order="date")

    def test_thirteen_weeks(self):
        self.make_ledger(60)
        self.invoices([{}, {}], days_overdue=-10)
        self.predict()
        days, weeks = self.forecasts("day"), self.forecasts("week")
        self.assertEqual((len(days), len(weeks)), (91, 13))
        self.assertEqual(weeks[0].date, self.today)
        self.assertAlmostEqual(
            sum(days.mapped("expected")), sum(weeks.mapped("expected")), delta=1
        )
        dated = self.env["dunning.prediction"].search(
            [("is_open", "=", True), ("expected_date", "!=", False)]
        )
        amount = sum(dated.mapped("amount"))
        self.assertGreaterEqual(amount, 200)
        self.assertGreater(sum(weeks.mapped("expected")), 0.9 * amount)
        self.assertLessEqual(sum(weeks.mapped("expected")), amount + 1)
        for week in weeks:
            self.assertLessEqual(week.low, week.high)

    def test_against_what_came(self):
        """Of the same invoices only: what was issued later is no hit."""
        self.make_ledger(60)
        self.travel(days=6)  # a Monday
        invoice = self.invoice(self.debtors[0], days_overdue=-10, amount=500)
        self.predict()
        made_on = self.today
        self.travel(days=3)
        later = self.invoice(self.debtors[0], days_overdue=-30, amount=70)
        self.pay(invoice + later)
        self.travel(days=4)
        self.predict()
        first, second = self.forecasts("week", made_on=made_on)[:2]
        self.assertTrue(first.is_over)
        self.assertFalse(second.is_over)
        self.assertEqual(first.actual, 500)
        self.assertFalse(first.is_current)

    def test_only_mondays_stay(self):
        self.make_ledger(60)
        self.invoice(self.debtors[-1], days_overdue=-30)
        made = []
        for _day in range(9):
            self.predict()
            made.append(self.today)
            self.travel(days=1)
        kept = set(self.forecasts("week").mapped("made_on"))
        self.assertEqual(kept, {day for day in made if day.weekday() == 0} | {made[-1]})

    def test_no_open_invoice_no_forecast(self):
        self.predict()
        self.assertFalse(self.forecasts("week"))
