"""Real Odoo processes, for whole-system tests. Runs inside the environment."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import requests

from .environment import Environment

START_SECONDS = 90
STOP_SECONDS = 30
RESULT_MARK = "\x1eRESULT "


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class OdooServer:
    """One `odoo` with its workers. Options are Odoo's own, with `_` for `-`."""

    def __init__(self, environment: Environment, database: str, log: Path, **options):
        self.database, self.log = database, log
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._sessions = {}
        options = {
            "database": database,
            "db_filter": f"^{database}$",
            "http_port": self.port,
            "gevent_port": free_port(),
            "max_cron_threads": 1,
            "logfile": log,
            **options,
        }
        arguments = [f"--{k.replace('_', '-')}={v}" for k, v in options.items()]
        self.process = environment.popen(
            "-m",
            "odoo",
            *arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"Odoo ended at once:\n{self._log_tail()}")
            try:
                if requests.get(f"{self.url}/web/login", timeout=30).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.2)
        raise RuntimeError(f"Odoo is not ready:\n{self._log_tail()}")

    def call(self, model: str, method: str, *args, login: str = "admin", **kwargs):
        """Call a public method as that user (whose password is the login)."""
        path = f"/web/dataset/call_kw/{model}/{method}"
        return self._rpc(
            path, login, model=model, method=method, args=args, kwargs=kwargs
        )

    def session(self, login: str = "admin") -> requests.Session:
        """A logged-in session, to open pages with."""
        if login not in self._sessions:
            self._sessions[login] = requests.Session()
            self._rpc(
                "/web/session/authenticate",
                login,
                db=self.database,
                login=login,
                password=login,
            )
        return self._sessions[login]

    def terminate(self) -> None:
        """As an administrator would: ask, and wait."""
        self._signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """As a power cut would: the server and its workers, at once."""
        deadline = time.monotonic() + STOP_SECONDS
        while self._signal(signal.SIGKILL) and time.monotonic() < deadline:
            self.process.poll()
            time.sleep(0.05)

    def _signal(self, number: int) -> bool:
        """False when no process of the server is left."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return False
        return True

    def _rpc(self, path: str, as_login: str, **params):
        session = self.session(as_login)
        answer = session.post(
            self.url + path,
            json={"jsonrpc": "2.0", "method": "call", "params": params},
            timeout=120,
        ).json()
        if "error" in answer:
            raise RuntimeError(answer["error"]["data"]["debug"])
        return answer.get("result")  # Nothing when a method returns None.

    def _log_tail(self) -> str:
        return self.log.read_text()[-3000:] if self.log.exists() else "(no log)"


def run_code(
    environment: Environment, database: str, code: str, log: Path, **variables
):
    """Run code as in `odoo shell`; gives back what it left in `result`, by JSON.

    :param variables: of the environment of the process
    """
    program = f"import json\nresult = None\n{code}\n"
    program += f"print({RESULT_MARK!r} + json.dumps(result))\n"
    shell = environment.odoo("shell", "-d", database, "--no-http", f"--logfile={log}")
    answer = subprocess.run(
        shell,
        input=program,
        env={**environment.variables, **variables},
        capture_output=True,
        text=True,
    )
    _, mark, result = answer.stdout.rpartition(RESULT_MARK)
    if answer.returncode or not mark:
        raise RuntimeError(answer.stderr)
    return json.loads(result)
