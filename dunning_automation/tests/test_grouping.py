from odoo.tests import tagged

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestGrouping(DunningCommon):
    """One message per customer (see ``test_planner_grouping``), level or invoice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.active = False
        cls.policy = cls._create_policy(delays=[1, 8, 15])

    def keys(self, **values):
        """{group key: {invoice: delay of its step}} of the customer's notices."""
        return {
            notice.group_key: self.steps(notice) for notice in self.notices(**values)
        }

    def test_per_customer_by_default(self):
        first, second = self.invoice(days_overdue=2), self.invoice(days_overdue=2)
        self.run_on()
        self.assertEqual(self.keys(), {"": {first: 1, second: 1}})

    def test_per_level(self):
        self.policy.grouping = "level"
        fresh, late = self.invoice(days_overdue=2), self.invoice(days_overdue=9)
        waiting = self.invoice(days_overdue=5)
        self.told(late, 1, days_ago=8)
        self.told(waiting, 1, days_ago=3)
        run = self.run_on()
        first, eighth = self.level(1), self.level(8)
        self.assertEqual(
            self.keys(run_id=run.id),
            {
                f"L{first.id}": {fresh: 1, waiting: None},
                f"L{eighth.id}": {late: 8},
            },
        )
        self.assertEqual(self.notices(run_id=run.id).level_id, first | eighth)
        self.assertEqual(len(self.deliver()), 2)

    def test_per_invoice(self):
        self.policy.grouping = "invoice"
        plan = self.invoice(instalments=[(9, 60.0), (3, 40.0)])
        other = self.invoice(days_overdue=9)
        run = self.run_on()
        self.assertEqual(
            self.keys(run_id=run.id),
            {f"M{plan.id}": {plan: 1}, f"M{other.id}": {other: 1}},
        )
        of_plan = self.notices(group_key=f"M{plan.id}")
        self.assertEqual(len(of_plan.line_ids), 2)
        self.assertEqual(len(self.deliver()), 2)
        self.assertEqual(set(self.notices().mapped("state")), {"sent"})

    def test_contact_on_each_invoice_hears_of_it(self):
        self.policy.grouping = "invoice"
        contacts = [
            self._create_customer(parent_id=self.customer.id, is_company=False)
            for _i in range(2)
        ]
        invoices = [self.invoice(contact) for contact in contacts]
        self.run_on()
        self.assertEqual(
            {notice.line_ids.move_id: notice.recipient_id for notice in self.notices()},
            dict(zip(invoices, contacts, strict=True)),
        )

    def test_interval_and_pending_count_per_invoice(self):
        """What happened to one invoice -> the answer for it and for the other."""
        self.policy.grouping = "invoice"
        self.level(8).min_interval_days = 5
        for state, days_ago, key, first_answer, second_answer in [
            ("sent", 1, "M", "wait/min_interval", "remind/level_reached"),
            ("failed", 9, "M", "wait/delivery_failed", "remind/level_reached"),
            ("planned", 9, "M", "wait/awaiting_approval", "remind/level_reached"),
            ("sent", 9, "M", "remind/level_reached", "remind/level_reached"),
            # About the customer as a whole, before the policy was changed.
            ("sent", 1, "", "wait/min_interval", "wait/min_interval"),
            ("unknown", 9, "", "wait/delivery_unknown", "wait/delivery_unknown"),
        ]:
            with self.subTest(state=state, key=key):
                customer = self._create_customer()
                first, second = self.invoices([{"partner": customer}] * 2, 9)
                self.told(
                    first,
                    1,
                    days_ago=days_ago,
                    state=state,
                    group_key=key and f"M{first.id}",
                )
                self.told(second, 1, days_ago=30, group_key=f"M{second.id}")
                self.run_on()
                self.assertEqual(self.why(first), first_answer)
                self.assertEqual(self.why(second), second_answer)

    def test_interval_counts_per_customer_otherwise(self):
        for grouping in ("customer", "level"):
            with self.subTest(grouping=grouping):
                self.policy.grouping = grouping
                self.level(8).min_interval_days = 5
                customer = self._create_customer()
                first, second = self.invoices([{"partner": customer}] * 2, 9)
                self.told(first, 1, days_ago=1, group_key=f"M{first.id}")
                self.told(second, 1, days_ago=30)
                self.run_on()
                self.assertEqual(self.why(second), "wait/min_interval")

    def test_minimum_of_the_policy_is_about_the_customer(self):
        """Two invoices that are large enough together leave apart."""
        self.policy.min_overdue_amount = 150
        for grouping in ("level", "invoice"):
            with self.subTest(grouping=grouping):
                self.policy.grouping = grouping
                customer = self._create_customer()
                first, _second = self.invoices(
                    [{"partner": customer, "days_overdue": days} for days in (9, 2)]
                )
                self.told(first, 1, days_ago=8)
                run = self.run_on()
                self.deliver()
                notices = self.notices(customer, run_id=run.id)
                self.assertEqual(notices.mapped("state"), ["sent", "sent"])

    def test_nothing_twice_on_a_day(self):
        for grouping in ("customer", "level", "invoice"):
            with self.subTest(grouping=grouping):
                self.policy.grouping = grouping
                customer = self._create_customer()
                self.invoices(
                    [{"partner": customer, "days_overdue": d} for d in (2, 9)]
                )
                self.run_on()
                notices = self.notices(customer)
                self.run_on()
                self.send(notices)
                self.run_on()
                self.assertEqual(self.notices(customer), notices)
                steps = notices.line_ids.filtered("is_step")
                self.assertEqual(len(steps), len(steps.move_line_id))

    def test_policies_that_group_differently_for_one_customer(self):
        self._create_policy(
            sequence=1,
            delays=[1, 8],
            grouping="invoice",
            invoice_domain="[('ref', '=', 'apart')]",
        )
        apart, together = self.invoice(ref="apart"), self.invoice()
        self.run_on()
        self.assertEqual(self.keys(), {"": {together: 1}, f"M{apart.id}": {apart: 1}})
        self.assertEqual(len(self.deliver()), 2)

    def test_simulated_run_groups_too(self):
        self.policy.grouping = "invoice"
        self.invoices([{}, {}])
        run = self.env["dunning.run"].create({"simulation": True})
        run.action_start()
        self.assertEqual(len(run.notice_ids), 2)
