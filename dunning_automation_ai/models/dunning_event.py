from odoo import fields, models

KINDS = {
    "risk_model_champion": "Another model predicts",
    "risk_model_withdrawn": "Predictions by the rule again",
    "risk_overridden": "Risk set by a person",
    "risk_override_ended": "Risk computed again",
}


class DunningEvent(models.Model):
    _inherit = "dunning.event"

    kind = fields.Selection(
        selection_add=list(KINDS.items()),
        # What happened stays in the sealed chain, whatever is uninstalled.
        ondelete=dict.fromkeys(KINDS, lambda events: None),
    )
