import smtplib
from types import SimpleNamespace
from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from .. import tools
from ..tools import ladder, notice_states, smtp_connections, smtp_outcome
from ..tools.smtp_connections import SmtpConnections
from .examples import check_examples


@tagged("post_install", "-at_install")
class TestTools(BaseCase):
    def test_examples(self):
        check_examples(self, tools)

    def test_standard_ladder(self):
        delays = [rung["delay_days"] for rung in ladder.STANDARD_LADDER]
        self.assertEqual(delays, [-5, 1, 8, 15, 30])
        self.assertTrue(all(rung["channels"] for rung in ladder.STANDARD_LADDER))

    def test_nothing_leads_out_of_an_end_state(self):
        for end in ("delivered", "suppressed", "cancelled"):
            for target in notice_states.TRANSITIONS:
                with self.subTest(end=end, target=target):
                    self.assertFalse(notice_states.allowed(end, target))

    def test_no_road_leads_back_to_sending_from_sent(self):
        """What was sent never becomes ready or claimed again, by any road."""
        reached, todo = set(), {"sent"}
        while todo:
            state = todo.pop()
            reached.add(state)
            todo |= {
                target
                for target in notice_states.TRANSITIONS
                if notice_states.allowed(state, target) and target not in reached
            }
            if state == "failed":
                # A bounce is a failure that only a person retries.
                todo -= {"ready"}
        self.assertFalse(reached & {"claimed", "planned"})

    def test_errors_while_sending(self):
        refused = smtplib.SMTPRecipientsRefused
        for error, outcome in [
            (refused({"a": (550, b"")}), "failed"),
            (refused({"a": (450, b"")}), "retry"),
            (refused({"a": (550, b""), "b": (450, b"")}), "retry"),
            (refused({}), "retry"),
            (smtplib.SMTPDataError(499, b""), "retry"),
            (smtplib.SMTPDataError(500, b""), "failed"),
            (smtplib.SMTPServerDisconnected(), "unknown"),
            (smtplib.SMTPHeloError(421, b""), "retry"),
            (smtplib.SMTPDataError(-1, b"OK queued"), "unknown"),
            (smtplib.SMTPDataError(251, b"Maybe"), "unknown"),
            (ValueError("address"), "unknown"),
            (OSError("network"), "unknown"),
            (KeyError("surprise"), "unknown"),
        ]:
            with self.subTest(error=repr(error)):
                self.assertEqual(smtp_outcome.of_send_error(error), outcome)

    def test_connection_lost_before_the_message_is_tried_again(self):
        for error, outcome in [
            (OSError("network"), "retry"),
            (TimeoutError(), "retry"),
            (smtplib.SMTPServerDisconnected(), "retry"),
            (smtplib.SMTPSenderRefused(-1, b"Hello", "a"), "retry"),
            (smtplib.SMTPRecipientsRefused({"a": (550, b"")}), "failed"),
            (ValueError("address"), "failed"),
            (KeyError("surprise"), "unknown"),
        ]:
            with self.subTest(error=repr(error)):
                found = smtp_outcome.of_send_error(error, data_started=False)
                self.assertEqual(found, outcome)


class Session:
    """An SMTP session as far as ``SmtpConnections`` knows it."""

    def __init__(self, answer=(250, b"OK")):
        self.answer, self.closed = answer, False

    def noop(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def data(self, message):
        return 250, message

    def close(self):
        self.closed = True


@tagged("post_install", "-at_install")
class TestSmtpConnections(BaseCase):
    def setUp(self):
        super().setUp()
        self.connections = SmtpConnections()
        self.made = []

    def connect(self, answer=(250, b"OK")):
        self.made.append(Session(answer))
        return self.made[-1]

    def test_message_that_may_not_leave_is_not_handed_over(self):
        session = self.connections.get("a", self.connect)
        session.may_leave = lambda: False
        with self.assertRaises(smtp_outcome.Withdrawn):
            session.data(b"text")
        self.assertIsNone(session.handed_over)

    def test_one_session_per_sender(self):
        first = self.connections.get("a", self.connect)
        self.assertIs(self.connections.get("a", self.connect), first)
        self.assertIsNot(self.connections.get("b", self.connect), first)

    def test_session_knows_whether_the_message_may_have_left(self):
        session = self.connections.get("a", self.connect)
        self.assertIsNone(session.handed_over)
        self.assertEqual(session.data(b"text"), (250, b"text"))
        self.assertEqual(session.handed_over, b"text")
        self.assertIsNone(self.connections.get("a", self.connect).handed_over)

    def test_session_that_does_not_tell_may_have_sent(self):
        session = self.connections.get("a", SimpleNamespace)
        self.assertIsNotNone(session.handed_over)

    def test_idle_session_is_asked_before_it_is_used(self):
        for answer in (OSError(), smtplib.SMTPServerDisconnected(), (421, b"bye")):
            with self.subTest(answer=repr(answer)), self.idle():
                old = self.connections.get("a", lambda answer=answer: Session(answer))
                self.assertIsNot(self.connections.get("a", self.connect), old)
                self.connections.close()
        with self.idle():
            living = self.connections.get("a", self.connect)
            self.assertIs(self.connections.get("a", self.connect), living)

    def idle(self):
        """Every session has rested too long."""
        return patch.object(smtp_connections, "IDLE_SECONDS", -1)

    def test_forgotten_and_closed(self):
        first = self.connections.get("a", self.connect)
        self.connections.forget("a")
        self.assertTrue(first.closed)
        self.connections.forget("nobody")
        second = self.connections.get("a", self.connect)
        self.assertIsNot(second, first)
        self.connections.close()
        self.assertTrue(second.closed)

    def test_server_that_cannot_be_reached_is_not_tried_again(self):
        tried = []

        def refuse():
            tried.append(1)
            raise ConnectionRefusedError

        for _time in range(2):
            with self.assertRaises(ConnectionRefusedError):
                self.connections.get("a", refuse)
        self.assertEqual(len(tried), 1)
        self.assertTrue(self.connections.get("b", self.connect))

    def test_odoo_that_sends_nothing_has_no_session(self):
        self.assertIsNone(self.connections.get("a", lambda: None))
