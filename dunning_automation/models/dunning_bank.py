from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL, format_date

from ..tools.bank_reference import KEY
from .account_move import REFERABLE

MAX_DAYS = 60
"""A bank transaction that nobody matched in this time holds nothing back any more."""
IN_USE_DAYS = 90
"""A bank journal without a newer transaction is out of use, unless it is named."""


class DunningBank(models.AbstractModel):
    """What the bank says, before anybody else is told to pay: how old its transactions
    are, and which of those that nobody matched yet may pay an open item."""

    _name = "dunning.bank"
    _description = "Dunning: Bank Transactions"

    # === HOW OLD IS WHAT WE KNOW? === #

    @api.model
    def _find_stale(self, companies):
        """{company: why its automatic run must wait}, of those that set a limit."""
        companies = companies.filtered("dunning_bank_max_age_days")
        if not companies:
            return {}
        journals = self.env["account.journal"].search(
            [
                ("type", "=", "bank"),
                ("company_id", "in", companies.parent_ids.ids),
            ]
        )
        last_dates = self._read_last_dates(
            journals | companies.dunning_bank_journal_ids,
            max(company._dunning_today() for company in companies),
        )
        reasons = {
            company: self._explain_stale(company, journals, last_dates)
            for company in companies
        }
        return {company: reason for company, reason in reasons.items() if reason}

    @api.model
    def _read_last_dates(self, journals, today):
        """{journal: date of its newest posted transaction, None if it has none}. One
        with a date in the future is a typing error and says nothing."""
        for model_name in ("account.bank.statement.line", "account.move"):
            self.env[model_name].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT journal.id, newest.date
                     FROM account_journal journal
                LEFT JOIN LATERAL (
                           SELECT entry.date
                             FROM account_bank_statement_line transfer
                             JOIN account_move entry ON entry.id = transfer.move_id
                            WHERE transfer.journal_id = journal.id
                              AND transfer.internal_index < %s
                              AND entry.state = 'posted'
                            ORDER BY transfer.internal_index DESC
                            LIMIT 1
                          ) AS newest ON TRUE
                    WHERE journal.id = ANY(%s)""",
                (today + timedelta(days=1)).strftime("%Y%m%d"),
                journals.ids,
            )
        )
        return {journals.browse(journal_id): date for journal_id, date in rows}

    @api.model
    def _explain_stale(self, company, journals, last_dates):
        """Which journals of ``company`` are too old and what to do; empty if none."""
        today = company._dunning_today()
        in_use = today - timedelta(days=IN_USE_DAYS)
        watched = company.dunning_bank_journal_ids or journals.filtered(
            lambda journal: (
                journal.company_id in company.parent_ids
                and last_dates[journal]
                and last_dates[journal] >= in_use
            )
        )
        if not watched:
            return self.env._(
                "No bank journal has a transaction of the last %(days)s days. Import "
                "bank statements, or start the run by hand.",
                days=IN_USE_DAYS,
            )
        oldest = today - timedelta(days=company.dunning_bank_max_age_days)
        never = self.env._("never")
        stale = [
            self.env._(
                "%(journal)s (last transaction: %(date)s)",
                journal=journal.name,
                date=format_date(self.env, date) if date else never,
            )
            for journal in watched
            if not (date := last_dates[journal]) or date < oldest
        ]
        return stale and self.env._(
            "Bank data is older than %(days)s days: %(journals)s. Import the "
            "statements, or start the run by hand.",
            days=company.dunning_bank_max_age_days,
            journals=", ".join(stale),
        )

    # === IS IT PAID ALREADY? === #

    @api.model
    def _stop_conditions(self, company):
        """The stop sign of ``dunning.policy._stop_conditions``, if the company wants
        it."""
        if not company.dunning_hold_possible_payments:
            return []
        return [
            (
                "possible_payment",
                SQL("line.id IN (SELECT move_line_id FROM possible_payment)"),
            )
        ]

    @api.model
    def _get_possible_payments_sql(self, company, now, partners=None):
        """A query: which unmatched bank transaction may pay which open item.

        Incoming transactions of the company, or of the parent that banks for it, that
        are posted, not matched, not older than ``MAX_DAYS`` and not dismissed for the
        debtor. Each fits in one way only, the first of:

        - its reference names the item's invoice, whoever paid;
        - it is the debtor's and of the same amount as an item; the oldest item first,
          so that one payment of a monthly fee answers for one month;
        - it is all that the debtor owes and is overdue, with or without his credits.

        It starts from the transactions, of which there are few, and costs next to
        nothing where there are none.

        :param SQL now: see ``_get_net_lines_cte``
        :param SQL partners: array of commercial partners to look at; None = all
        """
        items = SQL(
            """SELECT line.id AS move_line_id, debtor.commercial_partner_id
                          AS partner_id, line.currency_id,
                      line.amount_residual_currency AS residual,
                      COALESCE(line.date_maturity, line.date) AS date_due,
                      line.move_id
                 FROM account_move_line line
                 JOIN res_partner debtor ON debtor.id = line.partner_id
                WHERE line.account_id IN (
                          SELECT id
                            FROM account_account
                           WHERE account_type = 'asset_receivable')
                  AND line.reconciled IS NOT TRUE
                  AND line.parent_state = 'posted'
                  AND line.company_id = %s
                  AND line.amount_residual_currency != 0
                  AND %s""",
            company.id,
            SQL("debtor.commercial_partner_id = ANY(%s)", partners)
            if partners
            else SQL("TRUE"),
        )
        # A debtor's few items look for their number among the tokens; the tokens look
        # for an invoice of the whole ledger in its index. Never the other way round.
        named, concerned = (
            self._get_named_in_items_sql(items, partners)
            if partners
            else (self._get_named_in_ledger_sql(items), SQL("TRUE"))
        )
        today = self.env["dunning.ledger"]._get_local_date_sql(company, now)
        return SQL(
            """
            WITH unmatched AS MATERIALIZED (
                SELECT transfer.id, transfer.payment_ref, transfer.internal_index,
                       payer.commercial_partner_id AS payer_id, transfer.amount,
                       transfer.currency_id, transfer.foreign_currency_id,
                       transfer.amount_currency,
                       ROUND(-transfer.amount_residual::numeric, 4) AS residual
                  FROM account_bank_statement_line transfer
                  JOIN account_move entry ON entry.id = transfer.move_id
             LEFT JOIN res_partner payer ON payer.id = transfer.partner_id
                 WHERE transfer.company_id = ANY(%(companies)s)
                   AND transfer.is_reconciled IS NOT TRUE
                   AND transfer.amount > 0
                   AND transfer.internal_index
                       >= TO_CHAR(%(today)s - %(max_days)s, 'YYYYMMDD')
                   AND entry.state = 'posted'
                   AND %(concerned)s
            ), dismissed AS (
                SELECT statement_line_id, partner_id
                  FROM dunning_dismissed_payment_rel
                 WHERE statement_line_id IN (SELECT id FROM unmatched)
            ), by_reference AS MATERIALIZED (
                SELECT DISTINCT token.statement_line_id, item.move_line_id,
                       item.partner_id
                  FROM (SELECT id AS statement_line_id,
                               UNNEST(dunning_reference_tokens(payment_ref)) AS text
                          FROM unmatched) AS token
                  %(named)s
                 WHERE item.residual > 0
                   AND (token.statement_line_id, item.partner_id)
                       NOT IN (SELECT * FROM dismissed)
            ), paid AS MATERIALIZED (
                -- What came from a known payer, in the currencies in which it is known.
                SELECT unmatched.id AS statement_line_id, payer_id AS partner_id,
                       known.currency_id, known.amount,
                       ROW_NUMBER() OVER (
                           PARTITION BY payer_id, known.currency_id, known.amount
                               ORDER BY internal_index, unmatched.id) AS place
                  FROM unmatched
            CROSS JOIN LATERAL (
                       VALUES (COALESCE(foreign_currency_id, currency_id), residual),
                              (CASE WHEN foreign_currency_id IS NOT NULL
                                     AND residual = amount_currency
                                    THEN currency_id END, unmatched.amount)
                       ) AS known(currency_id, amount)
                 WHERE payer_id IS NOT NULL
                   AND (unmatched.id, payer_id) NOT IN (SELECT * FROM dismissed)
                   AND (unmatched.id, payer_id) NOT IN (
                       SELECT statement_line_id, partner_id FROM by_reference)
            ), owed AS MATERIALIZED (
                SELECT item.*
                  FROM (%(items)s) AS item
                 WHERE item.partner_id IN (SELECT partner_id FROM paid)
            ), by_amount AS MATERIALIZED (
                SELECT paid.statement_line_id, owed.move_line_id, owed.partner_id
                  FROM paid
                  JOIN (SELECT owed.*, ROW_NUMBER() OVER (
                               PARTITION BY partner_id, currency_id, residual
                                   ORDER BY date_due, move_line_id) AS place
                          FROM owed
                         WHERE move_line_id NOT IN (
                               SELECT move_line_id FROM by_reference)
                       ) AS owed
                    ON owed.partner_id = paid.partner_id
                   AND owed.currency_id = paid.currency_id
                   AND owed.residual = paid.amount
                   AND owed.place = paid.place
            ), total AS (
                SELECT partner_id, currency_id,
                       SUM(residual) FILTER (
                           WHERE residual > 0 AND date_due < %(today)s) AS overdue,
                       COALESCE(SUM(residual) FILTER (WHERE residual < 0), 0) AS credit
                  FROM owed
                 GROUP BY partner_id, currency_id
            ), by_total AS (
                SELECT paid.statement_line_id, owed.move_line_id, owed.partner_id
                  FROM paid
                  JOIN total ON total.partner_id = paid.partner_id
                            AND total.currency_id = paid.currency_id
                            AND paid.amount IN (
                                total.overdue, total.overdue + total.credit)
                  JOIN owed ON owed.partner_id = total.partner_id
                           AND owed.currency_id = total.currency_id
                           AND owed.residual > 0
                           AND owed.date_due < %(today)s
                 WHERE paid.statement_line_id NOT IN (
                       SELECT statement_line_id FROM by_amount)
            )
            SELECT * FROM by_reference
             UNION SELECT * FROM by_amount
             UNION SELECT * FROM by_total
            """,
            companies=company.parent_ids.ids,
            concerned=concerned,
            items=items,
            max_days=MAX_DAYS,
            named=named,
            today=today,
        )

    @api.model
    def _get_named_in_ledger_sql(self, items):
        """Join: the ``item`` whose invoice a ``token`` names."""
        return SQL(
            """CROSS JOIN LATERAL (
                       SELECT id
                         FROM account_move
                        WHERE %(name)s = token.text AND %(referable)s
                    UNION ALL
                       SELECT id
                         FROM account_move
                        WHERE %(reference)s = token.text AND %(referable)s
                          AND payment_reference IS DISTINCT FROM name
                       ) AS move
                  JOIN (%(items)s) AS item ON item.move_id = move.id""",
            items=items,
            name=SQL(KEY.format("name")),
            reference=SQL(KEY.format("payment_reference")),
            referable=SQL(REFERABLE),
        )

    @api.model
    def _get_named_in_items_sql(self, items, partners):
        """The same among few items, and the condition: ``transfer`` is from one of the
        debtors or names an invoice of theirs."""
        numbered = SQL(
            """SELECT item.*, number.text
                 FROM (%(items)s) AS item
                 JOIN account_move move ON move.id = item.move_id
           CROSS JOIN LATERAL (
                      VALUES (%(name)s), (%(reference)s)) AS number(text)
                WHERE number.text IS NOT NULL AND %(referable)s""",
            items=items,
            name=SQL(KEY.format("name")),
            reference=SQL(KEY.format("payment_reference")),
            referable=SQL(REFERABLE),
        )
        concerned = SQL(
            """(transfer.partner_id = ANY(ARRAY(
                        SELECT id
                          FROM res_partner
                         WHERE commercial_partner_id = ANY(%s)))
                    OR dunning_reference_tokens(transfer.payment_ref) && ARRAY(
                        SELECT text FROM (%s) AS known))""",
            partners,
            numbered,
        )
        return SQL("JOIN (%s) AS item USING (text)", numbered), concerned

    @api.model
    def _find_possible_payments(self, company, partners):
        """What may pay open items of these debtors, as the stop sign sees it.

        :return: {partner id: {statement line id: [move line ids]}}
        """
        if not partners or not company.dunning_hold_possible_payments:
            return {}
        self.env["dunning.ledger"]._flush()
        rows = self.env.execute_query(
            SQL(
                """SELECT partner_id, statement_line_id, ARRAY_AGG(move_line_id)
                     FROM (%s) AS possible_payment
                    GROUP BY partner_id, statement_line_id
                    ORDER BY statement_line_id""",
                self._get_possible_payments_sql(
                    company, SQL("%s", self.env.cr.now()), SQL("%s", partners.ids)
                ),
            )
        )
        found = {}
        for partner_id, transfer_id, line_ids in rows:
            found.setdefault(partner_id, {})[transfer_id] = line_ids
        return found
