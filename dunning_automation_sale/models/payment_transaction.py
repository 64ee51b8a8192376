from odoo import models


class PaymentTransaction(models.Model):
    """A payment confirms no order that is blocked; the payment itself is booked."""

    _inherit = "payment.transaction"

    def _check_amount_and_confirm_order(self):
        held = self.filtered(
            lambda tx: "block" in tx.sale_order_ids.mapped("dunning_credit_hold")
        )
        held.sale_order_ids._dunning_wait_for_finance()
        return super(PaymentTransaction, self - held)._check_amount_and_confirm_order()
