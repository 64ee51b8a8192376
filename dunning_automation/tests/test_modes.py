from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestModes(DunningCommon):
    def setUp(self):
        super().setUp()
        self.overdue = self.invoice(days_overdue=9)

    def skip(self, notices=None, lines=None, reason="Called, pays on Friday"):
        self.env["dunning.notice.skip"].create(
            {
                "notice_ids": notices and notices.ids,
                "line_ids": lines and lines.ids,
                "reason": reason,
            }
        ).action_confirm()

    def simulate(self, days=0):
        run = self.env["dunning.run"].create(
            {"simulation": True, "date": self.today + timedelta(days=days)}
        )
        run.action_start()
        return run

    # === AUTOMATIC === #

    def test_automatic_policy_sends_by_itself(self):
        trigger = self.env["ir.cron.trigger"].sudo()
        cron = self.env.ref("dunning_automation.ir_cron_deliver").sudo()
        known = trigger.search_count([("cron_id", "=", cron.id)])
        self.run_on()
        self.assertEqual(self.notices().state, "ready")
        self.assertGreater(trigger.search_count([("cron_id", "=", cron.id)]), known)
        self.assertEqual(len(self.deliver()), 1)

    def test_level_that_needs_approval(self):
        self.level(8).requires_review = True
        self.told(self.overdue, 1, days_ago=8)
        other = self.invoice(self._create_customer(), days_overdue=9)
        run = self.run_on()
        self.assertEqual(self.notices(run_id=run.id).state, "planned")
        self.assertEqual(self.notices(other.partner_id).state, "ready")

    # === REVIEW === #

    def test_new_policy_waits_for_review(self):
        policy = self.env["dunning.policy"].create({"name": "New"})
        self.assertEqual(policy.mode, "review")

    def test_review_sends_what_is_approved(self):
        self.policy.mode = "review"
        run = self.run_on()
        notice = self.notices()
        self.assertEqual(notice.state, "planned")
        self.assertEqual(run.to_approve_count, 1)
        self.assertIn(self.overdue.name, notice.body)
        self.assertFalse(self.deliver())
        notice.action_approve()
        self.assertEqual(notice.state, "ready")
        self.assertEqual(len(self.deliver()), 1)
        with self.assertRaisesRegex(UserError, "waits for approval"):
            notice.action_approve()

    def test_skipped_notice_is_not_planned_again(self):
        self.policy.mode = "review"
        self.run_on()
        notice = self.notices()
        self.skip(notices=notice)
        self.assertRecordValues(
            notice, [{"state": "cancelled", "reason": "Called, pays on Friday"}]
        )
        self.assertEqual(notice.event_ids.sorted("id")[-1].kind, "notice_cancelled")
        self.run_on(days=1)
        self.assertEqual(self.why(self.overdue), "wait/min_interval")
        self.assertEqual(self.decisions(self.overdue).level_id, self.level(1))
        self.run_on(days=6)
        self.assertReminded(self.overdue, 8)

    def test_single_line_is_taken_out(self):
        self.policy.mode = "review"
        second = self.invoice(days_overdue=3, amount=55.0)
        self.run_on()
        notice = self.notices()
        line = notice.line_ids.filtered(lambda line: line.move_id == second)
        self.skip(lines=line)
        self.assertEqual(notice.state, "planned")
        self.assertEqual(line.skip_reason, "Called, pays on Friday")
        self.assertNotIn(second.name, notice.body)
        self.assertIn(self.overdue.name, notice.body)
        self.assertEqual(notice.overdue_amount, 100.0)
        event = notice.event_ids.sorted("id")[-1]
        self.assertEqual(event.kind, "line_skipped")
        self.assertIn(second.name, event.note)
        notice.action_approve()
        self.assertNotIn(second.name, self.deliver()[0]["body"])
        # The step counts as taken.
        self.run_on(days=1)
        self.assertEqual(self.why(second), "wait/next_level")
        self.assertEqual(self.decisions(second).level_id, self.level(1))

    def test_furthest_line_taken_out_the_rest_is_planned_milder(self):
        self.policy.mode = "review"
        old, young = self.invoice(days_overdue=20), self.invoice(days_overdue=2)
        self.told(old, 1, days_ago=15)
        self.run_on()
        notice = self.notices(state="planned")
        line = notice.line_ids.filtered(lambda line: line.move_id == old)
        ask = line.action_skip()
        self.env[ask["res_model"]].with_context(**ask["context"]).create(
            {"reason": "Agreed on the phone"}
        ).action_confirm()
        self.assertEqual(notice.state, "suppressed")
        self.assertTrue(line.live, "what a person took out stays taken out")
        self.run_on(days=1)
        milder = self.notices(state="planned")
        self.assertEqual(milder.level_id.delay_days, 1)
        self.assertEqual(self.steps(milder).get(young), 1)
        self.assertFalse(self.steps(milder).get(old))
        week_later = self.today + timedelta(days=6)
        self.assertEqual(self.decisions(old).next_date, week_later)

    def test_notice_without_steps_is_cancelled(self):
        self.policy.mode = "review"
        self.run_on()
        notice = self.notices()
        self.skip(lines=notice.line_ids)
        self.assertEqual(notice.state, "cancelled")

    def test_only_waiting_notices_lose_lines(self):
        self.run_on()
        with self.assertRaisesRegex(UserError, "waits for approval"):
            self.skip(lines=self.notices().line_ids)

    def test_stopped_while_it_waits_for_approval(self):
        self.only_the_claim_looks()
        self.policy.mode = "review"
        self.run_on()
        self.pay(self.overdue)
        notice = self.notices()
        notice.action_approve()
        self.assertFalse(self.deliver())
        self.assertEqual(notice.state, "suppressed")

    def test_settled_notices_leave_the_approval_list(self):
        self.only_the_claim_looks()
        self.policy.mode = "review"
        self.run_on()
        self.pay(self.overdue)
        self.run_on(days=1)
        self.assertEqual(self.notices().state, "suppressed")

    # === SIMULATE === #

    def test_simulation_of_another_day_knows_which_holds_end_until_then(self):
        self.env["dunning.hold"].create(
            {
                "partner_id": self.customer.id,
                "kind": "manual",
                "date_end": self.today + timedelta(days=3),
            }
        )
        self.assertFalse(self.simulate(days=3).notice_ids)
        self.assertEqual(self.simulate(days=4).notice_ids.partner_id, self.customer)

    def test_simulating_policy_shows_and_sends_nothing(self):
        self.policy.mode = "simulate"
        self.run_on()
        notice = self.notices()
        self.assertRecordValues(
            notice, [{"simulation": True, "state": "planned", "case_id": False}]
        )
        self.assertIn(self.overdue.name, notice.body)
        self.assertEqual(self.why(self.overdue), "wait/simulated")
        self.assertFalse(self.customer.dunning_case_id)
        self.assertFalse(notice.event_ids)
        with self.assertRaises(UserError):
            notice.action_approve()
        self.assertFalse(self.deliver())

    def test_simulated_steps_are_not_taken(self):
        self.policy.mode = "simulate"
        self.run_on()
        self.run_on(days=1)
        self.assertEqual(len(self.notices()), 1, "only the latest is kept")
        self.assertEqual(self.notices().level_id, self.level(1))
        self.policy.mode = "automatic"
        self.run_on()
        self.assertReminded(self.overdue, 1)
        self.assertEqual(self.notices(simulation=False).state, "ready")
        self.assertFalse(self.notices(simulation=True))

    def test_unreachable_in_simulation_makes_no_task(self):
        self.policy.mode = "simulate"
        self.customer.email = False
        self.run_on()
        self.assertEqual(self.why(self.overdue), "unreachable/no_email")
        self.assertFalse(self.customer.dunning_case_id)

    def test_simulated_run_changes_nothing(self):
        self.run_on()
        self.send()
        before = self.decisions(self.overdue).read()
        events = self.customer.dunning_event_ids
        run = self.simulate(days=7)
        self.assertRecordValues(
            run, [{"state": "done", "notice_count": 1, "to_approve_count": 0}]
        )
        self.assertEqual(run.notice_ids.level_id, self.level(8))
        self.assertTrue(run.notice_ids.simulation)
        self.env.invalidate_all()
        self.assertEqual(self.decisions(self.overdue).read(), before)
        self.assertEqual(self.customer.dunning_event_ids, events)
        self.assertFalse(self.deliver())

    def test_simulated_text_speaks_of_its_day(self):
        run = self.simulate(days=3)
        self.assertEqual(run.notice_ids.line_ids.days_overdue, 12)

    def test_simulations_show_any_policy_and_keep_the_latest(self):
        for days in (0, 10):
            run = self.simulate(days)
        simulated = self.notices(simulation=True)
        self.assertEqual(simulated.run_id, run)

    def test_old_simulations_are_forgotten_real_runs_stay(self):
        real, simulated = self.run_on(), self.simulate()
        look_back = self.simulate()
        look_back.sudo().date = self.today - timedelta(days=400)
        self.env.flush_all()
        self.cr.execute(
            "UPDATE dunning_run SET create_date = '2015-01-01' WHERE id IN %s",
            ((real | simulated)._ids,),
        )
        (real | simulated).invalidate_recordset()
        self.env["dunning.run"].sudo()._gc_simulations()
        self.assertTrue(real.exists())
        self.assertFalse(simulated.exists())
        self.assertTrue(look_back.exists(), "made today")

    # === RUNS === #

    def test_real_run_is_for_today(self):
        run = self.env["dunning.run"].create({"date": self.today + timedelta(days=1)})
        with self.assertRaisesRegex(UserError, "A real run is for today"):
            run.action_start()
        self.assertFalse(self.notices())

    def test_run_is_done_once(self):
        run = self.run_on()
        with self.assertRaisesRegex(UserError, "start a new one"):
            run.action_start()

    def test_counters(self):
        self.invoice(days_overdue=-30)
        self.invoice().no_followup = True
        run = self.run_on()
        self.assertEqual(
            run.counters,
            {
                "hold": {"no_followup": 1},
                "remind": {"level_reached": 1},
                "wait": {"not_reached": 1},
            },
        )
        self.assertRecordValues(run, [{"line_count": 3, "remind_count": 1}])
        self.assertIn("Excluded from follow-ups", run.counters_html)
