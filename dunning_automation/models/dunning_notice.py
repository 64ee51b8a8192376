import hashlib
import logging
import re
import smtplib
import uuid
from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, mute_logger

from ..tools import notice_states, smtp_outcome
from .dunning_planner import VALID_EMAIL

_logger = logging.getLogger(__name__)

CLAIM_ATTEMPTS = 10
COMPOSE_BATCH = 50
LEASE_MINUTES = 5


class DunningNotice(models.Model):
    """One message to one recipient on one channel.

    The text is written when the notice is planned and again just before it leaves if
    an amount changed. States move through ``_set_state`` only; see
    ``tools/notice_states.py`` for the roads between them.
    """

    _name = "dunning.notice"
    _description = "Dunning Notice"
    _order = "date desc, id desc"
    _allow_sudo_commands = False

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    case_id = fields.Many2one(
        "dunning.case", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    debtor_key = fields.Integer(
        readonly=True, help="The customer at planning; merging customers keeps it."
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    run_id = fields.Many2one(
        "dunning.run", readonly=True, index=True, ondelete="cascade"
    )  # Only simulated runs can be deleted.
    policy_id = fields.Many2one(
        "dunning.policy", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    level_id = fields.Many2one(
        "dunning.level", required=True, readonly=True, index=True, ondelete="restrict"
    )
    action_id = fields.Many2one(
        "dunning.action", readonly=True, index="btree_not_null", ondelete="set null"
    )
    channel = fields.Selection(
        lambda self: self.env["dunning.action"]._fields["channel"].selection,
        required=True,
        readonly=True,
    )
    recipient_id = fields.Many2one(
        "res.partner", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    email_to = fields.Char("Sent To", readonly=True, help="Address at planning.")
    lang = fields.Selection(
        lambda self: self.env["res.lang"].get_installed(), "Language", readonly=True
    )
    state = fields.Selection(
        [
            ("planned", "To Approve"),
            ("ready", "Ready"),
            ("claimed", "Sending"),
            ("sent", "Sent"),
            ("delivered", "Delivered"),
            ("suppressed", "Held Back"),
            ("failed", "Failed"),
            ("unknown", "Unknown"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        default="planned",
        help="Held Back: the system stopped it, e.g. because of a payment; the step is "
        "planned again when due.\n"
        "Cancelled: a person decided against it; the step is not repeated.\n"
        "Unknown: it may or may not have arrived, a person decides.",
    )
    simulation = fields.Boolean(readonly=True)
    date = fields.Date(required=True, readonly=True, help="Day it was planned for.")
    date_sent = fields.Datetime("Sent On", readonly=True)
    not_before = fields.Datetime("Next Try", readonly=True)
    attempt = fields.Integer("Attempts", readonly=True)
    fence = fields.Char(readonly=True, help="Token of the sender that holds it.")
    lease_until = fields.Datetime(readonly=True)
    dedup_key = fields.Char(required=True, readonly=True)
    snapshot_hash = fields.Char(
        readonly=True, help="Fingerprint of the amounts that the text states."
    )
    reason = fields.Text(
        readonly=True, help="Why it was held back, failed or cancelled."
    )
    subject = fields.Char(readonly=True)
    body = fields.Html(readonly=True, sanitize=False)
    message_id = fields.Char("Message-ID", readonly=True)
    line_ids = fields.One2many("dunning.notice.line", "notice_id", "Lines")
    event_ids = fields.One2many("dunning.event", "notice_id", "Timeline")
    overdue_amount = fields.Monetary(
        compute="_compute_overdue_amount", help="Company currency."
    )
    deadline = fields.Date(
        compute="_compute_deadline", help="The customer is asked to pay until this day."
    )
    table_html = fields.Html(compute="_compute_table_html", sanitize=False)
    bank_html = fields.Html(compute="_compute_bank_html", sanitize=False)

    _dedup_key_uniq = models.Constraint(
        "UNIQUE(dedup_key)", "This notice was planned before."
    )
    _day_uniq = models.UniqueIndex(
        "(company_id, debtor_key, channel, date)"
        " WHERE simulation IS NOT TRUE AND state != 'suppressed'",
        "A customer gets at most one notice per channel and day.",
    )
    _ready_idx = models.Index("(not_before, id) WHERE state = 'ready'")
    _unwritten_idx = models.Index(
        "(id) WHERE snapshot_hash IS NULL AND state IN ('planned', 'ready')"
    )
    _simulation_stays = models.Constraint(
        "CHECK(simulation IS NOT TRUE OR state = 'planned')",
        "A simulated notice is never sent.",
    )

    # === COMPUTE METHODS === #

    @api.depends("partner_id", "level_id")
    def _compute_display_name(self):
        for notice in self:
            notice.display_name = (
                f"{notice.level_id.name} · {notice.partner_id.display_name}"
            )

    @api.depends("line_ids.residual", "line_ids.skip_reason", "line_ids.drop_reason")
    def _compute_overdue_amount(self):
        for notice in self:
            overdue = notice._get_lines().filtered(lambda line: line.days_overdue > 0)
            notice.overdue_amount = sum(overdue.mapped("residual"))

    @api.depends("level_id.new_deadline_days")
    def _compute_deadline(self):
        for notice in self:
            days = notice.level_id.new_deadline_days
            notice.deadline = days and notice._get_today() + timedelta(days=days)

    @api.depends(
        "line_ids.days_overdue",
        "line_ids.drop_reason",
        "line_ids.residual_currency",
        "line_ids.skip_reason",
    )
    @api.depends_context("lang")
    def _compute_table_html(self):
        for notice in self:
            notice.table_html = notice._render_part("notice_table")

    @api.depends("line_ids.drop_reason", "line_ids.skip_reason")
    @api.depends_context("lang")
    def _compute_bank_html(self):
        for notice in self:
            notice.bank_html = notice._render_part("notice_bank")

    def _get_today(self):
        """The day the text speaks of: today, shifted for a run of another day."""
        self.ensure_one()
        run = self.env["dunning.run"]
        timezone = self.company_id._dunning_timezone()
        planned_on = run._local_date(timezone, self.create_date)
        return run._local_date(timezone) + (self.date - planned_on)

    def _get_lines(self):
        """The lines that the message lists: not taken out and not settled."""
        return self.line_ids.filtered(
            lambda line: not line.skip_reason and not line.drop_reason
        )

    def _get_table_groups(self):
        """What the invoice table shows, one group per currency.

        :return: list of dicts with ``currency``, ``overdue`` and ``coming`` (notice
            lines), ``overdue_total``, ``coming_total`` and ``credit`` (open credits),
            amounts in ``currency``
        """
        self.ensure_one()
        credits = self._get_open_credits()
        groups = []
        for currency, lines in self._get_lines().grouped("currency_id").items():
            overdue = lines.filtered(lambda line: line.days_overdue > 0)
            total = sum(overdue.mapped("residual_currency"))
            groups.append(
                {
                    "currency": currency,
                    "overdue": overdue,
                    "coming": lines - overdue,
                    "overdue_total": total,
                    "coming_total": sum((lines - overdue).mapped("residual_currency")),
                    "credit": min(credits.get(currency, 0.0), total),
                }
            )
        return groups

    def _get_open_credits(self):
        """What is left of the debtor's open credits, older lines being covered by them:
        {currency: positive amount}."""
        rows = self.env["dunning.planner"]._read_open_lines(
            self.company_id, self.partner_id, self._get_today()
        )
        left = {}
        for row in rows.values():
            currency = self.env["res.currency"].browse(row["currency_id"])
            left.setdefault(currency, row["credit"])
            if row["stop_reason"] == "covered_by_credit":
                left[currency] -= row["residual_currency"]
        return left

    def _get_bank_accounts(self):
        """Accounts to pay to: those named on the invoices, else the company's first."""
        banks = self.sudo()._get_lines().move_id.partner_bank_id
        return banks or self.company_id.sudo().partner_id.bank_ids[:1]

    def _render_part(self, template):
        self.ensure_one()
        lang = tools.misc.get_lang(self.env, self.env.lang).code
        return (
            self.env["ir.qweb"]
            .sudo()
            .with_context(lang=lang)
            ._render(
                f"dunning_automation.{template}",
                {"notice": self.sudo().with_context(lang=lang)},
                lang=lang,
            )
        )

    # === THE ONE DOOR FOR STATE CHANGES === #

    def _set_state(self, target, reason=None, **values):
        """Move these notices to ``target`` and tell the event, in one transaction.

        :param str target: a state of ``tools/notice_states.py``
        :param str reason: shown to people, kept in the event
        :param values: further fields to write
        :raise UserError: when a notice is in a state that does not lead to ``target``
        """
        for notice in self:
            if not notice_states.allowed(notice.state, target):
                labels = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "“%(notice)s” is %(state)s and cannot become %(target)s.",
                        notice=notice.display_name,
                        state=labels[notice.state],
                        target=labels[target],
                    )
                )
            released = {}
            if target in notice_states.RELEASED:
                released["dedup_key"] = f"{notice.dedup_key}:{notice.id}"
            notice.write({"state": target, "reason": reason, **released, **values})
        if target in notice_states.RELEASED:
            # What a person took out stays taken out.
            self.line_ids.filtered(lambda line: not line.skip_reason).live = False
        self._tell(f"notice_{target}", reason=reason)
        if target in (notice_states.FAILED, notice_states.UNKNOWN):
            for notice in self.filtered("case_id"):
                notice.case_id._create_delivery_task(notice)

    def _tell(self, kind, **payload):
        """Append an event of ``kind`` for each of these notices."""
        self.env["dunning.event"].create(
            [
                {
                    "company_id": notice.company_id.id,
                    "partner_id": notice.partner_id.id,
                    "case_id": notice.case_id.id,
                    "notice_id": notice.id,
                    "kind": kind,
                    "payload": {
                        "level": notice.level_id.name,
                        "channel": notice.channel,
                        "attempt": notice.attempt,
                        **{key: value for key, value in payload.items() if value},
                    },
                }
                for notice in self
            ]
        )

    # === ACTIONS === #

    def _check_manager(self):
        self.check_access("read")
        if not self.env.user.has_group("dunning_automation.group_manager"):
            raise AccessError(
                self.env._("Only a collections manager decides on notices.")
            )

    def action_approve(self):
        """Release the selected notices; the sender takes them from there."""
        self._check_manager()
        planned = self.filtered(
            lambda notice: notice.state == "planned" and not notice.simulation
        )
        if not planned:
            raise UserError(self.env._("None of these notices waits for approval."))
        planned.sudo()._set_state("ready")
        planned._trigger_delivery()

    def action_skip(self):
        """Ask for the reason and cancel the selected notices."""
        return self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_notice_skip_action"
        ) | {"context": {"default_notice_ids": self.ids}}

    def action_retry(self):
        """Send failed notices again, and unknown ones a person checked."""
        self._check_manager()
        self.sudo()._set_state("ready", not_before=False)
        self._trigger_delivery()

    def action_mark_sent(self):
        """A person knows that an unknown notice arrived."""
        self._check_manager()
        self.sudo()._set_state("sent", date_sent=self.env.cr.now())

    def _cancel(self, reason):
        """A person decides against these notices: the steps count as taken."""
        self._check_manager()
        self.sudo()._set_state("cancelled", reason)

    def _trigger_delivery(self):
        self.env.ref("dunning_automation.ir_cron_deliver").sudo()._trigger()

    # === TEXT === #

    def _compose(self):
        """Write subject and body of these notices, in batches per template.

        A notice whose text cannot be written fails by itself, with the reason; the
        others go on.
        """
        self._ensure_access_tokens()
        for notices in self.grouped("action_id").values():
            for batch in tools.split_every(COMPOSE_BATCH, notices.ids, self.browse):
                try:
                    with self.env.cr.savepoint():
                        batch._render()
                except Exception:
                    batch._compose_one_by_one()

    @api.model
    def _compose_unwritten(self):
        """Write the texts of a large run, a batch per commit. What another sender
        writes at this moment is left to it."""
        domain = [("snapshot_hash", "=", False), ("state", "in", ("planned", "ready"))]
        while batch := self.search(domain, order="id", limit=COMPOSE_BATCH):
            try:
                with mute_logger("odoo.sql_db"):
                    batch = batch.try_lock_for_update()
                    batch._compose()
            except SerializationFailure:
                self.env.cr.rollback()
                batch = None
            self.env["ir.cron"]._commit_progress(remaining=self._count_ready())
            self.env.invalidate_all()
            if not batch:
                break

    def _compose_one_by_one(self):
        for notice in self:
            try:
                with self.env.cr.savepoint():
                    notice._render()
            except Exception as error:
                while error.__context__:  # QWeb wraps the cause in its traceback.
                    error = error.__context__
                template = notice.action_id.template_id.display_name
                _logger.info("Notice %s cannot be composed: %s", notice.id, error)
                reason = self.env._(
                    "The text cannot be written with template “%(template)s”: "
                    "%(error)s. Correct the template and press Retry.",
                    template=template,
                    error=error,
                )
                if notice.simulation:
                    notice.write({"reason": reason, "snapshot_hash": "none"})
                else:
                    notice._set_state("failed", reason)

    def _render(self):
        """Write the texts of notices of one action, if their channel has a text."""
        render = getattr(self, f"_render_{self.action_id.channel}", None)
        if render:
            render()
        for notice in self:
            notice.snapshot_hash = notice._get_snapshot_hash()

    def _render_email(self):
        """Subject and body from the action's template, in each recipient's language."""
        template = self.action_id.template_id.sudo()
        texts = template._generate_template(self.ids, ("subject", "body_html"))
        for notice in self:
            notice.write(
                {
                    "subject": " ".join(texts[notice.id]["subject"].split()),
                    "body": notice._encapsulate(texts[notice.id]["body_html"]),
                }
            )

    def _encapsulate(self, body):
        """Put a rendered body into the layout, with absolute links."""
        self.ensure_one()
        renderer = self.env["mail.template"].with_context(lang=self.lang)
        html = renderer._render_encapsulate(
            "dunning_automation.mail_layout",
            body,
            add_context={"company": self.company_id, "lang": self.lang},
            context_record=self.with_context(lang=self.lang),
        )
        return renderer._replace_local_links(html, self.company_id.get_base_url())

    def _get_snapshot_hash(self):
        """Fingerprint of what the text states and of the template that says it."""
        template = self.action_id.template_id
        facts = [self.recipient_id.id, self.lang, self.level_id.id, self.deadline]
        facts += [template.id, template.sudo().write_date]
        facts += self._get_bank_accounts().mapped("acc_number")
        for line in self._get_lines().sorted("move_line_id"):
            facts += [line.move_line_id.id, line.currency_id.id, line.date_due]
            facts += [f"{line.residual_currency:.6f}", line.days_overdue]
        return hashlib.sha256(repr(facts).encode()).hexdigest()

    def _ensure_access_tokens(self):
        """Give the invoices their portal tokens in one statement."""
        moves = self.line_ids.move_id
        if not moves:
            return
        moves.flush_recordset(["access_token"])
        self.env.cr.execute(
            SQL(
                """UPDATE account_move
                      SET access_token = GEN_RANDOM_UUID()::text
                    WHERE id IN %s AND COALESCE(access_token, '') = ''""",
                tuple(moves.ids),
            )
        )
        moves.invalidate_recordset(["access_token"])

    # === DELIVERY: claim, deliver, outcome === #

    @api.model
    def _cron_deliver(self):
        """Send what is ready, one notice per claim; see ``faults.md`` in the guide for
        the protocol: claim and commit, send without a lock, write the outcome and
        commit. A notice that fails does not stop the next."""
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=self._count_ready())
        self._expire_leases()
        self._compose_unwritten()
        smtp_sessions = {}
        try:
            while notice := self._claim_next_safely():
                cron._commit_progress()
                if notice.state == "claimed":
                    notice._send_claimed(smtp_sessions)
                time_left = cron._commit_progress(1, remaining=self._count_ready())
                self.env.invalidate_all()
                if not time_left:
                    break
        finally:
            for session in smtp_sessions.values():
                session.close()

    def _get_ready_domain(self):
        return [
            ("state", "=", "ready"),
            ("simulation", "=", False),
            "|",
            ("not_before", "=", False),
            ("not_before", "<=", self.env.cr.now()),
        ]

    def _count_ready(self):
        return self.search_count(self._get_ready_domain())

    def _expire_leases(self):
        """A sender that died leaves its notice claimed: nobody knows what arrived."""
        expired = self.search(
            [("state", "=", "claimed"), ("lease_until", "<", self.env.cr.now())]
        ).try_lock_for_update()
        if expired:
            expired.invalidate_recordset()
            expired.filtered(lambda notice: notice.state == "claimed")._set_state(
                "unknown",
                self.env._("The sender stopped while the message was on its way."),
            )
            self.env["ir.cron"]._commit_progress()

    def _claim_next_safely(self):
        """``_claim_next``, again if a booking of the same moment got in between."""
        for _attempt in range(CLAIM_ATTEMPTS):
            try:
                with mute_logger("odoo.sql_db"):
                    return self._claim_next()
            except SerializationFailure:
                self.env.cr.rollback()
                self.env.invalidate_all()
        return self.browse()

    def _claim_next(self):
        """Lock the next ready notice and claim it; the caller commits before anything
        is sent. A notice that cannot be claimed is put off for an hour, with the
        reason: it must not stand in the way of the next.

        :return: the notice, ``claimed`` or not; empty when nothing is ready
        """
        rows = self.env.execute_query(
            SQL(
                """SELECT id
                     FROM dunning_notice
                    WHERE state = 'ready' AND simulation IS NOT TRUE
                      AND (not_before IS NULL OR not_before <= %s)
                    ORDER BY not_before NULLS FIRST, id
                    LIMIT 1
                      FOR NO KEY UPDATE SKIP LOCKED""",
                self.env.cr.now(),
            )
        )
        notice = self.browse(rows[0][0]) if rows else self
        if notice:
            notice.invalidate_recordset()
            try:
                with self.env.cr.savepoint():
                    notice._claim()
            except SerializationFailure:
                raise
            except Exception as error:
                _logger.exception("Dunning notice %s cannot be claimed", notice.id)
                notice.invalidate_recordset()
                later = self.env.cr.now() + timedelta(hours=1)
                notice.write({"not_before": later, "reason": str(error)})
        return notice

    def _claim(self):
        """Look at the ledger again and claim this locked notice, or hold it back."""
        self.ensure_one()
        moves = self.line_ids.move_id
        if moves.try_lock_for_update(allow_referencing=True) != moves:
            # An accountant is working on an invoice: come back in a minute.
            self.not_before = self.env.cr.now() + timedelta(minutes=1)
        elif stop := self._refresh():
            self._set_state("suppressed", stop)
        elif self.state == "ready":
            self._set_state(
                "claimed",
                attempt=self.attempt + 1,
                fence=uuid.uuid4().hex,
                lease_until=self.env.cr.now() + timedelta(minutes=LEASE_MINUTES),
                message_id=self.message_id
                or tools.mail.generate_tracking_message_id(f"{self.id}-dunning.notice"),
            )

    def _refresh(self):
        """Bring lines, address and text up to what is true now.

        :return: the reason to hold the notice back, empty if it may leave
        """
        self.ensure_one()
        self._refresh_lines()
        stop = self._get_stop_reason()
        if not stop and self.channel == "email":
            self.email_to = self.recipient_id.email_normalized
        if not stop and self.snapshot_hash != self._get_snapshot_hash():
            self._compose()
        return stop

    def _refresh_lines(self):
        """Write what is open now into the lines, drop what must not be reminded."""
        open_lines = self.env["dunning.planner"]._read_open_lines(
            self.company_id, self.partner_id, self._get_today()
        )
        labels = dict(
            self.env["dunning.decision"]
            ._fields["reason"]
            ._description_selection(self.env)
        )
        for line in self._get_lines():
            now = open_lines.get(line.move_line_id.id)
            stop = line._get_stop_code(now)
            if stop:
                line.write({"drop_reason": labels[stop], "live": False})
                continue
            changed = {
                name: now[name]
                for name in (
                    "residual",
                    "residual_currency",
                    "date_due",
                    "days_overdue",
                )
                if line[name] != now[name]
            }
            if changed:
                line.write(changed)

    def _get_stop_reason(self):
        """Why this notice must not leave, after its lines were refreshed; or empty."""
        policy = self.policy_id
        if not self.action_id or not policy.active or policy.mode == "simulate":
            return self.env._("The policy does not send this any more.")
        if self.channel == "email" and not self._is_recipient_valid():
            return self.env._("The recipient cannot be written to any more.")
        steps = self._get_lines().filtered("is_step")
        if not steps:
            dropped = self.line_ids.filtered("drop_reason").mapped("drop_reason")
            return ", ".join(sorted(set(dropped))) or self.env._("Nothing is due")
        if max(steps.level_id.mapped("delay_days")) < self.level_id.delay_days:
            return self.env._(
                "What had reached this level is settled; a milder message follows."
            )
        if 0 < self.overdue_amount < policy.min_overdue_amount:
            return self.env._("The overdue total is below the minimum of the policy.")
        return ""

    def _is_recipient_valid(self):
        """Whether the recipient still belongs to the debtor and has an address."""
        recipient = self.recipient_id
        return (
            recipient.active
            and recipient.commercial_partner_id == self.partner_id
            and re.match(VALID_EMAIL, recipient.email_normalized or "")
        )

    @api.model
    def _refresh_planned(self, company):
        """Notices that wait for approval follow the ledger: amounts change, and what
        is settled or stopped meanwhile disappears from the list."""
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT notice.id
                     FROM dunning_notice notice
                     JOIN dunning_notice_line listed ON listed.notice_id = notice.id
                LEFT JOIN account_move_line line ON line.id = listed.move_line_id
                LEFT JOIN account_move move ON move.id = line.move_id
                    WHERE notice.state = 'planned'
                      AND notice.simulation IS NOT TRUE
                      AND notice.company_id = %s
                      AND listed.drop_reason IS NULL
                      AND (line.id IS NULL
                           OR line.parent_state != 'posted'
                           OR line.amount_residual_currency
                              != listed.residual_currency
                           OR line.date_maturity != listed.date_due
                           OR line.no_followup
                           OR move.payment_state NOT IN ('not_paid', 'partial')
                           OR listed.days_overdue < 0 AND listed.date_due <= %s)""",
                company.id,
                company._dunning_today(),
            )
        )
        for notice in self.browse(notice_id for (notice_id,) in rows):
            stop = notice._refresh()
            if stop:
                notice._set_state("suppressed", stop)

    def _send_claimed(self, smtp_sessions):
        """Deliver a claimed notice and write what came of it. Holds no lock while the
        message is on its way."""
        self.ensure_one()
        fence = self.fence
        try:
            outcome, detail = getattr(self, f"_deliver_{self.channel}")(smtp_sessions)
        except Exception as error:
            _logger.exception("Delivery of dunning notice %s", self.id)
            outcome, detail = smtp_outcome.UNKNOWN, str(error)
        self._record_outcome(fence, outcome, detail)

    def _record_outcome(self, fence, outcome, detail):
        """Write the result if this sender still holds the notice."""
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM dunning_notice
                    WHERE id = %s AND state = 'claimed' AND fence = %s
                      FOR NO KEY UPDATE""",
                self.id,
                fence,
            )
        )
        if not rows:
            _logger.error("Fence violation: notice %s was taken over", self.id)
            return
        self.invalidate_recordset(["state", "fence"])
        if outcome == "sent":
            self._set_state("sent", date_sent=self.env.cr.now(), lease_until=False)
            self._log_on_case()
        elif outcome == smtp_outcome.RETRY:
            minutes = smtp_outcome.retry_minutes(self.attempt)
            self._set_state(
                "ready",
                detail,
                not_before=self.env.cr.now() + timedelta(minutes=minutes),
                lease_until=False,
            )
        else:
            self._set_state(outcome, detail, lease_until=False)

    def _log_on_case(self):
        """Keep the sent message in the case's chatter. Notifies nobody."""
        if not self.case_id or not self.body:
            return
        self.env["mail.message"].create(
            {
                "model": "dunning.case",
                "res_id": self.case_id.id,
                "message_type": "email_outgoing",
                "subtype_id": self.env.ref("mail.mt_note").id,
                "message_id": self.message_id,
                "subject": self.subject,
                "body": self.body,
                "email_from": self._get_email_from(),
                "author_id": self.env.user.partner_id.id,
                "partner_ids": [fields.Command.set(self.recipient_id.ids)],
            }
        )

    # === CHANNELS === #

    def _deliver_activity(self, smtp_sessions):
        """Create the task on the case."""
        action = self.action_id
        self.case_id.with_context(mail_activity_quick_update=True).activity_schedule(
            activity_type_id=action.activity_type_id.id,
            summary=action.activity_summary,
            date_deadline=self.company_id._dunning_today(),
            user_id=self.case_id._get_collector(self.policy_id).id,
        )
        return "sent", None

    def _get_email_from(self):
        company = self.company_id.sudo()
        return company.email and company.email_formatted

    def _get_recipient_name(self):
        """A name is free text. Line breaks would end the header, and Odoo sends to
        whatever looks like an address in it."""
        name = self.recipient_id.name or ""
        return "" if "@" in name else " ".join(name.split())

    def _get_reply_to(self):
        """Answers go to the collector if there is one, else to the company."""
        collector = self.case_id.user_id.sudo()
        return collector.email_formatted or self._get_email_from()

    def _deliver_email(self, smtp_sessions):
        """Hand the message to the mail server.

        :return: ``(outcome, detail)``, see ``tools/smtp_outcome.py``
        """
        servers = self.env["ir.mail_server"].sudo()
        email_from = self._get_email_from()
        if not email_from:
            return smtp_outcome.RETRY, self.env._(
                "%s has no e-mail address to write from: enter it on the company. The "
                "notice is tried again.",
                self.company_id.name,
            )
        try:
            message = servers._build_email__(
                email_from,
                [tools.formataddr((self._get_recipient_name(), self.email_to))],
                self.subject,
                self.body,
                reply_to=self._get_reply_to(),
                message_id=self.message_id,
                subtype="html",
                headers={
                    "X-Auto-Response-Suppress": "OOF",
                    "Auto-Submitted": "auto-generated",
                },
            )
        except (AssertionError, ValueError) as error:
            return smtp_outcome.FAILED, str(error)
        try:
            session = self._get_living_session(smtp_sessions.pop(email_from, None))
            session = session or servers._connect__(smtp_from=email_from)
        except Exception as error:
            return smtp_outcome.of_connection_error(error), self.env._(
                "The outgoing mail server cannot be reached: %s. Check Settings > "
                "Technical > Outgoing Mail Servers; the notice is tried again.",
                error,
            )
        try:
            servers.send_email(message, smtp_session=session)
        except Exception as error:
            cause = error.__context__ or error
            return smtp_outcome.of_send_error(cause), str(cause)
        if session:
            smtp_sessions[email_from] = session
        return "sent", None

    @api.model
    def _get_living_session(self, session):
        """An SMTP session that still answers, else None: servers close idle ones, and
        finding that out while sending would leave the notice unknown."""
        try:
            return session if session and session.noop()[0] == 250 else None
        except (OSError, smtplib.SMTPException):
            return None
