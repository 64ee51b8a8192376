"""Cash that is expected stands on the dashboard, and segments filter it."""

from datetime import timedelta

from odoo.tests import tagged

from .ledger_common import LedgerCommon


@tagged("post_install", "-at_install")
class TestDashboard(LedgerCommon):
    def setUp(self):
        super().setUp()
        self.collector = self.new_user("reader", "dunning_automation.group_user")

    def figures(self, **filters):
        dashboard = self.env["dunning.dashboard"].with_user(self.collector)
        return dashboard.get_figures(filters)

    def tiles(self, **filters):
        return {tile["code"]: tile for tile in self.figures(**filters)["tiles"]}

    def test_expected_cash(self):
        """By the forecast of last night; an older one says nothing of now."""
        self.make_ledger(60)
        self.invoices([{}, {}], days_overdue=-10)
        self.predict()
        self.travel(days=1)
        weeks = self.env["dunning.forecast"].search(
            [("is_current", "=", True), ("period", "=", "week")], order="date"
        )
        tiles = self.tiles()
        for code, number in (("expected_4", 4), ("expected_13", 13)):
            with self.subTest(code):
                tile = tiles[code]
                self.assertGreater(tile["value"], 0)
                expected = sum(weeks[:number].mapped("expected"))
                self.assertAlmostEqual(tile["value"], expected, 2)
                action = tile["action"]
                behind = self.env[action["model"]].search(action["domain"])
                self.assertEqual(behind, weeks[:number])
        self.travel(days=1)
        self.assertIsNone(self.tiles()["expected_4"]["value"])

    def test_no_forecast_says_why(self):
        yesterday = self.today - timedelta(days=1)
        for filters, words in (
            ({}, "every night"),
            ({"date": f"{yesterday}"}, "as of today"),
            ({"currency_id": self.foreign_currency.id}, "as of today"),
        ):
            with self.subTest(filters):
                tile = self.tiles(**filters)["expected_4"]
                self.assertIsNone(tile["value"])
                self.assertIn(words, tile["reason"])

    def test_cash_against_forecast(self):
        """A week that is over keeps what the Monday before it said."""
        self.make_ledger(60)
        self.travel(days=6)  # a Monday
        invoice = self.invoice(self.debtors[0], days_overdue=-10, amount=500)
        self.predict()
        said = self.env["dunning.forecast"].search(
            [("is_current", "=", True), ("period", "=", "week")], order="date", limit=1
        )
        expected = said.expected
        self.travel(days=3)
        self.pay(invoice)
        self.travel(days=3)  # The week is over tonight.
        self.predict()
        cash, forecast, low, high = self.figures()["charts"]["cash"]["datasets"]
        self.assertEqual(cash["data"][12], 500)
        self.assertAlmostEqual(forecast["data"][12], expected, delta=0.1)
        self.assertIsNone(forecast["data"][11], "nothing was forecast then")
        self.assertEqual(cash["data"][13:], [None] * len(forecast["data"][13:]))
        for at_least, likely, at_most in zip(
            low["data"][13:], forecast["data"][13:], high["data"][13:], strict=True
        ):
            self.assertLessEqual(at_least, likely)
            self.assertLessEqual(likely, at_most)

    def test_segments_filter(self):
        mine, theirs = self._create_customers(2)
        self.invoice(mine, amount=70)
        self.invoice(theirs, amount=30)
        segment = (
            self.env["dunning.segment"]
            .sudo()
            .create({"name": "Small", "company_id": self.company.id})
        )
        self.env["dunning.segment.member"].sudo().create(
            {
                "partner_id": mine.id,
                "company_id": self.company.id,
                "segment_id": segment.id,
            }
        )
        figures = self.figures(segment_id=segment.id)
        self.assertEqual(figures["tiles"][0]["value"], 70)
        options = {option["name"]: option for option in figures["options"]}
        self.assertIn(
            {"id": segment.id, "name": segment.display_name},
            options["segment_id"]["choices"],
        )
