from odoo import api, models
from odoo.tools import SQL


class DunningLedger(models.AbstractModel):
    _inherit = "dunning.ledger"

    @api.model
    def _get_reachable_conditions(self):
        """The other program knows the customer by his number, so it reaches everybody.
        Whom a channel does not reach is said here, for the claim, and by
        ``_check_recipient_<channel>`` of ``dunning.planner``, for planning."""
        return [*super()._get_reachable_conditions(), ("hook", SQL("TRUE"))]
