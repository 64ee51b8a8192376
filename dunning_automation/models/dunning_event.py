from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_amount, format_date

from ..fields import FollowingMany2one
from ..tools import fingerprint

CONTENT = SQL(
    """JSONB_BUILD_ARRAY(
           event.id, event.occurred_at, event.user_id, event.company_id,
           event.debtor_key, event.case_id, event.notice_id, event.kind, event.payload
       )::text"""
)
"""What the chain binds of ``dunning_event event``, as one text that no other event has.
``jsonb`` writes equal values equally, whatever the settings of the connection."""

GUARD = """
    CREATE OR REPLACE FUNCTION dunning_append_only() RETURNS trigger AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
              USING ERRCODE = 'restrict_violation';
    END
    $$ LANGUAGE plpgsql;
"""

EVENT_GUARD = """
    CREATE OR REPLACE FUNCTION dunning_event_update() RETURNS trigger AS $$
    DECLARE
        allowed dunning_event;
    BEGIN
        allowed := OLD;
        allowed.partner_id := NEW.partner_id;
        IF OLD.sequence IS NULL AND OLD.hash IS NULL
           AND NEW.sequence IS NOT NULL AND NEW.hash IS NOT NULL THEN
            allowed.sequence := NEW.sequence;
            allowed.hash := NEW.hash;
        END IF;
        IF NEW.note IS NULL AND NEW.salt IS NULL THEN
            allowed.note := NULL;
            allowed.salt := NULL;
        END IF;
        IF NEW IS DISTINCT FROM allowed THEN
            RAISE EXCEPTION 'dunning_event is append-only: UPDATE of % refused', OLD.id
                  USING ERRCODE = 'restrict_violation',
                        HINT = 'It is sealed once, its customer may be merged, its '
                               'words and salt may be erased; nothing else changes.';
        END IF;
        RETURN NEW;
    END
    $$ LANGUAGE plpgsql;
"""


class DunningEvent(models.Model):
    """What happened, append-only: the timeline of debtors and invoices.

    Written in the transaction of the change that it tells. ``occurred_at`` is the clock
    of the database, so that two hosts agree on the order. ``dunning.seal`` numbers the
    events and chains their hashes a moment later; triggers of the database refuse any
    other change.

    ``payload`` is part of the hash and stays for ever, so it holds ids, codes and
    figures only. What concerns persons stands in ``note`` (words for people) or outside
    of the event, and its keyed fingerprint in the payload under ``hmac``; erasing
    ``note`` and ``salt`` makes that fingerprint meaningless and leaves the chain valid.

    A migration that changes old events must drop the triggers first: see ``init``.
    """

    _name = "dunning.event"
    _description = "Dunning Event"
    _order = "id desc"
    _log_access = False
    _allow_sudo_commands = False

    occurred_at = fields.Datetime(
        required=True, readonly=True, default=lambda self: self.env.cr.now()
    )
    user_id = fields.Many2one(
        "res.users",
        "By",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        default=lambda self: self._default_user_id(),
    )
    # A case or notice comes to be together with its first event, so whoever wants to
    # delete it sees that; run and case hold company and customer as well.
    company_id = FollowingMany2one(
        "res.company", required=True, readonly=True, index=True, ondelete="restrict"
    )
    partner_id = FollowingMany2one(
        "res.partner",
        "Customer",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    debtor_key = fields.Integer(
        readonly=True, help="The customer at that moment; merging customers keeps it."
    )
    case_id = FollowingMany2one(
        "dunning.case", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    notice_id = FollowingMany2one(
        "dunning.notice", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    kind = fields.Selection(
        [
            ("case_opened", "Case opened"),
            ("case_closed", "Case closed"),
            ("level_taken_over", "Said by another tool"),
            ("notice_planned", "Notice planned"),
            ("notice_ready", "Notice approved"),
            ("notice_claimed", "Notice being sent"),
            ("notice_sent", "Notice sent"),
            ("notice_delivered", "Notice delivered"),
            ("notice_suppressed", "Notice held back"),
            ("notice_failed", "Notice failed"),
            ("notice_unknown", "Unknown whether the notice arrived"),
            ("notice_cancelled", "Notice cancelled"),
            ("fence_violation", "Outcome of a sender that was overtaken"),
            ("line_skipped", "Invoice taken out of a notice"),
            ("address_missing", "Address missing"),
            ("evidence_exported", "Evidence exported"),
            ("personal_data_erased", "Personal data erased"),
            ("run_held", "Run held: too many messages"),
            ("run_released", "Held run released"),
            ("run_discarded", "Held run discarded"),
            ("run_waiting", "Run waits for bank data"),
            ("sending_stopped", "All reminders stopped"),
            ("sending_resumed", "Reminders resumed"),
            ("database_activated", "Database activated for sending"),
            ("hold_set", "Hold set"),
            ("hold_released", "Hold released"),
            ("hold_expired", "Hold ended by itself"),
            ("promise_made", "Promise to pay"),
            ("promise_kept", "Promise kept"),
            ("promise_partially_kept", "Promise partially kept"),
            ("promise_broken", "Promise broken"),
            ("promise_cancelled", "Promise cancelled"),
            ("dispute_opened", "Dispute opened"),
            ("dispute_accepted", "Dispute accepted"),
            ("dispute_rejected", "Dispute rejected"),
            ("plan_proposed", "Payment plan waits for approval"),
            ("plan_agreed", "Payment plan agreed"),
            ("plan_kept", "Payment plan kept"),
            ("plan_broken", "Payment plan broken"),
            ("plan_cancelled", "Payment plan cancelled"),
            ("call_logged", "Call"),
            ("reply_received", "Answer received"),
            ("reply_handled", "Answer handled"),
            ("fallback_used", "Another channel is tried"),
            ("step_timed_out", "Nobody did this step in time"),
            ("letter_printed", "Letter printed"),
            ("letter_posted", "Letter posted"),
            ("escalated", "Escalated"),
            ("collector_assigned", "Collector assigned"),
            ("credit_hold_set", "Credit hold set"),
            ("credit_hold_released", "Credit hold released"),
            ("handed_over", "Handed over"),
            ("contact_repaired", "Contact data repaired"),
            ("taken_back", "Taken back from the agency"),
            ("charges_booked", "Charges booked"),
            ("charges_failed", "Charges could not be booked"),
            ("charges_released", "Document of charges cancelled"),
            ("put_off", "Put off"),
            ("recovery_failed", "Payment method refused"),
            ("recovery_open", "Payment will be tried again"),
            ("recovery_charging", "Payment method charged again"),
            ("recovery_customer", "Payment waits for the customer"),
            ("recovery_unknown", "Unknown whether a payment method was charged"),
            ("recovery_recovered", "Failed payment recovered"),
            ("recovery_ended", "Recovery of a payment ended"),
            ("courtesy_overridden", "Sent although courtesy was against it"),
            ("optout_set", "Opted out"),
            ("optout_withdrawn", "Opt-out withdrawn"),
            ("message_opened", "Message opened"),
            ("account_opened", "Link followed: account page opened"),
            ("paid_online", "Paid on the account page"),
            ("invoice_paid", "Paid after this message"),
            ("language_chosen", "Customer chose a language"),
            ("channel_preferred", "Customer chose how he wants to hear from us"),
            ("links_revoked", "Links to the account withdrawn"),
            ("payment_matched", "Payment at the bank matched"),
            ("payment_dismissed", "Payment at the bank is not this customer's"),
            (
                "payment_restored",
                "Payment at the bank may be this customer's after all",
            ),
            ("credit_hold_overridden", "Order confirmed despite the credit hold"),
        ],
        required=True,
        readonly=True,
    )
    payload = fields.Json(
        readonly=True, help="Facts at that moment, by name: ids, codes and figures."
    )
    note = fields.Text(readonly=True, help="Words for people; can be erased.")
    salt = fields.Char(readonly=True, groups=fields.NO_ACCESS)
    sequence = fields.Integer(
        "Number",
        readonly=True,
        aggregator=None,
        help="Place in the sealed chain, without gaps; empty until sealed.",
    )
    hash = fields.Char(
        readonly=True, help="SHA-256 of the hash before it and of this event."
    )
    summary = fields.Char(compute="_compute_summary")

    _sequence_uniq = models.UniqueIndex("(sequence) WHERE sequence IS NOT NULL")
    _unsealed_idx = models.Index("(id) WHERE sequence IS NULL")

    @api.model
    def _default_user_id(self):
        """Who did it. Customers' logins can be deleted: the system stands for them."""
        if self.env.user._is_internal():
            return self.env.user
        return self.env.ref("base.user_root")

    def init(self):
        """Let the database refuse what must not happen, whoever asks."""
        self._make_append_only(self._table)
        self.env.cr.execute(EVENT_GUARD)
        self.env.cr.execute(
            """DROP TRIGGER dunning_append_only_update ON dunning_event;
               CREATE TRIGGER dunning_append_only_update
               BEFORE UPDATE ON dunning_event
               FOR EACH ROW EXECUTE FUNCTION dunning_event_update()"""
        )

    @api.model
    def _make_append_only(self, table):
        """Triggers that refuse UPDATE, DELETE and TRUNCATE. Idempotent."""
        self.env.cr.execute(GUARD)
        for operation, scope in (
            ("UPDATE", "ROW"),
            ("DELETE", "ROW"),
            ("TRUNCATE", "STATEMENT"),
        ):
            self.env.cr.execute(
                SQL(
                    """DROP TRIGGER IF EXISTS %(name)s ON %(table)s;
                       CREATE TRIGGER %(name)s BEFORE %(operation)s ON %(table)s
                       FOR EACH %(scope)s EXECUTE FUNCTION dunning_append_only()""",
                    name=SQL.identifier(f"dunning_append_only_{operation.lower()}"),
                    table=SQL.identifier(table),
                    operation=SQL(operation),
                    scope=SQL(scope),
                )
            )

    @api.depends("kind", "payload", "notice_id", "note")
    def _compute_summary(self):
        channels = dict(
            self.notice_id._fields["channel"]._description_selection(self.env)
        )
        reasons = dict(
            self.env["dunning.decision"]
            ._fields["reason"]
            ._description_selection(self.env)
        )
        said, done = (
            dict(
                self.env["dunning.reply"]._fields[name]._description_selection(self.env)
            )
            for name in ("suggestion", "handled_as")
        )
        for event in self:
            payload = event.payload or {}
            parts = [
                event.notice_id.level_id.name,
                channels.get(payload.get("channel")),
                reasons.get(payload.get("reason")),
                said.get(payload.get("suggestion")),
                done.get(payload.get("handled_as")),
                *event._get_agreement_words(payload),
                event.note,
            ]
            event.summary = " · ".join(filter(None, parts))

    def _get_agreement_words(self, payload):
        """Amount and day of a promise, a dispute, a plan or a hold."""
        currency = self.env["res.currency"].with_context(active_test=False)
        if payload.get("currency"):
            currency = currency.search([("name", "=", payload["currency"])], limit=1)
            yield format_amount(self.env, payload["amount"], currency)
        for name in ("date", "date_end", "deadline"):
            if payload.get(name):
                yield self.env._("until %s", format_date(self.env, payload[name]))

    @api.depends("kind")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for event in self:
            event.display_name = kinds.get(event.kind, "")

    @api.model_create_multi
    def create(self, vals_list):
        """:param vals_list: besides the fields, ``personal``: dict {name: text or
        bytes} of values that only leave their fingerprint in the payload"""
        events = super().create([self._prepare_values(**vals) for vals in vals_list])
        self.env["dunning.case"]._reorder_after(events)
        return events

    @api.model
    def _prepare_values(self, personal=None, **vals):
        vals.setdefault("debtor_key", vals.get("partner_id"))
        personal = {"note": vals.get("note"), **(personal or {})}
        personal = {name: value for name, value in personal.items() if value}
        if personal:
            vals["salt"] = fingerprint.new_salt()
            hashes = {
                name: fingerprint.of_personal(vals["salt"], value)
                for name, value in personal.items()
            }
            vals["payload"] = {**(vals.get("payload") or {}), "hmac": hashes}
        return vals

    @api.model
    def _get_telling_sql(self, source, kind, note, now, ids, salts, payloads):
        """SQL: append an event for each row of ``source``; gives its id and the
        notice's. As ``create`` does it, but without a look at the worklist, whose order
        does not follow the states of notices.

        :param SQL source: a table with id, company_id, partner_id, case_id, channel and
            attempt of notices
        :param SQL note: words for people
        :param SQL ids: array of notices, with the salt and the further facts of each,
            see ``_prepare_values``
        """
        return SQL(
            """
            INSERT INTO dunning_event
                   (occurred_at, user_id, company_id, partner_id, debtor_key, case_id,
                    notice_id, kind, note, salt, payload)
            SELECT %(now)s::timestamp, COALESCE(actor.id, %(system)s),
                   source.company_id, source.partner_id, source.partner_id,
                   source.case_id, source.id, %(kind)s, %(note)s::text, told.salt,
                   JSONB_BUILD_OBJECT(
                       'channel', source.channel,
                       'attempt', COALESCE(source.attempt, 0)
                   ) || told.payload::jsonb
              FROM %(source)s source
              JOIN UNNEST(%(ids)s::integer[], %(salts)s::text[], %(payloads)s::text[])
                   AS told(id, salt, payload) ON told.id = source.id
         LEFT JOIN res_users actor ON actor.id = %(uid)s AND actor.share IS NOT TRUE
             ORDER BY told.id
         RETURNING id, notice_id
            """,
            ids=ids,
            kind=kind,
            note=note,
            now=now,
            payloads=payloads,
            salts=salts,
            source=source,
            system=self.env["ir.model.data"]._xmlid_to_res_id("base.user_root"),
            uid=self.env.uid,
        )

    def write(self, vals):
        if self:
            raise UserError(self.env._("The timeline is append-only: events stay."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_always(self):
        raise UserError(self.env._("The timeline is append-only: events stay."))

    def _erase_personal(self):
        """Forget the words and what the fingerprints were made with."""
        if self:
            self.flush_recordset()
            self.env.cr.execute(
                SQL(
                    "UPDATE dunning_event SET note = NULL, salt = NULL WHERE id IN %s",
                    tuple(self.ids),
                )
            )
            self.invalidate_recordset(["note", "salt", "summary"])
