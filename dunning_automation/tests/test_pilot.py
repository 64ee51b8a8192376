from psycopg2 import IntegrityError

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..tools import pilot
from .common import DunningCommon

try:
    from hypothesis import given
    from hypothesis import strategies as st
except ImportError:
    given = None


@tagged("post_install", "-at_install")
class TestPilot(DunningCommon):
    def setUp(self):
        super().setUp()
        self.policy.sequence = 20
        self.customers = self._create_customers(40)

    def followers(self, policy):
        """Customers whose invoices follow ``policy``."""
        decisions = self.env["dunning.decision"].search([("policy_id", "=", policy.id)])
        return decisions.partner_id

    # === PILOT === #

    def test_share_of_the_customers_follows_the_pilot(self):
        """The others follow the next policy; nobody follows none."""
        tried = self._create_policy([1], sequence=1, pilot_share=30)
        self.invoices([{"partner": customer} for customer in self.customers])
        self.run_on()
        expected = self.customers.filtered(
            lambda customer: pilot.takes_part(pilot.PILOT, tried.id, customer.id, 30)
        )
        self.assertTrue(0 < len(expected) < 40)
        self.assertEqual(self.followers(tried), expected)
        self.assertEqual(self.followers(self.policy), self.customers - expected)

    def test_raising_the_share_exchanges_nobody(self):
        tried = self._create_policy([1], sequence=1, pilot_share=30)
        self.invoices([{"partner": customer} for customer in self.customers])
        self.run_on()
        first = self.followers(tried)
        tried.pilot_share = 60
        self.run_on(1)
        self.assertTrue(first < self.followers(tried))
        tried.pilot_share = 100
        self.run_on(1)
        self.assertEqual(self.followers(tried), self.customers)

    def test_customers_own_policy_is_no_matter_of_chance(self):
        tried = self._create_policy([1], sequence=1, pilot_share=0.01)
        outside = self.customers.filtered(
            lambda customer: (
                not pilot.takes_part(pilot.PILOT, tried.id, customer.id, 0.01)
            )
        )[0]
        outside.dunning_policy_id = tried
        self.invoice(outside)
        self.run_on()
        self.assertEqual(self.followers(tried), outside)

    def test_pilot_for_everybody_hides_nobody_else(self):
        tried = self._create_policy([1], sequence=1, pilot_share=50)
        self.assertFalse(self.policy.hidden_by_id)
        tried.pilot_share = 100
        self.policy.invalidate_recordset()
        self.assertEqual(self.policy.hidden_by_id, tried)

    def test_draws_of_the_database_are_those_of_python(self):
        partner_ids = self.customers.ids
        rows = self.env.execute_query(
            SQL(
                "SELECT partner.id, %s FROM res_partner partner WHERE id IN %s",
                self.policy._get_draw_sql(
                    pilot.CONTROL, SQL("%s", 77), SQL("partner.id")
                ),
                tuple(partner_ids),
            )
        )
        self.assertEqual(
            {partner: float(number) for partner, number in rows},
            {
                partner: pilot.draw(pilot.CONTROL, 77, partner)
                for partner in partner_ids
            },
        )

    def test_shares_that_are_none(self):
        for values in (
            {"pilot_share": 0},
            {"pilot_share": 130},
            {"pilot_share": -1},
            {"control_share": 60},
            {"control_share": -1},
        ):
            with (
                self.subTest(values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.policy.write(
                    {"control_max_amount": 1, "control_max_days": 1} | values
                )
                self.policy.flush_recordset()
        with self.assertRaisesRegex(ValidationError, "up to which overdue amount"):
            self.policy.control_share = 10

    # === CONTROL GROUP === #

    def set_up_control(self, **values):
        """The policy with a control group of half of the customers, split as drawn."""
        self.policy.write(
            {
                "control_share": 50,
                "control_max_amount": 500,
                "control_max_days": 20,
                **values,
            }
        )
        control = self.customers.filtered(
            lambda customer: pilot.takes_part(
                pilot.CONTROL, self.policy.id, customer.id, 50
            )
        )
        self.assertTrue(0 < len(control) < 40)
        return control

    def test_control_group_hears_nothing(self):
        control = self.set_up_control()
        self.invoices([{"partner": customer} for customer in self.customers])
        self.run_on()
        told = self.env["dunning.notice"].search([]).partner_id
        self.assertEqual(told, self.customers - control)
        decisions = self.env["dunning.decision"].search(
            [("partner_id", "in", control.ids)]
        )
        self.assertEqual(set(decisions.mapped("reason")), {"control_group"})
        self.assertEqual(set(decisions.mapped("outcome")), {"hold"})

    def test_whoever_owes_or_waits_too_much_leaves_it(self):
        control = self.set_up_control()
        large, old, small = control[:3]
        self.invoice(large, days_overdue=8, amount=501)
        self.invoice(old, days_overdue=21, amount=10)
        self.invoice(small, days_overdue=20, amount=500)
        self.run_on()
        told = self.env["dunning.notice"].search([]).partner_id
        self.assertEqual(told, large | old)

    def test_control_group_is_part_of_no_pilot(self):
        """The two draws of a customer have nothing to do with each other."""
        pairs = {
            (
                pilot.takes_part(pilot.PILOT, 5, partner, 50),
                pilot.takes_part(pilot.CONTROL, 5, partner, 50),
            )
            for partner in range(100)
        }
        self.assertEqual(len(pairs), 4)

    # === DRAWING === #

    def test_draws_are_stable_and_fair(self):
        if given is None:
            self.skipTest("hypothesis is not installed")

        @given(
            policy=st.integers(1, 10**6),
            partner=st.integers(1, 10**7),
            share=st.floats(0, 100),
            more=st.floats(0, 100),
        )
        def holds(policy, partner, share, more):
            number = pilot.draw(pilot.PILOT, policy, partner)
            self.assertEqual(number, pilot.draw(pilot.PILOT, policy, partner))
            self.assertTrue(0 <= number < 100)
            small, large = sorted((share, more))
            if pilot.takes_part(pilot.PILOT, policy, partner, small):
                self.assertTrue(pilot.takes_part(pilot.PILOT, policy, partner, large))

        holds()
        for share in (5, 50, 95):
            members = sum(
                pilot.takes_part(pilot.PILOT, 1, partner, share)
                for partner in range(10_000)
            )
            self.assertAlmostEqual(members / 100, share, delta=1.5)

    # === SHADOW === #

    def test_shadow_applies_to_nobody(self):
        shadow = self._create_policy([1], sequence=1, mode="shadow")
        self.invoice(days_overdue=9)
        self.run_on()
        self.assertEqual(self.notices().policy_id, self.policy)
        self.assertFalse(self.policy.hidden_by_id)
        self.assertFalse(self.followers(shadow))

    def test_shadow_is_replayed_every_night(self):
        shadow = self._create_policy([1, 8], sequence=1, mode="shadow")
        self.invoice(days_overdue=9)
        cron = self.env.ref("dunning_automation.ir_cron_replay").sudo()
        for _hour in range(2):
            with self.without_threads():
                cron.method_direct_trigger()
            self.travel(hours=1)
        replay = self.env["dunning.replay"].search([("policy_id", "=", shadow.id)])
        self.assertEqual(len(replay), 1, "once a day")
        self.assertEqual(replay.state, "done", replay.error)
        days = {
            message.date for message in replay.message_ids if message.variant == "tried"
        }
        self.assertEqual(len(days), 2)

    def test_policy_that_becomes_a_shadow_holds_its_queue_back(self):
        self.invoice(days_overdue=9)
        self.run_on()
        self.only_the_claim_looks()
        self.policy.mode = "shadow"
        self.assertFalse(self.deliver())
        self.assertEqual(self.notices().state, "suppressed")
