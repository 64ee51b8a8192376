from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_datetime

from ..tools import courtesy, time_zones
from ..tools.reasons import REASONS

WAITS = ("quiet_hours", "quiet_day", "holiday", "contact_cap", "cooldown")
"""Reasons of ``tools/courtesy.py``."""
QUEUED = ("planned", "ready")
GIVE_WAY = timedelta(minutes=1)
STUCK_AFTER = timedelta(days=14)
"""Who waits so long waits for a cap that is always full: a person must look."""


class DunningNoticeCourtesy(models.AbstractModel):
    """Notices that wait for a decent hour, or for a cap.

    Planning chooses the moment (``_choose_send_at``); the sender's claim reads the
    rules again and puts the notice off if it must. It stays ready and says why.
    """

    _name = "dunning.notice.courtesy"
    _description = "Dunning Notice: Courtesy"

    wait_reason = fields.Selection(
        [pair for pair in REASONS if pair[0] in WAITS], readonly=True
    )
    wait_cap_id = fields.Many2one(
        "dunning.courtesy.cap",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    courtesy_waived_by_id = fields.Many2one(
        "res.users",
        "Sent Anyway By",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="Who let it out although the courtesy of its policy was against it.",
    )
    wait_text = fields.Char("Waits", compute="_compute_wait_text")

    @api.depends("state", "not_before", "wait_reason", "wait_cap_id")
    @api.depends_context("lang", "tz")
    def _compute_wait_text(self):
        for notice in self:
            notice.wait_text = notice._waits() and notice._get_wait_words()

    def _waits(self):
        """Whether courtesy holds it back at the moment."""
        self.ensure_one()
        return bool(
            self.state in QUEUED
            and self.wait_reason
            and self.not_before
            and self.not_before > self.env.cr.now()
        )

    def _get_wait_words(self):
        return self._say_wait(self.wait_reason, self.not_before, self.wait_cap_id)

    @api.model
    def _say_wait(self, reason, until, cap):
        labels = dict(self._fields["wait_reason"]._description_selection(self.env))
        return self.env._(
            "%(reason)s: leaves on %(moment)s at the earliest",
            reason=cap.sudo().display_name or labels[reason],
            moment=format_datetime(self.env, until, dt_format="short"),
        )

    # === AT PLANNING === #

    @api.model
    def _schedule(self, run):
        """Say when the notices of ``run`` leave. A few statements for all of them."""
        notices = self.search(
            [
                ("run_id", "=", run.id),
                ("state", "in", QUEUED),
                ("simulation", "=", False),
                ("not_before", "=", False),
            ],
            order="id",
        )
        waits = notices._choose_send_at()
        if not waits:
            return
        keys, moments, reasons, caps = zip(
            *(
                (key, wait.until, wait.reason, wait.cap or 0)
                for key, wait in waits.items()
            ),
            strict=True,
        )
        self.env.cr.execute(
            SQL(
                """
                WITH chosen AS (
                    SELECT *
                      FROM UNNEST(%(keys)s::integer[], %(moments)s::timestamp[],
                                  %(reasons)s::varchar[], %(caps)s::integer[])
                           AS chosen(id, moment, reason, cap_id)
                ), waiting AS (
                    UPDATE dunning_notice notice
                       SET not_before = chosen.moment, wait_reason = chosen.reason,
                           wait_cap_id = NULLIF(chosen.cap_id, 0)
                      FROM chosen
                     WHERE notice.id = chosen.id
                 RETURNING notice.*
                )
                INSERT INTO dunning_event
                       (occurred_at, user_id, company_id, partner_id, debtor_key,
                        case_id, notice_id, kind, payload)
                SELECT %(now)s, %(uid)s, company_id, partner_id, partner_id, case_id,
                       id, 'put_off',
                       JSONB_BUILD_OBJECT(
                           'channel', channel, 'reason', wait_reason,
                           'date', %(day)s)
                  FROM waiting
                 WHERE state = 'ready' AND %(day)s > %(today)s
                """,
                caps=list(caps),
                day=SQL(
                    "(not_before AT TIME ZONE 'UTC' AT TIME ZONE %s)::date",
                    run.company_id._dunning_timezone(),
                ),
                keys=list(keys),
                moments=list(moments),
                now=self.env.cr.now(),
                reasons=list(reasons),
                today=run.company_id._dunning_today(),
                uid=self.env.uid,
            )
        )
        notices.invalidate_recordset()

    def _choose_send_at(self):
        """When these notices leave, if not at once: the earliest moment that courtesy
        allows. An addon that knows better hours may choose later ones; the claim looks
        at the rules again, whatever was chosen.

        :return: {notice id: ``Wait`` of ``tools/courtesy.py``}
        """
        return self._read_waits()

    def _read_waits(self):
        """What courtesy says now, about each notice alone.

        :return: as ``_choose_send_at``
        """
        if not self:
            return {}
        self.env["dunning.ledger"]._flush()
        rows = self.env.execute_query(
            SQL(
                """SELECT notice.id, notice.channel, notice.company_id, found.facts
                     FROM dunning_notice notice
                     JOIN dunning_policy policy ON policy.id = notice.policy_id
               CROSS JOIN LATERAL (SELECT %s) AS found(facts)
                    WHERE notice.id = ANY(%s) AND found.facts IS NOT NULL
                    ORDER BY notice.id""",
                self._get_courtesy_sql(self.env.cr.now()),
                self.ids,
            )
        )
        rules, chosen = {}, {}
        for key, channel, company_id, facts in rows:
            rule = (facts["profile"], company_id)
            if rule not in rules:
                rules[rule] = self._read_rules(*rule)
            # What is planned together leaves one after the other.
            facts["ahead"] = None
            if wait := self._get_wait(channel, facts, *rules[rule]):
                chosen[key] = wait
        return chosen

    @api.model
    def _get_courtesy_sql(self, now):
        """SQL value about ``notice`` and its ``policy``: what there is to know for
        ``_get_wait``, NULL where courtesy has no say."""
        return SQL(
            """CASE WHEN policy.courtesy_id IS NOT NULL
                     AND notice.courtesy_waived_by_id IS NULL THEN %s END""",
            self.env["dunning.courtesy"]._get_facts_sql(
                SQL("policy.courtesy_id"),
                SQL("notice.partner_id"),
                SQL("notice.recipient_id"),
                SQL("notice.company_id"),
                SQL("notice.id"),
                SQL("%s", now),
            ),
        )

    @api.model
    def _read_rules(self, profile_id, company_id):
        """The rules of a profile, and the time zone of those of whom nothing is
        known."""
        company = self.env["res.company"].browse(company_id)
        profile = self.env["dunning.courtesy"].browse(profile_id)
        return profile._get_rules(), company._dunning_timezone()

    @api.model
    def _get_wait(self, channel, facts, rules, fallback):
        """``Wait`` of ``tools/courtesy.py``, None if nothing is against it now.

        Of two messages that are ready at once, the second gives way for a minute where
        both together would exceed a cap: two senders would not see each other's claim.
        """
        now = self.env.cr.now()
        zones = self._get_zones(channel, facts, fallback)
        contacts = [
            (used, datetime.fromisoformat(at)) for used, at in facts["contacts"] or ()
        ]
        talked = facts["talked"] and datetime.fromisoformat(facts["talked"])
        known = (now, channel, zones, rules, facts["country"])
        wait = courtesy.decide(*known, contacts, talked)
        if wait or not facts["ahead"]:
            return wait
        contacts += [(used, now) for used in facts["ahead"]]
        full = courtesy.decide(*known, contacts, talked)
        return full and full._replace(until=now + GIVE_WAY)

    @api.model
    def _get_zones(self, channel, facts, fallback):
        """Names of the time zones in which it must be a decent hour.

        :param dict facts: of ``dunning.courtesy._get_facts_sql``
        :param str fallback: the zone of those of whom nothing is known
        """
        names = ("chosen", "tz", "country", "state")
        return time_zones.zones_of(*(facts[name] for name in names), fallback)

    # === AT THE CLAIM === #

    def _must_wait(self, row, batch):
        """Whether courtesy is against sending this locked notice now; it is put off
        then. Who prints a letter was warned and decides by himself, unless it is law.

        :param dict row: of ``dunning.ledger._review``
        """
        facts = row["courtesy"]
        if not facts or batch.by_hand and not self._get_binding_profiles():
            return False
        rules = batch.once(
            ("courtesy", facts["profile"], self.company_id.id),
            lambda: self._read_rules(facts["profile"], self.company_id.id),
        )
        wait = self._get_wait(self.channel, facts, *rules)
        if wait:
            self._put_off_until(wait)
        return bool(wait)

    def _put_off_until(self, wait):
        self.write(
            {
                "not_before": wait.until,
                "wait_reason": wait.reason,
                "wait_cap_id": wait.cap,
            }
        )
        timezone = self.company_id._dunning_timezone()
        day = self.env["dunning.run"]._local_date(timezone, wait.until)
        today = self.company_id._dunning_today()
        if day > today:
            self._tell("put_off", reason=wait.reason, date=fields.Date.to_string(day))
        if self.case_id and today - self.date >= STUCK_AFTER:
            self.case_id._create_contact_task(
                self.env._("A message is put off again and again"),
                self._get_wait_words(),
                self.case_id._get_collector(self.policy_id),
            )

    # === A PERSON DECIDES === #

    def _get_binding_profiles(self):
        """Those that nobody may override."""
        return self.policy_id.courtesy_id.filtered(
            lambda profile: profile.binding == "law"
        )

    def action_send_anyway(self):
        """Let these out now although courtesy is against it. Where it is law, nobody
        may."""
        self.case_id._check_collector()
        self.check_access("read")
        waiting = self.filtered(lambda notice: notice._waits())
        if not waiting:
            raise UserError(self.env._("None of these notices waits for courtesy."))
        if bound := waiting._get_binding_profiles()[:1]:
            raise UserError(
                self.env._("“%s” is law: it cannot be overridden.", bound.display_name)
            )
        for notice in waiting.sudo():
            reason = notice.wait_reason
            notice.write({"courtesy_waived_by_id": self.env.uid, "not_before": False})
            notice._tell("courtesy_overridden", reason=reason)
        waiting._trigger_delivery()
