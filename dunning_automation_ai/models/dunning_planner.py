from odoo import api, models
from odoo.tools import SQL


class DunningPlanner(models.AbstractModel):
    _inherit = "dunning.planner"

    @api.model
    def _plan(self, run):
        """Waiting for payments ends by the day of the run's company."""
        return super(DunningPlanner, self.with_company(run.company_id))._plan(run)

    @api.model
    def _get_short_reason_sql(self):
        """Why a level is not reached, other than for its minimums."""
        ledger = self.env["dunning.ledger"]
        return SQL(
            """(SELECT CASE WHEN NOT %(passes)s THEN 'risk_too_low'
                            WHEN %(expected)s THEN 'payment_expected'
                            ELSE %(rest)s END
                  FROM dunning_level asking
                 WHERE asking.id = riding.next_level_id)""",
            expected=ledger._get_payment_expected_sql("asking", "riding"),
            passes=ledger._get_risk_passes_sql("asking", "riding"),
            rest=super()._get_short_reason_sql(),
        )
