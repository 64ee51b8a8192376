from odoo import models
from odoo.tools import plaintext2html

from odoo.addons.dunning_automation.tools import notice_states
from odoo.addons.dunning_automation.tools.incoming_mail import IncomingMail

from ..tools import sms_webhook


class DunningChannelSmsFeedback(models.AbstractModel):
    """What comes back for a text message: receipts, and answers of the customer."""

    _name = "dunning.channel.sms.feedback"
    _description = "Dunning: Receipts and Answers to Text Messages"

    # === RECEIPTS === #

    def _receive_sms_receipt(self, word, detail=""):
        """Move this notice forward, never back; see ``sms_webhook.next_state``.

        :param str word: of ``sms_webhook.WORDS``
        :param str detail: the provider's error, for people
        :return: whether it changed anything
        """
        target = self and sms_webhook.next_state(self.state, word)
        if not target:
            return False
        if target == notice_states.FAILED:
            self._fail_by_receipt(word, detail)
        else:
            date_sent = self.date_sent or self.env.cr.now()
            self._set_state(target, date_sent=date_sent, not_before=False)
        if target == notice_states.DELIVERED:
            self.env["res.partner"]._dunning_clear_bounced(self.email_to)
        return True

    def _fail_by_receipt(self, word, detail):
        reason = self.env._("The network did not deliver the text message.")
        if detail:
            reason = self.env._(
                "The network did not deliver the text message: %s", detail
            )
        is_wrong = word == sms_webhook.WRONG_NUMBER
        failure = "sms_invalid_destination" if is_wrong else "sms_not_delivered"
        self._set_state(notice_states.FAILED, reason, sms_failure_type=failure)
        self._bounce(reason, is_wrong)

    # === ANSWERS === #

    def _receive_sms_answer(self, number, text):
        """The customer answered: it arrived, and a person reads the answer, as he reads
        one by e-mail."""
        self.ensure_one()
        self._receive_sms_receipt(sms_webhook.DELIVERED)
        author = self._get_sms_author(number)
        message = self.case_id.message_post(
            body=plaintext2html(text),
            author_id=author.id,
            email_from=number,
            message_type="comment",
            subtype_xmlid="mail.mt_note",
        )
        self.env["dunning.reply"].sudo()._receive(
            IncomingMail(
                case=self.case_id,
                notice=self,
                message_id=message.message_id,
                subject="",
                text=text,
                email_from=number,
                sender=number,
                is_family=True,
                is_automatic=False,
                is_forged=False,
            )
        )

    def _get_sms_author(self, number):
        """Whose number it is, among the customer's people."""
        family = self.recipient_id | self.partner_id | self.partner_id.child_ids
        return family.sudo().filtered(
            lambda person: person.dunning_sms_number == number
        )[:1]
