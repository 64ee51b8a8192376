from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

MAX_ROWS = 1000
COLUMNS = (
    "id",
    "customer_number",
    "customer_name",
    "number",
    "invoice_date",
    "due_date",
    "amount",
    "open_amount",
    "currency",
    "company",
    "outcome",
    "reason",
    "level",
    "level_days",
    "last_message_date",
    "last_message_channel",
    "next_date",
    "next_level",
    "hold",
    "hold_until",
    "promise_date",
    "promise_amount",
    "dispute_until",
    "risk",
    "risk_band",
)
"""What is told of each open item, in this order; see ``get_rows``."""


class DunningState(models.AbstractModel):
    """Where each open receivable line stands, for other systems: reads only.

    Set-based: one statement per page, whatever its length.
    """

    _name = "dunning.state"
    _description = "State of Open Items"

    @api.model
    @api.readonly
    def get_rows(self, after_id=0, limit=MAX_ROWS, company_id=None):
        """A page of the open receivable lines that the user may read.

        ``POST /json/2/dunning.state/get_rows`` with an API key; go on with ``after_id``
        until ``next_id`` is null::

            curl https://odoo.example/json/2/dunning.state/get_rows \\
                -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
                -d '{"after_id": 0, "limit": 500}'

        :param int after_id: ``next_id`` of the page before; 0 = from the beginning
        :param int limit: rows of the page, 1 to 1000
        :param int company_id: one of the user's companies; None = those he works in
        :return: dict with ``rows`` and ``next_id`` (None: this is the last page). Each
            row is a dict with

            - ``id`` of the receivable line, ``customer_number`` and ``number``: the
              keys of the other system where the item was imported, else the reference
              of the customer and the number of the invoice
            - ``customer_name``, ``company``, ``invoice_date``, ``due_date``,
              ``amount`` and ``open_amount`` in ``currency`` (ISO code; credits are
              negative)
            - ``outcome`` and ``reason``: codes of ``tools/reasons.py``, what the last
              run decided (None: it was not evaluated yet)
            - ``level`` that was reached and ``level_days`` (its days after the due
              date), ``last_message_date`` and ``last_message_channel``, ``next_level``
              and ``next_date`` (first day on which it may apply)
            - ``hold`` (kind of what stops it today) and ``hold_until``;
              ``promise_date`` and ``promise_amount`` of an open promise,
              ``dispute_until``: until when an open dispute is to be resolved
            - ``risk`` of the customer, 0 to 1, and ``risk_band``, if it is known

            Dates are ``YYYY-MM-DD``, what is missing is None.
        :raise UserError: ``limit`` or ``company_id`` is none
        :raise AccessError: the user may not read decisions
        """
        self.env["dunning.decision"].check_access("read")
        if not 0 < limit <= MAX_ROWS:
            raise UserError(self.env._("A page has between 1 and %s rows.", MAX_ROWS))
        companies = self.env.companies
        if company_id:
            companies &= companies.browse(company_id)
            if not companies:
                raise UserError(
                    self.env._("You do not work in the company %s.", company_id)
                )
        rows = self.sudo()._read(companies, after_id, limit)
        return {
            "rows": rows,
            "next_id": rows[-1]["id"] if len(rows) == limit else None,
        }

    def _read(self, companies, after_id, limit):
        self.env["dunning.ledger"]._flush()
        self.env["dunning.exposure"].flush_model()
        self.env["dunning.promise"].flush_model()
        self.env["dunning.dispute"].flush_model()
        days = SQL(", ").join(
            SQL("(%s, %s::date)", company.id, company._dunning_today())
            for company in companies
        )
        rows = self.env.execute_query_dict(
            self._get_query(days, companies, after_id, limit)
        )
        return [self._finish(row) for row in rows]

    @api.model
    def _finish(self, row):
        """JSON has no dates; the name of a level is in the user's language."""
        level = self.env["dunning.level"]
        row["level"] = level.browse(row["level"]).name if row["level"] else None
        if row["next_level"]:
            row["next_level"] = level.browse(row["next_level"]).name
        return {
            name: value.isoformat() if hasattr(value, "isoformat") else value
            for name, value in row.items()
        }

    def _get_query(self, days, companies, after_id, limit):
        return SQL(
            """
            WITH today (company_id, day) AS (VALUES %(days)s)
            SELECT line.id,
                   COALESCE(move.dunning_import_customer, debtor.ref)
                       AS customer_number,
                   debtor.name AS customer_name,
                   COALESCE(move.dunning_import_number, move.name) AS number,
                   COALESCE(move.invoice_date, move.date) AS invoice_date,
                   COALESCE(line.date_maturity, line.date) AS due_date,
                   line.amount_currency::float AS amount,
                   line.amount_residual_currency::float AS open_amount,
                   currency.name AS currency, company.name AS company,
                   decision.outcome, decision.reason,
                   decision.level_id AS level, level.delay_days AS level_days,
                   said.date AS last_message_date,
                   said.channel AS last_message_channel,
                   decision.next_date, decision.next_level_id AS next_level,
                   hold.kind AS hold, hold.date_end AS hold_until,
                   promise.date AS promise_date,
                   promise.amount::float AS promise_amount,
                   dispute.deadline AS dispute_until,
                   exposure.score::float AS risk, exposure.band AS risk_band
              FROM account_move_line line
              JOIN today ON today.company_id = line.company_id
              JOIN account_move move ON move.id = line.move_id
              JOIN res_company company ON company.id = line.company_id
              JOIN res_currency currency ON currency.id = line.currency_id
         LEFT JOIN res_partner partner ON partner.id = line.partner_id
         LEFT JOIN res_partner debtor ON debtor.id = partner.commercial_partner_id
         LEFT JOIN dunning_decision decision ON decision.move_line_id = line.id
         LEFT JOIN dunning_level level ON level.id = decision.level_id
         LEFT JOIN dunning_exposure exposure ON exposure.partner_id = debtor.id
                                            AND exposure.company_id = line.company_id
         LEFT JOIN LATERAL (
                SELECT notice.date, notice.channel
                  FROM dunning_notice_line told
                  JOIN dunning_notice notice ON notice.id = told.notice_id
                 WHERE told.move_line_id = line.id
                   AND notice.state IN ('sent', 'delivered')
                 ORDER BY notice.date DESC, notice.id DESC
                 LIMIT 1) AS said ON TRUE
         LEFT JOIN LATERAL (
                SELECT hold.kind, hold.date_end
                  FROM dunning_hold hold
                 WHERE hold.partner_id = debtor.id
                   AND hold.company_id = line.company_id
                   AND hold.state = 'active' AND hold.date_end >= today.day
                   AND (hold.scope = 'customer' OR EXISTS (
                        SELECT 1 FROM dunning_hold_line_rel rel
                         WHERE rel.hold_id = hold.id AND rel.line_id = line.id))
                 ORDER BY hold.date_end DESC, hold.id
                 LIMIT 1) AS hold ON TRUE
         LEFT JOIN LATERAL (%(promises)s) AS promise ON TRUE
         LEFT JOIN LATERAL (%(disputes)s) AS dispute ON TRUE
             WHERE line.id > %(after)s
               AND line.company_id = ANY(%(companies)s)
               AND line.parent_state = 'posted'
               AND line.reconciled IS NOT TRUE
               AND line.amount_residual_currency != 0
               AND line.account_id IN (SELECT id FROM account_account
                                        WHERE account_type = 'asset_receivable')
             ORDER BY line.id
             LIMIT %(limit)s""",
            days=days,
            promises=self._get_agreement_sql("dunning.promise"),
            disputes=self._get_agreement_sql("dunning.dispute"),
            after=after_id,
            companies=companies.ids,
            limit=limit,
        )

    @api.model
    def _get_agreement_sql(self, model_name):
        """The open agreement about ``line`` that was made last."""
        model = self.env[model_name]
        items = model._fields["move_line_ids"]
        return SQL(
            """SELECT agreement.*
                 FROM %(table)s agreement
                 JOIN %(items)s item ON item.%(own)s = agreement.id
                WHERE item.%(line)s = line.id AND agreement.state = 'open'
                ORDER BY agreement.id DESC
                LIMIT 1""",
            table=SQL.identifier(model._table),
            items=SQL.identifier(items.relation),
            own=SQL.identifier(items.column1),
            line=SQL.identifier(items.column2),
        )

    @api.model
    def _iterate(self):
        """All rows of the user's companies, page by page."""
        after_id = 0
        while after_id is not None:
            page = self.get_rows(after_id)
            yield from page["rows"]
            after_id = page["next_id"]
