from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools.courtesy import Window

WEEKDAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


class DunningCourtesyWindow(models.Model):
    """The hours and days of one channel, by the customer's clock."""

    _name = "dunning.courtesy.window"
    _description = "Courtesy Hours"
    _order = "courtesy_id, id"

    courtesy_id = fields.Many2one(
        "dunning.courtesy", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="courtesy_id.company_id", store=True
    )  # Stored for security rules.
    channel = fields.Selection(
        lambda self: self.env["dunning.courtesy"]._select_channel(),
        required=True,
        default="all",
        help="A channel with hours of its own does not follow those for all.",
    )
    hour_start = fields.Float(
        "From", required=True, default=8.0, help="By the customer's clock."
    )
    hour_end = fields.Float(
        "To", required=True, default=18.0, help="By the customer's clock."
    )
    monday = fields.Boolean("Mon", default=True)
    tuesday = fields.Boolean("Tue", default=True)
    wednesday = fields.Boolean("Wed", default=True)
    thursday = fields.Boolean("Thu", default=True)
    friday = fields.Boolean("Fri", default=True)
    saturday = fields.Boolean("Sat")
    sunday = fields.Boolean("Sun")
    on_holidays = fields.Boolean("Also on Holidays")

    _channel_uniq = models.Constraint(
        "UNIQUE(courtesy_id, channel)",
        "A channel has one row of hours in a profile: change that one.",
    )

    @api.constrains("hour_start", "hour_end")
    def _check_hours(self):
        for window in self:
            if not 0 <= window.hour_start or window.hour_end > 24:
                raise ValidationError(
                    self.env._("Hours are between 0:00 and 24:00 of one day.")
                )
            start, end, *_rest = window._get_window()
            if start >= end:
                raise ValidationError(
                    self.env._(
                        "The hours end at %(end)s, before they begin at %(start)s: so "
                        "nothing could ever be sent. They cannot pass midnight.",
                        start="{:d}:{:02d}".format(*divmod(start, 60)),
                        end="{:d}:{:02d}".format(*divmod(end, 60)),
                    )
                )

    @api.constrains(*WEEKDAYS)
    def _check_weekdays(self):
        for window in self:
            if not window._get_window().weekdays:
                raise ValidationError(
                    self.env._("Choose at least one day, or nothing is ever sent.")
                )

    def _get_window(self):
        self.ensure_one()
        return Window(
            round(self.hour_start * 60),
            round(self.hour_end * 60),
            frozenset(number for number, day in enumerate(WEEKDAYS) if self[day]),
            self.on_holidays,
        )
