from odoo import api, fields, models


class DunningCaseRecovery(models.AbstractModel):
    """Payments of the customer that failed and are being recovered, on the case."""

    _name = "dunning.case.recovery"
    _description = "Recoveries of a Dunning Case"

    open_recovery_ids = fields.Many2many(
        "dunning.recovery", compute="_compute_open_recoveries"
    )
    recovery_text = fields.Char("Failed Payments", compute="_compute_open_recoveries")

    @api.depends("partner_id", "company_id", "state")
    @api.depends_context("lang")
    def _compute_open_recoveries(self):
        """By customer and company: a payment may have failed before the case opened."""
        found = self.env["dunning.recovery"].search(
            [
                ("partner_id", "in", self.partner_id.ids),
                ("company_id", "in", self.company_id.ids),
                ("state", "in", ("open", "charging", "unknown", "customer")),
            ]
        )
        owned = found.grouped(lambda one: (one.partner_id, one.company_id))
        for case in self:
            recoveries = owned.get((case.partner_id, case.company_id), found.browse())
            case.open_recovery_ids = recoveries
            case.recovery_text = " / ".join(one._describe() for one in recoveries)

    def action_open_recoveries(self):
        """Open what is being recovered of this customer."""
        return self.open_recovery_ids._get_records_action(
            name=self.env._("Failed Payments")
        )
