import requests

from odoo import fields, models
from odoo.exceptions import ValidationError

from ..tools import card_expiry, declines


def _is_lost(cause):
    """Whether ``cause`` (an exception of requests) leaves open what the other side did:
    no answer, or one of a server that broke."""
    if isinstance(cause, requests.HTTPError):
        return cause.response.status_code >= 500
    return isinstance(cause, requests.ConnectionError | requests.Timeout)


def _read_body(cause):
    """What a provider wrote when it refused a request, None if that is no JSON."""
    try:
        return cause.response.json()
    except (AttributeError, ValueError):
        return None


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

    dunning_attempt_ids = fields.One2many(
        "dunning.recovery.attempt",
        "transaction_id",
        "Tries to Recover",
        readonly=True,
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    dunning_decline_code = fields.Char("Refusal Code", readonly=True, copy=False)
    dunning_decline_advice = fields.Char(
        "Network's Advice", readonly=True, copy=False, help="Merchant advice code."
    )
    dunning_decline_text = fields.Char("Refusal", readonly=True, copy=False)

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
            self._dunning_note_decline(_read_body(error.__context__))
            raise

    # === REFUSED CHARGES === #

    def _validate_amount(self, payment_data):
        """An error for Odoo; but who took another amount has taken money."""
        marked = self.with_context(dunning_amount_differs=True)
        return super(PaymentTransaction, marked)._validate_amount(payment_data)

    def _apply_updates(self, payment_data):
        """Odoo forgets the code of a refusal, and often its words. What a provider
        tells of a charge whose answer was lost is that answer."""
        self._dunning_note_decline(payment_data)
        was = self.state
        if is_lost := self.dunning_is_unknown and was in ("draft", "error"):
            self.write({"state": "draft", "dunning_is_unknown": False})
        result = super()._apply_updates(payment_data)
        if is_lost and self.state == "draft":
            self.write({"state": was, "dunning_is_unknown": True})
        return result

    def _dunning_note_decline(self, data):
        decline = declines.read(self.provider_code, data)
        if any(decline):
            self.sudo().write(
                {
                    "dunning_decline_code": decline.code,
                    "dunning_decline_advice": decline.advice,
                    "dunning_decline_text": decline.text,
                }
            )

    def _update_state(self, allowed_states, target_state, state_message):
        """Charges without the customer that fail open a recovery; what succeeds, at
        once or late, ends it."""
        changed = super()._update_state(allowed_states, target_state, state_message)
        for tx_sudo in changed.sudo():
            tx_sudo._dunning_tell_recovery(target_state)
        return changed

    def _dunning_tell_recovery(self, state):
        attempt = self.dunning_attempt_ids[:1]
        moves = self.invoice_ids or self.payment_id.invoice_ids
        if state == "error" and self.env.context.get("dunning_amount_differs"):
            self.dunning_is_unknown = True
        if state == "done":
            if attempt:
                attempt._hear_success(self)
            elif moves:
                self._dunning_recover(moves)
        elif state in ("pending", "authorized") and attempt:
            attempt._hear_pending()
        elif state in ("cancel", "error"):
            if attempt and self.dunning_is_unknown:
                attempt._hear_nothing()
            elif attempt:
                attempt._hear_refusal(self, *self._dunning_classify())
            elif self.operation == "offline" and self.token_id:
                moves._dunning_charge_failed(self)

    def _dunning_recover(self, moves):
        """Somebody else than the retries paid these invoices; of a part of it the
        ledger tells, when it is booked."""
        model = self.env["dunning.recovery"]
        due = sum(
            line.amount_residual_currency
            for move in moves
            for line in model._get_due(move)
        )
        paid = self.amount + self.dunning_discount
        if self.currency_id.compare_amounts(paid, due) < 0:
            return
        is_new = self.dunning_stores_method or self.tokenize
        by = "update" if is_new else "customer"
        by = "other" if self.operation == "offline" else by
        for recovery in self.env["dunning.recovery.charger"]._search_open(moves):
            amount = recovery.amount if len(moves) > 1 else self.amount
            recovery._recover(by, amount)

    def _dunning_classify(self, message=None):
        """``(decline class, dunning.decline.reason)`` of a refused charge; of a
        ``message`` where there is no transaction."""
        decline = declines.Decline(
            self.dunning_decline_code or "",
            self.dunning_decline_advice or "",
            self.dunning_decline_text or self.state_message or message or "",
        )
        reason = self.env["dunning.decline.reason"]._find(self.provider_code, decline)
        return reason.decline_class or "soft", reason

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
