from psycopg2 import IntegrityError

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestPlannerGrouping(DunningCommon):
    def test_one_notice_lists_all_lines_each_with_its_own_level(self):
        first = self.invoice(days_overdue=2)
        second = self.invoice(days_overdue=16)
        third = self.invoice(days_overdue=9)
        coming = self.invoice(days_overdue=-4)
        far = self.invoice(days_overdue=-20)
        self.told(second, 8, days_ago=7)
        self.told(third, 1, days_ago=8)
        run = self.run_on()
        email, activity = self.notices(run_id=run.id)
        self.assertRecordValues(
            email + activity,
            [
                {"channel": "email", "level_id": self.level(15).id, "state": "ready"},
                {
                    "channel": "activity",
                    "level_id": self.level(15).id,
                    "state": "ready",
                },
            ],
        )
        self.assertEqual(
            self.steps(email), {first: 1, second: 15, third: 8, coming: -5}
        )
        # The task is about what its level is about; the others are listed.
        self.assertEqual(self.steps(activity), {first: None, second: 15, third: None})
        self.assertNotIn(far, email.line_ids.move_id)
        self.assertEqual(email.overdue_amount, 300.0)

    def test_older_overdue_lines_that_wait_are_listed_without_a_step(self):
        waiting = self.invoice(days_overdue=6)
        self.told(waiting, 1, days_ago=4)
        held = self.invoice(days_overdue=20)
        held.no_followup = True
        stepping = self.invoice(days_overdue=1)
        run = self.run_on()
        notice = self.notices(run_id=run.id)
        self.assertEqual(self.steps(notice), {waiting: None, stepping: 1})
        self.assertEqual(notice.level_id, self.level(1))
        # A line that is only listed has not been reminded again.
        self.assertEqual(self.why(waiting), "wait/next_level")

    def test_coming_due_lines_alone_get_a_courtesy(self):
        coming = self.invoice(days_overdue=-3)
        self.run_on()
        self.assertEqual(self.notices().level_id, self.level(-5))
        self.assertEqual(self.steps(self.notices()), {coming: -5})
        self.assertEqual(self.notices().overdue_amount, 0.0)

    def test_contacts_of_a_company_are_one_debtor(self):
        children = [
            self._create_customer(parent_id=self.customer.id, is_company=False)
            for _i in range(2)
        ]
        invoices = [self.invoice(partner) for partner in [*children, self.customer]]
        self.run_on()
        notice = self.notices()
        self.assertEqual(len(notice), 1)
        self.assertEqual(set(self.steps(notice)), set(invoices))
        self.assertEqual(notice.case_id.partner_id, self.customer)

    def test_regular_invoices_do_not_keep_an_old_debt_from_climbing(self):
        """An invoice falls due every week and nothing is paid: each small message
        resets the interval, yet the oldest invoice must reach the top."""
        old = self.invoice(days_overdue=0)
        weekly = [self.invoice(days_overdue=-7 * week) for week in range(1, 9)]
        reached = {}
        for day in range(1, 60):
            self.run_on(days=1)
            self.send()
            level = self.decisions(old).level_id.delay_days
            reached.setdefault(level, day)
        self.assertLessEqual(reached.get(8, 99), 12)
        self.assertLessEqual(reached.get(15, 99), 22)
        self.assertLessEqual(reached.get(30, 99), 36)
        self.assertTrue(all(self.decisions(move).level_id for move in weekly))
        emails = self.notices(channel="email").sorted("date")
        gaps = [
            (later.date - earlier.date).days
            for earlier, later in zip(emails, emails[1:], strict=False)
        ]
        self.assertGreaterEqual(min(gaps), 3)

    def test_a_task_does_not_swallow_a_reminder(self):
        old, new = self.invoice(days_overdue=40), self.invoice(days_overdue=2)
        self.told(old, 15, days_ago=20)
        run = self.run_on()
        email = self.notices(run_id=run.id, channel="email")
        task = self.notices(run_id=run.id, channel="activity")
        self.assertEqual(email.level_id.delay_days, 1)
        self.assertEqual(self.steps(email), {new: 1, old: None})
        self.assertEqual(task.level_id.delay_days, 30)
        self.assertEqual(self.steps(task), {old: 30, new: None})

    def test_merged_customers_keep_one_case_and_all_history(self):
        twin = self._create_customer(name="Twin")
        mine, its = self.invoice(days_overdue=9), self.invoice(twin, days_overdue=9)
        self.run_on()
        self.send(self.notices())
        waiting = self.notices(twin)
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (self.customer | twin).ids, self.customer
        )
        self.env.invalidate_all()
        self.assertEqual(waiting.state, "suppressed")
        cases = self.env["dunning.case"].search([("partner_id", "=", self.customer.id)])
        self.assertEqual(sorted(cases.mapped("state")), ["closed", "open"])
        self.assertEqual(len(self.notices()), 2)
        self.run_on(days=7)
        self.assertReminded(its, 1)
        self.assertReminded(mine, 8)

    def test_companies_of_one_customer_write_separately(self):
        other = self.setup_other_company(name="Other")["company"]
        policy = self._create_policy(company_id=other.id)
        own, foreign = self.invoice(), self.invoice(company=other)
        self.run_on()
        self.run_on(company=other)
        first, second = self.notices()
        self.assertEqual((first.company_id, second.company_id), (self.company, other))
        self.assertEqual(self.steps(first), {own: 1})
        self.assertEqual(self.steps(second), {foreign: 1})
        self.assertEqual(second.policy_id, policy)
        self.assertEqual(len(first.case_id | second.case_id), 2)

    def test_currencies_are_listed_apart(self):
        usd = self.invoice(amount=100.0)
        eur = self.invoice(amount=80.0, currency=self.foreign_currency)
        self.run_on()
        notice = self.notices()
        self.assertEqual(set(self.steps(notice)), {usd, eur})
        groups = {
            g["currency"]: g["overdue_total"] for g in notice._get_table_groups({})
        }
        self.assertEqual(
            groups, {self.company.currency_id: 100.0, self.foreign_currency: 80.0}
        )
        self.assertEqual(notice.overdue_amount, 140.0, "in company currency")

    def test_pending_notices_block_new_ones(self):
        for state, answer in [
            ("planned", "wait/awaiting_approval"),
            ("ready", "wait/in_progress"),
            ("claimed", "wait/in_progress"),
            ("unknown", "wait/delivery_unknown"),
            ("failed", "wait/delivery_failed"),
            ("sent", None),
            ("delivered", None),
            ("suppressed", None),
            ("cancelled", None),
        ]:
            with self.subTest(state=state):
                customer = self._create_customer()
                self.told(self.invoice(customer, 2), 1, days_ago=30, state=state)
                invoice = self.invoice(customer, days_overdue=9)
                self.run_on()
                self.assertEqual(self.why(invoice), answer or "remind/level_reached")

    def test_every_reminded_line_has_a_step(self):
        """A decision never claims a notice that does not exist: the day's notice was
        cancelled, then another invoice qualifies."""
        self.policy.mode = "review"
        self.invoice(days_overdue=9)
        self.run_on()
        self.notices()._cancel("Customer called")
        late = self.invoice(days_overdue=9)
        self.run_on()
        self.assertEqual(self.why(late), "wait/min_interval")
        self.assertFalse(self.notices(state="planned"))
        self.run_on(days=1)
        self.assertReminded(late, 1)

    def test_case_follows_the_debtor(self):
        first = self.invoice(days_overdue=-4, amount=70.0)
        second = self.invoice(days_overdue=9, amount=30.0)
        self.told(second, 1, days_ago=8)
        self.run_on()
        case = self.customer.dunning_case_id
        self.assertRecordValues(
            case,
            [
                {
                    "state": "open",
                    "open_amount": 100.0,
                    "overdue_amount": 30.0,
                    "level_id": self.level(8).id,
                    "oldest_due_date": second.invoice_date_due,
                    "date_open": self.today,
                    "cycle": 1,
                }
            ],
        )
        self.send()
        self.pay(first + second)
        self.run_on(days=1)
        self.assertRecordValues(
            case, [{"state": "closed", "open_amount": 0.0, "date_close": self.today}]
        )
        self.invoice(days_overdue=9)
        self.run_on(days=5)
        new_case = self.customer.dunning_case_id
        self.assertNotEqual(new_case, case)
        self.assertEqual(new_case.cycle, 2)
        kinds = new_case.event_ids.sorted("id").mapped("kind")
        self.assertEqual(kinds, ["case_opened", "notice_planned"])

    def test_no_case_before_anything_is_due(self):
        self.invoice(days_overdue=-30)
        self.run_on()
        self.assertFalse(self.customer.dunning_case_id)

    # === UNIQUE KEYS === #

    def test_unique_keys_are_in_the_database(self):
        for table, name, is_constraint in [
            ("dunning_notice_line", "dunning_notice_line_step_uniq", False),
            ("dunning_notice", "dunning_notice_dedup_key_uniq", True),
            ("dunning_notice", "dunning_notice_day_uniq", False),
            ("dunning_case", "dunning_case_open_uniq", False),
            ("dunning_level", "dunning_level_delay_days_uniq", True),
            ("dunning_decision", "dunning_decision_move_line_uniq", True),
            ("dunning_action", "dunning_action_channel_uniq", True),
        ]:
            with self.subTest(name):
                self.cr.execute(
                    "SELECT indexdef FROM pg_indexes"
                    " WHERE tablename = %s AND indexname = %s",
                    (table, name),
                )
                self.assertIn("UNIQUE", (self.cr.fetchone() or [""])[0])
                self.cr.execute(
                    "SELECT COUNT(*) FROM pg_constraint WHERE conname = %s", (name,)
                )
                self.assertEqual(bool(self.cr.fetchone()[0]), is_constraint)

    def test_duplicates_are_refused_by_the_database(self):
        invoice = self.invoice(days_overdue=9)
        self.run_on()
        notice = self.notices().sudo()
        line = notice.line_ids
        for name, table, values in [
            ("step", line, {"notice_id": notice.copy(self._free(notice)).id}),
            ("key", notice, {"date": "2020-01-01"}),
            ("day", notice, {"dedup_key": "other"}),
            ("case", notice.case_id, {}),
            ("decision", self.decisions(invoice).sudo(), {}),
        ]:
            with (
                self.subTest(name),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                table.copy(values)
                self.env.flush_all()

    def _free(self, notice):
        return {"dedup_key": f"{notice.dedup_key} copy", "date": "2020-01-01"}
