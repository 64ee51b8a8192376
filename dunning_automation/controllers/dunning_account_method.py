from odoo import Command
from odoo.http import request

from odoo.addons.payment.controllers.portal import PaymentPortal
from odoo.addons.payment.controllers.post_processing import PaymentPostProcessing

from .dunning_account import account_route
from .dunning_account_payment import DunningAccountPayment


class DunningAccountMethod(DunningAccountPayment):
    """The page on which a customer changes his payment method, see
    ``dunning.account.method``. Providers, forms and what a bank asks are Odoo's own."""

    def _get_methods(self):
        return request.env["dunning.account.method"].sudo()

    def _prepare_account_values(self, account):
        recoveries_sudo = request.env["dunning.recovery"].sudo()
        return super()._prepare_account_values(account) | {
            "failed_sudo": recoveries_sudo._search_changeable(
                account["partner_sudo"], account["company_sudo"]
            ),
        }

    @account_route("/method", methods=["GET"])
    def dunning_account_method(self, token=None, company_id=None, **kwargs):
        """What could not be charged, and the form for another payment method."""
        account = self._open_account(token, company_id)
        values = self._prepare_account_values(account)
        values |= self._prepare_method_values(account)
        response = request.render("dunning_automation.portal_account_method", values)
        return self._make_private(response)

    def _prepare_method_values(self, account):
        """What page and payment form need, see ``payment.form``."""
        owner = account["partner_sudo"], account["company_sudo"]
        known = self._get_methods()._read(*owner)
        basket = known["basket"]
        offer = self._get_method_offer(account, basket)
        currencies = request.env["res.currency"]
        return (
            known
            | offer
            | {
                "mode": "payment" if basket else "validation",
                "amount": basket and basket["amount"],
                "currency": currencies.browse(basket and basket["currency"] or ()),
                "partner_id": self._get_payer(account).id,
                "reference_prefix": None,
                "show_tokenize_input_mapping": dict.fromkeys(
                    offer["providers_sudo"].ids, False
                ),
                "submit_button_label": self._get_label(basket),
                "transaction_route": f"{account['account_url']}/method/transaction",
                "landing_route": f"{account['account_url']}/method",
                "access_token": self._get_methods()._sign(*owner, basket),
            }
        )

    def _get_label(self, basket):
        if not basket:
            return request.env._("Save")
        formats = request.env["dunning.composer"]._get_formats()
        currency = request.env["res.currency"].browse(basket["currency"])
        amount = formats["format_amount"](basket["amount"], currency)
        return request.env._("Pay %s and save", amount)

    def _get_method_offer(self, account, basket):
        """Like ``_get_offer``: only what can be stored for the next time. What failed
        is not offered again."""
        request.update_context(dunning_stores_method=True)
        if basket:
            offer = self._get_offer(account, basket)
        else:
            offer = self._get_storing_offer(account)
        methods_sudo = offer["payment_methods_sudo"]
        return offer | {
            "payment_methods_sudo": methods_sudo.filtered("support_tokenization"),
            "tokens_sudo": request.env["payment.token"].sudo(),
        }

    def _get_storing_offer(self, account):
        payer_sudo, company_sudo = self._get_payer(account), account["company_sudo"]
        providers_sudo = request.env["payment.provider"].sudo()
        methods_sudo, report = request.env["payment.method"].sudo(), {}
        if PaymentPortal._can_partner_pay_in_company(payer_sudo, company_sudo):
            providers_sudo = providers_sudo._get_compatible_providers(
                company_sudo.id, payer_sudo.id, 0.0, is_validation=True, report=report
            )
            methods_sudo = methods_sudo._get_compatible_payment_methods(
                providers_sudo.ids,
                payer_sudo.id,
                force_tokenization=True,
                report=report,
            )
        return {
            "providers_sudo": providers_sudo,
            "payment_methods_sudo": methods_sudo,
            "availability_report": report,
        }

    @account_route("/method/transaction", type="jsonrpc", website=False)
    def dunning_account_method_transaction(
        self,
        access_token,
        provider_id,
        flow,
        payment_method_id=None,
        token=None,
        company_id=None,
        **kwargs,
    ):
        """Charge what is open with a new payment method and store it, or store it only;
        a double click gets the transaction that was started.

        :param str access_token: what ``dunning.account.method`` signed
        :return: what the payment form needs to go on with the provider
        """
        account = self._open_form(token, company_id)
        owner = account["partner_sudo"], account["company_sudo"]
        basket = self._get_methods()._check(*owner, str(access_token))
        offer = self._get_method_offer(account, basket)
        self._check_method(offer, provider_id, flow, payment_method_id)
        values = {
            "provider_id": provider_id,
            "payment_method_id": payment_method_id,
            "partner_id": self._get_payer(account).id,
        }
        if basket:
            values |= {"amount": basket["amount"], "currency_id": basket["currency"]}
            moves_sudo = self._get_payments()._get_moves(basket)
            tx_sudo = self._get_payments()._find_attempt(
                moves_sudo, values | {"dunning_stores_method": True}
            )
            if tx_sudo:
                PaymentPostProcessing.monitor_transaction(tx_sudo)
                return tx_sudo._get_processing_values()
        tx_sudo = self._create_transaction(
            **({"amount": None, "currency_id": None} | values),
            token_id=None,
            flow=flow,
            tokenization_requested=True,
            is_validation=not basket,
            landing_route=f"{account['account_url']}/method",
            reference_prefix=self._get_method_prefix(basket),
            custom_create_values=self._prepare_method_transaction(account, basket),
        )
        return tx_sudo._get_processing_values()

    def _get_method_prefix(self, basket):
        if not basket:
            return None
        payments_sudo = self._get_payments()
        return payments_sudo._get_reference_prefix(payments_sudo._get_moves(basket))

    def _prepare_method_transaction(self, account, basket):
        values = {
            "dunning_stores_method": True,
            "dunning_notice_id": account["notice_sudo"].id,
        }
        if basket:
            moves_sudo = self._get_payments()._get_moves(basket)
            values |= {
                "invoice_ids": [Command.set(moves_sudo.ids)],
                "dunning_discount": basket["discount"],
            }
        return values
