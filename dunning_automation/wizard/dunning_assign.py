from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class DunningAssign(models.TransientModel):
    """Shows who would get which cases by the assignments, and gives them."""

    _name = "dunning.assign"
    _description = "Assign Collectors"

    case_ids = fields.Many2many("dunning.case", string="Selected Cases")
    scope = fields.Selection(
        [
            ("unassigned", "Cases without a collector, or whose collector left"),
            ("all", "All, also those that have a collector"),
        ],
        "Which Cases",
        required=True,
        default="unassigned",
    )
    preview_html = fields.Html(
        "Who Gets What", compute="_compute_preview_html", sanitize=False
    )

    @api.depends("case_ids", "scope")
    def _compute_preview_html(self):
        for wizard in self:
            cases = wizard._get_cases()
            given = wizard._get_given(cases)
            rows = {}
            for row in given:
                rows.setdefault((row.case.company_id, row.user), []).append(row.case)
            wizard.preview_html = self.env["ir.qweb"]._render(
                "dunning_automation.assignment_preview",
                {
                    "rows": [
                        (company, user, len(of_user), self._sum(of_user))
                        for (company, user), of_user in sorted(
                            rows.items(),
                            key=lambda item: (item[0][0].id, -len(item[1])),
                        )
                    ],
                    "several_companies": len(cases.company_id) > 1,
                    "missing": len(cases) - len(given),
                    "total": len(cases),
                },
            )

    @api.model
    def _sum(self, cases):
        return sum(case.overdue_amount for case in cases)

    def _get_cases(self):
        """The open cases in question, of the companies of the user."""
        assignment = self.env["dunning.assignment"]
        cases = self.env["dunning.case"]
        for company in self.env.companies:
            domain = [("company_id", "=", company.id), ("state", "=", "open")]
            if self.scope == "unassigned":
                domain = assignment._get_orphans_domain(company)
            if self.case_ids:
                domain.append(("id", "in", self.case_ids.ids))
            cases |= cases.search(domain)
        return cases

    def _get_given(self, cases):
        return [
            row
            for of_company in cases.grouped("company_id").values()
            for row in self.env["dunning.assignment"].sudo()._distribute(of_company)
        ]

    def action_confirm(self):
        """Give the cases away as the preview says."""
        self.ensure_one()
        if not self.env.user.has_group("dunning_automation.group_manager"):
            raise AccessError(
                self.env._("Only a collections manager assigns cases by the rules.")
            )
        cases = self._get_cases()
        if not self._get_given(cases):
            raise UserError(
                self.env._(
                    "No assignment fits any of these cases. Make one under "
                    "Collections, Assignments."
                )
            )
        for of_company in cases.grouped("company_id").values():
            self.env["dunning.assignment"].sudo()._assign(of_company.sudo())
        return {"type": "ir.actions.act_window_close"}
