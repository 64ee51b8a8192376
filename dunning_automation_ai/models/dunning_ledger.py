from odoo import api, models
from odoo.tools import SQL


class DunningLedger(models.AbstractModel):
    _inherit = "dunning.ledger"

    @api.model
    def _flush(self):
        result = super()._flush()
        self.env["dunning.exposure"].flush_model()
        self.env["dunning.prediction"].flush_model()
        return result

    @api.model
    def _get_threshold_sql(self, level, line, standing):
        """Risk and prediction only hold back what the policy's minimums let pass."""
        return SQL(
            "((%s) AND %s AND NOT %s)",
            super()._get_threshold_sql(level, line, standing),
            self._get_risk_passes_sql(level, line),
            self._get_payment_expected_sql(level, line),
        )

    @api.model
    def _get_risk_passes_sql(self, level, line):
        """SQL condition, never NULL: the customer's risk is high enough for a level."""
        return SQL(
            """(%(level)s.min_risk_band IS NULL OR EXISTS (
                   SELECT 1
                     FROM dunning_exposure exposure
                    WHERE exposure.partner_id = %(line)s.partner_id
                      AND exposure.company_id = %(level)s.company_id
                      AND exposure.band IN (%(level)s.min_risk_band, 'high')))""",
            level=SQL.identifier(level),
            line=SQL.identifier(line),
        )

    @api.model
    def _get_payment_expected_sql(self, level, line):
        """SQL condition, never NULL: a level waits for the payment of a line."""
        return SQL(
            """(COALESCE(%(level)s.wait_expected_days, 0) > 0
                AND %(today)s < %(line)s.date_due + %(level)s.delay_days
                                + %(level)s.wait_expected_days
                AND EXISTS (
                    SELECT 1
                      FROM dunning_prediction expected
                     WHERE expected.move_line_id = %(line)s.move_line_id
                       AND expected.expected_date
                           <= %(line)s.date_due + %(level)s.delay_days
                              + %(level)s.wait_expected_days))""",
            level=SQL.identifier(level),
            line=SQL.identifier(line),
            today=self.env.company._dunning_today(),
        )
