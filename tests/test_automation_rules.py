"""Odoo's automation rules on what happens in collections, with the real addon."""

import pytest
from installer import testing
from installer.log_gate import assert_clean_log
from installer.progress import Step

ADDON = "base_automation"
RULES = """
from odoo import Command
from datetime import timedelta

def rule(model, **values):
    automation = env["base.automation"].create({
        "name": model, "model_id": env["ir.model"]._get_id(model), **values,
    })
    action = env["ir.actions.server"].create({
        "name": "Note",
        "base_automation_id": automation.id,
        "model_id": automation.model_id.id,
        "usage": "base_automation",
        "state": "code",
        "code": "record.partner_id.write({'comment': "
                "str(record.partner_id.comment or '') + ' ' + record._name})",
    })
    automation.action_server_ids = [Command.set(action.ids)]

rule("dunning.subscription.delivery", trigger="on_create")
state = env["ir.model.fields"]._get("dunning.promise", "state")
broken = state.selection_ids.filtered(lambda value: value.value == "broken")
rule("dunning.promise", trigger="on_state_set", trg_selection_field_id=broken.id)
env["dunning.subscription"].create({"name": "Rules", "kind": "promise_broken"})

customer = env["res.partner"].create({"name": "Debtor", "email": "d@example.com"})
today = env.company._dunning_today()
journal = env["account.journal"].search([("type", "=", "sale")], limit=1)
invoice = env["account.move"].create({
    "move_type": "out_invoice",
    "partner_id": customer.id,
    "invoice_date": today - timedelta(days=40),
    "invoice_date_due": today - timedelta(days=10),
    "invoice_line_ids": [Command.create({"name": "x", "price_unit": 100})],
})
invoice.action_post()
line = invoice.line_ids.filtered(lambda l: l.account_type == "asset_receivable")
promise = env["dunning.promise"].create({
    "partner_id": customer.id, "move_line_ids": line.ids, "amount": 100, "date": today,
})
promise._end("broken")
env.flush_all()
env["dunning.seal"]._seal_block()
for webhook in env["dunning.subscription"].search([]):
    webhook._note_events()
    webhook._note_events()
result = str(customer.comment).split()
env.cr.rollback()
"""


@pytest.fixture
def automated(odoo_environment, database):
    """A database with our addons and automation rules."""
    name, log = database(), f"automation_rules_{ADDON}.log"
    (testing.paths.LOGS / log).unlink(missing_ok=True)
    with Step("Installing automation rules beside our addons") as step:
        testing.install(odoo_environment, name, ADDON, log, step)
    assert_clean_log(testing.paths.LOGS / log)
    return name


def test_rules_run_once_for_what_the_orm_writes(automated, odoo_shell):
    """On the promise itself, and on the delivery of its event, whoever wrote that."""
    told = " ".join(odoo_shell(automated, RULES))
    for model in ("dunning.promise", "dunning.subscription.delivery"):
        assert told.count(model) == 1, told
