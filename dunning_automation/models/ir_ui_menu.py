from odoo import models


class IrUiMenu(models.Model):
    _inherit = "ir.ui.menu"

    def _load_menus_blacklist(self):
        """Nobody sees the take-over where there is nothing to take over."""
        hidden = super()._load_menus_blacklist()
        menu = self.env.ref(
            "dunning_automation.dunning_take_over_menu", raise_if_not_found=False
        )
        if menu and not self.env["dunning.take.over.source"]._get_names():
            hidden.append(menu.id)
        return hidden
