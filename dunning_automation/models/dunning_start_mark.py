from odoo import api, fields, models


class DunningStartMark(models.Model):
    """A manager ticked off a step of the set-up that nothing in the data proves."""

    _name = "dunning.start.mark"
    _description = "Set-up Step Ticked Off"
    _rec_name = "code"

    company_id = fields.Many2one(
        "res.company", required=True, index=True, ondelete="cascade"
    )
    code = fields.Char(required=True, help="The step, see tools/start_steps.py.")

    _code_uniq = models.Constraint(
        "UNIQUE(company_id, code)", "This step was ticked off already."
    )

    @api.model
    def action_tick(self, code):
        """Tick off a step for the current company; twice does no harm."""
        if not self._search_of(code):
            self.create({"company_id": self.env.company.id, "code": code})

    @api.model
    def action_untick(self, code):
        """Take it back."""
        self._search_of(code).unlink()

    @api.model
    def _search_of(self, code):
        return self.search(
            [("company_id", "=", self.env.company.id), ("code", "=", code)]
        )
