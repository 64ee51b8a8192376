from odoo import models

from ..tools.safe_csv import inert

OURS = "dunning."


class Base(models.AbstractModel):
    _inherit = "base"

    def export_data(self, fields_to_export):
        """Customers write part of what stands in our records: their names, answers and
        notes. In a spreadsheet of ours nothing of it may become a formula."""
        result = super().export_data(fields_to_export)
        if self._name.startswith(OURS):
            result["datas"] = [[inert(cell) for cell in row] for row in result["datas"]]
        return result
