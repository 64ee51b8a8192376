import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..tools import phone_numbers, sms_keywords

_logger = logging.getLogger(__name__)

ATTEMPTS = 5
WAIT = timedelta(minutes=10)
"""So long a receipt waits for its message, of which we may not know the number yet."""
KEPT = timedelta(days=90)
BATCH = 1000
CRON = "dunning_automation_sms.ir_cron_webhook"


class DunningWebhookEvent(models.Model):
    """What a provider told us, as it came: one row per event, whatever happens later.

    The request only adds a row and wakes the cron, which does what follows: a receipt
    moves its notice forward, an answer goes to its case. STOP is obeyed in the request
    itself. What was said is never changed, and deleted after 90 days.
    """

    _name = "dunning.webhook.event"
    _description = "Received Webhook"
    _order = "id desc"
    _log_access = False
    _allow_sudo_commands = False

    webhook_id = fields.Many2one(
        "dunning.webhook", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", readonly=True, required=True, index=True, ondelete="cascade"
    )
    key = fields.Char("Event", required=True, readonly=True)
    received_at = fields.Datetime(required=True, readonly=True)
    word = fields.Selection(
        [
            ("sent", "Sent"),
            ("delivered", "Delivered"),
            ("failed", "Failed"),
            ("wrong_number", "Wrong number"),
        ],
        "Receipt",
        readonly=True,
    )
    reference = fields.Char("Message Number", readonly=True)
    uuid = fields.Char("Our Key", readonly=True)
    sender = fields.Char("From", readonly=True, index="btree_not_null")
    text = fields.Text(readonly=True)
    detail = fields.Char("Error", readonly=True)
    keyword = fields.Selection([("stop", "STOP"), ("start", "START")], readonly=True)
    state = fields.Selection(
        [
            ("new", "New"),
            ("done", "Done"),
            ("ignored", "Ignored"),
            ("failed", "Failed"),
        ],
        required=True,
        readonly=True,
        default="new",
    )
    attempt = fields.Integer(readonly=True, default=0)
    problem = fields.Char(readonly=True)
    notice_id = fields.Many2one(
        "dunning.notice", readonly=True, index="btree_not_null", ondelete="set null"
    )

    _key_uniq = models.UniqueIndex("(webhook_id, key)", "This event is here already.")
    _new_idx = models.Index("(id) WHERE state = 'new'")

    # === IN THE REQUEST === #

    @api.model
    def _keep(self, webhook, news):
        """Add a row and wake the cron.

        :param news: ``News`` of ``tools/sms_webhook.py``
        :return: the event; empty if it is here already
        """
        keyword, _is_all = sms_keywords.read(news.text if news.is_message else "")
        rows = self.env.execute_query(
            SQL(
                """INSERT INTO dunning_webhook_event
                          (webhook_id, company_id, key, received_at, word, reference,
                           uuid, sender, text, detail, keyword, state, attempt)
                   VALUES (%(webhook)s, %(company)s, %(key)s, %(now)s, %(word)s,
                           %(reference)s, %(uuid)s, %(sender)s, %(text)s, %(detail)s,
                           %(keyword)s, 'new', 0)
              ON CONFLICT (webhook_id, key) DO NOTHING
                RETURNING id""",
                webhook=webhook.id,
                company=webhook.company_id.id,
                key=_storable(news.key)[:200],
                now=self.env.cr.now(),
                word=news.word or None,
                reference=_storable(news.reference)[:200] or None,
                uuid=_storable(news.uuid)[:64] or None,
                sender=phone_numbers.as_sender(news.sender) or None,
                text=_storable(news.text) or None,
                detail=_storable(news.detail)[:500] or None,
                keyword=keyword,
            )
        )
        event = self.browse(rows[0] if rows else ())
        if event:
            self.env.ref(CRON).sudo()._trigger()
        if event.keyword:
            event._obey()
        return event

    def _obey(self):
        """STOP and START count at once; if that fails, the cron tries again."""
        try:
            with self.env.cr.savepoint():
                self._follow_keyword()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception:
            _logger.exception("Webhook event %s: keyword", self.id)

    # === LATER === #

    @api.model
    def _cron_apply(self):
        """Do what follows from new events, the oldest first, each in a transaction of
        its own."""
        cron = self.env["ir.cron"]
        new = [("state", "=", "new")]
        cron._commit_progress(remaining=self.search_count(new))
        for event in self.search(new, order="id", limit=BATCH):
            event._apply_safely()
            if not cron._commit_progress(1):
                break
        if self.search_count(new, limit=1):
            later = self.env.cr.now() + timedelta(minutes=1)
            self.env.ref(CRON).sudo()._trigger(at=later)

    def _apply_safely(self):
        """One that fails is tried again and stands in no other's way."""
        event = self.try_lock_for_update()
        event.invalidate_recordset()
        if event.state != "new":
            return
        try:
            with self.env.cr.savepoint():
                event._apply()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self.env.cr.rollback()  # Somebody works on the notice: the next round.
        except Exception as error:
            if not isinstance(error, UserError):
                _logger.error("Webhook event %s", event.id, exc_info=error)
            is_over = event.attempt + 1 >= ATTEMPTS
            event.write(
                {
                    "attempt": event.attempt + 1,
                    "problem": type(error).__name__,
                    "state": "failed" if is_over else "new",
                }
            )

    def _apply(self):
        if self.word:
            self._apply_receipt()
        elif self.sender and self.text:
            self._apply_message()
        else:
            self.state = "ignored"

    def _apply_receipt(self):
        """Move the notice forward. One that is just being sent does not know yet by
        which number the provider calls it."""
        notice = self._find_notice()
        is_young = self.received_at + WAIT > self.env.cr.now()
        if is_young and (not notice or notice.state == "claimed"):
            return
        is_used = notice._receive_sms_receipt(self.word, self.detail or "")
        self.write({"notice_id": notice.id, "state": "done" if is_used else "ignored"})

    def _find_notice(self):
        """The notice of a receipt; our own key says more than the provider's number."""
        domain = [("company_id", "in", self.webhook_id._get_companies().ids)]
        notices = self.env["dunning.notice"].sudo()
        for name, value in (
            ("sms_uuid", self.uuid),
            ("sms_provider_ref", self.reference),
        ):
            if value and (found := notices.search([*domain, (name, "=", value)])):
                return found if len(found) == 1 else notices
        return notices

    def _apply_message(self):
        """A customer wrote: that proves that he got our message."""
        if self.keyword:
            self._follow_keyword()
        if self.state != "new":
            return
        notice = self._find_answered()
        if not notice.case_id:
            self.state = "ignored"
            return
        notice._receive_sms_answer(self.sender, self.text)
        self.write({"notice_id": notice.id, "state": "done"})

    def _find_answered(self):
        """The last message that left for this number, of a company with this sender."""
        return (
            self.env["dunning.notice"]
            .sudo()
            .search(
                [
                    ("channel", "=", "sms"),
                    ("company_id", "in", self.webhook_id._get_companies().ids),
                    ("email_to", "=", self.sender),
                    ("state", "in", ("sent", "delivered", "unknown", "failed")),
                ],
                order="date_sent DESC NULLS LAST, id DESC",
                limit=1,
            )
        )

    # === STOP AND START === #

    def _follow_keyword(self):
        """Obey once; a text that says more than the word goes to the case, too."""
        _word, is_all = sms_keywords.read(self.text)
        is_change = self._stop() if self.keyword == "stop" else self._start()
        if is_change and self._may_confirm():
            self.env["dunning.sms.once"]._ask(
                f"keyword {self.id}",
                self.company_id,
                self.sender,
                self._get_confirmation(),
            )
        if is_all:
            self.state = "done"

    def _may_confirm(self):
        webhook = self.webhook_id
        return webhook.confirms_stop and webhook.kind != "twilio"

    def _stop(self):
        """No text message to this number any more, of nobody in this database.

        :return: whether that is new
        """
        blacklist = self.env["phone.blacklist"].sudo()
        is_known = bool(blacklist.search([("number", "=", self.sender)], limit=1))
        if not is_known:
            blacklist._add([self.sender])
        if partner := self._find_partner():
            self.env["dunning.optout"].sudo()._add(
                partner, "sms", self.sender, "keyword", self.text
            )
        return not is_known

    def _start(self):
        """The owner of the number agrees again; what somebody else forbade stays so.

        :return: whether that changed anything
        """
        optouts = (
            self.env["dunning.optout"]
            .sudo()
            .search(
                [
                    ("address", "=", self.sender),
                    ("channel", "=", "sms"),
                    ("source", "=", "keyword"),
                    ("state", "=", "active"),
                ]
            )
        )
        said_stop = [("sender", "=", self.sender), ("keyword", "=", "stop")]
        if not optouts and not self.search_count(said_stop, limit=1):
            return False
        optouts._withdraw(self.text)
        blacklist = self.env["phone.blacklist"].sudo()
        listed = blacklist.search([("number", "=", self.sender)])
        listed.action_archive()
        return bool(listed)

    def _find_partner(self):
        """Whose number it is; of several, whom we wrote last."""
        return (
            self._find_answered().partner_id
            or self.env["res.partner"]
            .sudo()
            .search([("dunning_sms_number", "=", self.sender)], limit=1)
            .commercial_partner_id
        )

    def _get_confirmation(self):
        lang = self._find_partner().lang or self.company_id.partner_id.lang
        event = self.with_context(lang=lang)
        name = self.company_id.name
        if self.keyword == "stop":
            return event.env._(
                "%s: you will get no more text messages from us. Answer START to get "
                "them again.",
                name,
            )
        return event.env._(
            "%s: you will get text messages from us again. Answer STOP to end that.",
            name,
        )

    # === HOUSEKEEPING === #

    def _erase_personal(self):
        """Forget who wrote what; that something came, and when, stays."""
        self.write({"sender": False, "text": False, "detail": False})

    @api.autovacuum
    def _gc_events(self):
        old = [
            ("received_at", "<", self.env.cr.now() - KEPT),
            ("keyword", "=", False),  # START asks later who said STOP.
        ]
        events = self.sudo().search(old, limit=BATCH)
        events.unlink()
        return len(events), len(events) == BATCH


def _storable(text):
    """PostgreSQL keeps neither NUL nor halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
