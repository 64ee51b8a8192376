import doctest
import smtplib

from odoo.tests import BaseCase, tagged

from ..tools import ladder, notice_states, reasons, smtp_outcome


def load_tests(loader, tests, pattern):
    """The examples in the docstrings of ``tools/`` are tests."""
    for module in (ladder, notice_states, reasons, smtp_outcome):
        tests.addTests(doctest.DocTestSuite(module))
    return tests


@tagged("post_install", "-at_install")
class TestTools(BaseCase):
    def test_examples(self):
        for module in (ladder, notice_states, reasons, smtp_outcome):
            with self.subTest(module.__name__):
                self.assertFalse(doctest.testmod(module).failed)

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
            (ValueError("address"), "failed"),
            (OSError("network"), "unknown"),
            (KeyError("surprise"), "unknown"),
        ]:
            with self.subTest(error=repr(error)):
                self.assertEqual(smtp_outcome.of_send_error(error), outcome)

    def test_errors_before_sending_are_tried_again(self):
        for error in (
            OSError(),
            smtplib.SMTPAuthenticationError(535, b""),
            ValueError(),
        ):
            with self.subTest(error=repr(error)):
                self.assertEqual(smtp_outcome.of_connection_error(error), "retry")
