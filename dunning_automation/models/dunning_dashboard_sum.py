from odoo import api, fields, models
from odoo.tools import SQL

SALES = "('out_invoice', 'out_refund', 'out_receipt')"
KEY = (
    "company_id, account_id, partner_id, currency_id, journal_id, day, due, is_sale, "
    "is_credit, is_match"
)
COLUMNS = f"{KEY}, amount, amount_currency"
POSTED = """line.parent_state = 'posted'
       AND account.account_type = 'asset_receivable'"""
WATCHED = (
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


def _add_lines(lines, sign=1):
    """What lines add to the sums."""
    return f"""
        SELECT line.company_id, line.account_id, line.partner_id, line.currency_id,
               line.journal_id, line.date, COALESCE(line.date_maturity, line.date),
               booked.move_type IN {SALES}, line.balance < 0, FALSE,
               {sign} * line.balance, {sign} * line.amount_currency
          FROM {lines} line
          JOIN account_move booked ON booked.id = line.move_id
          JOIN account_account account ON account.id = line.account_id
         WHERE {POSTED}"""


def _add_matches(lines, parts="account_partial_reconcile", sign=1):
    """What was matched takes away from them, on the day on which it was."""
    return " UNION ALL ".join(
        f"""
        SELECT line.company_id, line.account_id, line.partner_id, line.currency_id,
               line.journal_id, part.max_date, COALESCE(line.date_maturity, line.date),
               FALSE, line.balance < 0, TRUE,
               {factor} * part.amount, {factor} * part.{side}_amount_currency
          FROM {parts} part
          JOIN {lines} line ON line.id = part.{side}_move_id
          JOIN account_account account ON account.id = line.account_id
         WHERE {POSTED}"""
        for side, factor in (("debit", -sign), ("credit", sign))
    )


def _get_update(table, other, sign):
    """What an update changes: lines as they were, or as they are."""
    differs = " OR ".join(
        f"{table}.{name} IS DISTINCT FROM {other}.{name}" for name in WATCHED
    )
    lines = f"""(SELECT {table}.*
                   FROM {table} JOIN {other} ON {other}.id = {table}.id
                  WHERE {differs})"""
    return [_add_lines(lines, sign), _add_matches(lines, sign=sign)]


TRIGGERS = {
    ("account_move_line", "INSERT"): [_add_lines("after")],
    ("account_move_line", "DELETE"): [_add_lines("before", -1)],
    ("account_move_line", "UPDATE"): [
        *_get_update("before", "after", -1),
        *_get_update("after", "before", 1),
    ],
    ("account_partial_reconcile", "INSERT"): [
        _add_matches("account_move_line", "after")
    ],
    ("account_partial_reconcile", "DELETE"): [
        _add_matches("account_move_line", "before", -1)
    ],
    ("account_partial_reconcile", "UPDATE"): [
        _add_matches("account_move_line", "before", -1),
        _add_matches("account_move_line", "after"),
    ],
}
TABLES = {
    "INSERT": "REFERENCING NEW TABLE AS after",
    "DELETE": "REFERENCING OLD TABLE AS before",
    "UPDATE": "REFERENCING OLD TABLE AS before NEW TABLE AS after",
}
FUNCTION = """
    CREATE OR REPLACE FUNCTION {name}() RETURNS trigger AS $$
    BEGIN
        IF to_regclass('dunning_dashboard_sum') IS NOT NULL THEN
            INSERT INTO dunning_dashboard_sum ({columns}) {changes};
        END IF;
        RETURN NULL;
    END
    $$ LANGUAGE plpgsql;
    DROP TRIGGER IF EXISTS {name} ON {table};
    CREATE TRIGGER {name} AFTER {event} ON {table} {tables}
           FOR EACH STATEMENT EXECUTE FUNCTION {name}()
"""


class DunningDashboardSum(models.Model):
    """The receivable lines and what was matched with them, summed up by day.

    Kept by triggers of the database, once per statement, whoever writes and however:
    each statement adds what it changed, nobody waits for anybody. ``_fold`` makes one
    row of many. What was open on a day is the sum until that day.
    """

    _name = "dunning.dashboard.sum"
    _description = "Sums of Receivables by Day"
    _log_access = False
    _allow_sudo_commands = False

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    account_id = fields.Many2one("account.account", required=True, readonly=True)
    partner_id = fields.Many2one("res.partner", readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    journal_id = fields.Many2one("account.journal", required=True, readonly=True)
    day = fields.Date(required=True, readonly=True)
    due = fields.Date(required=True, readonly=True)
    is_sale = fields.Boolean(required=True, readonly=True)
    is_credit = fields.Boolean(required=True, readonly=True)
    is_match = fields.Boolean(required=True, readonly=True)
    amount = fields.Float(digits=0, required=True, readonly=True)
    amount_currency = fields.Float(digits=0, required=True, readonly=True)

    def init(self):
        for (table, event), changes in TRIGGERS.items():
            name = f"dunning_follow_sum_{table}_{event.lower()}"
            self.env.cr.execute(
                SQL(
                    FUNCTION.format(
                        name=name,
                        table=table,
                        event=event,
                        tables=TABLES[event],
                        columns=COLUMNS,
                        changes=" UNION ALL ".join(changes),
                    )
                )
            )

    @api.model
    def _get_direct_sql(self):
        """The same sums from the lines themselves."""
        lines, matches = (
            add("account_move_line") for add in (_add_lines, _add_matches)
        )
        return SQL(
            f"""SELECT {KEY}, SUM(amount) AS amount,
                       SUM(amount_currency) AS amount_currency
                  FROM ({lines} UNION ALL {matches}) AS added ({COLUMNS})
                 GROUP BY {KEY}
                HAVING SUM(amount) != 0 OR SUM(amount_currency) != 0"""
        )

    @api.model
    def _rebuild(self):
        """Make the sums anew from the lines. Writers wait meanwhile."""
        self.env.cr.execute(SQL("LOCK TABLE dunning_dashboard_sum IN EXCLUSIVE MODE"))
        self.env.cr.execute(SQL("DELETE FROM dunning_dashboard_sum"))
        self.env.cr.execute(
            SQL(
                f"INSERT INTO dunning_dashboard_sum ({COLUMNS}) %s",
                self._get_direct_sql(),
            )
        )
        self.invalidate_model()

    @api.model
    def _fold(self):
        """Make one row of all with the same key, and none of those that add to zero."""
        self.env.cr.execute(
            SQL(
                f"""WITH added AS (DELETE FROM dunning_dashboard_sum RETURNING {COLUMNS})
                    INSERT INTO dunning_dashboard_sum ({COLUMNS})
                    SELECT {KEY}, SUM(amount), SUM(amount_currency)
                      FROM added
                     GROUP BY {KEY}
                    HAVING SUM(amount) != 0 OR SUM(amount_currency) != 0"""
            )
        )
        self.invalidate_model()
