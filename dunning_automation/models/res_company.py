from odoo import api, fields, models

from odoo.addons.base.models.res_partner import _tz_get


class ResCompany(models.Model):
    _inherit = "res.company"

    dunning_tz = fields.Selection(
        _tz_get,
        "Dunning Time Zone",
        help="Decides what “today” is: overdue is counted in this time zone.",
    )
    dunning_hour = fields.Integer(
        default=7, help="The daily run starts in or after this hour, local time."
    )
    dunning_pending_days = fields.Integer(
        default=14,
        help="An online payment that stays pending holds reminders back for at most "
        "this many days.",
    )

    _dunning_hour_range = models.Constraint(
        "CHECK(dunning_hour BETWEEN 0 AND 23)",
        "The hour of the daily run is a number from 0 to 23.",
    )
    _dunning_pending_days_not_negative = models.Constraint(
        "CHECK(dunning_pending_days >= 0)",
        "The days that a pending payment holds reminders back cannot be negative.",
    )

    def _dunning_timezone(self):
        """Name of the zone that decides what today is for this company."""
        self.ensure_one()
        return (
            self.dunning_tz
            or self.sudo().partner_id.tz
            or self.sudo().resource_calendar_id.tz
            or "UTC"
        )

    def _dunning_today(self):
        """Today's date in the company's time zone, by the database's clock."""
        return self.env["dunning.run"]._local_date(self._dunning_timezone())

    def _dunning_is_run_due(self):
        """Whether the daily run of today is still to come and its hour has struck."""
        self.ensure_one()
        if not self.env["dunning.policy"]._search_applicable(self):
            return False
        now = self.env["dunning.run"]._local_time(self._dunning_timezone())
        return now.hour >= self.dunning_hour and not self.env[
            "dunning.run"
        ].search_count(
            [
                ("company_id", "=", self.id),
                ("date", "=", self._dunning_today()),
                ("simulation", "=", False),
                ("state", "=", "done"),
            ],
            limit=1,
        )

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies.sudo()._dunning_create_policies()
        return companies

    def _dunning_create_policies(self):
        """Give those that have no policy and no parent the standard one, in review."""
        for company in self.filtered(lambda company: not company.parent_id):
            if not self.env["dunning.policy"].search_count(
                [("company_id", "=", company.id)], limit=1
            ):
                self.env["dunning.policy"].with_company(company).create(
                    {"name": self.env._("Standard"), "company_id": company.id}
                )
