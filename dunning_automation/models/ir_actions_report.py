from odoo import models

LETTER_FORMATS = (
    "dunning_automation.dunning_letter_paperformat_a4",
    "dunning_automation.dunning_letter_paperformat_us",
)


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _build_wkhtmltopdf_args(self, paperformat_id, *args, **kwargs):
        """A letter runs no script, so there is nothing to wait for: Odoo's default of a
        second would be most of the time that a pile takes."""
        command = super()._build_wkhtmltopdf_args(paperformat_id, *args, **kwargs)
        formats = [
            self.env.ref(name, raise_if_not_found=False) for name in LETTER_FORMATS
        ]
        if paperformat_id and paperformat_id in formats:
            command += ["--javascript-delay", "0", "--disable-javascript"]
        return command
