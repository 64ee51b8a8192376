from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..tools.bank_reference import TOKENS


class AccountBankStatementLine(models.Model):
    """Bank transactions that may pay what is about to be reminded."""

    _name = "account.bank.statement.line"
    _inherit = ["account.bank.statement.line", "dunning.finding.mixin"]

    dunning_dismissed_partner_ids = fields.Many2many(
        "res.partner",
        "dunning_dismissed_payment_rel",
        "statement_line_id",
        "partner_id",
        "Not Paid By",
        copy=False,
        readonly=True,
        groups="account.group_account_invoice,account.group_account_readonly",
        help="Somebody looked: this transaction pays nothing of these customers.",
    )

    # What the stop sign reads of one customer; small, as most of them are matched.
    _dunning_payer_idx = models.Index(
        "(partner_id) WHERE is_reconciled IS NOT TRUE AND amount > 0"
    )
    # Without the list of latest rows that a GIN index keeps apart and reads through.
    _dunning_reference_idx = models.Index(
        "USING gin (dunning_reference_tokens(payment_ref)) WITH (fastupdate = off)"
        " WHERE is_reconciled IS NOT TRUE AND amount > 0"
    )

    def _auto_init(self):
        """The index needs the function."""
        self.env.cr.execute(TOKENS)
        return super()._auto_init()

    def _dunning_match(self, lines):
        """Reconcile this transaction with open ``lines``: what waits on the suspense
        account goes to their receivable account. What they owe less remains there as an
        open credit of the customer. With the rights of the user."""
        self.ensure_one()
        self.check_access("write")
        bank_lines, suspense, others = self._seek_for_lines()
        values = self._dunning_prepare_counterpart(lines)
        if len(suspense) != 1 or not values:
            raise UserError(
                self.env._(
                    "This payment cannot be matched with one click, because of its "
                    "currency or its accounts: match it where you reconcile the bank."
                )
            )
        partner = lines.partner_id[:1]
        commands = [Command.update(suspense.id, {**values, "partner_id": partner.id})]
        if not others:
            commands.append(Command.update(bank_lines.id, {"partner_id": partner.id}))
        self.move_id.with_context(skip_readonly_check=True).write(
            {"line_ids": commands}
        )
        (suspense | lines).reconcile()

    def _dunning_prepare_counterpart(self, lines):
        """Account and currency of the line that pays ``lines``; None if one line cannot
        pay them all."""
        bank_lines, suspense, others = self._seek_for_lines()
        if len(lines.account_id) != 1 or len(lines.currency_id) != 1:
            return None
        values = {"account_id": lines.account_id.id}
        if lines.currency_id == suspense.currency_id:
            return values
        if lines.currency_id == bank_lines.currency_id and not others:
            return values | {
                "currency_id": bank_lines.currency_id.id,
                "amount_currency": -bank_lines.amount_currency,
            }
        return None

    # === ACTIONS === #

    def action_open_dunning_entry(self):
        """Open the journal entry: what the transaction is booked against."""
        self.ensure_one()
        return self.move_id._get_records_action()
