from datetime import timedelta

from odoo import api, models, tools
from odoo.tools import consteq

from ..tools import account_token

DEAD_STATES = ("suppressed", "failed", "cancelled")
SCOPE = "dunning_account_link"
SHORT_SCOPE = "dunning_account_short"


class DunningAccountLink(models.AbstractModel):
    """The link of a notice to its customer's account, which needs no login.

    The token is the id of the notice and a keyed hash over notice, customer and
    company: nothing secret is stored, a copy of the database (which has a secret of its
    own) opens nothing, and the link is the same each time the text is written. It opens
    the account of this customer with this company, from the day the notice left for
    ``dunning_link_days`` days, unless a person withdrew the links of the customer since
    (``dunning.case.action_revoke_links``).
    """

    _name = "dunning.account.link"
    _description = "Link to a Customer's Account"

    def _get_account_url(self):
        """Where the customer sees his account; with a login where no link can be given:
        on a page of the portal, and in texts that are never sent."""
        self.ensure_one()
        company = self.company_id
        if self.channel == "portal" or self.simulation:
            path = f"/my/dunning/{company.id}"
        elif company.sudo().dunning_link_days:
            path = f"/dunning/account/{self._get_account_token()}"
        else:
            return ""
        return company.get_base_url() + path

    def _get_account_token(self):
        return account_token.join(self.id, self._get_account_signature())

    def _get_account_signature(self, scope=SCOPE):
        facts = (self.id, self.debtor_key, self.company_id.id)
        return tools.hmac(self.env(su=True), scope, facts)

    def _get_short_url(self, path):
        """The same account below ``path``, where an addon leads on from the short form
        (see ``_find_account_path``); empty where no link can be given."""
        url = self._get_account_url()
        if "/dunning/account/" not in url:
            return url
        signature = self._get_account_signature(SHORT_SCOPE)
        token = account_token.shorten(self.id, signature)
        return f"{self.company_id.get_base_url()}{path}{token}"

    @api.model
    def _find_account_path(self, short_token):
        """Where a short link leads; None if it opens nothing now, for whatever
        reason."""
        number, given = account_token.split_short(short_token) or (0, "")
        notice_sudo = self.sudo().search([("id", "=", number)])
        signature = notice_sudo[:1]._get_account_signature(SHORT_SCOPE)
        if not consteq(given, account_token.short_signature(signature)):
            return None
        token = notice_sudo._get_account_token()
        return self._search_account(token) and f"/dunning/account/{token}" or None

    @api.model
    def _search_account(self, token):
        """The notice whose link opens an account now, as superuser; none if the token
        is forged, expired or withdrawn: whoever asks cannot tell which."""
        none_sudo = self.sudo().browse()
        number, signature = account_token.split(token) or (0, "")
        notice_sudo = self.sudo().search([("id", "=", number)])
        # Also compared where there is no notice: a missing one takes as long.
        if not consteq(signature, notice_sudo[:1]._get_account_signature()):
            return none_sudo
        return notice_sudo if notice_sudo._is_account_link_valid() else none_sudo

    def _is_account_link_valid(self):
        days = self.company_id.dunning_link_days
        since = self.date_sent or self.create_date
        revoked_at = self.env["dunning.case"]._get_links_revoked_at(
            self.partner_id, self.company_id
        )
        return (
            not self.simulation
            and self.state not in DEAD_STATES
            and self.env.cr.now() < since + timedelta(days=days)
            and not (revoked_at and since <= revoked_at)
        )
