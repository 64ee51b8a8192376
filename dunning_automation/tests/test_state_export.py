import io
import json
from base64 import b64decode, b64encode

from openpyxl import load_workbook

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from ..report.dunning_state import COLUMNS
from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestStateExport(DunningCommon):
    def rows(self, **options):
        return self.env["dunning.state"].get_rows(**options)["rows"]

    def of(self, invoice):
        [row] = [row for row in self.rows() if row["id"] in invoice.line_ids.ids]
        return row

    def export(self, file_format):
        export = self.env["dunning.state.export"].create({"file_format": file_format})
        return b64decode(export.data)

    def test_nobody_reads_what_is_not_his(self):
        other = self.setup_other_company()["company"]
        own, foreign = self.invoice(), self.invoice(company=other)
        user = self.new_user("state_user", "dunning_automation.group_user")
        bare = self.new_user("state_sales", "base.group_user")
        state = self.env["dunning.state"].with_user(user)
        ids = [row["id"] for row in state.get_rows()["rows"]]
        self.assertIn(self.receivable(own).id, ids)
        self.assertNotIn(self.receivable(foreign).id, ids)
        with self.assertRaises(UserError):
            state.get_rows(company_id=other.id)
        with self.assertRaises(AccessError):
            state.with_user(bare).get_rows()

    def test_what_is_told_of_an_item(self):
        self.customer.ref = "K-7"
        invoice = self.invoice(days_overdue=20, amount=250)
        self.assertIsNone(self.of(invoice)["outcome"])
        self.told(invoice, 1, days_ago=4)
        self.run_on()
        row = self.of(invoice)
        self.assertEqual(tuple(row), COLUMNS)
        expected = {
            "customer_number": "K-7",
            "number": invoice.name,
            "open_amount": 250.0,
            "currency": "USD",
            "level": self.level(1).name,
            "level_days": 1,
            "last_message_date": fields.Date.to_string(self.today_minus(4)),
            "last_message_channel": "email",
            "due_date": fields.Date.to_string(self.today_minus(20)),
            "hold": None,
            "promise_date": None,
        }
        self.assertEqual({name: row[name] for name in expected}, expected)

    def today_minus(self, days):
        return fields.Date.subtract(self.today, days=days)

    def test_agreements_and_holds(self):
        promised, disputed, held, free = (self.invoice() for _number in range(4))
        end = fields.Date.add(self.today, days=5)
        lines = [self.receivable(move).ids for move in (promised, disputed, held)]
        base = {"partner_id": self.customer.id, "company_id": self.company.id}
        self.env["dunning.promise"].create(
            {**base, "move_line_ids": lines[0], "date": end, "amount": 60}
        )
        self.env["dunning.dispute"].create(
            {**base, "move_line_ids": lines[1], "deadline": end}
        )
        self.env["dunning.hold"].create(
            {**base, "scope": "lines", "move_line_ids": lines[2], "date_end": end}
        )
        day = fields.Date.to_string(end)
        names = ("hold", "promise_date", "promise_amount", "dispute_until")
        for move, expected in (
            (promised, ("promise", day, 60.0, None)),
            (disputed, ("dispute", None, None, day)),
            (held, ("manual", None, None, None)),
            (free, (None, None, None, None)),
        ):
            row = self.of(move)
            self.assertEqual(tuple(row[name] for name in names), expected)
        self.assertEqual(self.of(held)["hold_until"], day)

    def test_keys_of_the_other_system_go_back(self):
        journal = self.env["account.journal"].create(
            {"name": "Opening", "code": "OPN", "type": "general"}
        )
        header = "customer_number,number,invoice_date,due_date,amount"
        one = self.env["dunning.import"].create(
            {
                "data": b64encode(
                    f"{header}\n0007,00042,2026-01-05,2026-02-04,5".encode()
                ),
                "journal_id": journal.id,
            }
        )
        one.action_check()
        one.action_import()
        row = self.of(one.row_ids.move_id)
        self.assertEqual((row["customer_number"], row["number"]), ("0007", "00042"))
        again = self.env["dunning.import"].create(
            {"data": b64encode(self.export("csv")), "journal_id": journal.id}
        )
        again.action_check()
        self.assertIn("known", again.row_ids.mapped("state"))

    def test_pages_hold_every_item_once(self):
        for _number in range(5):
            self.invoice()
        whole = [row["id"] for row in self.rows()]
        paged, after = [], 0
        while after is not None:
            page = self.env["dunning.state"].get_rows(after_id=after, limit=2)
            paged += [row["id"] for row in page["rows"]]
            after = page["next_id"]
        self.assertEqual(paged, whole)
        self.assertEqual(len(set(whole)), len(whole))
        for limit in (0, 1001):
            with self.assertRaises(UserError):
                self.rows(limit=limit)

    def test_statements_do_not_grow_with_the_items(self):
        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.rows()
            return self.cr.sql_log_count - before

        self.invoice()
        self.run_on()
        count()
        few = count()
        self.invoices([{} for _number in range(30)])
        self.run_on()
        self.assertEqual(count(), few)

    def test_spreadsheets_run_nothing(self):
        self.customer.write({"name": "=cmd|' /C calc'!A0", "ref": "@SUM(1)"})
        self.invoice()
        text = self.export("csv").decode("utf-8-sig")
        self.assertIn(",'@SUM(1),'=cmd|", text)
        self.assertNotRegex(text, r"(^|,)[=@]")
        sheet = load_workbook(io.BytesIO(self.export("xlsx"))).active
        kinds = {cell.data_type for row in sheet for cell in row}
        self.assertNotIn("f", kinds)
        self.assertEqual([cell.value for cell in sheet[1]], list(COLUMNS))


@tagged("post_install", "-at_install")
class TestStateApi(HttpCase):
    def test_json_2(self):
        user = self.env.ref("base.user_admin")
        key = (
            self.env(user=user)["res.users.apikeys"]
            .with_user(user)
            ._generate("rpc", "test", None)
        )
        answer = self.url_open(
            "/json/2/dunning.state/get_rows",
            data=json.dumps({"after_id": 0, "limit": 10}),
            headers={
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
            },
        )
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(set(answer.json()), {"rows", "next_id"})
