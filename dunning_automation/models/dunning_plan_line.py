from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class DunningPlanLine(models.Model):
    """One instalment of a payment plan. People write it while the plan is a draft; its
    state is the ledger's."""

    _name = "dunning.plan.line"
    _description = "Payment Plan Instalment"
    _order = "date, id"

    plan_id = fields.Many2one(
        "dunning.plan", required=True, index=True, ondelete="cascade"
    )
    # Stored for security rules.
    company_id = fields.Many2one(related="plan_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="plan_id.currency_id")
    date = fields.Date(required=True)
    amount = fields.Monetary(required=True)
    state = fields.Selection(
        [("open", "Open"), ("kept", "Kept"), ("missed", "Missed")],
        required=True,
        readonly=True,
        default="open",
    )

    @api.constrains("amount")
    def _check_amount(self):
        for line in self:
            if line.currency_id.compare_amounts(line.amount, 0.0) <= 0:
                raise ValidationError(
                    self.env._("Every instalment needs an amount above zero.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._check_draft()
        return lines

    def write(self, vals):
        self._check_draft()
        if "state" in vals and not self.env.su:
            raise UserError(self.env._("The ledger says whether it was paid."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_agreed(self):
        self._check_draft()

    def _check_draft(self):
        if not self.env.su and any(line.plan_id.state != "draft" for line in self):
            raise UserError(
                self.env._(
                    "What was agreed stays as it is: cancel this plan and make another."
                )
            )
