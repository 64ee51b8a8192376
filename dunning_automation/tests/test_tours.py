from odoo.tests import HttpCase, new_test_user, tagged

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestTours(DunningCommon, HttpCase):
    def test_stop_and_resume(self):
        """A collector stops everything, a manager resumes."""
        for login, group in [("tour_user", "user"), ("tour_boss", "manager")]:
            new_test_user(
                self.env,
                login,
                groups=f"dunning_automation.group_{group}",
                company_id=self.company.id,
                company_ids=[(6, 0, self.company.ids)],
            )
        self.start_tour("/odoo/dunning-health", "dunning_stop", login="tour_user")
        company = self.company.sudo()
        self.assertEqual(company.dunning_stopped_reason, "Wrong bank account")
        self.start_tour("/odoo/dunning-health", "dunning_resume", login="tour_boss")
        company.invalidate_recordset()
        self.assertFalse(company.dunning_stopped)

    def test_policy_run_approve_sent(self):
        """A manager switches to review, runs, approves; the customer gets one mail."""
        self.policy.name = "Tour policy"
        customer = self._create_customer(name="Tour customer")
        self.invoice(customer, days_overdue=8)
        new_test_user(
            self.env,
            "tour_manager",
            groups="dunning_automation.group_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.start_tour(
            "/odoo/dunning-policies", "dunning_review_and_approve", login="tour_manager"
        )
        notice = self.env["dunning.notice"].search([("partner_id", "=", customer.id)])
        self.assertEqual(notice.state, "ready")
        with self.smtp():
            cron = self.env.ref("dunning_automation.ir_cron_deliver").sudo()
            self.assertIs(cron.method_direct_trigger(), True)
        self.assertEqual(len(self._mails), 1)
        self.start_tour(
            "/odoo/dunning-worklist", "dunning_see_sent", login="tour_manager"
        )
