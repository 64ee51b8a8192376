import base64
import json

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, format_date

from ..fields import FollowingMany2one, UncheckedMany2one
from ..tools import notice_states, smtp_outcome

CLAIMED_FIELDS = (
    "attempt",
    "body",
    "case_id",
    "channel",
    "company_id",
    "dedup_key",
    "email_from",
    "email_to",
    "fence",
    "lease_until",
    "letter_address",
    "message_id",
    "partner_id",
    "payment_message",
    "reason",
    "snapshot_hash",
    "state",
    "subject",
)
RECORDED_FIELDS = ("attempt", "channel", "email_to", "fence", "state")


class DunningNotice(models.Model):
    """One message to one recipient on one channel.

    The text (``dunning.composer``) is written when the notice is planned and again
    just before it leaves if an amount changed; ``dunning.sender`` delivers it. States
    move through ``_set_state`` only; see ``tools/notice_states.py`` for the roads
    between them.

    What is special about a channel is in a mixin of its own,
    ``dunning.channel.<name>``: ``_open_<channel>`` opens what is slow to open, before
    anything is claimed, ``_prepare_<channel>`` makes in the claim what will be handed
    over (the parcel), ``_deliver_<channel>`` hands it over and returns an ``Outcome``.
    All get the batch, see ``tools/sender_batch.py``; what the claim shall write beside
    the state goes into its ``values``.
    """

    _name = "dunning.notice"
    _description = "Dunning Notice"
    _inherit = [
        "dunning.payment.message",  # First: it changes what others do.
        "dunning.account.link",
        "dunning.charge",
        "dunning.charge.booking",
        "dunning.composer",
        "dunning.channel.activity",
        "dunning.channel.email",
        "dunning.channel.letter",
        "dunning.channel.notification",
        "dunning.channel.phone",
        "dunning.channel.portal",
        "dunning.channel.server_action",
        "dunning.fallback",
        "dunning.letter.desk",
        "dunning.manual.step",
        "dunning.notice.courtesy",
        "dunning.notice.tracking",
    ]
    _order = "date desc, id desc"
    _allow_sudo_commands = False

    # The run, and the level that was used, hold company and policy.
    company_id = UncheckedMany2one(
        "res.company", required=True, readonly=True, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    # The event that opened the case holds it.
    case_id = FollowingMany2one(
        "dunning.case", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    debtor_key = fields.Integer(
        readonly=True, help="The customer at planning; merging customers keeps it."
    )
    partner_id = FollowingMany2one(
        "res.partner",
        "Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )  # A real one is held by the case.
    run_id = FollowingMany2one(
        "dunning.run", readonly=True, index=True, ondelete="cascade"
    )  # Only simulated runs can be deleted.
    policy_id = UncheckedMany2one(
        "dunning.policy", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    level_id = fields.Many2one(
        "dunning.level", readonly=True, index=True, ondelete="restrict"
    )
    action_id = FollowingMany2one(
        "dunning.action", readonly=True, index="btree_not_null", ondelete="set null"
    )
    channel = fields.Selection(
        lambda self: self.env["dunning.action"]._fields["channel"].selection,
        required=True,
        readonly=True,
    )
    variant_id = fields.Many2one(
        "dunning.action.variant",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="Which text of its action it tells.",
    )
    group_key = fields.Char(
        required=True,
        readonly=True,
        default="",
        help="What it is about, as the policy groups: empty = the customer, L and a "
        "number = a level, M and a number = an invoice.",
    )
    recipient_id = fields.Many2one(
        "res.partner", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    email_from = fields.Char("Sent From", readonly=True)
    email_to = fields.Char("Sent To", readonly=True)
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
    reason = fields.Text(
        readonly=True, help="Why it was held back, failed or cancelled."
    )
    message_id = fields.Char("Message-ID", readonly=True, index="btree_not_null")
    mime = fields.Binary(
        "Message as Sent",
        attachment=False,
        prefetch=False,
        readonly=True,
        help="The bytes that were handed to the mail server.",
    )
    mail_message_id = UncheckedMany2one(
        "mail.message", readonly=True, help="Stays when the message is deleted."
    )
    line_ids = fields.One2many("dunning.notice.line", "notice_id", "Lines")
    event_ids = fields.One2many("dunning.event", "notice_id", "Timeline")
    create_uid = FollowingMany2one(
        "res.users", "Created by", readonly=True, ondelete="set null"
    )
    write_uid = FollowingMany2one(
        "res.users", "Last Updated by", readonly=True, ondelete="set null"
    )
    overdue_amount = fields.Monetary(
        compute="_compute_overdue_amount", help="Company currency."
    )
    sending_hold = fields.Char(
        compute="_compute_sending_hold", help="Why nothing may leave at the moment."
    )

    _has_reason = models.Constraint(
        "CHECK(level_id IS NOT NULL OR payment_message IS NOT NULL)",
        "A notice is of a level, or about a payment method.",
    )
    _dedup_key_uniq = models.Constraint(
        "UNIQUE(dedup_key)", "This notice was planned before."
    )
    _day_uniq = models.UniqueIndex(
        "(company_id, debtor_key, channel, date, group_key)"
        " WHERE simulation IS NOT TRUE AND state != 'suppressed'",
        "A customer gets at most one notice per channel and day, or one per level or "
        "invoice where the policy says so.",
    )
    # In the order in which they are sent, so that a claim reads one row of it.
    _ready_idx = models.Index("(not_before NULLS FIRST, id) WHERE state = 'ready'")
    _waiting_idx = models.Index(
        "(company_id, state) WHERE state IN ('planned', 'unknown')"
        " AND simulation IS NOT TRUE"
    )
    _sent_idx = models.Index(
        "(company_id, date_sent) WHERE state IN ('sent', 'delivered')"
    )
    _claimed_idx = models.Index("(lease_until) WHERE state = 'claimed'")
    _unposted_idx = models.Index(
        "(id) WHERE mail_message_id IS NULL AND mime IS NOT NULL"
        " AND case_id IS NOT NULL AND state IN ('sent', 'delivered')"
    )
    _unwritten_idx = models.Index(
        "(id) WHERE snapshot_hash IS NULL AND state IN ('planned', 'ready')"
    )
    _simulation_stays = models.Constraint(
        "CHECK(simulation IS NOT TRUE OR state = 'planned')",
        "A simulated notice is never sent.",
    )

    # === COMPUTE METHODS === #

    @api.depends("partner_id", "level_id", "payment_message")
    def _compute_display_name(self):
        labels = dict(self._fields["payment_message"]._description_selection(self.env))
        for notice in self:
            title = labels.get(notice.payment_message) or notice.level_id.name
            notice.display_name = f"{title} · {notice.partner_id.display_name}"

    @api.depends("line_ids.residual", "line_ids.skip_reason", "line_ids.drop_reason")
    def _compute_overdue_amount(self):
        for notice in self:
            overdue = notice._get_lines().filtered(lambda line: line.days_overdue > 0)
            notice.overdue_amount = sum(overdue.mapped("residual"))

    @api.depends("company_id")
    def _compute_sending_hold(self):
        for company, notices in self.grouped("company_id").items():
            notices.sending_hold = self.env["dunning.guard"]._get_hold(company)

    # === FOR THE SENDER === #

    @api.model
    def _get_claimed_fields(self):
        """What a claim needs to know, read at once."""
        return CLAIMED_FIELDS

    @api.model
    def _get_recorded_fields(self):
        """The same for the outcome."""
        return RECORDED_FIELDS

    @api.model
    def _remember(self, names, rows):
        """Put what was read by SQL where the ORM looks for it, as ``fetch`` does, which
        would write and plan the same query for each message anew.

        :param names: of fields with a column
        :param rows: of ids and the values of these columns
        :return: these notices
        """
        columns = list(zip(*rows, strict=True)) or [()]
        notices = self.browse(columns[0])
        for name, values in zip(names, columns[1:], strict=bool(rows)):
            self._fields[name]._insert_cache(notices, values)
        return notices

    # === THE ONE DOOR FOR STATE CHANGES === #

    def _set_state(self, target, reason=None, **values):
        """Move these notices to ``target`` and tell the event, in one transaction.

        What shall follow a state extends this method: ``write`` is not called.

        :param str target: a state of ``tools/notice_states.py``
        :param str reason: shown to people, the note of the event
        :param values: further fields to write
        :return: the events
        :raise UserError: when a notice is in a state that does not lead to ``target``
        """
        events = self._move(target, {"reason": reason, **values})
        if target in notice_states.RELEASED:
            # What a person took out stays taken out.
            self.line_ids.filtered(lambda line: not line.skip_reason).live = False
            self._release_predecessors()
        if target in (notice_states.FAILED, notice_states.UNKNOWN):
            for notice in self.filtered("case_id"):
                notice.case_id._create_delivery_task(notice)
        return events

    def _move(self, target, values):
        """Write these values with the state ``target`` and append the events, by one
        statement, which looks at the present states itself.

        :return: the events
        :raise UserError: see ``_set_state``
        """
        self.check_access("write")
        names = ["attempt", "dedup_key", "state", *values]
        self.flush_recordset([*names, *CLAIMED_FIELDS])
        now = self.env.cr.now()
        values = {**values, "write_date": now, "write_uid": self.env.uid}
        rows = self.env["dunning.ledger"]._ask(
            self.env.context.get("dunning_batch"),
            (self.env.uid, target, *values),
            lambda *places: self._get_move_sql(target, list(values), *places),
            self.ids,
            now,
            *self._prepare_telling(target, values),
            *(
                self._fields[name].convert_to_column_insert(value, self)
                for name, value in values.items()
            ),
        )
        self.invalidate_recordset(["event_ids", *names], flush=False)
        self.modified(names)
        self.env["dunning.case"].invalidate_model(["event_ids"], flush=False)
        event_ids, moved_ids = zip(*rows, strict=True) if rows else ((), ())
        if still := self - self.browse(moved_ids):
            still[0]._refuse(target)
        return self.env["dunning.event"].browse(event_ids)

    def _prepare_telling(self, target, values):
        """
        :return: note, salts and further facts of the events
        """
        kind = f"notice_{target}"
        note = values["reason"] or None
        payload = {"fence": values["fence"]} if values.get("fence") else {}
        told = [
            self.env["dunning.event"]._prepare_values(
                notice._get_sealed_values(kind, values), note=note, payload=payload
            )
            for notice in self
        ]
        return (
            note,
            [event.get("salt") for event in told],
            [json.dumps(event["payload"]) for event in told],
        )

    @api.model
    def _get_move_sql(self, target, names, ids, now, note, salts, payloads, *places):
        """The statement of ``_move``: its arguments are SQL."""
        assignments = [
            SQL("%s = %s", SQL.identifier(name), place)
            for name, place in zip(names, places, strict=True)
        ]
        if target in notice_states.RELEASED:
            assignments.append(SQL("dedup_key = CONCAT(dedup_key, ':', id)"))
        return SQL(
            """WITH moved AS (
                   UPDATE dunning_notice
                      SET state = %s, %s
                    WHERE id = ANY(%s) AND state = ANY(%s)
                RETURNING id, company_id, partner_id, case_id, channel, attempt
               ) %s""",
            target,
            SQL(", ").join(assignments),
            ids,
            list(notice_states.TRANSITIONS.get(target, ())),
            self.env["dunning.event"]._get_telling_sql(
                SQL("moved"), f"notice_{target}", note, now, ids, salts, payloads
            ),
        )

    def _refuse(self, target):
        """
        :raise UserError: this notice cannot become ``target``
        """
        labels = dict(self._fields["state"]._description_selection(self.env))
        raise UserError(
            self.env._(
                "“%(notice)s” is %(state)s and cannot become %(target)s.",
                notice=self.display_name,
                state=labels[self.state],
                target=labels[target],
            )
        )

    def _tell(self, kind, note=None, personal=None, **payload):
        """Append an event of ``kind`` for each of these notices.

        :param str note: words for people; can be erased, see ``dunning.event``
        :param dict personal: {name: text or bytes} of values of which the event keeps
            the fingerprint only
        :param payload: further facts, ids, codes and figures only
        """
        return self.env["dunning.event"].create(
            [
                {
                    "company_id": notice.company_id.id,
                    "partner_id": notice.partner_id.id,
                    "case_id": notice.case_id.id,
                    "notice_id": notice.id,
                    "kind": kind,
                    "note": note,
                    "personal": personal,
                    "payload": {
                        "channel": notice.channel,
                        "attempt": notice.attempt,
                        **payload,
                    },
                }
                for notice in self
            ]
        )

    def _get_sealed_values(self, kind, values):
        """Personal values whose fingerprint the event of ``kind`` keeps: the text and
        the address are bound before anything leaves, then the very bytes that left.

        :param dict values: that are written with it
        """
        if kind == "notice_claimed":
            names = ("email_to", "letter_address", "subject", "body")
            return {name: self[name] for name in names}
        if kind not in ("notice_sent", "notice_unknown"):
            return {}
        if mime := values["mime"] if "mime" in values else self.mime:
            return {"message": base64.b64decode(mime)}
        return self._get_letter_fingerprint()

    def _get_lost_reason(self):
        """What to say of a claim that nobody finished."""
        if self.printed_on:
            return self.env._(
                "Printed on %s, but was it posted? Nobody said so.",
                format_date(self.env, self.printed_on),
            )
        return self.env._("The sender stopped while the message was on its way.")

    def _erase_personal(self):
        """Forget texts, addresses and words of these notices, and their copies on the
        cases. What was sent when, at which level and about which invoices stays."""
        said = self.case_id.message_ids.filtered(
            lambda message: message.message_type != "notification"
        )
        said.attachment_ids.unlink()
        said.write({"subject": False, "body": ""})
        self.case_id.activity_ids.write({"summary": False, "note": False})
        self.line_ids.filtered("skip_reason").skip_reason = self.env._("Erased")
        self.write(
            {
                "subject": False,
                "body": False,
                "email_to": False,
                "letter_address": False,
                "letter_pdf": False,
                "mime": False,
                "reason": False,
            }
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
        settled = self.filtered(
            lambda notice: (
                notice.state in ("failed", "unknown") and not notice.fallback_notice_id
            )
        )
        if not settled:
            raise UserError(
                self.env._(
                    "Only a notice that failed or is unknown can be sent again, unless "
                    "another channel took over."
                )
            )
        for address in settled.mapped("email_to"):
            # Who sends it again knows that the address is a good one.
            self.env["res.partner"]._dunning_clear_bounced(address)
        settled.sudo()._set_state("ready", not_before=False)
        settled._trigger_delivery()

    def action_mark_sent(self):
        """A person knows that an unknown notice arrived."""
        self._check_manager()
        if any(notice.state != "unknown" for notice in self):
            raise UserError(
                self.env._("Only of an unknown notice a person says that it arrived.")
            )
        self.sudo()._set_state("sent", date_sent=self.env.cr.now())

    def _cancel(self, reason):
        """A person decides against these notices: the steps count as taken."""
        self._check_manager()
        self.sudo()._set_state("cancelled", reason)

    def _trigger_delivery(self):
        self.env["dunning.sender"]._trigger()

    # === THE LEDGER MOVES ON === #

    def _refresh(self):
        """Bring lines, addresses and texts up to what is true now.

        :return: dict {notice: why it must not leave}, only of those that must not
        """
        stops = {}
        for notices in self.grouped("company_id").values():
            rows = self.env["dunning.ledger"]._review(notices)
            for notice in notices:
                if stop := notice._apply_review(rows[notice.id]):
                    stops[notice] = stop
        return stops

    def _apply_review(self, row):
        """Write what changed since the text was written, and the text if need be.

        :param dict row: of ``dunning.ledger._review``
        :return: why the notice must not leave, empty if it may
        """
        self.ensure_one()
        row = self._review_payment(row)
        for line in self.env["dunning.notice.line"].browse(row["lines"]):
            line._apply_review(row["lines"][line.id])
        if row["stop"]:
            return self._get_stop_label(row["stop"])
        if self.channel == "email" and self.email_to != row["address"]:
            self.email_to = row["address"]
        if row["lines"] or self.snapshot_hash != row["snapshot_hash"]:
            self._compose()
        return ""

    def _get_stop_label(self, code):
        """What people read for a ``stop`` of ``dunning.ledger._review``."""
        if code == "nothing_due":
            dropped = self.line_ids.filtered("drop_reason").mapped("drop_reason")
            return ", ".join(sorted(set(dropped))) or self.env._("Nothing is due")
        return {
            "policy_changed": self.env._("The policy does not send this any more."),
            "outdated": self.env._("What it says is not true any more."),
            "opted_out": self.env._("The recipient does not want to hear from us so."),
            "recipient_invalid": self.env._(
                "The recipient cannot be written to any more."
            ),
            "milder_level": self.env._(
                "What had reached this level is settled; a milder message follows."
            ),
            "total_below_minimum": self.env._(
                "The overdue total is below the minimum of the policy."
            ),
        }[code]

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
        notices = self.browse(notice_id for (notice_id,) in rows)
        for notice, stop in notices._refresh().items():
            notice._set_state("suppressed", stop)

    @api.model
    def _search_queued(self, moves):
        """Notices that wait and list one of ``moves``; one indexed query."""
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT notice.id
                     FROM dunning_notice_line line
                     JOIN dunning_notice notice ON notice.id = line.notice_id
                    WHERE line.move_id IN %s
                      AND notice.state IN ('planned', 'ready')
                      AND notice.simulation IS NOT TRUE""",
                tuple(moves.ids) or (None,),
            )
        )
        return self.browse(notice_id for (notice_id,) in rows)

    def _recheck(self):
        """Hold back those of these queued notices that lost their reason. What a sender
        has in its hands is left to its claim, which reads the ledger anyway."""
        locked = self.try_lock_for_update(allow_referencing=True)
        for notice, stop in locked._refresh().items():
            notice._set_state("suppressed", stop)

    def _leaves_by_itself(self):
        """Whether neither the policy nor a level asks for approval, as of now."""
        self.ensure_one()
        levels = self.line_ids.filtered("is_step").level_id
        return all(
            level.policy_id.mode == "automatic" and not level.requires_review
            for level in levels
        )

    # === PROOF: what comes back === #

    @api.model
    def _receive_report(self, message_ids, action, address, sender, status=""):
        """A mail server reports on our messages. What does not name the recipient, or
        was written by him, proves nothing: a person looks.

        :param list message_ids: Message-IDs, with angle brackets
        :param str action: as in RFC 3464; only ``failed`` and ``delivered`` are final
        :param str address: the recipient that the report speaks of, normalized
        :param str sender: who reports, normalized
        :param str status: as in RFC 3463; says whether it is the address that is wrong
        """
        for notice in self._search_sent(message_ids):
            if sender == notice.email_to or address != notice.email_to:
                if action == "failed" and notice.case_id:
                    notice.case_id._create_delivery_task(notice)
            elif action == "failed":
                reason = self.env._("The message came back: the address is wrong.")
                notice._set_state("failed", reason)
                notice._bounce(reason, smtp_outcome.is_address_status(status))
            elif action == "delivered":
                notice._set_state("delivered")

    @api.model
    def _receive_answer(self, message_ids, sender):
        """The recipient, or somebody of his company, answers our messages, so they
        arrived."""
        for notice in self._search_sent(message_ids):
            family = self.env["res.partner"].search_count(
                [
                    ("commercial_partner_id", "=", notice.partner_id.id),
                    ("email_normalized", "=", sender),
                ],
                limit=1,
            )
            if sender and (sender == notice.email_to or family):
                notice._set_state("delivered")

    @api.model
    def _search_answered(self, message_ids):
        """The notice with the last of these Message-IDs that is known, whatever became
        of it: an answer may come before its outcome is written, or years later."""
        place = {message_id: number for number, message_id in enumerate(message_ids)}
        found = self.search([("message_id", "in", list(place))])
        return found.sorted(lambda notice: place[notice.message_id])[-1:]

    @api.model
    def _search_sent(self, message_ids):
        """Notices with one of these Message-IDs that left, or may have left."""
        return self.search(
            [("message_id", "in", message_ids), ("state", "in", ("sent", "unknown"))]
        )
