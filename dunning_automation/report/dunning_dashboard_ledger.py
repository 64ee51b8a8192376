from typing import NamedTuple

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools import aging

SALES = ("out_invoice", "out_refund", "out_receipt")
CASH_JOURNALS = ("bank", "cash", "credit")
CREDITS = "credits"
PROMPT_DAYS = 30
"""A payment within so many days after a reminder is counted as its success."""
RISK_DAYS = 90


class Scope(NamedTuple):
    """What the filters of the dashboard let through."""

    company: models.BaseModel
    currency_id: int | None = None
    debtors: list | None = None
    """Ids of customers (commercial partners), None = all"""


class DunningDashboardLedger(models.AbstractModel):
    """The sums that the dashboard's figures are made of, each in one statement.

    All amounts are in company currency. What was open on a past day is what is open now
    and what was matched since (``max_date`` of partial reconciles), so no snapshot can
    be missing. Lines are selected by domains, as the user: record rules hold for sums
    as they do for lists, and a tile's list holds just what was added up.
    """

    _name = "dunning.dashboard.ledger"
    _description = "Sums for the Collections Dashboard"

    # === WHICH RECORDS === #

    @api.model
    def _get_lines_domain(self, scope):
        """Posted lines on receivable accounts within the filters."""
        domain = Domain(
            [
                ("company_id", "=", scope.company.id),
                ("parent_state", "=", "posted"),
                ("account_id.account_type", "=", "asset_receivable"),
            ]
        )
        if scope.currency_id:
            domain &= Domain("currency_id", "=", scope.currency_id)
        if scope.debtors is not None:
            debtors = Domain("partner_id.commercial_partner_id", "in", scope.debtors)
            domain &= debtors
        return domain

    @api.model
    def _get_open_domain(self, scope, day):
        """Lines that were open on ``day``."""
        return (
            self._get_lines_domain(scope)
            & Domain("date", "<=", day)
            & Domain.OR(
                (
                    Domain("reconciled", "=", False),
                    Domain("matched_debit_ids.max_date", ">", day),
                    Domain("matched_credit_ids.max_date", ">", day),
                )
            )
        )

    @api.model
    def _get_overdue_domain(self, scope, day):
        """What was owed and past due on ``day``; credits are not taken off."""
        return (
            self._get_open_domain(scope, day)
            & Domain("balance", ">", 0)
            & (
                Domain("date_maturity", "<", day)
                | Domain([("date_maturity", "=", False), ("date", "<", day)])
            )
        )

    @api.model
    def _select(self, domain, sql, **parameters):
        """Run ``sql`` with ``%(tables)s`` and ``%(condition)s`` of the lines."""
        # What the figures read may not be in the database yet.
        self.env.flush_all()
        query = self.env["account.move.line"]._search(domain)
        return self.env.execute_query(
            SQL(
                sql,
                condition=query.where_clause or SQL("TRUE"),
                due=SQL(
                    "COALESCE(account_move_line.date_maturity, account_move_line.date)"
                ),
                tables=query.from_clause,
                **parameters,
            )
        )

    # === WHAT IS OWED === #

    @api.model
    def _read_aging(self, scope, day):
        """What was open on ``day``.

        :return: {(bucket, band): amount}. Bucket: see ``tools/aging.py``, or
            ``credits`` for what nobody matched yet; band: risk of the debtor or None
        """
        rows = self._select(
            self._get_open_domain(scope, day),
            """
            SELECT CASE WHEN account_move_line.balance < 0 THEN -1
                        ELSE WIDTH_BUCKET(%(day)s - %(due)s, %(firsts)s::integer[])
                   END AS bucket,
                   exposure.band,
                   SUM(account_move_line.amount_residual + COALESCE(later.amount, 0))
              FROM %(tables)s
         LEFT JOIN %(later)s ON later.line_id = account_move_line.id
         LEFT JOIN res_partner debtor ON debtor.id = account_move_line.partner_id
         LEFT JOIN dunning_exposure exposure
                ON exposure.partner_id = debtor.commercial_partner_id
               AND exposure.company_id = account_move_line.company_id
             WHERE %(condition)s
             GROUP BY 1, 2
            """,
            day=day,
            firsts=[last + 1 for last in aging.LAST_DAYS],
            later=self._get_later_sql(day),
        )
        names = (*aging.BUCKETS, CREDITS)  # -1 is the last one.
        return {(names[index], band): float(sum_) for index, band, sum_ in rows}

    @api.model
    def _get_overdue(self, owed):
        """What of the aging is past due; credits are not taken off."""
        overdue = aging.BUCKETS[1:]
        return sum(amount for (name, _band), amount in owed.items() if name in overdue)

    @api.model
    def _get_later_sql(self, day):
        """What was matched after ``day``, per line, as a table ``later``."""
        return SQL(
            """(SELECT line_id, SUM(amount) AS amount,
                       SUM(amount_currency) AS amount_currency
                  FROM (SELECT debit_move_id AS line_id, amount,
                               debit_amount_currency AS amount_currency
                          FROM account_partial_reconcile
                         WHERE max_date > %(day)s
                     UNION ALL
                        SELECT credit_move_id, -amount, -credit_amount_currency
                          FROM account_partial_reconcile
                         WHERE max_date > %(day)s) part
                 GROUP BY line_id) later""",
            day=day,
        )

    @api.model
    def _read_check(self, scope, day):
        """Two ways to the same sum, per currency: of what is open, line by line, and of
        the accounts, entry by entry. They know nothing of each other: the first reads
        what reconciliation left over, the second never looks at it.

        :return: list of (currency id, open, balance, open in that currency, balance in
            that currency), for the whole company, or one currency of it
        """
        scope = scope._replace(debtors=None)
        opened = self._select(
            self._get_open_domain(scope, day),
            """SELECT account_move_line.currency_id,
                      SUM(amount_residual + COALESCE(later.amount, 0)),
                      SUM(amount_residual_currency + COALESCE(later.amount_currency, 0))
                 FROM %(tables)s
            LEFT JOIN %(later)s ON later.line_id = account_move_line.id
                WHERE %(condition)s
                GROUP BY 1""",
            later=self._get_later_sql(day),
        )
        balances = self._select(
            self._get_lines_domain(scope) & Domain("date", "<=", day),
            """SELECT account_move_line.currency_id, SUM(account_move_line.balance),
                      SUM(account_move_line.amount_currency)
                 FROM %(tables)s
                WHERE %(condition)s
                GROUP BY 1
                ORDER BY 1""",
        )
        left = {currency: amounts for currency, *amounts in opened}
        return [
            (currency, *map(float, (company_left, balance, own_left, own_balance)))
            for currency, balance, own_balance in balances
            for company_left, own_left in [left.get(currency, (0, 0))]
        ]

    @api.model
    def _read_debtors(self, scope, day, limit):
        """Who owed most on ``day``: list of (partner id, name, open, overdue)."""
        return self._select(
            self._get_open_domain(scope, day),
            """
            SELECT partner.id, partner.name, SUM(residual)::float AS owed,
                   COALESCE(SUM(residual) FILTER (WHERE due < %(day)s AND residual > 0),
                            0)::float
              FROM (SELECT account_move_line.partner_id, %(due)s AS due,
                           account_move_line.amount_residual
                               + COALESCE(later.amount, 0) AS residual
                      FROM %(tables)s
                 LEFT JOIN %(later)s ON later.line_id = account_move_line.id
                     WHERE %(condition)s) item
              JOIN res_partner contact ON contact.id = item.partner_id
              JOIN res_partner partner ON partner.id = contact.commercial_partner_id
             GROUP BY partner.id
            HAVING SUM(residual) > 0
             ORDER BY owed DESC, partner.id
             LIMIT %(limit)s
            """,
            day=day,
            later=self._get_later_sql(day),
            limit=limit,
        )

    # === WHAT HAPPENED === #

    @api.model
    def _read_flows(self, scope, starts, last_day):
        """What was booked between the ``starts`` (ascending) and until ``last_day``.

        :return: {index of the start, -1 = before all: (change of the receivables,
            sales, cash)}
        """
        rows = self._select(
            self._get_lines_domain(scope) & Domain("date", "<=", last_day),
            """
            SELECT WIDTH_BUCKET(account_move_line.date, %(starts)s::date[]) - 1,
                   SUM(account_move_line.balance),
                   COALESCE(SUM(account_move_line.balance) FILTER (
                       WHERE booked.move_type IN %(sales)s), 0),
                   COALESCE(-SUM(account_move_line.balance) FILTER (
                       WHERE ledger.type IN %(cash)s), 0)
              FROM %(tables)s
              JOIN account_move booked ON booked.id = account_move_line.move_id
              JOIN account_journal ledger ON ledger.id = account_move_line.journal_id
             WHERE %(condition)s
             GROUP BY 1
            """,
            cash=CASH_JOURNALS,
            sales=SALES,
            starts=starts,
        )
        return {index: tuple(map(float, sums)) for index, *sums in rows}

    @api.model
    def _get_cash_domain(self, scope, first, last):
        """What money was booked to receivables on these days, either way."""
        return self._get_lines_domain(scope) & Domain(
            [
                ("journal_id.type", "in", CASH_JOURNALS),
                ("date", ">=", first),
                ("date", "<=", last),
            ]
        )

    @api.model
    def _read_cash(self, scope, first, last):
        """{weeks since ``first``: cash in} of these days."""
        return dict(
            self._select(
                self._get_cash_domain(scope, first, last),
                """SELECT (account_move_line.date - %(first)s) / 7,
                          -SUM(account_move_line.balance)::float
                     FROM %(tables)s
                    WHERE %(condition)s
                    GROUP BY 1""",
                first=first,
            )
        )

    @api.model
    def _read_not_due(self, scope, days):
        """{day: open on that day and not past due then} for the ``days``, less credits
        that were not due either."""
        rows = self._select(
            self._get_lines_domain(scope)
            & (
                Domain("date_maturity", ">=", min(days))
                | Domain([("date_maturity", "=", False), ("date", ">=", min(days))])
            ),
            """
            WITH line AS MATERIALIZED (
                SELECT account_move_line.id, account_move_line.date,
                       account_move_line.balance, %(due)s AS due
                  FROM %(tables)s
                 WHERE %(condition)s
            ), change AS (
                -- As many rows as there are days, so that each is compared with all
                -- points, and not each line.
                SELECT day, due, SUM(amount) AS amount
                  FROM (SELECT date AS day, due, balance AS amount FROM line
                     UNION ALL
                        SELECT part.max_date, due, -part.amount
                          FROM account_partial_reconcile part
                          JOIN line ON line.id = part.debit_move_id
                     UNION ALL
                        SELECT part.max_date, due, part.amount
                          FROM account_partial_reconcile part
                          JOIN line ON line.id = part.credit_move_id) each_line
                 GROUP BY day, due
            )
            SELECT point.day, SUM(change.amount)
              FROM change
              JOIN UNNEST(%(days)s::date[]) AS point (day)
                ON point.day BETWEEN change.day AND change.due
             GROUP BY 1
            """,
            days=days,
        )
        return dict.fromkeys(days, 0.0) | {day: float(amount) for day, amount in rows}

    @api.model
    def _get_risk_domain(self, scope, first, last):
        """Customer invoices that were due 90 days before the period's days."""
        return self._get_lines_domain(scope) & Domain(
            [
                ("move_id.move_type", "in", ("out_invoice", "out_receipt")),
                ("date_maturity", ">=", f"{first}"),
                ("date_maturity", "<=", f"{last}"),
            ]
        )

    @api.model
    def _read_at_risk(self, scope, first, last):
        """(unpaid 90 days after it was due, billed) of what was due in these days."""
        [row] = self._select(
            self._get_risk_domain(scope, first, last),
            """
            SELECT COALESCE(SUM(account_move_line.balance - COALESCE(paid.amount, 0)),
                            0)::float,
                   COALESCE(SUM(account_move_line.balance), 0)::float
              FROM %(tables)s
         LEFT JOIN LATERAL (
                   SELECT SUM(part.amount) AS amount
                     FROM account_partial_reconcile part
                    WHERE part.debit_move_id = account_move_line.id
                      AND part.max_date <= account_move_line.date_maturity + %(days)s
                   ) paid ON TRUE
             WHERE %(condition)s
            """,
            days=RISK_DAYS,
        )
        return row

    @api.model
    def _read_funnel(self, scope, first, last):
        """What reminders of these days asked for, and what of it was paid by money
        within 30 days, per level; a line counts once per level.

        :return: list of (level id, lines, lines paid, amount, amount paid)
        """
        return self._select(
            self._get_lines_domain(scope) & Domain("balance", ">", 0),
            """
            WITH asked AS (
                SELECT DISTINCT ON (step.move_line_id, step.level_id)
                       step.move_line_id, step.level_id, step.residual,
                       sent.day
                  FROM %(tables)s
                  JOIN dunning_notice_line step
                    ON step.move_line_id = account_move_line.id
                  JOIN dunning_notice notice ON notice.id = step.notice_id
            CROSS JOIN LATERAL (
                       SELECT (notice.date_sent AT TIME ZONE 'UTC'
                               AT TIME ZONE %(timezone)s)::date AS day) sent
                 WHERE %(condition)s
                   AND step.is_step AND step.skip_reason IS NULL
                   AND step.drop_reason IS NULL
                   AND notice.simulation IS NOT TRUE
                   AND notice.state IN ('sent', 'delivered')
                   AND sent.day BETWEEN %(first)s AND %(last)s
                 ORDER BY step.move_line_id, step.level_id, notice.date_sent
            ), answered AS (
                SELECT asked.*, LEAST(asked.residual, COALESCE(paid.amount, 0)) AS paid
                  FROM asked
             LEFT JOIN LATERAL (
                       SELECT SUM(part.amount) AS amount
                         FROM account_partial_reconcile part
                         JOIN account_move_line money ON money.id = part.credit_move_id
                         JOIN account_journal ledger ON ledger.id = money.journal_id
                        WHERE part.debit_move_id = asked.move_line_id
                          AND part.max_date BETWEEN asked.day AND asked.day + %(days)s
                          AND ledger.type IN %(cash)s) paid ON TRUE
            )
            SELECT level.id, COUNT(*),
                   COUNT(*) FILTER (WHERE paid >= residual),
                   SUM(residual)::float, SUM(paid)::float
              FROM answered
              JOIN dunning_level level ON level.id = answered.level_id
             GROUP BY level.id
             ORDER BY level.delay_days, level.id
            """,
            cash=CASH_JOURNALS,
            days=PROMPT_DAYS,
            first=first,
            last=last,
            timezone=scope.company._dunning_timezone(),
        )
