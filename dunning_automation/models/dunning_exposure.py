import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..fields import FollowingMany2one
from ..tools import risk
from ..tools.risk import History

BANDS = [("low", "Low"), ("medium", "Medium"), ("high", "High")]
READ_FIELDS = {
    "account.account": ["account_type"],
    "account.journal": ["type"],
    "account.move": ["move_type"],
    "account.move.line": [
        "account_id",
        "date",
        "date_maturity",
        "journal_id",
        "move_id",
        "partner_id",
        "reconciled",
    ],
    "account.partial.reconcile": None,
    "dunning.case": None,
    "dunning.promise": None,
    "res.partner": ["commercial_partner_id"],
}


class DunningExposure(models.Model):
    """How likely the money that a customer owes a company is to stay out, and why.

    A table of its own: the daily run writes it for many customers at once, and must
    neither wait for nor overrun somebody who edits a customer. Filled by
    ``res.partner._dunning_compute_risk`` alone.
    """

    _name = "dunning.exposure"
    _description = "Dunning Risk"
    _order = "score desc, id"
    _rec_name = "partner_id"
    _log_access = False
    _allow_sudo_commands = False

    partner_id = FollowingMany2one(
        "res.partner", "Customer", required=True, readonly=True, ondelete="cascade"
    )  # Already has an index from the unique constraint.
    company_id = FollowingMany2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    score = fields.Float("Risk", readonly=True, aggregator="avg")
    band = fields.Selection(BANDS, "Risk Band", required=True, readonly=True)
    reasons = fields.Json(
        readonly=True, help="Codes of tools/risk.py with their figures, or words."
    )
    date = fields.Date("Computed On", readonly=True)

    _partner_company_uniq = models.Constraint(
        "UNIQUE(partner_id, company_id)", "A customer has one risk per company."
    )

    def init(self):
        self.env["dunning.dashboard.total"]._follow_risks()

    # === READING === #

    def _get_words(self):
        """The reasons in the user's language: “8 of 10 invoices paid late, ...”."""
        return ", ".join(
            reason if isinstance(reason, str) else self._get_reason_words(*reason)
            for reason in self.reasons or []
        )

    @api.model
    def _get_reason_words(self, code, *figures):
        words = {
            "no_history": self.env._("no payment history yet"),
            "pays_on_time": self.env._("pays on time (%s invoices)", *figures[:1]),
            "pays_late": self.env._(
                "%(late)s of %(paid)s invoices paid late, %(days)s days on average",
                **dict(zip(("late", "paid", "days"), figures, strict=False)),
            )
            if code == "pays_late"
            else "",
            "arrears": self._say_days_overdue(*figures[:1]),
            "broken": self.env._("broken promises: %s", *figures[:1]),
            "episodes": self.env._("earlier episodes: %s", *figures[:1]),
        }
        return words.get(code, code)

    @api.model
    def _say_days_overdue(self, days=0):
        if days == 1:
            return self.env._("1 day overdue")
        return self.env._("%s days overdue", days)

    @api.model
    def _search_of(self, partners, company):
        """{debtor: exposure} of the commercial partners of ``partners``."""
        rows = self.sudo().search(
            [
                ("partner_id", "in", partners.commercial_partner_id.ids),
                ("company_id", "=", company.id),
            ]
        )
        return {row.partner_id.with_env(partners.env): row for row in rows}

    # === THE RULE'S FIGURES === #

    @api.model
    def _read_histories(self, company, today):
        """What the ledger and our records say about every debtor with an open case.

        :return: list of (partner id, ``History``), and the portfolio's base rate
        """
        for model_name, field_names in READ_FIELDS.items():
            self.env[model_name].flush_model(field_names)
        rows = self.env.execute_query(self._get_histories_sql(company, today))
        histories = [
            (partner_id, History(paid, late, days_late, arrears, broken, episodes))
            for (
                partner_id,
                paid,
                late,
                days_late,
                arrears,
                broken,
                episodes,
                *_portfolio,
            ) in rows
        ]
        base = risk.base_rate(*rows[0][-3:]) if rows else risk.NO_BASE_RATE
        return histories, base

    @api.model
    def _get_histories_sql(self, company, today):
        """One row per debtor; the last three columns are the portfolio's, on each.

        Only payments count: an invoice that a credit note settled was not paid.
        """
        return SQL(
            """
            WITH settled AS MATERIALIZED (
                SELECT partner.commercial_partner_id AS partner_id,
                       MAX(part.max_date) - COALESCE(line.date_maturity, line.date)
                           AS days_late
                  FROM account_partial_reconcile part
                  JOIN account_move_line line ON line.id = part.debit_move_id
                  JOIN account_account account ON account.id = line.account_id
                  JOIN account_move move ON move.id = line.move_id
                  JOIN account_move_line payment ON payment.id = part.credit_move_id
                  JOIN account_journal journal ON journal.id = payment.journal_id
                  JOIN res_partner partner ON partner.id = line.partner_id
                 WHERE part.company_id = %(company)s
                   AND part.max_date > %(since)s
                   AND line.reconciled
                   AND account.account_type = 'asset_receivable'
                   AND move.move_type IN ('out_invoice', 'out_receipt')
                   AND journal.type IN ('bank', 'cash', 'credit')
                 GROUP BY partner.commercial_partner_id, line.id
            ), habit AS (
                SELECT partner_id, COUNT(*) AS paid,
                       COUNT(*) FILTER (WHERE days_late > 0) AS late,
                       COALESCE(AVG(days_late) FILTER (WHERE days_late > 0), 0)
                           AS days_late
                  FROM settled
                 GROUP BY partner_id
            ), portfolio AS (
                SELECT COUNT(*) AS paid,
                       COUNT(*) FILTER (WHERE days_late > 0) AS late,
                       COALESCE(AVG(days_late) FILTER (WHERE days_late > 0), 0)
                           AS days_late
                  FROM settled
            ), promises AS (
                SELECT partner_id, COUNT(*) AS broken
                  FROM dunning_promise
                 WHERE company_id = %(company)s
                   AND state = 'broken'
                 GROUP BY partner_id
            )
            SELECT debt_case.partner_id,
                   COALESCE(habit.paid, 0), COALESCE(habit.late, 0),
                   COALESCE(habit.days_late, 0)::float,
                   CASE WHEN debt_case.overdue_amount > 0
                        THEN GREATEST(%(today)s - debt_case.oldest_due_date, 0)
                        ELSE 0 END,
                   COALESCE(promises.broken, 0), debt_case.cycle - 1,
                   portfolio.paid, portfolio.late, portfolio.days_late::float
              FROM dunning_case debt_case
        CROSS JOIN portfolio
         LEFT JOIN habit ON habit.partner_id = debt_case.partner_id
         LEFT JOIN promises ON promises.partner_id = debt_case.partner_id
             WHERE debt_case.company_id = %(company)s
               AND debt_case.state = 'open'
            """,
            company=company.id,
            since=today - timedelta(days=risk.HISTORY_DAYS),
            today=today,
        )

    # === WRITING === #

    @api.model
    def _store(self, company, today, rows):
        """Keep the scores of many customers in one statement, where they changed.

        :param rows: list of (partner id, score 0..1, reasons); a reason is a list of a
            code and figures, or a text
        """
        if not rows:
            return
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO dunning_exposure AS known
                       (partner_id, company_id, score, band, reasons, date)
                SELECT partner_id, %(company)s, score, band, reasons, %(today)s
                  FROM UNNEST(%(partners)s, %(scores)s, %(bands)s, %(reasons)s::jsonb[])
                       AS given (partner_id, score, band, reasons)
                    ON CONFLICT (partner_id, company_id) DO UPDATE
                   SET score = EXCLUDED.score, band = EXCLUDED.band,
                       reasons = EXCLUDED.reasons, date = EXCLUDED.date
                 WHERE (known.score, known.reasons)
                       IS DISTINCT FROM (EXCLUDED.score, EXCLUDED.reasons)
                """,
                company=company.id,
                today=today,
                partners=[partner_id for partner_id, *_others in rows],
                scores=[score for _partner_id, score, _reasons in rows],
                bands=[risk.band(score) for _partner_id, score, _reasons in rows],
                reasons=[json.dumps(reasons) for _partner_id, _score, reasons in rows],
            )
        )
        self.invalidate_model()
