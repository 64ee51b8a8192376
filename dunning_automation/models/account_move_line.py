from odoo import models

# What a person changes on a posted line that can take a reminder's reason away.
FOLLOWED = {"date_maturity", "no_followup", "partner_id"}


class AccountMoveLine(models.Model):
    _name = "account.move.line"
    _inherit = ["account.move.line", "dunning.finding.mixin"]

    def write(self, vals):
        followed = self if FOLLOWED & vals.keys() else self.browse()
        posted = followed.filtered(lambda line: line.parent_state == "posted")
        result = super().write(vals)
        posted.move_id._dunning_recheck()
        return result
