"""Composing and sending planned reminders, measured: ours and the OCA's.

Both start with what `planning` left in their database, send `messages` of it to the
sink and keep their own records; neither makes a PDF. The sink tells what arrived.
"""

import sys
import threading
import time

READY_MARK = "\x1eREADY"


def ours(env, messages):
    """From planned notices without a text to accepted and recorded.

    ``queries`` are all statements of the delivery (claim, stop signs, outcome, events,
    chatter; not the commits) as Odoo counts them per thread; the texts are written
    before and counted in ``compose_queries``.
    """
    keep_ready(env, messages)
    sender = env["dunning.sender"]
    thread = threading.current_thread()
    thread.query_count = thread.query_time = 0
    began = time.perf_counter()
    sender._compose_unwritten(stop_at=float("inf"))
    env.cr.commit()
    composed, compose_queries = time.perf_counter(), thread.query_count
    while sender._count_ready():  # A cron stops before Odoo would kill its worker.
        sender._cron_deliver()
    env.cr.commit()
    ended = time.perf_counter()
    env.invalidate_all()
    return {
        "seconds": ended - began,
        "compose_seconds": composed - began,
        "messages": env["dunning.notice"].search_count([("state", "=", "sent")]),
        "compose_queries": compose_queries,
        "queries": thread.query_count - compose_queries,
    }


def share(env):
    """One of several senders at work on the same notices, as the crons do it. Says when
    it is ready to begin and waits for the word.

    ``began`` and ``ended`` are of the clock that the processes of a machine share.
    """
    print(READY_MARK, flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    sender = env["dunning.sender"]
    while sender._count_ready():
        sender._cron_deliver()
    return {"began": began, "ended": time.monotonic()}


def keep_ready(env, messages):
    """Leave that many e-mails ready in a database that may send (it is a copy); the
    others are out of the way, not deleted."""
    env.cr.execute(
        """UPDATE dunning_notice
              SET state = 'suppressed', snapshot_hash = 'benchmark'
            WHERE id NOT IN (SELECT id
                               FROM dunning_notice
                              WHERE state = 'ready' AND channel = 'email'
                              ORDER BY id
                              LIMIT %s)""",
        [messages],
    )
    env.cr.commit()
    env.cr.execute("ANALYZE dunning_notice")
    env["dunning.guard"]._activate()
    env.cr.commit()
    env.invalidate_all()


def oca(env, messages):
    """``run_channel_action`` on the lines of as many customers, then Odoo's mail queue.

    The mails go into the queue: sent one by one after the commit, as Odoo does it from
    a button, each of them would open a connection of its own.
    """
    run = env["credit.control.run"].search([("state", "=", "done")], limit=1)
    partners = run.line_ids.partner_id.sorted("id")[:messages]
    run.line_ids.filtered(lambda line: line.partner_id in partners).write(
        {"state": "to_be_sent"}
    )
    env.cr.commit()
    env.invalidate_all()
    began = time.perf_counter()
    run.with_context(mail_notify_force_send=False).run_channel_action()
    env.cr.commit()
    composed = time.perf_counter()
    env["mail.mail"].process_email_queue(batch_size=messages)
    env.cr.commit()
    ended = time.perf_counter()
    sent = run.line_ids.filtered(lambda line: line.state == "sent")
    return {
        "seconds": ended - began,
        "compose_seconds": composed - began,
        "messages": len(sent.communication_id),
    }
