"""A provider of text messages: takes each once per key, or twice if it is asked twice.

Speaks as Odoo's own service (JSON-RPC) and as Twilio (forms). What it took is the truth
that the database is compared with. A test may strike at the moment before a message is
taken, or after it, before the answer.
"""

import json
import threading
import uuid
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import psutil

PHASES = ("asked", "taken")


class SmsProvider(ThreadingHTTPServer):
    """`taken` counts messages by key; `calls` has the forms that Twilio would get."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken, self.calls = Counter(), []
        self._strikes, self._lock = {}, threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server_port

    def strike_once(self, phase: str, strike) -> None:
        """Call `strike(process)` with the sender that comes to `phase` next."""
        with self._lock:
            self._strikes[phase] = strike

    def forget_strikes(self) -> None:
        with self._lock:
            self._strikes.clear()

    def reached(self, phase: str, peer_port: int) -> None:
        with self._lock:
            strike = self._strikes.pop(phase, None)
        process = strike and _process_at(peer_port)
        if process:
            strike(process)

    def take(self, key: str) -> None:
        with self._lock:
            self.taken[key] += 1

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        peer_port = self.client_address[1]
        self.server.reached("asked", peer_port)
        answer = (
            self._take_form(body) if "/Accounts/" in self.path else self._take(body)
        )
        self.server.reached("taken", peer_port)
        self._answer(answer)

    def _take(self, body: str) -> dict:
        result = []
        for message in json.loads(body)["params"]["messages"]:
            for number in message["numbers"]:
                self.server.take(number["uuid"])
                result.append({"uuid": number["uuid"], "state": "success", "credit": 1})
        return {"jsonrpc": "2.0", "id": 1, "result": result}

    def _take_form(self, body: str) -> dict:
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self.server.calls.append(form)
        self.server.take(form["StatusCallback"].rpartition("/")[2])
        return {"sid": f"SM{uuid.uuid4().hex}", "status": "queued"}

    def _answer(self, answer: dict) -> None:
        try:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())
        except OSError:
            """Whoever asked does not live any more."""

    def log_message(self, *args):
        """Silence."""


def _process_at(port: int) -> psutil.Process | None:
    """The process at the other end, if it still lives."""
    for connection in psutil.net_connections("tcp4"):
        if connection.laddr.port == port and connection.pid:
            return psutil.Process(connection.pid)
    return None
