from odoo import fields, models


class DunningRunDiscard(models.TransientModel):
    """Asks why the messages of a held run are not sent."""

    _name = "dunning.run.discard"
    _description = "Discard Run"

    run_ids = fields.Many2many("dunning.run", string="Runs", required=True)
    reason = fields.Char(required=True)

    def action_confirm(self):
        """Take back what the runs planned; the reason is kept with every notice."""
        self.ensure_one()
        self.run_ids._discard(self.reason)
        return {"type": "ir.actions.act_window_close"}
