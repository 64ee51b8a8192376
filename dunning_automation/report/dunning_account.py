from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from ..tools import account_page, aging, print_words, safe_csv

PAYMENTS_SHOWN = 20
UNKNOWN_HOURS = 24
"""So long nothing is charged again after an answer of the provider was lost."""


class DunningAccount(models.AbstractModel):
    """What a customer sees of his account with one company.

    Read by superuser for whoever proved that he may see it, see ``controllers``. One
    statement for any number of open items, the one that the planner uses, so that the
    page and the reminders tell the same.
    """

    _name = "dunning.account"
    _description = "A Customer's Account"

    @api.model
    def _read(self, partner, company):
        """The account of ``partner`` (commercial) with ``company`` today.

        :return: dict with ``date``, ``groups`` (per currency, see ``_make_group``) and
            ``payments``
        """
        currencies = self.env["res.currency"].browse
        today = company._dunning_today()
        groups = {}
        for row in self._read_items(partner, company):
            row["days_overdue"] = (today - row["date_due"]).days
            row["status"] = account_page.status(
                "transaction_pending" if row["is_in_flight"] else row["stop_reason"],
                row["days_overdue"],
            )
            groups.setdefault(row["currency_id"], []).append(row)
        payments = self._read_payments(partner, company)
        for payment in payments:
            payment["currency"] = currencies(payment["currency_id"])
        return {
            "date": today,
            "groups": [
                self._make_group(currencies(currency_id), rows)
                for currency_id, rows in sorted(groups.items())
            ],
            "payments": payments,
        }

    @api.model
    def _make_group(self, currency, rows):
        """The items in one currency.

        :return: dict with ``items`` and ``credits`` (rows of ``_read_items``, credits
            positive), ``open``, ``overdue`` and ``credit`` (amounts in ``currency``),
            ``aging`` (see ``tools/aging.py``), ``proposed`` (sum of what is ticked,
            less discounts) and ``left_out`` (whether something is payable, but not
            ticked because of what the customer said)
        """
        items = [row for row in rows if row["amount"] > 0]
        credits = [
            row | {"amount": -row["amount"]} for row in rows if row["amount"] < 0
        ]
        buckets = {}
        for item in items:
            name = aging.bucket(item["days_overdue"])
            buckets[name] = buckets.get(name, 0.0) + item["amount"]
            item["is_proposed"] = account_page.is_proposed(item)

        def total(some):
            return currency.round(sum(row["amount"] for row in some))

        return {
            "currency": currency,
            "items": items,
            "credits": credits,
            "open": total(items),
            "overdue": total(item for item in items if item["days_overdue"] > 0),
            "credit": total(credits),
            "aging": aging.shares(buckets),
            "can_pay": any(item["can_pay"] for item in items),
            "proposed": currency.round(
                sum(item["to_pay"] for item in items if item["is_proposed"])
            ),
            "left_out": any(
                item["can_pay"] and item["status"] in account_page.LEFT_OUT
                for item in items
            ),
        }

    @api.model
    def _read_items(self, partner, company):
        """Open receivable lines, the oldest first: dicts with ``id``, ``move_id``,
        ``name``, ``reference`` (to name in a transfer), ``customer_reference``,
        ``date``, ``date_due``, ``amount`` (open, negative for credits),
        ``currency_id``, ``stop_reason`` (code, None if nothing stops it),
        ``is_document`` (it has a PDF), ``is_in_flight`` (money is on its way),
        ``can_pay`` (online), ``discount`` (what is saved by paying today, until
        ``discount_date``) and ``to_pay`` (the rest)."""
        ledger = self.env["dunning.ledger"]
        ledger._flush()
        self.env["account.move"].flush_model()
        rows = self.env.execute_query_dict(
            SQL(
                """
                %(net_lines)s
                SELECT item.move_line_id AS id, item.move_id, item.date_due,
                       item.currency_id, item.residual_currency AS amount,
                       item.stop_reason, move.name,
                       COALESCE(move.invoice_date, move.date) AS date,
                       COALESCE(NULLIF(move.payment_reference, ''), move.name)
                           AS reference,
                       move.ref AS customer_reference,
                       move.move_type IN ('out_invoice', 'out_refund') AS is_document,
                       item.residual_currency > 0
                       AND move.move_type = 'out_invoice'
                       AND move.payment_state IN ('not_paid', 'partial') AS can_pay,
                       %(in_flight)s AS is_in_flight
                  FROM (SELECT move_line_id, move_id, date_due, currency_id,
                               residual_currency, stop_reason
                          FROM net_line
                     UNION ALL -- Joined, each would be looked for among all others.
                        SELECT move_line_id, move_id, date_due, currency_id,
                               residual_currency, NULL
                          FROM item
                         WHERE residual_currency < 0
                       ) AS item
                  JOIN account_move move ON move.id = item.move_id
                 ORDER BY item.date_due, item.move_line_id
                """,
                net_lines=ledger._get_net_lines_cte(
                    company, partners=SQL("%s", partner.ids)
                ),
                in_flight=self._get_in_flight_sql(),
            )
        )
        for row in rows:
            row["amount"] = float(row["amount"])
            row["can_pay"] = row["can_pay"] and not row["is_in_flight"]
            row |= {
                "discount": 0.0,
                "discount_date": False,
                "to_pay": row["amount"],
            }
        self._take_off_discounts(rows, company._dunning_today())
        return rows

    @api.model
    def _take_off_discounts(self, rows, day):
        """Early-payment discounts of ``rows`` on ``day``, by Odoo's own rules; nothing
        is asked for invoices that cannot have one."""
        payable = {row["id"]: row for row in rows if row["can_pay"]}
        lines = self.env["account.move.line"].browse(payable)
        for line, discount in lines._dunning_get_discounts(day).items():
            row = payable[line.id]
            row["discount"] = discount["discount_amount_currency"]
            row["discount_date"] = line.discount_date
            row["to_pay"] = discount["amount_residual_currency"]

    @api.model
    def _get_in_flight_sql(self):
        """SQL condition about ``move``: money for it is on its way, so that it must not
        be paid once more. A customer who announced a transfer may still pay online, as
        in ``account.move._has_to_be_paid``.

        A stored card whose charge was never answered counts for a day: by then the
        provider has told what became of it, or a person has asked (see
        ``payment.transaction.dunning_is_unknown``)."""
        return SQL(
            """EXISTS (
                SELECT 1
                  FROM account_invoice_transaction_rel rel
                  JOIN payment_transaction tx ON tx.id = rel.transaction_id
                  JOIN payment_provider provider ON provider.id = tx.provider_id
                 WHERE rel.invoice_id = move.id
                   AND (tx.state = 'done' AND tx.is_post_processed IS NOT TRUE
                        OR tx.state IN ('pending', 'authorized')
                       AND provider.code NOT IN ('none', 'custom')
                    OR tx.operation IN ('online_token', 'offline')
                       AND tx.provider_reference IS NULL
                       AND (tx.state = 'draft'
                         OR tx.state = 'error' AND tx.dunning_is_unknown)
                       AND tx.create_date > %s))""",
            self.env.cr.now() - timedelta(hours=UNKNOWN_HOURS),
        )

    @api.model
    def _read_payments(self, partner, company):
        """The last payments, the newest first: dicts with ``date``, ``name``,
        ``reference``, ``amount`` and ``currency_id``."""
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT line.date, move.name, move.ref AS reference, line.currency_id,
                       -SUM(line.amount_currency) AS amount
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
                  JOIN account_journal journal ON journal.id = line.journal_id
                 WHERE line.partner_id IN (
                           SELECT id
                             FROM res_partner
                            WHERE commercial_partner_id = %(partner)s)
                   AND line.account_id IN (
                           SELECT id
                             FROM account_account
                            WHERE account_type = 'asset_receivable')
                   AND line.company_id = %(company)s
                   AND line.parent_state = 'posted'
                   AND line.amount_currency < 0
                   AND journal.type IN ('bank', 'cash', 'credit')
                 GROUP BY move.id, line.date, line.currency_id
                 ORDER BY line.date DESC, move.id DESC
                 LIMIT %(limit)s
                """,
                partner=partner.id,
                company=company.id,
                limit=PAYMENTS_SHOWN,
            )
        )
        return [row | {"amount": float(row["amount"])} for row in rows]

    @api.model
    def _search_companies(self, partner):
        """Our companies that ``partner`` (commercial) has an account with."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT line.company_id
                  FROM account_move_line line
                 WHERE line.partner_id IN (
                           SELECT id
                             FROM res_partner
                            WHERE commercial_partner_id = %s)
                   AND line.account_id IN (
                           SELECT id
                             FROM account_account
                            WHERE account_type = 'asset_receivable')
                   AND line.parent_state = 'posted'
                """,
                partner.id,
            )
        )
        return self.env["res.company"].search([("id", "in", [row[0] for row in rows])])

    # === DOCUMENTS === #

    @api.model
    def _search_document(self, partner, company, move_id):
        """The posted invoice or credit note ``move_id``, if it is this customer's."""
        return self.env["account.move"].search(
            [
                ("id", "=", move_id),
                ("commercial_partner_id", "=", partner.id),
                ("company_id", "=", company.id),
                ("state", "=", "posted"),
                ("move_type", "in", ("out_invoice", "out_refund")),
            ]
        )

    @api.model
    def _make_csv(self, account):
        """The open items of ``account`` (see ``_read``) as a CSV file, in bytes."""
        header = [
            self.env._("Document"),
            self.env._("Your reference"),
            self.env._("Date"),
            self.env._("Due date"),
            self.env._("Days overdue"),
            self.env._("Open amount"),
            self.env._("Currency"),
        ]
        rows = [
            [
                item["name"],
                item["customer_reference"],
                item["date"],
                item["date_due"],
                max(item["days_overdue"], 0),
                sign * item["amount"],
                group["currency"].name,
            ]
            for group in account["groups"]
            for sign, items in ((1, group["items"]), (-1, group["credits"]))
            for item in items
        ]
        return safe_csv.to_csv(header, rows)

    @api.model
    def _make_pdf(self, partner, company):
        """The statement of account in the language of the environment, in bytes."""
        letter = self.env["dunning.notice"]
        lang = self.env.lang or partner.lang
        html = self.env["ir.qweb"]._render(
            "dunning_automation.account_statement",
            {
                "account": self._read(partner, company),
                "address": partner._display_address(),
                "company": company,
                "zoom": letter._get_letter_zoom(),
                **letter._get_formats(),
            },
            lang=lang,
        )
        report = letter._get_report_of(company)
        page = print_words.keep_together(str(html))
        return report._run_wkhtmltopdf([page], report_ref=report)
