"""The main job, end to end: a real Odoo with its cron, a real mail server, a ledger.

The table LEDGER is the specification: who owes what, what stands in the way, and what
the customer must be told. The messages that arrived are compared with it and with the
residuals that Odoo itself reports.
"""

import re
import time

from letters import listed

LEDGER = [
    # customer, language, invoices (days overdue, amount, currency), twist, heard
    ("one", "en_US", [(3, 100, "USD")], None, [(3, 100)]),
    ("several", "de_DE", [(40, 1234.5, "USD"), (2, 20, "USD")], None, "all"),
    ("coming due merged", "fr_FR", [(9, 50, "USD"), (-3, 30, "USD")], None, "all"),
    ("coming due alone", "es_ES", [(-4, 75, "USD")], None, "all"),
    ("two currencies", "en_US", [(5, 10, "USD"), (5, 12, "EUR")], None, "all"),
    ("not due", "en_US", [(-20, 500, "USD")], None, []),
    ("paid", "en_US", [(12, 60, "USD")], "pay", []),
    ("partly paid", "en_US", [(12, 60, "USD")], "pay 25", [(12, 35)]),
    ("excluded", "en_US", [(12, 60, "USD")], "no_followup", []),
    ("blocked", "en_US", [(12, 60, "USD")], "block", []),
    ("credit covers", "en_US", [(12, 60, "USD")], "credit 60", []),
    ("credit too small", "en_US", [(12, 60, "USD")], "credit 59", [(12, 60)]),
    ("cancelled", "en_US", [(12, 60, "USD")], "cancel", []),
    ("draft", "en_US", [(12, 60, "USD")], "draft", []),
    ("no address", "en_US", [(12, 60, "USD")], "email ", []),
    ("broken address", "en_US", [(12, 60, "USD")], "email info(at)x", []),
]

BUILD = """
from datetime import timedelta
from odoo import Command

company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
company.write({"email": "billing@seller.example", "dunning_hour": 0})
env.ref("base.EUR").active = True
for lang in ("de_DE", "fr_FR", "es_ES"):
    env["res.lang"]._activate_lang(lang)
addon = env["ir.module.module"].search([("name", "=", "dunning_automation")])
addon._update_translations()
env["ir.mail_server"].create({
    "name": "sink", "smtp_host": "127.0.0.1", "smtp_port": PORT,
    "smtp_encryption": "none",
})
env["dunning.policy"].search([]).mode = "automatic"
env["dunning.guard"]._activate()  # The test database is a copy.
today = company._dunning_today()


def document(partner, days, amount, currency, move_type="out_invoice"):
    return env["account.move"].create({
        "move_type": move_type, "partner_id": partner.id,
        "currency_id": env.ref(f"base.{currency}").id,
        "invoice_date": today - timedelta(days=max(days, 0) + 30),
        "invoice_date_due": today - timedelta(days=days),
        "invoice_line_ids": [Command.create({
            "name": "Work", "quantity": 1, "price_unit": amount, "tax_ids": [],
        })],
    })


def pay(invoices, amount=None):
    values = {"amount": amount} if amount else {}
    env["account.payment.register"].with_context(
        active_model="account.move", active_ids=invoices.ids
    ).create(values)._create_payments()


result = {}
for number, (name, lang, rows, twist, heard) in enumerate(LEDGER):
    verb, _, argument = (twist or "").partition(" ")
    email = argument if verb == "email" else f"c{number}@example.com"
    partner = env["res.partner"].create({
        "name": f"Customer <{name}> & Co", "lang": lang, "email": email,
        "is_company": True,
    })
    invoices = env["account.move"]
    for row in rows:
        invoices += document(partner, *row)
    if verb != "draft":
        invoices.action_post()
    if verb == "pay":
        pay(invoices, float(argument or 0))
    elif verb == "no_followup":
        invoices.no_followup = True
    elif verb == "block":
        invoices.action_toggle_block_payment()
    elif verb == "credit":
        document(partner, 1, float(argument), "USD", "out_refund").action_post()
    elif verb == "cancel":
        invoices.button_draft()
        invoices.button_cancel()
    result[name] = {
        "email": email,
        "invoices": [[move.name, move.amount_residual] for move in invoices],
    }
env.cr.commit()
"""

START_RUN = 'env.ref("dunning_automation.ir_cron_run")._trigger(); env.cr.commit()'
SECOND_RUN = """
env["dunning.run"]._run_daily(env.company)
env.cr.commit()
env["dunning.sender"]._cron_deliver()
"""


def wait_until_sent(server, seconds=120):
    """Wait until a run is done and nothing is left to send."""
    on_the_way = [("state", "in", ("ready", "claimed"))]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.call("dunning.run", "search_count", [("state", "=", "done")]):
            if not server.call("dunning.notice", "search_count", on_the_way):
                return
        time.sleep(0.5)
    raise AssertionError("The run did not finish")


def expected_lines(row, customer):
    """{invoice number: cents} that this customer must read; empty = no message."""
    *_rest, heard = row
    if heard == "all":
        heard = [(None, amount) for _name, amount in customer["invoices"]]
    invoices = customer["invoices"][: len(heard)]
    return {
        number: round(amount * 100)
        for (number, _residual), (_days, amount) in zip(invoices, heard, strict=True)
    }


def test_one_day_from_the_ledger_to_the_inbox(
    database, odoo_shell, odoo_server, smtp_sink
):
    name = database()
    code = f"PORT = {smtp_sink.port}\nLEDGER = {LEDGER!r}\n{BUILD}"
    customers = odoo_shell(name, code)
    server = odoo_server(name)
    odoo_shell(name, START_RUN)
    wait_until_sent(server)

    messages = smtp_sink.messages
    told = {message["To"].addresses[0].addr_spec: message for message in messages}
    assert len(messages) == len(told), "somebody got two messages"
    check_everybody_heard_the_truth(told, customers)
    check_everything_has_an_answer(server, customers)
    check_languages(told, customers)

    odoo_shell(name, SECOND_RUN)
    assert len(smtp_sink.messages) == len(messages), "a second run told somebody again"


def check_everybody_heard_the_truth(told, customers):
    """Those who must hear did, nobody else, and the amounts are the residuals."""
    expected = {
        customers[row[0]]["email"]: expected_lines(row, customers[row[0]])
        for row in LEDGER
        if row[-1]
    }
    assert {to: listed(message) for to, message in told.items()} == expected
    residuals = {
        number: round(residual * 100)
        for customer in customers.values()
        for number, residual in customer["invoices"]
    }
    for message in told.values():
        for number, cents in listed(message).items():
            assert cents == residuals[number]


def check_everything_has_an_answer(server, customers):
    """The silence has reasons, and a missing address is somebody's task."""
    rows = server.call(
        "dunning.decision", "search_read", [], ["move_id", "outcome", "reason"]
    )
    why = {
        row["move_id"][1].split()[0]: (row["outcome"], row["reason"]) for row in rows
    }
    for customer, answer in {
        "one": ("remind", "level_reached"),
        "not due": ("wait", "not_reached"),
        "excluded": ("hold", "no_followup"),
        "blocked": ("hold", "blocked"),
        "credit covers": ("hold", "covered_by_credit"),
        "no address": ("unreachable", "no_email"),
        "broken address": ("unreachable", "invalid_email"),
    }.items():
        number = customers[customer]["invoices"][0][0]
        assert why[number] == answer, customer
    tasks = server.call(
        "mail.activity",
        "search_read",
        [("res_model", "=", "dunning.case")],
        ["res_name"],
    )
    assert {task["res_name"] for task in tasks} == {
        "Customer <no address> & Co",
        "Customer <broken address> & Co",
    }


def check_languages(told, customers):
    """Words, dates and amounts are those of the customer's language."""
    german = told[customers["several"]["email"]]
    text = german.get_body(("plain",)).get_content()
    assert "Zahlungserinnerung" in german["Subject"]
    assert "1.234,50" in text
    assert re.search(r"\d\d\.\d\d\.\d{4}", text)
    assert "appel" in told[customers["coming due merged"]["email"]]["Subject"]
    assert "pago" in told[customers["coming due alone"]["email"]]["Subject"]
