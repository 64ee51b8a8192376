"""Odoo servers on one database, to be killed while they send."""

import re
import subprocess
import time

import psutil
import psycopg2
from installer.environment import Environment
from installer.server import OdooServer

CRON_WORKER = re.compile(r"Worker WorkerCron \((\d+)\) alive")
WAKE = """
INSERT INTO ir_cron_trigger (cron_id, call_at)
SELECT cron.id, now() AT TIME ZONE 'UTC'
  FROM ir_cron cron
  JOIN ir_act_server action ON action.id = cron.ir_actions_server_id
 WHERE action.code = 'model._cron_deliver()'
   AND NOT EXISTS (SELECT 1 FROM ir_cron_trigger t WHERE t.cron_id = cron.id)
"""


def connect(environment: Environment, database: str):
    """A connection of our own that commits by itself, for looking and waking."""
    place = {
        name.removeprefix("PG").lower(): value
        for name, value in environment.server.environment.items()
    }
    connection = psycopg2.connect(**place, dbname=database)
    connection.autocommit = True
    return connection


def wait_until(condition, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"After {seconds} s still not: {what}")
        time.sleep(0.1)


class Fleet:
    """`size` complete Odoo servers with `crons` cron workers each."""

    def __init__(self, environment, database: str, folder, size=2, crons=2, **options):
        self._environment, self.database, self._folder = environment, database, folder
        self._options = {"workers": 1, "max_cron_threads": crons, **options}
        self.logs = []
        self.connect()
        self.servers = [self._start() for _i in range(size)]

    def _start(self) -> OdooServer:
        log = self._folder / f"fleet-{len(self.logs)}.log"
        self.logs.append(log)
        return OdooServer(self._environment, self.database, log, **self._options)

    def connect(self) -> None:
        self._sql = connect(self._environment, self.database)
        self._post = connect(self._environment, "postgres")

    def disconnect(self) -> None:
        self._sql.close()
        self._post.close()

    def revive(self) -> None:
        """After a crash of the database. Odoo's main process does not survive that; its
        service manager starts it again."""
        self.connect()
        for server in self.servers:
            if _ended(server):
                self.restart(server)

    def wait_until_ready(self) -> None:
        for server in self.servers:
            server.wait_until_ready()

    def query(self, sql: str, *parameters) -> list:
        with self._sql.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def wake(self) -> None:
        """As a button does: a trigger for each sender, and a call to the workers."""
        self.query(WAKE)
        with self._post.cursor() as cursor:
            cursor.execute("SELECT pg_notify('cron_trigger', %s)", [self.database])

    def cron_workers(self, server: OdooServer) -> list:
        """Process ids of the workers of that server that run its crons."""
        try:
            children = psutil.Process(server.process.pid).children()
        except psutil.NoSuchProcess:
            return []
        # One that was just started has no log yet.
        log = server.log.read_text(errors="replace") if server.log.exists() else ""
        pids = {int(pid) for pid in CRON_WORKER.findall(log)}
        return [child.pid for child in children if child.pid in pids]

    def restart(self, server: OdooServer) -> OdooServer:
        """A power cut of one host, and its boot."""
        server.kill()
        self.servers[self.servers.index(server)] = started = self._start()
        return started

    def stop(self) -> None:
        for server in self.servers:
            server.terminate()
        self.disconnect()

    def log_lines(self, *words: str) -> list:
        """Lines of all logs that contain one of the words."""
        return [
            line
            for log in self.logs
            if log.exists()
            for line in log.read_text(errors="replace").splitlines()
            if any(word in line for word in words)
        ]


def _ended(server: OdooServer, seconds: float = 5) -> bool:
    try:
        server.process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True
