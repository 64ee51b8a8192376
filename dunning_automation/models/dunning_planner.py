from psycopg2.extras import Json

from odoo import api, models
from odoo.tools import SQL
from odoo.tools.misc import get_lang

from ..tools import blast, pilot
from ..tools.channels import CALLS, INTERNAL, UNATTENDED, UNHEARD
from ..tools.notice_states import LET_OUT, PENDING
from .dunning_ledger import VALID_EMAIL

MANY_LINES = 1000
WORK_MEM = "64MB"
"""Of the database, per sort or join of a run: its own default writes 100,000 lines to
the disk again and again."""
STATISTICS = 10
"""How closely the database looks at the tables of a run: it needs to know that they are
large. Looking as closely as it does by itself takes longer than some of the steps."""
LONGEST_CHAIN = 20
"""A level uses each channel once, so no chain of fallbacks is longer."""
CHOSEN = ("channel_opted_out", "opted_out")
"""Reasons that are the customer's own decision: nothing to repair."""
REPAIRABLE = ("no_email", "invalid_email", "bounced", "no_postal_address", "no_phone")
"""Reasons that a person can do something about although a fallback reached him."""


class DunningPlanner(models.AbstractModel):
    """Decides for every open receivable line of a company and plans the notices.

    Set-based: the ledger is read once into a temporary table ``dunning_evaluation``
    (a row per open line), the debtors that must hear something into
    ``dunning_debtor``; cases, notices, notice lines, decisions and events are written
    from these two. The number of queries does not depend on the number of lines.
    """

    _name = "dunning.planner"
    _description = "Dunning Planner"

    # === ENTRY POINTS === #

    @api.model
    def _plan(self, run):
        """Evaluate ``run.company_id`` at ``run.date``; store decisions and notices.

        Idempotent: what was planned before is found by the unique keys and not planned
        again. A simulated run writes simulated notices only.
        """
        self._set_database()
        self.env["dunning.ledger"]._flush()
        if not run.simulation:
            self.env["dunning.notice"]._refresh_planned(run.company_id)
            self.env["dunning.ledger"]._flush()
        policies = self.env["dunning.policy"]._search_applicable(run.company_id)
        self._evaluate(run, policies)
        self._find_debtors()
        self._find_ways(policies)
        self._mark_unreachable()
        self._sum_up_debts(run)
        self._find_messages(run)
        if not run.simulation:
            self._open_cases(run)
        self._forget_simulated_notices(run)
        run.sudo().hold_reason = self._get_hold_reason(run)
        self._create_notices(run)
        if policies.courtesy_id and not run.simulation:
            self.env["dunning.notice"]._schedule(run)
        if not run.simulation:
            self._settle_decisions(run)
            self._store_decisions(run)
        self._count(run)
        self._refresh_statistics(run)
        if not run.simulation:
            self._update_cases(run)
            self._close_cases(run)
            self._refresh_worklist(run)
        self.env.invalidate_all()
        if not run.simulation:
            self._create_address_tasks(run)

    @api.model
    def _set_database(self):
        """Memory, statistics, and no compiling: for queries as wide as these it takes
        longer than running them, every time."""
        self.env.cr.execute(
            SQL(
                "SET LOCAL jit = off; SET LOCAL work_mem = %s;"
                " SET LOCAL default_statistics_target = %s",
                WORK_MEM,
                STATISTICS,
            )
        )

    # === EVALUATION === #

    def _evaluate(self, run, policies):
        """Fill ``dunning_evaluation``: outcome, reason and next level of every line."""
        self.env.cr.execute(
            "DROP TABLE IF EXISTS dunning_evaluation, dunning_debtor, dunning_way,"
            " dunning_debt, dunning_message"
        )
        ledger = self.env["dunning.ledger"]
        late = SQL(
            "stop_reason IS NULL AND %s - line.date_due"
            " > COALESCE(policy.item_grace_days, 0)",
            run.date,
        )
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMPORARY TABLE dunning_evaluation ON COMMIT DROP AS
                %(net_lines)s,
                %(contacts)s,
                in_cycle AS (
                    SELECT net_line.*,
                           COALESCE(decision.cycle, 0) + fresh.start AS cycle,
                           CASE WHEN fresh.start = 0 THEN decision.floor_delay END
                               AS floor_delay
                      FROM net_line
                 LEFT JOIN dunning_decision decision
                        ON decision.move_line_id = net_line.move_line_id
                CROSS JOIN LATERAL (
                        SELECT CASE WHEN decision.outcome = 'settled'
                                     AND decision.reason = 'paid'
                                    THEN 1 ELSE 0 END AS start
                       ) AS fresh
                ),
                counted AS (
                    SELECT line.*, %(today)s - line.date_due AS days_overdue,
                           policy.mode, policy.grouping, policy.reentry,
                           policy.start_rule, policy.start_date,
                           policy.min_overdue_amount, policy.account_grace_days,
                           policy.control_max_amount, policy.control_max_days,
                           policy.control_share > 0 AND %(drawn)s < policy.control_share
                               AS is_control,
                           COALESCE(policy.item_grace_days, 0) AS item_grace,
                           start_level.delay_days AS start_delay,
                           policy.mode = 'simulate' OR %(simulation)s AS simulated,
                           GREATEST(contact.last_date, %(shared)s.last_date)
                               AS last_date,
                           GREATEST(contact.pending_state, %(shared)s.pending_state)
                               AS pending_state,
                           COALESCE(contact.planned_today, FALSE)
                           OR COALESCE(%(shared)s.planned_today, FALSE)
                               AS planned_today,
                           CASE WHEN policy.grouping = 'invoice'
                                THEN line.move_id END AS apart,
                           %(standing)s
                      FROM in_cycle line
                 LEFT JOIN dunning_policy policy ON policy.id = line.policy_id
                 LEFT JOIN dunning_level start_level
                        ON start_level.id = policy.start_level_id
                       AND policy.start_rule = 'level'
                           %(contact_joins)s
                    WINDOW of_customer AS (PARTITION BY line.partner_id),
                           of_policy AS (PARTITION BY line.partner_id, line.policy_id),
                           of_currency AS (PARTITION BY line.partner_id, line.policy_id,
                                                        line.currency_id)
                ),
                history AS (
                    -- Of the latest cycle with steps; an earlier one tells where a
                    -- line resumes.
                    SELECT step.*, notice.date AS step_date
                      FROM (SELECT DISTINCT ON (step.move_line_id)
                                   step.move_line_id, step.cycle, step.notice_id,
                                   level.id AS level_id, level.delay_days
                              FROM dunning_notice_line step
                              JOIN in_cycle ON in_cycle.move_line_id = step.move_line_id
                                           AND in_cycle.cycle >= step.cycle
                              JOIN dunning_level level ON level.id = step.level_id
                             WHERE step.live AND step.is_step
                             ORDER BY step.move_line_id, step.cycle DESC,
                                      level.delay_days DESC
                           ) AS step
                      JOIN dunning_notice notice ON notice.id = step.notice_id
                ),
                placed AS (
                    SELECT counted.*, present.level_id AS last_level_id,
                           present.delay_days AS last_delay, present.step_date,
                           GREATEST(
                               present.delay_days + 1,
                               CASE WHEN floor_delay IS NOT NULL
                                    THEN LEAST(floor_delay, ladder.top_delay) END,
                               CASE WHEN present.move_line_id IS NULL THEN GREATEST(
                                   CASE WHEN date_due < start_date
                                         AND days_overdue >= start_delay + CASE
                                             WHEN start_delay >= 0 THEN item_grace
                                             ELSE 0 END
                                        THEN LEAST(start_delay, max_delay) END,
                                   CASE WHEN reentry = 'resume'
                                        THEN earlier.delay_days + 1 END,
                                   %(contextual)s
                               ) END
                           ) AS lowest_delay
                      FROM counted
                 LEFT JOIN history AS present
                        ON present.move_line_id = counted.move_line_id
                       AND present.cycle = counted.cycle
                 LEFT JOIN history AS earlier
                        ON earlier.move_line_id = counted.move_line_id
                       AND earlier.cycle < counted.cycle
                 LEFT JOIN (
                        SELECT policy_id, MAX(delay_days) AS top_delay
                          FROM dunning_level
                         GROUP BY policy_id
                       ) AS ladder ON ladder.policy_id = counted.policy_id
                ),
                rung AS (
                    SELECT level.*, LAG(delay_days) OVER ladder AS earlier_delay,
                           LEAD(id) OVER ladder AS later_id,
                           LEAD(delay_days) OVER ladder AS later_delay
                      FROM dunning_level level
                     WHERE policy_id = ANY(%(policies)s)
                    WINDOW ladder AS (PARTITION BY policy_id ORDER BY delay_days)
                ),
                climbing AS (
                    SELECT placed.*,
                           next_level.id AS next_level_id,
                           next_level.delay_days AS next_delay,
                           next_level.requires_review, reached_on,
                           GREATEST(
                               reached_on, step_date + next_level.min_interval_days
                           ) AS own_date,
                           GREATEST(
                               last_date + next_level.min_interval_days,
                               CASE WHEN planned_today THEN %(today)s + 1 END
                           ) AS gap_date,
                           next_level.delay_days >= 0
                           AND worst_arrears < COALESCE(account_grace_days, 0)
                               AS in_account_grace,
                           stop_reason IS NULL
                           AND NOT (start_rule = 'new' AND date_due < start_date)
                           AND next_level.delay_days
                               <= COALESCE(max_delay, next_level.delay_days)
                           AND NOT (next_level.delay_days >= 0
                                    AND worst_arrears < COALESCE(account_grace_days, 0))
                           AND (%(enough)s)
                           AND NOT (days_overdue > item_grace
                                    AND overdue_total < COALESCE(min_overdue_amount, 0))
                               AS may_climb,
                           later_level.id AS later_level_id,
                           GREATEST(
                               date_due + later_level.delay_days + CASE
                                   WHEN later_level.delay_days >= 0 THEN item_grace
                                   ELSE 0 END,
                               %(today)s + later_level.min_interval_days
                           ) AS later_date
                      FROM placed
                 LEFT JOIN rung AS next_level
                        -- The first rung that is open to the line: it is, and the one
                        -- before is too low or was a courtesy that lapsed.
                        ON next_level.policy_id = placed.policy_id
                       AND next_level.delay_days
                           >= COALESCE(lowest_delay, next_level.delay_days)
                       AND (next_level.delay_days >= 0
                            OR days_overdue < LEAST(0, next_level.later_delay))
                       AND (next_level.earlier_delay IS NULL
                            OR next_level.earlier_delay < lowest_delay
                            OR next_level.earlier_delay < 0
                           AND days_overdue >= LEAST(0, next_level.delay_days))
                 LEFT JOIN dunning_level_minimum minimum
                        ON minimum.level_id = next_level.id
                       AND minimum.currency_id = placed.currency_id
                CROSS JOIN LATERAL (
                        SELECT date_due + next_level.delay_days + CASE
                                   WHEN next_level.delay_days >= 0 THEN item_grace
                                   ELSE 0 END AS reached_on
                       ) AS reached
                 LEFT JOIN rung AS later_level
                        ON later_level.id = next_level.later_id
                       AND later_level.delay_days
                           <= COALESCE(max_delay, later_level.delay_days)
                ),
                riding AS (
                    -- Where a message leaves anyway, every line that is ripe by
                    -- itself rides along: regular small messages must not keep an
                    -- old debt from climbing.
                    SELECT climbing.*, bool_or(
                               may_climb AND own_date <= %(today)s
                               AND COALESCE(gap_date, %(today)s) <= %(today)s
                           ) OVER (PARTITION BY partner_id, simulated, apart)
                               AS debtor_free
                      FROM climbing
                )
                SELECT move_line_id, move_id, move_name, partner_id, contact_id,
                       currency_id, policy_id, mode, simulated, date_due, days_overdue,
                       item_grace, residual, residual_currency, cycle, floor_delay,
                       last_level_id, last_delay, next_level_id, next_delay,
                       requires_review, later_level_id, later_date, answer.*,
                       CASE WHEN answer.reason != 'max_level' THEN
                           GREATEST(own_date, CASE WHEN debtor_free IS NOT TRUE
                                                   THEN gap_date END)
                       END AS next_date,
                       CASE grouping
                           WHEN 'invoice' THEN CONCAT('M', move_id)
                           WHEN 'level' THEN CONCAT('L', CASE
                               WHEN answer.outcome = 'remind' THEN next_level_id
                               ELSE last_level_id END)
                           ELSE ''
                       END AS group_key
                  FROM riding
            CROSS JOIN LATERAL (
                    SELECT CASE
                        WHEN stop_reason IS NOT NULL THEN stop_reason
                        WHEN policy_id IS NULL THEN 'no_policy'
                        WHEN start_rule = 'new' AND date_due < start_date
                            THEN 'before_start'
                        WHEN next_level_id IS NULL THEN 'last_level'
                        WHEN next_delay > max_delay THEN 'max_level'
                        WHEN reached_on > %(today)s
                         AND days_overdue BETWEEN LEAST(1, next_delay) AND item_grace
                            THEN 'item_grace'
                        WHEN reached_on > %(today)s AND last_level_id IS NULL
                            THEN 'not_reached'
                        WHEN reached_on > %(today)s THEN 'next_level'
                        WHEN pending_state = 'planned' THEN 'awaiting_approval'
                        WHEN pending_state = 'unknown' THEN 'delivery_unknown'
                        WHEN pending_state = 'failed' THEN 'delivery_failed'
                        WHEN pending_state IS NOT NULL THEN 'in_progress'
                        WHEN in_account_grace THEN 'account_grace'
                        WHEN NOT may_climb THEN %(short)s
                        WHEN own_date > %(today)s OR debtor_free IS NOT TRUE
                            THEN 'min_interval'
                        WHEN is_control
                         AND COALESCE(overdue_total, 0) <= control_max_amount
                         AND worst_arrears <= control_max_days THEN 'control_group'
                        WHEN simulated THEN 'simulated'
                        ELSE 'level_reached'
                    END AS reason
                ) AS why
            CROSS JOIN LATERAL (
                    SELECT why.reason, CASE
                        WHEN stop_reason IS NOT NULL
                          OR why.reason IN ('no_policy', 'before_start',
                                            'control_group') THEN 'hold'
                        WHEN why.reason IN ('simulated', 'level_reached') THEN 'remind'
                        ELSE 'wait'
                    END AS outcome
                ) AS answer
                """,
                net_lines=self._get_net_lines(run, policies),
                contextual=self._get_contextual_sql(policies),
                drawn=policies._get_draw_sql(
                    pilot.CONTROL, SQL("policy.id"), SQL("line.partner_id")
                ),
                enough=ledger._get_threshold_sql("next_level", "placed", "placed"),
                policies=policies.ids,
                short=self._get_short_reason_sql(),
                simulation=run.simulation,
                standing=self._get_standing_sql(policies, late, run.date),
                today=run.date,
                **self._get_contacts_sql(run, policies),
            )
        )
        self.env.cr.execute(
            "ANALYZE dunning_evaluation (move_line_id, next_level_id, outcome,"
            " partner_id, policy_id, simulated)"
        )

    def _get_net_lines(self, run, policies):
        """``WITH net_line AS (...)``: the open lines of the company; see there."""
        return self.env["dunning.ledger"]._get_net_lines_cte(
            run.company_id, policies, now=run._get_moment()
        )

    @api.model
    def _get_short_reason_sql(self):
        """Why a line (of ``riding``) that is old enough does not reach its next level,
        which ``dunning.ledger._get_threshold_sql`` refused."""
        return SQL("'below_minimum'")

    @api.model
    def _get_concerns_nobody_sql(self):
        """SQL condition about a row of ``dunning_notice``: the next reminder need not
        wait for it, because another channel took over or because what failed is
        something between us."""
        return SQL(
            """(state IN ('failed', 'unknown')
                AND (fallback_notice_id IS NOT NULL OR channel IN %s)
                OR %s)""",
            INTERNAL,
            self.env["dunning.notice"]._get_forgotten_condition(),
        )

    def _get_standing_sql(self, policies, late, today):
        """What the customer of each line owes under its policy, for thresholds and
        grace; sorting all lines for it is left out where nobody asks."""
        levels = policies.level_ids
        overdue_total = (
            SQL("SUM(residual) FILTER (WHERE %s) OVER of_customer", late)
            if any(policies.mapped("min_overdue_amount"))
            or any(policies.mapped("control_share"))
            else SQL("0")
        )
        if not (
            any(policies.mapped("account_grace_days"))
            or any(policies.mapped("control_share"))
            or any(level.min_balance or level.min_percentage for level in levels)
            or levels.minimum_ids
        ):
            return SQL(
                """%s AS overdue_total, NULL::numeric AS balance,
                   NULL::numeric AS open_total, 0 AS worst_arrears,
                   NULL::numeric AS currency_balance""",
                overdue_total,
            )
        return SQL(
            """%(overdue_total)s AS overdue_total,
               SUM(residual) FILTER (WHERE %(late)s) OVER of_policy AS balance,
               SUM(residual) FILTER (WHERE stop_reason IS NULL) OVER of_policy
                   AS open_total,
               MAX(%(today)s - line.date_due) FILTER (WHERE stop_reason IS NULL)
                   OVER of_policy AS worst_arrears,
               SUM(residual_currency) FILTER (WHERE %(late)s) OVER of_currency
                   AS currency_balance""",
            late=late,
            overdue_total=overdue_total,
            today=today,
        )

    def _get_contacts_sql(self, run, policies):
        """When each debtor heard of us last, and what is still on its way to him.

        The interval and what is pending count per customer. Where a policy writes per
        invoice they count per invoice: its own messages, and those that were about the
        customer as a whole (``shared``).

        :return: ``contacts``, the common table expression; ``contact_joins``, which
            give a line its ``contact``; ``shared``, the name of the second one
        """
        per_invoice = "invoice" in policies.mapped("grouping")
        contacts = SQL(
            """
            contact AS (
                SELECT partner_id, %(scope)s AS scope,
                       MAX(date + COALESCE(
                           (date_sent AT TIME ZONE 'UTC'
                                      AT TIME ZONE %(timezone)s)::date
                           - (create_date AT TIME ZONE 'UTC'
                                          AT TIME ZONE %(timezone)s)::date, 0))
                           FILTER (WHERE channel NOT IN %(internal)s
                                     AND state NOT IN ('cancelled', 'failed'))
                           AS last_date,
                       MAX(state) FILTER (WHERE state IN %(pending)s
                                            AND NOT %(concerns_nobody)s)
                           AS pending_state,
                       bool_or(date = %(today)s) AS planned_today
                  FROM dunning_notice %(scopes)s
                 WHERE company_id = %(company)s
                   AND simulation IS NOT TRUE
                   AND state != 'suppressed'
                   AND partner_id IN (SELECT partner_id FROM net_line)
                 GROUP BY partner_id, scope
            )""",
            company=run.company_id.id,
            concerns_nobody=self._get_concerns_nobody_sql(),
            internal=INTERNAL,
            pending=PENDING,
            scope=SQL("scope") if per_invoice else SQL("'all'"),
            scopes=SQL(
                """CROSS JOIN LATERAL (VALUES ('all'), (
                       CASE WHEN LEFT(group_key, 1) = 'M' THEN group_key
                            ELSE 'shared' END)) AS scoped(scope)"""
            )
            if per_invoice
            else SQL(),
            timezone=run.company_id._dunning_timezone(),
            today=run.date,
        )
        if not per_invoice:
            joins = "LEFT JOIN contact ON contact.partner_id = line.partner_id"
            return {
                "contacts": contacts,
                "contact_joins": SQL(joins),
                "shared": SQL("contact"),
            }
        joins = """
            LEFT JOIN contact
                   ON contact.partner_id = line.partner_id
                  AND contact.scope = CASE
                      WHEN policy.grouping = 'invoice'
                      THEN CONCAT('M', line.move_id) ELSE 'all' END
            LEFT JOIN contact AS shared
                   ON shared.partner_id = line.partner_id
                  AND shared.scope = 'shared' AND policy.grouping = 'invoice'"""
        return {
            "contacts": contacts,
            "contact_joins": SQL(joins),
            "shared": SQL("shared"),
        }

    def _get_contextual_sql(self, policies):
        """The highest level that the age of a line (of ``counted``) has reached, and
        whose thresholds it passes; for lines whose policy lets them enter there."""
        if "contextual" not in policies.mapped("reentry"):
            return SQL("NULL::integer")
        return SQL(
            """CASE WHEN reentry = 'contextual' THEN (
                   SELECT MAX(level.delay_days)
                     FROM dunning_level level
                LEFT JOIN dunning_level_minimum minimum
                       ON minimum.level_id = level.id
                      AND minimum.currency_id = counted.currency_id
                    WHERE level.policy_id = counted.policy_id
                      AND level.delay_days <= COALESCE(max_delay, level.delay_days)
                      AND level.delay_days + CASE
                          WHEN level.delay_days >= 0 THEN item_grace ELSE 0 END
                          <= days_overdue
                      AND (%s)) END""",
            self.env["dunning.ledger"]._get_threshold_sql(
                "level", "counted", "counted"
            ),
        )

    # === DEBTORS AND THE WAYS TO REACH THEM === #

    def _find_debtors(self):
        """Fill ``dunning_debtor``: whom each message may go to.

        A row per debtor and group (``group_key``): the contact on the invoice that is
        furthest, the debtor's dunning contact, the debtor; never somebody outside the
        debtor's own company. ``recipient_id`` is the first of them who has a valid
        e-mail address.
        """
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMPORARY TABLE dunning_debtor ON COMMIT DROP AS
                WITH furthest AS (
                    SELECT DISTINCT ON (partner_id, simulated, group_key)
                           partner_id, simulated, group_key, contact_id
                      FROM dunning_evaluation
                     WHERE outcome = 'remind'
                     ORDER BY partner_id, simulated, group_key, next_delay DESC,
                              date_due, residual DESC, move_line_id
                )
                SELECT furthest.partner_id, furthest.simulated, furthest.group_key,
                       contact.id AS contact_id, extra.id AS extra_id,
                       recipient.id AS recipient_id,
                       recipient.email_normalized AS email_to,
                       CONCAT(contact.email, extra.email, debtor.email) = ''
                           AS no_address
                  FROM furthest
                  JOIN res_partner debtor ON debtor.id = furthest.partner_id
             LEFT JOIN res_partner contact
                    ON contact.id = furthest.contact_id AND contact.id != debtor.id
                   AND contact.commercial_partner_id = debtor.id AND contact.active
             LEFT JOIN res_partner extra
                    ON extra.id = debtor.dunning_contact_id
                   AND extra.commercial_partner_id = debtor.id AND extra.active
             LEFT JOIN res_partner recipient
                    ON recipient.id = CASE
                        WHEN contact.email_normalized ~ %(valid)s THEN contact.id
                        WHEN extra.email_normalized ~ %(valid)s THEN extra.id
                        WHEN debtor.email_normalized ~ %(valid)s THEN debtor.id
                       END
                """,
                valid=VALID_EMAIL,
            )
        )
        self.env.cr.execute("ANALYZE dunning_debtor")

    def _find_ways(self, policies):
        """Fill ``dunning_way``: per debtor, group and level how it is done.

        For each action of the level the first of its chain of fallbacks that reaches
        the debtor, or the one on the channel that he prefers; a letter, and what
        happens between us, does not give way to that. ``channel_from`` and
        ``fallback_reason`` tell which channel it is instead of, and why; a row with a
        ``reason`` and no channel says that nothing reaches him, with the reason of the
        first.
        """
        channels = {"email", *policies.level_ids.action_ids.mapped("channel")}
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMPORARY TABLE dunning_way ON COMMIT DROP AS
                WITH RECURSIVE chain AS (
                    SELECT id AS main_id, level_id, sequence, id AS action_id,
                           channel, channel AS main_channel, fallback_id, 0 AS depth
                      FROM dunning_action
                     WHERE is_fallback IS NOT TRUE
                 UNION ALL
                    SELECT chain.main_id, chain.level_id, chain.sequence, action.id,
                           action.channel, chain.main_channel, action.fallback_id,
                           chain.depth + 1
                      FROM chain
                      JOIN dunning_action action ON action.id = chain.fallback_id
                     WHERE chain.depth < %(longest)s
                ), rung AS (
                    SELECT DISTINCT partner_id, simulated, group_key,
                           next_level_id AS level_id
                      FROM dunning_evaluation
                     WHERE outcome = 'remind'
                ), reach AS (
                    %(reach)s
                ), tried AS (
                    SELECT DISTINCT ON (partner_id, simulated, group_key, level_id,
                                        main_id)
                           partner_id, simulated, group_key, level_id, sequence,
                           action_id, main_channel, depth, reason, recipient_id,
                           email_to, channel, wish.granted
                      FROM rung
                      JOIN chain USING (level_id)
                      JOIN reach USING (partner_id, simulated, group_key, channel)
                 LEFT JOIN (SELECT id AS partner_id, dunning_channel AS preferred
                              FROM res_partner
                             WHERE dunning_channel IS NOT NULL
                           ) AS debtor USING (partner_id)
                CROSS JOIN LATERAL (
                        SELECT COALESCE(
                                   main_channel NOT IN %(unheard)s
                                   AND preferred = COALESCE(
                                           %(calls)s::jsonb ->> channel, channel),
                                   FALSE
                               ) AS granted
                       ) AS wish
                     ORDER BY partner_id, simulated, group_key, level_id, main_id,
                              reason IS NOT NULL, granted DESC, depth
                )
                SELECT DISTINCT ON (partner_id, simulated, group_key, level_id,
                                    used.channel)
                       partner_id, simulated, group_key, level_id, used.channel,
                       tried.sequence, tried.action_id, tried.reason,
                       tried.recipient_id, tried.email_to,
                       CASE WHEN depth > 0 THEN main_channel END AS channel_from,
                       CASE WHEN tried.granted THEN 'preferred_channel'
                            ELSE first.reason END AS fallback_reason
                  FROM tried
            CROSS JOIN LATERAL (
                        SELECT CASE WHEN tried.reason IS NULL THEN tried.channel END
                               AS channel
                       ) AS used
             LEFT JOIN (SELECT partner_id, simulated, group_key,
                               channel AS main_channel, reason
                          FROM reach
                         WHERE reason IS NOT NULL
                       ) AS first
                       USING (partner_id, simulated, group_key, main_channel)
                 ORDER BY partner_id, simulated, group_key, level_id, used.channel,
                          depth DESC, tried.sequence, tried.action_id
                """,
                calls=Json(CALLS),
                longest=LONGEST_CHAIN,
                unheard=UNHEARD,
                reach=SQL(" UNION ALL ").join(
                    self._get_reach_sql(channel) for channel in sorted(channels)
                ),
            )
        )
        self.env.cr.execute("ANALYZE dunning_way")

    def _get_reach_sql(self, channel):
        """Per debtor who hears it on ``channel`` and where, or the reason why nobody
        does. A channel answers with up to two methods, both about ``debtor`` (row of
        ``dunning_debtor``) and its partners ``contact`` (on the invoice), ``extra``
        (dunning contact) and ``customer``:

        - ``_check_recipient_<channel>()``: ``(condition, reason)``, when and why it
          does not reach him; without it the channel reaches everybody
        - ``_get_recipient_<channel>()``: ``(partner id, address)``; without it those
          of the e-mail
        """
        check = getattr(self, f"_check_recipient_{channel}", None)
        choose = getattr(self, f"_get_recipient_{channel}", self._get_recipient_email)
        unreachable, reason = check() if check else (SQL("FALSE"), SQL("NULL"))
        recipient, address = choose()
        return SQL(
            """SELECT debtor.partner_id, debtor.simulated, debtor.group_key,
                      %(channel)s AS channel, %(recipient)s AS recipient_id,
                      %(address)s AS email_to,
                      CASE WHEN %(unreachable)s THEN %(reason)s
                           WHEN %(opted_out)s THEN 'channel_opted_out' END AS reason
                 FROM dunning_debtor debtor
            LEFT JOIN res_partner contact ON contact.id = debtor.contact_id
            LEFT JOIN res_partner extra ON extra.id = debtor.extra_id
            LEFT JOIN res_partner customer ON customer.id = debtor.partner_id""",
            channel=channel,
            recipient=recipient,
            address=address,
            opted_out=self.env["dunning.optout"]._get_stop_sql(
                SQL("%s", channel), SQL("debtor.partner_id"), address
            ),
            unreachable=unreachable,
            reason=reason,
        )

    def _get_recipient_email(self):
        """See ``_get_reach_sql``."""
        return SQL("debtor.recipient_id"), SQL("debtor.email_to")

    def _check_recipient_email(self):
        """See ``_get_reach_sql``."""
        ledger = self.env["dunning.ledger"]
        opted_out = ledger._get_opted_out_sql(SQL("debtor.email_to"))
        bounced = ledger._get_bounced_sql(
            SQL("debtor.recipient_id"), SQL("debtor.email_to")
        )
        return SQL("(debtor.email_to IS NULL OR %s OR %s)", opted_out, bounced), SQL(
            """CASE WHEN debtor.no_address THEN 'no_email'
                    WHEN debtor.email_to IS NULL THEN 'invalid_email'
                    WHEN %s THEN 'opted_out'
                    ELSE 'bounced'
                END""",
            opted_out,
        )

    def _get_recipient_letter(self):
        """The contact on the invoice, else the debtor's invoice address, else the
        debtor: the first whom the post reaches; see ``_get_reach_sql``."""
        is_complete = self.env["dunning.ledger"]._get_postal_condition
        return SQL(
            """COALESCE(
                   CASE WHEN %s THEN contact.id END,
                   (SELECT MIN(addressee.id)
                      FROM res_partner addressee
                     WHERE addressee.commercial_partner_id = customer.id
                       AND addressee.id != customer.id AND addressee.active
                       AND addressee.type = 'invoice' AND %s),
                   CASE WHEN %s THEN customer.id END)""",
            is_complete("contact"),
            is_complete("addressee"),
            is_complete("customer"),
        ), SQL("NULL")

    def _check_recipient_letter(self):
        """See ``_get_reach_sql``."""
        recipient, _address = self._get_recipient_letter()
        return SQL("%s IS NULL", recipient), SQL("'no_postal_address'")

    def _get_recipient_phone(self):
        """The first who has a number and takes calls; see ``_get_reach_sql``."""
        return SQL(
            "CASE %s END",
            SQL(" ").join(
                SQL(
                    "WHEN %s THEN %s",
                    self.env["dunning.ledger"]._get_callable_sql(alias),
                    SQL.identifier(alias, "id"),
                )
                for alias in ("contact", "extra", "customer")
            ),
        ), SQL("NULL")

    def _check_recipient_phone(self):
        """See ``_get_reach_sql``."""
        recipient, _address = self._get_recipient_phone()
        return SQL("(%s) IS NULL", recipient), SQL(
            """CASE WHEN CONCAT(contact.phone, extra.phone, customer.phone) ~ '[0-9]'
                    THEN 'opted_out' ELSE 'no_phone' END"""
        )

    def _check_recipient_portal(self):
        """See ``_get_reach_sql``."""
        portal = self.env["dunning.ledger"]._get_portal_sql(SQL("debtor.partner_id"))
        return SQL("NOT %s", portal), SQL("'no_portal_user'")

    def _mark_unreachable(self):
        """Lines that something of their level does not reach are ``unreachable``, not
        silent: a person repairs the address. Where that is the customer's own choice,
        the level goes on without it if anybody does anything."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE dunning_evaluation line
                   SET outcome = 'unreachable', reason = way.reason
                  FROM dunning_way way
                 WHERE way.reason IS NOT NULL
                   AND line.partner_id = way.partner_id
                   AND line.simulated = way.simulated
                   AND line.group_key = way.group_key
                   AND line.next_level_id = way.level_id
                   AND line.outcome = 'remind'
                   AND NOT (way.reason IN %(chosen)s AND EXISTS (
                       SELECT 1
                         FROM dunning_way other
                        WHERE other.partner_id = way.partner_id
                          AND other.simulated = way.simulated
                          AND other.group_key = way.group_key
                          AND other.level_id = way.level_id
                          AND other.channel NOT IN %(unattended)s))
                """,
                chosen=CHOSEN,
                unattended=UNATTENDED,
            )
        )

    def _find_messages(self, run):
        """Fill ``dunning_message``: per debtor, group and channel the level and its
        steps.

        On each channel the line that is furthest among those whose level uses it sets
        the level: a task for the collector never swallows somebody's reminder.
        """
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMPORARY TABLE dunning_message ON COMMIT DROP AS
                WITH step AS (
                    SELECT line.partner_id, line.simulated, line.group_key,
                           way.channel, way.action_id, way.sequence, way.recipient_id,
                           way.email_to, way.channel_from, way.fallback_reason,
                           line.policy_id, line.next_level_id, line.next_delay,
                           line.date_due, line.residual, line.move_line_id, line.cycle,
                           line.mode = 'review' OR line.requires_review AS needs_review
                      FROM dunning_evaluation line
                      JOIN dunning_way way
                        ON way.partner_id = line.partner_id
                       AND way.simulated = line.simulated
                       AND way.group_key = line.group_key
                       AND way.level_id = line.next_level_id
                       AND way.channel IS NOT NULL
                     WHERE line.outcome = 'remind'
                ), furthest AS (
                    SELECT DISTINCT ON (partner_id, simulated, group_key, channel)
                           partner_id, simulated, group_key, channel, action_id,
                           sequence, policy_id, next_level_id AS level_id,
                           recipient_id, email_to, channel_from, fallback_reason
                      FROM step
                     ORDER BY partner_id, simulated, group_key, channel,
                              next_delay DESC, date_due, residual DESC, move_line_id
                ), steps AS MATERIALIZED (
                    -- Once, however few the database expects.
                    SELECT partner_id, simulated, group_key, channel,
                           bool_or(needs_review) AS needs_review,
                           STRING_AGG(
                               move_line_id || '/' || cycle || '/' || next_level_id,
                               ',' ORDER BY move_line_id) AS steps
                      FROM step
                     GROUP BY partner_id, simulated, group_key, channel
                )
                SELECT furthest.*, steps.needs_review, steps.steps,
                       COALESCE(recipient_lang.code, debtor_lang.code, %(lang)s)
                           AS lang
                  FROM furthest
                  JOIN steps USING (partner_id, simulated, group_key, channel)
                  JOIN res_partner debtor ON debtor.id = furthest.partner_id
             LEFT JOIN res_partner recipient ON recipient.id = furthest.recipient_id
             LEFT JOIN res_lang recipient_lang
                    ON recipient_lang.code = recipient.lang AND recipient_lang.active
             LEFT JOIN res_lang debtor_lang
                    ON debtor_lang.code = debtor.lang AND debtor_lang.active
                """,
                lang=get_lang(self.env, run.company_id.partner_id.lang).code,
            )
        )
        self.env.cr.execute("ANALYZE dunning_message")

    # === CASES === #

    def _sum_up_debts(self, run):
        """Fill ``dunning_debt``: per debtor what its case shows, and whether there must
        be one."""
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMPORARY TABLE dunning_debt ON COMMIT DROP AS
                SELECT partner_id,
                       COALESCE(SUM(residual) FILTER (WHERE days_overdue > 0), 0)
                           AS overdue,
                       SUM(residual) AS open,
                       MIN(date_due) AS oldest,
                       MIN(CASE WHEN reason = 'level_reached' THEN later_date
                                WHEN outcome = 'wait' AND next_date > %(today)s
                                THEN next_date END) AS next_date,
                       (MAX(CASE WHEN outcome = 'remind' AND NOT simulated
                                 THEN ARRAY[next_delay, next_level_id]
                                 WHEN last_level_id IS NOT NULL
                                 THEN ARRAY[last_delay, last_level_id] END))[2]
                           AS level_id,
                       bool_or(outcome IN ('remind', 'unreachable') AND NOT simulated)
                           AS concerns_us
                  FROM dunning_evaluation
                 WHERE partner_id IS NOT NULL
                 GROUP BY partner_id
                """,
                **self._get_parameters(run),
            )
        )
        self.env.cr.execute("ANALYZE dunning_debt")

    def _open_cases(self, run):
        self.env.cr.execute(
            SQL(
                """
                WITH opened AS (
                    INSERT INTO dunning_case
                           (partner_id, company_id, state, user_id, cycle, date_open,
                            overdue_amount, open_amount, oldest_due_date, level_id,
                            next_action_date,
                            create_uid, create_date, write_uid, write_date)
                    SELECT debtor.id, %(company)s, 'open',
                           (debtor.dunning_user_id->>%(company_key)s)::integer,
                           1 + COALESCE(earlier.count, 0), %(today)s,
                           debt.overdue, debt.open, debt.oldest, debt.level_id,
                           debt.next_date,
                           %(uid)s, %(now)s, %(uid)s, %(now)s
                      FROM dunning_debt debt
                      JOIN res_partner debtor ON debtor.id = debt.partner_id
                 LEFT JOIN (SELECT partner_id, COUNT(*) AS count
                              FROM dunning_case
                             WHERE company_id = %(company)s
                             GROUP BY partner_id
                           ) AS earlier ON earlier.partner_id = debtor.id
                     WHERE debt.concerns_us
                     ORDER BY debtor.id
                        ON CONFLICT DO NOTHING
                 RETURNING id, partner_id
                )
                INSERT INTO dunning_event
                       (occurred_at, user_id, company_id, partner_id, debtor_key,
                        case_id, kind)
                SELECT %(now)s, %(uid)s, %(company)s, partner_id, partner_id,
                       id, 'case_opened'
                  FROM opened
                """,
                **self._get_parameters(run),
            )
        )

    def _update_cases(self, run):
        """Bring level, amounts and dates of the open cases up to date."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE dunning_case AS target
                   SET overdue_amount = debt.overdue, open_amount = debt.open,
                       oldest_due_date = debt.oldest, level_id = debt.level_id,
                       next_action_date = debt.next_date
                  FROM dunning_debt debt
                 WHERE target.partner_id = debt.partner_id
                   AND target.company_id = %(company)s
                   AND target.state = 'open'
                   AND (target.overdue_amount, target.open_amount,
                        target.oldest_due_date, target.level_id,
                        target.next_action_date)
                       IS DISTINCT FROM
                       (debt.overdue, debt.open, debt.oldest, debt.level_id,
                        debt.next_date)
                """,
                **self._get_parameters(run),
            )
        )

    def _close_cases(self, run):
        """Close the cases of debtors who owe nothing any more."""
        closed = self.env.execute_query(
            SQL(
                """
                WITH closed AS (
                    UPDATE dunning_case
                       SET state = 'closed', date_close = %(today)s,
                           overdue_amount = 0, open_amount = 0,
                           expected_loss = 0, next_promise_date = NULL,
                           next_action_date = NULL,
                           write_uid = %(uid)s, write_date = %(now)s
                     WHERE company_id = %(company)s
                       AND state = 'open'
                       AND partner_id NOT IN (SELECT partner_id FROM dunning_debt)
                 RETURNING id, partner_id
                ), told AS (
                    INSERT INTO dunning_event
                           (occurred_at, user_id, company_id, partner_id, debtor_key,
                            case_id, kind)
                    SELECT %(now)s, %(uid)s, %(company)s, partner_id, partner_id,
                           id, 'case_closed'
                      FROM closed
                )
                SELECT id FROM closed
                """,
                **self._get_parameters(run),
            )
        )
        cases = self.env["dunning.case"].browse(case_id for (case_id,) in closed)
        cases.invalidate_recordset()
        cases._end_escalations()
        cases._end_handover()
        cases.activity_ids.filtered("automated").sudo().unlink()

    def _refresh_worklist(self, run):
        """Rate the debtors and put the collectors' work in order."""
        self.env["res.partner"]._dunning_compute_risk(run.company_id)
        self.env["dunning.case"]._refresh_worklist(run.company_id)

    # === TOO MANY FOR ONE DAY === #

    def _get_hold_reason(self, run):
        """Why the messages of this run, which would leave by themselves, wait for a
        manager; empty when they may go. See ``tools/blast.py``."""
        if run.simulation:
            return ""
        company = run.company_id
        count, earlier, history = self._count_messages(run)
        if not count:
            return ""
        usual = blast.usual_number(history)
        factor, limit = company.dunning_blast_factor, company.dunning_daily_limit
        if blast.is_blast(count + earlier, usual, factor):
            return self.env._(
                "%(count)s messages would leave today. That is more than %(factor)g "
                "times a usual day of the last %(days)s days (%(usual)g).",
                count=count + earlier,
                factor=factor,
                days=blast.WINDOW_DAYS,
                usual=usual,
            )
        if limit and count + earlier > limit:
            return self.env._(
                "%(count)s messages would leave today, more than the daily limit of "
                "%(limit)s.",
                count=count + earlier,
                limit=limit,
            )
        return ""

    def _count_messages(self, run):
        """Messages to customers, tasks not counted: those that this run would send by
        itself, those let out earlier today, and a list of those of each day before."""
        [(count,)] = self.env.execute_query(
            SQL(
                """SELECT COUNT(*)
                     FROM dunning_message
                    WHERE channel NOT IN %s
                      AND simulated IS NOT TRUE AND needs_review IS NOT TRUE""",
                INTERNAL,
            )
        )
        rows = self.env.execute_query(
            SQL(
                """SELECT date, COUNT(*)
                     FROM dunning_notice
                    WHERE company_id = %(company)s
                      AND simulation IS NOT TRUE
                      AND channel NOT IN %(internal)s
                      AND state IN %(let_out)s
                      AND date BETWEEN %(today)s::date - %(days)s AND %(today)s
                    GROUP BY date""",
                days=blast.WINDOW_DAYS,
                internal=INTERNAL,
                let_out=LET_OUT,
                **self._get_parameters(run),
            )
        )
        per_day = dict(rows)
        earlier = per_day.pop(run.date, 0)
        return count, earlier, list(per_day.values())

    # === NOTICES === #

    def _forget_simulated_notices(self, run):
        """Simulated notices of the same company: only the latest evaluation is kept,
        per simulated run or policy in simulation."""
        stale = self.env["dunning.notice"].search(
            [
                ("company_id", "=", run.company_id.id),
                ("simulation", "=", True),
                ("run_id.simulation", "=", run.simulation),
            ]
        )
        stale.unlink()

    def _create_notices(self, run):
        """A notice per debtor and channel of his level, with all lines that qualify."""
        self.env.cr.execute(
            SQL(
                """
                WITH planned AS (
                    INSERT INTO dunning_notice
                           (company_id, case_id, partner_id, debtor_key, run_id,
                            policy_id, level_id, action_id, channel, group_key,
                            recipient_id, email_to, lang, state, simulation, date,
                            attempt, dedup_key, create_uid, create_date, write_uid,
                            write_date)
                    SELECT %(company)s, debt_case.id, message.partner_id,
                           message.partner_id, %(run)s, message.policy_id,
                           message.level_id, message.action_id, message.channel,
                           message.group_key, message.recipient_id, message.email_to,
                           message.lang,
                           %(state)s,
                           message.simulated, %(today)s, 0,
                           ENCODE(SHA256(CONVERT_TO(CONCAT_WS(
                               '|', %(database)s, %(company)s, message.partner_id,
                               message.level_id, message.channel, message.steps,
                               CASE WHEN message.simulated THEN %(run)s END
                           ), 'UTF8')), 'hex'),
                           %(uid)s, %(now)s, %(uid)s, %(now)s
                      FROM dunning_message message
                 LEFT JOIN dunning_case debt_case
                        ON debt_case.partner_id = message.partner_id
                       AND debt_case.company_id = %(company)s
                       AND debt_case.state = 'open'
                     ORDER BY message.partner_id, message.group_key,
                              message.sequence, message.action_id
                        ON CONFLICT DO NOTHING
                 RETURNING id, partner_id, case_id, level_id, channel, group_key,
                           simulation, state
                ), listed AS (
                    INSERT INTO dunning_notice_line
                           (notice_id, move_line_id, move_id, company_id, level_id,
                            cycle, channel, is_step, live, name, date_due,
                            days_overdue, currency_id, residual_currency, residual)
                    SELECT planned.id, line.move_line_id, line.move_id, %(company)s,
                           CASE WHEN steps.here THEN line.next_level_id
                                ELSE line.last_level_id END,
                           line.cycle, planned.channel, steps.here,
                           NOT planned.simulation, line.move_name, line.date_due,
                           line.days_overdue, line.currency_id,
                           line.residual_currency, line.residual
                      FROM planned
                      JOIN dunning_evaluation line
                        ON line.partner_id = planned.partner_id
                       AND line.simulated = planned.simulation
                       AND line.group_key = planned.group_key
                 LEFT JOIN dunning_way way
                        ON way.partner_id = line.partner_id
                       AND way.simulated = line.simulated
                       AND way.group_key = line.group_key
                       AND way.level_id = line.next_level_id
                       AND way.channel = planned.channel
                CROSS JOIN LATERAL (
                        SELECT line.outcome = 'remind' AND way.channel IS NOT NULL
                               AS here
                       ) AS steps
                     WHERE steps.here
                        OR line.outcome IN ('remind', 'wait')
                       AND line.days_overdue > line.item_grace
                        ON CONFLICT (move_line_id, cycle, level_id, channel)
                     WHERE live AND is_step
                        DO NOTHING
                ), fallen_back AS (
                    INSERT INTO dunning_event
                           (occurred_at, user_id, company_id, partner_id, debtor_key,
                            case_id, notice_id, kind, payload)
                    SELECT %(now)s, %(uid)s, %(company)s, planned.partner_id,
                           planned.partner_id, planned.case_id, planned.id,
                           'fallback_used',
                           JSONB_BUILD_OBJECT(
                               'channel_from', message.channel_from,
                               'channel', planned.channel,
                               'reason', message.fallback_reason)
                      FROM planned
                      JOIN dunning_message message
                        ON message.partner_id = planned.partner_id
                       AND message.simulated = planned.simulation
                       AND message.group_key = planned.group_key
                       AND message.channel = planned.channel
                     WHERE NOT planned.simulation
                       AND message.channel_from IS NOT NULL
                )
                INSERT INTO dunning_event
                       (occurred_at, user_id, company_id, partner_id, debtor_key,
                        case_id, notice_id, kind, payload)
                SELECT %(now)s, %(uid)s, %(company)s, planned.partner_id,
                       planned.partner_id, case_id, planned.id, 'notice_planned',
                       JSONB_BUILD_OBJECT(
                           'level_id', planned.level_id,
                           'channel', planned.channel, 'state', planned.state)
                  FROM planned
                 WHERE NOT simulation
                """,
                database=self.env["ir.config_parameter"].get_param("database.uuid"),
                state=self._get_state_sql(run),
                **self._get_parameters(run),
            )
        )

    def _get_state_sql(self, run):
        """The state in which a ``message`` begins."""
        return SQL(
            """CASE WHEN message.simulated OR message.needs_review OR %s
                    THEN 'planned' ELSE 'ready' END""",
            bool(run.hold_reason),
        )

    # === DECISIONS === #

    def _store_decisions(self, run):
        """Write the answer of every line, touching only rows whose answer changed."""
        self.env.cr.execute(
            SQL(
                """
                WITH answer AS (
                    SELECT move_line_id, move_id, partner_id, policy_id,
                           CASE WHEN reason = 'simulated' THEN 'wait' ELSE outcome END
                               AS outcome,
                           reason, cycle,
                           CASE WHEN reason = 'level_reached' THEN next_level_id
                                ELSE last_level_id END AS level_id,
                           CASE WHEN reason = 'level_reached' THEN later_level_id
                                WHEN outcome != 'hold' AND reason != 'max_level'
                                THEN next_level_id END AS next_level_id,
                           CASE WHEN reason = 'level_reached' THEN later_date
                                WHEN outcome != 'hold' THEN next_date END AS next_date,
                           CASE WHEN last_delay >= floor_delay THEN NULL
                                ELSE floor_delay END AS floor_delay,
                           date_due
                      FROM dunning_evaluation
                )
                INSERT INTO dunning_decision
                       (move_line_id, move_id, company_id, partner_id, policy_id,
                        run_id, outcome, reason, cycle, level_id, next_level_id,
                        next_date, floor_delay, since, date_due)
                SELECT answer.move_line_id, answer.move_id, %(company)s,
                       answer.partner_id, answer.policy_id, %(run)s, answer.outcome,
                       answer.reason, answer.cycle, answer.level_id,
                       answer.next_level_id, answer.next_date, answer.floor_delay,
                       %(today)s, answer.date_due
                  FROM answer
             LEFT JOIN dunning_decision known
                    ON known.move_line_id = answer.move_line_id
                 WHERE (known.outcome, known.reason, known.cycle, known.policy_id,
                        known.partner_id, known.level_id, known.next_level_id,
                        known.next_date, known.date_due)
                       IS DISTINCT FROM
                       (answer.outcome, answer.reason, answer.cycle,
                        answer.policy_id, answer.partner_id, answer.level_id,
                        answer.next_level_id, answer.next_date, answer.date_due)
                    ON CONFLICT (move_line_id) DO UPDATE
                   SET move_id = EXCLUDED.move_id,
                       company_id = EXCLUDED.company_id,
                       partner_id = EXCLUDED.partner_id,
                       policy_id = EXCLUDED.policy_id,
                       run_id = EXCLUDED.run_id,
                       outcome = EXCLUDED.outcome,
                       reason = EXCLUDED.reason,
                       cycle = EXCLUDED.cycle,
                       level_id = EXCLUDED.level_id,
                       next_level_id = EXCLUDED.next_level_id,
                       next_date = EXCLUDED.next_date,
                       floor_delay = EXCLUDED.floor_delay,
                       since = EXCLUDED.since,
                       date_due = EXCLUDED.date_due
                """,
                **self._get_parameters(run),
            )
        )

    def _settle_decisions(self, run):
        """Close the decisions of lines that are not open any more."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE dunning_decision decision
                   SET outcome = 'settled', run_id = %(run)s, since = %(today)s,
                       reason = CASE WHEN line.parent_state = 'posted' THEN 'paid'
                                     ELSE 'not_posted' END,
                       next_level_id = NULL, next_date = NULL, floor_delay = NULL
                  FROM account_move_line line
                 WHERE line.id = decision.move_line_id
                   AND decision.company_id = %(company)s
                   AND decision.outcome != 'settled'
                   AND NOT EXISTS (
                       SELECT 1
                         FROM dunning_evaluation open_line
                        WHERE open_line.move_line_id = decision.move_line_id)
                """,
                **self._get_parameters(run),
            )
        )

    # === RESULT === #

    def _count(self, run):
        """Write the counters of the run."""
        rows = self.env.execute_query(
            SQL(
                """SELECT outcome, reason, COUNT(*)
                     FROM dunning_evaluation
                    GROUP BY outcome, reason
                    ORDER BY outcome, reason"""
            )
        )
        counters = {}
        for outcome, reason, count in rows:
            counters.setdefault(outcome, {})[reason] = count
        run.sudo().write(
            {
                "counters": counters,
                "line_count": sum(count for *_key, count in rows),
                "remind_count": sum(counters.get("remind", {}).values()),
            }
        )

    def _refresh_statistics(self, run):
        """Tell the database how large its tables have become. The worklist and the
        senders come before it looks by itself, and would read whole tables again and
        again."""
        if run.remind_count >= MANY_LINES:
            self.env.cr.execute(
                """ANALYZE dunning_case (id, partner_id, company_id, state),
                           dunning_decision (move_line_id, partner_id, company_id,
                                             outcome, date_due),
                           dunning_notice (id, partner_id, company_id, state),
                           dunning_notice_line (notice_id, move_line_id)"""
            )

    def _create_address_tasks(self, run):
        """A task per debtor who cannot be reached, or only by a fallback, unless one
        is open already."""
        rows = self.env.execute_query(
            SQL(
                """
                WITH missed AS (
                    SELECT partner_id, reason, policy_id, FALSE AS reached
                      FROM dunning_evaluation
                     WHERE outcome = 'unreachable' AND NOT simulated
                 UNION ALL
                    SELECT partner_id, fallback_reason, policy_id, TRUE
                      FROM dunning_message
                     WHERE channel_from IS NOT NULL
                       AND fallback_reason IN %(repairable)s AND NOT simulated
                ), unreachable AS MATERIALIZED (
                    SELECT missed.partner_id, MIN(missed.reason) AS reason,
                           bool_and(missed.reached) AS reached,
                           MIN(policy.user_id) AS user_id
                      FROM missed
                      JOIN dunning_policy policy ON policy.id = missed.policy_id
                     GROUP BY missed.partner_id
                )
                SELECT debt_case.id, reason, user_id, reached
                  FROM unreachable
            CROSS JOIN LATERAL (
                        -- By debtor, whatever the statistics say: the cases were
                        -- written a moment ago.
                        SELECT id
                          FROM dunning_case
                         WHERE partner_id = unreachable.partner_id
                           AND company_id = %(company)s
                           AND state = 'open'
                         LIMIT 1
                       ) AS debt_case
                 WHERE NOT EXISTS (
                       SELECT 1
                         FROM mail_activity activity
                        WHERE activity.res_model = 'dunning.case'
                          AND activity.res_id = debt_case.id
                          AND activity.activity_type_id = %(type)s
                          AND activity.active)
                """,
                repairable=REPAIRABLE,
                type=self.env["dunning.case"]._get_contact_activity_type().id,
                **self._get_parameters(run),
            )
        )
        for case_id, reason, user_id, reached in rows:
            case = self.env["dunning.case"].browse(case_id)
            user = self.env["res.users"].browse(user_id)
            case._create_address_task(reason, user, reached)

    def _get_parameters(self, run):
        return {
            "company": run.company_id.id,
            "company_key": str(run.company_id.id),
            "now": self.env.cr.now(),
            "run": run.id,
            "today": run.date,
            "uid": self.env.uid,
        }
