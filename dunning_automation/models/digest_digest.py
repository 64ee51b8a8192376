from odoo import fields, models
from odoo.exceptions import AccessError

from ..report.dunning_dashboard_ledger import Scope

KPIS = (
    "kpi_dunning_overdue",
    "kpi_dunning_dso",
    "kpi_dunning_collected",
    "kpi_dunning_promises_kept",
)
DSO_MONTHS = 3


class DigestDigest(models.Model):
    """What the dashboard of collections says, in Odoo's digest e-mail.

    Only collections managers receive these figures; the e-mails of others leave them
    out. What is owed is as of the digest's day, what happened is of the whole days
    before it.
    """

    _inherit = "digest.digest"

    kpi_dunning_overdue = fields.Boolean("Overdue Receivables")
    kpi_dunning_overdue_value = fields.Monetary(compute="_compute_kpi_dunning_overdue")
    kpi_dunning_dso = fields.Boolean("DSO (Days)")
    kpi_dunning_dso_value = fields.Float(compute="_compute_kpi_dunning_dso")
    kpi_dunning_collected = fields.Boolean("Collected")
    kpi_dunning_collected_value = fields.Monetary(
        compute="_compute_kpi_dunning_collected"
    )
    kpi_dunning_promises_kept = fields.Boolean("Promises Kept")
    kpi_dunning_promises_kept_value = fields.Integer(
        compute="_compute_kpi_dunning_promises_kept"
    )

    def _compute_kpi_dunning_overdue(self):
        ledger = self.env["dunning.dashboard.ledger"]
        for digest, scope, _first, day in self._get_dunning_periods():
            _opened, overdue = ledger._read_history(scope, [day]).sums
            digest.kpi_dunning_overdue_value = overdue

    def _compute_kpi_dunning_dso(self):
        """Of the three months before; 0 when nothing was sold in them."""
        dashboard = self.env["dunning.dashboard"]
        for digest, scope, _first, day in self._get_dunning_periods():
            history = dashboard._read_history(scope, day, DSO_MONTHS)
            months = dashboard._get_months(day, history)
            dso = dashboard._measure(months, 0, DSO_MONTHS)["dso"]
            digest.kpi_dunning_dso_value = dso.value or 0.0

    def _compute_kpi_dunning_collected(self):
        ledger = self.env["dunning.dashboard.ledger"]
        for digest, scope, first, day in self._get_dunning_periods():
            ends = [fields.Date.subtract(end, days=1) for end in (first, day)]
            _earlier, (_change, _sales, cash, _not_due) = ledger._read_history(
                scope, ends
            ).months
            digest.kpi_dunning_collected_value = cash

    def _compute_kpi_dunning_promises_kept(self):
        promises = self.env["dunning.promise"]
        for digest, scope, first, day in self._get_dunning_periods():
            digest.kpi_dunning_promises_kept_value = promises.search_count(
                [
                    ("company_id", "=", scope.company.id),
                    ("state", "=", "kept"),
                    ("date_decided", ">=", first),
                    ("date_decided", "<", day),
                ]
            )

    def _get_dunning_periods(self):
        """Yield (digest, scope, first day, day of the digest) in days of the company.

        :raise AccessError: for whom these figures are not; Odoo leaves them out then
        """
        if not self.env.user.has_group("dunning_automation.group_manager"):
            raise AccessError(
                self.env._("Only collections managers receive these figures.")
            )
        for digest in self:
            company = digest.company_id or self.env.company
            first, day = (
                fields.Datetime.context_timestamp(
                    self.with_context(tz=company._dunning_timezone()),
                    fields.Datetime.to_datetime(moment),
                ).date()
                for moment in self._get_kpi_compute_parameters()[:2]
            )
            yield digest, Scope(company), first, day

    def _compute_kpis_actions(self, company, user):
        """All of them open the dashboard, which explains them."""
        action = "dunning_automation.dunning_dashboard_action?menu_id={}".format(
            self.env.ref("account.menu_finance").id
        )
        return super()._compute_kpis_actions(company, user) | dict.fromkeys(
            KPIS, action
        )
