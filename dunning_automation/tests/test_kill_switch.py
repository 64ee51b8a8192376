from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestKillSwitch(DunningCommon):
    def setUp(self):
        super().setUp()
        self.collector = self.new_user("k_user", "dunning_automation.group_user")
        self.manager = self.new_user("k_boss", "dunning_automation.group_manager")

    def stop(self, reason="Wrong bank account", user=None):
        wizard = self.env["dunning.stop"].with_user(user or self.collector)
        wizard.create({"reason": reason}).action_confirm()
        self.env.flush_all()

    def resume(self):
        self.company.with_user(self.manager).action_dunning_resume()

    def events(self):
        domain = [("kind", "in", ("sending_stopped", "sending_resumed"))]
        return self.env["dunning.event"].search(domain, order="id")

    def test_nothing_leaves_while_stopped_and_planning_goes_on(self):
        self.invoice()
        self.run_on()
        self.stop()
        other = self.invoice(self._create_customer())
        self.run_on()
        self.assertFalse(self.deliver())
        notices = self.notices() | self.notices(other.partner_id)
        self.assertEqual(notices.mapped("state"), ["ready", "ready"])
        self.resume()
        self.assertEqual(len(self.deliver()), 2)

    def test_stopped_in_the_middle_of_a_batch(self):
        """The flag is part of the claim: not one more message per worker."""
        self.invoices([{"partner": c} for c in self._create_customers(3)])
        self.run_on()
        origin = type(self.env["dunning.notice"])._deliver_email

        def deliver_and_stop(notice, parcel, batch):
            self.stop()
            return origin(notice, parcel, batch)

        self.patch(type(self.env["dunning.notice"]), "_deliver_email", deliver_and_stop)
        self.assertEqual(len(self.deliver()), 1)

    def test_stopping_a_company_stops_its_branches(self):
        """Branches remind by the policies of their parent."""
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        guard = self.env["dunning.guard"]
        may_send = SQL(
            "SELECT %s FROM res_company company WHERE company.id = %s",
            guard._get_sending_companies_sql(),
            branch.id,
        )
        self.assertEqual(self.env.execute_query(may_send), [(True,)])
        self.assertFalse(guard._get_stop(branch))
        self.stop()
        self.assertEqual(self.env.execute_query(may_send), [(False,)])
        self.assertIn("Wrong bank account", guard._get_stop(branch))

    def test_other_companies_go_on(self):
        company = self.setup_other_company(name="Other", email="o@other.example")[
            "company"
        ]
        self._create_policy(company_id=company.id)
        self.invoice()
        theirs = self.invoice(self._create_customer(), company=company)
        self.run_on()
        self.run_on(company=company)
        self.stop()
        self.assertEqual(
            [mail["email_to"] for mail in self.deliver()],
            [[f"{theirs.partner_id.name} <{theirs.partner_id.email}>"]],
        )

    def test_what_was_paid_meanwhile_does_not_leave_when_resumed(self):
        self.only_the_claim_looks()
        invoice = self.invoice()
        self.run_on()
        self.stop()
        self.pay(invoice)
        self.resume()
        self.assertFalse(self.deliver())
        self.assertEqual(self.notices().state, "suppressed")

    def test_who_when_and_why_is_told(self):
        self.stop()
        company = self.company.sudo()
        self.assertEqual(company.dunning_stopped_by_id, self.collector)
        self.assertEqual(company.dunning_stopped_at, self.moment)
        hold = self.env["dunning.guard"]._get_hold(self.company)
        self.assertIn("k_user", hold)
        self.assertIn("Wrong bank account", hold)
        self.stop("Second try")
        self.resume()
        self.resume()
        self.assertEqual(
            [(event.kind, event.user_id, event.summary) for event in self.events()],
            [
                ("sending_stopped", self.collector, "Wrong bank account"),
                ("sending_resumed", self.manager, ""),
            ],
        )
        self.assertFalse(company.dunning_stopped_reason)
        self.assertFalse(self.env["dunning.guard"]._get_hold(self.company))

    def test_stopping_needs_no_reason(self):
        self.stop(reason=False)
        self.assertTrue(self.company.sudo().dunning_stopped)
        self.assertIn("k_user", self.env["dunning.guard"]._get_hold(self.company))

    def test_the_notice_says_why_it_does_not_leave(self):
        self.invoice()
        self.run_on()
        self.assertFalse(self.notices().sending_hold)
        self.stop()
        self.env.invalidate_all()
        self.assertIn("Wrong bank account", self.notices().sending_hold)
        self.assertIn("Wrong bank account", self.notices().run_id.sending_hold)

    # === WHO MAY === #

    def test_users_stop_managers_resume_nobody_else(self):
        groups = {
            "sales": "base.group_user",
            "billing": "account.group_account_invoice",
            "readonly": "base.group_user,account.group_account_readonly",
            "portal": "base.group_portal",
            "administrator": "base.group_user,base.group_erp_manager",
        }
        for name, group in groups.items():
            company = self.company.with_user(self.new_user(f"k_{name}", group))
            with self.subTest(name):
                with self.assertRaises(AccessError):
                    company.action_dunning_stop()
                with self.assertRaises(AccessError):
                    company.action_dunning_resume()
        self.assertFalse(self.company.sudo().dunning_stopped)
        self.stop()
        with self.assertRaises(AccessError):
            self.company.with_user(self.collector).action_dunning_resume()
        self.assertTrue(self.company.sudo().dunning_stopped)
        self.resume()
        self.assertFalse(self.company.sudo().dunning_stopped)

    def test_not_past_the_button(self):
        """Else nobody would be told who did it."""
        administrator = self.new_user(
            "k_admin", "base.group_erp_manager,dunning_automation.group_manager"
        )
        company = self.company.with_user(administrator)
        company.write({"dunning_hour": 8})
        with self.assertRaises(AccessError):
            company.write({"dunning_stopped": True})

    def test_not_for_a_company_of_others(self):
        other = self.env["res.company"].create({"name": "Other"})
        for user in (self.collector, self.manager):
            with self.subTest(user.login), self.assertRaises(AccessError):
                other.with_user(user).action_dunning_stop()
            with self.subTest(user.login), self.assertRaises(AccessError):
                other.with_user(user).action_dunning_resume()
