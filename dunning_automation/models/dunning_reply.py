from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import email_normalize, format_date, plaintext2html

from ..tools import replies, reply_headers, reply_text
from ..tools.incoming_mail import IncomingMail

EXCERPT = 300
"""Characters of the answer that the task shows."""
SHOWN = 4000
"""Characters of the answer that the case shows above its form."""


class DunningReply(models.Model):
    """An answer to a reminder: who wrote, what it probably says, what a person did.

    Made of each mail that arrives on a case. If somebody of the customer's company
    wrote, the customer's next automatic step waits until a person looked, at most the
    company's ``dunning_reply_pause_days`` after the first answer that nobody read: who
    writes every day does not stop his reminders for ever. Whoever only knows our
    Message-ID pauses nothing; the collector sees that the sender is unknown.

    The suggestion comes from ``tools/replies.py`` and decides nothing. Answers that
    come while another one of the same day waits join it, so that a machine that
    answers itself makes one row and one task a day.
    """

    _name = "dunning.reply"
    _description = "Answer to a Reminder"
    _order = "date desc, id desc"
    _rec_name = "email_from"
    _allow_sudo_commands = False

    case_id = fields.Many2one(
        "dunning.case", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    user_id = fields.Many2one(related="case_id.user_id", string="Collector")
    notice_id = fields.Many2one(
        "dunning.notice", "Answers", readonly=True, index="btree_not_null"
    )
    message_id = fields.Many2one(
        "mail.message",
        "First Mail",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    message_ids = fields.Many2many(
        "mail.message", string="Mails", readonly=True, help="All of the same day."
    )
    mail_count = fields.Integer("Number of Mails", readonly=True, default=1)
    author_id = fields.Many2one(
        "res.partner",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    email_from = fields.Char("From", readonly=True)
    is_family = fields.Boolean(
        "Known Sender",
        readonly=True,
        help="Somebody of the customer's company wrote, or the one we had written to.",
    )
    is_automatic = fields.Boolean(readonly=True, help="A machine wrote.")
    is_forged = fields.Boolean(
        readonly=True, help="Our mail server could not verify the sender (DMARC)."
    )
    date = fields.Date(
        readonly=True, help="Day of arrival, in the company's time zone."
    )
    date_last = fields.Datetime("Received", readonly=True)
    suggestion = fields.Selection(
        [
            ("says_paid", "Says it is paid"),
            ("promises", "Promises to pay"),
            ("disputes", "Disputes"),
            ("out_of_office", "Out of office"),
            ("wrong_contact", "Wrong contact"),
            ("unsubscribe", "Wants no messages"),
            ("wants_copy", "Wants the invoice again"),
            ("wants_call", "Wants a call"),
            ("other", "Read it"),
        ],
        required=True,
        readonly=True,
        help="From transparent rules; it decides nothing.",
    )
    suggested_date = fields.Date(
        readonly=True, help="Day that the answer names: paid, promised, or back on."
    )
    suggested_amount = fields.Monetary(readonly=True)
    suggested_contact = fields.Char(
        readonly=True, help="Address to which the answer points."
    )
    matched = fields.Char(readonly=True, help="The words that made the suggestion.")
    explanation = fields.Char(compute="_compute_explanation")
    text = fields.Text(
        compute="_compute_text", help="What was written, without quoted history."
    )
    body = fields.Html("Whole Message", compute="_compute_text", sanitize=True)
    state = fields.Selection(
        [("open", "To Read"), ("handled", "Handled")],
        required=True,
        readonly=True,
        default="open",
    )
    handled_as = fields.Selection(
        [
            ("paid", "Paid: wait for the bank"),
            ("promise", "Promise"),
            ("dispute", "Dispute"),
            ("wrong_contact", "Wrong contact"),
            ("unsubscribe", "No more messages"),
            ("nothing", "Nothing to do"),
            ("automatic", "Automatic answer"),
        ],
        readonly=True,
    )
    handled_by_id = fields.Many2one("res.users", readonly=True)
    handled_at = fields.Datetime("Handled On", readonly=True)
    hold_id = fields.Many2one(
        "dunning.hold", readonly=True, index="btree_not_null", ondelete="set null"
    )
    pause_end = fields.Date("Paused Until", compute="_compute_pause_end")
    activity_id = fields.Many2one(
        "mail.activity", readonly=True, index="btree_not_null", ondelete="set null"
    )

    _waiting_idx = models.Index("(partner_id, company_id) WHERE state = 'open'")

    # === COMPUTE METHODS === #

    @api.depends("suggestion", "email_from", "partner_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._fields["suggestion"]._description_selection(self.env))
        for reply in self:
            who = reply.partner_id.display_name or ""
            reply.display_name = f"{who} · {labels.get(reply.suggestion, '')}"

    @api.depends("matched", "suggestion", "suggested_date")
    @api.depends_context("lang")
    def _compute_explanation(self):
        labels = dict(self._fields["suggestion"]._description_selection(self.env))
        for reply in self:
            parts = [labels.get(reply.suggestion)]
            if reply.suggested_date:
                parts.append(format_date(self.env, reply.suggested_date))
            if reply.matched:
                parts.append(self.env._("matched: “%s”", reply.matched))
            if reply.suggested_contact:
                parts.append(self.env._("points to %s", reply.suggested_contact))
            reply.explanation = " · ".join(filter(None, parts))

    @api.depends("message_ids.body")
    def _compute_text(self):
        """Whoever reads the answer may read what it consists of."""
        for reply in self:
            messages_sudo = reply.sudo().message_ids.sorted("id")
            texts = [
                reply_text.own_words(reply_text.from_html(message.body))
                for message in messages_sudo
            ]
            reply.text = "\n\n".join(filter(None, texts))[:SHOWN]
            reply.body = messages_sudo[-1:].body

    @api.depends("hold_id.state", "hold_id.date_end")
    def _compute_pause_end(self):
        for reply in self:
            hold_sudo = reply.sudo().hold_id
            is_paused = hold_sudo.state == "active" and (
                hold_sudo.date_end >= reply.company_id._dunning_today()
            )
            reply.pause_end = is_paused and hold_sudo.date_end

    # === A MAIL ARRIVES === #

    @api.model
    def _read_mail(self, case, message, message_dict, notice):
        """What is known of a mail on ``case`` before it is posted.

        :param message: the ``EmailMessage``
        :param notice: the notice that it answers, may be empty
        """
        sender = email_normalize(message_dict["email_from"]) or ""
        is_forged = reply_headers.is_forged(message)
        notice = notice.filtered(lambda notice: notice.case_id == case)
        return IncomingMail(
            case=case,
            notice=notice,
            message_id=message_dict["message_id"],
            subject=message_dict.get("subject") or "",
            text=reply_text.from_html(message_dict.get("body")),
            email_from=message_dict["email_from"] or "",
            sender=sender,
            is_family=not is_forged and self._is_family(case, notice, sender),
            is_automatic=reply_headers.is_automatic(message),
            is_forged=is_forged,
        )

    @api.model
    def _is_family(self, case, notice, sender):
        """Whether the debtor's company, or the one we had written to, wrote."""
        if not sender:
            return False
        domain = [
            ("commercial_partner_id", "=", case.partner_id.commercial_partner_id.id),
            ("email_normalized", "=", sender),
        ]
        return sender == email_normalize(notice.email_to or "") or bool(
            self.env["res.partner"].search_count(domain, limit=1)
        )

    @api.model
    def _receive(self, mail):
        """A mail was posted on a case: keep it for a person, and pause."""
        message = self._find_message(mail)
        if not message or (not mail.is_family and self._is_colleague(message)):
            return self.browse()
        values = self._prepare_values(mail, message)
        reply = self._search_joined(values)
        if reply:
            reply._join(values)
        else:
            reply = self.create(values)
            reply._create_task()
        reply._pause()
        reply._tell(
            "reply_received",
            personal={"email_from": mail.email_from, "text": mail.text},
            suggestion=values["suggestion"],
            family=mail.is_family,
            automatic=mail.is_automatic,
            message=message.id,
        )
        return reply

    @api.model
    def _find_message(self, mail):
        domain = [
            ("message_id", "=", mail.message_id),
            ("model", "=", mail.case._name),
            ("res_id", "=", mail.case.id),
        ]
        return self.env["mail.message"].search(domain, order="id desc", limit=1)

    @api.model
    def _is_colleague(self, message):
        """Whether one of us wrote, say in answer to all: that is no answer to us."""
        users = message.author_id.user_ids
        return any(not user.share for user in users)

    @api.model
    def _prepare_values(self, mail, message):
        company = mail.case.company_id
        today = company._dunning_today()
        languages = [mail.notice.lang, mail.case.partner_id.lang]
        found = mail.suggestion or replies.suggest(
            mail.subject, mail.text, today, [code for code in languages if code]
        )
        is_read = found.kind == "out_of_office" or (
            mail.is_automatic and found.kind == "other"
        )
        return {
            "case_id": mail.case.id,
            "company_id": company.id,
            "partner_id": mail.case.partner_id.id,
            "notice_id": mail.notice.id,
            "message_id": message.id,
            "message_ids": [Command.link(message.id)],
            "author_id": message.author_id.id,
            "email_from": mail.email_from,
            "is_family": mail.is_family,
            "is_automatic": mail.is_automatic,
            "is_forged": mail.is_forged,
            "date": today,
            "date_last": self.env.cr.now(),
            "suggestion": found.kind,
            "suggested_date": found.date,
            "suggested_amount": found.amount,
            "suggested_contact": found.contact,
            "matched": found.matched[:200],
            # What a machine says needs nobody, unless nobody reads our reminders.
            "state": "handled" if is_read else "open",
            "handled_as": "automatic" if is_read else False,
        }

    @api.model
    def _search_joined(self, values):
        """The row of the same day and the same kind of sender that waits."""
        names = ("case_id", "date", "state", "handled_as", "is_family")
        domain = Domain.AND([(name, "=", values[name])] for name in names)
        return self.search(domain, limit=1)

    def _join(self, values):
        """Another mail of the day: it stands below the first, and what it says counts
        more than what was said before."""
        self.ensure_one()
        told = {"message_ids", "date_last", "email_from", "author_id"}
        if values["suggestion"] != "other":
            told |= {name for name in values if name.startswith("suggest")} | {
                "matched"
            }
        told = {name: values[name] for name in told}
        self.write(
            {
                **told,
                "mail_count": self.mail_count + 1,
                "is_automatic": self.is_automatic and values["is_automatic"],
            }
        )

    # === THE PAUSE === #

    def _may_pause(self):
        """Whether a person of the customer wrote something that one of us must read,
        while something is owed."""
        self.ensure_one()
        return (
            self.company_id.dunning_reply_pause
            and self.state == "open"
            and self.is_family
            and not self.is_automatic
            and bool(self._search_open_case())
        )

    def _search_open_case(self):
        return self.env["dunning.case"].search(
            [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("state", "=", "open"),
            ],
            limit=1,
        )

    def _search_waiting(self):
        """All answers of this customer to this company that nobody read."""
        return self.search(
            [
                ("partner_id", "in", self.partner_id.ids),
                ("company_id", "in", self.company_id.ids),
                ("state", "=", "open"),
                ("is_family", "=", True),
            ]
        )

    def _pause(self):
        """The next automatic step waits until a person looked, or the time is over that
        began with the first answer that nobody read."""
        if not self._may_pause() or self.hold_id.state == "active":
            return
        waiting = self._search_waiting()
        if hold := waiting.hold_id.filtered(lambda hold: hold.state == "active")[:1]:
            self.hold_id = hold
            return
        days = self.company_id.dunning_reply_pause_days
        date_end = min(waiting.mapped("date")) + timedelta(days=days)
        if date_end >= self.company_id._dunning_today():
            note = self.env._("An answer of the customer waits for a person.")
            self.hold_id = self._create_hold(date_end, note)

    def _create_hold(self, date_end, note):
        return (
            self.env["dunning.hold"]
            .sudo()
            .create(
                {
                    "kind": "contact",
                    "partner_id": self.partner_id.id,
                    "company_id": self.company_id.id,
                    "case_id": self.case_id.id,
                    "date_end": date_end,
                    "note": note,
                    "user_id": self._get_user().id,
                }
            )
        )

    def _release_hold(self):
        """Reminders go on, unless another answer of the customer waits."""
        for reply in self:
            if reply.hold_id not in reply._search_waiting().hold_id:
                reply.hold_id._release(self.env._("The answer was read."))

    # === THE TASK === #

    def _get_user(self):
        """Who reads it: the collector, else the policy's responsible, else a manager;
        somebody who left, or works for another company, would never see it."""
        self.ensure_one()
        case = self._search_open_case() or self.case_id
        policy = self.notice_id.policy_id or case.level_id.policy_id
        users = self.case_id.user_id | case.user_id | policy.user_id
        managers = self.env.ref("dunning_automation.group_manager").all_user_ids
        for user in (*users, *managers):
            if user.active and not user.share and self.company_id in user.company_ids:
                return user
        return self.env.ref("base.user_admin")

    def _create_task(self):
        if self.state != "open":
            return
        user = self._get_user()
        reply = self.with_context(lang=user.lang)
        case = reply.case_id.with_context(mail_activity_quick_update=True)
        self.activity_id = case.activity_schedule(
            activity_type_id=self._get_activity_type().id,
            date_deadline=self.company_id._dunning_today(),
            summary=reply._get_summary(),
            note=plaintext2html(reply.text[:EXCERPT]),
            user_id=user.id,
        )

    @api.model
    def _get_activity_type(self):
        """The type of our tasks; Odoo's to-do if somebody deleted it."""
        ours = self.env.ref(
            "dunning_automation.mail_activity_reply", raise_if_not_found=False
        )
        return ours or self.env.ref("mail.mail_activity_data_todo")

    def _get_summary(self):
        """“Answer of Azure Interior: says it is paid”."""
        self.ensure_one()
        customer = self.partner_id.display_name
        if not self.is_family:
            return self.env._("Sender unknown: a mail about %s", customer)
        words = {
            "says_paid": self.env._("says it is paid"),
            "promises": self.env._("promises to pay"),
            "disputes": self.env._("disputes"),
            "wrong_contact": self.env._("wrong contact"),
            "unsubscribe": self.env._("wants no messages"),
            "wants_copy": self.env._("wants the invoice again"),
            "wants_call": self.env._("wants a call"),
        }.get(self.suggestion, self.env._("read it"))
        return self.env._(
            "Answer of %(customer)s: %(words)s", customer=customer, words=words
        )

    # === WHAT A PERSON DECIDES === #

    def _check_collector(self):
        self.check_access("read")
        if not self.env.user.has_group("dunning_automation.group_user"):
            raise AccessError(self.env._("Only collections users handle answers."))

    def action_paid(self):
        """Wait for the bank; if nothing arrives, reminders go on by themselves."""
        self._check_collector()
        for reply in self.sudo().filtered(lambda reply: reply.state == "open"):
            days = reply.company_id.dunning_reply_pause_days
            date_end = reply.company_id._dunning_today() + timedelta(days=days)
            note = self.env._("The customer says it is paid: the bank will tell.")
            hold = reply._create_hold(date_end, note)
            reply._set_handled("paid", date_end=fields.Date.to_string(date_end))
            reply.hold_id = hold

    def action_promise(self):
        """Note what was promised; the answer is handled when the promise is saved."""
        self.ensure_one()
        values = {"default_amount": self.suggested_amount}
        if self.suggestion == "promises" and self.suggested_date:
            if self.suggested_date >= self.company_id._dunning_today():
                values["default_date"] = fields.Date.to_string(self.suggested_date)
        return self._open_dialog("dunning_promise_new_action", values)

    def action_dispute(self):
        """Note what is contested; the answer is handled when the dispute is saved."""
        self.ensure_one()
        values = {"default_description": self.text}
        if self.suggestion == "disputes":
            values["default_amount"] = self.suggested_amount
        return self._open_dialog("dunning_dispute_new_action", values)

    def action_wrong_contact(self):
        """Open the customer, so that somebody enters who is in charge."""
        self.ensure_one()
        self._check_collector()
        self.sudo()._set_handled("wrong_contact")
        return self.partner_id._get_records_action(name=self.env._("Repair Contact"))

    def action_unsubscribe(self):
        """No further mail to the address that wrote; nobody can do that for another."""
        self._check_collector()
        for reply in self:
            address = email_normalize(reply.email_from or "")
            if not address:
                raise UserError(self.env._("This answer has no sender's address."))
            self.env["dunning.optout"].sudo()._add(
                reply.partner_id, "email", address, "reply", reply.text[:EXCERPT]
            )
        self.sudo()._set_handled("unsubscribe")

    def action_nothing(self):
        """Read, and nothing follows: reminders go on."""
        self._check_collector()
        self.sudo()._set_handled("nothing")

    def action_open_case(self):
        self.ensure_one()
        return self.case_id._get_records_action()

    def _open_dialog(self, name, values):
        self._check_collector()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"dunning_automation.{name}"
        )
        context = {name: value for name, value in values.items() if value}
        context |= {"default_case_id": self.case_id.id, "dunning_reply_id": self.id}
        return action | {"context": context}

    @api.model
    def _take_over(self, agreements):
        """A promise, dispute or plan was made out of the answer that the context
        names: with that the answer is handled."""
        reply = self.browse(self.env.context.get("dunning_reply_id")).exists()
        if reply and agreements.partner_id == reply.partner_id:
            reply._check_collector()
            handled_as = "dispute" if agreements._hold_kind == "dispute" else "promise"
            reply.sudo()._set_handled(handled_as)

    def _set_handled(self, handled_as, **payload):
        """A person looked: the pause ends, and so does the task."""
        waiting = self.filtered(lambda reply: reply.state == "open")
        waiting.write(
            {
                "state": "handled",
                "handled_as": handled_as,
                "handled_by_id": self.env.uid,
                "handled_at": self.env.cr.now(),
            }
        )
        waiting._release_hold()
        labels = dict(self._fields["handled_as"]._description_selection(self.env))
        for task in waiting.activity_id.filtered("active"):
            task.action_feedback(feedback=labels[handled_as])
        waiting._tell("reply_handled", handled_as=handled_as, **payload)

    def _tell(self, kind, personal=None, **payload):
        """Append an event of ``kind`` for each of these answers; what the customer
        wrote only leaves its fingerprint."""
        self.env["dunning.event"].sudo().create(
            [
                {
                    "company_id": reply.company_id.id,
                    "partner_id": reply.partner_id.id,
                    "case_id": reply.case_id.id,
                    "notice_id": reply.notice_id.id,
                    "kind": kind,
                    "personal": personal,
                    "payload": {"reply": reply.id, **payload},
                }
                for reply in self
            ]
        )

    # === PERSONAL DATA === #

    def _erase_personal(self):
        """Forget who wrote and what; that somebody answered, and when, stays."""
        self.write(
            {
                "email_from": False,
                "author_id": False,
                "matched": False,
                "suggested_contact": False,
            }
        )
        self.message_ids.write({"email_from": False, "author_id": False})
