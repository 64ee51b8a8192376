from odoo import models

from ..tools.sender_batch import Outcome


class DunningChannelNotification(models.AbstractModel):
    """Channel ``notification``: tells a person of ours, asks nothing of him.

    Odoo delivers it as that user prefers: in the inbox, or by e-mail. Such an e-mail
    goes through Odoo's own queue, which may send a mail twice after a crash; that is
    harmless here, because only internal users are addressed (``_get_assignee``), never
    a customer, and it is left to the queue (``force_send=False``), so that no mail
    server stands between an outcome and its commit.
    """

    _name = "dunning.channel.notification"
    _description = "Dunning Channel: Notification"

    def _deliver_notification(self, parcel, batch):
        """The notification comes with the outcome, in one transaction."""
        return Outcome("sent", then=self._notify_assignee)

    def _notify_assignee(self):
        user = self._get_assignee()
        notice = self.with_context(lang=user.lang)
        notice._get_workplace(user).message_notify(
            partner_ids=user.partner_id.ids,
            subject=notice.action_id.activity_summary,
            body=notice.env._(
                "%(customer)s reached level “%(level)s”.",
                customer=self.partner_id.display_name,
                level=notice.level_id.name,
            ),
            author_id=self.env.ref("base.partner_root").id,
            force_send=False,
        )
