from odoo.exceptions import UserError
from odoo.http import request

from .dunning_account import account_route
from .dunning_account_answer import DunningAccountAnswer


class DunningAccountPreference(DunningAccountAnswer):
    """How the customer wants to hear from us, see ``dunning.account.preference``."""

    def _get_preferences(self):
        return request.env["dunning.account.preference"].sudo()

    def _prepare_account_values(self, account):
        preferences = self._get_preferences()._read(
            account["partner_sudo"], self._get_author(account)
        )
        return super()._prepare_account_values(account) | {"preferences": preferences}

    @account_route("/preferences", methods=["POST"])
    def dunning_account_preferences(
        self, token=None, company_id=None, lang="", channel="", **kwargs
    ):
        """What the customer chose; ``refused`` comes once per channel."""
        account = self._open_form(token, company_id)
        partner_sudo, company_sudo = account["partner_sudo"], account["company_sudo"]
        wanted = {
            "lang": lang,
            "channel": channel,
            "refused": request.httprequest.form.getlist("refused"),
        }
        try:
            self._get_preferences()._save(
                request.env["dunning.account.answer"]._search_case(
                    partner_sudo, company_sudo
                ),
                account["notice_sudo"],
                partner_sudo,
                company_sudo,
                self._get_author(account),
                wanted,
            )
        except UserError as error:
            return self._render_account(account, error=str(error))
        return self._make_private(
            request.redirect(f"{account['account_url']}?said=preferences")
        )
