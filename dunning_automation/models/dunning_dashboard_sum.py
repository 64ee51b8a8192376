import logging
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from .dunning_dashboard_span import AMOUNTS, KEY, OPEN
from .dunning_dashboard_total import get_totals_sql

_logger = logging.getLogger(__name__)

SALES = ("out_invoice", "out_refund", "out_receipt")
CASH_JOURNALS = ("bank", "cash", "credit")
OF_CUSTOMER = f"partner_id, {KEY}"
LINE_COLUMNS = (
    "move_id",
    "company_id",
    "account_id",
    "partner_id",
    "currency_id",
    "journal_id",
    "date",
    "date_maturity",
    "balance",
    "amount_currency",
    "parent_state",
)
PART_COLUMNS = (
    "debit_move_id",
    "credit_move_id",
    "amount",
    "debit_amount_currency",
    "credit_amount_currency",
    "max_date",
)
"""What the sums are made of."""

LINE, PART = "account_move_line", "account_partial_reconcile"
JOINED = {
    "account": "JOIN account_account",
    "journal": "JOIN account_journal",
    "partner": "LEFT JOIN res_partner",
}

SPAN = f"""
    SELECT partner.commercial_partner_id, line.company_id, line.currency_id,
           line.date, {{until}}, COALESCE(line.date_maturity, line.date),
           booked.move_type IN {SALES}, journal.type IN {CASH_JOURNALS},
           line.balance < 0, COALESCE({{amount}}, 0), COALESCE({{own_amount}}, 0)
      FROM {{tables}}
      JOIN account_move booked ON booked.id = line.move_id
      {{account}} account ON account.id = line.account_id
      {{journal}} journal ON journal.id = line.journal_id
      {{partner}} partner ON partner.id = line.partner_id
     WHERE line.parent_state = 'posted'
       AND account.account_type = 'asset_receivable'"""


def _add_lines(lines, sign=1, joined=JOINED):
    """SQL of what lines add to the sums: all of them is open from their day on."""
    return SPAN.format(
        until=f"DATE '{OPEN}'",
        amount=f"{sign} * line.balance",
        own_amount=f"{sign} * line.amount_currency",
        tables=f"{lines} line",
        **joined,
    )


def _add_matches(lines, parts=PART, sign=1, joined=JOINED):
    """SQL of what was matched with lines: it is open until that day, not for ever."""
    return " UNION ALL ".join(
        SPAN.format(
            until="span.day_until",
            amount=f"{factor} * span.factor * part.amount",
            own_amount=f"{factor} * span.factor * part.{side}_amount_currency",
            tables=f"""{parts} part
      JOIN {lines} line ON line.id = part.{side}_move_id
CROSS JOIN LATERAL (VALUES (DATE '{OPEN}', -1), (part.max_date, 1)
           ) AS span (day_until, factor)""",
            **joined,
        )
        for side, factor in (("debit", sign), ("credit", -sign))
    )


def _add_both(lines, **options):
    return f"{_add_lines(lines, **options)} UNION ALL {_add_matches(lines, **options)}"


def _add_joined(name):
    """What the lines add that are joined with some rows of another table."""
    return lambda rows, sign: _add_both(
        LINE, sign=sign, joined=JOINED | {name: f"JOIN {rows}"}
    )


def _select_changed(table, other, columns):
    """SQL of the rows of an update that differ in these columns. No join: the database
    knows nothing of these rows, expects few, and would compare each with each."""
    names = ", ".join(["id", *columns])
    return f"(SELECT {names} FROM {table} EXCEPT SELECT {names} FROM {other})"


def _replace(add, columns):
    """SQL of an update of these columns: what rows as they were gave is taken back."""
    before = _select_changed("before", "after", columns)
    after = _select_changed("after", "before", columns)
    return [add(before, sign=-1), add(after, sign=1)]


TRIGGERS = {
    (LINE, "INSERT"): [_add_lines("after")],
    (LINE, "DELETE"): [_add_lines("before", sign=-1)],
    (LINE, "UPDATE"): _replace(_add_both, LINE_COLUMNS),
    (PART, "INSERT"): [_add_matches(LINE, "after")],
    (PART, "DELETE"): [_add_matches(LINE, "before", sign=-1)],
    (PART, "UPDATE"): _replace(partial(_add_matches, LINE), PART_COLUMNS),
    ("account_account", "UPDATE"): _replace(_add_joined("account"), ["account_type"]),
    ("account_journal", "UPDATE"): _replace(_add_joined("journal"), ["type"]),
    ("res_partner", "UPDATE"): _replace(
        _add_joined("partner"), ["commercial_partner_id"]
    ),
}
"""What each change of the ledger adds to the sums."""
INSERT = f"""
    INSERT INTO dunning_dashboard_sum ({OF_CUSTOMER}, {AMOUNTS}, is_folded)
    SELECT {OF_CUSTOMER}, SUM(amount), SUM(amount_currency), {{is_folded}}
      FROM ({{spans}}) AS span ({OF_CUSTOMER}, {AMOUNTS})
     GROUP BY {OF_CUSTOMER}
    HAVING SUM(amount) != 0 OR SUM(amount_currency) != 0
     ORDER BY day_until"""
ADD = f"""
    WITH added AS ({INSERT} RETURNING *)
    {get_totals_sql("added")}"""
# Of nothing kept, each row made is the only one with its key.
REBUILD = INSERT.format(
    spans=f"""{_add_both(LINE)}
    UNION ALL
    SELECT {OF_CUSTOMER}, -amount, -amount_currency FROM dunning_dashboard_sum""",
    is_folded="NOT EXISTS (SELECT FROM dunning_dashboard_sum)",
)


class DunningDashboardSum(models.Model):
    """What each customer owed and until when, kept by triggers of the database.

    They run once per statement, whoever writes and however. The sums of all customers
    (``dunning.dashboard.total``) are written with them.
    """

    _name = "dunning.dashboard.sum"
    _inherit = ["dunning.dashboard.span"]
    _description = "Receivables of a Customer by the Days They Were Open"
    # Nothing but the triggers writes here, when customers are merged or deleted too.
    partner_id = fields.Integer(
        "Id of the Customer",
        readonly=True,
        index=True,
        help="Commercial partner of the item.",
    )
    is_folded = fields.Boolean(readonly=True)

    def init(self):
        for (table, event), spans in TRIGGERS.items():
            add = ADD.format(spans=" UNION ALL ".join(spans), is_folded="FALSE")
            self._follow(table, event, add)

    @api.model
    def _get_direct_sql(self, lines=None):
        """The rows of the sums from the lines themselves.

        :param SQL lines: table of the lines, None = all
        """
        spans = _add_both("%(lines)s")
        return SQL(
            f"SELECT * FROM ({spans}) AS span ({OF_CUSTOMER}, {AMOUNTS})",
            lines=lines or SQL.identifier(LINE),
        )

    @api.model
    def action_rebuild(self):
        """Make all sums anew from the ledger.

        :raise AccessError: no manager of collections
        """
        if not self.env.user.has_group("dunning_automation.group_manager"):
            raise AccessError(
                self.env._("Only managers of collections make the sums anew.")
            )
        self.sudo()._rebuild()

    @api.model
    def _rebuild(self):
        """See ``action_rebuild``: what the ledger has and the sums have not is added to
        them, all of one snapshot of the database, so nobody who books has to wait."""
        self.env.flush_all()
        self.env.cr.execute(SQL(REBUILD))
        if self.env.cr.rowcount:
            _logger.info("%d sums of the dashboard were mended", self.env.cr.rowcount)
        self.invalidate_model()
        self.env["dunning.dashboard.total"]._rebuild()

    @api.autovacuum
    def _tidy(self):
        """Once a day. Triggers miss what is booked while somebody else changes the
        customer, account or journal, and what is written without triggers."""
        self._rebuild()
        self._fold()

    @api.model
    def _fold(self):
        """Make one row of all with the same key, and none of those that add to zero."""
        same = " AND ".join(
            f"span.{name} IS NOT DISTINCT FROM fresh.{name}"
            if name == "partner_id"
            else f"span.{name} = fresh.{name}"
            for name in OF_CUSTOMER.split(", ")
        )
        self.env.cr.execute(
            SQL(
                f"""WITH fresh AS (
                        SELECT DISTINCT {OF_CUSTOMER}
                          FROM dunning_dashboard_sum
                         WHERE NOT is_folded
                    ), gone AS (
                        DELETE FROM dunning_dashboard_sum AS span
                         USING fresh
                         WHERE {same}
                        RETURNING span.*
                    )
                    INSERT INTO dunning_dashboard_sum
                           ({OF_CUSTOMER}, {AMOUNTS}, is_folded)
                    SELECT {OF_CUSTOMER}, SUM(amount), SUM(amount_currency), TRUE
                      FROM gone
                     GROUP BY {OF_CUSTOMER}
                    HAVING SUM(amount) != 0 OR SUM(amount_currency) != 0"""
            )
        )
        self.invalidate_model()
