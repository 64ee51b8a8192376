from odoo import api, models
from odoo.tools import SQL


class DunningPlanner(models.AbstractModel):
    _inherit = "dunning.planner"

    @api.model
    def _plan(self, run):
        """Waiting for payments ends by the day of the run's company."""
        return super(DunningPlanner, self.with_company(run.company_id))._plan(run)

    def _find_ways(self, policies):
        """Where a policy learns which channel works, its actions begin with the channel
        that is drawn for the customer, if it reaches him."""
        if not self._get_learning(policies):
            return super()._find_ways(policies)
        self._draw_channels(policies)
        super()._find_ways(policies)
        # It was chosen, and is not the way out of a trouble.
        self.env.cr.execute(
            "UPDATE dunning_way SET channel_from = NULL WHERE fallback_reason IS NULL"
        )

    def _get_learning(self, policies):
        """Those that learn. A replay asks what the policy says, without chance."""
        if self._name != "dunning.planner":
            return policies.browse()
        return policies.filtered("learn_channel")

    def _draw_channels(self, policies):
        """Fill ``dunning_draw``: per debtor and action the one to begin with."""
        company = self.env.company
        ways = {
            action: action._get_alternatives().ids
            for action in self._get_learning(policies).level_ids.action_ids
        }
        debtors = self.env.execute_query(
            SQL(
                """SELECT DISTINCT partner_id, next_level_id
                     FROM dunning_evaluation
                    WHERE outcome = 'remind'
                    ORDER BY partner_id, next_level_id"""
            )
        )
        of_level = self.env["dunning.action"].concat(*ways).grouped("level_id")
        asked = [
            (action.id, partner_id, partner_id, ways[action])
            for partner_id, level_id in debtors
            for action in of_level.get(self.env["dunning.level"].browse(level_id), ())
            if len(ways[action]) > 1
        ]
        choices = self.env["dunning.arm"].sudo()._draw(company, "channel", asked)
        self.env.cr.execute(
            SQL(
                """
                DROP TABLE IF EXISTS dunning_draw;
                CREATE TEMPORARY TABLE dunning_draw ON COMMIT DROP AS
                SELECT *
                  FROM UNNEST(%s::int[], %s::int[], %s::int[], %s::float[], %s::int[])
                       AS draw (main_id, partner_id, action_id, propensity, segment_id)
                """,
                [scope for scope, *_others in asked],
                [partner_id for _scope, partner_id, *_others in asked],
                [choice.option for choice in choices],
                [choice.propensity for choice in choices],
                [choice.segment_id for choice in choices],
            )
        )
        self.env.cr.execute("ANALYZE dunning_draw")

    def _get_chain_order_sql(self, policies):
        if not self._get_learning(policies):
            return super()._get_chain_order_sql(policies)
        return SQL(
            """(NOT EXISTS (
                   SELECT 1
                     FROM dunning_draw draw
                    WHERE draw.partner_id = rung.partner_id
                      AND draw.main_id = chain.main_id
                      AND draw.action_id = chain.action_id))"""
        )

    def _create_notices(self, run):
        """Notices that begin with the channel that was drawn are trials."""
        super()._create_notices(run)
        learning = self._get_learning(
            self.env["dunning.policy"]._search_applicable(run.company_id)
        )
        if run.simulation or not learning:
            return
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO dunning_trial
                       (notice_id, company_id, kind, scope, option, segment_id,
                        propensity, state)
                SELECT notice.id, notice.company_id, 'channel', draw.main_id,
                       draw.action_id, draw.segment_id, draw.propensity, 'waiting'
                  FROM dunning_notice notice
                  JOIN dunning_draw draw
                    ON draw.partner_id = notice.partner_id
                   AND draw.action_id = notice.action_id
                  JOIN res_partner debtor ON debtor.id = notice.partner_id
                 WHERE notice.run_id = %s
                   AND notice.simulation IS NOT TRUE
                   -- Who prefers a channel gets it: that is no chance.
                   AND debtor.dunning_channel IS NULL
                    ON CONFLICT (notice_id, kind) DO NOTHING
                """,
                run.id,
            )
        )

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
