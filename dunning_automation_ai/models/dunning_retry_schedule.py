from odoo import api, fields, models

from ..tools.retry_waits import HOURS


class DunningRetrySchedule(models.Model):
    _inherit = "dunning.retry.schedule"

    learn_retry = fields.Boolean(
        "Learn How Long to Wait",
        help="A try may come 12, 24 or 48 hours later, but before the next one and "
        "within the caps of the card networks; more and more often as it works. One of "
        "ten choices is left to chance.",
    )

    @api.model
    def _get_learnt_options(self, company, policies):
        """As that of ``policies``, for the schedules that these use in ``company``."""
        schedules = policies.sudo().retry_schedule_id | self._get_default(company)
        return {
            ("retry", schedule.id): (schedule.name, list(HOURS))
            for schedule in schedules
            if schedule.learn_retry
        }
