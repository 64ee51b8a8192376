import json
from functools import partial

from psycopg2.extras import Json

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import receivables_file

ERRORS = [
    *receivables_file.ROW_ERRORS,
    ("duplicate", "The same invoice as in an earlier line"),
    ("currency_inactive", "The currency is not active in Odoo"),
    ("no_rate", "The currency has no exchange rate in Odoo"),
    ("locked", "The books are locked on this day"),
    ("ambiguous", "More than one contact has this customer number or name"),
    ("no_customer", "No contact has this customer number or name"),
    ("refused", "Odoo refused the entry"),
]


class DunningImportRow(models.Model):
    """What a row of an imported file says, and what becomes of it.

    An invoice is known by the number of the customer and its own number in the other
    system; its entry carries both (``account.move``).
    """

    _name = "dunning.import.row"
    _description = "Row of an Imported File"
    _inherit = ["dunning.import.booking"]
    _order = "line"
    _rec_name = "number"
    _log_access = False

    import_id = fields.Many2one(
        "dunning.import", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    line = fields.Integer(readonly=True, help="Line of the file.")
    state = fields.Selection(
        [
            ("ready", "New"),
            ("pay", "New Payment"),
            ("known", "Known"),
            ("changed", "Different"),
            ("error", "Error"),
            ("booked", "Imported"),
        ],
        required=True,
        readonly=True,
        help="New: will be booked.\n"
        "New Payment: the invoice was imported before, its payment will be booked.\n"
        "Known: was imported before, nothing is to be done.\n"
        "Different: was imported before with other figures; correct the entry yourself "
        "if the file is right.",
    )
    error = fields.Selection(ERRORS, readonly=True)
    value = fields.Char(readonly=True, help="What is wrong.")
    explanation = fields.Char("What Is Wrong", compute="_compute_explanation")
    customer = fields.Char("Customer Number", readonly=True)
    customer_name = fields.Char(readonly=True)
    email = fields.Char("E-mail", readonly=True)
    partner_id = fields.Many2one(
        "res.partner", "Customer", readonly=True, index="btree_not_null"
    )
    number = fields.Char(readonly=True)
    invoice_date = fields.Date(readonly=True)
    due_date = fields.Date(readonly=True)
    amount = fields.Float(digits=0, readonly=True, help="Negative: a credit note.")
    currency = fields.Char("Currency Code", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    paid_date = fields.Date("Paid On", readonly=True)
    paid_amount = fields.Float(digits=0, readonly=True)
    to_pay = fields.Float(
        digits=0, readonly=True, help="What is still to be booked as paid."
    )
    move_id = fields.Many2one(
        "account.move", "Entry", readonly=True, index="btree_not_null"
    )

    _import_state_idx = models.Index("(import_id, state, line)")
    _key_idx = models.Index("(import_id, customer, number)")

    @api.depends("error", "state")
    @api.depends_context("lang")
    def _compute_explanation(self):
        labels = dict(self._fields["error"]._description_selection(self.env))
        different = self.env._(
            "Booked already with another amount, currency or due date"
        )
        for row in self:
            row.explanation = (
                different if row.state == "changed" else labels.get(row.error, False)
            )

    # === STAGING === #

    @api.model
    def _get_last_line(self, one):
        [[last]] = self._read_group([("import_id", "=", one.id)], [], ["line:max"])
        return last or 0

    @api.model
    def _forget(self, one):
        """The file is checked once more: what the last check found is void."""
        self.env.cr.execute(
            SQL("DELETE FROM dunning_import_row WHERE import_id = %s", one.id)
        )
        self.env.invalidate_all()

    @api.model
    def _stage(self, one, records, form):
        """Store what these records say, good or bad, by one statement.

        :param records: [(line, cells or ``RowError``)]
        """
        values = [self._prepare_values(line, cells, form) for line, cells in records]
        self.env.cr.execute(
            SQL(
                """INSERT INTO dunning_import_row (
                       import_id, company_id, line, state, error, value, customer,
                       customer_name, email, number, invoice_date, due_date, amount,
                       currency, paid_date, paid_amount)
                   SELECT %s, %s, line, state, error, value, customer, customer_name,
                          email, number, invoice_date, due_date, amount, currency,
                          paid_date, paid_amount
                     FROM jsonb_to_recordset(%s) AS row (
                       line integer, state text, error text, value text,
                       customer text, customer_name text, email text, number text,
                       invoice_date date, due_date date, amount numeric,
                       currency text, paid_date date, paid_amount numeric)""",
                one.id,
                one.company_id.id,
                Json(values, dumps=partial(json.dumps, default=str)),
            )
        )

    @api.model
    def _prepare_values(self, line, cells, form):
        try:
            row = receivables_file.read_row(line, cells, form)
        except receivables_file.RowError as error:
            known = cells if isinstance(cells, list) else []
            return {
                "line": line,
                "state": "error",
                "error": error.code,
                "value": error.value.replace("\0", ""),
                "customer": form.get(known, "customer").replace("\0", ""),
                "number": form.get(known, "number").replace("\0", ""),
            }
        return {**vars(row), "state": "ready"}

    # === JUDGING === #

    @api.model
    def _judge(self, one):
        """Say what would happen with the rows of an import; set-based."""
        self.env["account.move"].flush_model()
        self.env["res.partner"].flush_model()
        self._blame_duplicates(one)
        self._find_currencies(one)
        self._find_customers(one)
        self._blame(
            one,
            "locked",
            SQL("invoice_date::text"),
            SQL("invoice_date <= %s", self._get_lock_date(one)),
        )
        if not one.create_customers:
            self._blame(one, "no_customer", SQL("customer"), SQL("partner_id IS NULL"))
        self._compare(SQL("row.import_id = %s", one.id), one._dunning_today())
        self.env.invalidate_all()

    @api.model
    def _get_lock_date(self, one):
        return one.company_id._get_user_fiscal_lock_date(one.journal_id)

    @api.model
    def _blame(self, one, error, value, condition):
        """The rows to which ``condition`` applies become errors."""
        self.env.cr.execute(
            SQL(
                """UPDATE dunning_import_row
                      SET state = 'error', error = %s, value = %s
                    WHERE import_id = %s AND state = 'ready' AND %s""",
                error,
                value,
                one.id,
                condition,
            )
        )

    @api.model
    def _blame_duplicates(self, one):
        self.env.cr.execute(
            SQL(
                """UPDATE dunning_import_row row
                      SET state = 'error', error = 'duplicate', value = twin.first
                     FROM (SELECT id, MIN(line) OVER same AS first, line
                             FROM dunning_import_row
                            WHERE import_id = %s AND state = 'ready'
                           WINDOW same AS (PARTITION BY customer, number)) AS twin
                    WHERE twin.id = row.id AND twin.line != twin.first""",
                one.id,
            )
        )

    @api.model
    def _find_currencies(self, one):
        company = one.company_id
        self.env["res.currency"].flush_model()
        self.env["res.currency.rate"].flush_model()
        self.env.cr.execute(
            SQL(
                """UPDATE dunning_import_row row
                      SET currency_id = currency.id
                     FROM res_currency currency
                    WHERE row.import_id = %s AND row.state = 'ready'
                      AND currency.name = row.currency AND currency.active""",
                one.id,
            )
        )
        self._blame(
            one, "currency_inactive", SQL("currency"), SQL("currency_id IS NULL")
        )
        self._blame(
            one,
            "no_rate",
            SQL("currency"),
            SQL(
                """currency_id != %s AND NOT EXISTS (
                       SELECT 1 FROM res_currency_rate rate
                        WHERE rate.currency_id = dunning_import_row.currency_id
                          AND (rate.company_id IS NULL OR rate.company_id = %s))""",
                company.currency_id.id,
                company.root_id.id,
            ),
        )

    @api.model
    def _find_customers(self, one):
        """The contact of each customer: of his entries that were imported before, else
        by his number, else by his name."""
        self.env.cr.execute(
            SQL(
                """WITH wanted AS (
                       SELECT customer, MIN(customer_name) AS name
                         FROM dunning_import_row
                        WHERE import_id = %(import)s AND state = 'ready'
                        GROUP BY customer
                   ), partner AS (
                       SELECT id, commercial_partner_id, ref, name, parent_id
                         FROM res_partner
                        WHERE active AND (company_id IS NULL
                                          OR company_id = ANY(%(companies)s))
                   ), found AS (
                       SELECT wanted.customer, 1 AS rank,
                              move.commercial_partner_id AS partner_id
                         FROM wanted
                         JOIN account_move move
                           ON move.dunning_import_customer = wanted.customer
                          AND move.company_id = %(company)s
                        UNION ALL
                       SELECT wanted.customer, 2, partner.commercial_partner_id
                         FROM wanted JOIN partner ON partner.ref = wanted.customer
                        UNION ALL
                       SELECT wanted.customer, 3, partner.id
                         FROM wanted JOIN partner ON partner.name = wanted.name
                                                 AND partner.parent_id IS NULL
                   ), best AS (
                       SELECT *, MIN(rank) OVER (PARTITION BY customer) AS first
                         FROM found
                   ), chosen AS (
                       SELECT customer, MIN(partner_id) AS partner_id,
                              MIN(partner_id) != MAX(partner_id) AS is_ambiguous
                         FROM best
                        WHERE rank = first
                        GROUP BY customer
                   )
                   UPDATE dunning_import_row row
                      SET partner_id = CASE WHEN NOT is_ambiguous
                                            THEN chosen.partner_id END,
                          state = CASE WHEN is_ambiguous THEN 'error' ELSE state END,
                          error = CASE WHEN is_ambiguous THEN 'ambiguous' END,
                          value = CASE WHEN is_ambiguous THEN row.customer END
                     FROM chosen
                    WHERE row.import_id = %(import)s AND row.state = 'ready'
                      AND chosen.customer = row.customer""",
                **{
                    "import": one.id,
                    "company": one.company_id.id,
                    "companies": one.company_id.parent_ids.ids,
                },
            )
        )

    @api.model
    def _compare(self, condition, today):
        """Look for the entries of rows that wait, and for what is left to be paid.

        :param SQL condition: on ``row``
        """
        self.env.cr.execute(
            SQL(
                """UPDATE dunning_import_row row
                      SET to_pay = CASE WHEN paid_date <= %(today)s
                                        THEN COALESCE(paid_amount, amount)
                                        ELSE 0 END
                    WHERE row.state IN ('ready', 'pay') AND %(condition)s""",
                today=today,
                condition=condition,
            )
        )
        self.env.cr.execute(
            SQL(
                """UPDATE dunning_import_row row
                      SET move_id = entry.move_id, to_pay = entry.to_pay,
                          state = CASE WHEN entry.is_changed THEN 'changed'
                                       WHEN entry.to_pay != 0 THEN 'pay'
                                       ELSE 'known' END
                     FROM (
                       SELECT row.id, move.id AS move_id,
                              line.id IS NULL
                              OR ABS(line.amount_currency - row.amount)
                                  >= currency.rounding
                              OR line.currency_id != row.currency_id
                              OR line.date_maturity != row.due_date AS is_changed,
                              CASE WHEN row.amount > 0
                                   THEN GREATEST(0, LEAST(
                                       line.amount_residual_currency,
                                       row.to_pay + COALESCE(paid.amount, 0)))
                                   ELSE LEAST(0, GREATEST(
                                       line.amount_residual_currency,
                                       row.to_pay + COALESCE(paid.amount, 0)))
                               END AS to_pay
                         FROM dunning_import_row row
                         JOIN account_move move
                           ON move.company_id = row.company_id
                          AND move.dunning_import_customer = row.customer
                          AND move.dunning_import_number = row.number
                    LEFT JOIN account_move_line line
                           ON line.move_id = move.id
                          AND line.parent_state = 'posted'
                          AND line.account_id IN (
                              SELECT id FROM account_account
                               WHERE account_type = 'asset_receivable')
                    LEFT JOIN res_currency currency ON currency.id = line.currency_id
                    LEFT JOIN LATERAL (
                              SELECT SUM(payment.amount_currency) AS amount
                                FROM account_move booked
                                JOIN account_move_line payment
                                  ON payment.move_id = booked.id
                                 AND payment.account_id = line.account_id
                               WHERE booked.dunning_import_paid_id = move.id
                                 AND booked.state = 'posted') AS paid ON TRUE
                        WHERE row.state IN ('ready', 'pay') AND %(condition)s
                     ) AS entry
                    WHERE entry.id = row.id""",
                condition=condition,
            )
        )
