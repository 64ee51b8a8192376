from odoo import api, fields, models


class DunningRecoveryAttempt(models.Model):
    _inherit = "dunning.recovery.attempt"

    propensity = fields.Float(
        "Chance",
        readonly=True,
        aggregator=None,
        help="With which its time was chosen among the possible ones. 0 = not by "
        "chance.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        attempts = super().create(vals_list)
        for attempt in attempts.filtered(lambda one: one.channel == "retry"):
            trials_sudo = attempt.recovery_id.sudo().trial_ids
            waiting = trials_sudo.filtered(lambda trial: not trial.attempt_id)
            waiting[:1]._follow(attempt)
        return attempts
