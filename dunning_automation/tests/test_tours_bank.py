from odoo.tests import HttpCase, tagged

from .test_bank import BankCommon


@tagged("post_install", "-at_install")
class TestToursBank(BankCommon, HttpCase):
    def test_possible_payment(self):
        """An accountant matches one payment and dismisses another."""
        self.new_user(
            "bank_tour", "account.group_account_basic,dunning_automation.group_user"
        )
        paid, other = (
            self.invoice(self._create_customer(name=name), days_overdue=9)
            for name in ("Tour payer", "Tour stranger")
        )
        self.run_on()
        self.send()
        matched = self.transfer(partner=paid.partner_id)
        dismissed = self.transfer(partner=other.partner_id)
        self.start_tour("/odoo/dunning-worklist", "dunning_bank", login="bank_tour")
        self.assertTrue(matched.is_reconciled)
        self.assertEqual(paid.amount_residual, 0.0)
        self.assertFalse(dismissed.is_reconciled)
        self.assertEqual(other.amount_residual, 100.0)
        self.assertEqual(
            dismissed.sudo().dunning_dismissed_partner_ids, other.partner_id
        )
