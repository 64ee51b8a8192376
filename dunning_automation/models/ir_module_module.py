from odoo import api, models


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    @api.model
    def _load_module_terms(self, modules, langs, overwrite=False):
        """A language was added, or our addon updated: our own words follow."""
        result = super()._load_module_terms(modules, langs, overwrite)
        if "dunning_automation" in modules:
            self.env["dunning.wording"].sudo()._complete(langs)
        return result
