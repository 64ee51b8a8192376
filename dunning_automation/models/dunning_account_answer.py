from datetime import timedelta

from odoo import SUPERUSER_ID, Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date, plaintext2html

from ..tools.incoming_mail import IncomingMail
from ..tools.replies import Suggestion

KINDS = {
    "promise": "promises",
    "paid": "says_paid",
    "dispute": "disputes",
    "copy": "wants_copy",
    "contact": "wrong_contact",
    "call": "wants_call",
    "other": "other",
}
"""What a customer can say, and as what a person finds it."""
DAILY_ANSWERS = 10
"""Answers of a customer and day that are taken."""
MAX_TEXT = 2000
MAX_CONTACT = 200
TOLD_APART = ("copy", "contact", "call")
"""Of those that a person looks at: what the customer reads that happens next."""
PROMISE_DAYS = 14
"""A promise for a later day is accepted by a person only."""


class DunningAccountAnswer(models.AbstractModel):
    """What a customer says on his account page.

    A first promise for soon and a first dispute count at once, as if a collector had
    noted them: their holds end by themselves. All else waits for a person like an
    answer by mail (``dunning.reply``), and pauses the next reminder as that does.
    """

    _name = "dunning.account.answer"
    _description = "Answer on the Account Page"

    @api.model
    def _search_case(self, partner, company):
        return self.env["dunning.agreement"].sudo()._search_case(partner, company)

    @api.model
    def _answer(
        self,
        case,
        notice,
        author,
        kind,
        line_ids,
        date=None,
        reason_id=None,
        text="",
        contact="",
    ):
        """Take an answer; what follows is done by the system.

        :param case: the open ``dunning.case``
        :param notice: the one with the link, empty for portal users
        :param author: ``res.partner`` who answers
        :param str kind: one of ``KINDS``
        :param line_ids: open items that it is about
        :param date: until when he pays, or when he paid
        :param str contact: address or number of the right contact, or to call
        :return: what happened: ``promise``, ``dispute``, ``reply`` or one of
            ``TOLD_APART``
        :raise UserError: in words for the customer
        """
        self = self.with_user(SUPERUSER_ID).with_company(case.company_id)
        case, notice = case.with_env(self.env), notice.with_env(self.env)
        lines = self._get_own_lines(case, line_ids)
        text = text.replace("\0", "").strip()[:MAX_TEXT]
        contact = " ".join(contact.replace("\0", "").split())[:MAX_CONTACT]
        self._check_answer(case, kind, lines, date, text, contact)
        if kind == "promise" and self._is_promise_fine(case, lines, date):
            self._make(case, "promise", lines, date=date, note=text)
            return "promise"
        if kind == "dispute" and self._is_first("dispute", lines):
            reasons = self.env["dunning.dispute.reason"].search([], limit=100)
            reason = reasons.filtered(lambda reason: reason.id == reason_id)
            reason = (reason or reasons)[:1]
            self._make(case, "dispute", lines, reason_id=reason.id, description=text)
            return "dispute"
        self._hand_to_person(case, notice, author, kind, lines, date, text, contact)
        return kind if kind in TOLD_APART else "reply"

    @api.model
    def _get_own_lines(self, case, line_ids):
        """Those of ``line_ids`` that the customer owes; nothing is said of others."""
        rows = self.env["dunning.account"]._read_items(case.partner_id, case.company_id)
        own = [row["id"] for row in rows if row["amount"] > 0]
        return self.env["account.move.line"].browse(
            line_id for line_id in own if line_id in set(line_ids)
        )

    @api.model
    def _check_answer(self, case, kind, lines, date, text, contact):
        if kind not in KINDS:
            raise UserError(self.env._("Please choose what you want to tell us."))
        if kind in ("promise", "paid", "dispute", "copy") and not lines:
            raise UserError(self.env._("Please tick the invoices that you mean."))
        today = case.company_id._dunning_today()
        if kind == "promise" and (not date or date < today):
            raise UserError(
                self.env._("Please enter the day until which you will pay.")
            )
        if kind in ("contact", "call") and not (contact or text):
            raise UserError(
                self.env._(
                    "Please enter the e-mail address or phone number that we should "
                    "use, or write a few words."
                )
            )
        if kind in ("dispute", "other") and not text:
            raise UserError(self.env._("Please write a few words."))
        if self._count_today(case) >= DAILY_ANSWERS:
            raise UserError(
                self.env._(
                    "We have got your answers and will look at them. Please call us if "
                    "there is more."
                )
            )

    @api.model
    def _count_today(self, case):
        """Answers of the customer since yesterday, whatever was made of them."""
        owner = Domain("partner_id", "=", case.partner_id.id) & Domain(
            "company_id", "=", case.company_id.id
        )
        recent = owner & Domain(
            "create_date", ">", self.env.cr.now() - timedelta(days=1)
        )
        mails = self.env["dunning.reply"].search(
            owner & Domain("date", "=", case.company_id._dunning_today())
        )
        return (
            self.env["dunning.promise"].search_count(recent)
            + self.env["dunning.dispute"].search_count(recent)
            + sum(mails.mapped("mail_count"))
        )

    @api.model
    def _is_first(self, name, lines):
        return not self.env[f"dunning.{name}"].search_count(
            [("move_line_ids", "in", lines.ids)], limit=1
        )

    @api.model
    def _is_promise_fine(self, case, lines, date):
        last_day = case.company_id._dunning_today() + timedelta(days=PROMISE_DAYS)
        return date <= last_day and self._is_first("promise", lines)

    @api.model
    def _make(self, case, name, lines, **values):
        """A promise or dispute of these lines, one for each currency."""
        user = case._get_collector(case.level_id.policy_id)
        self.env[f"dunning.{name}"].create(
            [
                {
                    "case_id": case.id,
                    "move_line_ids": [Command.set(same.ids)],
                    "user_id": user.id,
                    **values,
                }
                for same in lines.grouped("currency_id").values()
            ]
        )

    @api.model
    def _hand_to_person(self, case, notice, author, kind, lines, date, text, contact):
        """On the case, to the collector, with what it probably is."""
        lang = case._get_collector(case.level_id.policy_id).lang
        label = self.with_context(lang=lang)._get_choices()[kind]
        about = [
            label,
            ", ".join(lines.move_id.mapped("name")),
            format_date(self.env, date) if date else "",
            contact,
            text,
        ]
        body = "\n".join(filter(None, about))
        message = case.message_post(
            body=plaintext2html(body),
            author_id=author.id,
            email_from=author.email_formatted or author.name,
            message_type="comment",
            subtype_xmlid="mail.mt_note",
        )
        self.env["dunning.reply"]._receive(
            IncomingMail(
                case=case,
                notice=notice.filtered(lambda notice: notice.case_id == case),
                message_id=message.message_id,
                subject="",
                text=body,
                email_from=message.email_from,
                sender=author.email_normalized or "",
                is_family=True,
                is_automatic=False,
                is_forged=False,
                suggestion=Suggestion(
                    KINDS[kind], date, matched=label, contact=contact
                ),
            )
        )

    @api.model
    def _get_choices(self):
        """{kind: label} of what a customer can say, in his language on the page and in
        the collector's on the case."""
        return {
            "promise": self.env._("I will pay them by this day"),
            "paid": self.env._("I have paid them on this day"),
            "dispute": self.env._("I do not agree with them"),
            "copy": self.env._("Please send them to me again"),
            "contact": self.env._("Somebody else is in charge"),
            "call": self.env._("Please call me"),
            "other": self.env._("Something else"),
        }

    @api.model
    def _parse_date(self, text):
        """The date that a form sends, None if it is none."""
        try:
            return fields.Date.to_date(text or None)
        except ValueError:
            return None
