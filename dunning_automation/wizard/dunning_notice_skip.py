from odoo import fields, models


class DunningNoticeSkip(models.TransientModel):
    """Asks why notices, or single invoices of a notice, shall not be sent."""

    _name = "dunning.notice.skip"
    _description = "Do Not Send"

    notice_ids = fields.Many2many("dunning.notice", string="Notices")
    line_ids = fields.Many2many("dunning.notice.line", string="Invoices")
    reason = fields.Char(required=True)

    def action_confirm(self):
        """Cancel the notices, take the lines out; both keep the reason."""
        self.ensure_one()
        self.notice_ids._cancel(self.reason)
        self.line_ids._skip(self.reason)
        return {"type": "ir.actions.act_window_close"}
