from collections import defaultdict
from datetime import timedelta
from typing import NamedTuple

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..models.dunning_dashboard_span import AMOUNTS
from ..models.dunning_dashboard_sum import CASH_JOURNALS, OF_CUSTOMER, SALES
from ..models.dunning_dashboard_total import OF_BAND
from ..tools import aging

CREDITS = "credits"
COLUMNS = (*aging.BUCKETS, CREDITS)
"""Of the aging, by number: see ``tools/aging.py``; -1 is what nobody matched yet."""
PROMPT_DAYS = 30
"""A payment within so many days after a reminder is counted as its success."""
RISK_DAYS = 90
NO_WEEK = 99


class Scope(NamedTuple):
    """What the filters of the dashboard let through."""

    company: models.BaseModel
    currency_id: int | None = None
    debtors: tuple = ()
    """(field, domain) each: of the customers (commercial partners) only those of whose
    records in this one2many field some are in the domain"""

    def get_customers(self):
        """Domain of the customers."""
        return Domain.AND(Domain(name, "any", domain) for name, domain in self.debtors)


class History(NamedTuple):
    """What was booked and open until a day, in company currency."""

    months: list
    """[change of the receivables, sales, cash, not due at its end less credits that
    were not due either] of each month, the first from the beginning"""
    weeks: dict
    """{number: cash}"""
    sums: list
    """open and overdue on the day that was asked for, then unpaid 90 days after it was
    due and billed, of each period"""

    def add(self, code, amount, *sums):
        """Take in what has the same ``code``: in which month it began, until which it
        counted as not due, whether it is a sale or cash, and the week."""
        code, week = divmod(code, 100)
        code, is_cash = divmod(code, 2)
        code, is_sale = divmod(code, 2)
        begun, ended = divmod(code, 100)
        month = self.months[begun]
        month[0] += amount
        month[1] += amount * is_sale
        month[2] -= amount * is_cash
        for month in self.months[begun:ended]:
            month[3] += amount
        if week != NO_WEEK:
            self.weeks[week] -= amount
        for index, sum_ in enumerate(sums):
            self.sums[index] += sum_ or 0.0


class DunningDashboardLedger(models.AbstractModel):
    """The sums that the dashboard's figures are made of, each in one statement.

    All amounts are in company currency. What was open and what was booked on any day is
    read from the sums that the database keeps (``dunning.dashboard.sum``), or, where a
    record rule hides some lines from the user, from the lines that he may read: record
    rules hold for sums as they do for lists, and a tile's list holds just what was
    added up.
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
        if scope.debtors:
            domain &= Domain(
                "partner_id.commercial_partner_id", "any", scope.get_customers()
            )
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
                tables=query.from_clause,
                **parameters,
            )
        )

    # === WHERE SUMS COME FROM === #

    @api.model
    def _sum(self, scope, sql, by_customer=False, **parameters):
        """Run ``sql`` over ``%(spans)s``, the rows of ``dunning.dashboard.sum`` within
        the filters.

        :param by_customer: whether they are read by customer
        """
        # What the figures read may not be in the database yet.
        self.env.flush_all()
        spans = self._get_spans(scope) if by_customer else self._get_totals(scope)
        return self.env.execute_query(
            SQL(sql, spans=SQL("(%s) AS span", spans), **parameters)
        )

    @api.model
    def _get_totals(self, scope):
        """Rows that add up to what is within the filters, the fewest that do."""
        few = scope.debtors and not self._leaves_most(scope)
        if few or not self._reads_all_lines(scope.company):
            return self._get_spans(scope)
        every = scope._replace(debtors=())
        totals = SQL(
            f"SELECT {OF_BAND}, {AMOUNTS} FROM dunning_dashboard_total AS every"
            " WHERE %s",
            self._get_conditions(every),
        )
        if not scope.debtors:
            return totals
        # What all customers owe, less what those owe that the filters hold back.
        return SQL(
            f"""%s
     UNION ALL
        SELECT {OF_BAND}, -amount, -amount_currency
          FROM (%s) AS other
         WHERE NOT EXISTS (SELECT FROM (%s) AS chosen (id)
                            WHERE chosen.id = other.partner_id)""",
            totals,
            self._get_spans(every),
            self._get_chosen(scope),
        )

    @api.model
    def _get_spans(self, scope):
        """Rows by customer within the filters."""
        return SQL(
            f"""
        SELECT {OF_CUSTOMER}, band, {AMOUNTS}
          FROM (SELECT span.*, exposure.band
                  FROM %s AS span
             LEFT JOIN dunning_exposure exposure
                    ON exposure.partner_id = span.partner_id
                   AND exposure.company_id = span.company_id) AS every
         WHERE %s""",
            self._get_sums(scope),
            self._get_conditions(scope),
        )

    @api.model
    def _get_sums(self, scope):
        sums = self.env["dunning.dashboard.sum"]
        if self._reads_all_lines(scope.company):
            return SQL.identifier(sums._table)
        query = self.env["account.move.line"]._search(
            self._get_lines_domain(scope._replace(debtors=()))
        )
        return SQL("(%s)", sums._get_direct_sql(query.subselect("account_move_line.*")))

    @api.model
    def _reads_all_lines(self, company):
        """Whether the user may read each journal item of the company: record rules
        that ask for nothing but the company are asked with one that is not kept."""
        lines = self.env["account.move.line"]
        lines.check_access("read")
        rules = self.env["ir.rule"]._compute_domain(lines._name, "read")
        if any(rule.field_expr != "company_id" for rule in rules.iter_conditions()):
            return False
        return bool(lines.new({"company_id": company.id}).filtered_domain(rules))

    @api.model
    def _get_conditions(self, scope):
        conditions = [SQL("every.company_id = %s", scope.company.id)]
        if scope.currency_id:
            conditions.append(SQL("every.currency_id = %s", scope.currency_id))
        if scope.debtors:
            chosen = self._get_chosen(scope)
            conditions.append(SQL("every.partner_id IN (%s)", chosen))
        return SQL(" AND ").join(conditions)

    @api.model
    def _get_chosen(self, scope):
        """Ids of the customers that the filters leave."""
        partners = self.env["res.partner"].with_context(active_test=False)
        return partners._search(scope.get_customers()).select()

    @api.model
    def _leaves_most(self, scope):
        """Whether the filters leave more customers than they hold back."""
        rows = self.env.execute_query(
            SQL(
                """SELECT COUNT(*) * 2 > (
                              SELECT COUNT(*) FROM dunning_exposure
                               WHERE company_id = %s)
                     FROM (%s) AS chosen (id)""",
                scope.company.id,
                self._get_chosen(scope),
            )
        )
        return rows[0][0]

    # === WHAT IS OWED === #

    @api.model
    def _read_aging(self, scope, day):
        """What was open on ``day``.

        :return: {(column, band): amount}, see ``COLUMNS``; band: risk of the debtor or
            None
        """
        rows = self._sum(
            scope,
            """
            SELECT CASE WHEN is_credit THEN -1
                        ELSE WIDTH_BUCKET(%(day)s - due, %(firsts)s::integer[]) END,
                   band, SUM(amount)::float
              FROM %(spans)s
             WHERE day_from <= %(day)s AND day_until > %(day)s
             GROUP BY 1, 2
            """,
            day=day,
            firsts=[last + 1 for last in aging.LAST_DAYS],
        )
        return {(COLUMNS[index], band): amount for index, band, amount in rows}

    @api.model
    def _read_debtors(self, scope, day, limit):
        """Who owed most on ``day``: list of (partner id, name, open, overdue)."""
        return self._sum(
            scope,
            """
            SELECT partner.id, partner.name, owed::float, COALESCE(overdue, 0)::float
              FROM (SELECT partner_id, SUM(amount) AS owed,
                           SUM(amount) FILTER (WHERE due < %(day)s AND NOT is_credit)
                               AS overdue
                      FROM %(spans)s
                     WHERE day_from <= %(day)s AND day_until > %(day)s
                       AND partner_id IS NOT NULL
                     GROUP BY partner_id
                    HAVING SUM(amount) > 0
                     ORDER BY owed DESC, partner_id
                     LIMIT %(limit)s) debtor
              JOIN res_partner partner ON partner.id = debtor.partner_id
             ORDER BY owed DESC, partner.id
            """,
            by_customer=True,
            day=day,
            limit=limit,
        )

    @api.model
    def _read_check(self, scope, day):
        """Ways to the same sum, per currency: the sums and totals that the figures are
        read from, what is open line by line, and the balance of the accounts entry by
        entry. They know nothing of each other: the third reads what reconciliation left
        over, the last never looks at it. What was matched with entries that this
        balance leaves out explains a difference to it.

        :return: {currency id: ((sum, total, left over, balance, matched outside) in
            company currency, the same in that currency)}, for the whole company, or one
            currency of it
        """
        scope = scope._replace(debtors=())
        by_customer, total = (self._read_open(scope, day, way) for way in (True, False))
        left = balance = self._read_left(scope, day)
        # Who may read some items only sees debts without what has paid them.
        if self._reads_all_lines(scope.company):
            balance = self._read_balance(scope, day)
        outside = self._read_outside(scope, day) if left != balance else {}
        ways, none = (by_customer, total, left, balance, outside), (0.0, 0.0)
        return {
            currency: tuple(
                zip(*(way.get(currency, none) for way in ways), strict=True)
            )
            for currency in sorted({key for way in ways for key in way})
        }

    @api.model
    def _read_open(self, scope, day, by_customer):
        rows = self._sum(
            scope,
            """SELECT currency_id, SUM(amount)::float, SUM(amount_currency)::float
                 FROM %(spans)s
                WHERE day_from <= %(day)s AND day_until > %(day)s
                GROUP BY 1""",
            by_customer=by_customer,
            day=day,
        )
        return self._by_currency(rows)

    @api.model
    def _by_currency(self, rows):
        """{currency id: (amount, amount in the currency)}, where there is any"""
        return {currency: tuple(amounts) for currency, *amounts in rows if any(amounts)}

    @api.model
    def _read_left(self, scope, day):
        rows = self._select(
            self._get_open_domain(scope, day),
            """SELECT account_move_line.currency_id,
                      SUM(amount_residual + COALESCE(later.amount, 0))::float,
                      SUM(amount_residual_currency
                          + COALESCE(later.amount_currency, 0))::float
                 FROM %(tables)s
            LEFT JOIN %(later)s ON later.line_id = account_move_line.id
                WHERE %(condition)s
                GROUP BY 1""",
            later=self._get_later_sql(day),
        )
        return self._by_currency(rows)

    @api.model
    def _read_balance(self, scope, day):
        rows = self._select(
            self._get_lines_domain(scope) & Domain("date", "<=", day),
            """SELECT account_move_line.currency_id,
                      SUM(account_move_line.balance)::float,
                      SUM(account_move_line.amount_currency)::float
                 FROM %(tables)s
                WHERE %(condition)s
                GROUP BY 1""",
        )
        return self._by_currency(rows)

    @api.model
    def _read_outside(self, scope, day):
        """What the lines were matched with in entries that are not posted (Odoo keeps
        the matches of an entry set to draft), of another company or currency: a debit
        that was paid so is no more open, but nothing in this balance paid it."""
        rows = self._select(
            self._get_lines_domain(scope),
            """
            WITH part AS MATERIALIZED (
                SELECT part.*
                  FROM account_partial_reconcile part
                  JOIN account_move_line debit ON debit.id = part.debit_move_id
                  JOIN account_move_line credit ON credit.id = part.credit_move_id
                 WHERE part.max_date <= %(day)s
                   AND (debit.parent_state != credit.parent_state
                        OR debit.company_id != credit.company_id
                        OR debit.currency_id != credit.currency_id)
            )
            SELECT account_move_line.currency_id, SUM(side.amount)::float,
                   SUM(side.amount_currency)::float
              FROM %(tables)s
              JOIN (SELECT debit_move_id, -amount, -debit_amount_currency FROM part
                 UNION ALL
                    SELECT credit_move_id, amount, credit_amount_currency FROM part
                   ) AS side (line_id, amount, amount_currency)
                ON side.line_id = account_move_line.id
             WHERE %(condition)s
             GROUP BY 1""",
            day=day,
        )
        return self._by_currency(rows)

    @api.model
    def _get_outside_domain(self, scope, day):
        """The lines that ``_read_outside`` adds up, within a currency. The user may not
        be allowed to read what they were matched with."""
        outside = (
            Domain("parent_state", "!=", "posted")
            | Domain("company_id", "!=", scope.company.id)
            | Domain("currency_id", "!=", scope.currency_id)
        )
        matched = Domain.OR(
            Domain(
                parts,
                "any",
                Domain("max_date", "<=", day) & Domain(other, "any", outside),
            )
            for parts, other in (
                ("matched_credit_ids", "credit_move_id"),
                ("matched_debit_ids", "debit_move_id"),
            )
        )
        domain = self._get_lines_domain(scope)
        lines_sudo = self.env["account.move.line"].sudo().search(domain & matched)
        return Domain("id", "in", lines_sudo.ids)

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

    # === WHAT HAPPENED === #

    @api.model
    def _read_history(self, scope, ends, aged=None, first=None, periods=()):
        """What was booked and what was open, in one reading.

        :param ends: last days of months, ascending
        :param aged: day of which is told what was open, default: the last one
        :param first: day from which cash is summed up by weeks, default: the last one
        :param periods: (first day, last day) each, of which is told what was due then
            and paid in time
        :rtype: History
        """
        last = ends[-1]
        rows = self._sum(
            scope,
            """
            SELECT code, SUM(amount)::float, %(sums)s
              FROM (SELECT (((WIDTH_BUCKET(day_from - 1, %(ends)s::date[]) * 100
                              + WIDTH_BUCKET(LEAST(day_until - 1, due), %(ends)s)) * 2
                             + is_sale::int) * 2
                            + is_cash::int) * 100
                           + CASE WHEN is_cash AND day_from >= %(first)s
                                  THEN (day_from - %(first)s) / 7 ELSE %(no_week)s
                             END AS code,
                           amount, day_from, day_until, due, is_sale, is_credit
                      FROM %(spans)s
                     WHERE day_from <= %(last)s
                 -- The planner expects as many codes as rows otherwise, and leaves all
                 -- the work to one process.
                 UNION ALL
                    SELECT 0, amount, day_from, day_until, due, is_sale, is_credit
                      FROM dunning_dashboard_total
                     WHERE FALSE) item
             GROUP BY code""",
            ends=ends,
            first=first or last,
            last=last,
            no_week=NO_WEEK,
            sums=SQL(", ").join(
                SQL("(SUM(amount) FILTER (WHERE %s))::float", condition)
                for condition in self._get_sum_conditions(aged or last, periods)
            ),
        )
        history = History(
            [[0.0] * 4 for _end in ends],
            defaultdict(float),
            [0.0] * (2 + 2 * len(periods)),
        )
        for row in rows:
            history.add(*row)
        return history

    @api.model
    def _get_sum_conditions(self, day, periods):
        """What belongs to each of ``History.sums``."""
        opened = SQL("day_from <= %s AND day_until > %s", day, day)
        yield opened
        yield SQL("%s AND due < %s AND NOT is_credit", opened, day)
        for first, last in periods:
            billed = SQL(
                "is_sale AND NOT is_credit AND due BETWEEN %s AND %s"
                " AND day_from <= %s",
                first,
                last,
                last + timedelta(days=RISK_DAYS),
            )
            yield SQL("%s AND day_until > due + %s", billed, RISK_DAYS)
            yield billed

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
    def _get_risk_domain(self, scope, first, last):
        """Customer invoices that were due in these days, 90 days before the period."""
        return self._get_lines_domain(scope) & Domain(
            [
                ("move_id.move_type", "in", SALES),
                ("balance", ">=", 0),
                ("date_maturity", ">=", f"{first}"),
                ("date_maturity", "<=", f"{last}"),
                ("date", "<=", f"{last + timedelta(days=RISK_DAYS)}"),
            ]
        )

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
                   AND notice.company_id = %(company)s
                   -- Whatever the time zone; there is an index for it.
                   AND notice.date_sent
                       BETWEEN %(first)s::date - 1 AND %(last)s::date + 2
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
            company=scope.company.id,
            days=PROMPT_DAYS,
            first=first,
            last=last,
            timezone=scope.company._dunning_timezone(),
        )
