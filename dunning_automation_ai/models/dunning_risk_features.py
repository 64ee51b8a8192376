import io

from odoo import api, models
from odoo.tools import SQL

from ..tools import back_test, binary_copy
from ..tools.features import ANSWER, PAYMENT, Samples
from ..tools.report import Report

PRIOR = 0.35
"""Share that is late where a firm has no line due yet; see the guide's two ledgers."""

READ_FIELDS = {
    "account.account": ["account_type"],
    "account.journal": ["type"],
    "account.move": ["commercial_partner_id", "invoice_date", "invoice_date_due"],
    "account.move.line": [
        "account_id",
        "amount_currency",
        "balance",
        "date_maturity",
        "parent_state",
    ],
    "account.partial.reconcile": None,
}


class DunningRiskFeatures(models.AbstractModel):
    """The ledger as it was known on a day: one row of features per line and day.

    One statement for any number of lines. Each customer's invoices, due dates and
    payments become one stream of events, ordered by the day from which they were known;
    a line asked about on a day gets the sums of what came strictly before that day.

    Left out: lines that are due when they are issued, and amounts that are none. What
    credit notes or write-offs settle closes a line, but is no payment.
    """

    _name = "dunning.risk.features"
    _description = "Risk Features"

    @api.model
    def _read_issued(self, company, until, grace, shift):
        """Every line of ``company`` issued before ``until``, on the day of its issue.

        :param date until: lines from then on are left out
        :param int grace: days after the due date that do not count as late
        :param bool shift: a due date at the weekend means the Monday after it
        :rtype: tools.features.Samples
        """
        questions = SQL(
            "SELECT id, issued AS day FROM item WHERE issued < %s AND is_usual", until
        )
        return self._read(company, questions, grace, shift)

    @api.model
    def _read_open(self, company, day, grace, shift):
        """Every line of ``company`` that is open on the morning of ``day``."""
        questions = SQL(
            """
            SELECT id, %(day)s::date AS day
              FROM item
             WHERE issued <= %(day)s AND (known IS NULL OR known >= %(day)s)
            """,
            day=day,
        )
        return self._read(company, questions, grace, shift)

    @api.model
    def _evaluate(self, company, day, late_after=0, progress=None):
        """Measure predictions on the ledger as of ``day``: late = more than
        ``late_after`` days after the due date, without regard to weekends.

        :param progress: called with (cut-offs done, all) after each
        :rtype: tools.report.Report
        """
        samples = self._read_issued(company, day, late_after, shift=False)
        return Report(back_test.run(samples, day, PRIOR, progress=progress))

    @api.model
    def _flush(self):
        for model_name, field_names in READ_FIELDS.items():
            self.env[model_name].flush_model(field_names)

    @api.model
    def _read(self, company, questions, grace, shift):
        self._flush()
        return Samples.from_table(
            self._copy(self._get_features_sql(company, questions, grace, shift))
        )

    @api.model
    def _copy(self, query):
        """The rows of ``query``, whose columns are double precision and never NULL, as
        an array: a few bytes each, where Python's objects would need hundreds."""
        cr, found = self.env.cr, io.BytesIO()
        cr.copy_expert(
            cr.mogrify(SQL("COPY (%s) TO STDOUT (FORMAT binary)", query)).decode(),
            found,
        )
        return binary_copy.read(found.getbuffer(), len(ANSWER))

    @api.model
    def _as_floats(self, alias, names):
        return SQL(", ").join(
            SQL("COALESCE(%s::float8, 'NaN')", SQL.identifier(alias, name))
            for name in names
        )

    @api.model
    def _get_features_sql(self, company, questions, grace, shift):
        """The statement. A row per question with the columns of ``ANSWER``, and one per
        payment with those of ``PAYMENT``, from which the rest follows."""
        return SQL(
            """
            WITH %(items)s, question AS MATERIALIZED (
                %(questions)s
            ), event AS MATERIALIZED (%(events)s
            ), total AS MATERIALIZED (%(totals)s
            ), firm AS MATERIALIZED (
                SELECT day,
                       SUM(SUM(known_late)) OVER before AS late,
                       SUM(SUM(known_number)) OVER before AS number
                  FROM event
                 GROUP BY day
                WINDOW before AS (
                    ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
            ), asked AS (
                SELECT item.*, total.day,
                       COALESCE(firm.late / NULLIF(firm.number, 0), %(prior)s) AS base,
                       total.known_late - own.late AS late,
                       total.known_number - own.late AS number,
                       total.weekday_late - own.late AS weekday_late,
                       total.weekday_number - own.late AS weekday_number,
                       total.paid, total.days, total.squares,
                       total.issued_number - own.open AS issued_number,
                       total.issued_amount - own.open * item.units AS issued_amount,
                       total.open_number - own.open AS open_number,
                       total.open_amount - own.open * item.units AS open_amount,
                       total.overdue_number - own.overdue AS overdue_number,
                       total.overdue_amount - own.overdue * item.units
                           AS overdue_amount
                  FROM total
                  JOIN item ON item.id = total.item_id
                  JOIN firm ON firm.day = total.day
            CROSS JOIN LATERAL (
                SELECT (item.is_usual AND item.limit_day < total.day)::int AS late,
                       (item.is_usual AND item.issued < total.day)::int AS open,
                       (item.is_usual AND item.due < total.day)::int AS overdue
                       ) own
                 WHERE total.item_id IS NOT NULL
            ), answer AS (
            SELECT id, day - DATE '1970-01-01', issued - DATE '1970-01-01',
                   due - DATE '1970-01-01', limit_day - DATE '1970-01-01',
                   settled - DATE '1970-01-01', known - DATE '1970-01-01', how,
                   LN(1 + amount), due - issued, weekday,
                   (weekday_late + 3 * (late + 5 * base) / (number + 5))
                       / (weekday_number + 3),
                   EXTRACT(DAY FROM due), LEAST(number, 50),
                   (late + 5 * base) / (number + 5),
                   days / NULLIF(paid, 0),
                   CASE WHEN paid > 0
                        THEN SQRT(GREATEST(squares / paid - (days / paid) ^ 2, 0)) END,
                   LN(units * issued_number / NULLIF(issued_amount, 0)),
                   open_number, overdue_number,
                   COALESCE(overdue_amount / NULLIF(open_amount, 0), 0),
                   customer_id, paid
              FROM asked
            ), payment AS (
            SELECT id, known - DATE '1970-01-01', customer_id, settled - due,
                   (settled > limit_day)::int
              FROM item
             WHERE is_usual AND how = 1
            )
            SELECT %(answer)s FROM answer AS answer (%(names)s)
         UNION ALL
            SELECT %(payment)s FROM payment AS payment (%(names_of_payment)s)
            """,
            answer=self._as_floats("answer", ANSWER),
            names=SQL(", ").join(map(SQL.identifier, ANSWER)),
            names_of_payment=SQL(", ").join(map(SQL.identifier, PAYMENT)),
            payment=SQL(
                "%s, %s",
                self._as_floats("payment", PAYMENT),
                SQL(", ").join([SQL("'NaN'::float8")] * (len(ANSWER) - len(PAYMENT))),
            ),
            items=self._get_items_sql(company, grace, shift),
            questions=questions,
            events=self._get_events_sql(),
            totals=self._get_totals_sql(),
            prior=PRIOR,
        )

    @api.model
    def _get_items_sql(self, company, grace, shift):
        """``item``: the receivable lines with what became of them.

        A line is settled on the day on which 99.5 % of it are; this is known when the
        last of these was booked. Where a hundred and more are booked on one day, for
        days a month ago on average, an older ledger was taken over: it was known there.
        """
        return SQL(
            """
            booked AS MATERIALIZED (
                SELECT part.id, part.debit_move_id, part.max_date,
                       part.debit_amount_currency AS amount,
                       journal.type IN ('bank', 'cash', 'credit') AS is_payment,
                       CASE WHEN COUNT(*) OVER same_day >= 100
                             AND AVG(part.create_date::date - part.max_date)
                                 OVER same_day > 30
                            THEN part.max_date
                            ELSE GREATEST(part.max_date, part.create_date::date)
                             END AS known
                  FROM account_partial_reconcile part
                  JOIN account_move_line payment ON payment.id = part.credit_move_id
                  JOIN account_journal journal ON journal.id = payment.journal_id
                 WHERE part.company_id = %(company)s
                WINDOW same_day AS (PARTITION BY part.create_date::date)
            ), running AS (
                SELECT booked.id, debit_move_id, max_date,
                       SUM(amount) OVER so_far AS settled,
                       SUM(amount) FILTER (WHERE is_payment) OVER so_far AS paid,
                       MAX(known) OVER so_far AS known
                  FROM booked
                WINDOW so_far AS (
                    PARTITION BY debit_move_id ORDER BY max_date, booked.id)
            ), settlement AS (
                SELECT DISTINCT ON (debit_move_id) debit_move_id,
                       max_date AS settled, known,
                       CASE WHEN paid * 2 >= running.settled THEN 1 ELSE 2 END AS how
                  FROM running
                  JOIN account_move_line line ON line.id = running.debit_move_id
                 WHERE running.settled >= line.amount_currency * 0.995
                 ORDER BY debit_move_id, max_date, running.id
            ), item AS MATERIALIZED (
                SELECT line.id, move.commercial_partner_id AS customer_id, dates.issued,
                       dates.due, line.balance::float8 AS amount,
                       -- Whole numbers: their sums do not depend on their order.
                       GREATEST(ROUND(line.balance * 1000), 1)::float8 AS units,
                       EXTRACT(ISODOW FROM dates.due)::int AS weekday,
                       dates.due + %(grace)s + CASE
                           WHEN %(shift)s
                            AND EXTRACT(ISODOW FROM dates.due) > 5
                           THEN 8 - EXTRACT(ISODOW FROM dates.due)::int
                           ELSE 0 END AS limit_day,
                       settlement.settled,
                       CASE WHEN settlement.known IS NOT NULL
                            THEN GREATEST(settlement.known, dates.issued) END AS known,
                       COALESCE(settlement.how, 0) AS how,
                       dates.due > dates.issued AS is_usual
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
                  JOIN account_account account ON account.id = line.account_id
            CROSS JOIN LATERAL (
                SELECT COALESCE(move.invoice_date, move.date) AS issued,
                       COALESCE(line.date_maturity, move.invoice_date_due, line.date)
                           AS due
                       ) dates
             LEFT JOIN settlement ON settlement.debit_move_id = line.id
                 WHERE line.company_id = %(company)s
                   AND line.parent_state = 'posted'
                   AND account.account_type = 'asset_receivable'
                   AND move.move_type = 'out_invoice'
                   AND move.commercial_partner_id IS NOT NULL
                   AND line.balance > 0
                   AND line.balance < 1e15
                   AND dates.due BETWEEN DATE '1970-01-01' AND DATE '2200-01-01'
            )
            """,
            company=company.id,
            grace=grace,
            shift=shift,
        )

    @api.model
    def _get_events_sql(self):
        """What changes a customer's figures, and on which day; a question is no change.

        A line that is open when its limit is over counts as late from then on, and is
        set right if the payment turns out to have come in time.
        """
        return SQL(
            """
                SELECT item.customer_id, item.weekday, change.*, NULL::int AS item_id
                  FROM item
            CROSS JOIN LATERAL (VALUES
                (item.issued, 0, 0, 0, 0.0::float8, 0.0::float8, 1, item.units, 1,
                 item.units, 0, 0.0::float8),
                (CASE WHEN item.known <= item.limit_day THEN NULL
                      ELSE item.limit_day END,
                 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
                (CASE WHEN item.known <= item.due THEN NULL ELSE item.due END,
                 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, item.units),
                (item.known,
                 -(item.known > item.limit_day
                   AND (item.how = 2 OR item.settled <= item.limit_day))::int,
                 CASE WHEN item.known > item.limit_day THEN -(item.how = 2)::int
                      ELSE (item.how = 1)::int END,
                 (item.how = 1)::int,
                 (item.how = 1)::int * (item.settled - item.due),
                 (item.how = 1)::int * (item.settled - item.due) ^ 2,
                 0, 0, -1, -item.units,
                 -(item.known > item.due)::int,
                 -(item.known > item.due)::int * item.units)
                       ) change (day, known_late, known_number, paid, days, squares,
                                 issued_number, issued_amount, open_number, open_amount,
                                 overdue_number, overdue_amount)
                 WHERE item.is_usual AND change.day IS NOT NULL
             UNION ALL
                SELECT item.customer_id, item.weekday, question.day,
                       0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, question.id
                  FROM question
                  JOIN item ON item.id = question.id
            """
        )

    @api.model
    def _get_totals_sql(self):
        """The sums of all that came before each event; of the same day nothing."""
        names = (
            "known_late",
            "known_number",
            "paid",
            "days",
            "squares",
            "issued_number",
            "issued_amount",
            "open_number",
            "open_amount",
            "overdue_number",
            "overdue_amount",
        )
        sums = SQL(", ").join(
            SQL(
                "COALESCE(SUM(%(name)s) OVER before, 0) AS %(name)s",
                name=SQL.identifier(name),
            )
            for name in names
        )
        return SQL(
            """
                SELECT item_id, day, %(sums)s,
                       COALESCE(SUM(known_late) OVER same_weekday, 0) AS weekday_late,
                       COALESCE(SUM(known_number) OVER same_weekday, 0)
                           AS weekday_number
                  FROM event
                WINDOW before AS (PARTITION BY customer_id ORDER BY day
                           RANGE BETWEEN UNBOUNDED PRECEDING AND '1 day' PRECEDING),
                       same_weekday AS (PARTITION BY customer_id, weekday ORDER BY day
                           RANGE BETWEEN UNBOUNDED PRECEDING AND '1 day' PRECEDING)
            """,
            sums=sums,
        )
