from datetime import timedelta

from odoo import fields, models


class DunningRetryStep(models.Model):
    """One try of a schedule."""

    _name = "dunning.retry.step"
    _description = "Retry"
    _order = "schedule_id, days, hours"

    schedule_id = fields.Many2one(
        "dunning.retry.schedule", required=True, index=True, ondelete="cascade"
    )
    days = fields.Integer(help="After the first failure.")
    hours = fields.Integer(help="More, beside the days.")

    _moment_uniq = models.Constraint(
        "UNIQUE(schedule_id, days, hours)", "There is a try at this time already."
    )
    _after_failure = models.Constraint(
        "CHECK(days >= 0 AND hours >= 0 AND days + hours > 0)",
        "A try comes at least an hour after the failure.",
    )

    def _get_wait(self):
        return timedelta(days=self.days, hours=self.hours)
