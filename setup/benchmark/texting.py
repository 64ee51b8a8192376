"""Sending text messages, measured: ours and Odoo's own queue.

Both hand the same number of messages to one gateway on this machine, one request each,
and keep their records. Ours claims, looks at the ledger and commits around each of
them; Odoo's queue sends up to 500 in one transaction, all of which it sends again if
it dies in between.
"""

import json
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch


def measure(env, messages):
    """Seconds of both sides, from ready to accepted and recorded; texts are written
    before."""
    with _gateway(env) as taken:
        _prepare_reminders(env, messages)
        ours = _time(lambda: _send_reminders(env))
        reminders = len(taken)
        _queue(env, messages)
        odoo = _time(lambda: _send_queue(env))
    sent = env["dunning.notice"].search_count([("state", "=", "sent")])
    return {
        "messages": reminders,
        "distinct": len(set(taken[:reminders])),
        "recorded": sent,
        "odoo_messages": len(taken) - reminders,
        "ours_s": ours,
        "odoo_s": odoo,
    }


def _time(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def _gateway(env):
    """A gateway that takes everything; it may be on this machine here only."""
    taken = []

    class Gateway(BaseHTTPRequestHandler):
        # As gateways are: connections are kept, and an answer is one packet.
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append(json.loads(body)["key"])
            answer = b'{"id": "1"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args):
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    gateways = env["dunning.sms.gateway"]
    with patch.object(type(gateways), "_may_loop_back", lambda self: True):
        env.company.dunning_sms_gateway_id = gateways.create(
            {
                "name": "Benchmark",
                "auth": "none",
                "url": f"http://127.0.0.1:{server.server_port}",
                "body_template": '{"key": "{uuid}", "to": "{number}", "say": "{text}"}',
                "id_path": "id",
            }
        )
        env.cr.commit()
        yield taken
    server.shutdown()
    server.server_close()


def _prepare_reminders(env, messages):
    """One overdue invoice per debtor, planned and written."""
    company, austria = env.company, env.ref("base.at")
    if not company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", company)
    company.write(
        {
            "country_id": austria.id,
            "dunning_daily_limit": 0,
            "dunning_sms_block_day": 0,
            "dunning_sms_company_day": 0,
        }
    )
    env["dunning.guard"]._activate()  # The database is a copy.
    env["dunning.policy"].search([]).active = False
    template = env.ref("dunning_automation_sms.sms_template_firm")
    action = {"channel": "sms", "sms_template_id": template.id}
    level = {"name": "Now", "delay_days": 1, "action_ids": [(0, 0, action)]}
    env["dunning.policy"].create(
        {"name": "Texts", "mode": "automatic", "level_ids": [(0, 0, level)]}
    )
    partners = env["res.partner"].create(
        [
            {
                "name": f"Debtor {number}",
                "is_company": True,
                "country_id": austria.id,
                "phone": f"+43664{1_000_000 + number}",
            }
            for number in range(messages)
        ]
    )
    today = company._dunning_today()
    moves = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": today - timedelta(days=40),
                "invoice_date_due": today - timedelta(days=9),
                "invoice_line_ids": [
                    (0, 0, {"name": "Work", "price_unit": 100, "tax_ids": []})
                ],
            }
            for partner in partners
        ]
    )
    moves.action_post()
    env["dunning.run"]._run_daily(company)
    env["dunning.sender"]._compose_unwritten(stop_at=float("inf"))
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()


def _send_reminders(env):
    sender = env["dunning.sender"]
    while sender._count_ready():
        sender._cron_deliver()
    env.cr.commit()
    env.invalidate_all()


def _queue(env, messages):
    """As many messages in Odoo's own queue, with the traces that it keeps."""
    partners = env["res.partner"].search(
        [("dunning_sms_number", "!=", False)], limit=messages
    )
    for partner in partners:
        partner._message_sms(
            "Please pay.",
            partner_ids=partner.ids,
            put_in_queue=True,
        )
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()


def _send_queue(env):
    queue = env["sms.sms"]
    while queue.search_count([("state", "=", "outgoing")]):
        queue._process_queue()
        env.cr.commit()
