from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.dunning_automation.fields import FollowingMany2one
from odoo.addons.dunning_automation.models.dunning_exposure import BANDS

STEP = 0.01
"""Smaller changes of a score are not kept."""


class DunningRiskScore(models.Model):
    """How a customer's risk developed: a row for each day on which it changed."""

    _name = "dunning.risk.score"
    _description = "Risk History"
    _order = "date desc, id desc"
    _rec_name = "partner_id"
    _log_access = False
    _allow_sudo_commands = False

    partner_id = FollowingMany2one(
        "res.partner", "Customer", required=True, readonly=True, ondelete="cascade"
    )  # Already has an index from the unique constraint.
    company_id = FollowingMany2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    date = fields.Date(required=True, readonly=True)
    score = fields.Float("Risk", readonly=True, aggregator="avg")
    band = fields.Selection(BANDS, "Risk Band", required=True, readonly=True)
    moved_at = fields.Datetime(
        "Band Changed At", readonly=True, help="Empty where only the score changed."
    )

    _partner_date_uniq = models.Constraint(
        "UNIQUE(partner_id, company_id, date)", "A customer has one risk a day."
    )
    _moved_idx = models.Index("(company_id, moved_at) WHERE moved_at IS NOT NULL")

    @api.model
    def _keep(self, company, today):
        """Keep what changed since the last time, for all customers of ``company``.

        :return: whether somebody is in another band than before
        """
        rows = self.env.execute_query(
            SQL(
                """
                WITH kept AS (
                    INSERT INTO dunning_risk_score AS known
                           (partner_id, company_id, date, score, band, moved_at)
                    SELECT exposure.partner_id, exposure.company_id, %(today)s,
                           exposure.score, exposure.band,
                           CASE WHEN last.band != exposure.band THEN %(now)s END
                      FROM dunning_exposure exposure
                 LEFT JOIN LATERAL (
                    SELECT score, band
                      FROM dunning_risk_score
                     WHERE partner_id = exposure.partner_id
                       AND company_id = exposure.company_id
                     ORDER BY date DESC
                     LIMIT 1) last ON TRUE
                     WHERE exposure.company_id = %(company)s
                       AND (last.band IS DISTINCT FROM exposure.band
                            OR ABS(last.score - exposure.score) >= %(step)s)
                        ON CONFLICT (partner_id, company_id, date) DO UPDATE
                       SET score = EXCLUDED.score, band = EXCLUDED.band,
                           moved_at = COALESCE(EXCLUDED.moved_at, known.moved_at)
                 RETURNING moved_at
                )
                SELECT COALESCE(BOOL_OR(moved_at = %(now)s), FALSE) FROM kept
                """,
                company=company.id,
                now=self.env.cr.now(),
                step=STEP,
                today=today,
            )
        )
        self.invalidate_model()
        return rows[0][0]
