from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

TEMP_BUFFERS = "512MB"
"""Of the database, for temporary tables: its own default reads and writes the sandbox
again and again."""
TIDY_DAYS = 8
"""How often what is over leaves the sandbox; more often while it is young, when the
database knows its size least."""


class DunningReplayPlanner(models.AbstractModel):
    """The planner at work in a sandbox: day after day of the past.

    Everything that it decides is decided by the planner itself. Only what surrounds it
    differs: every message is taken as approved and sent on its day, letters as posted
    and tasks as done.
    """

    _name = "dunning.replay.planner"
    _inherit = "dunning.planner"
    _description = "Dunning Replay Planner"

    @api.model
    def _replay(self, replay, variant, policies, tell):
        """Go through the days of ``replay`` and keep its messages.

        :param str variant: under which name they are kept
        :param policies: ``dunning.policy``, the first that fits a line is its policy
        :param tell: function of a day, called after it
        """
        sandbox = self.env["dunning.replay.sandbox"]
        company = replay.company_id
        self.env["dunning.ledger"]._flush()
        self._set_database()
        sandbox._open(company, policies, replay.date_from, replay.date_to)
        run = self.env["dunning.run"].new({"company_id": company.id})
        days = (replay.date_to - replay.date_from).days + 1
        since = replay.date_from
        for number in range(days):
            run.date = day = replay.date_from + timedelta(days=number)
            if sandbox._move_to(company, day):
                self._plan_day(run, policies)
            if not number & (number - 1) or not number % TIDY_DAYS:
                self._keep_messages(replay, variant, since, day)
                sandbox._tidy(replay.date_from)
                since = day + timedelta(days=1)
            tell(day)
        self._keep_messages(replay, variant, since, replay.date_to)
        sandbox._close()

    def _plan_day(self, run, policies):
        self._evaluate(run, policies)
        self._find_debtors()
        self._find_ways(policies)
        self._mark_unreachable()
        self._find_messages(run)
        self._create_notices(run)
        self._settle_decisions(run)
        self._store_decisions(run)

    @api.model
    def _set_database(self):
        """The sandbox stays in memory, if this session had no temporary table yet."""
        result = super()._set_database()
        self.env.cr.execute(
            SQL(
                """DO $do$ BEGIN
                       SET LOCAL temp_buffers = %s;
                   EXCEPTION WHEN invalid_parameter_value THEN
                   END $do$""",
                TEMP_BUFFERS,
            )
        )
        return result

    def _get_state_sql(self, run):
        """Every message leaves at once."""
        return SQL("'sent'")

    def _get_net_lines(self, run, policies):
        """The policy of each line was found when the sandbox was built."""
        return self.env["dunning.ledger"]._get_net_lines_cte(
            run.company_id,
            policies,
            now=run._get_moment(),
            match=SQL("line.replay_policy_id"),
        )

    def _get_parameters(self, run):
        return {
            "company": run.company_id.id,
            "company_key": str(run.company_id.id),
            "now": self.env.cr.now(),
            "run": None,
            "today": run.date,
            "uid": self.env.uid,
        }

    def _keep_messages(self, replay, variant, since, until):
        """Copy what was planned in the sandbox on these days into the result of
        ``replay``."""
        self.env["dunning.replay.sandbox"]._refresh_statistics()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO dunning_replay_message
                       (replay_id, variant, date, company_id, partner_id, policy_id,
                        level_id, channel, group_key, amount, line_count, days_overdue,
                        move_keys)
                SELECT %(replay)s, %(variant)s, notice.date, notice.company_id,
                       notice.partner_id, notice.policy_id, notice.level_id,
                       notice.channel, notice.group_key,
                       COALESCE(SUM(line.residual), 0), COUNT(line.id),
                       MAX(line.days_overdue),
                       JSONB_AGG(DISTINCT line.move_id) FILTER (
                           WHERE line.move_id IS NOT NULL)
                  FROM dunning_notice notice
             LEFT JOIN dunning_notice_line line ON line.notice_id = notice.id
                 WHERE notice.date BETWEEN %(since)s AND %(until)s
                 GROUP BY notice.id
                 ORDER BY notice.date, notice.id
                """,
                replay=replay.id,
                since=since,
                until=until,
                variant=variant,
            )
        )
