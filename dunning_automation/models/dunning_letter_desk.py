import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, mute_logger

from ..tools import notice_states
from ..tools.sender_batch import SenderBatch
from .dunning_sender import ATTEMPTS

_logger = logging.getLogger(__name__)

NO_TIMEOUT_DAYS = 365
"""Where the action has no time-out, nobody asks before whether it was posted."""
MAX_PILE = 200
"""Letters in one go: a request must end before its worker is stopped."""


class DunningLetterDesk(models.AbstractModel):
    """Letters pass through the hands of a person: print, post, say so.

    *Print* claims the notices with the same look at the ledger as the senders. *Posted*
    says that they left; *Not posted* that they did not. A letter that is printed and
    of which nobody says anything becomes ``unknown``, and blocks nothing.
    """

    _name = "dunning.letter.desk"
    _description = "Dunning Letter Desk"

    printed_on = fields.Datetime(readonly=True)
    letter_warning = fields.Char(
        "Warning",
        compute="_compute_letter_warning",
        help="What was booked between printing and posting.",
    )
    letter_courtesy = fields.Char(
        "Courtesy",
        compute="_compute_letter_courtesy",
        help="Why this letter should not be printed or posted yet.",
    )

    # === WHO === #

    def _check_desk(self):
        """Collectors print and post."""
        self.check_access("read")
        if not self.env.user.has_group("dunning_automation.group_user"):
            raise AccessError(
                self.env._("Only collections users print and post letters.")
            )

    def _filter_letters(self, *states):
        return self.filtered(
            lambda notice: (
                notice.channel == "letter"
                and notice.state in states
                and not notice.simulation
            )
        )

    def _filter_printed(self):
        """Letters that lie somewhere, printed, and did not leave as far as we know."""
        return self._filter_letters("claimed", "unknown").filtered("printed_on")

    # === PRINT === #

    def action_print_letters(self):
        """Print those that are ready, and again those that were printed and not posted
        yet: one PDF in the order of the list. Who paid meanwhile is left out.

        The pages are made first, while no lock is held. Then one transaction claims all
        of them, quickly, and looks at the ledger again.
        """
        self._check_desk()
        letters = self._filter_letters("ready", "claimed")
        if not letters:
            raise UserError(self.env._("None of these letters waits to be printed."))
        if len(letters) > MAX_PILE:
            raise UserError(self.env._("Print at most %s letters at once.", MAX_PILE))
        with self.env.registry.cursor() as cr:
            pile = letters.with_env(self.env(cr=cr)).sudo()
            printed, left_out = pile._print_pile()
        return self._show_pile(printed, left_out)

    def _print_pile(self):
        """
        :return: ids of the letters to print, and {notice id: why it is left out}
        """
        guard = self.env["dunning.guard"]
        for company in self.company_id:
            if hold := guard._get_hold(company):
                raise UserError(hold)
        batch = SenderBatch(by_hand=True)
        self._print_ahead(batch)
        claims, left_out = self._claim_pile_safely(batch)
        self.env["dunning.ledger"]._forget_prepared(batch)
        self._check_mark(claims)
        return [letter.id for letter in self if letter.id not in left_out], left_out

    def _claim_pile_safely(self, batch):
        """Claim and commit, again if somebody's booking got in between."""
        for _attempt in range(ATTEMPTS):
            try:
                with mute_logger("odoo.sql_db"):
                    result = self._claim_pile(batch)
                    self.env["dunning.sender"]._commit()
                return result
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()
                self.env.invalidate_all()
        raise UserError(self.env._("Somebody is working on these invoices: try again."))

    def _check_mark(self, claims):
        """As before each message: a database that was restored must not print what the
        original may have printed."""
        if not claims:
            return
        last = claims[-1]
        hold = self.env["dunning.guard"]._raise_mark(last.event_id, last.fence)
        if hold:
            letters = self.browse(claim.notice.id for claim in claims)
            letters._take_back(hold)
            self.env["dunning.sender"]._commit()
            raise UserError(hold)

    def _print_ahead(self, batch):
        """Make the PDFs of what is true now; what cannot be made is told at the claim.
        Nothing of this is written."""
        for letter in self._filter_letters("ready"):
            letter._try_print(batch)
        self.env.cr.rollback()
        self.env.invalidate_all()

    def _try_print(self, batch):
        try:
            with self.env.cr.savepoint():
                if not self._refresh() and self.state == "ready":
                    self._prepare_letter({}, batch)
        except Exception as error:
            _logger.info("Letter %s cannot be printed ahead: %s", self.id, error)

    def _claim_pile(self, batch):
        """
        :return: the claims, and {notice id: why it must not be printed}
        """
        claims, left_out = [], {}
        self.env.cr.execute("SELECT set_config('synchronous_commit', 'on', TRUE)")
        locked = self.try_lock_for_update(allow_referencing=True)
        self.invalidate_recordset()
        for letter in self:
            if letter not in locked:
                left_out[letter.id] = self.env._("Somebody else has it in hands.")
            elif letter.state == "claimed" and letter.printed_on:
                continue  # The same bytes again.
            elif claim := letter._claim_letter(batch):
                claims.append(claim)
            else:
                left_out[letter.id] = letter._get_reason_left_out()
        return claims, left_out

    def _claim_letter(self, batch):
        """
        :return: the claim, None if it must not be printed
        """
        if self.state != "ready":
            return None
        try:
            with self.env.cr.savepoint():
                sender = self.env["dunning.sender"]
                _letter, is_whole = sender._lock(
                    batch, "letter", lambda place: SQL("notice.id = %s", place), self.id
                )
                claim = sender._claim(self, is_whole, batch)
                if claim:
                    self.printed_on = self.env.cr.now()
                    self._tell(
                        "letter_printed", personal=self._get_letter_fingerprint()
                    )
                return claim
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:
            self.invalidate_recordset()
            self._set_state("failed", str(error))
        return None

    def _get_reason_left_out(self):
        if self._waits():
            return self.wait_text
        if self.state == "ready":
            return self.env._("Somebody is working on an invoice: try again later.")
        return self.reason or self.env._("It is not ready any more.")

    @api.model
    def _show_pile(self, printed, left_out):
        """Tell what happened, and download the pile."""
        if not printed:
            raise UserError("\n".join(dict.fromkeys(left_out.values())))
        download = self.env["dunning.letter.download"].create(
            {"notice_ids_in_order": printed}
        )
        message = self.env._("Letters in the pile: %s.", len(printed))
        if left_out:
            reasons = ", ".join(dict.fromkeys(left_out.values()))
            message += " " + self.env._(
                "Left out: %(count)s (%(reasons)s).",
                count=len(left_out),
                reasons=reasons,
            )
        hasty = self.browse(printed).filtered("letter_courtesy")
        if hasty:
            message += " " + self.env._(
                "Courtesy is against posting now: %s.", len(hasty)
            )
        is_warning = bool(left_out or hasty)
        return self._notify(message, is_warning, download._get_action())

    @api.model
    def _notify(self, message, is_warning=False, then=None):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": message,
                "type": "warning" if is_warning else "success",
                "sticky": is_warning,
                "next": then or {"type": "ir.actions.act_window_close"},
            },
        }

    def action_download_letter(self):
        """The printed letter, byte for byte, or how it would look now."""
        self.ensure_one()
        self._check_desk()
        download = self.env["dunning.letter.download"].create(
            {"notice_ids_in_order": self.ids}
        )
        return download._get_action()

    # === POSTED OR NOT === #

    def action_mark_posted(self):
        """These letters left. Those that were paid since they were printed must not:
        they stay, and are named."""
        self._check_desk()
        printed = self._filter_printed()
        if not printed:
            raise UserError(self.env._("Only a printed letter can be posted."))
        warned = printed.filtered("letter_warning")
        if warned == printed:
            raise UserError("\n".join(map(self._describe_warning, warned)))
        (printed - warned)._mark_posted()
        if not warned:
            return self._notify(self.env._("Letters posted: %s.", len(printed)))
        return self._notify(" ".join(map(self._describe_warning, warned)), True)

    def action_force_posted(self):
        """A manager knows that these letters left although something was booked."""
        self._check_manager()
        printed = self._filter_printed()
        if not printed:
            raise UserError(self.env._("Only a printed letter can be posted."))
        printed._mark_posted()

    @api.model
    def _describe_warning(self, letter):
        return f"{letter.display_name}: {letter.letter_warning}"

    def _mark_posted(self):
        letters = self.sudo()
        letters._set_state("sent", date_sent=self.env.cr.now(), lease_until=False)
        letters._tell("letter_posted")
        letters._post_letters_on_cases()

    def _post_letters_on_cases(self):
        """Keep the text in the chatter of the case. Notifies nobody."""
        for letter in self.filtered("case_id"):
            letter.mail_message_id = letter.case_id.message_post(
                subject=letter.subject,
                body=letter.body,
                message_type="comment",
                subtype_xmlid="mail.mt_note",
            )

    def action_not_posted(self):
        """These letters did not leave: they wait to be printed again, if anything is
        still due."""
        self._check_desk()
        printed = self._filter_printed()
        if not printed:
            raise UserError(self.env._("Only a printed letter can be taken back."))
        letters = printed.sudo()
        letters._take_back(self.env._("It was printed, but not posted."))
        letters._recheck()

    def _take_back(self, reason):
        self._set_state(
            "ready",
            reason,
            printed_on=False,
            letter_pdf=False,
            lease_until=False,
            not_before=False,
        )

    # === WHAT HAPPENS MEANWHILE === #

    @api.depends("state", "line_ids.residual_currency")
    def _compute_letter_warning(self):
        printed = self._filter_printed()
        (self - printed).letter_warning = False
        for letters in printed.grouped("company_id").values():
            rows = self.env["dunning.ledger"]._review(letters)
            for letter in letters:
                letter.letter_warning = letter._get_letter_warning(rows[letter.id])

    @api.depends("state", "courtesy_waived_by_id")
    @api.depends_context("lang", "tz")
    def _compute_letter_courtesy(self):
        """A few statements for all letters of the page."""
        letters = self._filter_letters("ready") | self._filter_printed()
        waits = letters.sudo()._read_waits()
        caps = self.env["dunning.courtesy.cap"]
        for notice in self:
            wait = waits.get(notice.id)
            notice.letter_courtesy = wait and self._say_wait(
                wait.reason, wait.until, caps.browse(wait.cap or ())
            )

    def _get_letter_warning(self, row):
        """What was booked since the letter was printed; False if nothing.

        :param dict row: of ``dunning.ledger._review``
        """
        changed = [
            line
            for line in self._get_lines()
            if (now := row["lines"].get(line.id))
            and (
                now["stop"]
                or line.currency_id.compare_amounts(
                    now["residual_currency"], line.residual_currency
                )
            )
        ]
        if row["stop"] == "nothing_due":
            return self.env._("Settled or stopped meanwhile: take it out of the pile.")
        if row["stop"]:
            return self._get_stop_label(row["stop"])
        if changed:
            return self.env._(
                "Partly settled meanwhile: take it out of the pile and print it again."
            )
        return False

    def _get_desk_lease(self):
        """How long a printed letter may wait to be posted."""
        return timedelta(days=self.action_id.timeout_days or NO_TIMEOUT_DAYS)

    @api.model
    def _get_desk_condition(self):
        """SQL about ``notice``: it waits for a person, so senders leave it alone."""
        return SQL("notice.channel = 'letter'")

    @api.model
    def _get_forgotten_condition(self):
        """SQL about a row of ``dunning_notice``: nobody says whether this letter was
        posted. What is owed must not wait for that."""
        return SQL(
            "channel = 'letter' AND printed_on IS NOT NULL AND state = %s",
            notice_states.UNKNOWN,
        )
