from odoo import fields, models


class DunningOptoutWithdrawal(models.TransientModel):
    """Asks how a customer agreed to hear from us again: without an answer the opt-out
    stays."""

    _name = "dunning.optout.withdrawal"
    _description = "Withdraw Opt-out"

    optout_ids = fields.Many2many("dunning.optout", string="Opt-outs", required=True)
    note = fields.Text("How Did the Customer Agree?", required=True)

    def action_confirm(self):
        """Withdraw, and tell the timeline."""
        self.ensure_one()
        self.optout_ids.check_access("read")
        self.optout_ids._withdraw(self.note)
        return {"type": "ir.actions.act_window_close"}
