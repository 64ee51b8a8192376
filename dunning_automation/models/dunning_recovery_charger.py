import logging
import time
from datetime import timedelta

from odoo import Command, api, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, mute_logger

from .dunning_recovery import OPEN, STOPPING_HOLDS

_logger = logging.getLogger(__name__)

LEASE_MINUTES = 10
"""Longer than any request to a provider."""
STARTED_MINUTES = 15
"""So long a payment that a customer has begun on the portal is his to finish."""
LATER = timedelta(hours=1)
NOT_TODAY = timedelta(days=1)
ATTEMPTS = 10
"""How often a claim is begun again when somebody's booking got in between."""


class DunningRecoveryCharger(models.AbstractModel):
    """Charges what is due for a new try: once, or not at all.

    A try is claimed in a transaction that locks recovery and invoice, reads again what
    speaks against it, writes the try and its payment transaction, and is committed
    before the provider is asked. What the provider says is written in a transaction of
    its own. A try that nobody finishes becomes *unknown*: it is never made again by
    itself.
    """

    _name = "dunning.recovery.charger"
    _description = "Charges of Recoveries"

    @api.model
    def _trigger(self):
        self.env.ref("dunning_automation.ir_cron_recover").sudo()._trigger()

    @api.model
    def _cron_charge(self):
        """Make the tries that are due, until it is done or the time is up."""
        cron = self.env["ir.cron"]
        stop_at = self.env["dunning.sender"]._get_stop_time()
        self._expire_leases()
        cron._commit_progress(remaining=self._count_due())
        while time.monotonic() < stop_at:
            made = self._charge_due(number=1)
            left = self._count_due() if made else 0
            cron._commit_progress(made, remaining=left)
            if not left:
                return

    @api.model
    def _charge_due(self, recovery_ids=None, number=None):
        """Make the tries that are due: the batch function.

        Works in transactions of its own and commits nothing of the caller's; in two
        processes at once it charges nothing twice.

        :param list recovery_ids: None = all that are due
        :param int number: at most so many; None = all
        :return: number of recoveries that were looked at
        """
        handled = 0
        with self.env.registry.cursor() as cr:
            charger = self.with_env(self.env(cr=cr, su=True))
            if hold := charger.env["dunning.guard"]._get_database_hold():
                _logger.info("Dunning charges nothing: %s", hold)
                return 0
            while number is None or handled < number:
                found, attempt = charger._claim_next(recovery_ids)
                if not found:
                    break
                handled += 1
                if attempt:
                    charger._charge(attempt)
        return handled

    @api.model
    def _get_due_condition(self, recovery_ids=None):
        """SQL about ``recovery``: it may be charged now."""
        condition = SQL(
            """recovery.state = 'open' AND recovery.next_retry_at <= %s
               AND EXISTS (
                   SELECT 1
                     FROM res_company company
                    WHERE company.id = recovery.company_id AND %s)""",
            self.env.cr.now(),
            self.env["dunning.guard"]._get_sending_companies_sql(),
        )
        if recovery_ids is not None:
            ids = tuple(recovery_ids) or (0,)
            condition = SQL("%s AND recovery.id IN %s", condition, ids)
        return condition

    @api.model
    def _count_due(self):
        if self.env["dunning.guard"]._get_database_hold():
            return 0
        self.env["dunning.recovery"].flush_model()
        [[count]] = self.env.execute_query(
            SQL(
                "SELECT COUNT(*) FROM dunning_recovery recovery WHERE %s",
                self._get_due_condition(),
            )
        )
        return count

    # === CLAIM === #

    @api.model
    def _claim_next(self, recovery_ids=None):
        """Claim the next due recovery and commit, or put it off.

        :return: ``(found, attempt)``: nothing was due unless found; ``attempt`` is
            empty when nothing may be charged now
        """
        for _attempt in range(ATTEMPTS):
            recovery = None
            try:
                with mute_logger("odoo.sql_db"):
                    recovery = self._lock_next(recovery_ids)
                    attempt = self._claim(recovery) if recovery else None
                    self._commit()
                return bool(recovery), attempt
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()
            except Exception:
                self.env.cr.rollback()
                if not recovery:
                    raise
                _logger.exception("Recovery %s cannot be charged", recovery.id)
                recovery.next_retry_at = self.env.cr.now() + LATER
                self._commit()
                return True, None
        return False, None

    @api.model
    def _lock_next(self, recovery_ids=None):
        rows = self.env.execute_query(
            SQL(
                """SELECT recovery.id, set_config('synchronous_commit', 'on', TRUE)
                     FROM dunning_recovery recovery
                    WHERE %s
                    ORDER BY recovery.next_retry_at, recovery.id
                    LIMIT 1
                      FOR NO KEY UPDATE OF recovery SKIP LOCKED""",
                self._get_due_condition(recovery_ids),
            )
        )
        recovery = self.env["dunning.recovery"].browse(rows[0][:1] if rows else ())
        if recovery:
            self._lock_move(recovery.move_id)
            self._lock_token(recovery.token_id)
        return recovery

    @api.model
    def _lock_token(self, token):
        """Nobody else counts the charges of this card meanwhile."""
        self.env.cr.execute(
            SQL(
                "UPDATE payment_token SET write_date = write_date WHERE id = %s",
                token.id,
            )
        )

    @api.model
    def _lock_move(self, move):
        """Nobody else starts a payment of this invoice, or books one, meanwhile."""
        self.env["dunning.account.payment"]._lock(tuple(move.line_ids.ids) or (0,))

    @api.model
    def _claim(self, recovery):
        """The next try of this locked recovery, or nothing."""
        lines = recovery._get_lines()
        if not lines or recovery.move_id.state != "posted":
            recovery._settle_paid()
            return None
        if not self._can_be_charged(recovery.sudo().token_id):
            recovery._set_state("customer")
            return None
        if wait := self._get_wait(recovery, lines):
            recovery.next_retry_at = self.env.cr.now() + wait
            recovery._keep_hold()
            return None
        number = recovery.attempt_count + 1
        tx = self._create_transaction(
            recovery.move_id,
            recovery.token_id,
            sum(lines.mapped("amount_residual_currency")),
            f"{recovery.move_id.name}-R{recovery.id}-{number}",
        )
        attempt = self.env["dunning.recovery.attempt"].create(
            {
                "recovery_id": recovery.id,
                "number": number,
                "transaction_id": tx.id,
                "lease_until": self.env.cr.now() + timedelta(minutes=LEASE_MINUTES),
            }
        )
        recovery._set_state("charging", attempt_count=number)
        return attempt

    @api.model
    def _can_be_charged(self, token):
        return bool(token.active and token.provider_id.state in ("enabled", "test"))

    @api.model
    def _get_wait(self, recovery, lines):
        """How long a due try must wait; None if nothing is against it."""
        if self._get_under_way(recovery.move_id):
            return LATER
        if self._get_holds(recovery, lines):
            return NOT_TODAY
        return self._get_cap_wait(recovery)

    @api.model
    def _get_under_way(self, move):
        """Transactions that may still bring money for ``move``."""
        now = self.env.cr.now()
        started = now - timedelta(minutes=STARTED_MINUTES)
        pending = now - timedelta(days=move.company_id.dunning_pending_days)
        return move.transaction_ids.filtered(
            lambda tx: (
                tx.state in ("pending", "authorized")
                and (tx.last_state_change or tx.create_date) > pending
                or tx.state == "done"
                and not tx.is_post_processed
                or tx.state == "draft"
                and tx.create_date > started
                or tx.dunning_is_unknown
            )
        )

    @api.model
    def _get_holds(self, recovery, lines):
        """What else asks to leave these lines alone."""
        return self.env["dunning.hold"].search(
            [
                ("partner_id", "=", recovery.partner_id.id),
                ("company_id", "=", recovery.company_id.id),
                ("state", "=", "active"),
                ("kind", "in", STOPPING_HOLDS),
                ("date_end", ">=", recovery.company_id._dunning_today()),
                "|",
                ("scope", "=", "customer"),
                ("move_line_ids", "in", lines.ids),
            ],
            limit=1,
        )

    @api.model
    def _get_cap_wait(self, recovery):
        """Until the caps of the network allow a try, whoever chose its time."""
        now = self.env.cr.now()
        own = [recovery.failed_at, *recovery._get_tries()]
        allowed = self.env["dunning.retry.cap"]._get_allowed(
            now,
            sorted([*own, *recovery._get_other_tries()]),
            recovery._get_network(),
        )
        return allowed - now if allowed > now else None

    @api.model
    def _create_transaction(self, move, token, amount, reference):
        return self.env["payment.transaction"].create(
            {
                "provider_id": token.provider_id.id,
                "payment_method_id": token.payment_method_id.id,
                "token_id": token.id,
                "operation": "offline",
                "amount": amount,
                "currency_id": move.currency_id.id,
                "partner_id": token.partner_id.id,
                "reference": reference,
                "invoice_ids": [Command.set(move.ids)],
            }
        )

    # === CHARGE AND OUTCOME === #

    @api.model
    def _charge(self, attempt):
        """Ask the provider; no lock is held meanwhile. Its answer changes the state of
        the transaction, and the try hears of that."""
        tx = attempt.transaction_id
        try:
            tx._charge_with_token()
            if attempt.state == "charging":
                attempt._hear_undecided(tx)
            self._commit()
        except Exception:
            # Whatever it was: the provider may have been asked.
            _logger.exception("What became of charge %s is unknown", tx.reference)
            self.env.cr.rollback()
            self._lose(attempt)
            return
        if tx.state == "done" and not tx.is_post_processed:
            self._book(tx)

    @api.model
    def _book(self, tx):
        """Book the payment at once; if that fails Odoo's own job tries again."""
        try:
            tx._post_process()
            self._commit()
        except Exception:
            _logger.exception("Payment %s is not booked yet", tx.reference)
            self.env.cr.rollback()

    @api.model
    def _lose(self, attempt):
        if attempt.state == "charging":
            attempt.transaction_id.dunning_is_unknown = True
            attempt._hear_nothing()
            self._commit()

    @api.model
    def _expire_leases(self):
        """Tries of a process that died: nobody knows what became of them."""
        lost = self.env["dunning.recovery.attempt"].search(
            [("state", "=", "charging"), ("lease_until", "<=", self.env.cr.now())]
        )
        for attempt in lost.try_lock_for_update(allow_referencing=True):
            attempt.transaction_id.dunning_is_unknown = True
            attempt._hear_nothing()

    @api.model
    def _search_open(self, moves):
        """Recoveries of ``moves`` that are not over."""
        return self.env["dunning.recovery"].search(
            [("move_id", "in", moves.ids), ("state", "in", OPEN)]
        )

    @api.model
    def _commit(self):
        """Commit the charger's own transaction: a try must be on disk before anything
        is charged, and an outcome as soon as it is known."""
        self.env["dunning.sender"]._commit()
