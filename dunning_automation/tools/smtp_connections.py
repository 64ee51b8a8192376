"""SMTP sessions of one batch: opened once per sender, they know how far they got."""

import smtplib
import time

from .smtp_outcome import Withdrawn

IDLE_SECONDS = 5
"""Servers close idle sessions. Finding that out while sending would leave a message
unknown, so a session that rested longer is asked first."""


class SmtpConnections:
    """One open session per sender address. A server that could not be reached is not
    tried again in the same batch."""

    def __init__(self):
        self._sessions, self._errors = {}, {}

    def get(self, sender, connect):
        """The session of ``sender``, a new one by ``connect()`` if there is none that
        still answers. Its ``handed_over`` holds the bytes of the message as soon as
        they are on their way, None before: nothing can have left then.

        :raise Exception: what ``connect`` raised, now or earlier
        """
        if sender in self._errors:
            raise self._errors[sender]
        session, used_at = self._sessions.pop(sender, (None, 0.0))
        if session and time.monotonic() - used_at > IDLE_SECONDS:
            session = session if _answers(session) else None
        if not session:
            session = self._connect(sender, connect)
        if session:
            session.handed_over = None if hasattr(session, "data") else b""
            self._sessions[sender] = session, time.monotonic()
        return session

    def _connect(self, sender, connect):
        try:
            session = connect()
        except Exception as error:
            self._errors[sender] = error
            raise
        if session:
            _watch(session)
        return session

    def forget(self, sender):
        """Close the session of ``sender``: nobody knows what state it is in."""
        session, _used_at = self._sessions.pop(sender, (None, 0.0))
        if session:
            session.close()

    def close(self):
        for sender in list(self._sessions):
            self.forget(sender)


def _answers(session):
    try:
        return session.noop()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


def _watch(session):
    """Keep the message itself when it is sent: smtplib's ``data`` gets its bytes. Ask
    ``session.may_leave()`` first.

    :raise Withdrawn: when it may not
    """
    session.may_leave = lambda: True
    data = getattr(session, "data", None)
    if not data:
        return

    def watched(message):
        if not session.may_leave():
            raise Withdrawn
        session.handed_over = message
        return data(message)

    session.data = watched
