import io
import smtplib
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from unittest.mock import Mock, patch

from reportlab.pdfgen.canvas import Canvas

from odoo.tests import BaseCase, tagged
from odoo.tools.pdf import PdfFileReader

from .. import tools
from ..tools import (
    anchor_log,
    high_water_mark,
    ladder,
    letter_pages,
    notice_states,
    smtp_connections,
    smtp_outcome,
)
from ..tools.anchor_log import Anchor
from ..tools.high_water_mark import ForeignMark, Mark
from ..tools.sender_batch import SenderBatch
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


@tagged("post_install", "-at_install")
class TestFilesOutside(BaseCase):
    """What a database that was restored does not know is in files beside it."""

    def setUp(self):
        super().setUp()
        folder = self.enterContext(TemporaryDirectory())
        self.path = Path(folder) / "made" / "when needed" / "file"

    def test_anchors_are_kept_in_their_order(self):
        self.assertEqual(anchor_log.read(self.path), [])
        anchors = [
            Anchor(datetime(2026, 3, day, 4, 0, 1), 10 * day, 64 * str(day))
            for day in (1, 2)
        ]
        for anchor in anchors:
            anchor_log.append(self.path, anchor)
        self.assertEqual(anchor_log.read(self.path), anchors)

    def test_anchors_are_for_nobody_else(self):
        anchor_log.append(self.path, Anchor(datetime(2026, 3, 1), 1, 64 * "0"))
        for path, mode in ((self.path, 0o600), (self.path.parent, 0o700)):
            with self.subTest(path.name):
                self.assertEqual(path.stat().st_mode & 0o777, mode)

    def test_mark_only_rises(self):
        high_water_mark.start(self.path, "first", 5)
        for event, token, mark in (
            (4, "a", Mark("first", 5)),
            (5, "b", Mark("first", 5)),
            (6, "c", Mark("first", 6, "c")),
            (1000, "d", Mark("first", 1000, "d")),
            (999, "e", Mark("first", 1000, "d")),
        ):
            with self.subTest(event=event):
                risen = high_water_mark.rise(self.path, "first", event, token)
                self.assertEqual(risen, mark)
        self.assertEqual(self.path.stat().st_size, high_water_mark.WIDTH)

    def test_activation_starts_the_mark_anew(self):
        high_water_mark.start(self.path, "first", 5)
        high_water_mark.start(self.path, "second", 2)
        with self.assertRaises(ForeignMark):
            high_water_mark.rise(self.path, "first", 6)
        self.assertEqual(
            high_water_mark.rise(self.path, "second", 1), Mark("second", 2)
        )
        self.assertEqual(list(self.path.parent.iterdir()), [self.path])

    def test_mark_that_is_gone_or_broken_is_not_made_up_for(self):
        with self.assertRaises(FileNotFoundError):
            high_water_mark.rise(self.path, "first", 1)
        high_water_mark.start(self.path, "first", 5)
        for content in ("", "[]", "{}", '{"activation": "first"}', "null"):
            with self.subTest(content):
                self.path.write_text(content)
                with self.assertRaises(ValueError):
                    high_water_mark.rise(self.path, "first", 6)
                self.assertEqual(self.path.read_text(), content)


@tagged("post_install", "-at_install")
class TestSenderBatch(BaseCase):
    def test_facts_are_read_once(self):
        batch, read = SenderBatch(), Mock(side_effect=[None, "second"])
        for key, value in (("a", None), ("a", None), ("b", "second"), ("b", "second")):
            self.assertEqual(batch.once(key, read), value)

    def test_what_was_opened_is_closed(self):
        batch, session, opened = SenderBatch(), Session(), Mock()
        batch.connections.get("a", lambda: session)
        batch.stack.callback(opened)
        batch.close()
        self.assertTrue(session.closed)
        opened.assert_called_once_with()

    def test_each_has_a_token_of_its_own(self):
        tokens = {SenderBatch().token for _number in range(10)}
        self.assertEqual([len(token) for token in tokens], [12] * 10)


@tagged("post_install", "-at_install")
class TestLetterPages(BaseCase):
    def letter(self, *texts):
        stream = io.BytesIO()
        canvas = Canvas(stream, pagesize=(595, 842), invariant=True)
        for text in texts:
            canvas.drawString(100, 400, text)
            canvas.showPage()
        canvas.save()
        return stream.getvalue()

    def get_lines(self, content):
        pages = PdfFileReader(io.BytesIO(content), strict=False).pages
        return [list(filter(None, page.extract_text().split("\n"))) for page in pages]

    def test_only_several_pages_are_numbered(self):
        for texts, pages in (
            (["a"], [["a"]]),
            (["a", "b"], [["a", "1 / 2"], ["b", "2 / 2"]]),
        ):
            with self.subTest(texts):
                content = letter_pages.finish(self.letter(*texts), [105])
                self.assertEqual(self.get_lines(content), pages)

    def test_pile_keeps_the_order(self):
        letters = [self.letter("a", "b"), self.letter("c")]
        pile = letter_pages.merge(letters)
        self.assertEqual(self.get_lines(pile), [["a"], ["b"], ["c"]])
        self.assertEqual(letter_pages.count(pile), 3)
        self.assertEqual(letter_pages.merge(letters[:1]), letters[0])
