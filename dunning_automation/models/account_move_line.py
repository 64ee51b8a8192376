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

    def _dunning_get_discounts(self, day):
        """Early-payment discounts of these lines on ``day``, by Odoo's own rules.

        :return: {line: dict of ``account.move.line._get_installments_data``}; lines
            without a discount on that day are left out
        """
        candidates = self.search([("id", "in", self.ids), ("discount_date", ">=", day)])
        found = {}
        for line in candidates:
            [data] = line._get_installments_data(payment_date=day)
            if data["type"] == "early_payment_discount":
                found[line] = data
        return found
