from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestBlast(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"dunning_blast_factor": 3, "dunning_daily_limit": 0})

    def owe(self, number):
        """As many customers with an invoice that is overdue."""
        customers = self._create_customers(number)
        self.invoices([{"partner": customer} for customer in customers])
        return customers

    def usual(self, number, days=5):
        """So many messages left on each of the last days."""
        invoice = self.invoice(post=False)
        for day in range(1, days + 1):
            for _i in range(number):
                self.told(
                    invoice,
                    1,
                    days_ago=day,
                    partner_id=self._create_customer().id,
                    line_ids=[],
                )

    def held(self, number=20):
        self.company.dunning_daily_limit = number - 1
        customers = self.owe(number)
        return self.run_on(), customers

    def task(self, run):
        return run.activity_ids

    # === WHAT IS TOO MUCH === #

    def test_ten_times_a_usual_day_waits_and_nothing_leaves(self):
        self.usual(2)
        self.owe(20)
        run = self.run_on()
        self.assertEqual(run.state, "held")
        self.assertEqual(set(run.notice_ids.mapped("state")), {"planned"})
        self.assertFalse(self.deliver())
        self.assertEqual(len(run.activity_ids), 1)
        self.assertEqual(run.activity_ids.user_id, self.policy.user_id)
        self.assertIn("20 messages", run.hold_reason)
        self.assertIn("3 times a usual day", run.hold_reason)
        event = self.env["dunning.event"].search([("kind", "=", "run_held")])
        self.assertEqual(event.payload["run"], run.id)
        self.assertEqual(event.note, run.hold_reason)

    def test_limits(self):
        """(messages a day, for how many days, messages today, limit, held)"""
        for name, usual, days, today, limit, state in [
            ("three times the usual day is still usual", 7, 5, 21, 0, "done"),
            ("one more is not", 7, 5, 22, 0, "held"),
            ("too few days to know what is usual", 2, 4, 20, 0, "done"),
            ("a few messages are no blast", 1, 5, 19, 0, "done"),
            ("the limit of the day is reached", 0, 0, 4, 4, "done"),
            ("the limit of the day is passed", 0, 0, 5, 4, "held"),
        ]:
            with self.subTest(name):
                company = self.company
                company.dunning_daily_limit = limit
                self.env["dunning.notice"].search([]).sudo().write(
                    {"date": "2020-01-01"}
                )
                self.env["account.move"].search([]).line_ids.no_followup = True
                self.usual(usual, days)
                self.owe(today)
                self.assertEqual(self.run_on().state, state)
                self.travel(days=60)

    def test_simulations_and_reviews_wait_for_nobody_more(self):
        self.company.dunning_daily_limit = 1
        self.owe(3)
        simulation = self.env["dunning.run"].create({"simulation": True})
        simulation.action_start()
        self.assertEqual(simulation.state, "done")
        self.policy.mode = "review"
        self.assertEqual(self.run_on().state, "done")

    def test_tasks_are_no_messages(self):
        self.company.dunning_daily_limit = 1
        task = self.env.ref("mail.mail_activity_data_call")
        call = {"channel": "activity", "activity_type_id": task.id}
        level = {"name": "Call", "delay_days": 1, "action_ids": [(0, 0, call)]}
        self.policy.level_ids = [(5,), (0, 0, level)]
        self.owe(3)
        run = self.run_on()
        self.assertEqual(run.state, "done")
        self.assertEqual(run.notice_ids.mapped("channel"), ["activity"] * 3)

    def test_a_second_run_of_the_day_is_no_way_around(self):
        self.company.dunning_daily_limit = 4
        self.owe(3)
        self.assertEqual(self.run_on().state, "done")
        self.deliver()
        self.owe(2)
        second = self.run_on()
        self.assertEqual(second.state, "held")
        third = self.run_on()
        self.assertFalse(third.notice_ids)
        self.assertEqual(third.state, "done")
        self.assertFalse(self.deliver())

    def test_while_a_run_is_held_its_debtors_hear_nothing_new(self):
        run, _customers = self.held()
        later = self.run_on(days=1)
        self.assertFalse(later.notice_ids)
        self.assertFalse(self.deliver())
        self.assertEqual(
            len(self.env["mail.activity"].search([("res_model", "=", "dunning.run")])),
            1,
        )

    def test_held_run_is_the_run_of_its_day(self):
        self.held()
        self.assertFalse(self.company._dunning_is_run_due())

    def test_planning_takes_no_query_more_per_notice(self):
        self.company.dunning_daily_limit = 1
        counts = []
        for number in (2, 5, 50):
            self.owe(number)
            run = self.env["dunning.run"].create({})
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["dunning.planner"].sudo()._plan(run)
            counts.append(self.cr.sql_log_count - before)
            self.assertEqual(run.notice_count, number)
        self.assertEqual(*counts[1:])

    # === THE DECISION === #

    def test_released_messages_leave(self):
        run, customers = self.held()
        manager = self.new_user("b_boss", "dunning_automation.group_manager")
        run.with_user(manager).action_release()
        self.assertEqual(run.state, "done")
        self.assertFalse(run.activity_ids)
        self.assertEqual(len(self.deliver()), len(customers))
        event = self.env["dunning.event"].search([("kind", "=", "run_released")])
        self.assertEqual(event.user_id, manager)
        self.assertEqual(event.payload["count"], len(customers))

    def test_what_needs_an_approval_goes_on_waiting_for_it(self):
        self.company.dunning_daily_limit = 2
        self.level(8).requires_review = True
        self.owe(3)
        [firm] = self._create_customers(1)
        self.told(self.invoice(firm, days_overdue=9), 1, days_ago=8)
        run = self.run_on()
        self.assertEqual(run.state, "held")
        run.action_release()
        self.assertEqual(len(self.deliver()), 3)
        self.assertEqual(self.notices(firm)[-1].state, "planned")

    def test_paid_while_the_run_was_held(self):
        self.only_the_claim_looks()
        run, customers = self.held()
        self.pay(
            self.env["account.move"].search([("partner_id", "=", customers[0].id)])
        )
        run.action_release()
        self.assertEqual(len(self.deliver()), len(customers) - 1)

    def test_discarded_steps_are_planned_anew_by_the_mended_policy(self):
        run, customers = self.held()
        wizard = self.env["dunning.run.discard"].create(
            {"run_ids": run.ids, "reason": "Filter selected everybody"}
        )
        wizard.action_confirm()
        self.assertEqual(run.state, "discarded")
        self.assertFalse(run.activity_ids)
        self.assertEqual(set(run.notice_ids.mapped("state")), {"suppressed"})
        self.assertEqual(run.notice_ids[0].reason, "Filter selected everybody")
        self.assertFalse(self.deliver())
        # The cron does not try again by itself the same day.
        self.assertFalse(self.company._dunning_is_run_due())
        self.policy.partner_domain = f"[('id', 'in', {customers[:2].ids})]"
        self.assertEqual(len(self.run_on().notice_ids), 2)
        self.assertEqual(len(self.deliver()), 2)

    def test_decided_once(self):
        run, _customers = self.held()
        run.action_release()
        with self.assertRaises(UserError):
            run.action_release()
        with self.assertRaises(UserError):
            run._discard("Too late")
        with self.assertRaises(UserError):
            run.action_start()
        with self.assertRaises(UserError):
            run.unlink()

    def test_only_managers_decide(self):
        run, _customers = self.held()
        for name, group in {
            "user": "dunning_automation.group_user",
            "billing": "account.group_account_invoice",
        }.items():
            user = self.new_user(f"b_{name}", group)
            with self.subTest(name):
                with self.assertRaises(AccessError):
                    run.with_user(user).action_release()
                with self.assertRaises(AccessError):
                    run.with_user(user)._discard("No")
                with self.assertRaises(AccessError):
                    self.env["dunning.run.discard"].with_user(user).create(
                        {"run_ids": run.ids, "reason": "No"}
                    )
        self.assertEqual(run.state, "held")

    def test_limits_are_the_administrators(self):
        for group in ("group_user", "group_manager"):
            user = self.new_user(f"b_{group}", f"dunning_automation.{group}")
            with self.subTest(group), self.assertRaises(AccessError):
                self.company.with_user(user).write({"dunning_daily_limit": 0})

    # === AFTER AN OUTAGE === #

    def test_ten_days_without_a_server_end_in_one_step_per_debtor(self):
        """Nobody hears of the levels that were missed, one step leads to the next."""
        customers = self.owe(3)
        self.run_on()
        self.assertEqual(len(self.deliver()), 3)
        heard = {customer: [self.today] for customer in customers}
        self.travel(days=10)
        for _day in range(4):
            for mail in (self.run_on(), self.deliver())[1]:
                [customer] = customers.filtered(
                    lambda c, mail=mail: c.email in str(mail["email_to"])
                )
                heard[customer].append(self.today)
            self.run_on()
            self.assertFalse(self.deliver(), "a second run of the day told somebody")
            self.travel(days=1)
        for customer, days in heard.items():
            self.assertEqual(len(days), len(set(days)))
            steps = self.notices(customer).line_ids.level_id.mapped("delay_days")
            self.assertEqual(steps, [1, 8])
            self.assertEqual(days[1] - days[0], timedelta(days=10))
