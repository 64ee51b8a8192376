from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_account_payment import PaymentCommon


@tagged("post_install", "-at_install")
class TestAccountDiscount(PaymentCommon):
    """Who pays early pays less: as Odoo computes it, to the cent, until the day."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.term = cls.env["account.payment.term"].create(
            {
                "name": "2 % in 10 days",
                "early_discount": True,
                "discount_percentage": 2.0,
                "discount_days": 10,
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 100, "nb_days": 30}
                    )
                ],
            }
        )

    def setUp(self):
        super().setUp()
        # Odoo's own computation follows our clock, too.
        self.startPatcher(
            patch.object(
                fields.Date, "context_today", lambda record, moment=None: self.today
            )
        )

    def early(self, *amounts, rates=(), computation="included"):
        """An invoice of today with this discount.

        :param rates: of the tax of each amount, in percent
        """
        self.term.early_pay_discount_computation = computation
        taxes = self.env["account.tax"].create(
            [
                {
                    "name": f"{rate} % {computation}",
                    "amount": rate,
                    "company_id": self.company.id,
                }
                for rate in rates
            ]
        )
        taxes = list(taxes) or [self.env["account.tax"]] * len(amounts)
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_date": self.today,
                "invoice_payment_term_id": self.term.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Work",
                            "price_unit": amount,
                            "tax_ids": [Command.set(tax.ids)],
                        }
                    )
                    for amount, tax in zip(amounts, taxes, strict=True)
                ],
            }
        )
        invoice.action_post()
        self.env.flush_all()
        return invoice

    def row(self, invoice):
        rows = self.env["dunning.account"]._read_items(self.customer, self.company)
        return next(row for row in rows if row["move_id"] == invoice.id)

    def pay_them(self, *invoices, days=0):
        """All at once, confirmed by the provider ``days`` later."""
        tx = self.start(self.basket(self.pay_page(line=self.lines(*invoices))))
        self.travel(days)
        self.finish(tx)
        self.env.invalidate_all()
        return tx

    def assertPaid(self, *invoices):
        for invoice in invoices:
            self.assertEqual(invoice.amount_residual, 0.0)
            self.assertIn(invoice.payment_state, ("paid", "in_payment"))

    def test_shown_and_charged_until_its_last_day(self):
        invoice = self.early(123.45)
        due = invoice._get_invoice_next_payment_values()["amount_due"]
        self.assertEqual(due, 120.98)
        for days, amount in ((0, due), (10, due), (11, 123.45)):
            with self.subTest(days):
                self.travel(days - (self.today - invoice.invoice_date).days)
                page = self.page(None, self.link).text
                self.assertEqual("Only" in page, amount == due)
                self.assertEqual("120.98" in page, amount == due)
                page = self.pay_page(line=self.lines(invoice))
                self.assertIn(f'data-amount="{amount}"', page.text)
                self.assertEqual("early payment discount" in page.text, amount == due)

    def test_booked_to_the_cent(self):
        """Whatever happens to the tax, for one rate and for several."""
        for computation in ("included", "excluded", "mixed"):
            for rates in ((), (15,), (19, 7)):
                with self.subTest(computation=computation, rates=rates):
                    amounts = [33.33, 66.71][: len(rates) or 1]
                    invoice = self.early(*amounts, rates=rates, computation=computation)
                    due = invoice._get_invoice_next_payment_values()["amount_due"]
                    tx = self.pay_them(invoice)
                    self.assertEqual(tx.amount, due)
                    self.assertLess(due, invoice.amount_total)
                    self.assertPaid(invoice)

    def test_several_invoices(self):
        """Odoo's own booking knows one invoice only."""
        first, second = self.early(100.0), self.early(50.55, rates=(19,))
        basket = self.choose(first, second, self.overdue)
        saved = self.row(first)["discount"] + self.row(second)["discount"]
        self.assertAlmostEqual(basket["discount"], saved)
        self.assertAlmostEqual(
            basket["amount"], 100 + first.amount_total + second.amount_total - saved
        )
        self.pay_them(first, second, self.overdue)
        self.assertPaid(first, second, self.overdue)

    def test_confirmed_after_the_last_day(self):
        """The customer paid in time, his bank took some days."""
        invoice = self.early(100.0, rates=(15,))
        self.travel(10)
        self.pay_them(invoice, days=3)
        self.assertPaid(invoice)

    def test_seen_on_the_last_day_and_paid_on_the_next(self):
        invoice = self.early(100.0)
        self.travel(10)
        basket = self.basket(self.pay_page(line=self.lines(invoice)))
        self.travel(1)
        self.assertRefused(basket)

    def test_part(self):
        """Less than all saves nothing; more than what is due cannot be paid."""
        invoice = self.early(100.0)
        with self.assertRaises(UserError):
            self.choose(invoice, amount=98.01)
        self.assertEqual(self.choose(invoice, amount=50.0)["discount"], 0.0)
        page = self.pay_page(line=self.lines(invoice), amount="50")
        self.finish(self.start(self.basket(page)))
        self.assertEqual(invoice.amount_residual, 50.0)
        self.assertEqual(self.row(invoice)["to_pay"], 50.0)

    def test_paid_otherwise_while_it_was_under_way(self):
        """Then nothing is written off: a person decides what the money is for."""
        first, second = self.early(100.0), self.early(50.0)
        page = self.pay_page(line=self.lines(first, second))
        tx = self.start(self.basket(page))
        self.pay(first)
        self.finish(tx)
        self.assertEqual(len(tx.payment_id.move_id.line_ids), 2)
        self.assertEqual(second.amount_residual, 0.0)

    def test_nothing_is_asked_where_no_invoice_has_a_discount(self):
        lines = self.receivable(self.overdue)
        self.assertFalse(lines._dunning_get_discounts(self.today))
