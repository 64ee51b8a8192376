from datetime import timedelta

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, format_amount
from odoo.tools.misc import get_lang

from ..models.dunning_ledger import VALID_EMAIL
from ..tools.findings import FINDINGS, STALE_BANK_DAYS

READ_FIELDS = {
    "account.account": ["account_type"],
    "account.bank.statement.line": None,
    "account.journal": ["active", "company_id", "type"],
    "account.move": ["amount_total_signed", "partner_id", "state"],
    "account.move.line": [
        "account_id",
        "amount_residual",
        "company_id",
        "date_maturity",
        "invoice_date",
        "no_followup",
        "parent_state",
        "partner_id",
        "reconciled",
    ],
    "account.payment": None,
    "res.partner": [
        "active",
        "commercial_partner_id",
        "dunning_bounced_email",
        "dunning_contact_id",
        "email",
        "email_normalized",
        "lang",
        "phone",
        "phone_sanitized",
    ],
}


class DunningDataQuality(models.AbstractModel):
    """What in the ledger keeps reminders from being right or from arriving.

    Each finding is a condition on one of five kinds of records. The records of a kind
    are read once, all their conditions are counted in the same statement: five
    statements whatever the size of the ledger. ``dunning_finding`` (see
    ``dunning.finding.mixin``) opens exactly those that were counted.
    """

    _name = "dunning.data.quality"
    _description = "Data Quality of the Ledger"

    @api.model
    def get_findings(self):
        """The findings of the current company, in the order of the page.

        :return: list of dicts: ``code``, ``severity`` (``danger``, ``warning``,
            ``info``, or ``ok`` when nothing was found), ``title``, ``sentence`` (why it
            matters), ``count``, ``amount`` (at stake, as text, or False), ``can_fix``
            (the user may change such records), ``action`` (opens them) and ``bulk``
            (a button that mends all of them, or False)
        """
        self._check_reader()
        counted = self.sudo()._count()
        return [self._finish(row, *counted[row["code"]]) for row in self._get_rows()]

    def _may_read(self):
        user = self.env.user
        return any(
            user.has_group(group)
            for group in (
                "dunning_automation.group_manager",
                "account.group_account_readonly",
            )
        )

    def _check_reader(self):
        if not self._may_read():
            raise AccessError(
                self.env._("Only collections managers and accountants check the data.")
            )

    def _finish(self, row, count, amount):
        company = self.env.company
        return row | {
            "severity": row["severity"] if count else "ok",
            "count": count,
            "amount": bool(amount)
            and format_amount(self.env, amount, company.currency_id),
            "can_fix": self.env[self._get_model(row["code"])].has_access("write"),
            "action": count and self._prepare_action(row),
            "bulk": count and self._prepare_bulk(row["code"]),
        }

    def _prepare_action(self, row):
        model = self._get_model(row["code"])
        action = {
            "type": "ir.actions.act_window",
            "name": row["title"],
            "res_model": model,
            "domain": [("dunning_finding", "=", row["code"])],
            "context": {"active_test": False, "create": False},
            "views": self._get_views(model),
        }
        if model == "account.move.line":  # Without the panel of accounts.
            search = self.env.ref("dunning_automation.dunning_data_line_view_search")
            action["search_view_id"] = [search.sudo().id, "search"]
        return action

    @api.model
    def _get_views(self, model):
        def view(name):
            return self.env["ir.model.data"]._xmlid_to_res_id(name)

        return {
            "res.partner": [
                (view("dunning_automation.dunning_data_partner_view_list"), "list"),
                (False, "form"),
            ],
            "account.move.line": [
                (view("dunning_automation.dunning_data_line_view_list"), "list")
            ],
            "account.bank.statement.line": [
                (view("dunning_automation.dunning_data_bank_view_list"), "list")
            ],
            "account.journal": [
                (view("account.account_journal_dashboard_kanban_view"), "kanban"),
                (False, "form"),
            ],
        }.get(model, [(False, "list"), (False, "form")])

    # === WHAT IS LOOKED FOR === #

    def _get_rows(self):
        """The findings without their figures. Addons append theirs."""
        return [
            {
                "code": finding.code,
                "severity": finding.severity,
                "title": self.env._(finding.title),
                "sentence": self.env._(finding.sentence),
            }
            for finding in FINDINGS
        ]

    def _get_conditions(self):
        """{code: (model, SQL about ``item``)}: see the sources below."""
        bank_day = self.env.company._dunning_today() - timedelta(STALE_BANK_DAYS)
        return {
            "stale_bank": (
                "account.journal",
                SQL(
                    "item.last_day IS NULL OR item.last_day < %s",
                    f"{bank_day:%Y%m%d}",
                ),
            ),
            "bank_lines": ("account.bank.statement.line", SQL("TRUE")),
            "payments": ("account.payment", SQL("TRUE")),
            "credits": ("account.move.line", SQL("item.residual < 0")),
            "no_partner": (
                "account.move.line",
                SQL("item.residual > 0 AND item.partner_id IS NULL"),
            ),
            "no_followup": (
                "account.move.line",
                SQL("item.residual > 0 AND item.no_followup"),
            ),
            "due_date": (
                "account.move.line",
                SQL(
                    """item.residual > 0 AND (
                        item.date_maturity IS NULL
                        OR item.date_maturity < item.invoice_date)"""
                ),
            ),
            "no_email": (
                "res.partner",
                SQL("NOT item.has_email AND COALESCE(TRIM(item.email), '') = ''"),
            ),
            "invalid_email": (
                "res.partner",
                SQL("NOT item.has_email AND COALESCE(TRIM(item.email), '') != ''"),
            ),
            "no_phone": (
                "res.partner",
                SQL("item.number IS NULL AND COALESCE(TRIM(item.phone), '') = ''"),
            ),
            "invalid_phone": (
                "res.partner",
                SQL("item.number IS NULL AND COALESCE(TRIM(item.phone), '') != ''"),
            ),
            "no_language": ("res.partner", SQL("item.lang IS NULL")),
            "duplicate": (
                "res.partner",
                SQL("item.email_normalized IS NOT NULL AND item.namesakes > 1"),
            ),
        }

    # === WHERE IT IS LOOKED FOR === #

    def _get_source(self, model):
        """``SELECT id, amount, …``: the records of ``model`` that conditions are about.
        ``amount`` is what is at stake, in the currency of the company."""
        return {
            "account.bank.statement.line": self._get_bank_line_source,
            "account.journal": self._get_journal_source,
            "account.move.line": self._get_line_source,
            "account.payment": self._get_payment_source,
            "res.partner": self._get_customer_source,
        }[model]()

    def _get_open_condition(self, line):
        """SQL condition: ``line`` is an open receivable line of the company. As Odoo's
        partial index of unreconciled lines wants it."""
        return SQL(
            """%(line)s.account_id IN (
                   SELECT id FROM account_account
                    WHERE account_type = 'asset_receivable')
               AND %(line)s.reconciled IS NOT TRUE
               AND %(line)s.parent_state = 'posted'
               AND %(line)s.company_id = %(company)s""",
            line=SQL.identifier(line),
            company=self.env.company.id,
        )

    def _get_line_source(self):
        return SQL(
            """SELECT line.id, ABS(line.amount_residual) AS amount,
                      line.amount_residual AS residual, line.partner_id,
                      line.no_followup, line.date_maturity, line.invoice_date
                 FROM account_move_line line
                WHERE %s""",
            self._get_open_condition("line"),
        )

    def _get_customer_source(self):
        """Who owes. An e-mail of the dunning contact or of a contact on an open
        invoice will do. The latter is looked up where the former are missing, customer
        by customer: as an ``EXISTS`` PostgreSQL would read all open items for it."""
        return SQL(
            """SELECT customer.id, debtor.amount, customer.email,
                      customer.email_normalized, customer.lang,
                      COALESCE(NULLIF(TRIM(customer.phone), ''), extra.phone) AS phone,
                      COALESCE(customer.phone_sanitized, extra.phone_sanitized)
                          AS number,
                      COUNT(*) OVER (PARTITION BY customer.email_normalized)
                          AS namesakes,
                      CASE WHEN %(customer_reached)s OR %(extra_reached)s THEN TRUE
                           ELSE COALESCE((
                               SELECT BOOL_OR(%(contact_reached)s)
                                 FROM account_move_line line
                                 JOIN account_move move ON move.id = line.move_id
                                 JOIN res_partner contact
                                   ON contact.id = move.partner_id
                                WHERE line.partner_id = customer.id
                                  AND %(is_open)s), FALSE)
                      END AS has_email
                 FROM (
                    SELECT partner.commercial_partner_id AS id,
                           SUM(owed.amount) AS amount
                      FROM (
                        SELECT line.partner_id, SUM(line.amount_residual) AS amount
                          FROM account_move_line line
                         WHERE %(is_open)s
                           AND line.amount_residual > 0
                      GROUP BY line.partner_id) owed
                      JOIN res_partner partner ON partner.id = owed.partner_id
                  GROUP BY partner.commercial_partner_id) debtor
                 JOIN res_partner customer ON customer.id = debtor.id
            LEFT JOIN res_partner extra
                   ON extra.id = customer.dunning_contact_id AND extra.active""",
            is_open=self._get_open_condition("line"),
            customer_reached=self._get_reached_condition("customer"),
            extra_reached=self._get_reached_condition("extra"),
            contact_reached=self._get_reached_condition("contact"),
        )

    def _get_reached_condition(self, partner):
        """SQL condition: messages to ``partner`` can arrive; never NULL."""
        return SQL(
            """COALESCE(%(partner)s.email_normalized ~ %(valid)s
                   AND %(partner)s.dunning_bounced_email
                       IS DISTINCT FROM %(partner)s.email_normalized, FALSE)""",
            partner=SQL.identifier(partner),
            valid=VALID_EMAIL,
        )

    def _get_payment_source(self):
        """Those with an entry are open lines of the ledger."""
        return SQL(
            """SELECT payment.id, payment.amount_company_currency_signed AS amount
                 FROM account_payment payment
                WHERE payment.company_id = %s
                  AND payment.state = 'in_process'
                  AND payment.move_id IS NULL
                  AND payment.payment_type = 'inbound'
                  AND payment.partner_type = 'customer'
                  AND NOT EXISTS (
                      SELECT 1 FROM account_move__account_payment rel
                       WHERE rel.payment_id = payment.id)""",
            self.env.company.id,
        )

    def _get_bank_line_source(self):
        return SQL(
            """SELECT transaction.id, ABS(move.amount_total_signed) AS amount
                 FROM account_bank_statement_line transaction
                 JOIN account_move move ON move.id = transaction.move_id
                WHERE transaction.company_id = %s
                  AND transaction.is_reconciled IS NOT TRUE
                  AND transaction.amount > 0
                  AND move.state = 'posted'""",
            self.env.company.id,
        )

    def _get_journal_source(self):
        """``last_day`` is the beginning of the key by which Odoo sorts transactions:
        its index has the last one at hand."""
        return SQL(
            """SELECT journal.id, NULL::numeric AS amount,
                      (SELECT LEFT(MAX(transaction.internal_index), 8)
                         FROM account_bank_statement_line transaction
                        WHERE transaction.journal_id = journal.id) AS last_day
                 FROM account_journal journal
                WHERE journal.company_id = %s
                  AND journal.type = 'bank'
                  AND journal.active""",
            self.env.company.id,
        )

    # === LOOKING === #

    @api.model
    def _get_model(self, code):
        """Of which model the records of a finding are."""
        return self._get_conditions()[code][0]

    def _count(self):
        """{code: (count, amount)}, one statement for each kind of records."""
        self._flush()
        counted, by_model = {}, {}
        for code, (model, condition) in self._get_conditions().items():
            by_model.setdefault(model, {})[code] = condition
        for model, conditions in by_model.items():
            columns = SQL(", ").join(
                SQL(
                    "COUNT(*) FILTER (WHERE %(is)s), SUM(amount) FILTER (WHERE %(is)s)",
                    **{"is": condition},
                )
                for condition in conditions.values()
            )
            [row] = self.env.execute_query(
                SQL("SELECT %s FROM (%s) item", columns, self._get_source(model))
            )
            pairs = zip(row[::2], row[1::2], strict=True)
            counted |= dict(zip(conditions, pairs, strict=True))
        return counted

    @api.model
    def _get_ids_sql(self, code, model):
        """SQL that yields the records of a finding; none if they are of another model
        or the finding is not known."""
        known, condition = self._get_conditions().get(code, (None, None))
        if known != model:
            return SQL("SELECT NULL::integer WHERE FALSE")
        self._flush()
        return SQL(
            "SELECT id FROM (%s) item WHERE %s", self._get_source(model), condition
        )

    def _flush(self):
        for model_name, field_names in READ_FIELDS.items():
            self.env[model_name].flush_model(field_names)

    # === MENDING ALL AT ONCE === #

    def _prepare_bulk(self, code):
        """The button that mends all records of a finding, for those who may."""
        if (
            code != "no_language"
            or not self.env.user.has_group("dunning_automation.group_manager")
            or not self.env["res.partner"].has_access("write")
        ):
            return False
        name = dict(self.env["res.lang"].get_installed())[self._get_language()]
        return {
            "label": self.env._("Set %s for all", name),
            "method": "action_set_language",
        }

    def _get_language(self):
        return get_lang(self.env, self.env.company.partner_id.lang).code

    @api.model
    def action_set_language(self):
        """Customers without a language get the company's, in which they are written to
        anyway."""
        if not self.env.user.has_group("dunning_automation.group_manager"):
            raise AccessError(self.env._("Only a collections manager mends the data."))
        customers = self.env["res.partner"].with_context(active_test=False)
        found = customers.search([("dunning_finding", "=", "no_language")])
        found.lang = self._get_language()
        return len(found)
