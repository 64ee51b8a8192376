import hashlib
from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ..tools import fingerprint
from .common import NO_TRACKING
from .common_replies import CATCHALL, ReplyCommon
from .test_proof import REPORT

STRANGER = "Eve <eve@evil.example>"


@tagged("post_install", "-at_install")
class TestReplyRouting(ReplyCommon):
    """An answer lands on its case, whoever answers; only the customer pauses."""

    def test_stranger_who_knows_the_message_id_pauses_nothing(self):
        notice = self.remind()
        for headers in ({}, {"Auto-Submitted": "no"}):
            reply = self.answer(notice, "We have paid.", STRANGER, headers=headers)
        self.assertRecordValues(
            reply,
            [
                {
                    "case_id": notice.case_id.id,
                    "is_family": False,
                    "state": "open",
                    "hold_id": False,
                    "mail_count": 2,
                    "email_from": '"Eve" <eve@evil.example>',
                }
            ],
        )
        self.assertFalse(self.holds())
        self.assertEqual(notice.state, "sent")
        task = self.tasks(notice.case_id)
        self.assertEqual(task.summary, "Sender unknown: a mail about Customer")
        self.assertEqual(task.user_id, self.policy.user_id)
        self.assertTrue(reply.message_ids.subtype_id.internal, "for us only")
        self.run_on(7)
        self.assertEqual(self.why(self.overdue), "remind/level_reached")

    def test_forged_sender_is_a_stranger(self):
        notice = self.remind()
        reply = self.answer(
            notice, headers={"Authentication-Results": "mx.company.example; dmarc=fail"}
        )
        self.assertRecordValues(reply, [{"is_family": False, "is_forged": True}])
        self.assertFalse(self.holds())

    def test_who_answers(self):
        notice = self.remind()
        notice.case_id.with_context(**NO_TRACKING).user_id = self.collector
        for sender, author in [
            (self.customer.email, self.customer),
            ("Clerk <CLERK@example.com>", self.clerk),
        ]:
            with self.subTest(sender):
                reply = self.answer(notice, sender=sender)
                self.assertRecordValues(
                    reply,
                    [
                        {
                            "case_id": notice.case_id.id,
                            "partner_id": self.customer.id,
                            "notice_id": notice.id,
                            "author_id": author.id,
                            "is_family": True,
                            "suggestion": "says_paid",
                            "matched": "We have already paid",
                            "state": "open",
                        }
                    ],
                )
                self.assertEqual(reply.message_id.model, "dunning.case")
                self.assertEqual(reply.message_id.author_id, author)
                self.assertEqual(self.tasks(notice.case_id).user_id, self.collector)
                reply.with_user(self.collector).action_nothing()
        self.assertEqual(notice.state, "delivered")

    def test_recipient_with_an_address_of_another_company(self):
        """The dunning contact may sit in a shared service centre."""
        notice = self.remind()
        notice.sudo().email_to = "centre@service.example"
        self.assertTrue(self.answer(notice).is_family)

    def test_answer_before_the_copy_is_on_the_case(self):
        self.run_on()
        with patch.object(
            type(self.env["dunning.sender"]), "_post_on_cases", lambda sender: None
        ):
            self.deliver()
        notice = self.notices()
        self.assertFalse(notice.mail_message_id)
        reply = self.answer(notice)
        self.assertEqual(reply.case_id, notice.case_id)
        self.assertTrue(self.holds(state="active"))

    def test_answer_before_the_outcome_is_known(self):
        self.run_on()
        notice = self.notices()
        notice.sudo()._set_state("claimed", message_id="<claimed@company.example>")
        reply = self.answer(notice, sender=self.customer.email)
        self.assertEqual(reply.case_id, notice.case_id)

    def test_answer_to_our_answer(self):
        """The thread goes on with messages that no notice sent."""
        notice = self.remind()
        said = notice.case_id.message_post(
            body="What do you mean?", message_type="comment"
        )
        reply = self.answer(notice, in_reply_to=said.message_id)
        self.assertRecordValues(
            reply, [{"case_id": notice.case_id.id, "is_family": True}]
        )

    def test_case_of_the_last_reference(self):
        first = self.remind()
        other = self._create_customer()
        self.invoice(other, days_overdue=9)
        second = self.remind(other)
        reply = self.answer(
            second,
            sender=other.email,
            headers={"X-Old": first.message_id},
        )
        self.assertEqual(reply.case_id, second.case_id)
        mixed = f"{first.message_id} {second.message_id}"
        reply = self.answer(second, sender=other.email, in_reply_to=mixed)
        self.assertEqual(reply.case_id, second.case_id)

    def test_two_companies(self):
        other = self.setup_other_company(name="Other", email="other@other.example")
        company = other["company"]
        self._create_policy(company_id=company.id)
        self.invoice(company=company)
        self.run_on()
        self.run_on(company=company)
        self.deliver()
        mine, theirs = (
            self.notices(company_id=self.company.id),
            self.notices(company_id=company.id),
        )
        reply = self.answer(theirs)
        self.assertEqual(reply.case_id, theirs.case_id)
        self.assertEqual(reply.company_id, company)
        self.assertEqual(self.holds().company_id, company)
        self.assertNotIn("reply_received", self.kinds(mine.case_id))

    def test_forward_to_another_alias_is_none_of_ours(self):
        notice = self.remind()
        self.env["mail.alias"].create(
            {
                "alias_name": "desk",
                "alias_domain_id": self.domain.id,
                "alias_model_id": self.env["ir.model"]._get_id("res.partner"),
            }
        )
        self.assertFalse(self.answer(notice, to="desk@company.example"))

    def test_mail_that_answers_nothing_goes_odoos_way(self):
        """Odoo tells whoever writes to the catchall address that nobody reads it."""
        notice = self.remind()
        self.assertFalse(self.answer(notice, in_reply_to="<new@customer.example>"))

    def test_collector_who_answers_all_is_no_customer(self):
        notice = self.remind()
        self.collector.email = "collector@company.example"
        self.assertFalse(self.answer(notice, sender=self.collector.email))
        self.assertEqual(
            notice.case_id.message_ids[0].author_id, self.collector.partner_id
        )

    def test_bounce_is_no_answer(self):
        notice = self.remind()
        text = REPORT.format(
            sender="MAILER-DAEMON@mx.example.com",
            address=self.customer.email,
            action="failed",
            message_id=notice.message_id,
        )
        with self.mock_mail_gateway():
            self.env["mail.thread"].message_process(None, text.encode())
        self.assertEqual(notice.state, "failed")
        self.assertFalse(self.replies())

    # === REPLY-TO === #

    def test_answers_reach_odoo_and_bear_the_collectors_name(self):
        self.run_on()
        notice = self.notices()
        notice.case_id.with_context(**NO_TRACKING).user_id = self.collector
        self.collector.name = "Ann Collector"
        message = self.deliver()[0]["EmailMessage"]
        self.assertEqual(message["Reply-To"], f"Ann Collector <{CATCHALL}>")

    def test_reply_to_without_a_collector_or_an_alias_domain(self):
        self.run_on()
        message = self.deliver()[0]["EmailMessage"]
        self.assertIn(f"<{CATCHALL}>", message["Reply-To"])
        self.assertIn(self.company.name, message["Reply-To"])
        self.company.alias_domain_id = False
        self.invoice(self._create_customer())
        self.run_on()
        message = self.deliver()[0]["EmailMessage"]
        self.assertIn("billing@company.example", message["Reply-To"])

    # === WHAT A MAIL CONSISTS OF === #

    def test_languages(self):
        for text, suggestion, day in [
            ("We'll transfer it on Friday.", "promises", "2026-03-13"),
            ("Wir überweisen am Freitag.", "promises", "2026-03-13"),
            ("Le virement a été fait le 5 mars.", "says_paid", "2026-03-05"),
            ("La mercancía llegó dañada.", "disputes", None),
        ]:
            with self.subTest(text):
                customer = self._create_customer()
                self.invoice(customer)
                notice = self.remind(customer)
                reply = self.answer(notice, text)
                self.assertEqual(reply.suggestion, suggestion)
                self.assertEqual(str(reply.suggested_date or "None"), str(day))
                self.assertEqual(reply.text, text)

    def test_html_only(self):
        notice = self.remind()
        reply = self.answer(
            notice,
            None,
            html="<html><body><div>Wir haben <b>gestern</b> überwiesen."
            "<script>alert(1)</script><img src=x onerror=alert(1)></div>"
            "<div class='gmail_quote'>On Mon Billing wrote:<blockquote>You have not "
            "paid, we dispute.</blockquote></div></body></html>",
        )
        self.assertEqual(reply.suggestion, "says_paid")
        self.assertEqual(reply.suggested_date, self.today - timedelta(days=1))
        self.assertEqual(reply.text, "Wir haben gestern überwiesen.")
        self.assertIn("gestern", reply.body)
        self.assertNotIn("<script", reply.body)
        self.assertNotIn("onerror", reply.body)

    def test_multipart_with_attachments(self):
        notice = self.remind()
        reply = self.answer(
            notice,
            "Anbei der Zahlungsbeleg.\n\nAm 09.03.26 schrieb Billing:\n> Bitte zahlen",
            html="<p>Anbei der Zahlungsbeleg.</p>",
            attachments=[("proof.pdf", b"%PDF-1.4 proof")],
        )
        self.assertEqual(reply.suggestion, "says_paid")
        found = self.env["ir.attachment"].search(
            [("res_model", "=", "dunning.case"), ("res_id", "=", notice.case_id.id)]
        )
        self.assertEqual(found.mapped("name"), ["proof.pdf"])
        self.assertEqual(found.raw, b"%PDF-1.4 proof")

    def test_empty_and_strange_mails(self):
        notice = self.remind()
        for text, headers in [
            ("", {}),
            ("\0\x1b<>&", {}),
            ("> only\n> quoted", {}),
            ("Hi" * 5000, {"X-Priority": "1"}),
        ]:
            with self.subTest(text[:10]):
                self.assertEqual(
                    self.answer(notice, text, headers=headers).suggestion, "other"
                )

    def test_event_keeps_no_personal_words(self):
        notice = self.remind()
        reply = self.answer(notice, "We have paid. Yours, Zoe Secret")
        event = notice.case_id.event_ids.filtered(
            lambda event: event.kind == "reply_received"
        ).sudo()
        self.assertFalse(event.note)
        self.assertNotIn("Zoe", str(event.payload))
        self.assertEqual(event.payload["suggestion"], "says_paid")
        self.assertEqual(event.payload["reply"], reply.id)
        self.assertEqual(
            event.payload["hmac"]["email_from"],
            fingerprint.of_personal(event.salt, reply.email_from),
        )
        self.assertEqual(event.summary, f"{notice.level_id.name} · Says it is paid")
        self.assertEqual(
            len(event.payload["hmac"]["text"]), hashlib.sha256().digest_size * 2
        )

    def test_personal_data_are_erased(self):
        notice = self.remind()
        reply = self.answer(
            notice, "We have paid. Zoe", sender="Zoe <clerk@example.com>"
        )
        self.customer.sudo()._dunning_erase()
        reply.invalidate_recordset()
        self.assertRecordValues(
            reply,
            [
                {
                    "email_from": False,
                    "author_id": False,
                    "matched": False,
                    "text": "",
                    "suggestion": "says_paid",
                }
            ],
        )
        self.assertNotIn("Zoe", str(reply.message_id.read(["body", "email_from"])))


@tagged("post_install", "-at_install")
class TestReplyPause(ReplyCommon):
    """The next step waits until somebody looked, and no longer than agreed."""

    def test_pause_and_resume_by_a_person(self):
        notice = self.remind()
        reply = self.answer(notice, "Hello?")
        self.assertRecordValues(
            self.holds(),
            [
                {
                    "state": "active",
                    "case_id": notice.case_id.id,
                    "date_end": self.today + timedelta(days=5),
                }
            ],
        )
        self.assertEqual(reply.pause_end, self.today + timedelta(days=5))
        self.run_on()
        self.assertEqual(self.why(self.overdue), "hold/hold_contact")
        reply.with_user(self.collector).action_nothing()
        self.assertEqual(self.holds().state, "released")
        self.assertFalse(self.tasks(notice.case_id))
        self.run_on(7)
        self.assertEqual(self.why(self.overdue), "remind/level_reached")
        kinds = self.kinds(notice.case_id)
        for kind in ("reply_received", "hold_set", "hold_released", "reply_handled"):
            self.assertIn(kind, kinds)

    def test_resumes_by_itself_on_the_right_day(self):
        self.answer(self.remind(), "Hello?")
        for day, answer in enumerate(["hold/hold_contact"] * 6 + ["wait/min_interval"]):
            with self.subTest(day=day):
                self.run_on(1 if day else 0)
                self.assertEqual(self.why(self.overdue), answer)

    def test_who_writes_every_day_does_not_stop_reminders_for_ever(self):
        notice = self.remind()
        for day in range(8):
            self.answer(notice, f"Just a moment ({day})")
            self.travel(1)
        self.assertEqual(self.holds().mapped("date_end"), [self.today - timedelta(3)])
        self.run_on()
        self.assertNotEqual(self.why(self.overdue), "hold/hold_contact")

    def test_queued_notice_is_held_back(self):
        self.run_on()
        self.deliver()
        notice = self.notices()
        self.travel(7)
        self.run_on()
        queued = self.notices(state="ready")
        self.assertTrue(queued)
        self.answer(notice, "Hello?")
        self.cr.precommit.run()
        self.assertEqual(queued.state, "suppressed")

    def test_no_pause(self):
        for name, company, mail in [
            ("switched off", {"dunning_reply_pause": False}, {}),
            ("automatic", {}, {"headers": {"Auto-Submitted": "auto-replied"}}),
            ("out of office", {}, {"text": "I am out of the office until March 20."}),
            ("stranger", {}, {"sender": STRANGER}),
        ]:
            with self.subTest(name):
                customer = self._create_customer()
                self.invoice(customer)
                notice = self.remind(customer)
                self.company.write({"dunning_reply_pause": True} | company)
                reply = self.answer(notice, **mail)
                self.assertFalse(reply.hold_id)
                self.assertEqual(reply.case_id, notice.case_id)

    def test_out_of_office_is_a_note(self):
        notice = self.remind()
        reply = self.answer(
            notice,
            "I am out of the office until 20 March 2026. In urgent cases please write "
            "to bob@example.com.",
            subject="Automatic reply: payment reminder",
            headers={"Auto-Submitted": "auto-replied", "X-Autoreply": "yes"},
        )
        self.assertRecordValues(
            reply,
            [
                {
                    "state": "handled",
                    "handled_as": "automatic",
                    "suggestion": "out_of_office",
                    "suggested_contact": "bob@example.com",
                    "is_automatic": True,
                }
            ],
        )
        case = notice.case_id
        self.assertFalse(self.tasks(case))
        self.assertFalse(case.open_reply_id)
        self.assertIn("03/20/2026", case.away_note)
        self.assertIn("bob@example.com", case.away_note)
        self.assertEqual(notice.state, "delivered")
        self.travel(11)
        case.invalidate_recordset()
        self.assertFalse(case.away_note)

    def test_machine_that_says_nobody_reads_it_is_a_task(self):
        notice = self.remind()
        reply = self.answer(
            notice,
            "This mailbox is no longer monitored. Please write to ap@example.com.",
            headers={"Auto-Submitted": "auto-replied"},
        )
        self.assertRecordValues(
            reply,
            [{"state": "open", "suggestion": "wrong_contact", "hold_id": False}],
        )
        self.assertTrue(self.tasks(notice.case_id))

    def test_flood_makes_one_answer_and_one_task_a_day(self):
        notice = self.remind()
        for number in range(5):
            self.answer(notice, f"Ticket {number}")
            self.answer(notice, f"Ticket {number}", sender=STRANGER)
            self.answer(
                notice, f"Received {number}", headers={"Precedence": "auto_reply"}
            )
        self.assertEqual(len(self.replies()), 3)
        self.assertEqual(self.replies().mapped("mail_count"), [5, 5, 5])
        self.assertEqual(len(self.tasks(notice.case_id)), 2)
        self.assertEqual(len(self.holds()), 1)
        self.travel(1)
        self.answer(notice, "Ticket 6")
        self.assertEqual(len(self.replies()), 4)
        self.assertEqual(len(self.holds()), 1)

    def test_second_mail_of_the_day_says_more(self):
        notice = self.remind()
        self.answer(notice, "Please wait.")
        reply = self.answer(notice, "We pay on Friday.")
        self.assertRecordValues(
            reply,
            [
                {
                    "mail_count": 2,
                    "suggestion": "promises",
                    "text": "Please wait.\n\nWe pay on Friday.",
                }
            ],
        )
        reply = self.answer(notice, "Thanks!")
        self.assertEqual(reply.suggestion, "promises")

    def test_answer_to_an_old_closed_case(self):
        notice = self.remind()
        case = notice.case_id
        self.pay(self.overdue)
        self.run_on(30)
        self.assertEqual(case.state, "closed")
        reply = self.answer(notice, "We have paid, why did you write?")
        self.assertEqual(reply.case_id, case)
        self.assertEqual(case.state, "closed")
        self.assertTrue(self.tasks(case))
        self.assertFalse(self.holds(), "nothing is owed")

    def test_answer_to_a_closed_case_while_another_is_open(self):
        notice = self.remind()
        self.pay(self.overdue)
        self.run_on(30)
        self.invoice(days_overdue=9)
        self.remind()
        reply = self.answer(notice, "Hello?")
        self.assertEqual(reply.case_id, notice.case_id)
        self.assertTrue(self.holds(state="active"))

    def test_collector_who_left(self):
        notice = self.remind()
        notice.case_id.with_context(**NO_TRACKING).user_id = self.collector
        self.collector.active = False
        self.policy.user_id = self.new_user(
            "elsewhere", "account.group_account_invoice"
        )
        self.policy.user_id.active = False
        manager = self.new_user("boss", "dunning_automation.group_manager")
        self.answer(notice)
        user = self.tasks(notice.case_id).user_id
        self.assertTrue(user.active)
        self.assertIn(self.company, user.company_ids)
        self.assertIn(
            user,
            manager
            | self.env.ref("base.group_system").all_user_ids
            | self.env.ref("dunning_automation.group_manager").all_user_ids,
        )

    def test_merged_customers(self):
        notice = self.remind()
        self.answer(notice, "Hello?")
        target = self._create_customer(name="Target")
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard.sudo()._merge((self.customer | target).ids, target)
        reply = self.answer(notice, "Hello again?", sender=target.email)
        self.assertTrue(reply.is_family)
        self.assertEqual(reply.partner_id, target)


@tagged("post_install", "-at_install")
class TestReplyHandling(ReplyCommon):
    """What a person decides is written down, ends the pause and the task."""

    def setUp(self):
        super().setUp()
        self.notice = self.remind()
        self.case = self.notice.case_id.with_user(self.collector)

    def open(self, text="Hello?", **values):
        reply = self.answer(self.notice, text, **values)
        return reply.with_user(self.collector)

    def press(self, action):
        return self.case.with_context(dunning_reply_action=action).action_handle_reply()

    def assertHandled(self, reply, handled_as):
        self.assertRecordValues(
            reply,
            [
                {
                    "state": "handled",
                    "handled_as": handled_as,
                    "handled_by_id": self.collector.id,
                    "handled_at": self.moment,
                }
            ],
        )
        self.assertFalse(self.tasks(self.case))
        self.assertIn("reply_handled", self.kinds(self.case.sudo())[-3:])
        self.assertFalse(self.case.open_reply_id)

    def test_banner(self):
        reply = self.open("Am 05.03. überwiesen.\n\n> Bitte zahlen")
        self.case.invalidate_recordset()
        self.assertRecordValues(
            self.case,
            [
                {
                    "open_reply_id": reply.id,
                    "open_reply_text": "Am 05.03. überwiesen.",
                    "open_reply_suggestion": "says_paid",
                    "open_reply_is_family": True,
                    "reply_count": 1,
                    "open_reply_count": 1,
                }
            ],
        )
        self.assertEqual(
            self.case.open_reply_explanation,
            "Says it is paid · 03/05/2026 · matched: “Am 05.03. überwiesen”",
        )
        waiting = self.env["dunning.case"].search([("open_reply_id", "!=", False)])
        self.assertIn(self.case, waiting)
        waiting = self.env["dunning.case"].search([("open_reply_id", "=", False)])
        self.assertNotIn(self.case, waiting)

    def test_customer_comes_before_a_stranger(self):
        self.open("I am a stranger", sender=STRANGER)
        self.case.invalidate_recordset()
        self.assertFalse(self.case.open_reply_is_family)
        reply = self.open("I am the customer")
        self.case.invalidate_recordset()
        self.assertEqual(self.case.open_reply_id, reply)

    def test_nothing_to_do(self):
        reply = self.open()
        self.press("nothing")
        self.assertHandled(reply, "nothing")
        self.assertEqual(self.holds().state, "released")

    def test_paid_waits_for_the_bank(self):
        reply = self.open("We have paid.")
        self.travel(2)
        self.press("paid")
        self.assertHandled(reply, "paid")
        self.assertEqual(self.holds(state="active"), reply.hold_id)
        self.assertEqual(reply.hold_id.date_end, self.today + timedelta(days=5))
        self.run_on()
        self.assertEqual(self.why(self.overdue), "hold/hold_contact")
        self.run_on(6)
        self.assertEqual(self.why(self.overdue), "remind/level_reached")

    def test_promise(self):
        reply = self.open("We pay 60.00 EUR on Friday.")
        action = self.press("promise")
        self.assertEqual(reply.state, "open", "closing the dialog handles nothing")
        self.assertEqual(
            action["context"],
            {
                "default_case_id": self.case.id,
                "default_amount": 60.0,
                "default_date": "2026-03-13",
                "dunning_reply_id": reply.id,
            },
        )
        model = self.env[action["res_model"]].with_user(self.collector)
        with Form(model.with_context(**action["context"])) as form:
            pass
        self.assertEqual(str(form.record.date), "2026-03-13")
        self.assertEqual(form.record.amount, 60.0)
        self.assertHandled(reply, "promise")
        self.assertEqual(self.holds().state, "released")
        self.run_on()
        self.assertEqual(self.why(self.overdue), "hold/hold_promise")

    def test_promise_that_is_over_proposes_no_day(self):
        reply = self.open("We pay on Friday.")
        self.travel(4)
        self.assertNotIn("default_date", reply.action_promise()["context"])

    def test_dispute(self):
        reply = self.open("The goods arrived damaged.")
        action = self.press("dispute")
        self.assertEqual(
            action["context"]["default_description"], "The goods arrived damaged."
        )
        model = self.env[action["res_model"]].with_user(self.collector)
        with Form(model.with_context(**action["context"])):
            pass
        self.assertHandled(reply, "dispute")
        self.run_on()
        self.assertEqual(self.why(self.overdue), "hold/hold_dispute")

    def test_wrong_contact_opens_the_customer(self):
        reply = self.open("I am not responsible for invoices.")
        action = self.press("wrong_contact")
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("res.partner", self.customer.id)
        )
        self.assertHandled(reply, "wrong_contact")

    def test_unsubscribe_is_about_the_sender_only(self):
        reply = self.open("Unsubscribe", sender="Clerk <clerk@example.com>")
        self.press("unsubscribe")
        self.assertHandled(reply, "unsubscribe")
        optout = self.env["dunning.optout"].search([])
        self.assertRecordValues(
            optout,
            [
                {
                    "partner_id": self.customer.id,
                    "channel": "email",
                    "address": "clerk@example.com",
                    "source": "reply",
                    "state": "active",
                }
            ],
        )
        self.assertIn("Unsubscribe", optout.note)

    def test_hold_stays_while_another_answer_waits(self):
        first = self.open("Hello?")
        self.travel(1)
        second = self.open("Hello again?")
        self.assertEqual(first.hold_id, second.hold_id)
        self.case.invalidate_recordset()
        self.assertEqual(self.case.open_reply_id, first)
        first.action_nothing()
        self.assertEqual(self.holds().state, "active")
        second.action_nothing()
        self.assertEqual(self.holds().state, "released")

    def test_pressed_twice(self):
        reply = self.open()
        self.press("nothing")
        self.case.invalidate_recordset()
        with self.assertRaises(UserError):
            self.press("nothing")
        events = len(self.case.event_ids)
        reply.action_nothing()
        reply.action_paid()
        self.assertEqual(len(self.case.sudo().event_ids), events)
        self.assertFalse(self.holds(state="active"))

    def test_unknown_action(self):
        self.open()
        for action in ("open_case", "", None, "_erase_personal"):
            with self.subTest(action), self.assertRaises(UserError):
                self.press(action)

    def test_context_of_another_customer_handles_nothing(self):
        reply = self.open()
        other = self._create_customer()
        overdue = self.invoice(other)
        self.env["dunning.promise"].with_user(self.collector).with_context(
            dunning_reply_id=reply.id
        ).create(
            {
                "partner_id": other.id,
                "move_line_ids": [Command.set(self.receivable(overdue).ids)],
                "date": self.today,
            }
        )
        self.assertEqual(reply.state, "open")

    def test_number_of_queries_does_not_grow_with_the_cases(self):
        self.open()
        cases = self.case
        for _number in range(3):
            customer = self._create_customer()
            self.invoice(customer)
            notice = self.remind(customer)
            self.answer(notice, "Hello?")
            cases |= notice.case_id.with_user(self.collector)

        def count(cases):
            self.env.invalidate_all()
            start = self.cr.sql_log_count
            cases.mapped("open_reply_id")
            cases.mapped("reply_count")
            cases.mapped("away_note")
            return self.cr.sql_log_count - start

        count(cases)
        self.assertLessEqual(count(cases), count(cases[:1]) + 1)
