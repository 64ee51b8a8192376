from odoo import models


class ResUsers(models.Model):
    _inherit = "res.users"

    def action_archive(self):
        """Odoo deletes the tasks of somebody who is archived. Those on our cases stay
        and go to who takes over, see ``dunning.assignment._sweep_tasks``."""
        tasks = self.env["mail.activity"].sudo()
        tasks.search(
            [("res_model", "=", "dunning.case"), ("user_id", "in", self.ids)]
        ).with_context(mail_activity_quick_update=True).user_id = False
        return super().action_archive()
