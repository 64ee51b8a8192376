import logging
from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import format_amount, html2plaintext, plaintext2html
from odoo.tools.urls import urljoin

from odoo.addons.dunning_automation.tools import smtp_outcome
from odoo.addons.dunning_automation.tools.sender_batch import Outcome

from ..tools import sms_outcome, sms_segments

_logger = logging.getLogger(__name__)

TRACKED = {
    "ready": "process",
    "claimed": "process",
    "sent": "pending",
    "delivered": "sent",
    "suppressed": "canceled",
    "cancelled": "canceled",
    "failed": "error",
    "unknown": "error",
}
"""What Odoo's own screens show of a notice: its state, that of the ``sms.sms``. Never
``outgoing``: whatever is, Odoo's queue sends."""


class DunningChannelSms(models.AbstractModel):
    """Channel ``sms``: a text message through the provider that Odoo uses.

    One message per claim, straight to the provider: Odoo's queue sends a whole batch
    again after a crash. The ``sms.sms``, its notification and tracker exist before
    anything leaves, so that a receipt finds them, and are never in its queue.
    """

    _name = "dunning.channel.sms"
    _description = "Dunning Channel: Text Message"

    sms_text = fields.Text("Text Message", readonly=True)
    sms_size = fields.Char("Size", compute="_compute_sms_size")
    sms_amount = fields.Char(
        compute="_compute_sms_amount", help="What is overdue, for the text."
    )
    sms_link = fields.Char(
        compute="_compute_sms_link", help="Where it can be paid, for the text."
    )
    sms_uuid = fields.Char(
        readonly=True,
        index="btree_not_null",
        help="By which the provider knows the message: the same in every attempt.",
    )
    sms_provider_ref = fields.Char("Number at the Provider", readonly=True)
    sms_failure_type = fields.Char(readonly=True, help="As in Odoo's notifications.")

    # === TEXT === #

    @api.depends("sms_text")
    def _compute_sms_size(self):
        for notice in self:
            notice.sms_size = self._say_sms_size(notice.sms_text or "")

    @api.model
    def _say_sms_size(self, text):
        size = sms_segments.measure(text)
        return self.env._(
            "%(length)s characters in %(encoding)s: %(segments)s segments",
            length=size.length,
            encoding=size.encoding,
            segments=size.segments,
        )

    @api.depends("line_ids.residual_currency", "line_ids.drop_reason")
    @api.depends_context("lang")
    def _compute_sms_amount(self):
        for notice in self:
            groups = notice._get_lines().grouped("currency_id")
            notice.sms_amount = " + ".join(
                format_amount(
                    self.env,
                    sum(lines.mapped("residual_currency")),
                    currency,
                )
                for currency, lines in groups.items()
            )

    @api.depends("company_id.dunning_link_days", "line_ids.move_id")
    def _compute_sms_link(self):
        """The customer's account; where messages have no links to accounts, the portal
        page of the invoice, or the customer's list when there are several."""
        for notice in self:
            notice.sms_link = notice._get_short_url("/d/") or notice._get_invoice_url()

    def _get_invoice_url(self):
        move = self._get_lines().move_id
        is_one = len(move) == 1 and move.is_sale_document()
        path = move.sudo().get_portal_url() if is_one else "/my/invoices"
        return self.company_id.get_base_url() + path

    def _render_sms(self):
        """The action's text in the language of each recipient."""
        template = self._get_template()
        for lang, notices in self.grouped("lang").items():
            texts = template._render_field("body", notices.ids, set_lang=lang or None)
            for notice in notices:
                text = notice._tidy_sms(texts[notice.id])
                notice.write(
                    {"body": plaintext2html(text), "sms_text": text, "subject": False}
                )

    def _tidy_sms(self, text):
        text = sms_segments.tidy(text)
        if self.company_id.sudo().dunning_sms_transliterate:
            return sms_segments.transliterate(text)
        return text

    # === TRACKING === #

    def _get_sms_sudo(self):
        uuids = [uuid for uuid in self.mapped("sms_uuid") if uuid]
        return self.env["sms.sms"].sudo().search([("uuid", "in", uuids)])

    def _track_sms(self):
        """Message on the case, ``sms.sms``, notification and tracker; once."""
        if self.sms_uuid:
            self._get_sms_sudo().write({"number": self.email_to, "body": self.sms_text})
            return
        self.sms_uuid = uuid4().hex
        message = self._create_sms_message()
        sms = self.env["sms.sms"].sudo().create(self._prepare_sms_values(message))
        self.env["mail.notification"].sudo().create(
            {
                "author_id": message.author_id.id,
                "mail_message_id": message.id,
                "res_partner_id": self.recipient_id.id,
                "sms_number": self.email_to,
                "notification_type": "sms",
                "notification_status": "process",
                "sms_id_int": sms.id,
                "sms_tracker_ids": [fields.Command.create({"sms_uuid": self.sms_uuid})],
                "is_read": True,
            }
        )

    def _create_sms_message(self):
        """What the chatter of the case shows. Notifies nobody."""
        self.mail_message_id = (
            self.env["mail.message"]
            .sudo()
            .create(
                {
                    "model": "dunning.case",
                    "res_id": self.case_id.id,
                    "message_type": "sms",
                    "subtype_id": self.env.ref("mail.mt_note").id,
                    "body": self.body,
                    "author_id": self.env.user.partner_id.id,
                    "partner_ids": self.recipient_id.ids,
                    "record_company_id": self.company_id.id,
                }
            )
        )
        return self.mail_message_id

    def _prepare_sms_values(self, message):
        return {
            "uuid": self.sms_uuid,
            "number": self.email_to,
            "body": self.sms_text,
            "partner_id": self.recipient_id.id,
            "mail_message_id": message.id,
            "state": "process",
        }

    def _follow_sms_safely(self):
        """The message left or did not: that its traces cannot be written must not undo
        what we know."""
        for notice in self.filtered("sms_uuid"):
            try:
                with self.env.cr.savepoint():
                    notice._follow_sms()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                raise
            except Exception:
                _logger.exception("Traces of message %s cannot be written", notice.id)

    def _follow_sms(self):
        """Let Odoo's own screens show the state of this notice."""
        state = TRACKED[self.state]
        failure = self.sms_failure_type or "unknown"
        values = {"failure_type": failure if state == "error" else False}
        sms_sudo = self._get_sms_sudo()
        sms_sudo.write({"state": state, **self._get_sms_failure(sms_sudo, values)})
        if self.env.context.get("dunning_hears"):
            return  # It is from there that we know.
        tracker = self.env["sms.tracker"].sudo().with_context(dunning_tells=True)
        tracker = tracker.search([("sms_uuid", "=", self.sms_uuid)])
        tracker._action_update_from_sms_state(
            state,
            failure_reason=self.reason if state == "error" else False,
            **values,
        )

    @api.model
    def _get_sms_failure(self, sms_sudo, values):
        """Odoo's message knows fewer failures than its notification."""
        known = dict(sms_sudo._fields["failure_type"].selection)
        failure = values["failure_type"]
        return {"failure_type": failure if failure in known else failure and "unknown"}

    # === DELIVERY === #

    def _open_sms(self, batch):
        """Odoo's account is made with a cursor of its own: not in a claim."""
        self._get_sms_api()

    def _get_sms_api(self):
        """The adapter of the provider that the company chose."""
        company = self.company_id.sudo()
        env = self.with_company(company).sudo().env
        api = company._get_sms_api_class()(env)
        api._set_company(company.with_env(env))
        return api

    def _prepare_sms(self, row, batch):
        """
        :return: the message as Odoo's adapters want it
        :raise ValueError: when there is nothing to say
        """
        if not self.sms_text:
            raise ValueError(self.env._("The text message is empty."))
        self.sms_failure_type = False
        self.with_company(self.company_id)._track_sms()
        number = {"uuid": self.sms_uuid, "number": self.email_to}
        return {"content": self.sms_text, "numbers": [number]}

    def _deliver_sms(self, parcel, batch):
        """Hand the message to the provider.

        :raise NoConnection: when he was not reached
        """
        api = self._get_sms_api()
        url = urljoin(self.company_id.get_base_url(), "/sms/status")
        self.env.cr.rollback()  # No transaction while we wait for others.
        try:
            results = api._send_sms_batch([parcel], delivery_reports_url=url)
        except Exception as error:
            return self._get_sms_error_outcome(error)
        return self._get_sms_outcome(api, parcel, results)

    def _get_sms_error_outcome(self, error):
        """What an exception of the adapter says.

        :raise NoConnection: that nothing was handed over
        """
        code = sms_outcome.of_error(error)
        if isinstance(error, UserError) and not isinstance(error, AccessError):
            code = smtp_outcome.FAILED  # A setting is missing; nothing was asked.
        if code == smtp_outcome.RETRY:
            raise smtp_outcome.NoConnection(
                self.env._(
                    "The SMS provider cannot be reached. The message is tried again."
                )
            ) from error
        _logger.info("Text message of notice %s: %s", self.id, type(error).__name__)
        if code == smtp_outcome.FAILED:
            return Outcome(code, str(error), {"sms_failure_type": "sms_server"})
        return self._get_sms_unknown()

    def _get_sms_unknown(self):
        return Outcome(
            smtp_outcome.UNKNOWN,
            self.env._(
                "The SMS provider did not say clearly whether it took the message: "
                "look at your account there before you send it again."
            ),
            {"sms_failure_type": "sms_server"},
        )

    def _get_sms_outcome(self, api, parcel, results):
        """What the adapter says of our one message."""
        [number] = parcel["numbers"]
        result = self._find_sms_result(results, number["uuid"])
        state = result.get("state")
        code = sms_outcome.of_state(state)
        if code == sms_outcome.SENT:
            return Outcome(code, then=lambda: self._keep_sms_result(result))
        if code == smtp_outcome.UNKNOWN:
            return self._get_sms_unknown()
        failure = api.PROVIDER_TO_SMS_FAILURE_TYPE.get(state, "unknown")
        reason = self._get_sms_reason(api, result)
        then = None
        if code == smtp_outcome.FAILED and state in sms_outcome.WRONG_NUMBER:
            then = lambda: self._bounce(reason)  # noqa: E731
        return Outcome(code, reason, {"sms_failure_type": failure}, then)

    @api.model
    def _find_sms_result(self, results, uuid):
        """The row about our message; empty when the answer makes no sense."""
        if not isinstance(results, list):
            return {}
        rows = [row for row in results if isinstance(row, dict)]
        return next((row for row in rows if row.get("uuid") == uuid), {})

    @api.model
    def _get_sms_reason(self, api, result):
        """Why the provider refused, for people."""
        known = api._get_sms_api_error_messages().get(result.get("state"))
        words = result.get("failure_reason") or known or result.get("state")
        return html2plaintext(str(words), include_references=False)

    def _keep_sms_result(self, result):
        """What the provider calls the message."""
        self.sms_provider_ref = result.get("provider_ref")
        self._get_sms_sudo()._handle_call_result_hook([result])
