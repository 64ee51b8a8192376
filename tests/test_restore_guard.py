"""A database that forgot what it sent must not send it again: fault 15.

Real databases, copied and put back as an administrator would; real servers with their
jobs; the mail server's folder is the truth.
"""

import time

import pytest
from installer.databases import Databases

BUILD = """
from datetime import timedelta
from odoo import Command

company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
company.write({"email": "billing@seller.example", "dunning_hour": 0})
env["ir.mail_server"].create({
    "name": "sink", "smtp_host": "127.0.0.1", "smtp_port": PORT,
    "smtp_encryption": "none",
})
env["dunning.policy"].search([]).mode = "automatic"
env["dunning.guard"]._activate()
today = company._dunning_today()
for number in range(3):
    partner = env["res.partner"].create({
        "name": f"Customer {number}", "email": f"c{number}@example.com",
    })
    env["account.move"].create({
        "move_type": "out_invoice", "partner_id": partner.id,
        "invoice_date": today - timedelta(days=40),
        "invoice_date_due": today - timedelta(days=3),
        "invoice_line_ids": [Command.create({
            "name": "Work", "quantity": 1, "price_unit": 100, "tax_ids": [],
        })],
    }).action_post()
env.cr.commit()
"""
PLAN = """
env["dunning.run"]._run_daily(env.company)
env.cr.commit()
"""
SEND = """
env["dunning.sender"]._cron_deliver()
result = env["dunning.notice"].search([]).mapped("state")
"""
HOLD = 'result = env["dunning.guard"]._get_database_hold()'
ACTIVATE = 'env["dunning.guard"].action_activate(); env.cr.commit()'
NEUTRALIZE = """
from odoo.modules.neutralize import neutralize_database
neutralize_database(env.cr)
env.cr.commit()
"""


@pytest.fixture
def sent(database, odoo_shell, odoo_environment, smtp_sink):
    """A database that told three customers, and its backup from before that."""
    databases = Databases(odoo_environment.server)
    name = database()
    odoo_shell(name, f"PORT = {smtp_sink.port}\n{BUILD}{PLAN}")
    backup = f"{name}_backup"
    databases.copy(name, backup)
    assert odoo_shell(name, SEND) == ["sent"] * 3
    assert len(smtp_sink.messages) == 3
    yield databases, name, backup
    databases.drop(backup)


def test_fault_15_restored_backup_sends_nothing_until_a_manager_activates_it(
    sent, odoo_shell, odoo_server, smtp_sink
):
    databases, name, backup = sent
    databases.drop(name)
    databases.copy(backup, name)
    server = odoo_server(name)
    odoo_shell(name, 'env["dunning.sender"]._trigger(); env.cr.commit()')
    wait_for_the_sender(server)
    assert len(smtp_sink.messages) == 3, "a customer was told again"
    assert "older backup" in odoo_shell(name, HOLD)
    odoo_shell(name, ACTIVATE)
    assert not odoo_shell(name, HOLD)


def test_fault_15_clones_send_nothing(sent, odoo_shell, smtp_sink):
    databases, name, backup = sent
    assert "was called" in odoo_shell(backup, HOLD)
    assert odoo_shell(backup, SEND) == ["ready"] * 3
    odoo_shell(backup, NEUTRALIZE)
    assert "neutralized" in odoo_shell(backup, HOLD)
    with pytest.raises(RuntimeError, match="neutralized"):
        odoo_shell(backup, ACTIVATE)
    assert odoo_shell(backup, SEND) == ["ready"] * 3
    assert len(smtp_sink.messages) == 3
    assert not odoo_shell(name, HOLD), "the original was disturbed"


def wait_for_the_sender(server, seconds=120):
    """Wait until the server's job has taken the trigger, and is done with it."""
    deadline = time.monotonic() + seconds
    jobs = [("code", "=", "model._cron_deliver()")]
    while time.monotonic() < deadline:
        rows = server.call("ir.cron", "search_read", jobs, ["lastcall"])
        if all(row["lastcall"] for row in rows):
            return
        time.sleep(0.5)
    raise AssertionError("The sender was not called")
