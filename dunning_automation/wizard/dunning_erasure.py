from odoo import api, fields, models


class DunningErasure(models.TransientModel):
    """Asks before the personal data of customers in their reminders are forgotten."""

    _name = "dunning.erasure"
    _description = "Forget Personal Data in Reminders"

    partner_ids = fields.Many2many(
        "res.partner",
        string="Customers",
        required=True,
        default=lambda self: self._default_partner_ids(),
    )

    @api.model
    def _default_partner_ids(self):
        """The customers behind the selected contacts: reminders go to the whole."""
        selected = self.env["res.partner"].browse(self.env.context.get("active_ids"))
        return selected.commercial_partner_id

    def action_confirm(self):
        """Forget."""
        self.ensure_one()
        self.partner_ids._dunning_erase()
        return {"type": "ir.actions.act_window_close"}
