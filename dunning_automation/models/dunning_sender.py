import logging
import time
import uuid
from contextlib import contextmanager
from datetime import timedelta

from odoo import api, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, config, mute_logger

from odoo.addons.base.models.ir_cron import MIN_TIME_PER_JOB

from ..tools import smtp_outcome
from ..tools.sender_batch import Claim, Outcome, SenderBatch
from .dunning_composer import COMPOSE_BATCH

_logger = logging.getLogger(__name__)

LEASE_MINUTES = 5
SLICE_SECONDS = 5.0
"""How long a cron sends between two reports of its progress."""
SHARE_OF_LIMIT = 0.6
"""Odoo kills a cron that runs too long: stop at this share of its time limit."""
ATTEMPTS = 10
"""How often a transaction is begun again when somebody's booking got in between."""


class DunningSender(models.AbstractModel):
    """Delivers notices: nothing twice, nothing lost, nothing after payment.

    Each notice is claimed in a transaction that locks its invoices and reads the ledger
    and every stop sign again, and that is committed before anything leaves. The message
    leaves while no lock is held; what came of it is written only by the sender that
    still holds the claim. A claim that nobody finishes becomes ``unknown``: a person
    decides, nothing is sent again by itself. So any number of senders, on any number of
    hosts, work side by side, and correctness does not depend on the lock of a cron.
    """

    _name = "dunning.sender"
    _description = "Dunning Sender"

    # === ENTRY POINTS === #

    @api.model
    def _trigger(self):
        """Wake the senders. Nothing is sent in the transaction of the caller."""
        for cron in self._get_crons():
            cron._trigger()

    @api.model
    def _get_crons(self):
        """The active senders."""
        domain = [("code", "=", "model._cron_deliver()")]
        return self.env["ir.cron"].sudo().search(domain)

    @api.model
    def _cron_deliver(self):
        """Send what is ready, until it is done or the time is up."""
        cron = self.env["ir.cron"]
        stop_at = self._get_stop_time()
        cron._commit_progress(remaining=self._count_ready())
        self._expire_leases()
        while time.monotonic() < stop_at:
            self._compose_unwritten(min(stop_at, time.monotonic() + SLICE_SECONDS))
            seconds = min(SLICE_SECONDS, max(stop_at - time.monotonic(), 0.1))
            handled = self._deliver(seconds=seconds)
            # What nobody could take although there was time is in other hands.
            is_over = not handled and time.monotonic() < stop_at
            left = 0 if is_over else self._count_ready()
            cron._commit_progress(handled, remaining=left)
            if not left:
                return
        # The next poll goes on; in this one the time limit could strike.
        cron._commit_progress(remaining=0)
        self._trigger()
        cron._commit_progress()

    @api.model
    def _deliver(self, notice_ids=None, seconds=None):
        """Send these notices, or whatever is ready: the batch function.

        Works in a transaction of its own and commits nothing of the caller's. Calling
        it again, or in two processes at once, sends nothing twice.

        :param list notice_ids: None = all that are ready
        :param float seconds: begin no further notice after this time
        :return: the number of notices that were looked at
        """
        stop_at = time.monotonic() + seconds if seconds else float("inf")
        batch = SenderBatch()
        handled = 0
        with self.env.registry.cursor() as cr:
            sender = self.with_env(self.env(cr=cr)).with_context(dunning_batch=batch)
            if hold := sender.env["dunning.guard"]._get_database_hold():
                _logger.info("Dunning sends nothing: %s", hold)
                return 0
            try:
                sender._open_channels(batch, notice_ids)
                while time.monotonic() < stop_at:
                    found, claim = sender._claim_next(batch, notice_ids)
                    if not found:
                        break
                    handled += 1
                    if claim and not sender._send(claim, batch):
                        break
                sender._post_on_cases()
                sender.env["dunning.ledger"]._forget_prepared(batch)
            finally:
                batch.close()
        return handled

    @api.model
    def _cron_sweep(self):
        """Every minute: show what a sender that died left behind."""
        self._expire_leases()
        self._post_on_cases()

    @api.model
    def _open_channels(self, batch, notice_ids=None):
        """Open the connections that the next notices need. A slow server must not stand
        between a claim and its message: a payment could slip in."""
        rows = self.env.execute_query(
            SQL(
                """SELECT MIN(id)
                     FROM (SELECT id, company_id, channel
                             FROM dunning_notice notice
                            WHERE %s
                            ORDER BY not_before NULLS FIRST, id
                            LIMIT 500) next
                    GROUP BY company_id, channel""",
                self._get_ready_condition(notice_ids),
            )
        )
        for notice in self.env["dunning.notice"].browse(row[0] for row in rows):
            if open_channel := getattr(notice, f"_open_{notice.channel}", None):
                open_channel(batch)
        self._commit()

    # === CLAIM === #

    @api.model
    def _claim_next(self, batch, notice_ids=None):
        """Claim the next ready notice and commit, or hold it back, or put it off.

        :return: ``(found, claim)``: nothing was ready unless found; ``claim`` is None
            when the notice must not leave now
        """
        for _attempt in range(ATTEMPTS):
            notice = None
            try:
                with mute_logger("odoo.sql_db"):
                    notice, is_whole = self._lock_next(batch, notice_ids)
                    claim = self._claim(notice, is_whole, batch) if notice else None
                    self._commit()
                return bool(notice), claim
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()
            except Exception as error:
                self.env.cr.rollback()
                if not notice:
                    raise
                self._put_off(notice, error)
                return True, None
        return False, None

    @api.model
    def _lock_next(self, batch, notice_ids=None):
        """Lock the notice that is next, and its invoices. The claim that follows must
        be on disk when it is committed, whatever the settings of the database server.

        :return: the notice, read already; and whether all of its invoices are locked
        """
        return self._lock(
            batch,
            "next",
            lambda now: SQL(
                "%s ORDER BY notice.not_before NULLS FIRST, notice.id LIMIT 1",
                self._get_ready_condition(notice_ids, SQL("%s::timestamp", now)),
            ),
            self.env.cr.now(),
        )

    @api.model
    def _lock(self, batch, key, get_condition, argument):
        """Lock a notice and its invoices: a payment waits until the claim is committed,
        or the claim sees it. Who is locked by others is passed by.

        :param get_condition: called with SQL for the argument, SQL about ``notice``
        :return: see ``_lock_next``
        """
        names = self.env["dunning.notice"]._get_claimed_fields()
        rows = self.env["dunning.ledger"]._ask(
            batch,
            key,
            lambda place: SQL(
                """WITH next AS (
                       SELECT id, %(columns)s
                         FROM dunning_notice notice
                        WHERE %(condition)s
                          FOR NO KEY UPDATE OF notice SKIP LOCKED
                   ), listed AS (
                       SELECT DISTINCT line.move_id
                         FROM next
                         JOIN dunning_notice_line line ON line.notice_id = next.id
                        WHERE line.move_id IS NOT NULL
                   ), locked AS (
                       SELECT id
                         FROM account_move
                        WHERE id IN (SELECT move_id FROM listed)
                          FOR NO KEY UPDATE SKIP LOCKED
                   )
                   SELECT set_config('synchronous_commit', 'on', TRUE),
                          (SELECT COUNT(*) FROM listed) = (SELECT COUNT(*) FROM locked),
                          *
                     FROM next""",
                columns=SQL(", ").join(map(SQL.identifier, names)),
                condition=get_condition(place),
            ),
            argument,
        )
        notice = self.env["dunning.notice"]._remember(names, [row[2:] for row in rows])
        return notice, bool(rows and rows[0][1])

    @api.model
    def _get_ready_condition(self, notice_ids=None, now=None):
        """SQL about ``notice``: it may be claimed ``now`` (SQL; None: at once)."""
        condition = SQL(
            """notice.state = 'ready' AND notice.simulation IS NOT TRUE
               AND (notice.not_before IS NULL OR notice.not_before <= %s)
               AND NOT (%s)
               AND EXISTS (
                   SELECT 1
                     FROM res_company company
                    WHERE company.id = notice.company_id AND %s)""",
            now or self.env.cr.now(),
            self.env["dunning.notice"]._get_desk_condition(),
            self.env["dunning.guard"]._get_sending_companies_sql(),
        )
        if notice_ids is not None:
            ids = tuple(notice_ids) or (0,)
            condition = SQL("%s AND notice.id IN %s", condition, ids)
        return condition

    @api.model
    def _count_ready(self):
        """How many notices may be claimed now; none in a database that must not send,
        so that its crons rest instead of trying again and again."""
        if self.env["dunning.guard"]._get_database_hold():
            return 0
        [[count]] = self.env.execute_query(
            SQL(
                "SELECT COUNT(*) FROM dunning_notice notice WHERE %s",
                self._get_ready_condition(),
            )
        )
        return count

    @api.model
    def _put_off(self, notice, error):
        """A notice that cannot be claimed waits an hour, with the reason: it must not
        stand in the way of the next."""
        if not isinstance(error, UserError):
            _logger.error("Notice %s cannot be claimed", notice.id, exc_info=error)
        later = self.env.cr.now() + timedelta(hours=1)
        notice = notice.try_lock_for_update(allow_referencing=True)
        notice.write({"not_before": later, "reason": str(error)})
        self._commit()

    @api.model
    def _claim(self, notice, is_whole, batch):
        """Look at the ledger again and claim this locked notice, or hold it back.

        :param bool is_whole: whether its invoices are locked, too
        :return: a ``Claim``; None if the notice must not leave now
        """
        if not is_whole:
            # An accountant is working on an invoice: come back in a minute.
            notice.not_before = self.env.cr.now() + timedelta(minutes=1)
            return None
        batch.values = {}
        row = self.env["dunning.ledger"]._review(notice, batch)[notice.id]
        if stop := notice._apply_review(row):
            notice._set_state("suppressed", stop)
            return None
        if notice.state != "ready":  # Its text could not be written.
            return None
        if notice._must_wait(row, batch):
            return None
        prepare = getattr(notice, f"_prepare_{notice.channel}", None)
        try:
            parcel = prepare(row, batch) if prepare else None
        except (AssertionError, ValueError) as error:
            notice._set_state("failed", str(error))
            return None
        fence = uuid.uuid4().hex
        lease = timedelta(minutes=LEASE_MINUTES)
        if batch.by_hand:
            lease = notice._get_desk_lease()
        event = notice._set_state(
            "claimed",
            attempt=notice.attempt + 1,
            fence=fence,
            lease_until=self.env.cr.now() + lease,
            **batch.values,
        )
        return Claim(notice, notice.channel, fence, parcel, event.id)

    # === DELIVERY AND OUTCOME === #

    @api.model
    def _send(self, claim, batch):
        """Deliver a claimed notice and write what came of it. Holds no lock while the
        message is on its way.

        :return: False when this database must not send anything more
        """
        guard = self.env["dunning.guard"]
        if hold := guard._raise_mark(claim.event_id, claim.fence):
            self._record_safely(claim, Outcome(smtp_outcome.RETRY, hold), batch)
            return False
        deliver = getattr(claim.notice, f"_deliver_{claim.channel}")
        try:
            outcome = deliver(claim.parcel, batch)
        except smtp_outcome.NoConnection as error:
            outcome = Outcome(smtp_outcome.RETRY, str(error))
            self._record_safely(claim, outcome, batch)
            self._put_off_company(claim.notice)
            return True
        except Exception as error:
            _logger.exception("Delivery of dunning notice %s", claim.notice.id)
            outcome = Outcome(smtp_outcome.UNKNOWN, str(error))
            self.env.cr.rollback()
        self._record_safely(claim, outcome, batch)
        return True

    @api.model
    def _record_safely(self, claim, outcome, batch):
        """Write the outcome and commit, again if something else got in between."""
        for _attempt in range(ATTEMPTS):
            try:
                with mute_logger("odoo.sql_db"):
                    self._record(claim, outcome, batch)
                    self._commit()
                return
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
                self.env.cr.rollback()
                in_the_way = error
        raise in_the_way

    @api.model
    def _record(self, claim, outcome, batch):
        """Write the outcome if this sender still holds the notice, be it late: then its
        lease is over and the notice unknown, which the outcome settles. Should somebody
        take it over at this moment, the commit fails and we look again."""
        notice = claim.notice
        self._read_again(notice, batch)
        if notice.fence != claim.fence or notice.state not in ("claimed", "unknown"):
            _logger.error("Fence violation: notice %s was taken over", notice.id)
            notice._tell("fence_violation", outcome=outcome.code)
            return
        if notice.state == outcome.code:
            return
        now = self.env.cr.now()
        if outcome.code == smtp_outcome.RETRY:
            wait = timedelta(minutes=smtp_outcome.retry_minutes(notice.attempt))
            notice._set_state(
                "ready", outcome.detail, not_before=now + wait, lease_until=False
            )
        elif outcome.then:
            self._record_with(notice, outcome, now)
        else:
            self._write_outcome(notice, outcome, now)

    @api.model
    def _read_again(self, notice, batch):
        """What ``notice`` says now."""
        names = notice._get_recorded_fields()
        rows = self.env["dunning.ledger"]._ask(
            batch,
            "again",
            lambda notice_id: SQL(
                "SELECT id, %s FROM dunning_notice WHERE id = %s",
                SQL(", ").join(map(SQL.identifier, names)),
                notice_id,
            ),
            notice.id,
        )
        notice._remember(names, rows)

    @api.model
    def _write_outcome(self, notice, outcome, now):
        sent = {"date_sent": now} if outcome.code == "sent" else {}
        notice._set_state(
            outcome.code, outcome.detail, lease_until=False, **sent, **outcome.values
        )

    @api.model
    def _record_with(self, notice, outcome, now):
        """Write the outcome and do what belongs to it, both or nothing: a task that
        cannot be created, or an action of users that fails, makes this notice fail and
        stands in no other's way."""
        try:
            with self.env.cr.savepoint():
                self._write_outcome(notice, outcome, now)
                outcome.then()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:
            if not isinstance(error, UserError):
                _logger.info("Notice %s failed", notice.id, exc_info=error)
            notice._set_state("failed", str(error), lease_until=False)

    @api.model
    def _put_off_company(self, notice):
        """The mail server is away: what else is ready on this channel of this company
        waits a while, instead of running into the same wall one by one."""
        later = self.env.cr.now() + timedelta(minutes=smtp_outcome.retry_minutes(1))
        with self._giving_way():
            self.env.cr.execute(
                SQL(
                    """UPDATE dunning_notice
                          SET not_before = %s
                        WHERE id IN (
                              SELECT notice.id
                                FROM dunning_notice notice
                               WHERE %s
                                 AND notice.company_id = %s AND notice.channel = %s
                                 FOR NO KEY UPDATE SKIP LOCKED)""",
                    later,
                    self._get_ready_condition(),
                    notice.company_id.id,
                    notice.channel,
                )
            )
            self._commit()

    # === WHAT IS LEFT TO DO === #

    @api.model
    def _expire_leases(self):
        """A sender that died leaves its notice claimed: nobody knows what arrived."""
        with self._giving_way():
            expired = self.env["dunning.notice"].search(
                [("state", "=", "claimed"), ("lease_until", "<", self.env.cr.now())]
            )
            for notice in expired.try_lock_for_update(allow_referencing=True):
                notice.invalidate_recordset()
                if notice.state == "claimed" and notice.lease_until < self.env.cr.now():
                    notice._set_state("unknown", notice._get_lost_reason())
            self.env["ir.cron"]._commit_progress()

    @contextmanager
    def _giving_way(self):
        """When somebody else works on the same rows, the next round does what is left
        to do."""
        try:
            with mute_logger("odoo.sql_db"):
                yield
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self.env.cr.rollback()

    @api.model
    def _compose_unwritten(self, stop_at):
        """Write the texts of a large run, a batch per commit. What another sender
        writes at this moment is left to it."""
        notices = self.env["dunning.notice"]
        domain = [("snapshot_hash", "=", False), ("state", "in", ("planned", "ready"))]
        others_batches = COMPOSE_BATCH * (len(self._get_crons()) + 1)
        while time.monotonic() < stop_at and (
            unwritten := notices.search(domain, order="id", limit=others_batches)
        ):
            try:
                with mute_logger("odoo.sql_db"):
                    batch = unwritten.try_lock_for_update(
                        allow_referencing=True, limit=COMPOSE_BATCH
                    )
                    batch._compose()
                    self.env["ir.cron"]._commit_progress(remaining=self._count_ready())
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()
                break
            if not batch:
                break

    @api.model
    def _post_on_cases(self):
        """Keep sent messages in the chatter of their cases. Notifies nobody."""
        self.env.flush_all()
        with self._giving_way():
            self.env.cr.execute(self._get_posting_sql())
        self.env.invalidate_all()

    @api.model
    def _get_posting_sql(self):
        return SQL(
            """
                WITH unposted AS (
                    SELECT *
                      FROM dunning_notice
                     WHERE mail_message_id IS NULL AND mime IS NOT NULL
                       AND case_id IS NOT NULL AND state IN ('sent', 'delivered')
                     ORDER BY id
                     LIMIT 1000
                       FOR NO KEY UPDATE SKIP LOCKED
                ), posted AS (
                    INSERT INTO mail_message
                           (model, res_id, message_type, subtype_id, date, message_id,
                            subject, body, email_from, reply_to, author_id,
                            create_uid, create_date, write_uid, write_date)
                    SELECT 'dunning.case', case_id, 'email_outgoing', %(note)s,
                           date_sent, message_id, subject, body, email_from, email_from,
                           %(author)s, %(uid)s, %(now)s, %(uid)s, %(now)s
                      FROM unposted
                     ORDER BY id
                 RETURNING id, message_id
                ), addressed AS (
                    INSERT INTO mail_message_res_partner_rel
                           (mail_message_id, res_partner_id)
                    SELECT posted.id, unposted.recipient_id
                      FROM posted
                      JOIN unposted USING (message_id)
                     WHERE unposted.recipient_id IS NOT NULL
                )
                UPDATE dunning_notice
                   SET mail_message_id = posted.id
                  FROM posted
                 WHERE dunning_notice.message_id = posted.message_id
                   AND dunning_notice.id IN (SELECT id FROM unposted)
                """,
            note=self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_note"),
            author=self.env.user.partner_id.id,
            uid=self.env.uid,
            now=self.env.cr.now(),
        )

    @api.model
    def _commit(self):
        """Commit the sender's own transaction: a claim must be on disk before anything
        leaves, and an outcome as soon as it is known."""
        self.env.cr.commit()  # pylint: disable=invalid-commit

    @api.model
    def _get_stop_time(self):
        """When (``time.monotonic``) this cron must stop: at the end of the time that
        Odoo gives a job, and long before Odoo would kill its worker."""
        end = self.env.context.get("cron_end_time", float("inf"))
        limit = config["limit_time_real_cron"]
        if limit < 0:
            limit = config["limit_time_real"]
        if not limit:
            return end
        start = min(end - MIN_TIME_PER_JOB, time.monotonic())
        # The limit is for all jobs that a worker finds ready in one poll.
        share = SHARE_OF_LIMIT / max(len(self._get_crons()), 1)
        return min(end, start + share * limit)
