from odoo import api, fields, models
from odoo.tools import SQL

from .dunning_dashboard_span import AMOUNTS, KEY
from .dunning_exposure import BANDS

OF_BAND = f"{KEY}, band"


def get_totals_sql(sums):
    """SQL that adds ``sums`` of customers to the totals, by the band they have now."""
    return f"""
    INSERT INTO dunning_dashboard_total ({OF_BAND}, {AMOUNTS})
    SELECT {OF_BAND}, SUM(amount), SUM(amount_currency)
      FROM (SELECT span.*, exposure.band
              FROM {sums} span
         LEFT JOIN dunning_exposure exposure
                ON exposure.partner_id = span.partner_id
               AND exposure.company_id = span.company_id) span
     GROUP BY {OF_BAND}
    HAVING SUM(amount) != 0 OR SUM(amount_currency) != 0"""


# A row of a customer's risk means: his sums are in its band, and in none no more.
MOVE = f"""
    INSERT INTO dunning_dashboard_total ({OF_BAND}, {AMOUNTS})
    SELECT {OF_BAND}, SUM(sign * amount), SUM(sign * amount_currency)
      FROM (SELECT span.*, change.band, change.sign
              FROM (SELECT partner_id, company_id, shift.band, SUM(shift.sign) AS sign
                      FROM ({{rows}}) AS row (partner_id, company_id, band, sign)
                CROSS JOIN LATERAL (VALUES (row.band, row.sign), (NULL, -row.sign)
                           ) AS shift (band, sign)
                     GROUP BY 1, 2, 3
                    HAVING SUM(shift.sign) != 0) change
              JOIN dunning_dashboard_sum span
                ON span.partner_id = change.partner_id
               AND span.company_id = change.company_id) span
     GROUP BY {OF_BAND}
    HAVING SUM(sign * amount) != 0 OR SUM(sign * amount_currency) != 0"""
GONE = "SELECT partner_id, company_id, band, -1 FROM before"
COME = "SELECT partner_id, company_id, band, 1 FROM after"
RISKS = {"INSERT": COME, "DELETE": GONE, "UPDATE": f"{GONE} UNION ALL {COME}"}


class DunningDashboardTotal(models.Model):
    """The sums of all customers together by their risk, for a page without filters of
    customers. Written with the sums, and whenever a customer's risk changes."""

    _name = "dunning.dashboard.total"
    _inherit = ["dunning.dashboard.span"]
    _description = "Receivables of All Customers by the Days They Were Open"

    band = fields.Selection(BANDS, "Risk Band", readonly=True)

    @api.model
    def _follow_risks(self):
        """When a customer's band changes, what he owes moves to it."""
        for event, rows in RISKS.items():
            self._follow("dunning_exposure", event, MOVE.format(rows=rows))

    @api.model
    def _rebuild(self):
        """Make the totals anew from the sums. Who was booked while his band changed may
        have been left in the old one: that ends here."""
        self.env.cr.execute("DELETE FROM dunning_dashboard_total")
        self.env.cr.execute(SQL(get_totals_sql("dunning_dashboard_sum")))
        self.invalidate_model()
