import re

from odoo import api, models
from odoo.tools.mail import email_normalize


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        """A delivery report says what became of a notice."""
        result = super()._routing_handle_bounce(email_message, message_dict)
        self.env["dunning.notice"].sudo()._receive_report(
            message_dict["bounced_msg_ids"] or [],
            self._get_report_action(email_message),
            address=email_normalize(message_dict["bounced_email"]),
            sender=email_normalize(message_dict["email_from"]),
        )
        return result

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        """An answer of the customer proves that a notice arrived."""
        references = f"{message_dict['references']} {message_dict['in_reply_to']}"
        self.env["dunning.notice"].sudo()._receive_answer(
            re.findall(r"<[^<>\s]+>", references),
            sender=email_normalize(message_dict["email_from"]),
        )
        return super()._message_route_process(message, message_dict, routes)

    @api.model
    def _get_report_action(self, email_message):
        """What a delivery status notification reports (RFC 3464): ``failed``,
        ``delayed``, ``delivered``, ``relayed`` or ``expanded``. Mails that bounce
        without such a part failed."""
        for part in email_message.walk():
            if part.get_content_type() == "message/delivery-status":
                for block in part.get_payload():
                    if block["Action"]:
                        return block["Action"].strip().lower()
        return "failed"
