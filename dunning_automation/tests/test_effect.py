from odoo.tests import tagged

from ..tools import pilot
from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestEffect(DunningCommon):
    """What reminders brought, beside what customers pay anyway."""

    def setUp(self):
        super().setUp()
        self.policy.write(
            {
                "control_share": 50,
                "control_max_amount": 10_000,
                "control_max_days": 90,
            }
        )
        customers = self._create_customers(24)
        self.controls = customers.filtered(
            lambda customer: pilot.takes_part(
                pilot.CONTROL, self.policy.id, customer.id, 50
            )
        )
        self.reminded = customers - self.controls
        self.assertGreater(len(self.controls), 4)
        self.assertGreater(len(self.reminded), 4)
        self.moves = self.invoices(
            [{"partner": customer} for customer in customers], days_overdue=0
        )

    def row(self, **key):
        self.env.flush_all()
        self.env["dunning.effect"].invalidate_model()
        domain = [("company_id", "=", self.company.id)]
        return self.env["dunning.effect"].search(
            [*domain, *((name, "=", value) for name, value in key.items())]
        )

    def of(self, customers):
        return self.moves.filtered(lambda move: move.partner_id in customers)

    def live(self, paying, control_paying):
        """A reminder a day after the due date, payments four days later."""
        self.run_on(1)
        self.send()
        self.travel(4)
        self.pay(self.of(self.reminded[:paying] + self.controls[:control_paying]))
        self.travel(16)

    def test_golden(self):
        self.live(3, 2)
        row = self.row(dimension="level", level_id=self.level(1).id)
        reminded, controls = len(self.reminded), len(self.controls)
        self.assertRecordValues(
            row,
            [
                {
                    "sent": reminded,
                    "due_7": reminded,
                    "paid_7": 3,
                    "due_14": reminded,
                    "paid_14": 3,
                    "due_30": 0,
                    "control_due": controls,
                    "control_paid": 2,
                    "share_14": f"{round(300 / reminded)} % of {reminded}",
                    "control_share": f"{round(200 / controls)} % of {controls}",
                }
            ],
        )
        self.assertIn("No evidence yet", row.evidence)
        by_channel = self.row(dimension="channel")
        self.assertEqual(by_channel.channel, "email")
        self.assertEqual(
            (by_channel.due_14, by_channel.control_due), (reminded, controls)
        )

    def test_a_difference_that_is_more_than_chance(self):
        self.live(len(self.reminded), 0)
        row = self.row(dimension="level", level_id=self.level(1).id)
        self.assertIn("Works", row.evidence)
        self.assertTrue(row.lift.startswith("+100 (+"))

    def test_less_than_without(self):
        self.live(0, len(self.controls))
        row = self.row(dimension="level", level_id=self.level(1).id)
        self.assertIn("Fewer", row.evidence)

    def test_too_early_to_say(self):
        self.run_on(1)
        self.send()
        row = self.row(dimension="level", level_id=self.level(1).id)
        self.assertFalse(row.share_14)
        self.assertIn("14 days old", row.evidence)

    def test_without_a_control_group(self):
        self.live(4, 1)
        self.policy.control_share = 0
        row = self.row(dimension="level", level_id=self.level(1).id)
        self.assertEqual(row.control_due, 0)
        self.assertIn("control share", row.evidence)

    def test_who_was_paid_before_is_no_comparison(self):
        """An invoice that its customer paid before the day counts on no side."""
        self.pay(self.of(self.controls[:1]))
        self.live(4, 0)
        row = self.row(dimension="level", level_id=self.level(1).id)
        self.assertEqual(row.control_due, len(self.controls) - 1)

    def test_every_number_opens_its_records(self):
        self.live(4, 1)
        row = self.row(dimension="level", level_id=self.level(1).id)
        action = row.action_open_messages()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(sum(found.mapped("sent")), row.sent)
        self.assertEqual(found.partner_id, self.reminded)
        action = row.action_open_control()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(len(found), row.control_due)
        self.assertEqual(found.partner_id, self.controls)
