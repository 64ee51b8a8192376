import io

from odoo import api, models
from odoo.tools import SQL

from ..tools import back_test, binary_copy
from ..tools.features import to_number
from ..tools.ledger import COLUMNS, PRIOR, Ledger
from ..tools.report import Report

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

    One statement for any number of lines: each line of a company with what became of
    it and when that was known. What is known of it on any day follows from them, see
    ``tools/ledger.py``.

    Left out: lines that are due when they are issued, and amounts that are none. What
    credit notes or write-offs settle closes a line, but is no payment.
    """

    _name = "dunning.risk.features"
    _description = "Risk Features"

    @api.model
    def _read_ledger(self, company, grace, shift):
        """The lines of ``company`` with what became of them.

        :param int grace: days after the due date that do not count as late
        :param bool shift: a due date at the weekend means the Monday after it
        :rtype: tools.ledger.Ledger
        """
        self._prepare_database()
        columns = SQL(
            """id, customer_id, issued - DATE '1970-01-01', due - DATE '1970-01-01',
               limit_day - DATE '1970-01-01', settled - DATE '1970-01-01',
               known - DATE '1970-01-01', how, amount"""
        )
        items = self._get_items_sql(company, grace, shift)
        rows = SQL("WITH %s SELECT %s FROM item", items, columns)
        return Ledger.from_table(self._copy(rows, COLUMNS))

    @api.model
    def _read_issued(self, company, until, grace, shift):
        """Every line of ``company`` issued before ``until``, on the day of its issue.
        See ``_read_ledger``.

        :param date until: lines from then on are left out
        :rtype: tools.features.Samples
        """
        ledger = self._read_ledger(company, grace, shift)
        return ledger.issued_before(to_number(until))

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
    def _prepare_database(self):
        """What is read has to be there, and memory for reading it at once."""
        self.env["dunning.planner"]._set_database()
        for model_name, field_names in READ_FIELDS.items():
            self.env[model_name].flush_model(field_names)

    @api.model
    def _copy(self, query, names):
        """The rows of ``query``, whose columns are numbers, as an array of double
        precision (NULL: NaN): a few bytes each, where Python's objects would need
        hundreds."""
        cr, found = self.env.cr, io.BytesIO()
        floats = SQL(", ").join(
            SQL("COALESCE(%s::float8, 'NaN')", SQL.identifier(name)) for name in names
        )
        rows = SQL(
            "COPY (SELECT %s FROM (%s) AS row (%s)) TO STDOUT (FORMAT binary)",
            floats,
            query,
            SQL(", ").join(map(SQL.identifier, names)),
        )
        cr.copy_expert(cr.mogrify(rows).decode(), found)
        return binary_copy.read(found.getbuffer(), len(names))

    @api.model
    def _get_items_sql(self, company, grace, shift):
        """``item``: the receivable lines with what became of them.

        A line is settled on the day on which 99.5 % of it are; this is known when the
        last of these was booked. Where a hundred and more are booked on one day, for
        days a month ago on average, an older ledger was taken over: it was known there.
        """
        return SQL(
            """
            receivable AS MATERIALIZED (
                SELECT line.id, move.commercial_partner_id AS customer_id, dates.issued,
                       dates.due, line.balance, line.amount_currency
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
            CROSS JOIN LATERAL (
                SELECT COALESCE(move.invoice_date, move.date) AS issued,
                       COALESCE(line.date_maturity, move.invoice_date_due, line.date)
                           AS due
                       ) dates
                 WHERE line.company_id = %(company)s
                   AND line.parent_state = 'posted'
                   -- Joined, few lines are expected, and each entry is looked up.
                   AND line.account_id = ANY(ARRAY(
                       SELECT id FROM account_account
                        WHERE account_type = 'asset_receivable'))
                   AND move.move_type = 'out_invoice'
                   AND move.commercial_partner_id IS NOT NULL
                   AND line.balance > 0
                   AND line.balance < 1e15
                   AND dates.due BETWEEN DATE '1970-01-01' AND DATE '2200-01-01'
            ), booked AS (
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
                SELECT booked.id, debit_move_id, max_date, receivable.amount_currency,
                       SUM(amount) OVER so_far AS settled,
                       SUM(amount) FILTER (WHERE is_payment) OVER so_far AS paid,
                       MAX(known) OVER so_far AS known
                  FROM booked
                  JOIN receivable ON receivable.id = booked.debit_move_id
                WINDOW so_far AS (
                    PARTITION BY debit_move_id ORDER BY max_date, booked.id)
            ), settlement AS (
                SELECT DISTINCT ON (debit_move_id) debit_move_id,
                       max_date AS settled, known,
                       CASE WHEN paid * 2 >= settled THEN 1 ELSE 2 END AS how
                  FROM running
                 WHERE settled >= amount_currency * 0.995
                 ORDER BY debit_move_id, max_date, id
            ), item AS (
                SELECT receivable.id, customer_id, issued, due,
                       balance::float8 AS amount,
                       due + %(grace)s + CASE
                           WHEN %(shift)s AND EXTRACT(ISODOW FROM due) > 5
                           THEN 8 - EXTRACT(ISODOW FROM due)::int
                           ELSE 0 END AS limit_day,
                       settlement.settled,
                       CASE WHEN known IS NOT NULL
                            THEN GREATEST(known, issued) END AS known,
                       COALESCE(how, 0) AS how, due > issued AS is_usual
                  FROM receivable
             LEFT JOIN settlement ON settlement.debit_move_id = receivable.id
            )
            """,
            company=company.id,
            grace=grace,
            shift=shift,
        )
