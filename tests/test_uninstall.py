"""All addons of ours beside others of Odoo: installed, used, uninstalled. What Odoo had
before is there and works, and nothing of ours is left."""

import os

import pytest
import requests
from installer import addons, locks, paths, server, testing
from installer import smtp_sink as sinks
from installer.databases import Databases
from installer.log_gate import assert_clean_log
from installer.progress import Step
from sms_provider import SmsProvider

OTHERS = ["hr", "sale", "sms_twilio", "snailmail", "website"]
OURS = addons.all_in_checkout()

# Everything that can be left, as (kind, name).
SNAPSHOT = """
SELECT 'relation', relname FROM pg_class
 WHERE relnamespace = 'public'::regnamespace
UNION SELECT 'column', attrelid::regclass || '.' || attname
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
 WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND NOT attisdropped
UNION SELECT 'constraint', conrelid::regclass || '.' || conname FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace
UNION SELECT 'trigger', tgrelid::regclass || '.' || tgname FROM pg_trigger
 WHERE NOT tgisinternal
UNION SELECT 'function', proname FROM pg_proc
 WHERE pronamespace = 'public'::regnamespace
UNION SELECT 'parameter', key FROM ir_config_parameter
 WHERE key != 'sms.endpoint'
UNION SELECT 'data', module || '.' || name FROM ir_model_data
UNION SELECT 'model', model FROM ir_model
UNION SELECT 'field', model || '.' || name FROM ir_model_fields
UNION SELECT 'value', field.model || '.' || field.name || ': ' || value
  FROM ir_model_fields_selection JOIN ir_model_fields field ON field.id = field_id
UNION SELECT 'cron', cron_name FROM ir_cron
UNION SELECT 'view', id || ' ' || name FROM ir_ui_view
UNION SELECT 'menu', id || ' ' || (name ->> 'en_US') FROM ir_ui_menu
UNION SELECT 'action', id || ' ' || (name ->> 'en_US') FROM ir_actions
UNION SELECT 'group', id || ' ' || (name ->> 'en_US') FROM res_groups
UNION SELECT 'rule', id || ' ' || name FROM ir_rule
UNION SELECT 'access', id || ' ' || name FROM ir_model_access
UNION SELECT 'sequence', id || ' ' || name FROM ir_sequence
UNION SELECT 'mail template', id || ' ' || (name ->> 'en_US') FROM mail_template
UNION SELECT 'sms template', id || ' ' || (name ->> 'en_US') FROM sms_template
UNION SELECT 'subtype', id || ' ' || (name ->> 'en_US') FROM mail_message_subtype
UNION SELECT 'activity type', id || ' ' || (name ->> 'en_US') FROM mail_activity_type
UNION SELECT 'dashboard', id || ' ' || (name ->> 'en_US')
  FROM spreadsheet_dashboard
UNION SELECT DISTINCT 'messages', model FROM mail_message
 WHERE model LIKE 'dunning%%'
UNION SELECT DISTINCT 'activities', res_model FROM mail_activity
 WHERE res_model LIKE 'dunning%%'
UNION SELECT DISTINCT 'followers', res_model FROM mail_followers
 WHERE res_model LIKE 'dunning%%'
UNION SELECT DISTINCT 'files', res_model FROM ir_attachment
 WHERE res_model LIKE 'dunning%%'
"""

# An ordered, invoiced and overdue piece of work for one customer of each channel.
USE = """
from datetime import timedelta
from odoo import Command

company, austria = env.company, env.ref("base.at")
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
company.write({
    "email": "billing@seller.example", "country_id": austria.id,
    "dunning_sms_company_day": 0, "dunning_sms_block_day": 0,
})
env["dunning.guard"]._activate()
env["ir.config_parameter"].set_param("sms.endpoint", f"http://127.0.0.1:{SMS_PORT}")
env["iap.account"].get("sms")
env["ir.mail_server"].create({
    "name": "sink", "smtp_host": "127.0.0.1", "smtp_port": PORT,
    "smtp_encryption": "none",
})
# As the manual says for more senders.
env.ref("dunning_automation.ir_cron_deliver").copy()
env["dunning.policy"].search([]).active = False
words = env["mail.template"].search([("model", "=", "dunning.notice")], limit=1)
texts = env.ref("dunning_automation_sms.sms_template_firm")
actions = [
    {"channel": "email", "template_id": words.id},
    {"channel": "sms", "sms_template_id": texts.id},
    {"channel": "letter", "template_id": words.id},
]
for action in actions:
    env["dunning.policy"].create({
        "name": action["channel"], "mode": "automatic",
        "partner_domain": f"[('name', '=', '{action['channel']}')]",
        "level_ids": [Command.create({
            "name": "Now", "delay_days": 1, "min_interval_days": 0,
            "action_ids": [Command.create(action)],
        })],
    })
today = company._dunning_today()
partners = env["res.partner"].create([{
    "name": action["channel"], "is_company": True, "country_id": austria.id,
    "street": "Street 1", "zip": "1010", "city": "Vienna",
    "email": f"customer{number}@example.com", "phone": f"+43664{1000000 + number}",
} for number, action in enumerate(actions)])
product = env["product.product"].create({"name": "Work", "type": "service"})
orders = env["sale.order"].create([{
    "partner_id": partner.id,
    "order_line": [Command.create(
        {"product_id": product.id, "price_unit": 100, "tax_ids": False})],
} for partner in partners])
orders.action_confirm()
product.invoice_policy = "order"
moves = orders._create_invoices()
moves.write({
    "invoice_date": today - timedelta(days=40), "invoice_payment_term_id": False,
    "invoice_date_due": today - timedelta(days=9),
})
moves.action_post()
env["hr.employee"].create({"name": "Collector"})
env["dunning.run"]._run_daily(company)
env.cr.commit()
env["dunning.sender"]._deliver()
env.cr.commit()
env["dunning.seal"]._cron_seal()
env["dunning.risk.model"]._cron_train()
env["dunning.prediction"]._cron_predict()
moves[0].message_post(body="He called")
for case in env["dunning.case"].search([]):
    case.message_post(body="Asked again")
    case.activity_schedule("mail.mail_activity_data_todo", user_id=env.uid)
env.cr.commit()
notices = env["dunning.notice"].search([])
result = {
    "notices": sorted([notice.channel, notice.state] for notice in notices),
    "predictions": env["dunning.prediction"].search_count([]),
    "moves": moves.ids,
    "chatter": [[message.id, message.body] for message in moves.message_ids],
    "partners": [[message.id, message.body] for message in partners.message_ids],
}
"""

UNINSTALL = f"""
ours = env["ir.module.module"].search([("name", "in", {OURS!r})])
ours.button_immediate_uninstall()
result = sorted(set(ours.mapped("state")))
"""

GO_ON = """
from odoo import Command
from odoo.tests import Form

old = env["account.move"].browse(MOVES)
partners = old.partner_id
new = old[:1].copy()
new.action_post()
for move in (*old, new):
    with Form(move) as form:
        form.narration = "Seen"
for partner in partners:
    with Form(partner) as form:
        form.comment = "Seen"
both = old[:1] + new
env["account.payment.register"].with_context(
    active_model="account.move", active_ids=both.ids
).create({})._create_payments()
page, _kind = env["ir.actions.report"]._render_qweb_html(
    "account.account_invoices", new.ids)
result = {
    "printed": new.name in page.decode(),
    "paid": both.mapped("amount_residual"),
    "states": sorted(set((old + new).mapped("state"))),
    "chatter": [[message.id, message.body] for message in old.message_ids],
    "partners": [[message.id, message.body] for message in partners.message_ids],
}
"""


@pytest.fixture(scope="module")
def others_template(odoo_environment, installed_template):
    """A database with the other addons, none of ours; to be copied only."""
    databases = Databases(odoo_environment.server)
    base = databases.names("test_base_")[0]

    def build(name: str) -> None:
        databases.copy(base, name)
        with Step("Installing other addons of Odoo") as step:
            modules = ",".join(OTHERS)
            testing.install(odoo_environment, name, modules, f"{name}.log", step)

    with locks.exclusive(testing.BUILD_LOCK):
        key = addons.hash_of(text=f"{base} {OTHERS}")
        return databases.template("test_others", key, build)


@pytest.fixture(scope="module")
def story(odoo_environment, others_template, tmp_path_factory):
    """What happened in a database from the first of our addons to the last."""
    databases, name = Databases(odoo_environment.server), f"system_{os.getpid()}_gone"
    folder = tmp_path_factory.mktemp("gone")
    sink, texts = sinks.start(sinks.Sink(folder / "mail")), SmsProvider()

    def run(code: str, step: str):
        log = folder / f"{step}.log"
        result = server.run_code(odoo_environment, name, code, log)
        assert_clean_log(log)
        return result

    databases.copy(others_template, name)
    try:
        before = odoo_environment.server.query(SNAPSHOT, name)
        log = paths.LOGS / "beside_others.log"
        log.unlink(missing_ok=True)
        with Step("Installing our addons beside them") as step:
            testing.install(odoo_environment, name, ",".join(OURS), log.name, step)
        assert_clean_log(log)
        code = f"PORT, SMS_PORT = {sink.port}, {texts.port}\n{USE}"
        used = run(code, "used")
        uninstalled = run(UNINSTALL, "uninstalled")
        after = odoo_environment.server.query(SNAPSHOT, name)
        yield {
            "name": name,
            "used": used,
            "texts": sum(texts.taken.values()),
            "mails": len(list(folder.glob("mail/*/*.eml"))),
            "uninstalled": uninstalled,
            "left": {tuple(row) for row in after} - {tuple(row) for row in before},
            "lost": {tuple(row) for row in before} - {tuple(row) for row in after},
        }
    finally:
        sink.stop()
        texts.stop()
        databases.drop(name)


def test_all_work_beside_other_addons(story):
    assert story["used"]["notices"] == [
        ["email", "sent"],
        ["letter", "ready"],
        ["sms", "sent"],
    ]
    assert story["used"]["predictions"]
    assert story["texts"] == story["mails"] == 1


def test_nothing_of_ours_is_left(story):
    assert story["uninstalled"] == ["uninstalled"]
    assert not story["left"]


def test_what_was_there_before_is_there(story):
    assert not story["lost"]


def test_invoices_and_customers_go_on(story, odoo_shell, odoo_server):
    used = story["used"]
    result = odoo_shell(story["name"], f"MOVES = {used['moves']!r}\n{GO_ON}")
    assert result["printed"]
    assert result["paid"] == [0, 0]
    assert result["states"] == ["posted"]
    for thread in ("chatter", "partners"):
        assert all(message in result[thread] for message in used[thread])
    running = odoo_server(story["name"], max_cron_threads=0)
    session = running.session()
    for page in ("/", "/odoo/customers", f"/my/invoices/{used['moves'][0]}"):
        assert session.get(running.url + page, timeout=60).ok
    assert requests.get(running.url, timeout=60).ok
