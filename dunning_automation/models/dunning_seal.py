import logging
from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date, mute_logger

from ..tools import anchor_log, fingerprint
from .dunning_event import CONTENT

_logger = logging.getLogger(__name__)

BLOCK = 1000
LOCK_KEY = int.from_bytes(b"dunning", "big")


class DunningSeal(models.Model):
    """A block of events that was numbered and chained, append-only.

    Every minute the sealer takes the events that have no number, in the order of their
    ids, and gives them the next numbers without gaps and their hashes:
    ``hash = sha256(hash of the number before || content)``. The order is that of
    sealing: an event of a long transaction, whose low id appears late, gets a later
    number. Chaining while the events are written would make every sender wait for
    every other.

    There is one chain for the database, not one per company: one head to keep outside,
    and no company's events can disappear as a whole. Messages name ids only.

    Somebody with the rights of the database's owner can still rewrite everything. So
    the head is also kept where he cannot change it: each day in a file
    (``_get_anchor_path``) and in an e-mail to the responsible persons.
    """

    _name = "dunning.seal"
    _description = "Dunning Seal"
    _order = "last_sequence desc"
    _rec_name = "last_sequence"
    _log_access = False
    _allow_sudo_commands = False

    sealed_at = fields.Datetime(
        required=True, readonly=True, default=lambda self: self.env.cr.now()
    )
    first_sequence = fields.Integer(
        "First Event", required=True, readonly=True, aggregator=None
    )
    last_sequence = fields.Integer(
        "Last Event", required=True, readonly=True, aggregator=None
    )
    event_count = fields.Integer("Events", required=True, readonly=True)
    previous_head = fields.Char(required=True, readonly=True)
    head = fields.Char(
        required=True, readonly=True, help="Hash of the last event of this block."
    )

    _first_uniq = models.UniqueIndex("(first_sequence)")
    _last_uniq = models.UniqueIndex("(last_sequence)")

    def init(self):
        """Seals stay as they are, see ``dunning.event``."""
        self.env["dunning.event"]._make_append_only(self._table)

    def write(self, vals):
        if self:
            raise UserError(self.env._("Seals stay as they are."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_always(self):
        raise UserError(self.env._("Seals stay as they are."))

    def action_verify(self):
        """Verify all events now and show the result."""
        self.check_access("read")
        verification = self.env["dunning.verification"].sudo()._run()
        return verification.with_env(self.env)._get_records_action(
            name=self.env._("Verification"), target="new"
        )

    # === SEALING === #

    @api.model
    def _cron_seal(self):
        """Seal what is new, a block per commit. Two sealers at once do no harm: one
        gives way to the lock, or its block is refused by the database."""
        cron = self.env["ir.cron"]
        cron._commit_progress()
        try:
            with mute_logger("odoo.sql_db"):
                while count := self._seal_block().event_count:
                    left = cron._commit_progress(count, remaining=int(count == BLOCK))
                    if count < BLOCK or not left:
                        break
        except SerializationFailure:
            self.env.cr.rollback()
            _logger.info("Somebody else changed events: the next minute seals them")

    @api.model
    def _seal_block(self):
        """Number and chain the next events.

        :return: the seal, empty when nothing is new or another sealer works
        """
        self.env["dunning.event"].flush_model()
        query = SQL("SELECT PG_TRY_ADVISORY_XACT_LOCK(%s)", LOCK_KEY)
        ((is_mine,),) = self.env.execute_query(query)
        events = is_mine and self.env.execute_query(
            SQL(
                """SELECT event.id, %s
                     FROM dunning_event event
                    WHERE sequence IS NULL
                    ORDER BY id
                    LIMIT %s""",
                CONTENT,
                BLOCK,
            )
        )
        if not events:
            return self.browse()
        last = self._get_last()
        ids, hashes, head = [], [], last.head or fingerprint.GENESIS
        for event_id, content in events:
            head = fingerprint.chain(head, content)
            ids.append(event_id)
            hashes.append(head)
        self.env.cr.execute(
            SQL(
                """UPDATE dunning_event event
                      SET sequence = %s + place, hash = link.hash
                     FROM UNNEST(%s, %s) WITH ORDINALITY AS link (id, hash, place)
                    WHERE event.id = link.id""",
                last.last_sequence,
                ids,
                hashes,
            )
        )
        self.env["dunning.event"].invalidate_model(["sequence", "hash"])
        return self.create(
            {
                "first_sequence": last.last_sequence + 1,
                "last_sequence": last.last_sequence + len(events),
                "event_count": len(events),
                "previous_head": last.head or fingerprint.GENESIS,
                "head": head,
            }
        )

    @api.model
    def _get_last(self):
        return self.search([], limit=1)

    # === ANCHORS === #

    @api.model
    def _get_anchor_path(self):
        """The file outside of the database that remembers the head of each day."""
        return str(self.env["dunning.guard"]._get_folder() / "anchors.log")

    @api.model
    def _cron_anchor(self):
        """Daily: keep the head outside of the database, unless nothing is new."""
        if self.env["dunning.guard"]._get_database_hold():
            return  # A copy must not write into the file of the original.
        path, last = self._get_anchor_path(), self._get_last()
        try:
            known = anchor_log.read(path)[-1:]
        except ValueError:  # The verification says so.
            known = []
        if not last or known and known[0].sequence == last.last_sequence:
            return
        anchor = anchor_log.Anchor(self.env.cr.now(), last.last_sequence, last.head)
        try:
            anchor_log.append(path, anchor)
        except OSError:
            _logger.exception("The head of the dunning events cannot be kept in a file")
        day_ago = anchor.moment - timedelta(days=1)
        self._send_daily_mails(anchor, min([day_ago, *(a.moment for a in known)]))

    @api.model
    def _send_daily_mails(self, anchor, since):
        """Tell the responsible persons what happened since a moment, and the head."""
        for user, policies in self._get_policies_by_user().items():
            figures = self._get_figures(policies.company_id, since)
            values = {"anchor": anchor, "figures": figures, "since": since}
            self._mail(
                user,
                policies.company_id,
                lambda env: env._(
                    "Collections: the day in figures, %s",
                    format_date(env, anchor.moment),
                ),
                "dunning_automation.daily_mail",
                values,
            )

    @api.model
    def _get_policies_by_user(self):
        """Who is told about the whole: {responsible user: his policies}."""
        policies = self.env["dunning.policy"].sudo()
        return policies.search([("user_id.active", "=", True)]).grouped("user_id")

    @api.model
    def _get_figures(self, companies, since):
        """A dict per company: ``sent``, ``suppressed``, ``failed``, ``unknown`` since a
        moment, and ``planned``, the notices that wait for approval now."""
        counts = {}
        for company, kind, count in (
            self.env["dunning.event"]
            .sudo()
            ._read_group(
                [("company_id", "in", companies.ids), ("occurred_at", ">=", since)],
                ["company_id", "kind"],
                ["__count"],
            )
        ):
            counts[company, kind.removeprefix("notice_")] = count
        waiting = (
            self.env["dunning.notice"]
            .sudo()
            ._read_group(
                [
                    ("company_id", "in", companies.ids),
                    ("state", "=", "planned"),
                    ("simulation", "=", False),
                ],
                ["company_id"],
                ["__count"],
            )
        )
        counts.update({(company, "planned"): count for company, count in waiting})
        return [
            {
                "company": company,
                **{
                    name: counts.get((company, name), 0)
                    for name in ("sent", "suppressed", "failed", "unknown", "planned")
                },
            }
            for company in companies
        ]

    @api.model
    def _mail(self, user, companies, subject, template, values):
        """An e-mail to one of our own users, in his language.

        :param subject: function that gives the subject in a given environment
        :return: the e-mail, which Odoo's queue sends
        """
        env = self.sudo().with_context(lang=user.lang, tz=user.tz).env
        company = companies[:1]
        body = env["mail.template"]._render_encapsulate(
            "dunning_automation.mail_layout",
            env["ir.qweb"]._render(template, values, lang=user.lang),
            add_context={"company": company, "lang": user.lang},
            context_record=company,
        )
        mail = {
            "subject": subject(env),
            "body_html": env["mail.template"]._replace_local_links(body),
            "email_to": user.email_formatted,
            "email_from": company.email_formatted or user.email_formatted,
            "auto_delete": True,
        }
        return env["mail.mail"].create(mail)
