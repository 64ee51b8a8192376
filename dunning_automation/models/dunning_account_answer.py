from datetime import timedelta

from odoo import SUPERUSER_ID, Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date, plaintext2html

from ..tools import plans, uploads
from ..tools.incoming_mail import IncomingMail
from ..tools.replies import Suggestion

KINDS = {
    "promise": "promises",
    "parts": "promises",
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
"""A promise, or first instalment, for a later day is accepted by a person only."""
MAX_PARTS = 24
MAX_FILES = 3
"""Files of one answer."""
WITH_FILES = ("paid", "dispute")
"""What files can belong to."""
MEGABYTE = 2**20


class DunningAccountAnswer(models.AbstractModel):
    """What a customer says on his account page.

    A first promise for soon and a first dispute count at once, as if a collector had
    noted them: their holds end by themselves. So does a first payment plan within the
    limits of the policy; another one is proposed, and waits for approval a few days.
    All else waits for a person like an answer by mail (``dunning.reply``), and pauses
    the next reminder as that does.
    """

    _name = "dunning.account.answer"
    _description = "Answer on the Account Page"

    @api.model
    def _search_case(self, partner, company):
        return self.env["dunning.agreement"].sudo()._search_case(partner, company)

    @api.model
    def _answer(self, *args, **kwargs):
        """Take an answer as a whole, or nothing of it: see ``_take``."""
        with self.env.cr.savepoint():
            return self._take(*args, **kwargs)

    @api.model
    def _take(
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
        parts=None,
        interval=None,
        files=(),
    ):
        """Take an answer; what follows is done by the system.

        :param case: the open ``dunning.case``
        :param notice: the one with the link, empty for portal users
        :param author: ``res.partner`` who answers
        :param str kind: one of ``KINDS``
        :param line_ids: open items that it is about
        :param date: until when he pays, when he pays the first part, or when he paid
        :param str contact: address or number of the right contact, or to call
        :param int parts: number of instalments, one each ``interval`` of
            ``dunning.plan``
        :param files: ``[(name, bytes), ...]``, whose names and types prove nothing
        :return: what happened: ``promise``, ``plan``, ``plan_asked``, ``dispute``,
            ``reply`` or one of ``TOLD_APART``
        :raise UserError: in words for the customer
        """
        self = self.with_user(SUPERUSER_ID).with_company(case.company_id)
        case, notice = case.with_env(self.env), notice.with_env(self.env)
        lines = self._get_own_lines(case, line_ids)
        text = text.replace("\0", "").strip()[:MAX_TEXT]
        contact = " ".join(contact.replace("\0", "").split())[:MAX_CONTACT]
        self._check_answer(case, kind, lines, date, text, contact)
        files = self._check_files(case.company_id, kind, files)
        if kind == "parts":
            self._check_parts(parts, interval)
        if kind == "promise" and self._is_promise_fine(case, lines, date):
            self._make(case, "promise", lines, date=date, note=text)
            return "promise"
        if kind == "parts" and self._is_first("plan", lines):
            return self._make_plans(case, author, lines, date, parts, interval, text)
        if kind == "dispute" and self._is_first("dispute", lines):
            reasons = self.env["dunning.dispute.reason"].search([], limit=100)
            reason = reasons.filtered(lambda reason: reason.id == reason_id)
            reason = (reason or reasons)[:1]
            made = self._make(
                case, "dispute", lines, reason_id=reason.id, description=text
            )
            for dispute in made if files else ():
                self._note(dispute, author, text, files)
            return "dispute"
        if kind == "parts":
            text = "\n".join([self._say_parts(parts, interval), text])
        self._hand_to_person(
            case, notice, author, kind, lines, date, text, contact, files
        )
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
        if kind in ("promise", "parts", "paid", "dispute", "copy") and not lines:
            raise UserError(self.env._("Please tick the invoices that you mean."))
        today = case.company_id._dunning_today()
        if kind == "promise" and (not date or date < today):
            raise UserError(
                self.env._("Please enter the day until which you will pay.")
            )
        if kind == "parts" and (not date or date < today):
            raise UserError(
                self.env._("Please enter the day on which you will pay the first part.")
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
    def _check_parts(self, parts, interval):
        if not parts or not 2 <= parts <= MAX_PARTS:
            raise UserError(
                self.env._("Please enter how many parts: 2 to %s.", MAX_PARTS)
            )
        if interval not in plans.INTERVALS:
            raise UserError(self.env._("Please choose how often you will pay."))

    @api.model
    def _check_files(self, company, kind, files):
        """The files as we keep them: ``[(name, bytes), ...]``.

        :raise UserError: before anything is saved
        """
        if not files:
            return []
        limit = company.dunning_upload_mb
        if not limit:
            raise UserError(
                self.env._("Files cannot be sent here. Take them out, please.")
            )
        if kind not in WITH_FILES:
            raise UserError(
                self.env._(
                    "Files can be sent when you have paid, or do not agree. Take them "
                    "out, please."
                )
            )
        if len(files) > MAX_FILES:
            raise UserError(self.env._("Please send at most %s files.", MAX_FILES))
        return [(self._check_file(limit, *file), file[1]) for file in files]

    @api.model
    def _check_file(self, limit, name, content):
        """The name under which we keep a file of at most ``limit`` megabytes."""
        if len(content) > limit * MEGABYTE:
            raise UserError(
                self.env._(
                    "%(name)s is too large: a file can have %(limit)s megabytes. "
                    "Nothing was sent.",
                    name=name,
                    limit=limit,
                )
            )
        extension = uploads.kind(content)
        if not extension:
            raise UserError(
                self.env._("%s is no PDF, PNG or JPEG file. Nothing was sent.", name)
            )
        return uploads.safe_name(name, extension)

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
            + self.env["dunning.plan"].search_count(recent)
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
        """A promise, plan or dispute of these lines, one for each currency."""
        user = case._get_collector(case.level_id.policy_id)
        return self.env[f"dunning.{name}"].create(
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
    def _make_plans(self, case, author, lines, date, parts, interval, text):
        """A plan for each currency; what came of them: ``plan`` if all are agreed,
        else ``plan_asked``."""
        made = self._make(
            case,
            "plan",
            lines,
            instalment_count=parts,
            first_date=date,
            interval=interval,
            note=text,
        )
        for plan in made:
            plan._confirm_customers(PROMISE_DAYS)
            self._note(plan, author, self._say_parts(parts, interval))
        is_agreed = all(plan.state == "active" for plan in made)
        return "plan" if is_agreed else "plan_asked"

    @api.model
    def _say_parts(self, parts, interval):
        labels = dict(
            self.env["dunning.plan"]
            ._fields["interval"]
            ._description_selection(self.env)
        )
        return self.env._(
            "In %(parts)s parts, one every: %(interval)s",
            parts=parts,
            interval=labels[interval],
        )

    @api.model
    def _note(self, record, author, text, files=()):
        """What the customer said and sent, in his name, for employees only: files of
        a record are read by those who may read the record."""
        return record.message_post(
            body=plaintext2html(text),
            author_id=author.id,
            email_from=author.email_formatted or author.name,
            message_type="comment",
            subtype_xmlid="mail.mt_note",
            attachments=list(files),
        )

    @api.model
    def _hand_to_person(
        self, case, notice, author, kind, lines, date, text, contact, files
    ):
        """On the case, to the collector, with what it probably is."""
        lang = case._get_collector(case.level_id.policy_id).lang
        label = self.with_context(lang=lang)._get_choices()[kind]
        about = [
            label,
            ", ".join(lines.move_id.mapped("name")),
            format_date(self.env, date) if date else "",
            contact,
            text,
            ", ".join(name for name, _content in files),
        ]
        body = "\n".join(filter(None, about))
        message = self._note(case, author, body, files)
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
            "parts": self.env._("I will pay them in parts, from this day"),
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
