from unittest.mock import patch

from odoo import Command
from odoo.tests import tagged
from odoo.tools import SQL

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestFallbacks(DunningCommon):
    """A level whose e-mail falls back on a task."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.active = False
        cls.policy = cls._create_policy(delays=[1, 8])
        for level in cls.policy.level_ids:
            cls._add_fallback(level)
        cls.mute = cls._create_customer(email=False)

    @classmethod
    def _add_fallback(cls, level, **values):
        kind = cls.env.ref("mail.mail_activity_data_call")
        fallback = cls.env["dunning.action"].create(
            {
                "level_id": level.id,
                "channel": "activity",
                "activity_type_id": kind.id,
                "activity_summary": "Call instead",
                "is_fallback": True,
                **values,
            }
        )
        level.action_ids.filtered(lambda a: a.channel == "email").fallback_id = fallback
        return fallback

    def unreachable(self, channel, reason):
        """Nobody is reached on ``channel``."""
        planner = type(self.env["dunning.planner"])
        return patch.object(
            planner,
            f"_check_recipient_{channel}",
            lambda planner: (SQL("TRUE"), SQL("%s", reason)),
            create=True,
        )

    def tasks(self, customer):
        return customer.dunning_case_id.activity_ids.mapped("summary")

    def test_fallback_rests_while_the_main_action_reaches_him(self):
        invoice = self.invoice()
        self.run_on()
        self.assertEqual(self.notices().mapped("channel"), ["email"])
        self.assertReminded(invoice, 1)
        self.assertNotIn("fallback_used", self.notices().event_ids.mapped("kind"))

    def test_fallback_is_used_told_and_the_address_repaired(self):
        invoice = self.invoice(self.mute)
        self.run_on()
        notice = self.notices(self.mute)
        self.assertEqual(notice.channel, "activity")
        self.assertEqual(notice.action_id.activity_summary, "Call instead")
        self.assertReminded(invoice, 1)
        event = notice.event_ids.filtered(lambda event: event.kind == "fallback_used")
        self.assertEqual(
            event.payload,
            {"channel_from": "email", "channel": "activity", "reason": "no_email"},
        )
        self.assertEqual(self.tasks(self.mute), ["No e-mail address"])
        task = self.mute.dunning_case_id.activity_ids
        self.assertIn("was reminded another way", task.note)
        self.run_on(days=1)
        self.assertEqual(len(self.tasks(self.mute)), 1, "one task is enough")

    def test_no_task_for_what_the_customer_decided(self):
        with self.unreachable("email", "opted_out"):
            self.invoice()
            self.run_on()
        self.assertEqual(self.notices().channel, "activity")
        self.assertFalse(self.tasks(self.customer))

    def test_nothing_reaches_him(self):
        """Reason and task are those of the first."""
        invoice = self.invoice(self.mute)
        with self.unreachable("activity", "no_phone"):
            self.run_on()
        self.assertEqual(self.why(invoice), "unreachable/no_email")
        self.assertFalse(self.notices(self.mute))
        self.assertEqual(self.tasks(self.mute), ["No e-mail address"])

    def test_fallback_that_is_an_action_of_its_own_is_done_once(self):
        """The level sends an e-mail and makes a task, which is the fallback, too."""
        self.policy.level_ids.action_ids.filtered("is_fallback").is_fallback = False
        both, mute = self.invoice(), self.invoice(self.mute)
        self.run_on()
        self.assertEqual(
            sorted(self.notices().mapped("channel")), ["activity", "email"]
        )
        self.assertEqual(self.notices(self.mute).channel, "activity")
        self.assertEqual(len(self.notices(self.mute).line_ids), 1)
        self.assertReminded(both, 1)
        self.assertReminded(mute, 1)
        self.assertEqual(self.tasks(self.mute), ["No e-mail address"])

    def test_fallback_and_main_action_of_two_levels_share_a_message(self):
        """The task of one level is the fallback of the other's e-mail."""
        eighth = self.level(8)
        eighth.action_ids.filtered("is_fallback").is_fallback = False
        eighth.action_ids.filtered(lambda a: a.channel == "email").unlink()
        fresh, late = self.invoices(
            [{"partner": self.mute, "days_overdue": days} for days in (2, 9)]
        )
        self.told(late, 1, days_ago=8)
        run = self.run_on()
        notice = self.notices(self.mute, run_id=run.id)
        self.assertEqual(self.steps(notice), {fresh: 1, late: 8})
        self.assertNotIn("fallback_used", notice.event_ids.mapped("kind"))

    def test_simulation_shows_the_fallback_and_tells_nothing(self):
        self.invoice(self.mute)
        run = self.env["dunning.run"].create({"simulation": True})
        run.action_start()
        self.assertEqual(run.notice_ids.channel, "activity")
        self.assertFalse(run.notice_ids.event_ids)

    def test_channel_names_its_own_recipient_and_address(self):
        planner = type(self.env["dunning.planner"])
        extra = self._create_customer(parent_id=self.customer.id, is_company=False)
        self.customer.dunning_contact_id = extra
        self.invoice()
        with (
            patch.object(
                planner,
                "_get_recipient_activity",
                lambda planner: (SQL("extra.id"), SQL("customer.name")),
                create=True,
            ),
            self.unreachable("email", "bounced"),
        ):
            self.run_on()
        self.assertRecordValues(
            self.notices(), [{"recipient_id": extra.id, "email_to": "Customer"}]
        )

    def test_copy_of_a_policy_falls_back_on_its_own_actions(self):
        copied = self.policy.copy().level_ids.action_ids.filtered("fallback_id")
        self.assertEqual(len(copied), 2)
        self.assertEqual(copied.fallback_id.level_id, copied.level_id)
        self.assertTrue(all(copied.fallback_id.mapped("is_fallback")))

    def test_level_made_at_once(self):
        template = self.env.ref("dunning_automation.mail_template_friendly")
        kind = self.env.ref("mail.mail_activity_data_call")
        self.policy.level_ids = [
            self._level(
                15,
                action_ids=[
                    Command.create(
                        {
                            "channel": "activity",
                            "activity_type_id": kind.id,
                            "is_fallback": True,
                        }
                    ),
                    Command.create({"channel": "email", "template_id": template.id}),
                ],
            )
        ]
        self.assertEqual(len(self.level(15).action_ids), 2)
