from odoo import models

from ..tools.sender_batch import Outcome


class DunningChannelActivity(models.AbstractModel):
    """Channel ``activity``: a task for a person, on the case."""

    _name = "dunning.channel.activity"
    _description = "Dunning Channel: Activity"

    def _deliver_activity(self, parcel, batch):
        """The task on the case comes with the outcome, in one transaction."""
        return Outcome("sent", then=self._create_task)

    def _create_task(self):
        action = self.action_id
        self.case_id.with_context(mail_activity_quick_update=True).activity_schedule(
            activity_type_id=action.activity_type_id.id,
            summary=action.activity_summary,
            date_deadline=self.company_id._dunning_today(),
            user_id=self.case_id._get_collector(self.policy_id).id,
        )
