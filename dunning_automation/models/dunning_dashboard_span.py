from datetime import date

from odoo import api, fields, models
from odoo.tools import SQL

from ..fields import PREFIX, UncheckedMany2one

OPEN = date.max
"""Last day of what is still open: no day is later."""
KEY = "company_id, currency_id, day_from, day_until, due, is_sale, is_cash, is_credit"
AMOUNTS = "amount, amount_currency"
ROWS = {
    "INSERT": "REFERENCING NEW TABLE AS after",
    "DELETE": "REFERENCING OLD TABLE AS before",
    "UPDATE": "REFERENCING OLD TABLE AS before NEW TABLE AS after",
}
FUNCTION = """
    CREATE OR REPLACE FUNCTION {name}() RETURNS trigger AS $$
    BEGIN
        IF to_regclass('dunning_dashboard_total') IS NOT NULL THEN
            {statement};
        END IF;
        RETURN NULL;
    END
    $$ LANGUAGE plpgsql"""
TRIGGER = """
    CREATE TRIGGER {name} AFTER {event} ON {table} {rows}
           FOR EACH STATEMENT EXECUTE FUNCTION {name}()"""


class DunningDashboardSpan(models.AbstractModel):
    """Receivables summed up by the days between which they were open.

    An amount counts on each day from ``day_from`` until before ``day_until``: the day
    on which it was matched, or the end of time. So what was open on any day is one sum,
    and so is what was booked: the sum of all that began on that day.

    Each change of the ledger adds rows, possibly negative ones, and nobody waits for
    anybody; once a day one row is made of those with the same key.
    """

    _name = "dunning.dashboard.span"
    _description = "Receivables by the Days They Were Open"
    _log_access = False
    _allow_sudo_commands = False

    company_id = UncheckedMany2one("res.company", required=True, readonly=True)
    currency_id = UncheckedMany2one("res.currency", required=True, readonly=True)
    day_from = fields.Date(required=True, readonly=True)
    day_until = fields.Date(required=True, readonly=True, index=True)
    due = fields.Date(required=True, readonly=True)
    is_sale = fields.Boolean("Of an Invoice", required=True, readonly=True)
    is_cash = fields.Boolean("Of a Payment", required=True, readonly=True)
    is_credit = fields.Boolean(required=True, readonly=True)
    amount = fields.Float(
        digits=0, required=True, readonly=True, help="In company currency."
    )
    amount_currency = fields.Float(digits=0, required=True, readonly=True)

    @api.model
    def _follow(self, table, event, statement):
        """Have the database run ``statement`` after each statement that changed
        ``table``: once, with the rows ``before`` and ``after`` it."""
        name = f"{PREFIX}sum_{table}_{event.lower()}"
        values = {"name": name, "table": table, "event": event, "rows": ROWS[event]}
        self.env.cr.execute(SQL(FUNCTION.format(statement=statement, **values)))
        # An update beside a running server waits for no table that is being written.
        if not self.env.execute_query(
            SQL("SELECT FROM pg_trigger WHERE tgname = %s", name)
        ):
            self.env.cr.execute(SQL(TRIGGER.format(**values)))
