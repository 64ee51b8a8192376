"""Debtors with a mobile number and a text message that is ready.

`CODE` runs in an Odoo shell process, after a line that sets `PORT` (of the provider)
and `DEBTORS`.
"""

CODE = """
from datetime import timedelta
from odoo import Command

company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
austria = env.ref("base.at")
company.write({
    "country_id": austria.id, "dunning_hour": 0, "dunning_daily_limit": 0,
    "dunning_sms_company_day": 0, "dunning_sms_block_day": 0,
})
env["dunning.guard"]._activate()  # The database is a copy.
env["ir.config_parameter"].set_param("sms.endpoint", f"http://127.0.0.1:{PORT}")
env["iap.account"].get("sms")
env["dunning.policy"].search([]).active = False
template = env.ref("dunning_automation_sms.sms_template_firm")
env["dunning.policy"].create({
    "name": "Text messages", "mode": "automatic",
    "level_ids": [Command.create({
        "name": "Now", "delay_days": 1, "min_interval_days": 0,
        "action_ids": [Command.create(
            {"channel": "sms", "sms_template_id": template.id})],
    })],
})
today = company._dunning_today()
partners = env["res.partner"].create([{
    "name": f"Debtor {number}", "is_company": True, "country_id": austria.id,
    "phone": f"+43664{1000000 + number}",
} for number in range(DEBTORS)])
env["account.move"].create([{
    "move_type": "out_invoice", "partner_id": partner.id,
    "invoice_date": today - timedelta(days=40),
    "invoice_date_due": today - timedelta(days=9),
    "invoice_line_ids": [Command.create(
        {"name": "Work", "price_unit": 100, "tax_ids": []})],
} for partner in partners]).action_post()
run = env["dunning.run"]._run_daily(company)
run.notice_ids._compose()
env.cr.commit()
result = len(run.notice_ids.filtered(lambda notice: notice.state == "ready"))
"""
