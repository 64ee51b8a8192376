from odoo import models
from odoo.exceptions import UserError


class AccountPayment(models.Model):
    _name = "account.payment"
    _inherit = ["account.payment", "dunning.finding.mixin"]

    def _prepare_payment_transaction_vals(self, **extra_create_values):
        """No stored method is charged by hand beside a try of a recovery."""
        values = super()._prepare_payment_transaction_vals(**extra_create_values)
        [(_command, _id, move_ids)] = values["invoice_ids"]
        moves = self.env["account.move"].browse(move_ids)
        charger = self.env["dunning.recovery.charger"].sudo()
        if moves:
            charger._lock_move(moves)
        for recovery in charger._search_open(moves):
            if recovery.state in ("charging", "unknown"):
                raise UserError(
                    self.env._(
                        "%s is being charged already, or nobody knows yet whether it "
                        "was. See its failed payment.",
                        recovery.move_id.name,
                    )
                )
        return values
