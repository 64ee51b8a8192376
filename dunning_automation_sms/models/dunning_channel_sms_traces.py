import logging
from uuid import uuid4

from odoo import api, models, tools
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

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


class DunningChannelSmsTraces(models.AbstractModel):
    """What Odoo's own screens show of a text message: a message on the case, the
    ``sms.sms``, its notification and the tracker by which receipts find it."""

    _name = "dunning.channel.sms.traces"
    _description = "Dunning: Traces of Text Messages"

    def _get_sms_sudo(self):
        uuids = [uuid for uuid in self.mapped("sms_uuid") if uuid]
        return self.env["sms.sms"].sudo().search([("uuid", "in", uuids)])

    # === BEFORE IT LEAVES === #

    def _track_sms(self, batch):
        """Make the traces, once; an attempt more shows what is said now.

        :return: the key of the message, the same in every attempt
        """
        if self.sms_uuid:
            self._get_sms_sudo().write({"number": self.email_to, "body": self.sms_text})
            return self.sms_uuid
        uuid = uuid4().hex
        author = batch.once(
            "author", lambda: self.env["mail.thread"]._message_compute_author()
        )
        [[message_id]] = self.env["dunning.ledger"]._ask(
            batch,
            ("traces", self.company_id.id),
            lambda *places: self._get_traces_sql(*author, *places),
            uuid,
            self.case_id.id or None,
            self.recipient_id.id or None,
            self.email_to,
            self.sms_text,
            self.body,
            tools.mail.generate_tracking_message_id(f"{self.case_id.id}-dunning.case"),
            self.env.cr.now(),
        )
        batch.values |= {"mail_message_id": message_id, "sms_uuid": uuid}
        return uuid

    def _get_traces_sql(
        self,
        author_id,
        email_from,
        uuid,
        case_id,
        recipient_id,
        number,
        text,
        body,
        message_id,
        now,
    ):
        """One statement for all four. The message notifies nobody, and nothing wakes
        Odoo's queue; gives the id of the message. What differs from one to the next
        is SQL."""
        sms = {
            "body": text,
            "number": number,
            "partner_id": SQL("%s::integer", recipient_id),
            "state": TRACKED["claimed"],
            "to_delete": False,
            "uuid": uuid,
        }
        if "record_company_id" in self.env["sms.sms"]._fields:  # Of sms_twilio.
            sms["record_company_id"] = self.company_id.id
        return SQL(
            """
            WITH message AS (
                INSERT INTO mail_message
                       (model, res_id, message_type, subtype_id, date, message_id, body,
                        email_from, reply_to, author_id, record_company_id,
                        email_add_signature, %(log)s)
                VALUES ('dunning.case', %(case)s, 'sms', %(note)s, %(now)s,
                        %(message_id)s, %(body)s, %(email_from)s, %(email_from)s,
                        %(author)s, %(company)s, TRUE, %(logged)s)
             RETURNING id
            ), addressed AS (
                INSERT INTO mail_message_res_partner_rel
                       (mail_message_id, res_partner_id)
                SELECT id, %(recipient)s
                  FROM message
                 WHERE %(recipient)s IS NOT NULL
            ), text AS (
                INSERT INTO sms_sms (mail_message_id, %(names)s, %(log)s)
                SELECT id, %(values)s, %(logged)s
                  FROM message
             RETURNING id
            ), notification AS (
                INSERT INTO mail_notification
                       (mail_message_id, sms_id_int, author_id, res_partner_id,
                        sms_number, notification_type, notification_status, is_read,
                        read_date)
                SELECT message.id, text.id, %(author)s, %(recipient)s, %(number)s,
                       'sms', 'process', TRUE, %(now)s
                  FROM message, text
             RETURNING id
            ), tracker AS (
                INSERT INTO sms_tracker (mail_notification_id, sms_uuid, %(log)s)
                SELECT id, %(uuid)s, %(logged)s
                  FROM notification
            )
            SELECT id FROM message
            """,
            author=author_id or None,
            body=body,
            case=case_id,
            company=self.company_id.id,
            email_from=email_from or None,
            log=SQL("create_uid, create_date, write_uid, write_date"),
            logged=SQL(
                "%(uid)s, %(now)s::timestamp, %(uid)s, %(now)s::timestamp",
                now=now,
                uid=self.env.uid,
            ),
            message_id=message_id,
            names=SQL(", ").join(map(SQL.identifier, sms)),
            note=self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_note"),
            now=SQL("%s::timestamp", now),
            number=number,
            recipient=sms["partner_id"],
            uuid=uuid,
            values=SQL(", ").join(SQL("%s", value) for value in sms.values()),
        )

    # === WHAT BECOMES OF IT === #

    def _follow_sms_safely(self, target):
        """The message left or did not: that its traces cannot be written must not undo
        what we know."""
        for notice in self:
            try:
                with self.env.cr.savepoint():
                    notice._follow_sms(target)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                raise
            except Exception:
                _logger.exception("Traces of message %s cannot be written", notice.id)

    def _follow_sms(self, target):
        """Let Odoo's own screens show the state ``target``. A receipt that came before
        we knew that the message had left moves the notice on."""
        hears = self.env.context.get("dunning_hears")  # It is from there that we know.
        if target == "sent" and not hears:
            is_early = self._show_sms_left()
        else:
            is_early = target == "unknown" and self._is_delivered_early()
            if not is_early:
                self._show_sms_state(TRACKED[target], hears)
        if is_early:
            self._receive_sms_receipt("delivered")

    def _show_sms_left(self):
        """The usual case, in one statement and without a word to open browsers.

        :return: whether there is a receipt already, which is left as it is
        """
        for name in ("sms.sms", "mail.notification"):
            self.env[name].flush_model()
        rows = self.env["dunning.ledger"]._ask(
            self.env.context.get("dunning_batch"),
            "sms left",
            self._get_sms_left_sql,
            self.sms_uuid,
            self.env.cr.now(),
        )
        for name in ("sms.sms", "mail.notification"):
            self.env[name].invalidate_model(flush=False)
        return bool(rows)

    @api.model
    def _get_sms_left_sql(self, uuid, now):
        return SQL(
            """
            WITH tracked AS (
                SELECT notification.id, notification.notification_status
                  FROM sms_tracker tracker
                  JOIN mail_notification notification
                    ON notification.id = tracker.mail_notification_id
                 WHERE tracker.sms_uuid = %(uuid)s
            ), told AS (
                UPDATE sms_sms
                   SET state = %(state)s, failure_type = NULL, write_uid = %(uid)s,
                       write_date = %(now)s
                 WHERE uuid = %(uuid)s
                   AND NOT EXISTS (
                       SELECT 1 FROM tracked WHERE notification_status = 'sent')
            ), shown AS (
                UPDATE mail_notification
                   SET notification_status = %(state)s, failure_type = NULL,
                       failure_reason = NULL
                 WHERE id IN (SELECT id
                                FROM tracked
                               WHERE notification_status NOT IN ('pending', 'sent'))
            )
            SELECT 1 FROM tracked WHERE notification_status = 'sent'
            """,
            now=now,
            state=TRACKED["sent"],
            uid=self.env.uid,
            uuid=uuid,
        )

    def _show_sms_state(self, state, hears=False):
        failure = self.sms_failure_type or "unknown"
        values = {"failure_type": failure if state == "error" else False}
        sms_sudo = self._get_sms_sudo()
        sms_sudo.write({"state": state, **self._get_sms_failure(sms_sudo, values)})
        if hears:
            return
        tracker = self.env["sms.tracker"].sudo().with_context(dunning_tells=True)
        tracker = tracker.search([("sms_uuid", "=", self.sms_uuid)])
        tracker._action_update_from_sms_state(
            state,
            failure_reason=self.reason if state == "error" else False,
            **values,
        )

    def _get_sms_failure(self, sms_sudo, values):
        """Odoo's message knows fewer failures than its notification."""
        known = dict(sms_sudo._fields["failure_type"].selection)
        failure = values["failure_type"]
        return {"failure_type": failure if failure in known else failure and "unknown"}

    def _is_delivered_early(self):
        """Whether its receipt came before we knew that it had left."""
        domain = [
            ("sms_uuid", "=", self.sms_uuid),
            ("mail_notification_id.notification_status", "=", "sent"),
        ]
        return bool(self.env["sms.tracker"].sudo().search_count(domain, limit=1))
