"""Thousands of debtors with overdue invoices, cloned in SQL from a few real ones.

`CODE` runs in an Odoo shell process, after a line that sets `PORT` (of the mail server)
and `DEBTORS`. Every fifth debtor has two invoices. Invoices are named `CROWD/2026/...`.
"""

from installer import server


def activate(environment, database, port, folder):
    """Let a copy send, to the mail server on that port."""
    code = f"env['ir.mail_server'].search([]).smtp_port = {port}\n"
    code += "env['dunning.guard']._activate(); env.cr.commit()"
    server.run_code(environment, database, code, folder / "activate.log")


CODE = '''
from datetime import timedelta
from odoo import Command
from odoo.tools import SQL

company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
company.write({
    "email": "billing@seller.example", "dunning_hour": 0, "dunning_daily_limit": 0,
})
env["dunning.guard"]._activate()  # The database is a copy.
env["ir.mail_server"].create({
    "name": "scripted", "smtp_host": "127.0.0.1", "smtp_port": PORT,
    "smtp_encryption": "none",
})
env["dunning.policy"].search([]).mode = "automatic"
today = company._dunning_today()


def original(name, amounts):
    partner = env["res.partner"].create({
        "name": name, "email": "original@example.com", "is_company": True,
        "lang": "en_US",
    })
    moves = env["account.move"].create([{
        "move_type": "out_invoice", "partner_id": partner.id,
        "invoice_date": today - timedelta(days=40),
        "invoice_date_due": today - timedelta(days=9),
        "invoice_line_ids": [Command.create({
            "name": "Work", "price_unit": amount, "tax_ids": [],
        })],
    } for amount in amounts])
    moves.action_post()
    return partner, moves


def clone(table, source, **changed):
    """Copy rows; the changed columns are SQL over `old` (the row) and `n`."""
    columns = [row[0] for row in env.execute_query(SQL(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = %s AND table_schema = 'public'"
        "   AND is_generated = 'NEVER'", table))]
    values = [
        SQL(changed[name]) if name in changed else SQL.identifier("old", name)
        for name in columns
    ]
    env.cr.execute(SQL(
        "INSERT INTO %s (%s) SELECT %s FROM %s old, generate_series(%s, %s, %s) n"
        " WHERE %s",
        SQL.identifier(table), SQL(", ").join(map(SQL.identifier, columns)),
        SQL(", ").join(values), SQL.identifier(table), *source))


def multiply(partner, moves, first, step):
    """Debtors `first`, `first + step`, ... up to DEBTORS, like this one."""
    numbers = first, DEBTORS, step
    lines = moves.line_ids
    clone(
        "res_partner", (*numbers, SQL("old.id = %s", partner.id)),
        id=f"{partner_base} + n", commercial_partner_id=f"{partner_base} + n",
        name="'Debtor ' || n", complete_name="'Debtor ' || n",
        email="'d' || n || '@example.com'",
        email_normalized="'d' || n || '@example.com'",
    )
    offset = f"{move_base} + 10 * n - {min(moves.ids)}"
    position = f"10 * n + old.id - {min(moves.ids)}"
    number = f"'CROWD/2026/' || lpad(({position})::text, 8, '0')"
    clone(
        "account_move", (*numbers, SQL("old.id IN %s", tuple(moves.ids))),
        id=f"old.id + {offset}", name=number, payment_reference=number,
        sequence_prefix="'CROWD/2026/'",
        sequence_number=position,
        partner_id=f"{partner_base} + n", commercial_partner_id=f"{partner_base} + n",
        partner_shipping_id=f"{partner_base} + n", access_token="NULL",
    )
    clone(
        "account_move_line", (*numbers, SQL("old.id IN %s", tuple(lines.ids))),
        id=f"{line_base} + 20 * n + old.id - {min(lines.ids)}",
        move_id=f"old.move_id + {offset}", partner_id=f"{partner_base} + n",
        move_name=number.replace("old.id", "old.move_id"),
    )


one = original("One invoice", [100])
two = original("Two invoices", [120, 35.5])
env.flush_all()
bases = env.execute_query(SQL(
    "SELECT (SELECT max(id) FROM res_partner), (SELECT max(id) FROM account_move),"
    " (SELECT max(id) FROM account_move_line)"))[0]
partner_base, move_base, line_base = bases
for first in range(1, 6):
    multiply(*(two if first == 5 else one), first, 5)
for table in ("res_partner", "account_move", "account_move_line"):
    env.cr.execute(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))")
(one[1] + two[1]).button_draft()
(one[1] + two[1]).button_cancel()
env.cr.commit()
for table in ("res_partner", "account_move", "account_move_line"):
    env.cr.execute(f"ANALYZE {table}")
env.invalidate_all()
run = env["dunning.run"]._run_daily(company, compose=False)
env.cr.commit()
result = len(run.notice_ids)
'''
