from odoo import api, models
from odoo.tools import SQL


class DunningWorklist(models.AbstractModel):
    _inherit = "dunning.worklist"

    @api.model
    def _get_score_sql(self, company):
        """The rule's score, unless the company wants the order by predictions."""
        score = super()._get_score_sql(company)
        if company.dunning_order_by_prediction:
            return score
        return SQL("COALESCE(exposure.rule_score, %s)", score)
