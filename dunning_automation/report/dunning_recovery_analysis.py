from odoo import fields, models
from odoo.tools import SQL


class DunningRecoveryAnalysis(models.Model):
    """What failed, what was tried, and what came back: one row per step of a recovery.

    The first row of a recovery is its failure; each try is a row; a payment that is
    none of our tries is one, too. So sums over any group are right: what failed counts
    on the day on which it failed, what came back on the day, weekday, try and way that
    brought it.
    """

    _name = "dunning.recovery.analysis"
    _description = "Analysis of Failed Payments"
    _auto = False
    _rec_name = "recovery_id"
    _order = "date desc, id desc"

    date = fields.Datetime("Moment", readonly=True)
    weekday = fields.Selection(
        [
            ("1", "Monday"),
            ("2", "Tuesday"),
            ("3", "Wednesday"),
            ("4", "Thursday"),
            ("5", "Friday"),
            ("6", "Saturday"),
            ("7", "Sunday"),
        ],
        readonly=True,
        help="In the time zone of the company.",
    )
    channel = fields.Selection(
        [
            ("first", "First Charge"),
            ("retry", "Our Try"),
            ("page", "Customer, New Method"),
            ("other", "Customer, Otherwise"),
        ],
        readonly=True,
    )
    number = fields.Integer(
        "Try",
        readonly=True,
        aggregator=None,
        help="0 = the first charge, which failed.",
    )
    recovery_id = fields.Many2one("dunning.recovery", readonly=True)
    move_id = fields.Many2one("account.move", "Invoice", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    reason_id = fields.Many2one(
        "dunning.decline.reason",
        readonly=True,
        help="Why it failed, of the whole recovery: the last reason given.",
    )
    decline_class = fields.Selection(
        lambda self: self.env["dunning.recovery"]._fields["decline_class"].selection,
        readonly=True,
    )
    state = fields.Selection(
        lambda self: self.env["dunning.recovery"]._fields["state"].selection,
        readonly=True,
        help="Of the recovery, now.",
    )
    failed = fields.Integer("Failed Payments", readonly=True)
    failed_amount = fields.Monetary(readonly=True)
    tries = fields.Integer(readonly=True)
    recovered = fields.Integer("Recovered Payments", readonly=True)
    recovered_amount = fields.Monetary(readonly=True)
    churned = fields.Integer(
        "Lost Payments",
        readonly=True,
        help="Involuntary churn: the recovery ended, and nothing was paid.",
    )
    churned_amount = fields.Monetary("Lost Amount", readonly=True)

    @property
    def _table_query(self):
        """All amounts in the company's currency, at the rate of the invoice."""
        return SQL(
            """
            WITH known AS (
                SELECT recovery.*, company.currency_id AS company_currency_id,
                       recovery.amount / rate AS failed_amount_company,
                       COALESCE(recovery.recovered_amount, 0) / rate AS paid_amount,
                       recovery.state = 'ended'
                       AND move.payment_state IN ('not_paid', 'partial') AS is_lost,
                       won.id AS won_id, %(timezone)s AS timezone
                  FROM dunning_recovery recovery
                  JOIN account_move move ON move.id = recovery.move_id
                  JOIN res_company company ON company.id = recovery.company_id
                  JOIN res_partner partner ON partner.id = company.partner_id
            CROSS JOIN LATERAL (
                        SELECT COALESCE(NULLIF(move.invoice_currency_rate, 0), 1)
                               AS rate
                       ) AS rate
             LEFT JOIN LATERAL (
                        SELECT id
                          FROM dunning_recovery_attempt
                         WHERE recovery_id = recovery.id
                           AND state = 'done' AND recovery.state = 'recovered'
                         ORDER BY number DESC
                         LIMIT 1
                       ) AS won ON TRUE
            ), step AS (
                SELECT id AS recovery_id, id * 3 AS id, failed_at AS date,
                       'first' AS channel, 0 AS number, 1 AS failed,
                       failed_amount_company AS failed_amount, 0 AS tries,
                       0 AS recovered, 0 AS recovered_amount,
                       is_lost::int AS churned,
                       CASE WHEN is_lost THEN failed_amount_company ELSE 0 END
                           AS churned_amount
                  FROM known
             UNION ALL
                SELECT known.id, attempt.id * 3 + 1, attempt.started_at,
                       attempt.channel, attempt.number, 0, 0, 1,
                       (attempt.id = won_id)::int,
                       CASE WHEN attempt.id = won_id THEN paid_amount ELSE 0 END, 0, 0
                  FROM known
                  JOIN dunning_recovery_attempt attempt
                    ON attempt.recovery_id = known.id
             UNION ALL
                SELECT id, id * 3 + 2, recovered_at,
                       CASE WHEN recovered_by = 'update' THEN 'page' ELSE 'other' END,
                       attempt_count, 0, 0, 0, 1, paid_amount, 0, 0
                  FROM known
                 WHERE state = 'recovered' AND won_id IS NULL
            )
            SELECT step.*, known.move_id, known.partner_id, known.company_id,
                   known.company_currency_id AS currency_id, known.reason_id,
                   known.decline_class, known.state,
                   EXTRACT(ISODOW FROM step.date AT TIME ZONE 'UTC'
                           AT TIME ZONE known.timezone)::int::varchar AS weekday
              FROM step
              JOIN known ON known.id = step.recovery_id
            """,
            timezone=SQL("COALESCE(company.dunning_tz, partner.tz, 'UTC')"),
        )
