import re

from odoo import api, models
from odoo.tools.mail import email_normalize

from ..tools import smtp_outcome


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        """A delivery report says what became of a notice."""
        result = super()._routing_handle_bounce(email_message, message_dict)
        report = {
            "action": self._get_report_field(email_message, "Action") or "failed",
            "address": email_normalize(message_dict["bounced_email"]),
            "sender": email_normalize(message_dict["email_from"]),
            "status": self._get_report_field(email_message, "Status"),
        }
        self.env["dunning.notice"].sudo()._receive_report(
            message_dict["bounced_msg_ids"] or [], **report
        )
        self._dunning_learn_from_bounce(message_dict["bounced_message"], **report)
        return result

    @api.model
    def _dunning_learn_from_bounce(self, message, action, address, sender, status):
        """Another mail to a customer came back, an invoice for example: a reminder to
        the same address would, too."""
        told = message.sudo().notified_partner_ids.mapped("email_normalized")
        if (
            action == "failed"
            and sender != address
            and address in told
            and smtp_outcome.is_address_status(status)
        ):
            self.env["res.partner"]._dunning_mark_bounced(address)

    @api.model
    def _routing_reset_bounce(self, email_message, message_dict):
        """Who writes to us from an address can be reached there."""
        self.env["res.partner"].sudo()._dunning_clear_bounced(
            email_normalize(message_dict["email_from"])
        )
        return super()._routing_reset_bounce(email_message, message_dict)

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
    def _get_report_field(self, email_message, name):
        """A field of a delivery status notification (RFC 3464), in lower case, empty
        for mails that bounce without such a part. ``Action`` is ``failed``,
        ``delayed``, ``delivered``, ``relayed`` or ``expanded``."""
        for part in email_message.walk():
            if part.get_content_type() == "message/delivery-status":
                for block in part.get_payload():
                    if block[name]:
                        return block[name].strip().lower()
        return ""
