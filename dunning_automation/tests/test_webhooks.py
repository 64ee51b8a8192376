import json
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from unittest.mock import patch

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import file_open, mute_logger

from ..tools import guarded_session, webhooks
from .common import DunningCommon


class Killed(BaseException):
    """The process is gone, whatever catches exceptions."""


class Receiver(BaseHTTPRequestHandler):
    """Another program, which notes what it hears and answers as it is told."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((dict(self.headers), body))
        status = self.server.status
        if status == "hang up":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if status == "silence":
            self.server.awake.wait(30)
            return
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.server.elsewhere)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        """Silence."""


@tagged("post_install", "-at_install")
class TestWebhooks(DunningCommon):
    """What happened is told to other programs: at least once, under the same id."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        cls.server.daemon_threads = True
        cls.addClassCleanup(cls.server.server_close)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.server.shutdown)
        cls.url = f"http://127.0.0.1:{cls.server.server_port}/"

    def setUp(self):
        super().setUp()
        self.server.heard, self.server.status = [], 200
        self.server.awake = threading.Event()
        self.server.elsewhere = f"{self.url}elsewhere"
        self.env["dunning.seal"].sudo()._seal_block()
        self.webhook = self.subscribe("notice_sent")

    def subscribe(self, kind, **values):
        values = {"name": f"Of {kind}", "kind": kind, "url": self.url, **values}
        return self.env["dunning.subscription"].sudo().create(values)

    def remind(self):
        """A message that is sent, and its event."""
        self.invoice(self._create_customer())
        self.run_on()
        notice = self.send()
        event = notice.event_ids.filtered(lambda event: event.kind == "notice_sent")
        self.assertEqual(len(event), 1)
        return event

    def tell(self, seal=True):
        """Run the cron, after the one that seals."""
        if seal:
            self.env["dunning.seal"].sudo()._seal_block()
        cron = self.env.ref("dunning_automation.ir_cron_webhook").sudo()
        with self.enter_registry_test_mode():
            self.assertIs(cron.method_direct_trigger(), True)
        self.env.invalidate_all()

    @property
    def ids(self):
        """Ids of the events in the order in which they were heard."""
        return [int(headers["X-Dunning-Event-Id"]) for headers, _b in self.server.heard]

    def deliveries(self, webhook=None):
        return (webhook or self.webhook).delivery_ids.sorted("id")

    def test_killed_after_it_was_posted_tells_again_under_the_same_id(self):
        event = self.remind()
        delivery = type(self.env["dunning.subscription.delivery"])
        with (
            suppress(Killed),
            patch.object(delivery, "_note_outcome", side_effect=Killed),
        ):
            self.tell()
        self.env.invalidate_all()
        self.assertRecordValues(
            self.deliveries(), [{"state": "waiting", "attempts": 1}]
        )
        self.tell()
        self.assertEqual(len(self.ids), 1, "Another process may still be posting it.")
        self.travel(minutes=5)
        self.tell()
        self.assertEqual(self.ids, [event.id, event.id])
        (_h, first), (_h, second) = self.server.heard
        self.assertEqual(first, second)
        self.tell()
        self.assertEqual(len(self.ids), 2, "What was noted is not told again.")

    def test_killed_while_noting_loses_nothing_and_tells_nothing_twice(self):
        event = self.remind()
        self.env["dunning.seal"].sudo()._seal_block()
        with (
            suppress(Killed),
            patch.object(type(self.webhook), "_prepare_delivery", side_effect=Killed),
            self.cr.savepoint(),
        ):
            self.webhook._note_events()
        self.env.invalidate_all()
        self.tell()
        self.tell()
        self.assertEqual(self.ids, [event.id])

    def test_late_event_with_a_low_id_is_told(self):
        """A long transaction took its id early and committed late: what counts is the
        number in the sealed chain."""
        early, late = self.remind(), self.remind()
        self.env.flush_all()
        self.cr.execute("SELECT COALESCE(MAX(sequence), 0) FROM dunning_event")
        [last] = self.cr.fetchone()
        self.cr.execute(
            "UPDATE dunning_event SET sequence = %s, hash = 'x' WHERE id = %s",
            [last + 1, late.id],
        )
        seal = type(self.env["dunning.seal"])
        now = SimpleNamespace(last_sequence=last + 1)
        with patch.object(seal, "_get_last", lambda seal: now):
            self.tell(seal=False)
        self.assertEqual(self.ids, [late.id])
        self.cr.execute(
            "UPDATE dunning_event SET sequence = %s, hash = 'x' WHERE id = %s",
            [last + 2, early.id],
        )
        now = SimpleNamespace(last_sequence=last + 2)
        with patch.object(seal, "_get_last", lambda seal: now):
            self.tell(seal=False)
        self.assertEqual(self.ids, [late.id, early.id])

    def test_unsealed_events_are_not_told_yet(self):
        self.remind()
        self.tell(seal=False)
        self.assertFalse(self.ids)
        self.tell()
        self.assertEqual(len(self.ids), 1)

    def test_what_is_said(self):
        """Ids, codes and figures, signed; nothing of the customer's own."""
        event = self.remind()
        self.tell()
        [(headers, body)] = self.server.heard
        said = json.loads(body)
        self.assertEqual(
            {name: said[name] for name in ("id", "kind", "customer_id", "notice_id")},
            {
                "id": event.id,
                "kind": "notice_sent",
                "customer_id": event.partner_id.id,
                "notice_id": event.notice_id.id,
            },
        )
        self.assertNotIn(event.partner_id.name, body.decode())
        self.assertNotIn("hmac", said["facts"])
        self.assertEqual(headers["X-Dunning-Event"], "notice_sent")
        expected = webhooks.sign(
            self.webhook.secret, int(headers["X-Dunning-Timestamp"]), body
        )
        self.assertEqual(headers["X-Dunning-Signature"], expected)

    def test_answers(self):
        for status, words in (
            (404, "status 404"),
            (500, "status 500"),
            (302, "status 302"),
            ("hang up", "No answer"),
        ):
            with self.subTest(status):
                webhook = self.subscribe("notice_sent")
                self.webhook.active = False
                self.webhook, self.server.status = webhook, status
                event = self.remind()
                self.server.heard.clear()
                self.tell()
                self.assertEqual(self.ids, [event.id], "No redirect is followed.")
                [delivery] = self.deliveries()
                self.assertEqual(delivery.state, "waiting")
                self.assertIn(words, delivery.error)
                self.server.status = 204
                self.tell()
                self.assertEqual(len(self.ids), 1, "It is too early.")
                self.travel(minutes=1)
                self.tell()
                self.assertEqual(self.ids, [event.id] * 2)
                self.assertRecordValues(delivery, [{"state": "done", "attempts": 2}])

    def test_silent_receiver_costs_one_time_out(self):
        """The other messages for it wait; other receivers hear theirs."""
        self.remind()
        self.remind()
        self.server.status = "silence"
        self.addCleanup(lambda: self.server.awake.set())
        with patch.object(guarded_session, "TIMEOUT", 0.2):
            self.tell()
        self.server.awake.set()
        self.assertEqual(len(self.ids), 1)
        first, second = self.deliveries()
        self.assertEqual(first.error, "No answer in time")
        self.assertEqual((first.attempts, second.attempts), (1, 0))

    def test_later_events_do_not_overtake(self):
        """What waits for its next attempt holds up what is behind it."""
        first = self.remind()
        self.server.status = 500
        self.tell()
        second = self.remind()
        self.server.status = 200
        self.tell()
        self.assertEqual(self.ids, [first.id])
        self.travel(minutes=1)
        self.tell()
        self.assertEqual(self.ids, [first.id, first.id, second.id])

    def test_claim_is_committed_and_unlocked_while_the_other_side_thinks(self):
        self.remind()
        steps, cron = [], type(self.env["ir.cron"])
        post, commit = type(self.webhook)._post, cron._commit_progress

        def note_commit(cron, *args, **kwargs):
            steps.append("commit")
            return commit(cron, *args, **kwargs)

        def note_post(webhook, *args):
            steps.append("post")
            return post(webhook, *args)

        with (
            patch.object(cron, "_commit_progress", note_commit),
            patch.object(type(self.webhook), "_post", note_post),
        ):
            self.tell()
        self.assertEqual(steps[-3:], ["commit", "post", "commit"])

    def test_late_outcome_of_an_old_attempt_changes_nothing(self):
        self.remind()
        self.server.status = 500
        self.tell()
        [delivery] = self.deliveries()
        delivery._note_outcome(0, "")
        self.assertEqual(delivery.state, "waiting")

    def test_neutralized_copy_has_no_active_webhook(self):
        self.env.flush_all()
        with file_open("dunning_automation/data/neutralize.sql") as file:
            self.cr.execute(file.read())
        self.env.invalidate_all()
        self.assertFalse(self.webhook.active)

    def test_given_up_after_three_days_and_sent_again_by_hand(self):
        self.remind()
        self.server.status = 500
        for _attempt in range(webhooks.ATTEMPTS):
            self.tell()
            self.travel(hours=12)
        [delivery] = self.deliveries()
        self.assertEqual(delivery.state, "failed")
        self.assertEqual(self.webhook.failed_count, 1)
        self.assertFalse(self.webhook.active, "It is paused.")
        activity = self.webhook.with_context(active_test=False).activity_ids
        self.assertEqual(activity.user_id, self.webhook.user_id)
        self.assertIn("status 500", activity.note)
        self.server.status = 200
        self.webhook.active = True
        delivery.action_retry()
        self.tell()
        self.assertEqual(delivery.state, "done")

    def test_each_webhook_hears_its_kind_from_its_beginning(self):
        broken, everything = self.subscribe("promise_broken"), self.subscribe(False)
        invoice = self.invoice(days_overdue=8)
        self.run_on()
        promise = self.env["dunning.promise"].create(
            {
                "partner_id": self.customer.id,
                "move_line_ids": self.receivable(invoice).ids,
                "amount": 100,
                "date": self.today,
            }
        )
        self.travel(20)
        promise.action_settle()
        self.assertEqual(promise.state, "broken")
        self.pay(invoice)
        self.run_on()
        closed = self.subscribe("case_closed", last_sequence=0)
        self.tell()
        self.assertEqual(self.deliveries(broken).mapped("kind"), ["promise_broken"])
        self.assertEqual(self.deliveries(closed).mapped("kind"), ["case_closed"])
        kinds = set(self.deliveries(everything).mapped("kind"))
        self.assertLessEqual({"promise_broken", "case_closed"}, kinds)
        self.assertFalse(self.deliveries())

    def test_other_companies_are_not_told(self):
        other = self.setup_other_company(name="Other")["company"]
        webhook = self.subscribe(False, company_id=other.id)
        self.remind()
        self.tell()
        self.assertFalse(self.deliveries(webhook))

    def test_without_url_only_rules_act(self):
        """The record is created by the ORM, once per event."""
        webhook = self.subscribe("notice_sent", url=False)
        self.webhook.active = False
        self.remind()
        self.tell()
        self.assertFalse(self.ids)
        self.assertRecordValues(
            self.deliveries(webhook), [{"state": "done", "kind": "notice_sent"}]
        )

    def test_webhook_that_cannot_note_does_not_stop_the_others(self):
        bad = self.subscribe("notice_sent", name="A bad one")
        event, prepare = self.remind(), type(bad)._prepare_delivery
        self.env["dunning.seal"].sudo()._seal_block()

        def fail(webhook, event):
            if webhook == bad:
                raise ValueError("A rule of somebody")
            return prepare(webhook, event)

        cron = self.env.ref("dunning_automation.ir_cron_webhook").sudo()
        with (
            patch.object(type(bad), "_prepare_delivery", fail),
            mute_logger(
                "odoo.addons.dunning_automation.models.dunning_subscription",
                "odoo.addons.base.models.ir_cron",
            ),
            self.enter_registry_test_mode(),
        ):
            self.assertIsNot(cron.method_direct_trigger(), True)
        self.env.invalidate_all()
        self.assertEqual(self.ids, [event.id])
        self.tell()
        self.assertEqual(self.ids, [event.id] * 2)

    def test_copy_of_the_database_tells_nobody(self):
        self.remind()
        guard = type(self.env["dunning.guard"])
        with patch.object(guard, "_get_database_hold", lambda guard: "A copy"):
            self.tell()
        self.assertFalse(self.ids)

    def test_addresses_inside_are_not_called(self):
        """Neither typed nor hidden behind a name that resolves to one."""
        loops = patch.object(
            type(self.webhook), "_may_loop_back", lambda webhook: False
        )
        with loops, self.assertRaises(ValidationError):
            self.subscribe("notice_sent")
        self.remind()
        self.webhook.url = self.url.replace("http:", "https:")
        with loops:
            self.tell()
        self.assertFalse(self.ids)
        self.assertEqual(self.deliveries().error, "The address is not allowed")

    def test_who_may(self):
        manager = self.new_user("chief", "dunning_automation.group_manager")
        webhook = self.webhook.with_user(manager)
        self.assertEqual(webhook.name, "Of notice_sent")
        for name, attempt in (
            ("secret", lambda: webhook.secret),
            ("write", lambda: webhook.write({"url": "https://example.com"})),
            ("test", webhook.action_test),
        ):
            with self.subTest(name), self.assertRaises(AccessError):
                attempt()
        worker = self.new_user("worker", "dunning_automation.group_user")
        with self.assertRaises(AccessError):
            self.webhook.with_user(worker).read(["name"])

    def test_test(self):
        admin = self.new_user(
            "root2", "base.group_system,dunning_automation.group_manager"
        )
        webhook = self.webhook.with_user(admin)
        for status, kind in ((200, "success"), (500, "danger")):
            self.server.status = status
            self.assertEqual(webhook.action_test()["params"]["type"], kind)
        self.assertEqual(self.ids, [0, 0])

    def test_old_deliveries_are_forgotten(self):
        self.remind()
        self.tell()
        delivery = self.deliveries()
        for days, is_kept in ((89, True), (2, False)):
            self.travel(days)
            delivery._gc_done()
            self.assertEqual(bool(delivery.exists()), is_kept)
