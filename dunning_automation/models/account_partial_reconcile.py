from odoo import api, models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    # What was matched after a day: few rows of all that ever were.
    _dunning_max_date_idx = models.Index("(max_date)")

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        lines = partials.debit_move_id | partials.credit_move_id
        lines.move_id._dunning_recheck()
        self.env["dunning.dashboard"]._refresh(lines.company_id)
        return partials

    def unlink(self):
        self.env["dunning.dashboard"]._refresh(self.company_id)
        return super().unlink()
