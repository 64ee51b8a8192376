from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import DunningCommon

# source -> every state that it may become
ROADS = {
    "planned": {"ready", "failed", "suppressed", "cancelled"},
    "ready": {"claimed", "delivered", "failed", "suppressed", "cancelled"},
    "claimed": {"sent", "ready", "failed", "unknown", "suppressed"},
    "sent": {"delivered", "failed"},
    "delivered": set(),
    "suppressed": set(),
    "failed": {"ready", "delivered", "cancelled"},
    "unknown": {"sent", "delivered", "ready", "failed"},
    "cancelled": set(),
}


@tagged("post_install", "-at_install")
class TestNoticeStates(DunningCommon):
    def setUp(self):
        super().setUp()
        self.overdue = self.invoice(days_overdue=9)

    def notice_in(self, state):
        """A planned notice, put into ``state`` past the one door."""
        if not self.notices():
            self.run_on()
        notice = self.notices().sudo()
        notice.state = state
        return notice

    def test_roads_between_states(self):
        states = dict(self.env["dunning.notice"]._fields["state"].selection)
        self.assertEqual(set(states), set(ROADS))
        for source in states:
            for target in states:
                with self.subTest(source=source, target=target):
                    notice = self.notice_in(source)
                    events = len(notice.event_ids)
                    if target in ROADS[source]:
                        with self.env.cr.savepoint() as savepoint:
                            notice._set_state(target, "Because", attempt=3)
                            self.assertEqual(notice.state, target)
                            self.assertEqual(notice.reason, "Because")
                            event = notice.event_ids.sorted("id")[-1]
                            self.assertEqual(len(notice.event_ids), events + 1)
                            self.assertEqual(event.kind, f"notice_{target}")
                            self.assertEqual(event.note, "Because")
                            self.assertEqual(event.payload["attempt"], 3)
                            savepoint.rollback()
                        self.env.invalidate_all()
                    else:
                        with self.assertRaisesRegex(UserError, "cannot become"):
                            notice._set_state(target)
                        self.assertEqual(notice.state, source)
                        self.assertEqual(len(notice.event_ids), events)

    def test_event_says_who_and_when(self):
        notice = self.notice_in("planned")
        notice._set_state("ready")
        event = notice.event_ids.sorted("id")[-1]
        self.assertRecordValues(
            event,
            [
                {
                    "occurred_at": self.moment,
                    "user_id": self.env.uid,
                    "partner_id": self.customer.id,
                    "case_id": notice.case_id.id,
                    "company_id": self.company.id,
                    "kind": "notice_ready",
                }
            ],
        )
        self.assertEqual(event.payload, {"channel": "email", "attempt": 0})
        self.assertEqual(event.summary, "Friendly reminder · E-mail")

    def test_timeline_is_append_only(self):
        event = self.notice_in("planned").event_ids.sudo()
        with self.assertRaisesRegex(UserError, "append-only"):
            event.write({"kind": "notice_sent"})
        with self.assertRaisesRegex(UserError, "append-only"):
            event.unlink()

    def test_suppressed_step_is_planned_again(self):
        first = self.notice_in("ready")
        first._set_state("suppressed", "Paid")
        self.assertFalse(any(first.line_ids.mapped("live")))
        self.run_on()
        second = self.notices() - first
        self.assertEqual(self.steps(second), {self.overdue: 1})
        self.assertReminded(self.overdue, 1)

    def test_cancelled_step_counts_as_taken(self):
        notice = self.notice_in("ready")
        notice._set_state("cancelled", "Promised by phone")
        self.run_on(days=1)
        self.assertEqual(self.notices(), notice)
        self.assertEqual(self.why(self.overdue), "wait/min_interval")
        self.run_on(days=6)
        self.assertEqual(
            self.notices(), notice | self.notices(level_id=self.level(8).id)
        )
        self.assertEqual(self.decisions(self.overdue).level_id, self.level(8))

    def test_failed_notice_is_sent_again_on_retry(self):
        notice = self.notice_in("failed")
        notice.write({"not_before": self.moment, "reason": "No such user"})
        notice.with_env(self.env).action_retry()
        self.assertRecordValues(notice, [{"state": "ready", "not_before": False}])
        self.assertEqual(len(self.deliver()), 1)
        self.assertEqual(notice.state, "sent")

    def test_a_person_clears_up_unknown_notices(self):
        notice = self.notice_in("unknown")
        notice.with_env(self.env).action_mark_sent()
        self.assertRecordValues(notice, [{"state": "sent", "date_sent": self.moment}])
        notice = self.notice_in("unknown")
        notice.with_env(self.env).action_retry()
        self.assertEqual(notice.state, "ready")

    def test_sent_notice_is_never_sent_again(self):
        notice = self.notice_in("sent").with_env(self.env)
        for action in ("action_retry", "action_approve", "action_mark_sent"):
            with self.subTest(action), self.assertRaises(UserError):
                getattr(notice, action)()
        self.assertFalse(self.deliver())

    def test_simulated_notice_cannot_leave_its_state(self):
        self.policy.mode = "simulate"
        notice = self.notice_in("planned")
        self.assertTrue(notice.simulation)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            notice._set_state("ready")
            self.env.flush_all()
