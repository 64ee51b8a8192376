"""Ledgers that teach nothing, or wrong things: predictions say so, and go on."""

from odoo.tests import tagged

from .ledger_common import LedgerCommon


def always(days):
    return lambda _customer, _weekday, _random: days


@tagged("post_install", "-at_install")
class TestBadLedgers(LedgerCommon):
    def learn_and_predict(self, number=240, **values):
        """A ledger, its training and the predictions of two new invoices."""
        self.make_ledger(number, **values)
        record = self.train()
        invoices = self.invoices([{"partner": self.debtors[0], "days_overdue": -9}] * 2)
        self.predict()
        return record, self.env["dunning.prediction"].search(
            [("move_id", "in", invoices.ids)]
        )

    def only_credit_notes(self):
        """What came was never money."""
        self.env.cr.execute(
            "UPDATE account_journal SET type = 'sale' WHERE company_id = %s",
            [self.company.id],
        )
        self.env.invalidate_all()

    def test_each_falls_back_with_its_reason(self):
        """(ledger, heads that may predict, why not, chance from ... to, note)"""
        few = "few_lines"
        for name, values, heads, reasons, low, high, note in (
            ("all late", {"late": always(20)}, {"rule"}, {few}, 0.9, 1, False),
            # But for the last ones, which nobody has paid yet.
            (
                "none late",
                {"late": always(-2)},
                {"rule"},
                {few, "rule_better"},
                0,
                0.1,
                False,
            ),
            ("few", {"number": 40}, {"rule"}, {few}, 0, 1, False),
            (
                "one customer",
                {"customers": 1},
                {"rule", "blend"},
                {False, "rule_better"},
                0,
                1,
                False,
            ),
        ):
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                record, predictions = self.learn_and_predict(**values)
                self.assertIn(record.head, heads)
                self.assertIn(record.reason, reasons)
                self.assertEqual(len(predictions), 2)
                for prediction in predictions:
                    self.assertTrue(low <= prediction.late_chance <= high)
                    self.assertLessEqual(
                        prediction.very_late_chance, prediction.late_chance
                    )
                    self.assertEqual(prediction.reason, note)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_credit_notes_only(self):
        """Nobody ever paid: there is nothing to say."""
        self.make_ledger(240)
        self.only_credit_notes()
        self.assertEqual(self.train().reason, "few_lines")
        invoice = self.invoice(self.debtors[0], days_overdue=-9)
        self.predict()
        self.assertFalse(self.prediction(invoice).expected_date)

    def test_customers_that_were_merged(self):
        """The history is that of the one who is left."""
        self.make_ledger(60)
        kept, gone = self.debtors[0], self.debtors[1]
        invoice = self.invoice(gone, days_overdue=-9)
        self.predict()
        wizard = self.env["base.partner.merge.automatic.wizard"].sudo()
        wizard._merge((kept | gone).ids, kept)
        self.env.invalidate_all()
        self.predict()
        prediction = self.prediction(invoice)
        self.assertEqual(prediction.partner_id, kept)
        self.assertTrue(prediction.expected_date)

    def test_company_that_was_archived(self):
        self.make_ledger(40)
        self.env.cr.execute(
            "UPDATE res_company SET active = FALSE WHERE id = %s", [self.company.id]
        )
        self.env.invalidate_all()
        for model in ("dunning.risk.model", "dunning.prediction"):
            found = self.env[model].sudo()._search_due()
            self.assertNotIn(self.company, found, model)
