from odoo import api, models
from odoo.tools import SQL
from odoo.tools.misc import get_lang

from ..tools import blast
from ..tools.notice_states import LET_OUT, PENDING
from .dunning_ledger import VALID_EMAIL

MANY_LINES = 1000


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
        self.env["dunning.ledger"]._flush()
        if not run.simulation:
            self.env["dunning.notice"]._refresh_planned(run.company_id)
            self.env["dunning.ledger"]._flush()
        self._evaluate(run)
        self._find_debtors(run)
        self._find_postal_recipients()
        self._mark_unreachable()
        self._sum_up_debts(run)
        self._find_messages()
        self._address_letters()
        if not run.simulation:
            self._open_cases(run)
        self._forget_simulated_notices(run)
        run.sudo().hold_reason = self._get_hold_reason(run)
        self._create_notices(run)
        if not run.simulation:
            self._store_decisions(run)
            self._settle_decisions(run)
            self._update_cases(run)
            self._close_cases(run)
        self._count(run)
        self._refresh_statistics(run)
        self.env.invalidate_all()
        if not run.simulation:
            self._create_address_tasks(run)

    # === EVALUATION === #

    def _evaluate(self, run):
        """Fill ``dunning_evaluation``: outcome, reason and next level of every line."""
        self.env.cr.execute(
            "DROP TABLE IF EXISTS dunning_evaluation, dunning_debtor, dunning_debt,"
            " dunning_message"
        )
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMPORARY TABLE dunning_evaluation ON COMMIT DROP AS
                %(net_lines)s,
                contact AS (
                    SELECT partner_id,
                           MAX(date + COALESCE(
                               (date_sent AT TIME ZONE 'UTC'
                                          AT TIME ZONE %(timezone)s)::date
                               - (create_date AT TIME ZONE 'UTC'
                                              AT TIME ZONE %(timezone)s)::date, 0))
                               FILTER (WHERE channel != 'activity'
                                         AND state NOT IN ('cancelled', 'failed'))
                               AS last_date,
                           MAX(state) FILTER (WHERE state IN %(pending)s
                                                AND NOT (%(forgotten)s))
                               AS pending_state,
                           bool_or(date = %(today)s) AS planned_today
                      FROM dunning_notice notice
                     WHERE company_id = %(company)s
                       AND simulation IS NOT TRUE
                       AND state != 'suppressed'
                     GROUP BY partner_id
                ),
                counted AS (
                    SELECT net_line.*, %(today)s - net_line.date_due AS days_overdue,
                           policy.mode, policy.start_rule,
                           policy.start_date, policy.min_overdue_amount,
                           start_level.delay_days AS start_delay,
                           policy.mode = 'simulate' OR %(simulation)s AS simulated,
                           COALESCE(decision.cycle, 0) + CASE
                               WHEN decision.outcome = 'settled'
                                AND decision.reason = 'paid' THEN 1 ELSE 0
                           END AS cycle,
                           contact.last_date, contact.pending_state,
                           contact.planned_today,
                           SUM(residual) FILTER (
                               WHERE stop_reason IS NULL
                                 AND net_line.date_due < %(today)s)
                               OVER (PARTITION BY net_line.partner_id) AS overdue_total
                      FROM net_line
                 LEFT JOIN dunning_policy policy ON policy.id = net_line.policy_id
                 LEFT JOIN dunning_level start_level
                        ON start_level.id = policy.start_level_id
                       AND policy.start_rule = 'level'
                 LEFT JOIN dunning_decision decision
                        ON decision.move_line_id = net_line.move_line_id
                 LEFT JOIN contact ON contact.partner_id = net_line.partner_id
                ),
                history AS (
                    SELECT DISTINCT ON (step.move_line_id)
                           step.move_line_id, level.id AS last_level_id,
                           level.delay_days AS last_delay, notice.date AS step_date
                      FROM dunning_notice_line step
                      JOIN dunning_notice notice ON notice.id = step.notice_id
                      JOIN counted ON counted.move_line_id = step.move_line_id
                                  AND counted.cycle = step.cycle
                      JOIN dunning_level level ON level.id = step.level_id
                     WHERE step.live AND step.is_step
                     ORDER BY step.move_line_id, level.delay_days DESC
                ),
                climbing AS (
                    SELECT counted.*, history.last_level_id, history.last_delay,
                           next_level.id AS next_level_id,
                           next_level.delay_days AS next_delay,
                           next_level.requires_review,
                           date_due + next_level.delay_days AS reached_on,
                           GREATEST(
                               date_due + next_level.delay_days,
                               step_date + next_level.min_interval_days
                           ) AS own_date,
                           GREATEST(
                               last_date + next_level.min_interval_days,
                               CASE WHEN planned_today THEN %(today)s + 1 END
                           ) AS gap_date,
                           stop_reason IS NULL
                           AND NOT (start_rule = 'new' AND date_due < start_date)
                           AND residual >= COALESCE(next_level.min_amount, 0)
                           AND NOT (days_overdue > 0
                                    AND overdue_total < COALESCE(min_overdue_amount, 0))
                               AS may_climb,
                           later_level.id AS later_level_id,
                           GREATEST(
                               date_due + later_level.delay_days,
                               %(today)s + later_level.min_interval_days
                           ) AS later_date
                      FROM counted
                 LEFT JOIN history ON history.move_line_id = counted.move_line_id
                 LEFT JOIN LATERAL (
                        SELECT level.*
                          FROM dunning_level level
                         WHERE level.policy_id = counted.policy_id
                           AND (last_delay IS NULL OR level.delay_days > last_delay)
                           AND (level.delay_days >= 0
                                OR counted.days_overdue < 0 AND NOT EXISTS (
                                    SELECT 1
                                      FROM dunning_level later
                                     WHERE later.policy_id = level.policy_id
                                       AND later.delay_days > level.delay_days
                                       AND later.delay_days <= counted.days_overdue))
                           AND (last_delay IS NOT NULL
                                OR counted.start_delay IS NULL
                                OR counted.date_due >= counted.start_date
                                OR counted.days_overdue < counted.start_delay
                                OR level.delay_days >= counted.start_delay)
                         ORDER BY level.delay_days
                         LIMIT 1
                       ) AS next_level ON TRUE
                 LEFT JOIN LATERAL (
                        SELECT level.*
                          FROM dunning_level level
                         WHERE level.policy_id = counted.policy_id
                           AND level.delay_days > next_level.delay_days
                         ORDER BY level.delay_days
                         LIMIT 1
                       ) AS later_level ON TRUE
                ),
                riding AS (
                    -- Where a message leaves anyway, every line that is ripe by
                    -- itself rides along: regular small messages must not keep an
                    -- old debt from climbing.
                    SELECT climbing.*, bool_or(
                               may_climb AND own_date <= %(today)s
                               AND COALESCE(gap_date, %(today)s) <= %(today)s
                           ) OVER (PARTITION BY partner_id, simulated) AS debtor_free
                      FROM climbing
                )
                SELECT riding.*, answer.*,
                       GREATEST(own_date, CASE WHEN debtor_free IS NOT TRUE
                                               THEN gap_date END) AS next_date
                  FROM riding
            CROSS JOIN LATERAL (
                    SELECT CASE
                        WHEN stop_reason IS NOT NULL THEN stop_reason
                        WHEN policy_id IS NULL THEN 'no_policy'
                        WHEN start_rule = 'new' AND date_due < start_date
                            THEN 'before_start'
                        WHEN next_level_id IS NULL THEN 'last_level'
                        WHEN reached_on > %(today)s AND last_level_id IS NULL
                            THEN 'not_reached'
                        WHEN reached_on > %(today)s THEN 'next_level'
                        WHEN pending_state = 'planned' THEN 'awaiting_approval'
                        WHEN pending_state = 'unknown' THEN 'delivery_unknown'
                        WHEN pending_state = 'failed' THEN 'delivery_failed'
                        WHEN pending_state IS NOT NULL THEN 'in_progress'
                        WHEN NOT may_climb THEN 'below_minimum'
                        WHEN own_date > %(today)s OR debtor_free IS NOT TRUE
                            THEN 'min_interval'
                        WHEN simulated THEN 'simulated'
                        ELSE 'level_reached'
                    END AS reason
                ) AS why
            CROSS JOIN LATERAL (
                    SELECT why.reason, CASE
                        WHEN stop_reason IS NOT NULL
                          OR why.reason IN ('no_policy', 'before_start') THEN 'hold'
                        WHEN why.reason IN ('simulated', 'level_reached') THEN 'remind'
                        ELSE 'wait'
                    END AS outcome
                ) AS answer
                """,
                net_lines=self.env["dunning.ledger"]._get_net_lines_cte(
                    run.company_id,
                    self.env["dunning.policy"]._search_applicable(run.company_id),
                ),
                company=run.company_id.id,
                pending=PENDING,
                forgotten=self.env["dunning.notice"]._get_forgotten_condition(),
                simulation=run.simulation,
                timezone=run.company_id._dunning_timezone(),
                today=run.date,
            )
        )
        self.env.cr.execute("ANALYZE dunning_evaluation")

    # === DEBTORS AND THEIR RECIPIENTS === #

    def _find_debtors(self, run):
        """Fill ``dunning_debtor``: at which address a debtor is reached.

        The contact on the invoice that is furthest, else the debtor's dunning contact,
        else the debtor; never somebody outside the debtor's own company.
        """
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMPORARY TABLE dunning_debtor ON COMMIT DROP AS
                WITH furthest AS (
                    SELECT DISTINCT ON (partner_id, simulated)
                           partner_id, simulated, contact_id
                      FROM dunning_evaluation
                     WHERE outcome = 'remind'
                     ORDER BY partner_id, simulated, next_delay DESC, date_due,
                              residual DESC, move_line_id
                )
                SELECT furthest.partner_id, furthest.simulated,
                       recipient.id AS recipient_id,
                       recipient.email_normalized AS email_to,
                       COALESCE(recipient_lang.code, debtor_lang.code, %(lang)s)
                           AS lang,
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
             LEFT JOIN res_lang recipient_lang
                    ON recipient_lang.code = recipient.lang AND recipient_lang.active
             LEFT JOIN res_lang debtor_lang
                    ON debtor_lang.code = debtor.lang AND debtor_lang.active
                """,
                lang=get_lang(self.env, run.company_id.partner_id.lang).code,
                valid=VALID_EMAIL,
            )
        )
        self.env.cr.execute("ANALYZE dunning_debtor")

    def _mark_unreachable(self):
        """Lines whose message has no valid address are ``unreachable``, not silent."""
        for channel, _label in self.env["dunning.action"]._fields["channel"].selection:
            check = getattr(self, f"_check_recipient_{channel}", None)
            if not check:
                continue
            unreachable, reason = check()
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE dunning_evaluation line
                       SET outcome = 'unreachable', reason = %(reason)s
                      FROM dunning_debtor debtor, dunning_action action
                     WHERE line.partner_id = debtor.partner_id
                       AND line.simulated = debtor.simulated
                       AND line.outcome = 'remind'
                       AND action.level_id = line.next_level_id
                       AND action.channel = %(channel)s
                       AND %(unreachable)s
                    """,
                    channel=channel,
                    reason=reason,
                    unreachable=unreachable,
                )
            )

    def _find_messages(self):
        """Fill ``dunning_message``: per debtor and channel the level and its steps.

        On each channel the line that is furthest among those whose level uses it sets
        the level: a task for the collector never swallows somebody's reminder.
        """
        self.env.cr.execute(
            """
            CREATE TEMPORARY TABLE dunning_message ON COMMIT DROP AS
            WITH step AS (
                SELECT line.*, action.id AS action_id, action.channel, action.sequence
                  FROM dunning_evaluation line
                  JOIN dunning_action action ON action.level_id = line.next_level_id
                 WHERE line.outcome = 'remind'
            ), furthest AS (
                SELECT DISTINCT ON (partner_id, simulated, channel)
                       partner_id, simulated, channel, action_id, sequence, policy_id,
                       next_level_id AS level_id
                  FROM step
                 ORDER BY partner_id, simulated, channel, next_delay DESC, date_due,
                          residual DESC, move_line_id
            ), steps AS (
                SELECT partner_id, simulated, channel,
                       bool_or(mode = 'review' OR requires_review) AS needs_review,
                       STRING_AGG(move_line_id || '/' || cycle || '/' || next_level_id,
                                  ',' ORDER BY move_line_id) AS steps
                  FROM step
                 GROUP BY partner_id, simulated, channel
            )
            SELECT furthest.*, steps.needs_review, steps.steps, debtor.recipient_id,
                   debtor.email_to, debtor.lang
              FROM furthest
              JOIN steps USING (partner_id, simulated, channel)
              JOIN dunning_debtor debtor USING (partner_id, simulated)
            """
        )
        self.env.cr.execute("ANALYZE dunning_message")

    def _check_recipient_email(self):
        """When a debtor cannot be reached by e-mail, and the reason to show.

        :return: two ``SQL``, condition and reason code, about ``debtor``, a row of
            ``dunning_debtor``
        """
        return SQL("debtor.email_to IS NULL"), SQL(
            "CASE WHEN debtor.no_address THEN 'no_email' ELSE 'invalid_email' END"
        )

    # === LETTERS === #

    def _find_postal_recipients(self):
        """Add to ``dunning_debtor`` whom a letter reaches: the contact on the furthest
        invoice that is due for a letter, else the debtor's invoice address, else the
        debtor; the first whose address is complete."""
        self.env.cr.execute(
            "ALTER TABLE dunning_debtor ADD postal_id integer, ADD postal_lang varchar"
        )
        if not self.env["dunning.action"].search_count(
            [("channel", "=", "letter")], limit=1
        ):
            return
        self.env.cr.execute(
            SQL(
                """
                WITH furthest AS (
                    SELECT DISTINCT ON (line.partner_id, line.simulated)
                           line.partner_id, line.simulated, line.contact_id
                      FROM dunning_evaluation line
                      JOIN dunning_action action ON action.level_id = line.next_level_id
                                                AND action.channel = 'letter'
                     WHERE line.outcome = 'remind'
                     ORDER BY line.partner_id, line.simulated, line.next_delay DESC,
                              line.date_due, line.residual DESC, line.move_line_id
                ), candidate AS (
                    SELECT furthest.partner_id, furthest.simulated,
                           addressee.id, addressee.lang,
                           CASE WHEN addressee.id = furthest.contact_id
                                 AND addressee.id != furthest.partner_id THEN 1
                                WHEN addressee.id = furthest.partner_id THEN 3
                                ELSE 2
                            END AS place
                      FROM furthest
                      JOIN res_partner addressee
                        ON addressee.commercial_partner_id = furthest.partner_id
                       AND addressee.active
                       AND (addressee.id IN (furthest.contact_id, furthest.partner_id)
                            OR addressee.type = 'invoice')
                     WHERE %s
                ), chosen AS (
                    SELECT DISTINCT ON (partner_id, simulated) *
                      FROM candidate
                     ORDER BY partner_id, simulated, place, id
                )
                UPDATE dunning_debtor debtor
                   SET postal_id = chosen.id,
                       postal_lang = COALESCE(known.code, debtor_lang.code, debtor.lang)
                  FROM chosen
             LEFT JOIN res_lang known ON known.code = chosen.lang AND known.active
                  JOIN res_partner partner ON partner.id = chosen.partner_id
             LEFT JOIN res_lang debtor_lang
                    ON debtor_lang.code = partner.lang AND debtor_lang.active
                 WHERE debtor.partner_id = chosen.partner_id
                   AND debtor.simulated = chosen.simulated
                """,
                self.env["dunning.ledger"]._get_postal_condition("addressee"),
            )
        )

    def _check_recipient_letter(self):
        """As ``_check_recipient_email``: no complete postal address."""
        return SQL("debtor.postal_id IS NULL"), SQL("'no_postal_address'")

    def _address_letters(self):
        """A letter goes to whom the post reaches, in his language."""
        self.env.cr.execute(
            """UPDATE dunning_message message
                  SET recipient_id = debtor.postal_id, email_to = NULL,
                      lang = debtor.postal_lang
                 FROM dunning_debtor debtor
                WHERE message.channel = 'letter'
                  AND debtor.partner_id = message.partner_id
                  AND debtor.simulated = message.simulated"""
        )

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
        cases.activity_ids.filtered("automated").sudo().unlink()

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
                    WHERE channel != 'activity'
                      AND simulated IS NOT TRUE AND needs_review IS NOT TRUE"""
            )
        )
        rows = self.env.execute_query(
            SQL(
                """SELECT date, COUNT(*)
                     FROM dunning_notice
                    WHERE company_id = %(company)s
                      AND simulation IS NOT TRUE
                      AND channel != 'activity'
                      AND state IN %(let_out)s
                      AND date BETWEEN %(today)s::date - %(days)s AND %(today)s
                    GROUP BY date""",
                days=blast.WINDOW_DAYS,
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
                            policy_id, level_id, action_id, channel, recipient_id,
                            email_to, lang, state, simulation, date, attempt,
                            dedup_key, create_uid, create_date, write_uid, write_date)
                    SELECT %(company)s, debt_case.id, message.partner_id,
                           message.partner_id, %(run)s, message.policy_id,
                           message.level_id, message.action_id, message.channel,
                           message.recipient_id, message.email_to, message.lang,
                           CASE WHEN message.simulated OR message.needs_review
                                  OR %(held)s
                                THEN 'planned' ELSE 'ready' END,
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
                     ORDER BY message.partner_id, message.sequence, message.action_id
                        ON CONFLICT DO NOTHING
                 RETURNING id, partner_id, case_id, level_id, channel, simulation,
                           state
                ), listed AS (
                    INSERT INTO dunning_notice_line
                           (notice_id, move_line_id, move_id, company_id, level_id,
                            cycle, channel, is_step, live, name, date_due,
                            days_overdue, currency_id, residual_currency, residual)
                    SELECT planned.id, line.move_line_id, line.move_id, %(company)s,
                           CASE WHEN steps.here THEN line.next_level_id
                                ELSE line.last_level_id END,
                           line.cycle, planned.channel, steps.here,
                           NOT planned.simulation, move.name, line.date_due,
                           line.days_overdue, line.currency_id,
                           line.residual_currency, line.residual
                      FROM planned
                      JOIN dunning_evaluation line
                        ON line.partner_id = planned.partner_id
                       AND line.simulated = planned.simulation
                CROSS JOIN LATERAL (
                        SELECT line.outcome = 'remind' AND EXISTS (
                                   SELECT 1
                                     FROM dunning_action action
                                    WHERE action.level_id = line.next_level_id
                                      AND action.channel = planned.channel) AS here
                       ) AS steps
                      JOIN account_move move ON move.id = line.move_id
                     WHERE steps.here
                        OR line.outcome IN ('remind', 'wait') AND line.days_overdue > 0
                        ON CONFLICT DO NOTHING
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
                **self._get_parameters(run),
            )
        )

    # === DECISIONS === #

    def _store_decisions(self, run):
        """Write the answer of every line, touching only rows whose answer changed."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO dunning_decision AS known
                       (move_line_id, move_id, company_id, partner_id, policy_id,
                        run_id, outcome, reason, cycle, level_id, next_level_id,
                        next_date, since, date_due)
                SELECT move_line_id, move_id, %(company)s, partner_id, policy_id,
                       %(run)s,
                       CASE WHEN reason = 'simulated' THEN 'wait' ELSE outcome END,
                       reason, cycle,
                       CASE WHEN reason = 'level_reached' THEN next_level_id
                            ELSE last_level_id END,
                       CASE WHEN reason = 'level_reached' THEN later_level_id
                            WHEN outcome != 'hold' THEN next_level_id END,
                       CASE WHEN reason = 'level_reached' THEN later_date
                            WHEN outcome != 'hold' THEN next_date END,
                       %(today)s, date_due
                  FROM dunning_evaluation
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
                       since = EXCLUDED.since,
                       date_due = EXCLUDED.date_due
                 WHERE (known.outcome, known.reason, known.cycle, known.policy_id,
                        known.partner_id, known.level_id, known.next_level_id,
                        known.next_date, known.date_due)
                       IS DISTINCT FROM
                       (EXCLUDED.outcome, EXCLUDED.reason, EXCLUDED.cycle,
                        EXCLUDED.policy_id, EXCLUDED.partner_id, EXCLUDED.level_id,
                        EXCLUDED.next_level_id, EXCLUDED.next_date, EXCLUDED.date_due)
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
                       next_level_id = NULL, next_date = NULL
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
        """Tell the database how large its tables have become. The senders start before
        it looks by itself, and would read whole tables for each notice."""
        if run.remind_count >= MANY_LINES:
            self.env.cr.execute(
                "ANALYZE dunning_case, dunning_notice, dunning_notice_line"
            )

    def _create_address_tasks(self, run):
        """A task per debtor who cannot be reached, unless one is open already."""
        rows = self.env.execute_query(
            SQL(
                """
                WITH unreachable AS MATERIALIZED (
                    SELECT line.partner_id, MIN(line.reason) AS reason,
                           MIN(policy.user_id) AS user_id
                      FROM dunning_evaluation line
                      JOIN dunning_policy policy ON policy.id = line.policy_id
                     WHERE line.outcome = 'unreachable'
                       AND NOT line.simulated
                     GROUP BY line.partner_id
                )
                SELECT debt_case.id, reason, user_id
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
                type=self.env["dunning.case"]._get_contact_activity_type().id,
                **self._get_parameters(run),
            )
        )
        for case_id, reason, user_id in rows:
            case = self.env["dunning.case"].browse(case_id)
            case._create_address_task(reason, self.env["res.users"].browse(user_id))

    def _get_parameters(self, run):
        return {
            "company": run.company_id.id,
            "company_key": str(run.company_id.id),
            "held": bool(run.hold_reason),
            "now": self.env.cr.now(),
            "run": run.id,
            "today": run.date,
            "uid": self.env.uid,
        }
