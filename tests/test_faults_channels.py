"""Faults B and C of the catalogue that need a real mail server or a real process."""

import collections

import crowd
from fleet import connect

READY, FAILED, UNKNOWN = "ready", "failed", "unknown"

# What happens to the message of one debtor each, and what must be known of it. A row
# is one connection: (phase, what the server does, state of the notice, copies that
# arrived).
PHASES = [
    ("connect", {"drop": True}, READY, 0),
    ("connect", {"reply": "421 Too busy"}, READY, 0),
    ("connect", {"reply": "554 Go away"}, READY, 0),
    ("connect", {"delay": 4}, READY, 0),
    ("ehlo", {"drop": True}, READY, 0),
    ("mail", {"reply": "451 Later"}, READY, 0),
    ("mail", {"reply": "553 Not you"}, FAILED, 0),
    ("mail", {"drop": True}, READY, 0),
    ("mail", {"delay": 4}, READY, 0),
    ("rcpt", {"reply": "450 Greylisted"}, READY, 0),
    ("rcpt", {"reply": "550 Nobody here"}, FAILED, 0),
    ("rcpt", {"drop": True}, READY, 0),
    ("data", {"reply": "451 Later"}, READY, 0),
    ("data", {"reply": "554 No"}, FAILED, 0),
    # From here on the sender cannot know whether the server took it.
    ("data", {"drop": True}, UNKNOWN, 0),
    ("body", {"drop": True}, UNKNOWN, 0),
    ("body", {"reply": "452 Full"}, READY, 0),
    ("body", {"reply": "554 Spam"}, FAILED, 0),
    ("stored", {"drop": True}, UNKNOWN, 1),
    ("stored", {"delay": 4}, UNKNOWN, 1),
    ("stored", {"reply": "250 OK"}, "sent", 1),
]

# One connection per notice. The others are not to be put off by a server that is away.
ONE_BY_ONE = """
from odoo.addons.base.models import ir_mail_server
from odoo.tools import mute_logger

ir_mail_server.SMTP_TIMEOUT = 2
result = []
notices = env["dunning.notice"].search([("state", "=", "ready")], order="id")
for notice in notices[:COUNT]:
    env.cr.execute("UPDATE dunning_notice SET not_before = NULL WHERE attempt = 0")
    env.cr.commit()
    with mute_logger("odoo.addons.base.models.ir_mail_server"):
        env["dunning.sender"]._deliver(notice.ids)
    env.invalidate_all()
    waits = notice.not_before and notice.not_before > env.cr.now()
    result.append([notice.email_to, notice.state, bool(waits), notice.reason or ""])
"""


def test_fault_31_the_mail_server_fails_at_every_phase(
    crowd_database, odoo_shell, smtp_server
):
    for number, (phase, what, _state, _copies) in enumerate(PHASES, 1):
        smtp_server.script(phase, connection=number, **what)
    told = odoo_shell(crowd_database, f"COUNT = {len(PHASES)}\n{ONE_BY_ONE}")
    arrived = collections.Counter(
        address for arrival in smtp_server.arrivals for address in arrival.recipients
    )
    found = [
        (phase, what, state, arrived[address])
        for (phase, what, *_rest), (address, state, _waits, _reason) in zip(
            PHASES, told, strict=True
        )
    ]
    assert found == PHASES
    for _address, state, waits, reason in told:
        # Tried again later, not at once; and whoever looks reads why.
        assert waits == (state == READY)
        assert bool(reason) == (state != "sent")


def test_fault_31_the_mail_server_is_away(crowd_database, odoo_shell, odoo_environment):
    """Nobody runs into the same wall forty times, and nobody is lost there."""
    odoo_environment.server.query(
        "UPDATE ir_mail_server SET smtp_port = 1", crowd_database
    )
    code = "env['dunning.sender']._deliver()"
    odoo_shell(crowd_database, code)
    sql = connect(odoo_environment, crowd_database)
    with sql.cursor() as cursor:
        cursor.execute(
            "SELECT state, max(attempt), sum(attempt), bool_and(not_before > now()"
            " AT TIME ZONE 'UTC') FROM dunning_notice GROUP BY state"
        )
        [[state, _most, attempts, all_wait]] = cursor.fetchall()
    sql.close()
    assert state == READY
    assert attempts == 1
    assert all_wait


GIANT = """
from pathlib import Path
from odoo.tools import SQL

def peak():
    # Of this process alone: ru_maxrss inherits the peak of the one that started it.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])

debtor = env["res.partner"].search([("name", "=", "Debtor 1")])
env.cr.execute(SQL("DELETE FROM dunning_notice_line"))
env.cr.execute(SQL("UPDATE dunning_notice SET state = 'suppressed'"))
env.cr.execute(SQL("DELETE FROM dunning_decision"))
[move] = env["account.move"].search([("partner_id", "=", debtor.id)])
lines = move.line_ids
move_base, line_base = env.execute_query(SQL(
    "SELECT (SELECT max(id) FROM account_move), (SELECT max(id) FROM account_move_line)"
))[0]
clone("account_move", (1, LINES, 1, SQL("old.id = %s", move.id)),
      id=f"{move_base} + n", name="'GIANT/2026/' || n", payment_reference="''",
      sequence_prefix="'GIANT/2026/'", sequence_number="n", access_token="NULL")
clone("account_move_line", (1, LINES, 1, SQL("old.id IN %s", tuple(lines.ids))),
      id=f"{line_base} + 2 * n + old.id - {max(lines.ids)}", move_id=f"{move_base} + n",
      move_name="'GIANT/2026/' || n")
for table in ("account_move", "account_move_line"):
    last = f"SELECT max(id) + 2 FROM {table}"
    env.cr.execute(f"SELECT setval('{table}_id_seq', ({last}))")
env.cr.commit()
env.invalidate_all()
before = peak()
env["dunning.run"]._run_daily(company, compose=False)
env.cr.commit()
env["dunning.sender"]._compose_unwritten(float("inf"))
env.cr.commit()
env["dunning.sender"]._deliver()
env.cr.commit()
after = peak()
env.invalidate_all()
notice = env["dunning.notice"].search([("partner_id", "=", debtor.id)], limit=1)
result = {
    "before": before, "after": after, "state": notice.state,
    "reason": notice.reason, "lines": len(notice.line_ids),
    "total": notice.overdue_amount,
}
"""


def test_fault_29_a_debtor_with_thousands_of_invoices(
    database, odoo_shell, smtp_server, request
):
    lines = 50_000 if request.config.getoption("--long") else 3_000
    code = f"PORT, DEBTORS, LINES = {smtp_server.port}, 1, {lines}\n{crowd.CODE}{GIANT}"
    giant = odoo_shell(database(), code)
    print(giant)
    assert (giant["state"], giant["reason"]) == ("sent", False)
    assert giant["lines"] == lines + 1
    assert giant["total"] == 100.0 * (lines + 1)
    # Kilobytes of the whole process, Odoo included.
    assert giant["after"] < 512 * 1024
    [arrival] = smtp_server.arrivals
    print(arrival.length)
    assert arrival.length < 10_000_000, "no mail server takes this"
