from odoo import api, fields, models
from odoo.fields import Domain

from .dunning_assignment import QUIET
from .res_partner import CREDIT_HOLDS


class DunningCaseEscalation(models.AbstractModel):
    """Who takes over a case: a collector, a manager, the credit hold of the customer,
    a collection agency."""

    _name = "dunning.case.escalation"
    _description = "Dunning Case: Escalation"

    credit_hold = fields.Selection(
        CREDIT_HOLDS,
        compute="_compute_credit_hold",
        search="_search_credit_hold",
        compute_sudo=True,
    )
    escalation_waits = fields.Boolean(
        compute="_compute_escalation_waits",
        search="_search_escalation_waits",
        help="A manager has to decide on an escalation.",
    )

    @api.depends("partner_id.dunning_credit_hold")
    def _compute_credit_hold(self):
        for company, cases in self.grouped("company_id").items():
            for case in cases:
                debtor = case.partner_id.with_company(company)
                case.credit_hold = debtor.dunning_credit_hold or "none"

    def _search_credit_hold(self, operator, value):
        if operator != "in":
            return NotImplemented
        partners = self.env["res.partner"].sudo()
        return Domain.OR(
            Domain("company_id", "=", company.id)
            & Domain(
                "partner_id",
                "in",
                partners.with_company(company)._search(
                    [("dunning_credit_hold", "in", list(value))]
                ),
            )
            for company in self.env.companies
        )

    @api.depends("escalation_log_ids.state")
    def _compute_escalation_waits(self):
        for case in self:
            case.escalation_waits = any(
                log.state == "waiting" for log in case.escalation_log_ids
            )

    def _search_escalation_waits(self, operator, value):
        if operator != "in":
            return NotImplemented
        waiting = Domain("escalation_log_ids.state", "=", "waiting")
        return waiting if True in value else ~waiting

    # === COLLECTORS === #

    def _set_collector(self, user, **payload):
        """Give these cases, and the tasks of those who had them, to ``user`` (nobody
        if empty). In a few statements for any number of cases.

        :param payload: facts for the event: ``reason`` and ids
        """
        self = self.filtered(lambda case: case.user_id != user)
        if not self:
            return
        previous = {case.id: case.user_id for case in self}
        self.with_context(**QUIET).user_id = user
        self._move_tasks(previous)
        self.env["dunning.event"].create(
            [
                {
                    "company_id": case.company_id.id,
                    "partner_id": case.partner_id.id,
                    "case_id": case.id,
                    "kind": "collector_assigned",
                    "payload": {
                        "user_id": user.id,
                        "previous_user_id": previous[case.id].id,
                        **payload,
                    },
                }
                for case in self
            ]
        )

    def _move_tasks(self, previous):
        """Open tasks of the ``previous`` collectors ({case id: user}) go with the
        case."""
        tasks = self.env["mail.activity"].search(
            [
                ("res_model", "=", "dunning.case"),
                ("res_id", "in", self.ids),
                ("user_id", "in", [user.id for user in set(previous.values())]),
            ]
        )
        tasks = tasks.filtered(lambda task: task.user_id == previous[task.res_id])
        workers = {case.id: user for case, user in self._get_workers().items()}
        for user, of_user in tasks.grouped(lambda task: workers[task.res_id]).items():
            of_user.with_context(**QUIET).user_id = user

    def _get_workers(self):
        """Who gets a task of these cases: the collector, else the responsible of the
        policy, else of the company; never somebody archived.

        :return: {case: user}
        """
        workers = {}
        for company, cases in self.grouped("company_id").items():
            fallback = company._dunning_get_responsible()
            for case in cases:
                users = case.user_id | case.level_id.policy_id.user_id
                workers[case] = users.filtered("active")[:1] or fallback
        return workers

    # === THE END OF A CASE === #

    def _end_escalations(self):
        """Nothing is owed any more: what was a means of getting the money ends."""
        self.escalation_log_ids.filtered(lambda log: log.state == "waiting")._settle(
            "lapsed"
        )
        for company, cases in self.grouped("company_id").items():
            debtors = cases.partner_id.with_company(company)
            debtors._dunning_set_credit_hold("none")

    # === BUTTONS === #

    def action_credit_hold_block(self):
        """A manager blocks new orders of these customers."""
        self._set_credit_hold("block")

    def action_credit_hold_release(self):
        """A manager ends the credit hold of these customers."""
        self._set_credit_hold("none")

    def _set_credit_hold(self, credit_hold):
        """Managers may, whether or not they may change contacts otherwise."""
        self.check_access("read")
        self.env["res.partner"]._dunning_check_credit_hold()
        for company, cases in self.sudo().grouped("company_id").items():
            debtors = cases.partner_id.with_company(company)
            debtors._dunning_set_credit_hold(credit_hold)

    def action_assign_collectors(self):
        """Show who would get which cases, then assign them."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_assign_action"
        )
        return action | {"context": {"default_case_ids": self.ids}}
