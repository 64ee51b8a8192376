from odoo import fields, models
from odoo.exceptions import AccessError


class DunningSaleRelease(models.TransientModel):
    """Asks a collections manager why an order may be confirmed despite the hold."""

    _name = "dunning.sale.release"
    _description = "Release Order"

    order_id = fields.Many2one("sale.order", required=True, readonly=True)
    text = fields.Char(related="order_id.dunning_credit_text")
    reason = fields.Char(
        required=True, help="Kept with the order and in the timeline of the customer."
    )

    def action_release(self):
        """The salesperson may confirm the order now."""
        self.ensure_one()
        if not self.env.user.has_group("dunning_automation.group_manager"):
            raise AccessError(
                self.env._("Only a collections manager releases an order.")
            )
        self.order_id.check_access("read")
        self.order_id.sudo()._dunning_release(self.reason)
        return {"type": "ir.actions.act_window_close"}

    def action_release_and_confirm(self):
        """The manager, who has the rights of a salesperson too, confirms at once."""
        self.action_release()
        self.order_id.action_confirm()
        return {"type": "ir.actions.act_window_close"}
