from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import retries


class DunningRetrySchedule(models.Model):
    """When refused payments are tried again, and what happens if it does not help."""

    _name = "dunning.retry.schedule"
    _description = "Retry Schedule"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company", index="btree_not_null", help="Empty = for all companies."
    )
    step_ids = fields.One2many("dunning.retry.step", "schedule_id", "Tries", copy=True)
    office_days = fields.Boolean(
        "Not at Weekends",
        help="What falls on Saturday or Sunday is tried at the same time on Monday.",
    )
    paydays = fields.Char(
        help="Days of the month on which money comes in, e.g. 1, 15, 31 (31 = the last "
        "one). A try waits for such a day if it comes before the next try.",
    )
    unknown_tries = fields.Integer(
        "Tries without a Known Reason",
        default=3,
        help="Of what the provider does not explain, or in words that are in no table.",
    )
    retry_first = fields.Boolean(
        "Try First, Then Write",
        default=True,
        help="The customer hears nothing of a refusal that may pass before the first "
        "try has failed, too.",
    )
    grace_days = fields.Integer(
        default=3,
        help="Days after the last failure in which the customer may pay by himself.",
    )
    end_action = fields.Selection(
        [
            ("dunning", "Remind as usual"),
            ("pause", "Remind, and pause the recurrence"),
            ("task", "Remind, and a task for the salesperson"),
        ],
        "In the End",
        required=True,
        default="dunning",
    )

    _not_negative = models.Constraint(
        "CHECK(unknown_tries >= 0 AND grace_days >= 0)",
        "Tries and days of grace cannot be negative.",
    )

    @api.constrains("paydays")
    def _check_paydays(self):
        for schedule in self:
            try:
                days = schedule._get_paydays()
            except ValueError:
                days = (0,)
            if not all(1 <= day <= retries.LAST_DAY for day in days):
                raise ValidationError(
                    self.env._(
                        "Paydays are numbers from 1 to 31 with commas between them, "
                        "for example: 1, 15, 31."
                    )
                )

    def _get_paydays(self):
        return tuple(int(day) for day in (self.paydays or "").split(",") if day.strip())

    def _get_schedule(self):
        """The ``Schedule`` of ``tools/retries.py``."""
        self.ensure_one()
        return retries.Schedule(
            waits=tuple(sorted(step._get_wait() for step in self.step_ids)),
            paydays=self._get_paydays(),
            office_days=self.office_days,
        )

    @api.model
    def _get_default(self, company):
        """The first schedule that ``company`` may use, for policies without one."""
        return self.sudo().search([("company_id", "in", (company.id, False))], limit=1)
