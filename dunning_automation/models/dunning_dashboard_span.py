from datetime import date

from odoo import api, fields, models
from odoo.tools import SQL

from ..fields import UncheckedMany2one

OPEN = date.max
"""Last day of what is still open: no day is later."""
KEY = "company_id, currency_id, day_from, day_until, due, is_sale, is_cash, is_credit"
AMOUNTS = "amount, amount_currency"


class DunningDashboardSpan(models.AbstractModel):
    """Receivables summed up by the days between which they were open.

    An amount counts on each day from ``day_from`` until before ``day_until``: the day
    on which it was matched, or the end of time. So what was open on any day is one sum,
    and so is what was booked: the sum of all that began on that day.

    Each change of the ledger adds rows, possibly negative ones, and nobody waits for
    anybody; once a day ``_fold`` makes one row of those with the same key.
    """

    _name = "dunning.dashboard.span"
    _description = "Receivables by the Days They Were Open"
    _log_access = False
    _allow_sudo_commands = False
    _key = KEY

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
    is_folded = fields.Boolean(readonly=True)

    @api.model
    def _fold(self):
        """Make one row of all with the same key, and none of those that add to zero."""
        same = " AND ".join(
            f"span.{name} IS NOT DISTINCT FROM fresh.{name}"
            if name == "partner_id"
            else f"span.{name} = fresh.{name}"
            for name in self._key.split(", ")
        )
        self.env.cr.execute(
            SQL(
                f"""WITH fresh AS (
                        SELECT DISTINCT {self._key} FROM %(table)s WHERE NOT is_folded
                    ), gone AS (
                        DELETE FROM %(table)s AS span USING fresh WHERE {same}
                        RETURNING span.*
                    )
                    INSERT INTO %(table)s ({self._key}, {AMOUNTS}, is_folded)
                    SELECT {self._key}, SUM(amount), SUM(amount_currency), TRUE
                      FROM gone
                     GROUP BY {self._key}
                    HAVING SUM(amount) != 0 OR SUM(amount_currency) != 0""",
                table=SQL.identifier(self._table),
            )
        )
        self.invalidate_model()
