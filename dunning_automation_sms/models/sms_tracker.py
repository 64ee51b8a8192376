from odoo import models

from ..tools import sms_webhook

RECEIPTS = {
    "pending": sms_webhook.SENT,
    "sent": sms_webhook.DELIVERED,
    "exception": sms_webhook.FAILED,
    "bounce": sms_webhook.WRONG_NUMBER,
}
"""What Odoo makes of the receipts of its own providers."""


class SmsTracker(models.Model):
    _inherit = "sms.tracker"

    def _update_sms_notifications(
        self, notification_status, failure_type=False, failure_reason=False
    ):
        """Receipts that reach Odoo's own addresses reach the reminder, too."""
        result = super()._update_sms_notifications(
            notification_status,
            failure_type=failure_type,
            failure_reason=failure_reason,
        )
        word = RECEIPTS.get(notification_status)
        if word and not self.env.context.get("dunning_tells"):
            notices = self.env["dunning.notice"].sudo()
            for notice in notices.search([("sms_uuid", "in", self.mapped("sms_uuid"))]):
                notice.with_context(dunning_hears=True)._receive_sms_receipt(
                    word, failure_reason or ""
                )
        return result
