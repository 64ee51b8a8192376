import csv
import io
import json
from zipfile import ZipFile

from odoo import http
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged

from .common import DunningCommon

MEASURES = ("number", "sent", "over_7", "paid_7", "over_14", "paid_14", "paid_30")


@tagged("post_install", "-at_install")
class TestNoticeAnalysis(DunningCommon):
    """Each message counts once, and a payment only within its days."""

    def figures(self, group, *measures, domain=()):
        """{group: sums of the measures}"""
        self.env.flush_all()
        rows = self.env["dunning.notice.analysis"]._read_group(
            [("company_id", "=", self.company.id), *domain],
            [group],
            [
                f"{measure}:{'avg' if 'rate' in measure else 'sum'}"
                for measure in measures
            ],
        )
        return {
            key.id if hasattr(key, "id") else key: tuple(sums) for key, *sums in rows
        }

    def test_golden(self):
        """Five messages of one day: paid after 3, 10 and 20 days, in part, never."""
        customers = self._create_customers(5)
        invoices = self.invoices([{"partner": customer} for customer in customers])
        self.run_on()
        self.send()
        self.travel(3)
        self.pay(invoices[0])
        self.travel(7)
        self.pay(invoices[1])
        self.pay(invoices[3], amount=40.0)
        self.travel(10)
        self.pay(invoices[2])
        level = self.level(1).id
        for days, expected in [
            # 20 days after: 7 and 14 are over, 30 are not
            (0, (5, 5, 5, 1, 5, 2, 0)),
            # 31 days after
            (11, (5, 5, 5, 1, 5, 2, 3)),
        ]:
            with self.subTest(days):
                self.travel(days)
                self.assertEqual(self.figures("level_id", *MEASURES)[level], expected)
        rates = self.figures("level_id", "rate_7", "rate_14", "rate_30")[level]
        self.assertEqual(rates, (20.0, 40.0, 60.0))
        money = self.figures("level_id", "amount", "paid_amount")[level]
        self.assertEqual(money, (500.0, 340.0))

    def test_credit_note_is_no_payment(self):
        invoice = self.invoice()
        self.run_on()
        self.send()
        credit = self.credit_note(invoice.partner_id)
        (self.receivable(invoice) + self.receivable(credit)).reconcile()
        self.travel(40)
        self.assertEqual(
            self.figures("channel", "over_30", "paid_30", "paid_amount"),
            {"email": (1, 0, 0.0)},
        )

    def test_what_did_not_leave_has_no_rate(self):
        invoice = self.invoice()
        self.run_on()
        notice = self.notices()
        notice.sudo()._set_state("cancelled", "Promised by phone")
        self.travel(3)
        self.pay(invoice)
        self.travel(40)
        self.assertEqual(
            self.figures("state", "number", "sent", "over_30", "paid_30"),
            {"cancelled": (1, 0, 0, 0)},
        )

    def test_opened_clicked_and_opted_out(self):
        self.invoice()
        self.run_on()
        notice = self.send()
        notice.sudo()._track("account_opened")
        self.travel(1)
        self.env["dunning.optout"].sudo().create(
            {"partner_id": notice.partner_id.id, "channel": "email", "source": "manual"}
        )
        self.assertEqual(
            self.figures("channel", "opened", "clicked", "complaints", "promised"),
            {"email": (1, 1, 1, 0)},
        )

    def test_simulated_messages_do_not_count(self):
        self.policy.mode = "simulate"
        self.invoice()
        self.run_on()
        self.assertFalse(self.figures("channel", "number"))

    def test_who_may_look(self):
        self.invoice()
        self.run_on()
        self.send()
        analysis = self.env["dunning.notice.analysis"]
        collector = self.new_user("looks", "dunning_automation.group_user")
        self.assertTrue(analysis.with_user(collector).search([]))
        other = self.setup_other_company()["company"]
        collector.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        self.assertFalse(analysis.with_user(collector).search([]))
        nobody = self.new_user("sells", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            analysis.with_user(nobody).search([])

    def test_many_messages_take_no_more_queries_than_one(self):
        analysis = self.env["dunning.notice.analysis"]
        measures = ["sent:sum", "rate_14:avg"]
        analysis._read_group([], [], measures)
        self.invoices([{"partner": it} for it in self._create_customers(10)])
        self.run_on()
        self.send()
        self.env.flush_all()
        with self.assertQueryCount(1):
            analysis._read_group([], [], measures)


@tagged("post_install", "-at_install")
class TestExport(DunningCommon, HttpCase):
    """What customers wrote is text in every spreadsheet, never a formula."""

    def export(self, kind, model, ids, names):
        data = {
            "model": model,
            "fields": [{"name": name, "label": name} for name in names],
            "ids": ids,
            "domain": [],
            "import_compat": False,
            "context": {"allowed_company_ids": self.company.ids},
        }
        response = self.url_open(
            f"/web/export/{kind}",
            data={
                "data": json.dumps(data),
                "csrf_token": http.Request.csrf_token(self),
            },
        )
        response.raise_for_status()
        return response.content

    def test_names_of_customers(self):
        name = '=HYPERLINK("https://example.com";"Pay here")'
        partner = self._create_customer(name=name)
        self.invoice(partner)
        self.run_on()
        notice = self.notices(partner)
        user = self.new_user("exports", "dunning_automation.group_manager")
        user.group_ids += self.env.ref("base.group_allow_export")
        self.authenticate(user.login, user.login)
        names = ["partner_id/name", "state"]
        sheet = self.export("xlsx", "dunning.notice", notice.ids, names)
        with ZipFile(io.BytesIO(sheet)) as file:
            cells = file.read("xl/worksheets/sheet1.xml").decode()
            texts = file.read("xl/sharedStrings.xml").decode()
        self.assertNotIn("<f>", cells)
        self.assertIn("'=HYPERLINK", texts)
        table = self.export("csv", "dunning.notice", notice.ids, names)
        rows = list(csv.reader(io.StringIO(table.decode("utf-8-sig"))))
        self.assertEqual(rows[1][0], f"'{name}")
