from datetime import timedelta

import numpy as np

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import cash_forecast
from ..tools.day_model import Days

KEPT_DAYS = 400


class DunningForecast(models.Model):
    """What open invoices are expected to bring in, per day and per week for 13 weeks,
    with a band that holds in 8 of 10 cases; beside it what came of the same invoices.

    Made anew every night. Those of Mondays stay, to be compared with what came.
    """

    _name = "dunning.forecast"
    _description = "Cash Forecast"
    _order = "made_on desc, period, date"
    _rec_name = "date"
    _log_access = False
    _allow_sudo_commands = False

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    made_on = fields.Date(required=True, readonly=True)
    is_current = fields.Boolean(readonly=True)
    period = fields.Selection(
        [("day", "Day"), ("week", "Week")], required=True, readonly=True
    )
    date = fields.Date(
        "From", required=True, readonly=True, help="The day, or the first of seven."
    )
    expected = fields.Monetary(readonly=True)
    low = fields.Monetary("At Least (90 %)", readonly=True)
    high = fields.Monetary("At Most (90 %)", readonly=True)
    actual = fields.Monetary(
        "Came In",
        readonly=True,
        help="Payments of those invoices that were open when this was forecast.",
    )
    is_over = fields.Boolean(
        "Over", readonly=True, help="The period is over: what came in is known."
    )

    _date_uniq = models.Constraint(
        "UNIQUE(company_id, made_on, period, date)", "One forecast per day and period."
    )

    @api.model
    def _forecast(self, company):
        """Make the forecast of ``company`` from its predictions of today."""
        today = company._dunning_today()
        rows = self.env.execute_query(self._get_lines_sql(company, today))
        self._forget(company, today)
        self._compare(company, today)
        if not rows:
            return
        due, low, high, amounts, customers = (
            np.array(values, dtype=float) for values in zip(*rows, strict=True)
        )
        draws = cash_forecast.draw(Days(due, low, high), amounts, customers)
        for period, step, found in (
            ("day", 1, cash_forecast.summarise(draws)),
            ("week", 7, cash_forecast.summarise(cash_forecast.per_week(draws))),
        ):
            self._store(company, today, period, step, found)

    @api.model
    def _get_lines_sql(self, company, today):
        """Days from today to the payment and its ends, the amount, the customer."""
        self.env["dunning.prediction"].flush_model()
        return SQL(
            """
            SELECT GREATEST(prediction.expected_date - %(today)s, 0),
                   GREATEST(prediction.date_low - %(today)s, 0),
                   GREATEST(prediction.date_high - %(today)s, 0),
                   line.amount_residual, COALESCE(prediction.partner_id, 0)
              FROM dunning_prediction prediction
              JOIN account_move_line line ON line.id = prediction.move_line_id
             WHERE prediction.company_id = %(company)s
               AND prediction.expected_date IS NOT NULL
               AND prediction.date = %(today)s
               AND line.reconciled IS NOT TRUE
               AND line.parent_state = 'posted'
               AND line.amount_residual > 0
             ORDER BY line.id
            """,
            company=company.id,
            today=today,
        )

    @api.model
    def _forget(self, company, today):
        """Only Mondays stay, for a year; the current one is made anew."""
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM dunning_forecast
                 WHERE company_id = %(company)s
                   AND (made_on = %(today)s OR made_on < %(oldest)s
                        OR made_on < %(today)s AND EXTRACT(ISODOW FROM made_on) != 1);
                UPDATE dunning_forecast SET is_current = FALSE
                 WHERE company_id = %(company)s AND is_current
                """,
                company=company.id,
                oldest=today - timedelta(days=KEPT_DAYS),
                today=today,
            )
        )
        self.invalidate_model()

    @api.model
    def _store(self, company, today, period, step, found):
        days = [today + timedelta(days=step * n) for n in range(len(found.expected))]
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO dunning_forecast
                       (company_id, made_on, is_current, period, date, expected, low,
                        high, is_over)
                SELECT %(company)s, %(today)s, TRUE, %(period)s, day,
                       ROUND(expected::numeric, %(digits)s),
                       ROUND(low::numeric, %(digits)s),
                       ROUND(high::numeric, %(digits)s), FALSE
                  FROM UNNEST(%(days)s::date[], %(expected)s::float[],
                              %(low)s::float[], %(high)s::float[])
                       AS given (day, expected, low, high)
                """,
                company=company.id,
                days=days,
                digits=company.currency_id.decimal_places,
                expected=found.expected.tolist(),
                high=found.high.tolist(),
                low=found.low.tolist(),
                period=period,
                today=today,
            )
        )
        self.invalidate_model()

    @api.model
    def _compare(self, company, today):
        """Write what came in beside the periods that are over since the last time."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE dunning_forecast forecast
                   SET is_over = TRUE,
                       actual = COALESCE((
                           SELECT SUM(part.amount)
                             FROM account_partial_reconcile part
                             JOIN account_move_line line ON line.id = part.debit_move_id
                             JOIN account_move move ON move.id = line.move_id
                             JOIN account_account account
                               ON account.id = line.account_id
                             JOIN account_move_line payment
                               ON payment.id = part.credit_move_id
                             JOIN account_journal journal
                               ON journal.id = payment.journal_id
                            WHERE part.company_id = forecast.company_id
                              AND part.max_date >= forecast.date
                              AND part.max_date < forecast.date + length.days
                              AND account.account_type = 'asset_receivable'
                              AND move.move_type = 'out_invoice'
                              AND COALESCE(move.invoice_date, move.date)
                                  <= forecast.made_on
                              AND journal.type IN ('bank', 'cash', 'credit')), 0)
                  FROM (VALUES ('day', 1), ('week', 7)) AS length (period, days)
                 WHERE forecast.company_id = %(company)s
                   AND NOT forecast.is_over
                   AND length.period = forecast.period
                   AND forecast.date + length.days <= %(today)s
                """,
                company=company.id,
                today=today,
            )
        )
        self.invalidate_model()
