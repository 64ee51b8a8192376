"""When a refused payment is tried again: by chance within the schedule and the caps."""

from datetime import timedelta

from odoo.tests import tagged

from odoo.addons.dunning_automation.tests.test_payment_messages import MessageCommon

from ..tools import bandit, retry_waits


@tagged("post_install", "-at_install")
class TestRetryLearning(MessageCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls.env["dunning.retry.schedule"]._get_default(cls.company)
        cls.plan.write({"paydays": False, "unknown_tries": 99})
        cls.trials = cls.env["dunning.trial"].sudo()
        cls.arms = cls.env["dunning.arm"].sudo()

    def refuse(self, number=1, **values):
        """As many payments of as many customers, refused a moment ago."""
        customers = self._create_customers(number)
        moves = self.invoices([{"partner": one} for one in customers])
        found = self.env["dunning.recovery"].sudo()
        for move in moves:
            recovery = self.failed(move, "soft", failed_at=self.moment, **values)
            recovery.next_retry_at = recovery._choose_retry_at()
            found |= recovery
        return found

    def again(self, recovery, **values):
        """The next try is made."""
        return self.tried(
            recovery, values.pop("moment", recovery.next_retry_at), **values
        )

    def recover(self, recovery, moment):
        recovery.write({"state": "recovered", "recovered_at": moment})

    def evidence(self, hours, paid, number):
        recovery = self.failed(self.invoice(), "soft")
        self.trials.create(
            [
                {
                    "recovery_id": recovery.id,
                    "company_id": self.company.id,
                    "kind": "retry",
                    "scope": self.plan.id,
                    "option": hours,
                    "propensity": 0.5,
                    "state": "paid" if position < paid else "unpaid",
                    "sent_on": self.moment,
                }
                for position in range(number)
            ]
        )

    # === LIMITS === #

    def test_off_by_default(self):
        recovery = self.refuse()
        self.assertEqual(recovery.next_retry_at, self.moment + timedelta(days=1))
        self.assertFalse(self.trials.search([]))
        self.arms._learn(self.company)
        self.assertFalse(self.arms.search([]))

    def test_never_before_the_plan_and_never_after_its_next_try(self):
        """Whatever the lot says; the default plan has tries on days 1, 2, 3, 5, ..."""
        self.plan.learn_retry = True
        waits = self.plan._get_schedule().waits
        for number, wait in enumerate(waits):
            for recovery in self.refuse(6):
                with self.subTest(number=number, customer=recovery.partner_id.id):
                    for made in range(number):
                        self.again(
                            recovery,
                            number=made + 1,
                            moment=recovery.failed_at + waits[made],
                        )
                    recovery.invalidate_recordset()
                    late = recovery._choose_retry_at() - recovery.failed_at - wait
                    self.assertGreaterEqual(late, timedelta(0))
                    self.assertLess(
                        late,
                        min(
                            [other - wait for other in waits[number + 1 :][:1]],
                            default=timedelta(hours=retry_waits.HOURS[-1] + 1),
                        ),
                    )

    def test_caps_have_the_last_word(self):
        """A cap that is full until later leaves one moment: there is no choice."""
        self.plan.learn_retry = True
        self.env["dunning.retry.cap"].create(
            {
                "network": self.method.code,
                "date_from": "2020-01-01",
                "max_attempts": 1,
                "window_hours": 60,
                "source": "Test",
            }
        )
        recovery = self.refuse(token_id=self.card.id)
        self.assertEqual(recovery.next_retry_at, self.moment + timedelta(hours=60))
        self.assertFalse(recovery.trial_ids)

    # === CHOOSING === #

    def test_propensity_is_kept_on_the_try(self):
        self.plan.learn_retry = True
        for recovery in self.refuse(8):
            trial = recovery.trial_ids
            later = recovery.next_retry_at - self.moment - timedelta(days=1)
            self.assertEqual(later, timedelta(hours=trial.option))
            attempt = self.again(recovery)
            self.assertEqual(attempt.propensity, trial.propensity)
            self.assertAlmostEqual(attempt.propensity, 1 / 2, msg="0 or 12 hours")
            self.assertEqual(trial.attempt_id, attempt)
        self.assertEqual(set(self.trials.search([]).mapped("option")), {0, 12})

    def test_somebody_tried_earlier(self):
        """What had been chosen was not done: it tells nothing."""
        self.plan.learn_retry = True
        recovery = self.refuse()
        attempt = self.again(recovery, moment=self.moment + timedelta(hours=2))
        self.assertFalse(attempt.propensity)
        self.assertEqual(recovery.trial_ids.state, "void")

    def test_what_works_is_chosen_more_often(self):
        self.plan.learn_retry = True
        self.evidence(0, 5, 50)
        self.evidence(12, 40, 50)
        self.arms._learn(self.company)
        found = self.arms.search([("kind", "=", "retry")]).grouped("option")
        self.assertEqual(set(found), set(retry_waits.HOURS))
        self.assertGreater(found[12].share, 0.5)
        self.assertGreaterEqual(found[0].share, bandit.FLOOR / 4)
        self.assertEqual(found[0].name, "As planned")
        self.assertEqual(found[12].name, "12 hours later")
        chosen = self.refuse(30).trial_ids.mapped("option")
        self.assertGreaterEqual(chosen.count(12), 22)

    # === OUTCOMES === #

    def test_credited_after_the_window_only(self):
        """Recovered within seven days of the plan, said not before ten are over."""
        self.plan.learn_retry = True
        soon, late, never, reversed_one = self.refuse(4)
        planned = self.moment + timedelta(days=1)
        self.recover(soon, planned + timedelta(days=6, hours=23))
        self.recover(late, planned + timedelta(days=7, minutes=1))
        never.state = "ended"
        reversed_one.state = "ended"
        reversed_one.move_id.payment_state = "reversed"
        states = [("soon", "paid"), ("late", "unpaid"), ("never", "unpaid")]
        states.append(("reversed", "void"))
        recoveries = (soon, late, never, reversed_one)
        self.travel(11)
        self.arms._learn(self.company)
        self.assertEqual(
            set(self.trials.search([]).mapped("state")), {"waiting"}, "Too early"
        )
        self.travel(minutes=1)
        self.arms._learn(self.company)
        for recovery, (name, state) in zip(recoveries, states, strict=True):
            with self.subTest(name):
                self.assertEqual(recovery.trial_ids.state, state)
