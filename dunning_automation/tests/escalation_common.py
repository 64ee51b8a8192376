from odoo import Command

from .common import DunningCommon

COLLECTOR = "dunning_automation.group_user"
MANAGER = "dunning_automation.group_manager"


class EscalationCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Reminders come from history, so that only their number matters.
        cls.policy.level_ids = [Command.clear(), cls._level(90)]
        cls.told_policy = cls._create_policy(range(1, 10))
        cls.told_policy.active = False
        cls.manager = cls.new_user(cls, "decides", MANAGER)
        cls.collector = cls.new_user(cls, "collects", COLLECTOR)
        cls.policy.user_id = cls.manager

    def rule(self, policy=None, **values):
        return self.env["dunning.escalation"].create(
            {
                "policy_id": (policy or self.policy).id,
                "trigger": "days_overdue",
                "threshold": 20,
                "response": "manager",
                **values,
            }
        )

    def open_case(self, partner=None, company=None):
        """As the planner opens it, for a customer whose invoices it does not remind
        of at the moment."""
        return (
            self.env["dunning.case"]
            .sudo()
            .create(
                {
                    "partner_id": (partner or self.customer).id,
                    "company_id": (company or self.company).id,
                    "date_open": self.today,
                }
            )
            .with_env(self.env)
        )

    def remind(self, case, invoice, days_ago, **values):
        """A reminder about the invoice that left days ago, at its next level."""
        lines = [("move_id", "=", invoice.id)]
        return self.told(
            invoice,
            1 + self.env["dunning.notice.line"].search_count(lines),
            days_ago,
            policy=self.told_policy,
            case_id=case.id,
            **values,
        )

    def logs(self, case):
        return case.escalation_log_ids.sorted("id")

    def tasks(self, case):
        type_ = self.env["dunning.escalation.log"]._get_task_type()
        return case.activity_ids.filtered(lambda task: task.activity_type_id == type_)

    def escalated(self, case):
        return case.event_ids.filtered(lambda event: event.kind == "escalated")
