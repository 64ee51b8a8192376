from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .res_company import READERS


class DunningFindingMixin(models.AbstractModel):
    """Records that the check of the ledger's data may find fault with.

    They are found by ``[("dunning_finding", "=", code)]``, by the same SQL that counts
    them, in the current company. What was repaired is found no more.
    """

    _name = "dunning.finding.mixin"
    _description = "Found by the Data Check"

    dunning_finding = fields.Char(
        "Data Check",
        store=False,
        search="_search_dunning_finding",
        groups=READERS,
    )

    @api.model
    def _search_dunning_finding(self, operator, value):
        if operator != "in":
            return NotImplemented
        quality_sudo = self.env["dunning.data.quality"].sudo()
        return Domain.OR(
            Domain("id", "in", SQL("(%s)", quality_sudo._get_ids_sql(code, self._name)))
            for code in value
        )
