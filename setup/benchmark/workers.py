"""Composing and sending by real Odoo servers: up to two hosts on one database, with the
sender crons, or with the OCA's job queue behind a proxy.

A worker is a process that sends: one of ``max_cron_threads``, or an HTTP worker with a
job. They share the work evenly among the hosts.
"""

import contextlib
import itertools
import os
import socket
import socketserver
import subprocess
import sys
import threading
import time
from datetime import timedelta

from installer import paths
from installer.server import OdooServer

from .sending import keep_ready

HOSTS = 2
LOCAL = "127.0.0.1"
SECONDS_PER_MESSAGE = 2
"""Longer than that nobody waits; it is no measure of anything."""

# Which server took which notice: Odoo tells PostgreSQL the process id of its server.
CLAIMS = """
CREATE TABLE bench_claim (server integer);
CREATE FUNCTION bench_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench_claim
    VALUES (substring(current_setting('application_name') from '[0-9]+')::integer);
    RETURN NULL;
END $$;
CREATE TRIGGER bench_claim AFTER UPDATE OF state ON dunning_notice
    FOR EACH ROW WHEN (NEW.state = 'claimed') EXECUTE FUNCTION bench_claim();
"""


def send(env, messages, workers, jobs):
    """From planned notices without a text to accepted and recorded.

    :return: dict with the ``seconds`` between the button and the last result, the
        ``recorded`` messages, and the notices that each host claimed, ``by_host``
    """
    keep_ready(env, messages)
    env.cr.execute(CLAIMS)
    _keep_senders(env, 0 if jobs else workers)
    with _proxy() as proxy, contextlib.ExitStack() as stack:
        here = _Here(workers, proxy)
        hosts = [
            stack.enter_context(_host(here, env.cr.dbname, number, share, jobs))
            for number, share in enumerate(_shares(workers))
        ]
        proxy.next_port = itertools.cycle([host.port for host in hosts]).__next__
        for host in hosts:
            host.wait_until_ready()
        if jobs:
            _wait_for_runner(hosts)
        began = time.monotonic()
        env["dunning.notice"].search([("state", "=", "ready")])._trigger_delivery()
        _wait_until_sent(env, began + 60 + messages * SECONDS_PER_MESSAGE)
        seconds = time.monotonic() - began
    return {
        "seconds": seconds,
        "recorded": env["dunning.notice"].search_count([("state", "=", "sent")]),
        "by_host": [_count_claims(env, host) for host in hosts],
    }


def _shares(workers):
    hosts = min(HOSTS, workers)
    return [len(range(number, workers, hosts)) for number in range(hosts)]


def _keep_senders(env, number):
    """As many sender crons, and no other job that would take its time."""
    env["ir.cron"].search([]).active = False
    sender = env.ref("dunning_automation.ir_cron_deliver")
    later = env.cr.now() + timedelta(days=1)
    for _number in range(number):
        sender.copy({"active": True, "nextcall": later})
    env.cr.commit()


def _wait_until_sent(env, deadline):
    on_the_way = [("state", "in", ("ready", "claimed"))]
    env.cr.commit()
    while env["dunning.notice"].search_count(on_the_way):
        if time.monotonic() > deadline:
            raise RuntimeError("The servers do not come to an end")
        env.cr.commit()
        time.sleep(0.05)


# --- hosts ------------------------------------------------------------------------


class _Here:
    """The environment of this process, in which setup has started it, and the settings
    of the job queue."""

    def __init__(self, workers, proxy):
        self._variables = {
            **os.environ,
            "ODOO_QUEUE_JOB_CHANNELS": f"root:{workers},root.dunning:{workers}",
            "ODOO_QUEUE_JOB_HOST": LOCAL,
            "ODOO_QUEUE_JOB_PORT": str(proxy.server_address[1]),
        }

    def popen(self, *arguments, **options):
        argv = [sys.executable, *map(str, arguments)]
        return subprocess.Popen(argv, env=self._variables, **options)


@contextlib.contextmanager
def _host(here, database, number, share, jobs):
    log = paths.LOGS / f"bench_host_{number}.log"
    log.unlink(missing_ok=True)
    options = {"workers": 1, "max_cron_threads": share}
    if jobs:
        # One more, for whoever asks for a page.
        options = {"workers": share + 1, "max_cron_threads": 0}
        options["load"] = "base,web,queue_job"
    host = OdooServer(here, database, log, **options)
    try:
        yield host
    finally:
        host.terminate()


def _count_claims(env, host):
    env.cr.execute(
        "SELECT COUNT(*) FROM bench_claim WHERE server = %s", [host.process.pid]
    )
    return env.cr.fetchone()[0]


# --- job queue --------------------------------------------------------------------


def _wait_for_runner(hosts):
    """One of the hosts becomes the queue's runner, some seconds after its start."""
    deadline = time.monotonic() + 60
    while not any("queue job runner ready" in host.log.read_text() for host in hosts):
        if time.monotonic() > deadline:
            raise RuntimeError("No host runs the job queue")
        time.sleep(0.1)


@contextlib.contextmanager
def _proxy():
    """A proxy in front of the hosts: each request goes to the next of them."""
    proxy = socketserver.ThreadingTCPServer((LOCAL, 0), _Relay)
    proxy.daemon_threads = True
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    yield proxy
    proxy.shutdown()
    proxy.server_close()


class _Relay(socketserver.BaseRequestHandler):
    def handle(self):
        # The queue asks in one packet and waits a second at most, the job goes on.
        place = LOCAL, self.server.next_port()
        with contextlib.suppress(OSError), socket.create_connection(place) as host:
            host.sendall(self.request.recv(65_536))
            while answer := host.recv(65_536):
                self.request.sendall(answer)
