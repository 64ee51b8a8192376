from odoo import models


class AccountBankStatementLine(models.Model):
    _name = "account.bank.statement.line"
    _inherit = ["account.bank.statement.line", "dunning.finding.mixin"]

    def action_open_dunning_entry(self):
        """Open the journal entry: what the transaction is booked against."""
        self.ensure_one()
        return self.move_id._get_records_action()
