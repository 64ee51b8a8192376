from odoo import api, models


class DunningDashboardTotal(models.Model):
    """The sums of all customers together, for a page without filters of customers."""

    _name = "dunning.dashboard.total"
    _inherit = ["dunning.dashboard.span"]
    _description = "Receivables of All Customers by the Days They Were Open"

    @api.autovacuum
    def _fold(self):
        return super()._fold()
