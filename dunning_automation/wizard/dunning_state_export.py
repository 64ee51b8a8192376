from base64 import b64encode

from odoo import api, fields, models

from ..report.dunning_state import COLUMNS
from ..tools import safe_csv


class DunningStateExport(models.TransientModel):
    """Asks in which form the state of all open items is wanted. The file is made when
    it is fetched; no copy is kept."""

    _name = "dunning.state.export"
    _description = "Export the State of Open Items"

    file_format = fields.Selection(
        [("csv", "CSV"), ("xlsx", "Excel Workbook")], required=True, default="csv"
    )
    data = fields.Binary(compute="_compute_data")

    @api.depends("file_format")
    def _compute_data(self):
        write = {"csv": safe_csv.to_csv, "xlsx": safe_csv.to_xlsx}
        for export in self:
            rows = map(dict.values, self.env["dunning.state"]._iterate())
            export.data = b64encode(write[export.file_format](COLUMNS, rows))

    def action_download(self):
        """Download the file."""
        self.ensure_one()
        name = f"collections-{fields.Date.context_today(self)}.{self.file_format}"
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/data/{name}?download=true",
            "target": "self",
        }
