import base64

from odoo import api, fields, models

from ..tools import letter_pages


class DunningLetterDownload(models.TransientModel):
    """A pile of letters as one PDF, put together when it is fetched: the bytes are
    kept with the notices only."""

    _name = "dunning.letter.download"
    _description = "Pile of Letters"

    notice_ids_in_order = fields.Json(required=True, readonly=True)
    data = fields.Binary(compute="_compute_data")

    @api.depends("notice_ids_in_order")
    def _compute_data(self):
        for download in self:
            letters = self.env["dunning.notice"].browse(download.notice_ids_in_order)
            letters = letters.exists().with_context(bin_size=False)
            letters.check_access("read")
            contents = [
                base64.b64decode(letter.letter_pdf)
                if letter.letter_pdf
                else letter.sudo()._make_letter_pdf()
                for letter in letters
            ]
            download.data = contents and base64.b64encode(letter_pages.merge(contents))

    def _get_action(self):
        """Action that downloads the pile."""
        self.ensure_one()
        url = f"/web/content/{self._name}/{self.id}/data/letters-{self.id}.pdf"
        return {
            "type": "ir.actions.client",
            "tag": "dunning_download",
            "params": {"url": f"{url}?download=true"},
        }
