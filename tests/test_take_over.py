"""Taking over from the OCA's account_credit_control: the real package, its own runs,
then our wizard, in processes of their own."""

import os

import pytest
from installer import addons, locks, oca, server, testing
from installer.databases import Databases
from installer.progress import Step

PACKAGE = "account_credit_control"

HEARD = """
from datetime import timedelta
from odoo import Command, fields

today = fields.Date.today()
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading(
        "generic_coa", company, install_demo=False)
policy = env.ref("account_credit_control.credit_control_3_time")
off = env.ref("account_credit_control.credit_control_no_follow")
receivable = env["account.account"].search([("account_type", "=", "asset_receivable")])
policy.account_ids = off.account_ids = receivable
company.credit_policy_id = policy


def invoice(number, days_overdue):
    partner = env["res.partner"].create(
        {"name": f"Customer {number}", "email": f"c{number}@example.com",
         "is_company": True})
    move = env["account.move"].create({
        "move_type": "out_invoice", "partner_id": partner.id,
        "invoice_date": today - timedelta(days=days_overdue + 30),
        "invoice_date_due": today - timedelta(days=days_overdue),
        "invoice_payment_term_id": False,
        "invoice_line_ids": [Command.create(
            {"name": "Service", "price_unit": 100, "tax_ids": []})],
    })
    move.action_post()
    return move


def run(days_ago):
    made = env["credit.control.run"].create(
        {"date": today - timedelta(days=days_ago), "policy_ids": policy.ids})
    made.with_context(lang=None).generate_credit_lines()
    lines = made.line_ids
    lines.write({"state": "sent"})
    for line in lines:
        line.date_sent = line.date
    env.cr.commit()
    return lines


once, twice, never, excluded = (
    invoice(*case) for case in ((1, 20), (2, 140), (3, 20), (4, 140)))
excluded.partner_id.credit_policy_id = off
run(75)
unheard = run(9).filtered(lambda line: line.invoice_id == never)
unheard.state = "draft"
unheard.unlink()
env.cr.commit()
heard = {}
for line in env["credit.control.line"].search([("state", "=", "sent")]):
    heard.setdefault(line.invoice_id.partner_id.name, []).append(line.level)
result = {name: sorted(levels) for name, levels in heard.items()}
"""

TAKE_OVER = """
env["dunning.policy"].search([]).active = False
wizard = env["dunning.take.over"].create({})
dry = wizard.summary
wizard.action_take_over()
wizard.action_take_over()
taken = env["dunning.policy"].search([("taken_over_from", "!=", False)])
env["dunning.run"]._run_daily(env.company)
env.cr.commit()
planned = env["dunning.notice"].search([("state", "=", "planned"),
                                        ("simulation", "=", False)])
told = env["dunning.notice"].search([("state", "=", "sent")])
three = taken.filtered(lambda policy: policy.name == "3 time policy")
result = {
    "source": wizard.source,
    "dry": str(dry),
    "modes": {policy.name: policy.mode for policy in taken},
    "levels": [[level.name, level.delay_days, level.action_ids.mapped("channel")]
               for level in three.level_ids.sorted("delay_days")],
    "text": three.level_ids.sorted("delay_days")[0].action_ids.template_id.body_html,
    "planned": {notice.partner_id.name: notice.level_id.taken_over_from
                for notice in planned},
    "told": sorted([notice.partner_id.name, notice.level_id.taken_over_from]
                   for notice in told),
    "own": env["res.partner"].search([("name", "=", "Customer 4")])
              .dunning_policy_id.name,
}
"""


@pytest.fixture(scope="module")
def oca_environment(odoo_environment):
    return oca.with_oca(odoo_environment)


@pytest.fixture
def oca_database(oca_environment, installed_template):
    """Our addons and account_credit_control in one database."""
    databases = Databases(oca_environment.server)
    key = addons.hash_of(oca.REQUIREMENTS, text=installed_template)

    def build(name):
        databases.copy(installed_template, name)
        with Step(f"Installing {PACKAGE} beside our addons") as step:
            testing.install(oca_environment, name, PACKAGE, "take_over.log", step)

    with locks.exclusive(testing.BUILD_LOCK):
        template = databases.template("test_take_over", key, build)
    name = f"system_{os.getpid()}_take_over"
    databases.copy(template, name)
    yield name
    databases.drop(name)


def test_nobody_hears_a_level_twice(oca_environment, oca_database, tmp_path):
    def run(code):
        log = tmp_path / "shell.log"
        return server.run_code(oca_environment, oca_database, code, log)

    heard = run(HEARD)
    assert heard == {"Customer 1": [1], "Customer 2": [1, 2]}, "nothing was heard there"
    taken = run(TAKE_OVER)
    assert taken["source"] == PACKAGE
    assert "3 time policy" in taken["dry"]
    assert taken["modes"]["3 time policy"] == "review"
    assert taken["modes"]["No follow"] == "simulate"
    assert taken["own"] == "No follow"
    assert [level[1:] for level in taken["levels"]] == [
        [10, ["email"]],
        [60, ["email"]],
        [70, ["letter"]],
    ]
    assert "Our records indicate" in taken["text"]
    assert 't-out="object.table_html"' in taken["text"]
    # Once each, although the wizard ran twice.
    assert len(taken["told"]) == 3
    planned = taken["planned"]
    assert "Customer 4" not in planned
    for name, levels in (("Customer 1", 1), ("Customer 2", 2)):
        told = {rung for partner, rung in taken["told"] if partner == name}
        assert len(told) == levels
        assert planned.get(name) not in told
    assert "Customer 3" in planned, "who heard nothing is reminded"
