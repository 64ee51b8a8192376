from odoo import SUPERUSER_ID
from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestPolicy(DunningCommon):
    def policy_of(self, invoice):
        self.run_on()
        decision = self.decisions(invoice)
        return decision.policy_id

    def test_first_policy_that_fits_applies(self):
        vip = self._create_policy(sequence=1, partner_domain="[('ref', '=', 'VIP')]")
        large = self._create_policy(
            sequence=2, invoice_domain="[('amount_total', '>=', 1000)]"
        )
        both = self._create_customer(ref="VIP")
        for customer, amount, policy in [
            (self._create_customer(), 100.0, self.policy),
            (self._create_customer(), 1000.0, large),
            (both, 100.0, vip),
            (both, 1000.0, vip),
        ]:
            with self.subTest(ref=customer.ref, amount=amount):
                invoice = self.invoice(customer, amount=amount)
                self.assertEqual(self.policy_of(invoice), policy)
        large.sequence = 0
        self.assertEqual(self.policy_of(self.invoice(both, amount=1000.0)), large)

    def test_customers_are_judged_by_their_company(self):
        vip = self._create_policy(sequence=1, partner_domain="[('ref', '=', 'VIP')]")
        self.customer.ref = "VIP"
        child = self._create_customer(parent_id=self.customer.id, is_company=False)
        self.assertEqual(self.policy_of(self.invoice(child)), vip)

    def test_policy_of_the_customer_wins(self):
        own = self._create_policy(sequence=99)
        self.customer.dunning_policy_id = own
        self.assertEqual(self.policy_of(self.invoice()), own)
        own.active = False
        self.assertEqual(self.policy_of(self.invoice()), self.policy)

    def test_no_policy_applies(self):
        self.policy.partner_domain = "[('ref', '=', 'VIP')]"
        invoice = self.invoice()
        self.assertFalse(self.policy_of(invoice))
        self.assertEqual(self.why(invoice), "hold/no_policy")

    def test_company_without_policy(self):
        self.policy.active = False
        invoice = self.invoice()
        self.run_on()
        self.assertEqual(self.why(invoice), "hold/no_policy")
        self.assertFalse(self.company._dunning_is_run_due())

    def test_archived_customers_are_reminded_too(self):
        """An archived customer still owes; a filter does not lose him."""
        self.policy.partner_domain = "[('customer_rank', '>=', 0)]"
        invoice = self.invoice()
        self.customer.active = False
        self.assertEqual(self.policy_of(invoice), self.policy)

    def test_change_of_policy_keeps_the_place_on_the_ladder(self):
        """History counts in days after the due date: a line that was reminded at +8
        goes on behind +8."""
        invoice = self.invoice(days_overdue=20)
        self.told(invoice, 8, days_ago=10)
        new = self._create_policy(sequence=1, delays=[2, 6, 10, 20])
        self.run_on()
        self.assertEqual(self.decisions(invoice).level_id, self.level(10, new))

    def test_new_policy_has_the_standard_ladder(self):
        policy = Form(self.env["dunning.policy"])
        policy.name = "By hand"
        policy = policy.save()
        self.assertRecordValues(
            policy.level_ids,
            [
                {"delay_days": -5, "min_interval_days": 5, "sequence": 1},
                {"delay_days": 1, "min_interval_days": 3, "sequence": 2},
                {"delay_days": 8, "min_interval_days": 7, "sequence": 3},
                {"delay_days": 15, "min_interval_days": 7, "sequence": 4},
                {"delay_days": 30, "min_interval_days": 10, "sequence": 5},
            ],
        )
        channels = [level.action_ids.mapped("channel") for level in policy.level_ids]
        self.assertEqual(
            channels,
            [["email"], ["email"], ["email"], ["email", "activity"], ["activity"]],
        )

    def test_tasks_of_a_policy_that_the_system_makes_go_to_the_administrator(self):
        policies = self.env["dunning.policy"].with_user(SUPERUSER_ID)
        self.assertEqual(
            policies.create({"name": "Made"}).user_id, self.env.ref("base.user_admin")
        )

    def test_its_notices_can_be_opened(self):
        self.invoice(days_overdue=1)
        self.run_on()
        self._create_policy()
        action = self.policy.action_open_notices()
        notices = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(notices.policy_id, self.policy)

    def test_every_company_starts_in_review(self):
        companies = self.env["res.company"].sudo()
        other = companies.create({"name": "Other"})
        branch = companies.create({"name": "Branch", "parent_id": other.id})
        policies = self.env["dunning.policy"].sudo()
        policy = policies.search([("company_id", "=", other.id)])
        self.assertRecordValues(policy, [{"mode": "review", "start_rule": "all"}])
        self.assertTrue(policy.user_id, "somebody gets the tasks")
        other._dunning_create_policies()
        self.assertEqual(policies.search_count([("company_id", "=", other.id)]), 1)
        self.assertFalse(policies.search([("company_id", "=", branch.id)]))

    def test_copy(self):
        self.policy.write({"start_rule": "level", "start_level_id": self.level(8).id})
        copy = self.policy.copy()
        self.assertEqual(copy.name, "Policy (copy)")
        self.assertEqual(
            copy.level_ids.mapped("delay_days"),
            self.policy.level_ids.mapped("delay_days"),
        )
        self.assertEqual(
            copy.level_ids.action_ids.mapped("channel"),
            self.policy.level_ids.action_ids.mapped("channel"),
        )
        self.assertFalse(copy.level_ids & self.policy.level_ids)
        self.assertEqual(copy.start_level_id.delay_days, 8)
        self.assertEqual(copy.start_level_id.policy_id, copy)

    def test_unused_policy_can_be_deleted(self):
        policy = self._create_policy(delays=[1, 5])
        policy.write({"start_rule": "level", "start_level_id": policy.level_ids[1].id})
        policy.unlink()
        self.assertFalse(policy.exists())

    def test_decisions_forget_a_deleted_policy_and_its_levels(self):
        invoice = self.invoice(days_overdue=0)
        self.run_on()
        decision = invoice.dunning_decision_ids
        self.assertEqual(decision.policy_id, self.policy)
        self.assertTrue(decision.next_level_id)
        self.policy.unlink()
        decision.invalidate_recordset()
        self.assertFalse(decision.policy_id)
        self.assertFalse(decision.next_level_id)

    def test_policy_that_was_used_stays(self):
        self.invoice(days_overdue=5)
        self.run_on()
        with self.assertRaisesRegex(ValidationError, "instead of deleting history"):
            self.policy.unlink()
