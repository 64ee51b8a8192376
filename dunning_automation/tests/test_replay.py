from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..models import dunning_replay_planner
from .common import DunningCommon

LIVE = (
    "account_move",
    "account_move_line",
    "account_payment",
    "dunning_case",
    "dunning_decision",
    "dunning_event",
    "dunning_hold",
    "dunning_notice",
    "dunning_notice_line",
    "dunning_policy",
    "mail_message",
    "mail_activity",
)


class ReplayCommon(DunningCommon):
    def create_replay(self, days=30, **values):
        """A replay of the last ``days`` days, today included."""
        return self.env["dunning.replay"].create(
            {
                "date_from": self.today - timedelta(days=days - 1),
                "date_to": self.today,
                **values,
            }
        )

    def replay(self, days=30, **values):
        """A replay that is done."""
        replay = self.create_replay(days, **values)
        with self.with_threads():
            replay.sudo()._run()
        self.assertEqual(replay.state, "done", replay.error)
        return replay

    def told_by(self, replay, variant="today"):
        """{(days ago, delay of the level, channel)} of the messages of a replay."""
        return {
            (
                (self.today - message.date).days,
                message.level_id.delay_days,
                message.channel,
            )
            for message in replay.message_ids
            if message.variant == variant
        }


@tagged("post_install", "-at_install")
class TestReplay(ReplayCommon):
    def setUp(self):
        super().setUp()
        self.policy = self._create_policy([1, 8], sequence=1)

    # === WHAT WOULD HAVE BEEN SAID === #

    def test_every_level_on_its_day(self):
        invoice = self.invoice(days_overdue=9)
        replay = self.replay()
        self.assertEqual(self.told_by(replay), {(8, 1, "email"), (1, 8, "email")})
        message = replay.message_ids[0]
        self.assertRecordValues(
            message,
            [
                {
                    "partner_id": self.customer.id,
                    "policy_id": self.policy.id,
                    "amount": 100,
                    "line_count": 1,
                    "days_overdue": 1,
                    "move_ids": invoice.ids,
                }
            ],
        )

    def test_what_was_paid_then_is_silent_from_then_on(self):
        invoice = self.invoice(days_overdue=2)
        self.pay(invoice)
        self.travel(10)
        self.assertEqual(self.told_by(self.replay()), {(11, 1, "email")})

    def test_amounts_are_those_of_the_day(self):
        invoice = self.invoice(days_overdue=2, amount=100)
        self.pay(invoice, 30)
        self.travel(10)
        amounts = self.replay().message_ids.sorted("date").mapped("amount")
        self.assertEqual(amounts, [100, 70])

    def test_what_came_later_was_not_there(self):
        self.invoice(days_overdue=1, invoice_date=self.today - timedelta(days=31))
        self.travel(9)
        replay = self.replay(days=40)
        self.assertEqual(self.told_by(replay), {(9, 1, "email"), (2, 8, "email")})

    def test_credits_are_set_off_from_their_day(self):
        self.invoice(days_overdue=2)
        self.credit_note(invoice_date=self.today)
        self.travel(10)
        self.assertEqual(self.told_by(self.replay()), {(11, 1, "email")})

    def test_holds_stop_while_they_lasted(self):
        self.invoice(days_overdue=1)
        hold = self.env["dunning.hold"].create(
            {
                "partner_id": self.customer.id,
                "kind": "manual",
                "date_end": self.today + timedelta(days=20),
            }
        )
        self.travel(3)
        hold.action_release()
        self.travel(10)
        self.assertEqual(
            self.told_by(self.replay()), {(10, 1, "email"), (6, 8, "email")}
        )

    def test_what_customers_heard_before_is_remembered(self):
        invoice = self.invoice(days_overdue=40)
        self.told(invoice, 1, days_ago=35)
        self.assertEqual(self.told_by(self.replay(days=10)), {(9, 8, "email")})

    def test_who_cannot_be_reached_hears_nothing(self):
        self.customer.email = False
        self.invoice(days_overdue=9)
        self.assertFalse(self.replay().message_ids)

    def test_what_the_sandbox_forgets_changes_nothing(self):
        self._create_policy(
            [2, 5, 9, 14],
            sequence=0,
            grouping="invoice",
            reentry="resume",
            partner_domain=f"[('id', '=', {self.customer.id})]",
        )
        other = self._create_customer()
        paid, *_others = [
            self.invoice(partner, days_overdue=days)
            for partner in (self.customer, other)
            for days in (3, 6, 10, 18)
        ]
        self.travel(2)
        self.pay(paid, 30)
        self.travel(8)

        def tell():
            return [
                (row.date, row.partner_id, row.level_id, row.amount, row.move_ids)
                for row in self.replay(days=25).message_ids.sorted(
                    lambda row: (
                        row.date,
                        row.partner_id.id,
                        row.channel,
                        row.group_key,
                    )
                )
            ]

        sandbox = type(self.env["dunning.replay.sandbox"])
        with patch.object(sandbox, "_tidy", lambda self, date_from: None):
            known = tell()
        self.assertGreater(len(known), 10)
        with patch.object(dunning_replay_planner, "TIDY_DAYS", 1):
            self.assertEqual(tell(), known)

    # === ANOTHER POLICY === #

    def test_tried_policy_beside_todays(self):
        tried = self._create_policy([3], sequence=99, active=False, mode="simulate")
        self.invoice(days_overdue=9)
        replay = self.replay(policy_id=tried.id)
        self.assertEqual(self.told_by(replay), {(8, 1, "email"), (1, 8, "email")})
        self.assertEqual(self.told_by(replay, "tried"), {(6, 3, "email")})
        self.assertEqual(replay.message_count, 3)
        self.assertIn("-1", replay.figures_html)
        self.assertEqual(
            [sum(dataset["data"]) for dataset in replay.chart["datasets"]], [2, 1]
        )

    def test_fees_of_both_sides(self):
        tried = self._create_policy(
            [3, 9],
            sequence=99,
            mode="shadow",
            law_country_id=self.env.ref("base.de").id,
        )
        self.level(9, tried).fee_amount = 2
        self.invoices([{}, {"partner": self._create_customer()}], days_overdue=12)
        replay = self.replay(policy_id=tried.id)
        fees = {name: total["fees"] for name, total in replay._read_totals().items()}
        self.assertEqual(fees, {"today": 0, "tried": 4})
        self.assertIn("4.00", replay.figures_html)
        self.assertNotIn("Reminder fees", self.replay().figures_html)

    def test_tried_policy_speaks_for_its_own_customers_only(self):
        other = self._create_customer()
        tried = self._create_policy(
            [3], sequence=99, partner_domain=f"[('id', '=', {other.id})]"
        )
        self.invoice(days_overdue=9)
        self.invoice(other, days_overdue=9)
        replay = self.replay(policy_id=tried.id)
        messages = replay.message_ids.filtered(lambda row: row.variant == "tried")
        self.assertEqual(
            {(row.partner_id, row.level_id.delay_days) for row in messages},
            {(self.customer, 1), (self.customer, 8), (other, 3)},
        )

    def test_policies_that_wait_or_begin_later_count_as_automatic(self):
        self.policy.write(
            {"mode": "review", "start_rule": "new", "start_date": self.today}
        )
        self.invoice(days_overdue=2)
        self.assertEqual(self.told_by(self.replay()), {(1, 1, "email")})

    # === NOTHING LIVE IS TOUCHED === #

    def read_live(self):
        self.env.flush_all()
        return {
            table: self.env.execute_query_dict(
                SQL("SELECT * FROM %s ORDER BY id", SQL.identifier(table))
            )
            for table in LIVE
        }

    def test_live_tables_stay_as_they_are(self):
        self.invoice(days_overdue=9)
        self.run_on()
        self.invoice(self._create_customer(), days_overdue=9)
        replay = self.create_replay()
        known = self.read_live()
        with self.with_threads():
            replay.sudo()._run()
        self.assertTrue(replay.message_ids)
        self.assertEqual(self.read_live(), known)

    def test_failure_is_told_and_leaves_nothing(self):
        self.invoice(days_overdue=9)
        replay = self.create_replay()
        known = self.read_live()
        planner = type(self.env["dunning.replay.planner"])

        def fail(*args):
            raise ValueError("No more disk")

        with (
            patch.object(planner, "_keep_messages", fail),
            mute_logger("odoo.addons.dunning_automation.models.dunning_replay"),
            self.with_threads(),
        ):
            replay.sudo()._run()
        self.assertRecordValues(replay, [{"state": "failed", "error": "No more disk"}])
        self.assertFalse(replay.message_ids)
        self.assertEqual(self.read_live(), known)
        self.run_on()
        self.assertEqual(self.notices().state, "ready", "the real tables are back")

    # === QUEUE === #

    def test_cron_works_on_what_was_started(self):
        self.invoice(days_overdue=9)
        replay = self.create_replay()
        cron = self.env.ref("dunning_automation.ir_cron_replay").sudo()
        replay.action_start()
        self.assertEqual(replay.state, "queued")
        with self.without_threads():
            cron.method_direct_trigger()
        self.assertRecordValues(replay, [{"state": "done", "progress": 100}])

    def test_replay_that_the_server_stopped_says_so(self):
        replay = self.invoice(days_overdue=9) and self.create_replay()
        replay.sudo().state = "running"
        cron = self.env.ref("dunning_automation.ir_cron_replay").sudo()
        with self.without_threads():
            cron.method_direct_trigger()
        self.assertEqual(replay.state, "failed")
        self.assertIn("limit_time_real_cron", replay.error)

    # === BAD INPUT === #

    def test_days_that_cannot_be_replayed(self):
        self.invoice(days_overdue=9)
        first = self.today - timedelta(days=39)
        for date_from, date_to, message in (
            (self.today, first, "exchange the days"),
            (first, self.today + timedelta(days=1), "about the past"),
            (first - timedelta(days=1), self.today, "begin on that day"),
            (first - timedelta(days=400), self.today, "at most 366 days"),
        ):
            with (
                self.subTest(message),
                self.assertRaisesRegex(ValidationError, message),
            ):
                self.env["dunning.replay"].create(
                    {"date_from": date_from, "date_to": date_to}
                )

    def test_company_without_invoices(self):
        with self.assertRaisesRegex(ValidationError, "no posted invoice"):
            self.create_replay()

    # === ACCESS === #

    def test_managers_only(self):
        self.invoice(days_overdue=9)
        collector = self.new_user("replay_c", "dunning_automation.group_user")
        manager = self.new_user("replay_m", "dunning_automation.group_manager")
        replay = self.create_replay()
        with self.assertRaises(AccessError):
            replay.with_user(collector).action_start()
        with self.assertRaises(AccessError):
            replay.with_user(manager).write({"state": "done"})
        replay.with_user(manager).action_start()
        with self.assertRaises(UserError):
            replay.with_user(manager).write({"date_to": self.today})
        with self.with_threads():
            replay.sudo()._run()
        message = replay.message_ids[:1].with_user(manager)
        self.assertTrue(message.amount)
        with self.assertRaises(AccessError):
            message.write({"amount": 0})
        with self.assertRaises(AccessError):
            message.with_user(collector).read(["amount"])

    def test_other_companies_stay_out(self):
        other = self.setup_other_company()["company"]
        policy = self._create_policy([1], company_id=other.id)
        self.invoice(company=other, days_overdue=9)
        self.invoice(days_overdue=9)
        replay = self.replay()
        self.assertEqual(replay.message_ids.policy_id, self.policy)
        self.assertNotIn(policy, replay.message_ids.policy_id)

    # === SCALE === #

    def test_same_queries_for_few_and_many(self):
        def count(number):
            customers = self._create_customers(number)
            self.invoices([{"partner": customer} for customer in customers])
            replay = self.create_replay(days=3)
            self.env.flush_all()
            self.env.invalidate_all()
            with self.with_threads():
                before = self.cr.sql_log_count
                replay.sudo()._run()
                return self.cr.sql_log_count - before

        count(1)  # Caches are warm.
        self.assertLessEqual(count(40), count(2))
