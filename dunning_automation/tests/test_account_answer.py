from datetime import timedelta

from odoo import fields, http
from odoo.tests import tagged
from odoo.tools import mute_logger

from .account_common import AccountCommon


@tagged("post_install", "-at_install")
class TestAccountAnswer(AccountCommon):
    """What a customer says on his account page, and what becomes of it."""

    def setUp(self):
        super().setUp()
        self.second = self.invoice(days_overdue=3, amount=50.0)
        self.env.flush_all()

    def say(self, kind, *invoices, days=None, login=None, path=None, **form):
        """The customer sends the form.

        :param days: the day that he names, from today
        """
        self.authenticate(login, login)
        if days is not None:
            form["date"] = fields.Date.to_string(self.today + timedelta(days=days))
        invoices = invoices or [self.overdue]
        answer = self.url_open(
            f"{path or self.link}/answer",
            data={
                "csrf_token": http.Request.csrf_token(self),
                "kind": kind,
                "line": [self.receivable(invoice).id for invoice in invoices],
                **form,
            },
        )
        self.env.invalidate_all()
        return answer

    def made(self, name):
        return self.env[f"dunning.{name}"].search(
            [("partner_id", "in", (self.customer | self.other).ids)]
        )

    def assertAsked(self, answer, words):
        """It was not taken, the customer reads why."""
        self.assertEqual(answer.status_code, 200)
        self.assertIn(words, answer.text)
        self.assertFalse(
            self.made("promise") or self.made("dispute") or self.made("reply")
        )

    def test_promise_counts_at_once(self):
        answer = self.say("promise", days=7, text="After the fair")
        self.assertIn("noted your promise", answer.text)
        self.assertIn("Payment promised", answer.text)
        promise = self.made("promise")
        self.assertRecordValues(
            promise,
            [
                {
                    "state": "open",
                    "amount": 100.0,
                    "date": self.today + timedelta(days=7),
                    "note": "After the fair",
                    "case_id": self.notice.case_id.id,
                }
            ],
        )
        self.assertTrue(promise.user_id._is_internal())
        self.assertEqual(promise.hold_id.state, "active")
        self.run_on(7)
        self.assertIn("hold_promise", self.why(self.overdue))

    def test_promises_that_a_person_must_accept(self):
        """Too late, or again: nobody holds his reminders back for ever."""
        answer = self.say("promise", days=15)
        self.assertIn("Somebody reads it", answer.text)
        self.assertFalse(self.made("promise"))
        reply = self.made("reply")
        self.assertEqual(
            (reply.suggestion, reply.suggested_date, reply.is_family),
            ("promises", self.today + timedelta(days=15), True),
        )
        self.assertTrue(reply.pause_end)
        self.say("promise", self.second, days=3)
        self.say("promise", self.second, days=10)
        self.assertEqual(self.made("promise").mapped("number"), [1])

    def test_dispute_counts_at_once(self):
        reason = self.env["dunning.dispute.reason"].search([], limit=1, offset=2)
        answer = self.say("dispute", text="Never arrived", reason=str(reason.id))
        self.assertIn("We look into it", answer.text)
        dispute = self.made("dispute")
        self.assertEqual(dispute.reason_id, reason)
        self.assertEqual(dispute.description, "Never arrived")
        self.assertEqual(dispute.move_line_ids.move_id, self.overdue)
        self.assertTrue(dispute.activity_ids)
        self.say("dispute", text="Still not")
        self.assertEqual(self.made("dispute"), dispute)
        self.assertEqual(self.made("reply").suggestion, "disputes")

    def test_what_a_person_reads(self):
        table = {
            "paid": ("says_paid", {"days": -2}),
            "copy": ("wants_copy", {}),
            "contact": (
                "wrong_contact",
                {"text": "Ask Ben", "contact": "ben@example.com"},
            ),
            "call": ("wants_call", {"contact": "555-0100"}),
            "other": ("other", {"text": "Hello"}),
        }
        for number, (kind, (suggestion, form)) in enumerate(table.items(), 1):
            with self.subTest(kind):
                self.say(kind, **form)
                reply = self.made("reply")
                self.assertEqual(len(reply), 1)  # One row and task a day.
                self.assertEqual(reply.mail_count, number)
                if suggestion != "other":
                    self.assertEqual(reply.suggestion, suggestion)
                self.assertIn(form.get("text", ""), reply.text)
                self.assertIn(form.get("contact", ""), reply.text)
                if form.get("contact"):
                    self.assertEqual(reply.suggested_contact, form["contact"])
        self.assertEqual(reply.notice_id, self.notice)
        self.assertEqual(reply.activity_id.res_model, "dunning.case")
        self.assertTrue(self.notice.case_id.open_reply)

    def test_what_happens_next(self):
        table = {
            "copy": ({}, "download each of them"),
            "contact": ({"contact": "ben@example.com"}, "corrects our records"),
            "call": ({"contact": "555-0100"}, "calls you back"),
        }
        for kind, (form, words) in table.items():
            with self.subTest(kind):
                self.assertIn(words, self.say(kind, **form).text)

    def test_what_is_missing_is_asked_for(self):
        paid = self.invoice()
        self.pay(paid)
        table = [
            (("",), {}, "choose what you want"),
            (("hack",), {}, "choose what you want"),
            (("promise",), {}, "enter the day"),
            (("promise",), {"date": "tomorrow"}, "enter the day"),
            (("promise",), {"days": -1}, "enter the day"),
            (("dispute",), {"text": " "}, "write a few words"),
            (("contact",), {"text": " ", "contact": " "}, "address or phone"),
            (("call",), {}, "address or phone"),
            (("promise", paid), {"days": 1}, "tick the invoices"),
            (("dispute", self.foreign), {"text": "x"}, "tick the invoices"),
        ]
        for arguments, form, words in table:
            with self.subTest(arguments=arguments, form=form):
                self.assertAsked(self.say(*arguments, **form), words)

    def test_too_many(self):
        for number in range(10):
            self.say("other", text=f"Number {number}")
        answer = self.say("other", text="One more")
        self.assertIn("We have got your answers", answer.text)
        self.assertEqual(self.made("reply").mail_count, 10)

    def test_two_currencies_make_two_promises(self):
        euros = self.invoice(currency=self.foreign_currency)
        self.say("promise", self.overdue, euros, days=3)
        self.assertEqual(len(self.made("promise").currency_id), 2)

    def test_odd_input(self):
        self.say("dispute", text="a\0b", reason=str(10**30))
        self.assertEqual(self.made("dispute").description, "ab")

    def test_nothing_of_it_runs(self):
        text = "<script>alert(1)</script><img src=x onerror=alert(1)>"
        self.say("other", text=text)
        reply = self.made("reply")
        for html in (reply.body, reply.activity_id.note, reply.message_ids.body):
            self.assertNotIn("<script", str(html))
            self.assertNotIn("<img", str(html))

    def test_colleague_answers_in_his_own_name(self):
        anna = self.portal_user("w_anna", self.customer)
        path = f"/my/dunning/{self.company.id}"
        self.say("other", login="w_anna", path=path, text="Hello")
        self.assertEqual(self.made("reply").author_id, anna.partner_id)
        self.assertFalse(self.made("reply").notice_id)

    @mute_logger("odoo.http")
    def test_nobody_else(self):
        self.portal_user("w_ben", self.other)
        self.portal_user("w_nobody", self._create_customer())
        forged = f"/dunning/account/{self.notice.id}-{64 * '0'}"
        path = f"/my/dunning/{self.company.id}"
        for login, where in ((None, forged), ("w_nobody", path)):
            answer = self.say("other", login=login, path=where, text="x")
            self.assertEqual(answer.status_code, 404)
        answer = self.say("promise", login="w_ben", path=path, days=3)
        self.assertIn("tick the invoices", answer.text)
        self.authenticate(None, None)
        answer = self.url_open(f"{self.link}/answer", data={"kind": "call"})
        self.assertEqual(answer.status_code, 400)
        self.assertFalse(self.made("reply") or self.made("promise"))

    def test_only_while_there_is_a_case(self):
        self.notice.case_id.sudo().state = "closed"
        self.env.flush_all()
        self.assertNotIn("o_dunning_answer", self.page(None, self.link).text)
        self.assertEqual(self.say("other", text="x").status_code, 404)
