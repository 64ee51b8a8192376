from odoo import fields, models

from ..tools.sender_batch import Outcome


class DunningChannelActivity(models.AbstractModel):
    """Channel ``activity``: a task for a person of ours, on the case.

    Also knows for the other channels that address our own people who that person is,
    see ``_get_assignee``.
    """

    _name = "dunning.channel.activity"
    _description = "Dunning Channel: Activity"

    task_id = fields.Many2one(
        "mail.activity",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="What a person must do; see dunning.manual.step.",
    )

    def _deliver_activity(self, parcel, batch):
        """The task on the case comes with the outcome, in one transaction."""
        return Outcome("sent", then=self._create_task)

    def _create_task(self):
        action = self.action_id
        self._schedule_task(action.activity_type_id, action.activity_summary)

    def _schedule_task(self, activity_type, summary, note=""):
        """A task for the assignee, remembered so that it can time out."""
        user = self._get_assignee()
        self.task_id = (
            self._get_workplace(user)
            .with_context(mail_activity_quick_update=True)
            .activity_schedule(
                activity_type_id=activity_type.id,
                summary=summary,
                note=note,
                date_deadline=self.company_id._dunning_today(),
                user_id=user.id,
            )
        )

    def _get_assignee(self):
        """The person whom the action names; somebody else if that one left."""
        self.ensure_one()
        case, policy = self.case_id, self.policy_id
        chosen = {
            "collector": case.user_id,
            "salesperson": self._get_salesperson(),
            "responsible": policy.user_id,
        }[self.action_id.assign_to]
        return case._get_present(self.company_id, chosen, policy.user_id, case.user_id)

    def _get_salesperson(self):
        """Who sold what is furthest, else the customer's salesperson."""
        steps = self._get_lines().filtered("is_step")
        furthest = steps.sorted(
            lambda line: (-line.level_id.delay_days, line.date_due, line.id)
        )[:1]
        return furthest.move_id.invoice_user_id or self.partner_id.user_id

    def _get_workplace(self, user):
        """Where ``user`` works on it: the case, or the customer for those who may not
        open cases, as most salespersons."""
        case = self.case_id.with_user(user).sudo(False)
        may_open = case and case.with_context(
            allowed_company_ids=self.company_id.ids
        ).has_access("read")
        return self.case_id if may_open else self.partner_id
