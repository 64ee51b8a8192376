from odoo import models
from odoo.exceptions import UserError

from ..tools.sender_batch import Outcome


class DunningChannelServerAction(models.AbstractModel):
    """Channel ``server_action``: what the users' own automation does at a level.

    It runs as the system does, like Odoo's automation rules: who chose it had to be
    allowed to run it. It runs once, in the transaction of the outcome: if that must be
    begun again because somebody changed the same records, so must the action. What it
    does outside of the database (a webhook) can then happen twice; if it fails, this
    notice failed, and nothing else did.
    """

    _name = "dunning.channel.server_action"
    _description = "Dunning Channel: Server Action"

    def _deliver_server_action(self, parcel, batch):
        """It runs with the outcome, in one transaction."""
        return Outcome("sent", then=self._run_server_action)

    def _run_server_action(self):
        server_action = self.action_id.server_action_id
        on_case = server_action.model_name == "dunning.case"
        record = self.case_id if on_case else self.partner_id
        if not record:
            raise UserError(
                self.env._("There is no case that the server action could run for.")
            )
        server_action.sudo().with_context(
            active_model=record._name, active_id=record.id, active_ids=record.ids
        ).with_company(self.company_id).run()
