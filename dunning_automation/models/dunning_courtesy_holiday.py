from datetime import timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class DunningCourtesyHoliday(models.Model):
    """Which working calendar knows the public holidays of a country.

    The holidays are the calendar's time off that belongs to no single resource. A day
    of which any part is off counts as a whole, as a date in the customer's calendar.
    """

    _name = "dunning.courtesy.holiday"
    _description = "Courtesy Holidays"
    _order = "courtesy_id, country_id, id"

    courtesy_id = fields.Many2one(
        "dunning.courtesy", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="courtesy_id.company_id", store=True
    )  # Stored for security rules.
    country_id = fields.Many2one(
        "res.country",
        "Customers In",
        index="btree_not_null",
        help="Empty = customers of all countries without a row of their own.",
    )
    calendar_id = fields.Many2one(
        "resource.calendar",
        required=True,
        index=True,
        ondelete="restrict",
        help="Its time off that belongs to no single resource.",
    )

    _country_uniq = models.UniqueIndex(
        "(courtesy_id, COALESCE(country_id, 0))",
        "A country has one calendar in a profile.",
    )

    @api.constrains("calendar_id")
    def _check_calendar(self):
        for row in self:
            if not row._search_leaves():
                raise ValidationError(
                    self.env._(
                        "Calendar “%s” knows no public holiday: enter them there under "
                        "Time Off first, or choose another calendar.",
                        row.calendar_id.name,
                    )
                )

    def _search_leaves(self, begin=None, end=None):
        domain = [
            ("calendar_id", "=", self.calendar_id.id),
            ("resource_id", "=", False),
            ("time_type", "=", "leave"),
        ]
        if begin:
            domain += [("date_to", ">=", begin), ("date_from", "<=", end)]
        return self.env["resource.calendar.leaves"].sudo().search(domain)

    def _get_holidays(self, begin, end):
        """The dates of the holidays between two moments (UTC)."""
        self.ensure_one()
        zone = pytz.timezone(self.calendar_id.tz or "UTC")
        found = set()
        for leave in self._search_leaves(begin, end):
            first, last = (
                pytz.utc.localize(moment).astimezone(zone).date()
                for moment in (max(leave.date_from, begin), min(leave.date_to, end))
            )
            days = (last - first).days + 1
            found |= {first + timedelta(days=number) for number in range(days)}
        return frozenset(found)
