"""The roads through the sender that are rarely taken: time that is up, transactions
that are begun again, texts that cannot be written at the last moment."""

import time
from contextlib import suppress
from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import DivisionByZero, SerializationFailure

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import config

from ..models import dunning_sender
from .common import DunningCommon

FOREVER = float("inf")


@tagged("post_install", "-at_install")
class TestSender(DunningCommon):
    def setUp(self):
        super().setUp()
        customers = self._create_customers(3)
        self.invoices([{"partner": customer} for customer in customers])
        self.run_on()
        self.ready = self.env["dunning.notice"].sudo().search([], order="id")
        self.sender = self.env["dunning.sender"].sudo()
        self.model = type(self.sender)

    def patch_method(self, name, function, model=None):
        self.startPatcher(patch.object(model or self.model, name, function))

    def let_fail(self, name, error, times=FOREVER, model=None):
        """Let a method raise an error a number of times before it does its work."""
        model = model or self.model
        origin, calls = getattr(model, name), []

        def method(records, *args, **kwargs):
            calls.append(args)
            if len(calls) <= times:
                raise error
            return origin(records, *args, **kwargs)

        self.patch_method(name, method, model)
        return calls

    def deliver_batch(self, *args, **kwargs):
        """:return: number of notices that the batch function looked at"""
        with self.smtp(), self.enter_registry_test_mode():
            handled = self.sender._deliver(*args, **kwargs)
        self.env.invalidate_all()
        return handled

    # === TIME === #

    def test_budget_is_a_share_of_the_limit_and_of_the_slice(self):
        """The limit is for all senders that one worker finds ready in a poll."""
        self.assertEqual(len(self.sender._get_crons()), 2)
        now = time.monotonic()
        self.startPatcher(patch.object(time, "monotonic", lambda: now))
        for cron_limit, limit, end, budget in [
            (100, 50, None, 30),
            (-1, 50, None, 15),
            (0, 50, None, FOREVER),
            (100, 50, 10, 10),
            (10, 50, 10, 3),
            (0, 50, 10, 10),
        ]:
            options = {"limit_time_real_cron": cron_limit, "limit_time_real": limit}
            sender = self.sender
            if end:
                sender = sender.with_context(cron_end_time=now + end)
            with self.subTest(options, end=end), patch.dict(config.options, options):
                self.assertAlmostEqual(sender._get_stop_time() - now, budget)

    def test_time_is_up_before_the_work_is_done(self):
        """Nothing more is begun; the next poll goes on."""
        woken = []
        self.patch_method("_trigger", lambda sender: woken.append(sender))
        self.patch_method("_get_stop_time", lambda sender: time.monotonic())
        self.assertFalse(self.deliver())
        self.assertEqual(set(self.ready.mapped("state")), {"ready"})
        self.assertTrue(woken)

    def test_several_slices_of_one_cron(self):
        deliver = self.model._deliver

        def one_per_slice(sender, seconds):
            ready = sender.env["dunning.notice"].search([("state", "=", "ready")])
            return deliver(sender, ready[:1].ids)

        self.patch_method("_deliver", one_per_slice)
        self.assertEqual(len(self.deliver()), 3)

    def test_slice_that_was_too_short_for_anything(self):
        """What is left of the time may be too short to begin a notice: the cron must
        not believe that nothing is ready, or all wait for its next interval."""
        woken = []
        self.patch_method("_trigger", lambda sender: woken.append(sender))
        self.patch_method("_deliver", lambda sender, seconds: time.sleep(seconds) or 0)
        stop_at = time.monotonic() + 0.1
        self.patch_method("_get_stop_time", lambda sender: stop_at)
        self.deliver()
        self.assertTrue(woken)

    def test_batch_begins_nothing_after_its_time(self):
        self.assertFalse(self.deliver_batch(seconds=-1))
        self.assertEqual(set(self.ready.mapped("state")), {"ready"})

    def test_what_is_left_in_other_hands_is_left_to_them(self):
        self.patch_method("_deliver", lambda sender, seconds: 0)
        woken = []
        self.patch_method("_trigger", lambda sender: woken.append(sender))
        self.deliver()
        self.assertFalse(woken)

    # === THE BATCH FUNCTION === #

    def test_chosen_notices_only_and_only_once(self):
        first = self.ready[0]
        self.assertEqual(self.deliver_batch([]), 0)
        self.assertEqual(self.deliver_batch(first.ids), 1)
        self.assertEqual(self.deliver_batch(first.ids), 0)
        self.assertEqual(self.ready.mapped("state"), ["sent", "ready", "ready"])

    def test_sweep_shows_what_died_and_keeps_what_was_sent(self):
        with patch.object(self.model, "_post_on_cases", lambda sender: None):
            self.deliver_batch(self.ready[0].ids)
        dead = self.ready[1]
        dead._set_state("claimed", lease_until=self.moment - timedelta(minutes=1))
        alive = self.ready[2]
        alive._set_state("claimed", lease_until=self.moment + timedelta(minutes=1))
        self.assertFalse(self.ready[0].mail_message_id)
        cron = self.env.ref("dunning_automation.ir_cron_sweep").sudo()
        with self.enter_registry_test_mode():
            self.assertIs(cron.method_direct_trigger(), True)
        self.env.invalidate_all()
        self.assertEqual(self.ready.mapped("state"), ["sent", "unknown", "claimed"])
        self.assertTrue(self.ready[0].mail_message_id)

    # === TRANSACTIONS THAT ARE BEGUN AGAIN === #

    def test_claim_is_tried_again(self):
        self.let_fail("_claim", SerializationFailure(), times=2)
        self.assertEqual(len(self.deliver()), 3)

    def test_claim_that_never_succeeds_ends(self):
        calls = self.let_fail("_claim", SerializationFailure())
        self.assertFalse(self.deliver_batch())
        self.assertEqual(len(calls), dunning_sender.ATTEMPTS)
        self.assertEqual(set(self.ready.mapped("state")), {"ready"})

    def test_error_that_is_no_notices_fault_is_raised(self):
        self.let_fail("_lock_next", RuntimeError("No connection"))
        with self.assertRaisesRegex(RuntimeError, "No connection"):
            self.deliver_batch()

    def test_outcome_is_tried_again(self):
        self.let_fail("_record", SerializationFailure(), times=2)
        self.assertEqual(len(self.deliver()), 3)
        self.assertEqual(set(self.ready.mapped("state")), {"sent"})

    def test_outcome_that_cannot_be_written_stops_the_sender(self):
        calls = self.let_fail("_record", SerializationFailure())
        # assertRaises would roll the claim back.
        with suppress(SerializationFailure):
            self.deliver_batch()
            self.fail("nobody heard of it")
        self.env.invalidate_all()
        self.assertEqual(len(calls), dunning_sender.ATTEMPTS)
        self.assertEqual(len(self.emails), 1)
        self.assertEqual(self.ready.mapped("state"), ["claimed", "ready", "ready"])

    def test_texts_that_another_sender_writes_are_left_to_it(self):
        self.ready.write({"snapshot_hash": False})
        self.env.flush_all()
        notices = type(self.env["dunning.notice"])
        self.let_fail("_compose", SerializationFailure(), times=1, model=notices)
        self.assertEqual(len(self.deliver()), 3)

    def test_texts_that_another_sender_holds_are_left_to_it(self):
        self.ready.write({"snapshot_hash": False})
        self.env.flush_all()
        notices = type(self.env["dunning.notice"])
        self.patch_method(
            "try_lock_for_update", lambda self, **options: self.browse(), model=notices
        )
        self.assertEqual(len(self.deliver()), 3, "written when they are claimed")

    def test_outcome_that_arrives_at_the_last_moment_counts(self):
        """The lease is over, but its sender writes the outcome before we can."""
        late = self.ready[0]
        late._set_state("claimed", lease_until=self.moment - timedelta(minutes=1))
        notices = type(late)
        lock = notices.try_lock_for_update

        def be_faster(records, **options):
            if late in records:
                late.with_env(records.env)._set_state(
                    "sent", date_sent=self.moment, lease_until=False
                )
            return lock(records, **options)

        self.patch_method("try_lock_for_update", be_faster, model=notices)
        cron = self.env.ref("dunning_automation.ir_cron_sweep").sudo()
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(late.state, "sent")

    def test_who_works_on_the_same_rows_goes_first(self):
        """The chatter and the leases are seen to in the next round."""
        query = self.model._get_posting_sql
        self.patch_method("_get_posting_sql", lambda sender: "SELECT 1 / 0")
        self.startPatcher(
            patch.object(
                dunning_sender, "PG_CONCURRENCY_EXCEPTIONS_TO_RETRY", (DivisionByZero,)
            )
        )
        self.assertEqual(len(self.deliver()), 3)
        self.assertEqual(set(self.ready.mapped("state")), {"sent"})
        self.assertFalse(self.ready.mail_message_id)
        self.patch_method("_get_posting_sql", query)
        self.deliver_batch()
        self.assertEqual(len(self.ready.mail_message_id), 3)

    # === AT THE LAST MOMENT === #

    def test_text_that_cannot_be_written_any_more(self):
        self.ready.write({"snapshot_hash": "of another text"})
        notices = type(self.env["dunning.notice"])
        self.let_fail("_render", ValueError("No such word"), model=notices)
        self.assertFalse(self.deliver())
        self.assertEqual(set(self.ready.mapped("state")), {"failed"})

    def test_message_that_cannot_be_built(self):
        servers = type(self.env["ir.mail_server"])
        self.let_fail("_build_email__", ValueError("Line break"), 1, servers)
        with self.smtp(), self.enter_registry_test_mode():
            self.sender._deliver()
        self.env.invalidate_all()
        states = sorted(self.ready.mapped("state"))
        self.assertEqual(states, ["failed", "sent", "sent"])

    def test_request_of_a_person_is_no_error_in_the_log(self):
        """A claim that says what is to do is put off quietly."""
        self.let_fail("_claim", UserError("Enter an address"), times=1)
        self.assertEqual(len(self.deliver()), 2)
        waiting = self.ready.filtered(lambda notice: notice.state == "ready")
        self.assertEqual(waiting.reason, "Enter an address")
        self.assertEqual(waiting.not_before, self.moment + timedelta(hours=1))
