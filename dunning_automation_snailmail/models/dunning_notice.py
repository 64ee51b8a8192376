import base64
import logging
import uuid

import requests

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, html2plaintext

from odoo.addons.dunning_automation.tools import letter_layout, smtp_outcome
from odoo.addons.dunning_automation.tools.sender_batch import Outcome
from odoo.addons.snailmail.models.snailmail_letter import (
    DEFAULT_ENDPOINT,
    DEFAULT_TIMEOUT,
    PRINT_ENDPOINT,
)

from ..tools import snailmail_outcome

_logger = logging.getLogger(__name__)


class DunningNotice(models.Model):
    """Letters of companies that post through Snailmail are taken by the senders.

    One letter per claim, straight to the provider: the queue of Snailmail would send
    again after a crash. The ``snailmail.letter`` is for tracking only; it waits as
    cancelled, a state in which nobody sends it.
    """

    _inherit = "dunning.notice"

    snailmail_letter_id = fields.Many2one(
        "snailmail.letter", readonly=True, index="btree_not_null", ondelete="set null"
    )

    @api.model
    def _get_desk_condition(self):
        return SQL(
            """%s AND NOT EXISTS (
                   SELECT 1
                     FROM res_company posting
                    WHERE posting.id = notice.company_id AND posting.dunning_snailmail)
            """,
            super()._get_desk_condition(),
        )

    def _get_letter_layout(self):
        if self.company_id.sudo().dunning_snailmail:
            return letter_layout.A4  # All that Snailmail prints.
        return super()._get_letter_layout()

    # === DELIVERY === #

    def _open_letter(self, batch):
        """The account of the service is made with a cursor of its own: not in a
        claim."""
        self._get_snailmail().env["iap.account"].get("snailmail")

    def _prepare_letter(self, row, batch):
        """
        :return: what the provider is told, if he posts it
        """
        content = super()._prepare_letter(row, batch)
        if batch.by_hand:
            return content
        letter = self._track_letter()
        content = letter._overwrite_margins(content)
        if letter.cover:
            content = letter._append_cover_page(content)
        self.letter_pdf = base64.b64encode(content)
        letter.attachment_id.datas = self.letter_pdf
        parameters = letter._snailmail_create("print")
        for document in parameters["documents"]:
            document["rightaddress"] = 0  # The window is on the left.
        return parameters

    def _get_snailmail(self):
        letters = self.env["snailmail.letter"].sudo()
        return letters.with_company(self.company_id)

    def _track_letter(self):
        """The ``snailmail.letter`` of this notice, the same in every attempt.

        :raise ValueError: when the provider would not take the address
        """
        if not self._get_snailmail()._is_valid_address(self.recipient_id.sudo()):
            raise ValueError(
                self.env._(
                    "Snailmail needs street, ZIP, city and country of the recipient."
                )
            )
        letter = self.sudo().snailmail_letter_id
        if not letter:
            letter = self._get_snailmail().create(
                {
                    "model": "dunning.case",
                    "res_id": self.case_id.id,
                    "partner_id": self.recipient_id.id,
                    "company_id": self.company_id.id,
                    "user_id": self.env.uid,
                    "state": "canceled",
                }
            )
            letter.attachment_id = (
                self.env["ir.attachment"]
                .sudo()
                .create(
                    {
                        "name": self.letter_name,
                        "res_model": "snailmail.letter",
                        "res_id": letter.id,
                        "type": "binary",
                    }
                )
            )
            self.snailmail_letter_id = letter
        return letter

    def _deliver_letter(self, parcel, batch):
        """Hand the letter to the provider.

        :raise NoConnection: when he was not reached
        """
        parameter = self.env["ir.config_parameter"].sudo().get_param
        endpoint = parameter("snailmail.endpoint", DEFAULT_ENDPOINT)
        timeout = int(parameter("snailmail.timeout", DEFAULT_TIMEOUT))
        self.env.cr.rollback()  # No transaction while we wait for others.
        try:
            answer = self._call_snailmail(endpoint + PRINT_ENDPOINT, parcel, timeout)
        except requests.exceptions.RequestException as error:
            outcome, code = snailmail_outcome.of_error(error), None
            if outcome == smtp_outcome.RETRY:
                raise smtp_outcome.NoConnection(
                    self.env._(
                        "Snailmail cannot be reached. The letter is tried again."
                    )
                ) from error
        else:
            outcome, code = snailmail_outcome.of_answer(answer)
        detail = self._get_snailmail_detail(outcome, code)
        return Outcome(
            outcome,
            None if outcome == "sent" else detail,
            then=lambda: self._follow_letter_safely(outcome, code, detail),
        )

    @api.model
    def _call_snailmail(self, url, parameters, timeout):
        """One JSON-RPC call, as ``iap_jsonrpc`` makes it. That one turns every failure
        into the same error, from which nobody can tell whether anything left.

        :return: the decoded answer
        """
        request = {
            "jsonrpc": "2.0",
            "method": "call",
            "params": parameters,
            "id": uuid.uuid4().hex,
        }
        answer = requests.post(url, json=request, timeout=timeout)
        answer.raise_for_status()
        return answer.json()

    def _get_snailmail_detail(self, outcome, code):
        """What people read of the provider's answer."""
        if outcome == "sent":
            return self.env._("Accepted by Snailmail, number %s.", code or "?")
        if outcome == smtp_outcome.FAILED:
            message = self._get_snailmail()._get_error_message(code)
            return html2plaintext(str(message), include_references=False)
        return self.env._(
            "Snailmail did not say clearly whether it took the letter: look at your "
            "account there before you send it again."
        )

    def _follow_letter_safely(self, outcome, code, detail):
        """The letter left: that its traces cannot be written must not undo that."""
        try:
            with self.env.cr.savepoint():
                self._follow_letter(outcome, code, detail)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception:
            _logger.exception("Traces of letter %s cannot be written", self.id)

    def _follow_letter(self, outcome, code, detail):
        """Bring tracking and timeline up to the outcome, in its transaction."""
        is_sent = outcome == "sent"
        letter = self.sudo().snailmail_letter_id
        letter.write({"state": "sent" if is_sent else "canceled", "info_msg": detail})
        letter.notification_ids.write(
            {"notification_status": "sent" if is_sent else "canceled"}
        )
        if is_sent:
            self._tell("letter_posted", provider="snailmail", send_id=code)
            self._post_letters_on_cases()

    def _erase_personal(self):
        self.sudo().snailmail_letter_id.attachment_id.unlink()
        return super()._erase_personal()
