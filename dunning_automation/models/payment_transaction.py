import requests

from odoo import fields, models
from odoo.exceptions import ValidationError

from ..tools import card_expiry


def _is_lost(cause):
    """Whether ``cause`` (an exception of requests) leaves open what the other side did:
    no answer, or one of a server that broke."""
    if isinstance(cause, requests.HTTPError):
        return cause.response.status_code >= 500
    return isinstance(cause, requests.ConnectionError | requests.Timeout)


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    dunning_notice_id = fields.Many2one(
        "dunning.notice",
        "Reminder",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups="account.group_account_invoice,account.group_account_readonly",
        help="With its link the customer opened his account and paid.",
    )

    dunning_is_unknown = fields.Boolean(
        "Outcome Unknown",
        readonly=True,
        copy=False,
        help="The answer of the payment provider to a charge was lost: it may have "
        "been made, although the transaction is in error.",
    )

    dunning_stores_method = fields.Boolean(
        "Replaces the Payment Method",
        readonly=True,
        copy=False,
        help="The customer changed his payment method by this: it is charged from then "
        "on instead of the one that failed.",
    )

    dunning_discount = fields.Monetary(
        "Early Payment Discount",
        readonly=True,
        copy=False,
        help="What the customer was promised to save by this payment, on the day on "
        "which he started it.",
    )

    def write(self, vals):
        """Money that is on its way takes back a queued reminder at once."""
        result = super().write(vals)
        if "state" in vals:
            self.invoice_ids._dunning_recheck()
        return result

    def _post_process(self):
        result = super()._post_process()
        for tx_sudo in self.sudo().filtered("dunning_notice_id"):
            if tx_sudo.state == "done":
                tx_sudo.dunning_notice_id._tell_paid_online(tx_sudo)
        for tx_sudo in self.sudo().filtered("dunning_stores_method"):
            if tx_sudo.state in ("authorized", "done") and tx_sudo.token_id:
                tx_sudo.token_id._dunning_take_over(tx_sudo)
        return result

    def _tokenize(self, payment_data):
        """Keep the day on which the card expires, where the provider tells it."""
        result = super()._tokenize(payment_data)
        if expires_on := card_expiry.find(self.provider_code, payment_data):
            self.sudo().token_id.dunning_expires_on = expires_on
        return result

    def _send_api_request(self, method, endpoint, **kwargs):
        """Remember when the answer to a charge was lost: Odoo calls that an error like
        a card that was refused, and lets the customer pay again."""
        try:
            return super()._send_api_request(method, endpoint, **kwargs)
        except ValidationError as error:
            if method == "POST" and _is_lost(error.__context__):
                self.dunning_is_unknown = True
            raise

    # === EARLY PAYMENT DISCOUNT === #

    def _create_payment(self, **extra_create_values):
        """Book the discount that the customer saw, also of several invoices, of several
        tax rates, and of a payment that was under way when its day went by. Odoo itself
        books that of one invoice with one rate that is booked in time."""
        write_offs = self._prepare_dunning_write_offs()
        if not write_offs:
            return super()._create_payment(**extra_create_values)
        ours = self.with_context(dunning_books_discount=True)
        return super(PaymentTransaction, ours)._create_payment(
            **extra_create_values, write_off_line_vals=write_offs
        )

    def _prepare_dunning_write_offs(self):
        """Values of entry lines for the discount; none if the invoices changed
        meanwhile, so that a person decides."""
        if self.currency_id.is_zero(self.dunning_discount):
            return []
        started = self.env["dunning.run"]._local_date(
            self.company_id._dunning_timezone(), self.create_date
        )
        discounts = self.invoice_ids.line_ids._dunning_get_discounts(started)
        granted = sum(row["discount_amount_currency"] for row in discounts.values())
        if self.currency_id.compare_amounts(granted, self.dunning_discount):
            return []
        values = (
            self.invoice_ids._get_invoice_counterpart_amls_for_early_payment_discount(
                [
                    {
                        "aml": line,
                        "amount_currency": -line.amount_residual_currency,
                        "balance": -line.balance,
                    }
                    for line in discounts
                ],
                sum(row["discount_amount"] for row in discounts.values()),
            )
        )
        partner = self.partner_id.commercial_partner_id
        return [
            {**line, "partner_id": partner.id}
            for lines in values.values()
            for line in lines
        ]
