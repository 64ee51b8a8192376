from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged

from ..tools.start_steps import STEPS
from .common import DunningCommon


class SetupCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # As after the installation: the policy that came with it, untouched.
        cls.policy.mode = "review"
        cls.env.flush_all()
        cls.env.cr.execute(
            """UPDATE dunning_policy
                  SET create_date = '2026-01-01', write_date = '2026-01-01'
                WHERE id = %s""",
            (cls.policy.id,),
        )
        cls.policy.invalidate_recordset()


@tagged("post_install", "-at_install")
class TestSetupPage(SetupCommon):
    def steps(self, company=None):
        page = self.env["dunning.start"].with_company(company or self.company)
        return {step["code"]: step for step in page.get_start()["steps"]}

    def assertStep(self, code, state, company=None):
        self.assertEqual(self.steps(company)[code]["state"], state, code)

    # === EACH STEP: TO DO, THEN DONE === #

    def test_mail_server(self):
        servers = self.env["ir.mail_server"]
        servers.search([]).active = False
        self.assertStep("mail_server", "todo")
        servers.create({"name": "Out", "smtp_host": "localhost"})
        self.assertStep("mail_server", "done")

    def test_company_data(self):
        """Everything that a customer needs; what is missing is named."""
        bank = {
            "acc_number": "BE71096123456769",
            "partner_id": self.company.partner_id.id,
        }
        self.company.partner_id.bank_ids.unlink()
        self.company.write(
            {
                "street": "1 Road",
                "city": False,
                "country_id": self.env.ref("base.be").id,
                "email": "no address",
            }
        )
        self.assertEqual(
            self.steps()["company"]["hint"], "Missing: City, e-mail, and bank account."
        )
        for repair in (
            lambda: self.company.write({"city": "Town"}),
            lambda: self.company.write({"email": "billing@company.example"}),
            lambda: self.env["res.partner.bank"].create(bank),
        ):
            self.assertStep("company", "todo")
            repair()
        self.assertStep("company", "done")
        self.assertEqual(self.steps()["company"]["hint"], "")

    def test_policy(self):
        self.assertStep("policy", "todo")
        choice = self.env["dunning.policy.choice"].create({})
        policy = choice.action_create_policy()["res_id"]
        self.assertStep("policy", "done")
        self.env["dunning.policy"].browse(policy).unlink()
        self.assertStep("policy", "todo")
        self.travel(days=1)
        self.policy.item_grace_days = 3
        self.env.flush_all()
        self.assertStep("policy", "done")

    def test_data(self):
        self.assertStep("data", "todo")
        self.env["dunning.start.mark"].action_tick("data")
        self.assertStep("data", "done")
        self.env["dunning.start.mark"].action_untick("data")
        self.assertStep("data", "todo")

    def test_simulation(self):
        self.run_on()
        self.assertStep("simulation", "todo")
        action = self.steps()["simulation"]["action"]
        run = self.env[action["res_model"]].with_context(**action["context"]).create({})
        self.assertStep("simulation", "todo")
        run.action_start()
        self.assertTrue(run.simulation)
        self.assertStep("simulation", "done")

    def test_review(self):
        """Done when something was decided on, or when there was nothing to decide."""
        self.assertStep("review", "todo")
        self.run_on()
        self.assertStep("review", "done")
        customers = self._create_customers(2)
        self.invoices([{"partner": customer} for customer in customers])
        self.run_on(1)
        step = self.steps()["review"]
        self.assertEqual(step["state"], "todo")
        self.assertEqual(step["hint"], "Notices that wait for you: 2.")
        self.notices(customers[0]).action_approve()
        self.assertStep("review", "done")

    def test_automatic(self):
        self.assertStep("automatic", "todo")
        self.policy.mode = "automatic"
        self.assertStep("automatic", "done")

    # === TICKING OFF === #

    def test_skipped_until_it_is_done(self):
        marks = self.env["dunning.start.mark"]
        for _twice in range(2):
            marks.action_tick("automatic")
            self.assertStep("automatic", "skipped")
        self.policy.mode = "automatic"
        self.assertStep("automatic", "done")

    def test_branch_follows_the_policy_of_its_parent(self):
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        self.policy.mode = "automatic"
        self.assertStep("automatic", "done", branch)

    def test_each_company_for_itself(self):
        other = self.setup_other_company()["company"]
        self.env["dunning.start.mark"].action_tick("data")
        self.assertStep("data", "done")
        self.assertStep("data", "todo", other)
        self.policy.mode = "automatic"
        self.assertStep("automatic", "todo", other)

    # === RIGHTS === #

    def test_who_sees_it_and_what_he_may_do(self):
        page = self.env["dunning.start"]
        for name, group in {
            "sales": "base.group_user",
            "billing": "account.group_account_invoice",
            "collector": "dunning_automation.group_user",
            "portal": "base.group_portal",
        }.items():
            user = self.new_user(f"s_{name}", group)
            with self.subTest(name), self.assertRaises(AccessError):
                page.with_user(user).get_start()
        reader = self.new_user(
            "s_reader", "base.group_user,account.group_account_readonly"
        )
        boss = self.new_user("s_boss", "dunning_automation.group_manager")
        admin = self.new_user(
            "s_admin",
            "dunning_automation.group_manager,base.group_system,"
            "base.group_partner_manager",
        )
        every = [step.code for step in STEPS]
        for user, may_tick, places in [
            (reader, False, ["data"]),
            (
                boss,
                True,
                [code for code in every if code not in ("mail_server", "company")],
            ),
            (admin, True, every),
        ]:
            with self.subTest(user.login):
                start = page.with_user(user).get_start()
                self.assertEqual(start["can_tick"], may_tick)
                allowed = [
                    step["code"]
                    for step in start["steps"]
                    if step["action"] is not False
                ]
                self.assertEqual(allowed, places)
        with self.assertRaises(AccessError):
            self.env["dunning.start.mark"].with_user(reader).action_tick("data")

    def test_nothing_is_written_without_a_click(self):
        self.invoice(self._create_customer(email=False, lang=False))
        self.env.flush_all()
        reader = self.new_user("s_look", "dunning_automation.group_manager")
        self.env.flush_all()
        self.cr.execute("SET TRANSACTION READ ONLY")
        self.env["dunning.start"].with_user(reader).get_start()
        self.env["dunning.data.quality"].with_user(reader).get_findings()


@tagged("post_install", "-at_install")
class TestSetupTour(SetupCommon, HttpCase):
    def test_set_up(self):
        """A manager chooses a policy, mends the data, and ticks off what he saw."""
        self.invoice(
            self._create_customer(name="Without e-mail", email=False, lang="en_US")
        )
        self.invoice(self._create_customer(name="Without language", lang=False))
        user = self.new_user(
            "tour_setup", "dunning_automation.group_manager,base.group_partner_manager"
        )
        user.company_ids = [Command.set(self.company.ids)]
        self.start_tour("/odoo/dunning-start", "dunning_start", login="tour_setup")
        policy = self.env["dunning.policy"].search([("name", "=", "Businesses, firm")])
        self.assertEqual(policy.user_id, user)
        marks = self.env["dunning.start.mark"].search([])
        self.assertEqual(set(marks.mapped("code")), {"data", "automatic"})

    def test_onboarding(self):
        """The tour that Odoo offers to newcomers ends with a simulation that ran."""
        tour = self.env.ref("dunning_automation.dunning_automation_tour").sudo()
        self.assertEqual(tour._get_tour_json()["url"], "/odoo/dunning-start")
        self.invoice()
        user = self.new_user("newcomer", "dunning_automation.group_manager")
        self.start_tour(tour.url, tour.name, login="newcomer")
        [run] = self.env["dunning.run"].search([("create_uid", "=", user.id)])
        self.assertTrue(run.simulation and run.notice_count)
        self.assertEqual(run.state, "done")
