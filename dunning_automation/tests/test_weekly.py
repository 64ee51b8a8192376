import os
from base64 import b64decode
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_dashboard import DashboardCommon


@tagged("post_install", "-at_install")
class TestWeekly(DashboardCommon):
    """The collections report for managers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.report = cls.env["report.dunning_automation.dunning_weekly_document"]
        cls.env["res.company"].search([]).dunning_weekly_report = False
        cls.company.dunning_weekly_report = True

    def setUp(self):
        super().setUp()
        self.chief = self.new_user("chief", "dunning_automation.group_manager")
        self.chief.email = "chief@company.example"

    def cron(self, ok=True):
        """Run the cron, as it does.

        :return: what was sent to the chief
        """
        cron = self.env.ref("dunning_automation.ir_cron_weekly").sudo()
        with self.mock_mail_gateway(), self.enter_registry_test_mode():
            self.assertIs(cron.method_direct_trigger() is True, ok)
        self.env.invalidate_all()
        return self._new_mails.filtered(lambda m: "chief@" in (m.email_to or ""))

    def test_once_a_week_whatever_happens(self):
        """10 March 2026 is a Tuesday. What a Monday missed, Tuesday makes up for."""
        for days, hour, sent in (
            (0, "switched on on Tuesday", 1),
            (0, "a second run of the day", 0),
            (5, "Sunday", 0),
            (1, "Monday", 1),
            (1, "Tuesday", 0),
            (13, "Monday without a server, now Monday after", 1),
        ):
            with self.subTest(hour):
                self.travel(days)
                self.assertEqual(len(self.cron()), sent)

    def test_off_sends_nothing(self):
        self.company.dunning_weekly_report = False
        self.assertFalse(self.cron())

    def test_copy_of_the_database_sends_nothing(self):
        guard = type(self.env["dunning.guard"])
        with patch.object(guard, "_get_database_hold", lambda guard: "A copy"):
            self.assertFalse(self.cron())

    def test_only_managers_of_the_company(self):
        self.new_user("worker", "dunning_automation.group_user", email="w@x.example")
        self.new_user("mute", "dunning_automation.group_manager").email = False
        gone = self.new_user("gone", "dunning_automation.group_manager")
        gone.active = False
        other = self.setup_other_company(name="Other")["company"]
        self.new_user(
            "other",
            "dunning_automation.group_manager",
            company_id=other.id,
            company_ids=other.ids,
        )
        found = self.report._get_recipients(self.company)
        self.assertIn(self.chief, found)
        logins = {"worker", "mute", "gone", "other"}
        self.assertFalse(logins & set(found.mapped("login")))

    def test_failure_of_one_company_is_tried_again_and_others_go_on(self):
        other = self.setup_other_company(name="Other")["company"]
        other.dunning_weekly_report = True
        self.chief.company_ids += other
        send = type(self.report)._send

        def fail(report, company, user, day):
            if company == self.company:
                raise ValueError("broken")
            return send(report, company, user, day)

        name = "odoo.addons.dunning_automation.report.dunning_weekly"
        with (
            patch.object(type(self.report), "_send", fail),
            mute_logger(name, "odoo.addons.base.models.ir_cron", "odoo.sql_db"),
        ):
            mails = self.cron(ok=False)
        self.assertEqual(len(mails), 1)
        self.assertIn("Other", mails.subject)
        self.assertFalse(self.company.dunning_weekly_report_date)
        self.assertEqual(len(self.cron()), 1)

    def test_mail_in_the_language_of_the_manager(self):
        self.keep_books()
        self.env["res.lang"]._activate_lang("de_DE")
        self.chief.lang = "de_DE"
        mail = self.cron()
        self.assertIn("09.03.2026", mail.subject)
        [file] = mail.attachment_ids
        self.assertEqual(file.name, "collections-2026-03-09.pdf")
        self.assertIn("450,00", b64decode(file.datas).decode())

    def test_page_says_what_the_dashboard_says(self):
        self.keep_books()
        figures = self.figures(date="2026-03-10")
        html = self.render({"date": "2026-03-10"})
        for tile in figures["tiles"]:
            self.assertIn(tile["title"], html)
        for words in ("450.00", "400.00", "250.00", "Checked: the total"):
            self.assertIn(words, html)
        self.assertIn(self.customer.name, html)

    def test_page_shows_that_the_check_failed(self):
        a, _b = self.keep_books()
        self.env.flush_all()
        self.cr.execute(
            "UPDATE account_move_line SET amount_residual = 7, reconciled = FALSE"
            " WHERE id = %s",
            self.receivable(a).ids,
        )
        self.assertIn("The total differs", self.render({}))

    def render(self, filters, user=None):
        report = self.env["ir.actions.report"].with_user(user or self.chief)
        html, _kind = report._render_qweb_html(
            "dunning_automation.dunning_weekly_report",
            self.company.ids,
            {"filters": filters},
        )
        return html.decode()

    def test_who_may_print(self):
        stranger = self.new_user("stranger", "account.group_account_invoice")
        with self.assertRaises(AccessError):
            self.render({}, stranger)
        action = self.dashboard.with_user(self.chief).action_print({"months": 1})
        self.assertEqual(action["report_name"][-15:], "weekly_document")
        self.assertEqual(action["data"]["filters"], {"months": 1})
        menu = self.env.ref("dunning_automation.dunning_weekly_print_action")
        self.assertEqual(
            menu.with_user(self.chief).run()["report_name"], action["report_name"]
        )

    def test_what_the_button_of_the_dashboard_prints(self):
        """The web client sends the filters, but then no ids."""
        self.keep_books()
        user = self.chief
        filters = {"date": "2026-03-10", "company_id": self.company.id}
        action = self.dashboard.with_user(user).action_print(filters)
        values = self.report.with_user(user)._get_report_values(None, action["data"])
        self.assertEqual(values["docs"], self.company)
        figures = values["figures"][self.company.id]
        self.assertEqual(figures["tiles"][0]["value"], 450)

    def test_pdf(self):
        self.keep_books()
        self.invoice(days_overdue=1)
        muted = mute_logger("odoo.addons.base.models.ir_actions_report")
        with self.allow_pdf_render(), muted:  # Debian's prints no headers, and says so.
            pdf = self.report.with_context(force_report_rendering=True)._render_pdf(
                self.company, self.chief, self.env.company._dunning_today()
            )
        self.assertTrue(pdf.startswith(b"%PDF"))
        if path := os.environ.get("DUNNING_TEST_WEEKLY"):
            with open(path, "wb") as file:
                file.write(pdf)
