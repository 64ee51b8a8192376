from datetime import date, datetime, timedelta

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import DunningCommon

# days overdue, last level, days since then -> answer, level reached or expected next
TIMING = [
    (-6, None, None, "wait/not_reached", -5),
    (-5, None, None, "remind/level_reached", -5),
    (-1, None, None, "remind/level_reached", -5),
    # A courtesy lapses on the due date and is not made up for.
    (0, None, None, "wait/not_reached", 1),
    (-3, -5, 2, "wait/next_level", 1),
    (1, None, None, "remind/level_reached", 1),
    (1, -5, 3, "remind/level_reached", 1),
    (1, -5, 2, "wait/min_interval", 1),
    # One rung at a time, however old the invoice is.
    (8, None, None, "remind/level_reached", 1),
    (400, None, None, "remind/level_reached", 1),
    (7, 1, 6, "wait/next_level", 8),
    (8, 1, 7, "remind/level_reached", 8),
    (8, 1, 6, "wait/min_interval", 8),
    (40, 1, 7, "remind/level_reached", 8),
    (15, 8, 7, "remind/level_reached", 15),
    (20, 8, 1, "wait/min_interval", 15),
    (29, 15, 14, "wait/next_level", 30),
    (30, 15, 10, "remind/level_reached", 30),
    (30, 15, 9, "wait/min_interval", 30),
    (31, 30, 1, "wait/last_level", None),
]


@tagged("post_install", "-at_install")
class TestPlannerTiming(DunningCommon):
    def invoices_of_customers(self, days_overdue):
        customers = self._create_customers(len(days_overdue))
        return self.invoices(
            [
                {"partner": customer, "days_overdue": days}
                for customer, days in zip(customers, days_overdue, strict=True)
            ]
        )

    def test_level_applies_on_the_later_of_due_date_and_interval(self):
        invoices = self.invoices_of_customers([case[0] for case in TIMING])
        for invoice, case in zip(invoices, TIMING, strict=True):
            if case[1] is not None:
                self.told(invoice, case[1], days_ago=case[2])
        self.run_on()
        for invoice, case in zip(invoices, TIMING, strict=True):
            days_overdue, last_level, days_ago, answer, delay = case
            with self.subTest(days=days_overdue, last=last_level, ago=days_ago):
                decision = self.decisions(invoice)
                level = decision.level_id
                if not answer.startswith("remind"):
                    self.assertEqual(level, self.level(last_level))
                    level = decision.next_level_id
                self.assertEqual(self.why(invoice), answer)
                self.assertEqual(level, self.level(delay))

    def test_next_date_is_the_later_of_both(self):
        # days overdue, last level, days since then -> days until the next level
        table = [(-9, None, 0, 4), (3, 1, 2, 5), (20, 1, 2, 5), (15, 8, 0, 7)]
        cases = []
        for days_overdue, last_level, days_ago, days_left in table:
            invoice = self.invoice(self._create_customer(), days_overdue)
            if last_level:
                self.told(invoice, last_level, days_ago)
            cases.append((invoice, self.today + timedelta(days=days_left)))
        self.run_on()
        for invoice, next_date in cases:
            with self.subTest(next_date=next_date):
                self.assertEqual(self.decisions(invoice).next_date, next_date)
                self.assertEqual(invoice.dunning_next_date, next_date)

    def test_interval_counts_from_any_message_to_the_debtor(self):
        invoice = self.invoice(days_overdue=8)
        self.told(invoice, 1, days_ago=10)
        self.told(self.invoice(days_overdue=2), 1, days_ago=2)
        self.run_on()
        self.assertEqual(self.why(invoice), "wait/min_interval")
        self.assertEqual(
            self.decisions(invoice).next_date, self.today + timedelta(days=5)
        )

    def test_activities_cancelled_and_suppressed_notices_are_no_message(self):
        for state, values in [
            ("sent", {"channel": "activity"}),
            ("cancelled", {}),
            ("suppressed", {}),
        ]:
            with self.subTest(state=state, **values):
                customer = self._create_customer()
                other = self.invoice(customer, days_overdue=2)
                invoice = self.invoice(customer, days_overdue=8)
                self.told(invoice, 1, days_ago=10)
                self.told(other, 1, days_ago=1, state=state, **values)
                self.run_on()
                self.assertReminded(invoice, 8)

    def test_only_the_latest_of_several_levels_before_the_due_date(self):
        self.policy.active = False
        policy = self._create_policy(delays=[-10, -5, -2, 0, 3])
        # days overdue, last level -> level reached
        table = [
            (-11, None, None),
            (-10, None, -10),
            (-6, None, -10),
            (-5, None, -5),
            (-5, -10, -5),
            (-3, -10, -5),
            (-2, None, -2),
            (-1, -10, -2),
            (-1, -2, None),
            (0, None, 0),
            (0, -10, 0),
            (2, None, 0),
            (3, -2, 0),
        ]
        invoices = self.invoices_of_customers([row[0] for row in table])
        for invoice, row in zip(invoices, table, strict=True):
            if row[1] is not None:
                self.told(invoice, row[1], days_ago=1, policy=policy)
        self.run_on()
        for invoice, row in zip(invoices, table, strict=True):
            days_overdue, last_level, reached = row
            with self.subTest(days_overdue=days_overdue, last_level=last_level):
                decision = self.decisions(invoice)
                if reached is None:
                    self.assertEqual(decision.outcome, "wait")
                else:
                    self.assertReminded(invoice, reached)

    def test_the_whole_ladder_day_by_day(self):
        invoice = self.invoice(days_overdue=-7)
        told = []
        for _day in range(45):
            self.run_on()
            for notice in self.send(self.notices(state="ready")):
                told.append((notice.line_ids.days_overdue, notice.channel))
            self.travel(1)
        self.assertEqual(
            told,
            [
                (-5, "email"),
                (1, "email"),
                (8, "email"),
                (15, "email"),
                (15, "activity"),
                (30, "activity"),
            ],
        )
        self.assertEqual(self.why(invoice), "wait/last_level")

    def test_a_second_run_on_the_same_day_plans_nothing(self):
        invoice = self.invoice(days_overdue=20)
        self.assertEqual(self.run_on().notice_count, 1)
        for state, answer in [
            ("ready", "wait/in_progress"),
            ("sent", "wait/min_interval"),
        ]:
            with self.subTest(state=state):
                if state == "sent":
                    self.send(self.notices())
                run = self.run_on()
                self.assertFalse(run.notice_count)
                self.assertEqual(self.why(invoice), answer)

    def test_each_instalment_has_its_own_ladder(self):
        invoice = self.invoice(instalments=[(9, 50.0), (-3, 30.0), (-40, 20.0)])
        self.run_on()
        self.assertRecordValues(
            self.decisions(invoice),
            [
                {"outcome": "remind", "level_id": self.level(1).id},
                {"outcome": "remind", "level_id": self.level(-5).id},
                {"outcome": "wait", "level_id": False},
            ],
        )
        self.assertRecordValues(
            self.notices().line_ids,
            [
                {"residual_currency": 50.0, "days_overdue": 9},
                {"residual_currency": 30.0, "days_overdue": -3},
            ],
        )

    def test_entry_without_due_date_counts_from_its_date(self):
        invoice = self.invoice(days_overdue=8)
        self.receivable(invoice).flush_recordset()
        self.cr.execute(
            "UPDATE account_move_line SET date_maturity = NULL, date = %s"
            " WHERE id = %s",
            (self.today - timedelta(days=2), self.receivable(invoice).id),
        )
        self.env.invalidate_all()
        self.run_on()
        self.assertEqual(self.notices().line_ids.days_overdue, 2)

    # === TODAY === #

    def test_today_is_the_companys(self):
        invoice = self.invoice(invoice_date_due=date(2026, 3, 9))
        for timezone, moment, today in [
            ("Pacific/Auckland", datetime(2026, 3, 9, 10, 59), date(2026, 3, 9)),
            ("Pacific/Auckland", datetime(2026, 3, 9, 11, 0), date(2026, 3, 10)),
            ("Pacific/Honolulu", datetime(2026, 3, 10, 9, 59), date(2026, 3, 9)),
            ("Pacific/Honolulu", datetime(2026, 3, 10, 10, 0), date(2026, 3, 10)),
            ("UTC", datetime(2026, 3, 9, 23, 59), date(2026, 3, 9)),
            ("UTC", datetime(2026, 3, 10, 0, 0), date(2026, 3, 10)),
        ]:
            with self.subTest(timezone=timezone, moment=moment):
                self.moment = moment
                self.company.dunning_tz = timezone
                with self.env.cr.savepoint() as savepoint:
                    run = self.run_on()
                    self.assertEqual(run.date, today)
                    reminded = self.why(invoice) == "remind/level_reached"
                    self.assertEqual(reminded, today == date(2026, 3, 10))
                    savepoint.rollback()
                self.env.invalidate_all()

    def test_interval_counts_local_days(self):
        """Sent at 23:30 in Auckland: the next day begins half an hour later."""
        self.company.dunning_tz = "Pacific/Auckland"
        self.moment = datetime(2026, 3, 9, 10, 30)
        invoice = self.invoice(invoice_date_due=date(2026, 3, 1))
        self.told(invoice, 1)
        self.travel(6, hours=1)
        self.assertEqual(self.company._dunning_today(), date(2026, 3, 16))
        self.run_on()
        self.assertReminded(invoice, 8)

    def test_time_zone_of_company_then_partner_then_calendar(self):
        self.company.dunning_tz = "Asia/Tokyo"
        self.company.partner_id.tz = "Europe/Berlin"
        self.company.resource_calendar_id.tz = "America/Lima"
        for field_owner, expected in [
            (None, "Asia/Tokyo"),
            ("dunning_tz", "Europe/Berlin"),
            ("tz", "America/Lima"),
            ("calendar", "UTC"),
        ]:
            with self.subTest(expected=expected):
                if field_owner == "dunning_tz":
                    self.company.dunning_tz = False
                elif field_owner == "tz":
                    self.company.partner_id.tz = False
                elif field_owner == "calendar":
                    self.company.resource_calendar_id = False
                self.assertEqual(self.company._dunning_timezone(), expected)

    def test_daily_run_once_after_its_hour(self):
        self.company.write({"dunning_tz": "Europe/Berlin", "dunning_hour": 7})
        for moment, is_due in [
            (datetime(2026, 3, 10, 5, 59), False),
            (datetime(2026, 3, 10, 6, 0), True),
            (datetime(2026, 3, 10, 22, 30), True),
            (datetime(2026, 3, 10, 23, 30), False),  # 0:30 of the next day
        ]:
            with self.subTest(moment=moment):
                self.moment = moment
                self.assertEqual(self.company._dunning_is_run_due(), is_due)
        self.moment = datetime(2026, 3, 10, 9)
        simulation = self.env["dunning.run"].create({"simulation": True})
        simulation.action_start()
        self.assertTrue(self.company._dunning_is_run_due())
        self.run_on()
        self.assertFalse(self.company._dunning_is_run_due())
        self.travel(1)
        self.assertTrue(self.company._dunning_is_run_due())

    def test_company_that_fails_does_not_stop_the_others(self):
        """And the cron reports success: five failures would switch it off for all."""
        other = self.setup_other_company(name="Other")["company"]
        broken = self._create_policy(company_id=other.id)
        self.env.flush_all()
        self.cr.execute(
            "UPDATE dunning_policy SET partner_domain = %s WHERE id = %s",
            ("[('x_gone', '=', 1)]", broken.id),
        )
        broken.invalidate_recordset()
        self.invoice()
        cron = self.env.ref("dunning_automation.ir_cron_run").sudo()
        for _hour in range(2):
            with (
                self.enter_registry_test_mode(),
                mute_logger("odoo.addons.dunning_automation.models.dunning_run"),
            ):
                self.assertIs(cron.method_direct_trigger(), True)
            self.travel(hours=1)
        runs = self.env["dunning.run"].sudo().search([("date", "=", self.today)])
        failed = runs.filtered(lambda run: run.company_id == other)
        self.assertEqual(failed.mapped("state"), ["failed"])
        self.assertIn(broken.name, failed.error)
        self.assertEqual(self.notices().state, "ready")

    def test_cron_runs_every_company_once(self):
        other = self.setup_other_company(name="Other")["company"]
        self._create_policy(company_id=other.id)
        self.invoice()
        cron = self.env.ref("dunning_automation.ir_cron_run").sudo()
        for _hour in range(2):
            with self.enter_registry_test_mode():
                self.assertIs(cron.method_direct_trigger(), True)
            self.travel(hours=1)
        runs = self.env["dunning.run"].sudo().search([("date", "=", self.today)])
        self.assertEqual(len(runs.filtered(lambda run: run.company_id == other)), 1)
        self.assertEqual(
            len(runs.filtered(lambda run: run.company_id == self.company)), 1
        )
        self.assertEqual(self.notices().state, "ready")
