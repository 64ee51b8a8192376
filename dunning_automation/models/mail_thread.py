import re

from odoo import api, models
from odoo.tools.mail import email_normalize, email_split

from ..tools import smtp_outcome

MOST_REFERENCES = 32
"""As in Odoo: newer Message-IDs stand at the end, and old threads have hundreds."""


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
    def message_route(
        self, message, message_dict, model=None, thread_id=None, custom_values=None
    ):
        """An answer to a notice lands on its case, whoever answers.

        The notice knows its Message-ID before the message leaves; its copy in the
        chatter of the case, by which Odoo would find the way, may come after the
        answer. What only writes to the catchall address and answers nothing goes the
        way that Odoo knows.
        """
        if not message_dict.get("is_bounce"):
            if route := self._dunning_find_route(message, message_dict):
                self._routing_reset_bounce(message, message_dict)
                return [route]
        return super().message_route(
            message, message_dict, model, thread_id, custom_values
        )

    @api.model
    def _dunning_find_route(self, message, message_dict):
        """The route to the case of the notice that is answered, None if none is."""
        references = self._dunning_get_references(message_dict)
        notice = self.env["dunning.notice"].sudo()._search_answered(references)
        if not notice.case_id or self._dunning_is_forwarded(message_dict):
            return None
        user = self._mail_find_user_for_gateway(message_dict["email_from"])
        route = ("dunning.case", notice.case_id.id, {}, user.id or self.env.uid, None)
        return self._routing_check_route(
            message, message_dict, route, raise_exception=False
        )

    @api.model
    def _dunning_get_references(self, message_dict):
        """Message-IDs that a mail answers, the most telling last."""
        found = f"{message_dict['references']} {message_dict['in_reply_to']}"
        return re.findall(r"<[^<>\s]+>", found)[-MOST_REFERENCES:]

    @api.model
    def _dunning_is_forwarded(self, message_dict):
        """Whether somebody sends our message to another alias, say the helpdesk: Odoo
        makes something new of it there, as it does with its own messages."""
        addresses = [address.lower() for address in email_split(message_dict["to"])]
        names = [address.partition("@")[0] for address in addresses]
        domain = [
            ("alias_model_id.model", "!=", "dunning.case"),
            "|",
            ("alias_full_name", "in", addresses),
            "&",
            ("alias_name", "in", names),
            ("alias_incoming_local", "=", True),
        ]
        return bool(self.env["mail.alias"].sudo().search_count(domain, limit=1))

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        """An answer of the customer proves that a notice arrived. What arrives on a
        case is an answer that a person must read."""
        references = self._dunning_get_references(message_dict)
        notices = self.env["dunning.notice"].sudo()
        notices._receive_answer(
            references, sender=email_normalize(message_dict["email_from"])
        )
        cases = self.env["dunning.case"].sudo()
        cases = cases.browse(
            thread_id
            for model, thread_id, *_rest in routes or ()
            if model == cases._name
        )
        mails = [
            self.env["dunning.reply"]
            .sudo()
            ._read_mail(
                case, message, message_dict, notices._search_answered(references)
            )
            for case in cases.exists()
        ]
        if mails:
            # The followers of the case read what the customer writes, as they read any
            # answer; what strangers and machines write is a note.
            message_dict["is_internal"] = not all(mail.is_person for mail in mails)
        result = super()._message_route_process(message, message_dict, routes)
        for mail in mails:
            self.env["dunning.reply"].sudo()._receive(mail)
        return result

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
