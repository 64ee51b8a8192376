from odoo import api, fields, models
from odoo.tools import SQL

WINDOWS = (7, 14, 30)
"""So many days after a message a payment is counted for it."""
PROMISE_DAYS = 14


class DunningNoticeAnalysis(models.Model):
    """What became of every message: one row each, so that any sum is right.

    Paid within n days: all that the message reminded of was settled by money (bank,
    cash or card journals) that was matched until the n-th day after it. Only messages
    whose n days are over are counted in its rate. Amounts are in company currency.
    """

    _name = "dunning.notice.analysis"
    _description = "Analysis of Messages"
    _auto = False
    _rec_name = "notice_id"
    _order = "date desc, id desc"

    notice_id = fields.Many2one("dunning.notice", "Message", readonly=True)
    date = fields.Date(
        readonly=True, help="On which it left, or was planned if it has not left."
    )
    hour = fields.Char(readonly=True, help="At which it left, as the company's clock.")
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    policy_id = fields.Many2one("dunning.policy", readonly=True)
    level_id = fields.Many2one("dunning.level", readonly=True)
    channel = fields.Selection(
        lambda self: self.env["dunning.action"]._fields["channel"].selection,
        readonly=True,
    )
    variant_id = fields.Many2one("dunning.action.variant", "Text", readonly=True)
    lang = fields.Char("Language", readonly=True)
    user_id = fields.Many2one(
        "res.users", "Collector", readonly=True, help="Of the case, now."
    )
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    country_id = fields.Many2one("res.country", readonly=True)
    state = fields.Selection(
        lambda self: self.env["dunning.notice"]._fields["state"].selection,
        readonly=True,
    )
    number = fields.Integer("Messages", readonly=True)
    sent = fields.Integer(readonly=True, help="Left, also those that arrived.")
    delivered = fields.Integer(readonly=True, help="Delivery was confirmed.")
    failed = fields.Integer(readonly=True)
    unknown = fields.Integer(readonly=True, help="May or may not have arrived.")
    opened = fields.Integer(
        readonly=True, help="Displayed, where messages may tell, or its link followed."
    )
    clicked = fields.Integer("Link Followed", readonly=True)
    promised = fields.Integer(
        readonly=True, help="The customer promised to pay within 14 days after it."
    )
    complaints = fields.Integer(
        readonly=True, help="The customer opted out within 14 days after it."
    )
    cost = fields.Monetary(readonly=True, help="Of text messages, by the price list.")
    amount = fields.Monetary("Reminded Of", readonly=True)
    paid_amount = fields.Monetary(
        "Paid within 30 Days", readonly=True, help="Of the amount, by money."
    )
    over_7 = fields.Integer("7 Days Over", readonly=True)
    paid_7 = fields.Integer("Paid within 7 Days", readonly=True)
    rate_7 = fields.Float("Paid within 7 Days (%)", readonly=True, aggregator="avg")
    over_14 = fields.Integer("14 Days Over", readonly=True)
    paid_14 = fields.Integer("Paid within 14 Days", readonly=True)
    rate_14 = fields.Float("Paid within 14 Days (%)", readonly=True, aggregator="avg")
    over_30 = fields.Integer("30 Days Over", readonly=True)
    paid_30 = fields.Integer("Paid within 30 Days (Number)", readonly=True)
    rate_30 = fields.Float("Paid within 30 Days (%)", readonly=True, aggregator="avg")

    @api.model
    def _get_select_fields(self):
        """{field: SQL} about ``notice`` and what is joined to it; others add theirs."""
        fields_ = {
            "id": "notice.id",
            "notice_id": "notice.id",
            "date": "COALESCE(sent.day, notice.date)",
            "hour": "TO_CHAR(sent.moment, 'HH24:00')",
            "company_id": "notice.company_id",
            "currency_id": "company.currency_id",
            "policy_id": "notice.policy_id",
            "level_id": "notice.level_id",
            "channel": "notice.channel",
            "variant_id": "notice.variant_id",
            "lang": "notice.lang",
            "user_id": "debt_case.user_id",
            "partner_id": "notice.partner_id",
            "country_id": "debtor.country_id",
            "state": "notice.state",
            "number": "1",
            "sent": "sent.has_left::int",
            "delivered": "(notice.state = 'delivered')::int",
            "failed": "(notice.state = 'failed')::int",
            "unknown": "(notice.state = 'unknown')::int",
            "opened": "COALESCE(told.opened, FALSE)::int",
            "clicked": "COALESCE(told.clicked, FALSE)::int",
            "promised": "told.promised::int",
            "complaints": "told.complained::int",
            "cost": "0",
            "amount": "asked.amount",
            "paid_amount": "LEAST(asked.paid_30, asked.amount)",
        }
        for days in WINDOWS:
            is_over = (
                f"(sent.has_left AND asked.number > 0 AND sent.day + {days} < today)"
            )
            is_paid = f"({is_over} AND asked.settled_{days} = asked.number)"
            fields_ |= {
                f"over_{days}": f"{is_over}::int",
                f"paid_{days}": f"{is_paid}::int",
                f"rate_{days}": f"CASE WHEN {is_over} THEN {is_paid}::int * 100.0 END",
            }
        return fields_

    @property
    def _table_query(self):
        columns = self._get_select_fields().items()
        return SQL(
            """
            SELECT %(columns)s
              FROM dunning_notice notice
              JOIN res_company company ON company.id = notice.company_id
              JOIN res_partner seller ON seller.id = company.partner_id
         LEFT JOIN res_partner debtor ON debtor.id = notice.partner_id
         LEFT JOIN dunning_case debt_case ON debt_case.id = notice.case_id
        CROSS JOIN LATERAL (
                   SELECT COALESCE(company.dunning_tz, seller.tz, 'UTC') AS timezone
                   ) clock
        CROSS JOIN LATERAL (
                   SELECT notice.state IN ('sent', 'delivered') AS has_left,
                          notice.date_sent AT TIME ZONE 'UTC'
                              AT TIME ZONE timezone AS moment,
                          (notice.date_sent AT TIME ZONE 'UTC'
                              AT TIME ZONE timezone)::date AS day,
                          (%(now)s::timestamp AT TIME ZONE 'UTC'
                              AT TIME ZONE timezone)::date AS today
                   ) sent
        CROSS JOIN LATERAL (
                   SELECT COUNT(*) AS number, SUM(step.residual) AS amount,
                          %(settled)s,
                          SUM(money.paid_30) AS paid_30
                     FROM dunning_notice_line step
               CROSS JOIN LATERAL (%(paid)s) money
                    WHERE step.notice_id = notice.id
                      AND step.is_step AND step.skip_reason IS NULL
                      AND step.drop_reason IS NULL
                   ) asked
        CROSS JOIN LATERAL (
                   SELECT (SELECT bool_or(TRUE)
                             FROM dunning_event event
                            WHERE event.notice_id = notice.id
                              AND event.kind IN ('message_opened', 'account_opened'))
                              AS opened,
                          (SELECT bool_or(TRUE)
                             FROM dunning_event event
                            WHERE event.notice_id = notice.id
                              AND event.kind = 'account_opened') AS clicked,
                          sent.has_left AND EXISTS (
                              SELECT 1
                                FROM dunning_promise promise
                               WHERE promise.partner_id = notice.partner_id
                                 AND promise.company_id = notice.company_id
                                 AND promise.create_date BETWEEN notice.date_sent
                                     AND notice.date_sent + %(promise_days)s
                                         * INTERVAL '1 day') AS promised,
                          sent.has_left AND EXISTS (
                              SELECT 1
                                FROM dunning_optout optout
                               WHERE optout.partner_id = notice.partner_id
                                 AND optout.date BETWEEN notice.date_sent
                                     AND notice.date_sent + %(promise_days)s
                                         * INTERVAL '1 day') AS complained
                   ) told
             WHERE notice.simulation IS NOT TRUE
            """,
            columns=SQL(", ").join(
                SQL("%s AS %s", SQL(value), SQL.identifier(name))
                for name, value in columns
            ),
            now=self.env.cr.now(),
            paid=self._get_paid_sql(SQL("step.move_line_id"), SQL("sent.day")),
            promise_days=PROMISE_DAYS,
            settled=SQL(", ").join(
                SQL(
                    "COUNT(*) FILTER (WHERE money.%s >= step.residual) AS %s",
                    SQL.identifier(f"paid_{days}"),
                    SQL.identifier(f"settled_{days}"),
                )
                for days in WINDOWS
            ),
        )

    @api.model
    def _get_paid_sql(self, line, day):
        """One row: ``paid_<n>``, what money settled of ``line`` (id of a receivable
        line) from ``day`` until ``n`` days later, in company currency."""
        return SQL(
            """SELECT %s
                 FROM account_partial_reconcile part
                 JOIN account_move_line payment ON payment.id = part.credit_move_id
                 JOIN account_journal ledger ON ledger.id = payment.journal_id
                WHERE part.debit_move_id = %s
                  AND part.max_date >= %s
                  AND ledger.type IN ('bank', 'cash', 'credit')""",
            SQL(", ").join(
                SQL(
                    """COALESCE(SUM(part.amount) FILTER (
                           WHERE part.max_date <= %s + %s), 0) AS %s""",
                    day,
                    days,
                    SQL.identifier(f"paid_{days}"),
                )
                for days in WINDOWS
            ),
            line,
            day,
        )
