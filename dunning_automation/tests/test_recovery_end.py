from datetime import timedelta

from odoo.tests import Form, tagged

from .test_payment_messages import MessageCommon


class EndCommon(MessageCommon):
    """A monthly invoice that could not be charged, and three days of grace."""

    def setUp(self):
        super().setUp()
        self.until = self.today + timedelta(days=300)
        self.move = self.monthly()

    def monthly(self, partner=None):
        """A posted invoice that repeats itself; its successor is a draft."""
        move = self.invoice(
            partner,
            post=False,
            date=self.today - timedelta(days=38),
            auto_post="monthly",
            auto_post_until=self.until,
        )
        move.action_post()
        return move

    def next_of(self, move):
        """The draft with which the recurrence goes on."""
        return self.env["account.move"].search(
            [("auto_post_origin_id", "=", move.id), ("state", "=", "draft")]
        )

    def ends_with(self, action):
        """What the schedule does at the end."""
        self.schedule().write({"grace_days": 3, "end_action": action})

    def lost(self, move):
        """The payment of ``move`` failed, and its days of grace have passed."""
        recovery = self.failed(move, "hard", failed_at=self.moment - timedelta(days=4))
        self.follow()
        return recovery


@tagged("post_install", "-at_install")
class TestRecoveryEnd(EndCommon):
    """Who is not charged and does not pay is reminded as everybody in the end; and is
    served again as soon as he pays."""

    def test_days_of_grace(self):
        """So many after the last failure; not while a try is left."""
        self.ends_with("dunning")
        for name, failed_days, tried_days, has_retry, state in (
            ("last day", 3, None, False, "customer"),
            ("after it", 4, None, False, "ended"),
            ("tried since", 9, 3, False, "customer"),
            ("tried long ago", 9, 4, False, "ended"),
            ("a try is left", 30, 20, True, "open"),
        ):
            with self.subTest(name):
                recovery = self.failed(
                    self.invoice(self._create_customer()),
                    "soft" if has_retry else "hard",
                    failed_at=self.moment - timedelta(days=failed_days),
                )
                if tried_days is not None:
                    self.tried(recovery, self.moment - timedelta(days=tried_days))
                self.follow()
                self.assertEqual(recovery.state, state)

    def test_normal_reminders_go_on(self):
        self.ends_with("dunning")
        self.policy.level_ids.min_interval_days = 0
        recovery = self.failed(self.move, "hard")
        self.follow()
        self.deliver()
        self.run_on()
        self.assertEqual(self.why(self.move), "hold/hold_recovery")
        self.travel(4)
        self.follow()
        self.assertEqual(recovery.state, "ended")
        self.run_on()
        self.assertReminded(self.move, 1)
        self.assertEqual(self.next_of(self.move).auto_post, "monthly")

    def test_recurrence_rests_until_it_is_paid(self):
        self.ends_with("pause")
        self.lost(self.move)
        draft = self.next_of(self.move)
        self.assertRecordValues(
            draft,
            [
                {
                    "auto_post": "no",
                    "auto_post_until": False,
                    "dunning_paused_for_id": self.move.id,
                }
            ],
        )
        self.run_cron("account.ir_cron_auto_post_draft_entry")
        self.assertEqual(draft.state, "draft")
        self.follow()
        self.assertEqual(draft.auto_post, "no")
        self.pay(self.move)
        self.follow()
        self.assertRecordValues(
            draft,
            [
                {
                    "auto_post": "monthly",
                    "auto_post_until": self.until,
                    "dunning_paused_for_id": False,
                }
            ],
        )

    def test_each_debt_of_a_recurrence_is_paid_first(self):
        self.ends_with("pause")
        draft = self.next_of(self.move)
        draft.action_post()
        later = draft
        self.lost(self.move)
        self.lost(later)
        draft = self.next_of(self.move)
        self.pay(self.move)
        self.follow()
        self.assertEqual(draft.auto_post, "no")
        self.pay(later)
        self.follow()
        self.assertEqual(draft.auto_post, "monthly")

    def test_other_recurrences_go_on(self):
        self.ends_with("pause")
        other = self.monthly(self._create_customer())
        self.lost(self.move)
        self.assertEqual(self.next_of(other).auto_post, "monthly")

    def test_a_person_lets_it_go_on(self):
        self.ends_with("pause")
        self.lost(self.move)
        draft = self.next_of(self.move)
        user = self.new_user("e_billing", "account.group_account_invoice")
        with Form(draft.with_user(user)):
            pass  # It is shown to whoever writes invoices.
        draft.with_user(user).action_dunning_resume()
        self.assertEqual(draft.auto_post, "monthly")

    def test_what_does_not_repeat_itself_has_nothing_to_rest(self):
        self.ends_with("pause")
        self.assertEqual(self.lost(self.invoice()).state, "ended")

    def test_salesperson_is_asked(self):
        self.ends_with("task")
        seller = self.new_user("e_seller", "account.group_account_invoice")
        gone = self.new_user("e_gone", "account.group_account_invoice")
        for name, user, asked in (
            ("salesperson", seller, seller),
            ("who has left", gone, self.policy.user_id),
        ):
            with self.subTest(name):
                move = self.invoice(invoice_user_id=user.id)
                gone.active = False
                self.lost(move)
                self.follow()  # Once is enough.
                self.assertEqual(move.activity_ids.user_id, asked)
                self.assertEqual(len(move.activity_ids), 1)

    def test_one_that_fails_stands_in_no_others_way(self):
        self.ends_with("task")
        first, second = self.invoice(), self.invoice()
        recoveries = [
            self.failed(move, "hard", failed_at=self.moment - timedelta(days=4))
            for move in (first, second)
        ]
        model = type(self.env["dunning.recovery"])
        ask = model._ask_salesperson

        def fail(recovery):
            if recovery == recoveries[0]:
                raise ValueError("broken")
            return ask(recovery)

        self.patch(model, "_ask_salesperson", fail)
        cron = type(self.env["ir.cron"])
        self.patch(cron, "_commit_progress", lambda *args, **values: 0)
        raised = False
        with self.assertLogs("odoo.addons.dunning_automation", "WARNING"):
            try:  # assertRaises would roll back what was done for the others.
                self.env["dunning.recovery"].sudo()._cron_follow()
            except ValueError:
                raised = True
        self.assertTrue(raised)
        self.assertEqual([one.state for one in recoveries], ["customer", "ended"])

    # === WHAT PEOPLE SEE === #

    def test_case_and_invoice_tell(self):
        self.run_on()
        case = self.env["dunning.case"].search([("partner_id", "=", self.customer.id)])
        user = self.new_user("e_user", "dunning_automation.group_user")
        self.assertFalse(case.with_user(user).recovery_text)
        self.failed(self.move, "soft")
        self.env.invalidate_all()
        self.assertIn(self.move.name, case.with_user(user).recovery_text)
        self.assertIn("next try on", case.with_user(user).recovery_text)
        action = case.with_user(user).action_open_recoveries()
        self.assertEqual(action["res_id"], self.recovery(self.move).id)
        billing = self.new_user("e_billing", "account.group_account_invoice")
        self.assertTrue(self.move.with_user(billing).dunning_recovery_text)
        self.assertFalse(self.invoice().with_user(billing).dunning_recovery_text)
