from odoo import fields, models


class DunningStop(models.TransientModel):
    """Stops all reminders; asks why, and takes no answer, too."""

    _name = "dunning.stop"
    _description = "Stop All Reminders"

    company_ids = fields.Many2many(
        "res.company",
        string="Companies",
        required=True,
        default=lambda self: self.env.companies,
        domain="[('id', 'in', allowed_company_ids)]",
    )
    reason = fields.Char(help="Shown to everybody who wonders why nothing leaves.")

    def action_confirm(self):
        """Nothing leaves any more."""
        self.ensure_one()
        self.company_ids.action_dunning_stop(self.reason)
        return {"type": "ir.actions.act_window_close"}
