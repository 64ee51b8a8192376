from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..tools import declines, retries
from .dunning_decline_reason import CLASSES

OPEN = ("open", "charging", "unknown", "customer")
MOVES = {
    "open": ("charging", "customer", "unknown", "recovered", "ended"),
    "charging": ("open", "customer", "unknown", "recovered", "ended"),
    "customer": ("open", "charging", "recovered", "ended"),
    "unknown": ("open", "customer", "recovered", "ended"),
    "ended": ("recovered",),
    "recovered": (),
}
"""From which state to which; what a provider tells late may recover what had ended."""
CARD = "card"
STOPPING_HOLDS = ("dispute", "legal", "manual", "plan", "promise")
"""Holds under which nothing is charged: the customer was promised to be left alone."""


class DunningRecovery(models.Model):
    """A stored payment method was refused for an invoice: the way back to the money.

    One per invoice and episode. It is tried again at the times of a schedule, within
    the caps of the card network and never while another payment of the invoice is under
    way; refusals that no try can heal wait for the customer. As long as it is open a
    hold keeps normal reminders back. What became of a charge is never guessed: without
    an answer it is ``unknown``, and a person, or the provider's later word, decides.
    """

    _name = "dunning.recovery"
    _inherit = [
        "dunning.recovery.customer",
        "dunning.recovery.end",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _description = "Recovery of a Failed Payment"
    _order = "failed_at desc, id desc"
    _check_company_auto = True

    move_id = fields.Many2one(
        "account.move",
        "Invoice",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    case_id = fields.Many2one(
        "dunning.case", compute="_compute_case_id", help="Open at the moment."
    )
    token_id = fields.Many2one(
        "payment.token",
        "Payment Method",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    transaction_id = fields.Many2one(
        "payment.transaction",
        "Failed Transaction",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    state = fields.Selection(
        [
            ("open", "Will Be Tried Again"),
            ("charging", "Being Charged"),
            ("unknown", "Unknown Whether Charged"),
            ("customer", "Waits for the Customer"),
            ("recovered", "Recovered"),
            ("ended", "Ended without Payment"),
        ],
        required=True,
        readonly=True,
        default="open",
        index=True,
    )
    decline_class = fields.Selection(CLASSES, "Refusal", readonly=True)
    reason_id = fields.Many2one(
        "dunning.decline.reason",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    message = fields.Char(readonly=True, help="What the provider said last.")
    failed_at = fields.Datetime(
        "First Failure",
        required=True,
        readonly=True,
        default=lambda self: self.env.cr.now(),
    )
    next_retry_at = fields.Datetime("Next Try", readonly=True)
    attempt_ids = fields.One2many(
        "dunning.recovery.attempt", "recovery_id", "Tries", readonly=True
    )
    attempt_count = fields.Integer("Tries Made", readonly=True)
    currency_id = fields.Many2one(related="move_id.currency_id")
    amount = fields.Monetary("Failed Amount", readonly=True)
    recovered_amount = fields.Monetary(readonly=True)
    recovered_at = fields.Datetime(readonly=True)
    recovered_by = fields.Selection(
        [
            ("retry", "Our Try"),
            ("update", "New Payment Method"),
            ("customer", "Customer, Online"),
            ("other", "Otherwise"),
        ],
        readonly=True,
    )
    hold_id = fields.Many2one(
        "dunning.hold", readonly=True, index="btree_not_null", ondelete="set null"
    )

    _open_uniq = models.UniqueIndex(
        "(move_id) WHERE state IN ('open', 'charging', 'unknown', 'customer')",
        "The payment of this invoice is being recovered already.",
    )
    _due_idx = models.Index("(next_retry_at) WHERE state = 'open'")

    @api.depends("move_id", "state")
    def _compute_display_name(self):
        states = dict(self._fields["state"]._description_selection(self.env))
        for recovery in self:
            recovery.display_name = (
                f"{recovery.move_id.name} · {states.get(recovery.state, '')}"
            )

    def _compute_case_id(self):
        agreements = self.env["dunning.agreement"]
        for recovery in self:
            recovery.case_id = agreements._search_case(
                recovery.partner_id, recovery.company_id
            )

    # === STATE: THE ONE DOOR === #

    def _set_state(self, target, **values):
        """Move one recovery to ``target``, with what else changes, and tell it.

        :raise UserError: if there is no way from its state
        """
        self.ensure_one()
        if target not in MOVES[self.state]:
            raise UserError(
                self.env._(
                    "%(recovery)s: this is not possible any more.",
                    recovery=self.display_name,
                )
            )
        if target != "open":
            values.setdefault("next_retry_at", False)
        self.write({"state": target, **values})
        self._tell(f"recovery_{target}")
        if target not in OPEN:
            self.sudo().hold_id._release()
            self.activity_unlink(["mail.mail_activity_data_todo"])

    def _tell(self, kind):
        self.env["dunning.event"].sudo().create(
            {
                "company_id": self.company_id.id,
                "partner_id": self.partner_id.id,
                "case_id": self.case_id.id,
                "kind": kind,
                "payload": {
                    "recovery": self.id,
                    "move_id": self.move_id.id,
                    "attempt": self.attempt_count,
                    "class": self.decline_class,
                },
            }
        )

    # === FAILURE === #

    @api.model
    def _open(self, move, tx, decline_class, reason, message):
        """A recovery of ``move``, whose charge was refused a moment ago."""
        recovery = self.sudo().create(
            {
                "move_id": move.id,
                "partner_id": move.commercial_partner_id.id,
                "company_id": move.company_id.id,
                "token_id": tx.token_id.id,
                "transaction_id": tx.id,
                "amount": sum(self._get_due(move).mapped("amount_residual_currency")),
            }
        )
        recovery._tell("recovery_failed")
        recovery._note_refusal(decline_class, reason, message)
        return recovery

    def _note_refusal(self, decline_class, reason, message):
        """The last charge was refused: try again, or wait for the customer."""
        self.ensure_one()
        self.write(
            {
                "decline_class": decline_class,
                "reason_id": reason.id,
                "message": message,
            }
        )
        is_retried = decline_class in declines.RETRIED
        retry_at = self._choose_retry_at() if is_retried else False
        target = "open" if is_retried else "customer"
        if self.state == target:
            self.next_retry_at = retry_at
        else:
            self._set_state(target, next_retry_at=retry_at)
        self._keep_hold()

    def _hear_refusal(self, decline_class, reason, message):
        """The last charge was refused, if it is that which we wait for."""
        if self.state in ("charging", "unknown"):
            self._note_refusal(decline_class, reason, message)

    def _keep_hold(self):
        """No normal reminders until the days of grace after the next try are over, at
        least."""
        last = max(self.next_retry_at or self.failed_at, self.env.cr.now())
        end = last.date() + timedelta(days=self._get_schedule().grace_days + 1)
        if self.hold_id.state == "active":
            self.hold_id._extend(max(end, self.hold_id.date_end))
            return
        self.hold_id = (
            self.env["dunning.hold"]
            .sudo()
            .create(
                {
                    "kind": "recovery",
                    "company_id": self.company_id.id,
                    "partner_id": self.partner_id.id,
                    "case_id": self.case_id.id,
                    "scope": "lines",
                    "move_line_ids": [
                        Command.set(self.move_id._dunning_get_open_lines().ids)
                    ],
                    "user_id": self._get_responsible().id,
                    "date_end": end,
                }
            )
        )

    def _choose_retry_at(self):
        """When the payment is tried again; False if it is not. An addon that knows
        better times may override this, within the caps of the networks, which the
        charge reads again.

        :return: UTC
        """
        self.ensure_one()
        return self._find_retry_at(self._get_schedule()._get_schedule())

    def _find_retry_at(self, plan):
        """When the next try of a plan is, as caps and the refusal allow.

        :param plan: ``Schedule`` of ``tools/retries.py``
        :return: UTC; False if nothing is left to try
        """
        schedule = self._get_schedule()
        return (
            retries.next_retry(
                self.failed_at,
                self._get_tries(),
                plan,
                self.env["dunning.retry.cap"]._get_caps(),
                self._get_network(),
                self.company_id._dunning_timezone(),
                None if self.reason_id else schedule.unknown_tries,
                self._get_other_tries(),
            )
            or False
        )

    def _get_tries(self):
        return sorted(self.attempt_ids.mapped("started_at"))

    def _get_other_tries(self):
        """Moments at which the same method was charged in vain for other invoices: the
        networks count all charges of a card."""
        self_sudo = self.sudo()
        if not self_sudo.token_id:
            return []
        own = self_sudo.attempt_ids.transaction_id | self_sudo.transaction_id
        others = self_sudo.env["payment.transaction"].search(
            [
                ("token_id", "=", self_sudo.token_id.id),
                ("operation", "in", ("offline", "online_token")),
                ("state", "!=", "done"),
                ("create_date", ">", self.env.cr.now() - retries.FOREVER),
                ("id", "not in", own.ids),
            ]
        )
        return others.mapped("create_date")

    def _get_network(self):
        """Code of the card network; empty if it is a card of an unknown one, so that
        the strictest caps count."""
        method = self.sudo().token_id.payment_method_id
        known = {cap.network for cap in self.env["dunning.retry.cap"]._get_caps()}
        is_card = CARD in (method.code, method.primary_payment_method_id.code)
        return "" if is_card and method.code not in known else method.code or ""

    def _get_schedule(self):
        """The schedule of its policy, or the default one."""
        self.ensure_one()
        policy = self._get_policy()
        schedules = self.env["dunning.retry.schedule"].sudo()
        return policy.sudo().retry_schedule_id or schedules._get_default(
            self.company_id
        )

    def _get_policy(self):
        """The policy of what is open, else the first of the company."""
        decisions = self.env["dunning.decision"].search(
            [
                ("move_line_id", "in", self._get_lines().ids),
                ("policy_id", "!=", False),
            ],
            limit=1,
        )
        applicable = self.env["dunning.policy"]._search_applicable(self.company_id)
        return decisions.policy_id or applicable[:1]

    def _get_responsible(self):
        return self.env["dunning.case"]._get_present(
            self.company_id, self._get_policy().user_id
        )

    def _get_lines(self):
        """What is to be charged: the open lines that are due, else all open ones."""
        return self._get_due(self.move_id)

    @api.model
    def _get_due(self, move):
        lines = move._dunning_get_open_lines()
        today = move.company_id._dunning_today()
        return lines.filtered(lambda line: line.date_maturity <= today) or lines

    # === SUCCESS === #

    def _recover(self, by, amount):
        """The money came."""
        for recovery in self:
            recovery._set_state(
                "recovered",
                recovered_by=by,
                recovered_amount=amount,
                recovered_at=self.env.cr.now(),
            )

    @api.model
    def _search_paid(self, moves):
        """Recoveries of ``moves`` of which nothing is left to be charged."""
        domain = Domain("move_id", "in", moves.ids) & Domain("state", "in", OPEN)
        found = self.search(domain) if moves else self
        return found.filtered(lambda recovery: not recovery._get_lines())

    def _settle_paid(self):
        """Nothing is open any more: paid in another way, or not owed at all. What is
        under way, or unknown, tells for itself."""
        for recovery in self.filtered(lambda one: one.state in ("open", "customer")):
            move = recovery.move_id
            if move.state != "posted" or move.payment_state == "reversed":
                recovery._set_state("ended")
            else:
                recovery._recover("other", recovery.amount)

    # === A NEW PAYMENT METHOD === #

    def _take_over(self, token):
        """From now on ``token`` is charged. What waited for the customer is tried again
        at once."""
        for recovery in self:
            recovery.token_id = token
            if recovery.state == "customer" and recovery._get_lines():
                recovery._set_state("open", next_retry_at=self.env.cr.now())
        self.env["dunning.recovery.charger"]._trigger()

    # === A PERSON DECIDES === #

    def _check_unknown(self):
        self.ensure_one()
        self.check_access("read")
        if not self.env.user.has_group("dunning_automation.group_manager"):
            raise AccessError(
                self.env._("Only a collections manager says what became of a charge.")
            )
        if self.state != "unknown":
            raise UserError(self.env._("It is known what became of this charge."))
        attempts = self.sudo().attempt_ids
        return attempts.filtered(lambda one: one.state == "unknown")

    def _get_unknown_transaction(self):
        """The charge of which nobody knows: the last try, or the very first charge."""
        attempt_sudo = self._check_unknown()[-1:]
        return attempt_sudo.transaction_id or self.sudo().transaction_id

    def action_was_charged(self):
        """The provider has it: the money is on its way."""
        tx_sudo = self._get_unknown_transaction()
        tx_sudo.dunning_is_unknown = False
        tx_sudo._set_done(
            state_message=self.env._("Found at the provider by %s", self.env.user.name)
        )
        self.env.ref("payment.cron_post_process_payment_tx").sudo()._trigger()

    def action_was_not_charged(self):
        """The provider does not know it, so it may be tried again."""
        attempts, tx_sudo = self._check_unknown(), self._get_unknown_transaction()
        said = self.env._("Not charged, says %s", self.env.user.name)
        tx_sudo.dunning_is_unknown = False
        attempts._finish("failed")
        reason = self.env["dunning.decline.reason"]
        self.sudo()._note_refusal("soft", reason, said)
        if tx_sudo.state == "draft":  # Else it would look like one under way.
            tx_sudo._set_error(said)

    def action_retry_now(self):
        """Charge as soon as the job comes round, caps permitting."""
        for recovery in self:
            recovery.env["dunning.case"]._check_collector()
            if recovery.state not in ("open", "customer"):
                raise UserError(
                    self.env._("%s cannot be charged now.", recovery.display_name)
                )
            moment = self.env.cr.now()
            if recovery.state == "customer":
                recovery.sudo()._set_state("open", next_retry_at=moment)
            else:
                recovery.sudo().next_retry_at = moment
        self.env["dunning.recovery.charger"]._trigger()

    def action_end(self):
        """Give up: normal reminders go on."""
        for recovery in self:
            recovery.env["dunning.case"]._check_collector()
            recovery.sudo()._end_road()

    def _ask_person(self):
        """Somebody must look at the provider's what became of the charge."""
        for recovery in self:
            recovery.with_context(mail_activity_quick_update=True).activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=recovery.company_id._dunning_today(),
                summary=self.env._("A card may have been charged"),
                note=self.env._(
                    "The payment provider did not answer when %(reference)s was "
                    "charged. Look there what became of it, and say it here: until "
                    "then nothing is charged for this invoice.",
                    reference=(
                        recovery.attempt_ids[-1:].transaction_id
                        or recovery.transaction_id
                    ).reference,
                ),
                user_id=recovery._get_responsible().id,
            )
