"""A mail server that delivers nothing: every message becomes an `.eml` file.

Runs inside the environment: `python -m installer.smtp_sink FOLDER`. Prints its port and
ends when its input closes, which is when the process that started it is gone.
"""

import itertools
import os
import sys
from datetime import datetime
from pathlib import Path

from aiosmtpd.controller import Controller

from .locks import leave_parent

HOST = "127.0.0.1"


class Sink:
    """Stores a message, whole and on disk, before the client hears "250 OK"."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self._numbers = itertools.count(1)

    async def handle_DATA(self, server, session, envelope) -> str:
        self.store(envelope)
        return "250 OK"

    def store(self, envelope) -> Path:
        now = datetime.now()
        number = f"{os.getpid()}-{next(self._numbers):05}"
        target = self.folder / f"{now:%Y-%m-%d}" / f"{now:%H%M%S.%f}-{number}.eml"
        target.parent.mkdir(parents=True, exist_ok=True)
        # The envelope tells who really gets the message: the headers may not.
        header = "".join(f"X-RcptTo: {address}\r\n" for address in envelope.rcpt_tos)
        header = f"X-MailFrom: {envelope.mail_from}\r\n{header}"
        partial = target.with_suffix(".partial")
        with partial.open("wb") as file:
            file.write(header.encode() + envelope.original_content)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(target)
        return target


def start(handler: Sink, port: int = 0) -> Controller:
    """Start the server in a thread; its port is in `controller.server`."""
    controller = AnyPort(handler, hostname=HOST, port=port)
    controller.start()
    return controller


class AnyPort(Controller):
    """aiosmtpd's, but port 0 means a free one."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


if __name__ == "__main__":
    leave_parent()
    running = start(Sink(Path(sys.argv[1])))
    print(running.port, flush=True)
    sys.stdin.read()
    running.stop()
