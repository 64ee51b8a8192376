from odoo import SUPERUSER_ID, models
from odoo.tools import split_every

from odoo.addons.queue_job.job import identity_exact

NOTICES_PER_JOB = 50


class DunningNotice(models.Model):
    _inherit = "dunning.notice"

    def _trigger_delivery(self):
        """Enqueue jobs that send those of these notices that are ready.

        Instead of waking the sender crons: these go on to run by their own interval
        and find what no job sent. A job knows ids only; whether a notice may leave is
        decided by the claim, so a job that runs twice sends nothing twice.
        """
        ready = self.sudo().search(
            [("id", "in", self.ids), ("state", "=", "ready")], order="id"
        )
        sender = self.env(user=SUPERUSER_ID, su=True)["dunning.sender"]
        for notice_ids in split_every(NOTICES_PER_JOB, ready.ids):
            sender.with_delay(
                description=self.env._("Send %s dunning notices", len(notice_ids)),
                identity_key=identity_exact,
            )._deliver(list(notice_ids))
