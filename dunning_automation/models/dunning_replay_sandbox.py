from odoo import api, models
from odoo.tools import SQL

from .dunning_ledger import READ_FIELDS

WRITTEN = ("dunning_notice", "dunning_notice_line", "dunning_decision")
"""What a planner writes and reads again; ``dunning_event`` and ``dunning_case`` are
only written."""
SHADOWS = (
    *WRITTEN,
    "dunning_case",
    "dunning_event",
    "dunning_hold",
    "dunning_policy",
    "account_move",
    "account_move_line",
    "account_payment",
    "account_bank_statement_line",
    "payment_transaction",
)
OWN = ("replay_line", "replay_state", "replay_wake", "replay_resume")
REAL_COLUMNS = (
    "id",
    "company_id",
    "date",
    "move_id",
    *READ_FIELDS["account.move.line"],
)
LINE_COLUMNS = (*REAL_COLUMNS, "replay_policy_id")
"""Of a line: what the ledger says that it reads."""
ARRIVING = {
    # table: (what concerns us, the day on which it became so)
    "account_payment": ("state = 'in_process'", "date"),
    "payment_transaction": (
        "state IN ('pending', 'authorized', 'done')",
        "COALESCE(last_state_change, create_date)::date",
    ),
}
PASSING = ("control_group", "covered_by_credit", "transaction_pending")
"""Reasons that end without anything that shows in ``replay_wake``."""
RESUMING = {
    "promise": ("promise_broken", "promise_partially_kept"),
    "plan": ("plan_broken",),
    "dispute": ("dispute_rejected",),
}


class DunningReplaySandbox(models.AbstractModel):
    """The ledger of a past day in temporary tables, for the planner to work in.

    PostgreSQL finds a temporary table before the real one of the same name. So the
    planner runs unchanged, reads the ledger as it was on that day, and what it writes
    is gone with the sandbox: the live tables cannot be reached.

    What was open on a day follows from the accounting dates of entries and of their
    reconciliation. Addresses, due dates, exclusions and the filters of policies are
    those of now: nothing tells what they were.
    """

    _name = "dunning.replay.sandbox"
    _description = "Dunning Replay Sandbox"

    # === WHOLE SANDBOX === #

    @api.model
    def _open(self, company, policies, date_from, date_to):
        """Build the sandbox in the current transaction.

        :param policies: ``dunning.policy``, the first that fits a line is its policy
        """
        self._close()
        parameters = {
            "company": company.id,
            "date_from": date_from,
            "date_to": date_to,
            "timezone": company._dunning_timezone(),
        }
        self._copy_ledger(policies, parameters)
        self._copy_history(parameters)
        self._copy_policies(policies, date_from)
        self._copy_holds(parameters)
        self._note_resumptions(parameters)
        # What lay unmatched at the bank then has been matched since.
        self._shadow("account_bank_statement_line")
        for table, (condition, day) in ARRIVING.items():
            self._shadow(table)
            self._let_arrive(table, condition, SQL("%s <= %s", SQL(day), date_from))
        self._find_days(policies)
        self._refresh_statistics()

    @api.model
    def _close(self):
        """Remove the sandbox: the names mean the real tables again."""
        self.env.cr.execute(
            SQL(
                "DROP TABLE IF EXISTS %s; DROP SEQUENCE IF EXISTS pg_temp.replay_seq",
                SQL(", ").join(
                    SQL.identifier("pg_temp", table) for table in (*SHADOWS, *OWN)
                ),
            )
        )

    @api.model
    def _move_to(self, company, day):
        """Show the ledger of ``day``: of those debtors about whom something may have to
        be said, what is open and what is not any more since they were shown last.

        :return: whether there are any
        """
        for table, (condition, expression) in ARRIVING.items():
            self._let_arrive(table, condition, SQL("%s = %s", SQL(expression), day))
        self.env.cr.execute(
            SQL(
                """UPDATE dunning_hold
                      SET state = CASE
                          WHEN date_start <= %(day)s
                           AND COALESCE(replay_released > %(day)s, TRUE)
                          THEN 'active' ELSE 'expired' END
                    WHERE %(day)s IN (date_start, replay_released)""",
                day=day,
            )
        )
        self.env.cr.execute("TRUNCATE account_move_line")
        computed = {
            "amount_residual": SQL("shown.residual"),
            "amount_residual_currency": SQL("shown.residual_currency"),
            "reconciled": SQL("shown.residual_currency = 0"),
        }
        self.env.cr.execute(
            SQL(
                """WITH shown AS MATERIALIZED (
                       SELECT line_id, residual, residual_currency
                         FROM replay_state state
                        WHERE %(day)s BETWEEN date_from AND date_to
                          AND partner_id IN (%(awake)s)
                          AND (residual_currency != 0 OR EXISTS (
                              SELECT 1
                                FROM dunning_decision decision
                               WHERE decision.move_line_id = state.line_id
                                 AND decision.outcome != 'settled'))
                   )
                   INSERT INTO account_move_line (%(columns)s)
                   SELECT %(values)s
                     FROM shown
                     JOIN replay_line line ON line.id = shown.line_id""",
                awake=self._get_awake_sql(day),
                columns=SQL(", ").join(map(SQL.identifier, LINE_COLUMNS)),
                day=day,
                values=SQL(", ").join(
                    computed.get(name, SQL.identifier("line", name))
                    for name in LINE_COLUMNS
                ),
            )
        )
        found = self.env.cr.rowcount
        self.env.cr.execute(
            "ANALYZE account_move_line (id, move_id, partner_id, account_id,"
            " company_id, parent_state, reconciled, amount_residual_currency,"
            " replay_policy_id)"
        )
        self._resume(day)
        return bool(found)

    @api.model
    def _tidy(self, date_from):
        """What the database does by itself, but not inside a transaction: drop the dead
        rows of what is written every day, look how large the tables have become.

        Of what the replay said itself (from ``date_from`` on) planners read per line
        the highest step, per customer and channel the latest message: so only these
        stay.
        """
        rows = {
            "dunning_decision": SQL("TRUE"),
            "dunning_notice_line": SQL(
                """id IN (SELECT DISTINCT ON (move_line_id) step.id
                            FROM dunning_notice_line step
                            JOIN dunning_level level ON level.id = step.level_id
                           WHERE live AND is_step
                           ORDER BY move_line_id, cycle DESC, delay_days DESC)"""
            ),
            "dunning_notice": SQL(
                """date < %(date_from)s
                   OR id IN (SELECT notice_id FROM dunning_notice_line)
                   OR id IN (SELECT DISTINCT ON (partner_id, group_key, channel) id
                               FROM dunning_notice
                              WHERE date >= %(date_from)s
                              ORDER BY partner_id, group_key, channel, date DESC)""",
                date_from=date_from,
            ),
        }
        for table, condition in rows.items():
            self.env.cr.execute(
                SQL(
                    """CREATE TEMPORARY TABLE replay_kept ON COMMIT DROP AS
                       SELECT * FROM %(table)s WHERE %(condition)s;
                       TRUNCATE %(table)s;
                       INSERT INTO %(table)s SELECT * FROM replay_kept;
                       DROP TABLE replay_kept""",
                    condition=condition,
                    table=SQL.identifier("pg_temp", table),
                )
            )
        self._refresh_statistics()

    @api.model
    def _refresh_statistics(self):
        """Nobody else tells the database how large temporary tables are."""
        tables = ("dunning_hold", *WRITTEN, *ARRIVING)
        self.env.cr.execute(
            SQL(
                "ANALYZE %s",
                SQL(", ").join(SQL.identifier("pg_temp", table) for table in tables),
            )
        )

    @api.model
    def _get_awake_sql(self, day):
        """Debtors for whom ``day`` may bring something: see ``_find_days``, or the day
        of a next level. Who is on hold, unreachable or through waits for something to
        happen, but for what passes without a day of its own."""
        return SQL(
            """SELECT partner_id FROM replay_wake WHERE day = %(day)s
               UNION
               SELECT partner_id
                 FROM dunning_decision
                WHERE outcome IN ('remind', 'wait') AND next_date <= %(day)s
                   OR reason IN %(passing)s""",
            day=day,
            passing=PASSING,
        )

    @api.model
    def _resume(self, day):
        """Promises that were broken on ``day`` let their lines go on."""
        rows = self.env.execute_query(
            SQL("SELECT line_id FROM replay_resume WHERE day = %s", day)
        )
        if rows:
            lines = [line_id for (line_id,) in rows]
            self.env["dunning.decision"]._resume(lines, day)

    # === TABLES === #

    @api.model
    def _get_real(self, table):
        """The real table, whatever stands before it."""
        [[schema]] = self.env.execute_query(SQL("SELECT current_schema()"))
        return SQL.identifier(schema, table)

    @api.model
    def _shadow(self, table, unique=False, rows=None):
        """Put an empty table, or one with ``rows`` (SQL condition about ``real``),
        before the real one; with its unique indexes, if conflicts matter there."""
        shadow = SQL.identifier("pg_temp", table)
        real = self._get_real(table)
        self.env.cr.execute(
            SQL(
                "CREATE TEMPORARY TABLE %s (LIKE %s %s) ON COMMIT DROP",
                shadow,
                real,
                SQL("INCLUDING INDEXES") if unique else SQL(),
            )
        )
        slow = self.env.execute_query(
            SQL(
                """SELECT relname
                     FROM pg_index
                     JOIN pg_class ON pg_class.oid = indexrelid
                    WHERE indrelid = %s::regclass AND NOT indisunique""",
                f"pg_temp.{table}",
            )
        )
        for (index,) in slow:
            self.env.cr.execute(SQL("DROP INDEX %s", SQL.identifier("pg_temp", index)))
        self.env.cr.execute(
            SQL(
                "INSERT INTO %s SELECT * FROM %s AS real WHERE %s",
                shadow,
                real,
                rows or SQL("FALSE"),
            )
        )

    @api.model
    def _let_arrive(self, table, condition, when):
        self.env.cr.execute(
            SQL(
                "INSERT INTO %s SELECT * FROM %s WHERE %s AND %s",
                SQL.identifier("pg_temp", table),
                self._get_real(table),
                SQL(condition),
                when,
            )
        )

    # === CONTENT === #

    @api.model
    def _copy_ledger(self, policies, parameters):
        """``replay_state``: from when to when how much of each receivable line was
        open, from the first day on which anything was; ``replay_line``: these lines."""
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMPORARY TABLE replay_state ON COMMIT DROP AS
                WITH candidate AS (
                    SELECT line.id, line.date, line.balance, line.amount_currency,
                           debtor.id AS partner_id
                      FROM account_move_line line
                 LEFT JOIN res_partner partner ON partner.id = line.partner_id
                 LEFT JOIN res_partner debtor
                        ON debtor.id = partner.commercial_partner_id
                     WHERE line.account_id IN (
                               SELECT id
                                 FROM account_account
                                WHERE account_type = 'asset_receivable')
                       AND line.parent_state = 'posted'
                       AND line.company_id = %(company)s
                       AND line.date <= %(date_to)s
                       AND (line.reconciled IS NOT TRUE OR line.id IN (
                               SELECT debit_move_id
                                 FROM account_partial_reconcile
                                WHERE max_date >= %(date_from)s
                            UNION ALL
                               SELECT credit_move_id
                                 FROM account_partial_reconcile
                                WHERE max_date >= %(date_from)s))
                ), change AS (
                    SELECT id AS line_id, date AS day, balance AS residual,
                           amount_currency AS residual_currency
                      FROM candidate
                 UNION ALL
                    SELECT debit_move_id, max_date, -amount, -debit_amount_currency
                      FROM account_partial_reconcile
                 UNION ALL
                    SELECT credit_move_id, max_date, amount, credit_amount_currency
                      FROM account_partial_reconcile
                ), daily AS (
                    SELECT line_id, line.partner_id,
                           GREATEST(change.day, line.date, %(date_from)s) AS day,
                           SUM(residual) AS residual,
                           SUM(residual_currency) AS residual_currency
                      FROM change
                      JOIN candidate line ON line.id = change.line_id
                     WHERE change.day <= %(date_to)s
                     GROUP BY 1, 2, 3
                ), state AS (
                    SELECT line_id, partner_id, day AS date_from,
                           COALESCE(LEAD(day) OVER of_line - 1, %(date_to)s) AS date_to,
                           SUM(residual) OVER of_line AS residual,
                           SUM(residual_currency) OVER of_line AS residual_currency
                      FROM daily
                    WINDOW of_line AS (PARTITION BY line_id ORDER BY day)
                ), begun AS (
                    SELECT state.*, bool_or((residual, residual_currency) != (0, 0))
                               OVER (PARTITION BY line_id ORDER BY date_from) AS begun
                      FROM state
                )
                SELECT line_id, partner_id, date_from, date_to, residual,
                       residual_currency
                  FROM begun
                 WHERE begun;
                CREATE INDEX ON replay_state (line_id);
                ANALYZE replay_state;
                CREATE TEMPORARY TABLE replay_line ON COMMIT DROP AS
                SELECT %(columns)s, debtor.id AS replay_partner_id,
                       %(policy)s AS replay_policy_id
                  FROM account_move_line line
             LEFT JOIN res_partner partner ON partner.id = line.partner_id
             LEFT JOIN res_partner debtor
                    ON debtor.id = partner.commercial_partner_id
                 WHERE line.id IN (SELECT line_id FROM replay_state);
                ALTER TABLE replay_line ADD PRIMARY KEY (id);
                ANALYZE replay_line (id, move_id, partner_id, replay_partner_id)
                """,
                columns=SQL(", ").join(
                    SQL.identifier("line", name) for name in REAL_COLUMNS
                ),
                policy=policies._get_match_sql(),
                **parameters,
            )
        )
        self._shadow(
            "account_move", rows=SQL("real.id IN (SELECT move_id FROM replay_line)")
        )
        self.env.cr.execute(
            """ALTER TABLE pg_temp.account_move ADD PRIMARY KEY (id);
               -- What the ledger says of that day is in the residuals.
               UPDATE account_move
                  SET payment_state = 'not_paid'
                WHERE payment_state IN ('in_payment', 'paid', 'partial', 'reversed');
               ANALYZE account_move (id, partner_id, payment_state)"""
        )
        self.env.cr.execute(
            """CREATE TEMPORARY TABLE account_move_line ON COMMIT DROP AS
               SELECT * FROM replay_line LIMIT 0"""
        )

    @api.model
    def _copy_history(self, parameters):
        """What customers had heard before the first day. What waited then has been
        answered since."""
        self.env.cr.execute("CREATE TEMPORARY SEQUENCE replay_seq")
        rows = {
            "dunning_notice": SQL(
                """real.company_id = %(company)s AND real.simulation IS NOT TRUE
                   AND real.date < %(date_from)s
                   AND real.state IN ('ready', 'claimed', 'sent', 'delivered',
                                      'unknown', 'planned', 'cancelled')""",
                **parameters,
            ),
            "dunning_notice_line": SQL(
                "real.notice_id IN (SELECT id FROM dunning_notice)"
            ),
        }
        for table in WRITTEN:
            self._shadow(table, unique=True, rows=rows.get(table))
            self.env.cr.execute(
                SQL(
                    """SELECT setval('pg_temp.replay_seq', (
                           SELECT GREATEST(MAX(id), 1) FROM %(table)s) + nextval(
                               'pg_temp.replay_seq'));
                       ALTER TABLE %(shadow)s
                           ALTER COLUMN id SET DEFAULT nextval('pg_temp.replay_seq')""",
                    shadow=SQL.identifier("pg_temp", table),
                    table=SQL.identifier(table),
                )
            )
        for table in ("dunning_case", "dunning_event"):
            self._shadow(table)
            self.env.cr.execute(
                SQL(
                    "ALTER TABLE %s ALTER COLUMN id DROP NOT NULL",
                    SQL.identifier("pg_temp", table),
                )
            )
        self.env.cr.execute(
            SQL(
                """
                UPDATE dunning_notice
                   SET state = 'sent', date_sent = COALESCE(date_sent, create_date)
                 WHERE state IN ('planned', 'ready', 'claimed', 'unknown');
                INSERT INTO dunning_decision
                       (move_line_id, move_id, company_id, partner_id, outcome, reason,
                        cycle)
                SELECT line.id, line.move_id, line.company_id, line.replay_partner_id,
                       'wait', 'next_level', MAX(step.cycle)
                  FROM dunning_notice_line step
                  JOIN replay_line line ON line.id = step.move_line_id
                 WHERE step.live AND step.is_step
                 GROUP BY line.id
                """
            )
        )

    @api.model
    def _copy_policies(self, policies, date_from):
        """All policies speak by themselves, as if they had begun on the first day."""
        self._shadow("dunning_policy", rows=SQL("real.id = ANY(%s)", policies.ids))
        self.env.cr.execute(
            SQL(
                """UPDATE dunning_policy
                      SET mode = 'automatic', active = TRUE,
                          start_date = LEAST(start_date, %s)""",
                date_from,
            )
        )

    @api.model
    def _copy_holds(self, parameters):
        """Holds with the day on which they were released; ``_move_to`` lets them begin
        and end."""
        self._shadow(
            "dunning_hold",
            rows=SQL("real.company_id = %(company)s", **parameters),
        )
        self.env.cr.execute(
            SQL(
                """
                ALTER TABLE pg_temp.dunning_hold ADD COLUMN replay_released date;
                UPDATE dunning_hold hold
                   SET replay_released = told.day
                  FROM (SELECT (payload->>'hold')::integer AS hold_id,
                               MIN((occurred_at AT TIME ZONE 'UTC'
                                    AT TIME ZONE %(timezone)s)::date) AS day
                          FROM %(event)s
                         WHERE company_id = %(company)s AND kind = 'hold_released'
                         GROUP BY 1
                       ) AS told
                 WHERE told.hold_id = hold.id;
                UPDATE dunning_hold
                   SET state = CASE
                       WHEN date_start <= %(date_from)s
                        AND COALESCE(replay_released > %(date_from)s,
                                     state != 'released')
                       THEN 'active' ELSE 'expired' END
                """,
                event=self._get_real("dunning_event"),
                **parameters,
            )
        )

    @api.model
    def _note_resumptions(self, parameters):
        """``replay_resume``: the lines of promises and plans that were broken and of
        disputes that were rejected, and when."""
        sources = []
        for name, kinds in RESUMING.items():
            field = self.env[f"dunning.{name}"]._fields["move_line_ids"]
            sources.append(
                SQL(
                    """SELECT rel.%(line)s AS line_id,
                              (event.occurred_at AT TIME ZONE 'UTC'
                               AT TIME ZONE %(timezone)s)::date AS day
                         FROM %(event)s event
                         JOIN %(relation)s rel
                           ON rel.%(record)s = (event.payload->>%(name)s)::integer
                        WHERE event.company_id = %(company)s
                          AND event.kind IN %(kinds)s""",
                    event=self._get_real("dunning_event"),
                    kinds=kinds,
                    line=SQL.identifier(field.column2),
                    name=name,
                    record=SQL.identifier(field.column1),
                    relation=SQL.identifier(field.relation),
                    **parameters,
                )
            )
        self.env.cr.execute(
            SQL(
                "CREATE TEMPORARY TABLE replay_resume ON COMMIT DROP AS %s",
                SQL(" UNION ALL ").join(sources),
            )
        )

    @api.model
    def _find_days(self, policies):
        """``replay_wake``: the days on which a debtor may have to hear something that
        he had not to hear before. A payment never is a reason for that, nor is an
        invoice before its first level; unless a level asks for a share of the debt,
        which grows when the rest is paid."""
        delays = policies.level_ids.mapped("delay_days")
        is_early = any(policies.level_ids.mapped("min_percentage"))
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMPORARY TABLE replay_wake ON COMMIT DROP AS
                WITH change AS (
                    SELECT line.replay_partner_id AS partner_id, state.date_from AS day,
                           COALESCE(line.date_maturity, line.date) + %(first)s AS ripe,
                           state.residual > 0 AND state.residual > COALESCE(
                               LAG(state.residual) OVER (
                                   PARTITION BY line.id ORDER BY state.date_from), 0)
                               AS is_more
                      FROM replay_state state
                      JOIN replay_line line ON line.id = state.line_id
                )
                SELECT partner_id, CASE WHEN %(is_early)s THEN day
                                        ELSE GREATEST(day, ripe) END AS day
                  FROM change
                 WHERE partner_id IS NOT NULL AND (is_more OR %(is_early)s)
             UNION
                SELECT line.replay_partner_id, resume.day
                  FROM replay_resume resume
                  JOIN replay_line line ON line.id = resume.line_id
             UNION
                SELECT partner_id, LEAST(replay_released, date_end + 1)
                  FROM dunning_hold;
                CREATE INDEX ON replay_wake (day);
                ANALYZE replay_wake
                """,
                first=min(delays, default=0),
                is_early=is_early,
            )
        )
