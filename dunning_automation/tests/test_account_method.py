import re
from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .recovery_common import RecoveryCommon
from .test_account_payment import PaymentCommon


class MethodCommon(RecoveryCommon, PaymentCommon):
    """A customer whose stored card could not be charged, with the link of a message."""

    def setUp(self):
        super().setUp()
        self.methods = self.env["dunning.account.method"].sudo()
        self.old = self.stored(self.customer)

    def method_page(self, login=None, path=None):
        return self.page(login, f"{path or self.link}/method")

    def change(self, page, **values):
        """The browser asks for a transaction on the page; returns it."""
        return self.start(self.basket(page), path=f"{self.link}/method", **values)

    def stored_by(self, tx):
        """The provider stores the new card and confirms, Odoo books."""
        tx.token_id = self.stored(tx.partner_id, payment_details="1111")
        self.finish(tx)
        return tx.token_id

    def assertNothingMade(self, basket, **values):
        self.assertRefused(basket, path=f"{self.link}/method", **values)


@tagged("post_install", "-at_install")
class TestAccountMethod(MethodCommon):
    """What is open is charged once, with a method that is stored for the next time."""

    def test_charged_at_once_and_stored(self):
        recovery = self.failed(self.overdue, "expired", token_id=self.old.id)
        page = self.method_page()
        self.assertIn("The card has expired.", page.text)
        self.assertIn('data-mode="payment"', page.text)
        tx = self.change(page)
        self.assertRecordValues(
            tx,
            [
                {
                    "amount": 100.0,
                    "dunning_notice_id": self.notice.id,
                    "dunning_stores_method": True,
                    "invoice_ids": self.overdue.ids,
                    "operation": "online_direct",
                    "partner_id": self.customer.id,
                    "tokenize": True,
                }
            ],
        )
        new = self.stored_by(tx)
        self.assertEqual(self.overdue.amount_residual, 0.0)
        self.assertEqual(self.old.sudo().dunning_replaced_by_id, new)
        self.assertEqual(self.old._dunning_get_current(), new)
        self.assertEqual(recovery.state, "recovered")
        self.assertEqual(recovery.recovered_by, "update")

    def test_a_card_that_is_refused_changes_nothing(self):
        recovery = self.failed(self.overdue, "expired", token_id=self.old.id)
        tx = self.change(self.method_page())
        tx.token_id = self.stored(self.customer)  # As Odoo's demo provider does.
        tx._set_error("Refused")
        tx._post_process()
        self.assertEqual(recovery.token_id, self.old)
        self.assertFalse(self.old.sudo().dunning_replaced_by_id)
        self.assertEqual(recovery.state, "customer")

    def test_where_nothing_is_open_it_is_stored_only(self):
        self.old.sudo().write(
            {
                "dunning_expires_on": self.today,
                "dunning_expiry_told": self.today,
            }
        )
        page = self.method_page()
        self.assertIn('data-mode="validation"', page.text)
        tx = self.change(page)
        self.assertRecordValues(
            tx,
            [
                {
                    "amount": 0.0,
                    "invoice_ids": [],
                    "operation": "validation",
                    "tokenize": True,
                }
            ],
        )
        new = self.stored_by(tx)
        self.assertEqual(self.old.sudo().dunning_replaced_by_id, new)
        self.assertEqual(self.overdue.payment_state, "not_paid")

    def test_methods_of_others_stay(self):
        foreign = self.stored(self.other)
        recovery = self.failed(self.foreign, "expired", token_id=foreign.id)
        self.failed(self.overdue, "expired", token_id=self.old.id)
        self.stored_by(self.change(self.method_page()))
        self.assertEqual(recovery.token_id, foreign)
        self.assertFalse(foreign.sudo().dunning_replaced_by_id)

    def test_a_double_click_starts_one_payment(self):
        self.failed(self.overdue, "hard")
        page = self.method_page()
        self.assertEqual(self.change(page), self.change(page))

    def test_what_the_browser_cannot_choose(self):
        """Neither another amount, nor that nothing is stored, nor a stored card, nor
        the basket of somebody else or of another page."""
        self.failed(self.overdue, "hard")
        basket = self.basket(self.method_page())
        foreign = self.payments._choose(
            self.other, self.company, self.lines(self.foreign)
        )
        stored_only = self.methods._sign(self.customer, self.company, None)
        theirs = self.methods._sign(self.other, self.company, None)
        for name, told, values in (
            ("stored card", basket, {"flow": "token", "token_id": self.old.id}),
            ("foreign basket", self.payments._sign(foreign), {}),
            ("store only, though something is open", stored_only, {}),
            ("store only, of somebody else", theirs, {}),
            ("forged", basket[::-1], {}),
            ("no text", "x", {}),
            ("provider", basket, {"provider_id": self.provider.id + 1}),
        ):
            with self.subTest(name):
                self.assertNothingMade(told, **values)

    def test_paid_meanwhile(self):
        self.failed(self.overdue, "hard")
        basket = self.basket(self.method_page())
        self.pay(self.overdue)
        self.assertNothingMade(basket)
        self.assertIn("Nothing is open", self.method_page().text)

    def test_a_charge_on_its_way_is_waited_for(self):
        """The customer cannot pay beside a try of ours, and is told so."""
        self.failed(self.overdue, "soft")
        basket = self.basket(self.method_page())
        for name, values in {
            "being made": {"state": "draft"},
            "nobody knows": {"state": "error", "dunning_is_unknown": True},
            "to be booked": {"state": "done"},
        }.items():
            with self.subTest(name):
                tx = self.transaction(self.overdue, self.old, **values)
                self.env.flush_all()
                page = self.method_page()
                self.assertIn("A payment is on its way", page.text)
                self.assertNotIn("data-access-token", page.text)
                self.assertNothingMade(basket)
                tx.unlink()
                self.env.flush_all()

    def test_our_own_charge_is_no_click_of_his(self):
        """Should a try begin between page and click, it is not taken for his."""
        self.failed(self.overdue, "soft")
        values = {
            "provider_id": self.provider.id,
            "payment_method_id": self.method.id,
            "partner_id": self.customer.id,
        }
        self.transaction(self.overdue, self.old)
        with self.assertRaises(UserError):
            self.payments._find_attempt(self.overdue, values)

    def test_only_what_can_be_stored_is_offered(self):
        self.failed(self.overdue, "hard")
        for name, record in (("method", self.method), ("provider", self.provider)):
            field = {"method": "support_tokenization", "provider": "allow_tokenization"}
            with self.subTest(name):
                basket = self.basket(self.method_page())
                record[field[name]] = False
                self.env.flush_all()
                self.assertNotIn("data-access-token", self.method_page().text)
                self.assertNothingMade(basket)
                record[field[name]] = True
                self.env.flush_all()

    def test_currencies_one_by_one(self):
        """What is charged with one payment is in one currency; the rest comes next."""
        euros = self.invoice(currency=self.foreign_currency)
        before = self.moment - timedelta(days=2)
        self.failed(euros, "hard", token_id=self.old.id, failed_at=before)
        self.failed(self.overdue, "hard", token_id=self.old.id)
        tx = self.change(self.method_page())
        self.assertEqual(tx.invoice_ids, euros)
        new = self.stored_by(tx)
        tx = self.change(self.method_page())
        self.assertEqual(tx.invoice_ids, self.overdue)
        self.assertEqual(self.recovery(self.overdue).token_id, new)

    def test_account_page_leads_there(self):
        self.assertNotIn("/method", self.page(None, self.link).text)
        self.failed(self.overdue, "soft")
        self.assertIn(f"{self.link}/method", self.page(None, self.link).text)

    @mute_logger("odoo.http")
    def test_words(self):
        """What is said of each class: neither codes, nor that a fraud is suspected."""
        words = {
            "soft": "did not go through this time",
            "hard": "another payment method is needed",
            "fraud": "another payment method is needed",
            "expired": "has expired",
            "authentication": "asks you to confirm",
        }
        recovery = self.failed(self.overdue, "soft")
        for decline_class, said in words.items():
            with self.subTest(decline_class):
                self.decline(recovery, decline_class)
                text = re.sub(r"\s+", " ", self.method_page().text)
                self.assertIn(said, text)
                self.assertNotIn("fraud", text)
