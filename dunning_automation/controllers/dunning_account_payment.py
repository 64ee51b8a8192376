from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.http import request

from odoo.addons.payment.controllers.portal import PaymentPortal
from odoo.addons.payment.controllers.post_processing import PaymentPostProcessing

from ..tools.account_page import to_number
from .dunning_account import DunningAccountPortal, account_route


class DunningAccountPayment(DunningAccountPortal):
    """Pay buttons of the account page. Amounts come from the ledger, see
    ``dunning.account.payment``; providers, methods and forms are Odoo's own."""

    def _get_payments(self):
        return request.env["dunning.account.payment"].sudo()

    def _get_payer(self, account):
        """In whose name is paid. Only who belongs to the customer pays in his own, with
        the methods that he stored: a link may have been forwarded to anybody."""
        user_partner_sudo = request.env.user.partner_id.sudo()
        if user_partner_sudo.commercial_partner_id == account["partner_sudo"]:
            return user_partner_sudo
        return account["partner_sudo"]

    def _is_own_user(self, account):
        return self._get_payer(account) == request.env.user.partner_id

    def _prepare_account_values(self, account):
        plans_sudo = request.env["dunning.plan"].sudo()
        return super()._prepare_account_values(account) | {
            "plans_sudo": plans_sudo._search_shown(
                account["partner_sudo"], account["company_sudo"]
            ),
            "can_pay_online": self._get_payments()._is_allowed(),
            "tx": self._get_payments()._filter_told(
                PaymentPostProcessing()._get_monitored_transaction(),
                account["partner_sudo"],
            ),
        }

    @staticmethod
    def _parse_amount(text):
        """None if no amount was asked for; what is no number is no amount to pay."""
        try:
            return float(text) if text else None
        except ValueError:
            return 0.0

    @account_route("/pay", methods=["POST"])
    def dunning_account_pay(
        self, token=None, company_id=None, scope="", amount=None, plan="", **kwargs
    ):
        """What will be paid, and how.

        :param str scope: ``overdue`` = all that is proposed in the form's currency;
            ``plan`` = what is next in the payment plan ``plan``; else the ticked ones
        :param str amount: to pay only a part
        """
        account = self._open_form(token, company_id)
        partner_sudo, company_sudo = account["partner_sudo"], account["company_sudo"]
        payments_sudo = self._get_payments()
        try:
            if scope == "plan":
                basket = payments_sudo._choose_instalment(
                    partner_sudo, company_sudo, to_number(plan)
                )
            else:
                basket = payments_sudo._choose(
                    partner_sudo,
                    company_sudo,
                    self._get_ids("proposed" if scope == "overdue" else "line"),
                    self._parse_amount(amount),
                )
        except UserError as error:
            typed = self._get_typed()
            return self._render_account(account, error=str(error), typed=typed)
        values = self._prepare_account_values(account)
        values |= self._prepare_payment_values(account, basket)
        response = request.render("dunning_automation.portal_account_pay", values)
        return self._make_private(response)

    def _prepare_payment_values(self, account, basket):
        """What Odoo's payment form needs, see ``payment.form``."""
        payments_sudo = self._get_payments()
        offer = self._get_offer(account, basket)
        return offer | {
            "basket": basket,
            "moves_sudo": payments_sudo._get_moves(basket),
            "transfer": payments_sudo._get_transfer(basket),
            "amount": basket["amount"],
            "currency": request.env["res.currency"].browse(basket["currency"]),
            "partner_id": self._get_payer(account).id,
            "show_tokenize_input_mapping": self._may_store(account, offer),
            "transaction_route": f"{account['account_url']}/transaction",
            "landing_route": account["account_url"],
            "access_token": payments_sudo._sign(basket),
        }

    def _may_store(self, account, offer):
        """{provider id: whether the payer may store his card}, his own only."""
        providers_sudo = offer["providers_sudo"]
        if self._is_own_user(account):
            return PaymentPortal._compute_show_tokenize_input_mapping(providers_sudo)
        return dict.fromkeys(providers_sudo.ids, False)

    def _get_offer(self, account, basket):
        """Providers, methods and stored methods that fit, as superuser because visitors
        may not read providers; none where Odoo does not let pay invoices online."""
        providers_sudo = request.env["payment.provider"].sudo()
        methods_sudo = request.env["payment.method"].sudo()
        tokens_sudo = request.env["payment.token"].sudo()
        payer_sudo = self._get_payer(account)
        report = {}
        can_pay = PaymentPortal._can_partner_pay_in_company(
            payer_sudo, account["company_sudo"]
        )
        if can_pay and self._get_payments()._is_allowed():
            providers_sudo = providers_sudo._get_compatible_providers(
                account["company_sudo"].id,
                payer_sudo.id,
                basket["amount"],
                currency_id=basket["currency"],
                report=report,
            )
            methods_sudo = methods_sudo._get_compatible_payment_methods(
                providers_sudo.ids,
                payer_sudo.id,
                currency_id=basket["currency"],
                report=report,
            )
        if providers_sudo and self._is_own_user(account):
            tokens_sudo = tokens_sudo._get_available_tokens(
                providers_sudo.ids, payer_sudo.id
            )
        return {
            "providers_sudo": providers_sudo,
            "payment_methods_sudo": methods_sudo,
            "tokens_sudo": tokens_sudo,
            "availability_report": report,
        }

    @account_route("/transaction", type="jsonrpc", website=False)
    def dunning_account_transaction(
        self,
        access_token,
        provider_id,
        flow,
        payment_method_id=None,
        token_id=None,
        tokenization_requested=False,
        token=None,
        company_id=None,
        **kwargs,
    ):
        """Start the payment of a basket; a double click gets the one that was started.

        :param str access_token: the signed basket
        :return: what the payment form needs to go on with the provider
        """
        account = self._open_form(token, company_id)
        payments_sudo = self._get_payments()
        basket = payments_sudo._check(
            account["partner_sudo"], account["company_sudo"], str(access_token)
        )
        self._check_method(
            self._get_offer(account, basket),
            provider_id,
            flow,
            token_id if flow == "token" else payment_method_id,
        )
        moves_sudo = payments_sudo._get_moves(basket)
        values = {
            "provider_id": provider_id,
            "payment_method_id": payment_method_id,
            "amount": basket["amount"],
            "currency_id": basket["currency"],
            "partner_id": self._get_payer(account).id,
        }
        tx_sudo = payments_sudo._find_attempt(
            moves_sudo, values | {"dunning_stores_method": False}
        )
        if tx_sudo:
            PaymentPostProcessing.monitor_transaction(tx_sudo)
        else:
            request.update_context(delay_token_charge=True)
            tx_sudo = self._create_transaction(
                **values,
                token_id=token_id,
                flow=flow,
                tokenization_requested=bool(tokenization_requested)
                and self._is_own_user(account),
                landing_route=account["account_url"],
                reference_prefix=payments_sudo._get_reference_prefix(moves_sudo),
                custom_create_values={
                    "invoice_ids": [Command.set(moves_sudo.ids)],
                    "dunning_notice_id": account["notice_sudo"].id,
                    "dunning_discount": basket["discount"],
                },
            )
            if flow == "token":
                payments_sudo._charge(tx_sudo)
        return tx_sudo._get_processing_values()

    def _check_method(self, offer, provider_id, flow, method_or_token_id):
        """The browser names provider, method and token: only such as were offered."""
        offered = {
            "direct": offer["payment_methods_sudo"],
            "redirect": offer["payment_methods_sudo"],
            "token": offer["tokens_sudo"],
        }.get(str(flow))
        if (
            not offered
            or method_or_token_id not in offered.ids
            or provider_id not in offer["providers_sudo"].ids
        ):
            raise ValidationError(
                request.env._("This way to pay is not available. Choose another one.")
            )
