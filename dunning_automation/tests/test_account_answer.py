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

    def say(self, kind, *invoices, days=None, login=None, path=None, files=(), **form):
        """The customer sends the form.

        :param days: the day that he names, from today
        :param files: ``[(name, bytes), ...]``
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
            files=[("file", file) for file in files] or None,
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
            self.made("promise")
            or self.made("dispute")
            or self.made("plan")
            or self.made("reply")
        )
        self.assertFalse(self.files())

    def files(self):
        """What customers sent that is kept."""
        return (
            self.env["ir.attachment"]
            .sudo()
            .search([("res_model", "in", ("dunning.case", "dunning.dispute"))])
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

    # === IN PARTS === #

    def test_plan_within_the_limits_counts_at_once(self):
        answer = self.say(
            "parts", days=7, parts="3", interval="month", text="Slow season"
        )
        self.assertIn("payment plan is agreed", answer.text)
        self.assertIn("Pay the next instalment", self.page_with_provider())
        plan = self.made("plan")
        self.assertRecordValues(
            plan,
            [
                {
                    "state": "active",
                    "amount": 100.0,
                    "note": "Slow season",
                    "case_id": self.notice.case_id.id,
                    "baseline": 100.0,
                }
            ],
        )
        self.assertEqual(plan.line_ids.mapped("amount"), [33.34, 33.33, 33.33])
        self.assertEqual(plan.line_ids[0].date, self.today + timedelta(days=7))
        self.assertEqual(plan.hold_id.state, "active")
        self.assertGreaterEqual(plan.hold_id.date_end, plan.line_ids[-1].date)
        self.assertEqual(plan.message_ids[:1].author_id, self.notice.recipient_id)
        events = self.env["dunning.event"].search([("kind", "=", "plan_agreed")])
        self.assertEqual(events.partner_id, self.customer)
        self.run_on(2)
        self.assertIn("hold_plan", self.why(self.overdue))

    def page_with_provider(self):
        self.env["ir.config_parameter"].sudo().set_param(
            "account_payment.enable_portal_payment", "True"
        )
        self.env.flush_all()
        return self.page(None, self.link).text

    def test_plans_that_a_person_must_approve(self):
        """Too many parts, too late, too much money: held some days, not for ever."""
        limits = {"self_plan_parts": 3, "self_plan_days": 70}
        self.policy.write(limits)
        table = [
            ({"parts": "4"}, {}),
            ({"days": 15}, {}),
            ({"interval": "month", "days": 12}, {}),
            ({}, {"dunning_plan_approval_amount": 99.0}),
        ]
        for form, company in table:
            with self.subTest(form=form, company=company):
                self.company.write({"dunning_plan_approval_amount": 100.0, **company})
                self.made("plan").sudo().action_cancel()
                self.env.cr.execute("DELETE FROM dunning_plan")
                self.env.invalidate_all()
                values = {"parts": "3", "interval": "fortnight", "days": 7, **form}
                answer = self.say("parts", **values)
                self.assertIn("looks at your proposal", answer.text)
                plan = self.made("plan")
                self.assertEqual(plan.state, "to_approve")
                self.assertEqual(plan.hold_end, self.today + timedelta(days=7))
                tasks = plan.activity_ids.mapped("summary")
                self.assertIn("Approve the payment plan", tasks)

    def test_plan_to_approve_is_a_task_for_the_collector(self):
        collector = self.new_user("p_col", "dunning_automation.group_user")
        self.notice.case_id.sudo().user_id = collector
        self.policy.self_plan_parts = 0
        self.say("parts", days=7, parts="2", interval="week")
        tasks = self.made("plan").activity_ids
        self.assertEqual(
            tasks.filtered(lambda task: task.user_id == collector).summary,
            "The customer asks to pay in parts",
        )

    def test_second_plan_is_for_a_person(self):
        """Nobody holds his reminders back by proposing for ever."""
        self.policy.self_plan_parts = 0
        self.say("parts", days=7, parts="2", interval="week")
        self.say("parts", days=8, parts="2", interval="week")
        self.assertEqual(len(self.made("plan")), 1)
        self.assertIn("In 2 parts", self.made("reply").text)

    # === FILES === #

    PDF, PNG, JPEG = b"%PDF-1.7 x", b"\x89PNG\r\n\x1a\nx", b"\xff\xd8\xff\xe0x"

    def test_files_of_a_dispute(self):
        self.say(
            "dispute",
            text="Broken",
            files=[("../Photo <b>.jpeg", self.JPEG), ("note.exe", self.PDF)],
        )
        dispute = self.made("dispute")
        self.assertEqual(self.files().mapped("res_id"), [dispute.id] * 2)
        self.assertEqual(
            set(self.files().mapped("name")), {"Photo _b_.jpg", "note.exe.pdf"}
        )
        self.assertEqual(dispute.message_ids.attachment_ids, self.files())
        self.assertEqual(set(self.files().mapped("raw")), {self.JPEG, self.PDF})

    def test_files_of_a_payment(self):
        self.say("paid", days=-1, files=[("receipt.png", self.PNG)])
        self.assertEqual(self.files().res_model, "dunning.case")
        self.assertEqual(self.files().res_id, self.notice.case_id.id)
        self.assertIn("receipt.png", self.made("reply").text)

    @mute_logger("odoo.http")
    def test_files_are_for_employees_of_collections(self):
        anna = self.portal_user("f_anna", self.customer)
        self.new_user("f_sales", "base.group_user")
        self.new_user("f_col", "dunning_automation.group_user")
        path = f"/my/dunning/{self.company.id}"
        self.say(
            "dispute", login="f_anna", path=path, text="x", files=[("a.pdf", self.PDF)]
        )
        file = self.files()
        self.assertFalse(file.public)
        self.assertFalse(file.access_token)
        self.assertEqual(
            self.made("dispute").message_ids[:1].author_id, anna.partner_id
        )
        self.env.flush_all()
        for login, status in (
            (None, 404),
            ("f_anna", 404),
            ("f_sales", 404),
            ("f_col", 200),
        ):
            for route in ("content", "image"):
                with self.subTest(login=login, route=route):
                    answer = self.page(login, f"/web/{route}/{file.id}")
                    self.assertNotIn(self.PDF, answer.content if status > 200 else b"")
                    if route == "content":
                        self.assertEqual(answer.status_code, status)

    def test_files_that_are_refused(self):
        """By what they contain, not by their names; and nothing is saved."""
        large = self.PDF + bytes(2**20)
        self.company.dunning_upload_mb = 1
        self.env.flush_all()
        table = [
            ("dispute", [("a.pdf", b"<html><script>")], "no PDF, PNG or JPEG"),
            ("dispute", [("a.pdf", b"")], "no PDF, PNG or JPEG"),
            ("dispute", [("a.svg", b"<svg/>")], "no PDF, PNG or JPEG"),
            ("dispute", [("a.pdf", large)], "too large"),
            ("dispute", [("a.pdf", self.PDF), ("b.pdf", b"MZ")], "b.pdf is no PDF"),
            ("paid", [(f"{n}.pdf", self.PDF) for n in range(4)], "at most 3 files"),
            ("other", [("a.pdf", self.PDF)], "Take them out"),
        ]
        for kind, files, words in table:
            with self.subTest(files=[name for name, _content in files]):
                answer = self.say(kind, text="x", days=0, files=files)
                self.assertAsked(answer, words)
        self.company.dunning_upload_mb = 0
        self.env.flush_all()
        self.assertNotIn('type="file"', self.page(None, self.link).text)
        answer = self.say("paid", days=0, files=[("a.pdf", self.PDF)])
        self.assertAsked(answer, "cannot be sent here")

    def test_file_as_large_as_allowed(self):
        self.company.dunning_upload_mb = 1
        content = self.PDF + bytes(2**20 - len(self.PDF))
        self.say("dispute", text="x", files=[("a.pdf", content)])
        self.assertEqual(self.files().file_size, 2**20)

    def test_nothing_is_half_saved(self):
        """What fails late takes all of it back, the customer reads why."""
        self.overdue.line_ids.flush_recordset()
        answer = self.say("parts", days=1, parts="24", interval="month", text="x")
        self.assertIn("looks at your proposal", answer.text)
        cheap = self.invoice(amount=0.05)
        self.env.flush_all()
        before = self.made("plan"), self.notice.case_id.message_ids
        answer = self.say("parts", cheap, days=1, parts="24", interval="month")
        self.assertIn("needs an amount above zero", answer.text)
        self.assertEqual((self.made("plan"), self.notice.case_id.message_ids), before)

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
            (("parts",), {"parts": "3", "interval": "month"}, "the first part"),
            (("parts",), {"days": 5, "interval": "month"}, "how many parts"),
            (("parts",), {"days": 5, "parts": "1"}, "how many parts"),
            (("parts",), {"days": 5, "parts": "25"}, "how many parts"),
            (("parts",), {"days": 5, "parts": "9" * 5000}, "how many parts"),
            (("parts",), {"days": 5, "parts": "3", "interval": "x"}, "how often"),
            (("parts", paid), {"days": 5, "parts": "3"}, "tick the invoices"),
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
