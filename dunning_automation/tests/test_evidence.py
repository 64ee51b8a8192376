import csv
import hashlib
import hmac
import io
import json
import zipfile
from base64 import b64decode, b64encode
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import DunningCommon

EML = b"Subject: Please pay\r\nTo: ann@example.com\r\n\r\n100.00 are open\r\n"


@tagged("post_install", "-at_install")
class TestEvidence(DunningCommon):
    """One file says what was sent to whom and when, and proves it."""

    def setUp(self):
        super().setUp()
        self.overdue = self.invoice(days_overdue=9)
        self.run_on()
        self.notice = self.notices().sudo()
        self.notice.mime = b64encode(EML)
        self.send(self.notice)
        while self.env["dunning.seal"].sudo()._seal_block():
            pass
        self.collector = self.new_user("evidence", "dunning_automation.group_user")

    def files(self, record, method="action_export_dunning_evidence"):
        """{name: bytes} of the evidence that a click on ``record`` downloads."""
        action = getattr(record, method)()
        self.assertEqual(action["type"], "ir.actions.act_url")
        _web, _content, model, res_id, field = action["url"].split("/")[1:6]
        data = record.env[model].browse(int(res_id))[field]
        with zipfile.ZipFile(io.BytesIO(b64decode(data))) as archive:
            self.assertFalse(archive.testzip())
            return {name: archive.read(name) for name in archive.namelist()}

    def files_of_case(self, case=None):
        case = (case or self.notice.case_id).with_user(self.collector)
        return self.files(case, "action_export_evidence")

    def rows(self, content):
        return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))

    def test_messages_are_exactly_what_was_sent(self):
        files = self.files_of_case()
        name = f"messages/{self.notice.date}-{self.notice.id}.eml"
        self.assertEqual(files[name], EML)
        self.assertEqual(
            set(files),
            {
                "evidence.html",  # Tests print reports as HTML.
                "agreements.csv",
                "events.csv",
                "payments.csv",
                "verification.json",
                name,
            },
        )

    def test_somebody_without_odoo_can_verify_by_hand(self):
        files = self.files_of_case()
        rows = self.rows(files["events.csv"])
        self.assertGreater(len(rows), 3)
        for row in rows:
            text = row["previous_hash"] + row["content"]
            self.assertEqual(hashlib.sha256(text.encode()).hexdigest(), row["hash"])
        for kind, name, value in [
            ("notice_claimed", "email_to", self.notice.email_to),
            ("notice_claimed", "body", self.notice.body),
            ("notice_sent", "message", EML.decode()),
        ]:
            row = next(row for row in rows if f'"{kind}"' in row["content"])
            expected = json.loads(row["content"])[8]["hmac"]
            found = hmac.new(row["salt"].encode(), value.encode(), "sha256").hexdigest()
            self.assertEqual(found, expected[name])
        proof = json.loads(files["verification.json"])
        self.assertTrue(proof["verification"]["ok"])
        self.assertTrue(proof["complete"])
        self.assertEqual(set(proof["messages"].values()), {"intact"})
        self.assertIn(proof["verification"]["head"], files["evidence.html"].decode())

    def test_changed_message_is_said(self):
        self.notice.mime = b64encode(EML.replace(b"100", b"900"))
        files = self.files_of_case()
        proof = json.loads(files["verification.json"])
        self.assertEqual(set(proof["messages"].values()), {"changed"})
        self.assertIn("Not what was sealed", files["evidence.html"].decode())

    def test_broken_chain_is_said(self):
        self.env.cr.execute("ALTER TABLE dunning_event DISABLE TRIGGER USER")
        self.env.cr.execute("UPDATE dunning_event SET user_id = 1 WHERE sequence = 2")
        self.env.invalidate_all()
        files = self.files_of_case()
        proof = json.loads(files["verification.json"])
        self.assertFalse(proof["verification"]["ok"])
        self.assertIn("(number 2) is not what was", files["evidence.html"].decode())

    def test_message_whose_bytes_are_lost_is_shown_as_text(self):
        """The sender died after the claim, and what it sent with it."""
        self.notice.mime = False
        files = self.files_of_case()
        name = f"messages/{self.notice.date}-{self.notice.id}.html"
        self.assertIn(self.overdue.name, files[name].decode())
        messages = json.loads(files["verification.json"])["messages"]
        self.assertEqual(messages[name], "intact")
        self.notice.body = "<p>Another text</p>"
        files = self.files_of_case()
        messages = json.loads(files["verification.json"])["messages"]
        self.assertEqual(messages[name], "changed")

    def test_payments_and_credits(self):
        self.pay(self.overdue, 40.0)
        refund = self.credit_note(amount=10.0)
        self.receivable(self.overdue + refund).reconcile()
        rows = self.rows(self.files_of_case()["payments.csv"])
        self.assertEqual(
            sorted((row["invoice"], float(row["amount"])) for row in rows),
            [(self.overdue.name, 10.0), (self.overdue.name, 40.0)],
        )
        self.assertIn(refund.name, {row["document"] for row in rows})

    def test_what_was_agreed(self):
        lines = self.receivable(self.overdue)
        values = {"move_line_ids": [(6, 0, lines.ids)]}
        self.env["dunning.promise"].create({**values, "date": self.today, "amount": 40})
        self.env["dunning.dispute"].create(values)
        plan = self.env["dunning.plan"].create(values)
        plan.action_generate()
        other = self.invoice(days_overdue=3)
        self.env["dunning.hold"].create(
            {
                "move_line_ids": [(6, 0, self.receivable(other).ids)],
                "date_end": self.today,
            }
        )
        files = self.files_of_case()
        rows = self.rows(files["agreements.csv"])
        kinds = [row["kind"] for row in rows]
        self.assertEqual(kinds.count("Dunning Hold"), 3)
        self.assertEqual(
            {*kinds}, {"Promise to Pay", "Dispute", "Payment Plan", "Dunning Hold"}
        )
        promise = next(row for row in rows if row["kind"] == "Promise to Pay")
        self.assertEqual(promise["amount"], "40.0")
        self.assertEqual(promise["invoices"], self.overdue.name)
        page = files["evidence.html"].decode()
        self.assertIn("Promises, disputes, payment plans and holds", page)
        of_invoice = self.files(self.overdue.with_user(self.collector))
        self.assertNotIn(other.name, of_invoice["agreements.csv"].decode())

    def test_a_spreadsheet_runs_nothing(self):
        for text in ("=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1"):
            self.notice._tell("line_skipped", text)
        rows = self.rows(self.files_of_case()["events.csv"])
        notes = [row["note"] for row in rows if row["note"]]
        self.assertEqual(len(notes), 5)
        self.assertTrue(all(note.startswith("'") for note in notes), notes)

    def test_a_name_cannot_put_markup_into_the_report(self):
        self.customer.name = "<script>alert(1)</script>"
        report = self.files_of_case()["evidence.html"].decode()
        self.assertNotIn("<script>alert(1)", report)
        self.assertIn("&lt;script&gt;alert(1)", report)

    def test_invoice_shows_its_own_reminders_only(self):
        other = self.invoice(days_overdue=1, amount=77.0)
        self.run_on(days=10)
        second = self.notices().sudo() - self.notice
        self.assertIn(other, second.line_ids.move_id)
        invoice = self.overdue.with_user(self.collector)
        rows = self.rows(self.files(invoice)["events.csv"])
        self.assertEqual(
            {int(row["notice"]) for row in rows if row["notice"]},
            set((self.notice | second).ids),
        )
        rows = self.rows(self.files(other.with_user(self.collector))["events.csv"])
        self.assertEqual({int(row["notice"]) for row in rows}, set(second.ids))

    def test_customer_has_everything_of_the_company(self):
        contact = self._create_customer(parent_id=self.customer.id, is_company=False)
        rows = self.rows(self.files(contact.with_user(self.collector))["events.csv"])
        events = self.env["dunning.event"].search(
            [("partner_id", "=", self.customer.id), ("kind", "!=", "evidence_exported")]
        )
        self.assertEqual({int(row["id"]) for row in rows}, set(events.ids))

    def test_every_export_is_an_event(self):
        self.files(self.overdue.with_user(self.collector))
        event = self.env["dunning.event"].search([], limit=1)
        self.assertRecordValues(
            event,
            [
                {
                    "kind": "evidence_exported",
                    "user_id": self.collector.id,
                    "partner_id": self.customer.id,
                    "payload": {"move_id": self.overdue.id, "notices": 1},
                }
            ],
        )

    def test_auditors_export_and_others_do_not(self):
        case = self.notice.case_id
        auditor = self.new_user(
            "auditor", "base.group_user,account.group_account_readonly"
        )
        self.assertTrue(self.files(case.with_user(auditor), "action_export_evidence"))
        for login, groups in {
            "billing": "account.group_account_invoice",
            "sales": "base.group_user",
            "portal": "base.group_portal",
        }.items():
            user = self.new_user(f"evidence_{login}", groups)
            with self.subTest(login), self.assertRaises(AccessError):
                self.overdue.with_user(user).action_export_dunning_evidence()

    def test_nobody_reads_the_evidence_of_another(self):
        action = self.notice.case_id.with_user(self.collector).action_export_evidence()
        evidence = self.env["dunning.evidence"].browse(int(action["url"].split("/")[4]))
        manager = self.new_user("other", "dunning_automation.group_manager")
        with self.assertRaises(AccessError):
            evidence.with_user(manager).read(["data"])

    def test_other_companies_stay_closed(self):
        company = self.setup_other_company()["company"]
        foreign = self.invoice(days_overdue=9, company=company)
        with self.assertRaises(AccessError):
            foreign.with_user(self.collector).action_export_dunning_evidence()
        user = self.new_user("elsewhere", "dunning_automation.group_user")
        user.write({"company_ids": company.ids, "company_id": company.id})
        with self.assertRaises(AccessError):
            self.notice.case_id.with_user(user).with_company(
                company
            ).action_export_evidence()

    def test_huge_customers_are_told_to_go_invoice_by_invoice(self):
        module = "odoo.addons.dunning_automation.wizard.dunning_evidence"
        with patch(f"{module}.MAX_BYTES", 10):
            with self.assertRaisesRegex(UserError, "invoice by invoice"):
                self.files_of_case()
        with patch(f"{module}.MAX_NOTICES", 1):
            files = self.files_of_case()
        self.assertFalse(json.loads(files["verification.json"])["complete"])
        self.assertIn("Only the latest", files["evidence.html"].decode())

    def test_erased_messages_are_not_there(self):
        self.customer.sudo()._dunning_erase()
        files = self.files_of_case()
        self.assertFalse([name for name in files if name.startswith("messages/")])
        self.assertTrue(json.loads(files["verification.json"])["verification"]["ok"])

    def test_it_prints(self):
        case = self.notice.case_id.with_user(self.collector)
        case = case.with_context(force_report_rendering=True)
        # Debian's wkhtmltopdf warns that it prints no headers.
        muted = mute_logger("odoo.addons.base.models.ir_actions_report")
        with self.allow_pdf_render(), muted:
            files = self.files(case, "action_export_evidence")
        self.assertTrue(files["evidence.pdf"].startswith(b"%PDF-"))
