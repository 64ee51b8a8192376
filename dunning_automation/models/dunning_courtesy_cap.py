from odoo import api, fields, models
from odoo.exceptions import ValidationError

LONGEST_WINDOW = 366


class DunningCourtesyCap(models.Model):
    """How often a customer hears from us, at most.

    Counted per customer and company: messages that left or may have left, and calls
    that we made, whoever answered. What the customer sends, and his own calls, do not
    count.
    """

    _name = "dunning.courtesy.cap"
    _description = "Courtesy Cap"
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
        help="What is counted, and what waits when the cap is reached.",
    )
    max_number = fields.Integer("At Most", required=True, default=1)
    window_days = fields.Integer(
        "In Days",
        required=True,
        default=7,
        help="Consecutive days of the customer's calendar, today included.",
    )

    @api.constrains("max_number", "window_days")
    def _check_numbers(self):
        for cap in self:
            if cap.max_number < 1:
                raise ValidationError(
                    self.env._(
                        "A cap of %s would never let anything out: enter 1 or more, or "
                        "delete the cap.",
                        cap.max_number,
                    )
                )
            if not 1 <= cap.window_days <= LONGEST_WINDOW:
                raise ValidationError(
                    self.env._(
                        "A cap counts the contacts of 1 to %(longest)s days, not of "
                        "%(days)s.",
                        longest=LONGEST_WINDOW,
                        days=cap.window_days,
                    )
                )

    @api.depends("channel", "max_number", "window_days")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._fields["channel"]._description_selection(self.env))
        labels["all"] = self.env._("Contacts")
        for cap in self:
            cap.display_name = self.env._(
                "%(what)s: at most %(number)s in %(days)s days",
                what=labels.get(cap.channel, ""),
                number=cap.max_number,
                days=cap.window_days,
            )
