import base64
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ..tools import anchor_log, fingerprint
from .dunning_event import CONTENT

NOTES_PER_QUERY = 10_000
MESSAGES_PER_QUERY = 500
NIGHTS = 28
"""Messages are large: a night reads those of the last two days and one part of the
others, so that all are read within four weeks."""


class DunningVerification(models.Model):
    """Whether all events are still what was sealed: the result of one look at them.

    Made each night and by the button on the seals, append-only. Every check reads the
    same snapshot of the database, so that sending may go on meanwhile.
    """

    _name = "dunning.verification"
    _description = "Dunning Verification"
    _order = "id desc"
    _rec_name = "verified_at"
    _log_access = False
    _allow_sudo_commands = False

    verified_at = fields.Datetime(
        required=True, readonly=True, default=lambda self: self.env.cr.now()
    )
    user_id = fields.Many2one(
        "res.users",
        "By",
        readonly=True,
        ondelete="restrict",
        default=lambda self: self.env.user,
    )
    ok = fields.Boolean("Intact", readonly=True)
    event_count = fields.Integer("Sealed Events", readonly=True)
    anchor_count = fields.Integer(
        "Anchors Compared",
        readonly=True,
        help="Lines of the file outside of the database that the events were compared "
        "with.",
    )
    head = fields.Char(
        readonly=True,
        help="Hash of the last sealed event. It binds all events before it: compare it "
        "with what you noted on an earlier day, or note it.",
    )
    finding = fields.Selection(
        [
            ("changed", "Changed"),
            ("missing", "Missing"),
            ("unsealed", "No seal"),
            ("seal", "Seal broken"),
            ("anchor", "Differs from an anchor"),
            ("note", "Words changed"),
            ("message", "Message changed"),
            ("state", "State without event"),
        ],
        readonly=True,
    )
    broken_event = fields.Integer(
        "First Broken Event", readonly=True, help="Its id; 0 when it is not there."
    )
    message = fields.Text(readonly=True)

    def init(self):
        """Results stay as they are, see ``dunning.event``."""
        self.env["dunning.event"]._make_append_only(self._table)

    def write(self, vals):
        if self:
            raise UserError(self.env._("Results of verifications stay as they are."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_always(self):
        raise UserError(self.env._("Results of verifications stay as they are."))

    @api.model
    def _cron_verify(self):
        """Nightly."""
        self._run(whole=False)

    @api.model
    def _run(self, whole=True):
        """Verify, keep the result, and tell the responsible persons if it is bad.

        :param bool whole: read all messages, not a part of them
        """
        result = self._verify(whole)
        verification = self.create(
            {
                "ok": result["ok"],
                "event_count": result["count"],
                "anchor_count": result["anchors"],
                "head": result["head"],
                "finding": result["finding"],
                "broken_event": result["first_broken"],
                "message": result["message"],
            }
        )
        if not verification.ok:
            verification._alarm()
        return verification

    def _alarm(self):
        """Tell the responsible persons that the events cannot be trusted."""
        seals = self.env["dunning.seal"]
        for user, policies in seals._get_policies_by_user().items():
            seals._mail(
                user,
                policies.company_id,
                lambda env: env._("Collections: the audit trail is broken"),
                "dunning_automation.alarm_mail",
                {"verification": self},
            )

    # === THE CHECKS === #

    @api.model
    def _verify(self, whole=True):
        """Check the chain, its seals, its anchors, the words, the messages, and that
        the events tell the states. Set-based; reads everything, writes nothing.

        :param bool whole: read all messages, not a part of them (see ``NIGHTS``)
        :return: dict with ``ok``, ``count`` (sealed events), ``head``, ``anchors``
            (compared lines), and of the first thing that is wrong ``finding`` (a value
            of the field), ``first_broken`` (id of the event, or None) and ``message``
        """
        self.env.flush_all()
        result, broken = self._check_chain()
        checks = (
            self._check_seals,
            self._check_anchors,
            self._check_notes,
            self._check_erased,
            self._check_customers,
            self._check_states,
            partial(self._check_messages, whole),
        )
        for check in checks:
            broken = broken or check(result)
        if not broken:
            message = self.env._(
                "All %(count)s sealed events are as they were sealed, and tell the "
                "states of all notices.",
                count=result["count"],
            )
            broken = {"finding": False, "first_broken": None, "message": message}
        return {"ok": not broken["finding"], **result, **broken}

    @api.model
    def _check_chain(self):
        """One pass along the numbers: no number is missing, every hash fits."""
        ((count, gap, changed),) = self.env.execute_query(
            SQL(
                """SELECT COUNT(*),
                          MIN(sequence) FILTER (WHERE sequence != before + 1),
                          MIN(sequence) FILTER (WHERE hash IS DISTINCT FROM expected)
                     FROM (SELECT event.sequence, event.hash,
                                  LAG(event.sequence, 1, 0) OVER chain AS before,
                                  %s AS expected
                             FROM dunning_event event
                            WHERE event.sequence IS NOT NULL
                           WINDOW chain AS (ORDER BY event.sequence)) link""",
                self._get_expected_hash(),
            )
        )
        last = self._get_event_at(SQL("(SELECT MAX(sequence) FROM dunning_event)"))
        result = {"count": count, "head": last.get("hash", False), "anchors": 0}
        if changed is None and gap is None:
            return result, None
        sequence = min(filter(None, (changed, gap)))
        event = self._get_event_at(sequence)
        if sequence == gap:
            finding = "missing"
            message = self.env._(
                "One or more events before number %(number)s (event %(event)s) are "
                "missing: they were deleted or moved.",
                number=sequence,
                event=event["id"],
            )
        else:
            finding = "changed"
            message = self.env._(
                "Event %(event)s (number %(number)s) is not what was sealed: it was "
                "changed, put in or moved, or the event before it was.",
                number=sequence,
                event=event["id"],
            )
        return result, self._finding(finding, message, event)

    @api.model
    def _get_expected_hash(self):
        """The hash that ``dunning_event event`` must have after the one before it, in a
        query with ``WINDOW chain``."""
        return SQL(
            """ENCODE(SHA256(CONVERT_TO(
                   LAG(event.hash, 1, %s::varchar) OVER chain || %s, 'UTF8'
               )), 'hex')""",
            fingerprint.GENESIS,
            CONTENT,
        )

    @api.model
    def _get_event_at(self, sequence):
        """``id``, ``sequence`` and ``hash`` of a sealed event; empty without one."""
        rows = self.env.execute_query_dict(
            SQL(
                "SELECT id, sequence, hash FROM dunning_event WHERE sequence = %s",
                sequence,
            )
        )
        return rows[0] if rows else {}

    @api.model
    def _finding(self, finding, message, event=None):
        first_broken = (event or {}).get("id")
        return {"finding": finding, "first_broken": first_broken, "message": message}

    @api.model
    def _check_seals(self, result):
        """The blocks follow each other, each ends with its event, none is missing."""
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT seal.*
                     FROM (SELECT seal.*,
                                  LAG(last_sequence, 1, 0) OVER block AS before,
                                  LAG(head, 1, %s::varchar) OVER block AS head_before
                             FROM dunning_seal seal
                           WINDOW block AS (ORDER BY first_sequence)) seal
                LEFT JOIN dunning_event event ON event.sequence = seal.last_sequence
                    WHERE first_sequence != before + 1
                       OR previous_head != head_before
                       OR event_count != last_sequence - first_sequence + 1
                       OR event.hash IS DISTINCT FROM seal.head
                 ORDER BY first_sequence
                    LIMIT 1""",
                fingerprint.GENESIS,
            )
        )
        if rows:
            message = self.env._(
                "The seal of events number %(first)s to %(last)s does not fit: these "
                "events, their seal or the seal before it were changed or deleted.",
                first=rows[0]["first_sequence"],
                last=rows[0]["last_sequence"],
            )
            last = self._get_event_at(rows[0]["last_sequence"])
            return self._finding("seal", message, last)
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT id, sequence
                     FROM dunning_event
                    WHERE sequence > (SELECT COALESCE(MAX(last_sequence), 0)
                                        FROM dunning_seal)
                 ORDER BY sequence
                    LIMIT 1"""
            )
        )
        if rows:
            message = self.env._(
                "Event %(event)s has number %(number)s, but no seal covers it: it was "
                "put in, or its seal was deleted.",
                event=rows[0]["id"],
                number=rows[0]["sequence"],
            )
            return self._finding("unsealed", message, rows[0])

    @api.model
    def _check_anchors(self, result):
        """What the file outside of the database remembers is still there. Catches a
        chain that was rewritten as a whole, and a restored backup."""
        path = self.env["dunning.seal"]._get_anchor_path()
        try:
            anchors = anchor_log.read(path)
        except (OSError, ValueError) as error:
            message = self.env._(
                "The anchors in %(path)s cannot be read: %(error)s",
                path=path,
                error=error,
            )
            return self._finding("anchor", message)
        # A line that was written after our snapshot speaks of events we do not see.
        anchors = [a for a in anchors if a.moment <= self.env.cr.now()]
        result["anchors"] = len(anchors)
        hashes = dict(
            self.env.execute_query(
                SQL(
                    "SELECT sequence, hash FROM dunning_event WHERE sequence = ANY(%s)",
                    [anchor.sequence for anchor in anchors],
                )
            )
        )
        for anchor in anchors:
            if hashes.get(anchor.sequence) != anchor.head:
                message = self.env._(
                    "On %(day)s event number %(number)s was the last one and had the "
                    "hash %(head)s. It has not any more: the events up to it were "
                    "rewritten since, or an older backup was restored.",
                    day=format_date(self.env, anchor.moment),
                    number=anchor.sequence,
                    head=anchor.head,
                )
                event = self._get_event_at(anchor.sequence)
                return self._finding("anchor", message, event)

    @api.model
    def _check_notes(self, result):
        """The words, as far as they were not erased, fit their fingerprints."""
        last_id = 0
        while rows := self.env.execute_query(
            SQL(
                """SELECT id, salt, note, payload->'hmac'->>'note'
                     FROM dunning_event
                    WHERE id > %s
                      AND (note IS NOT NULL
                           OR salt IS NOT NULL AND payload->'hmac' ? 'note')
                 ORDER BY id
                    LIMIT %s""",
                last_id,
                NOTES_PER_QUERY,
            )
        ):
            for event_id, salt, note, expected in rows:
                if fingerprint.of_personal(salt or "", note or "") != expected:
                    message = self.env._(
                        "The words of event %s are not those that were written.",
                        event_id,
                    )
                    return self._finding("note", message, {"id": event_id})
            last_id = rows[-1][0]

    @api.model
    def _check_messages(self, whole, result):
        """The messages are the very bytes that left, as far as they were not erased."""
        now = self.env.cr.now()
        chosen = (
            SQL("TRUE")
            if whole
            else SQL(
                "(notice.date_sent >= %s OR notice.id %% %s = %s)",
                now - timedelta(days=2),
                NIGHTS,
                now.toordinal() % NIGHTS,
            )
        )
        last_id = 0
        while rows := self.env.execute_query(
            SQL(
                """SELECT notice.id, event.id, event.salt,
                          event.payload->'hmac'->>'message', notice.mime
                     FROM dunning_notice notice
               CROSS JOIN LATERAL (
                           SELECT *
                             FROM dunning_event event
                            WHERE event.notice_id = notice.id
                              AND event.kind IN ('notice_sent', 'notice_unknown')
                              AND event.payload->'hmac' ? 'message'
                            ORDER BY event.id DESC
                            LIMIT 1) event
                    WHERE notice.id > %s AND event.salt IS NOT NULL AND %s
                    ORDER BY notice.id
                    LIMIT %s""",
                last_id,
                chosen,
                MESSAGES_PER_QUERY,
            )
        ):
            for notice_id, event_id, salt, expected, mime in rows:
                message = base64.b64decode(mime or b"")
                if fingerprint.of_personal(salt, message) != expected:
                    text = self.env._(
                        "The message of notice %(notice)s is not the one that left: it "
                        "was changed or deleted since (event %(event)s).",
                        notice=notice_id,
                        event=event_id,
                    )
                    return self._finding("message", text, {"id": event_id})
            last_id = rows[-1][0]

    @api.model
    def _check_erased(self, result):
        """What can prove words and messages is gone only where an event tells so."""
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT event.id
                     FROM dunning_event event
                    WHERE event.payload ? 'hmac' AND event.salt IS NULL
                      AND NOT EXISTS (
                          SELECT 1
                            FROM dunning_event erasure
                           WHERE erasure.kind = 'personal_data_erased'
                             AND erasure.company_id = event.company_id
                             AND erasure.partner_id = event.partner_id
                             AND erasure.id > event.id)
                    ORDER BY event.id
                    LIMIT 1"""
            )
        )
        if rows:
            message = self.env._(
                "The words of event %s were erased, and no event tells by whom.",
                rows[0]["id"],
            )
            return self._finding("note", message, rows[0])

    @api.model
    def _check_customers(self, result):
        """Events are shown with the customer that they belong to."""
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT event.id
                     FROM dunning_event event
                LEFT JOIN dunning_notice notice ON notice.id = event.notice_id
                LEFT JOIN dunning_case debt_case ON debt_case.id = event.case_id
                    WHERE event.partner_id IS DISTINCT FROM COALESCE(
                              notice.partner_id, debt_case.partner_id, event.partner_id)
                    ORDER BY event.id
                    LIMIT 1"""
            )
        )
        if rows:
            message = self.env._(
                "Event %s is shown with another customer than its case or notice.",
                rows[0]["id"],
            )
            return self._finding("changed", message, rows[0])

    @api.model
    def _check_states(self, result):
        """Replay: the last event of each notice tells the state that it has now."""
        rows = self.env.execute_query_dict(
            SQL(
                r"""SELECT notice.id AS notice_id, notice.state, told.id,
                           told.state AS told_state
                      FROM dunning_notice notice
                 LEFT JOIN (SELECT DISTINCT ON (notice_id) id, notice_id,
                                   CASE kind WHEN 'notice_planned'
                                        THEN payload->>'state'
                                        ELSE SUBSTRING(kind FROM 8) END AS state
                              FROM dunning_event
                             WHERE kind LIKE 'notice\_%%' AND notice_id IS NOT NULL
                             ORDER BY notice_id, id DESC) told
                        ON told.notice_id = notice.id
                     WHERE notice.simulation IS NOT TRUE
                       AND notice.state IS DISTINCT FROM told.state
                  ORDER BY notice.id
                     LIMIT 1"""
            )
        )
        if rows:
            labels = dict(
                self.env["dunning.notice"]
                ._fields["state"]
                ._description_selection(self.env)
            )
            message = self.env._(
                "Notice %(notice)s is “%(state)s”, but its last event (%(event)s) says "
                "“%(told)s”: its state was changed past the system, or an event is "
                "missing.",
                notice=rows[0]["notice_id"],
                state=labels.get(rows[0]["state"]),
                event=rows[0]["id"] or "-",
                told=labels.get(rows[0]["told_state"], "-"),
            )
            return self._finding("state", message, rows[0])
