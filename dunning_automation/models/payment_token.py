from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

STAFF = "account.group_account_invoice,account.group_account_readonly"


class PaymentToken(models.Model):
    _inherit = "payment.token"

    dunning_expires_on = fields.Date(
        "Expires On",
        groups=STAFF,
        help="The last day on which the card is good, where the payment provider tells "
        "it.",
    )
    dunning_expiry_told = fields.Date(
        "Expiry Told",
        readonly=True,
        copy=False,
        groups=STAFF,
        help="The day of expiry that the customer was told of: once per day of expiry.",
    )
    dunning_replaced_by_id = fields.Many2one(
        "payment.token",
        "Replaced By",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups=STAFF,
        help="The customer stored this one to be charged from then on.",
    )

    def _dunning_get_current(self):
        """The method to charge instead of this one: what the customer replaced it by,
        however often. For everybody who charges stored methods."""
        token_sudo, seen = self.sudo(), self.browse()
        while (replaced := token_sudo.dunning_replaced_by_id) and replaced not in seen:
            seen |= token_sudo
            token_sudo = replaced
        return token_sudo.with_env(self.env)

    def _dunning_take_over(self, tx):
        """From now on this method is charged instead of those that failed, or of whose
        expiry the customer was told.

        :param tx: ``payment.transaction`` with which he stored it
        """
        self.ensure_one()
        token_sudo, tx_sudo = self.sudo(), tx.sudo()
        partner, company = tx_sudo.partner_id.commercial_partner_id, tx_sudo.company_id
        model_sudo = token_sudo.env["dunning.recovery"]
        failed_sudo = model_sudo._search_changeable(partner, company)
        paid_sudo = model_sudo.search([("move_id", "in", tx_sudo.invoice_ids.ids)])
        replaced_sudo = (failed_sudo | paid_sudo).token_id | token_sudo.search(
            [
                ("partner_id.commercial_partner_id", "=", partner.id),
                ("company_id", "=", company.id),
                ("dunning_expiry_told", "!=", False),
                ("dunning_replaced_by_id", "=", False),
            ]
        )
        (replaced_sudo - token_sudo).dunning_replaced_by_id = token_sudo
        failed_sudo._take_over(token_sudo)

    # === BEFORE A CARD EXPIRES === #

    @api.model
    def _dunning_get_expiring_domain(self, company):
        """Methods of ``company`` whose expiry the customer is to be told of: those that
        are charged without him."""
        today = company._dunning_today()
        last = today + timedelta(days=company.dunning_expiry_days)
        return Domain(
            [
                ("company_id", "=", company.id),
                ("dunning_expires_on", ">=", today),
                ("dunning_expires_on", "<=", last),
                ("dunning_replaced_by_id", "=", False),
                ("transaction_ids.operation", "=", "offline"),
            ]
        )

    @api.model
    def _dunning_cron_tell_expiry(self):
        """Tell customers in time that a card expires: once per card and day of
        expiry, each in a transaction of its own."""
        companies = self.env["res.company"].search([("dunning_expiry_days", ">", 0)])
        tokens = self.browse()
        for company in companies:
            tokens |= self.search(self._dunning_get_expiring_domain(company))
        tokens = tokens.filtered(
            lambda token: token.dunning_expiry_told != token.dunning_expires_on
        )
        for position, token in enumerate(tokens, 1):
            token[0]._dunning_tell_expiry()
            self.env["ir.cron"]._commit_progress(1, remaining=len(tokens) - position)

    def _dunning_tell_expiry(self):
        self.dunning_expiry_told = self.dunning_expires_on
        self.env["dunning.notice"]._plan_payment_message(
            "expiring",
            self,
            company_id=self.company_id.id,
            partner_id=self.partner_id.commercial_partner_id.id,
            token_id=self.id,
        )
