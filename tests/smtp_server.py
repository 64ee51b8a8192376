"""A mail server that is slow, refuses, hangs up or calls back just where it is told.

What it accepted is the truth with which the tests compare the database: a message
counts from the moment it is stored, whether or not the sender lives to read the answer.
"""

import asyncio
import email
import email.policy
import itertools
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from pathlib import Path

import psutil

HOST = "127.0.0.1"
END_OF_MESSAGE = b"\r\n.\r\n"
LARGEST = 64 * 1024 * 1024

# The points where a script can act, each before the usual answer. `data` is the
# command, `body` the final dot. At `stored` the message has been accepted and only the
# answer is missing; at `answered` the answer is on its way.
PHASES = (
    "connect",
    "ehlo",
    "mail",
    "rcpt",
    "data",
    "body",
    "stored",
    "answered",
)
USUAL = {
    "connect": "220 scripted ESMTP",
    "ehlo": "250-scripted\r\n250-8BITMIME\r\n250 SMTPUTF8",
    "mail": "250 OK",
    "rcpt": "250 OK",
    "data": "354 Go on",
    "stored": "250 OK",
}


@dataclass
class Script:
    """What happens at a phase instead of, or before, the usual answer.

    :param reply: the answer to give
    :param delay: seconds to wait before it
    :param drop: close the connection without an answer
    :param call: called with the session, before anything else
    :param times: how often, always if not given
    :param to: only while a message to this address is handed over (from `rcpt` on)
    :param connection: only in that connection, 1 is the first
    """

    phase: str
    reply: str | None = None
    delay: float = 0
    drop: bool = False
    call: Callable | None = None
    times: float = math.inf
    to: str | None = None
    connection: int | None = None

    def fits(self, phase: str, session: "Session") -> bool:
        return (
            self.times > 0
            and self.phase == phase
            and (self.to is None or self.to in session.recipients)
            and self.connection in (None, session.number)
        )


@dataclass(frozen=True)
class Arrival:
    """A message that was accepted. Times are seconds since the epoch."""

    message_id: str
    recipients: tuple
    data_started: float
    stored_at: float
    file: Path = field(repr=False)
    offset: int = field(repr=False)
    length: int = field(repr=False)

    @property
    def raw(self) -> bytes:
        with self.file.open("rb") as stored:
            stored.seek(self.offset)
            return stored.read(self.length)

    @property
    def message(self) -> email.message.EmailMessage:
        return email.message_from_bytes(self.raw, policy=email.policy.default)


class HungUp(Exception):
    pass


class Session:
    """One connection of a client."""

    def __init__(self, server, number, reader, writer):
        self._server, self._reader, self._writer = server, reader, writer
        self.number = number
        self.peer_port = writer.get_extra_info("peername")[1]
        self.recipients = []
        self.data_started = None

    def process(self) -> psutil.Process | None:
        """The process at the other end, if it still lives."""
        for connection in psutil.net_connections("tcp4"):
            if connection.laddr.port == self.peer_port and connection.pid:
                return psutil.Process(connection.pid)
        return None

    async def talk(self) -> None:
        await self._answer("connect")
        while line := await self._reader.readline():
            verb, _, argument = line.decode("utf-8", "replace").strip().partition(" ")
            handle = getattr(self, f"_on_{verb.lower()}", None)
            if handle:
                await handle(argument)
            else:
                await self._write("502 What?")

    async def _on_ehlo(self, argument):
        await self._answer("ehlo")

    _on_helo = _on_ehlo

    async def _on_mail(self, argument):
        self.recipients = []
        await self._answer("mail")

    async def _on_rcpt(self, argument):
        self.recipients.append(argument.partition("<")[2].partition(">")[0])
        await self._answer("rcpt")

    async def _on_data(self, argument):
        self.data_started = time.time()
        if not (await self._answer("data")).startswith("354"):
            return
        content = await self._reader.readuntil(END_OF_MESSAGE)
        script = await self._act("body")
        if script and script.reply:
            await self._write(script.reply)
            return
        self._server.store(self, content[:-3].replace(b"\r\n..", b"\r\n."))
        await self._answer("stored")
        await self._act("answered")

    async def _on_noop(self, argument):
        await self._write("250 OK")

    _on_rset = _on_noop

    async def _on_quit(self, argument):
        await self._write("221 Bye")
        raise HungUp

    async def _answer(self, phase: str) -> str:
        script = await self._act(phase)
        answer = script and script.reply or USUAL[phase]
        await self._write(answer)
        return answer

    async def _act(self, phase: str) -> Script | None:
        """Let the script of this phase happen; gives it back for its answer."""
        script = self._server.take_script(phase, self)
        if script:
            if script.call:
                await asyncio.to_thread(script.call, self)
            await asyncio.sleep(script.delay)
            if script.drop:
                raise HungUp
        return script

    async def _write(self, answer: str) -> None:
        self._writer.write(f"{answer}\r\n".encode())
        await self._writer.drain()


class ScriptedServer:
    """Runs in a thread on `port`, keeps `arrivals`, does what `script` says."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.arrivals = []
        self._scripts = []
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._file = (folder / "messages").open("wb")
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, HOST, 0, limit=LARGEST)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def script(self, phase: str, **what) -> Script:
        assert phase in PHASES, phase
        script = Script(phase, **what)
        with self._lock:
            self._scripts.append(script)
        return script

    def behave(self) -> None:
        """Forget all scripts."""
        with self._lock:
            self._scripts.clear()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()
        self._file.close()

    def take_script(self, phase: str, session: Session) -> Script | None:
        with self._lock:
            for script in self._scripts:
                if script.fits(phase, session):
                    script.times -= 1
                    return script
        return None

    def store(self, session: Session, content: bytes) -> None:
        """Accept the message. This process outlives the senders: no need to sync."""
        offset = self._file.tell()
        self._file.write(content)
        self._file.flush()
        headers = BytesHeaderParser().parsebytes(content)
        self.arrivals.append(
            Arrival(
                message_id=headers["Message-Id"],
                recipients=tuple(session.recipients),
                data_started=session.data_started,
                stored_at=time.time(),
                file=Path(self._file.name),
                offset=offset,
                length=len(content),
            )
        )

    async def _serve(self, reader, writer) -> None:
        try:
            await Session(self, next(self._numbers), reader, writer).talk()
        except (HungUp, ConnectionError, asyncio.IncompleteReadError):
            pass  # Either side hung up, or the client was killed.
        except asyncio.CancelledError:
            pass  # The server is stopped.
        finally:
            writer.close()
