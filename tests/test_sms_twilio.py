"""Odoo's own addon for Twilio, installed and unchanged but for the host that it calls:
our reminders leave through its adapter, and its receipts reach them."""

import requests
from sms_provider import SmsProvider
from text_messages import CODE

INSTALL = """
env["ir.module.module"].search([("name", "=", "sms_twilio")]).button_immediate_install()
env.cr.commit()
result = True
"""

TOKEN = "token-of-twilio"

CHOOSE = f"""
env.company.write({{
    "sms_provider": "twilio",
    "sms_twilio_account_sid": "AC" + 32 * "0",
    "sms_twilio_auth_token": {TOKEN!r},
    "sms_twilio_number_ids": [(0, 0, {{
        "number": "+436601111111", "country_id": env.ref("base.at").id,
    }})],
}})
env["ir.config_parameter"].set_param("web.base.url", BASE_URL)
env.cr.commit()
"""

# The address of Twilio stands in the code of Odoo's adapter.
SEND = """
import requests

post = requests.Session.post


def elsewhere(session, url, *args, **options):
    there = f"http://127.0.0.1:{PORT}"
    return post(session, url.replace("https://api.twilio.com", there), *args, **options)


requests.Session.post = elsewhere
sender = env["dunning.sender"]
while sender._count_ready():
    sender._deliver()
    env.cr.commit()  # To see what the sender committed.
    env.invalidate_all()
notices = env["dunning.notice"].search([], order="id")
result = [[notice.state, notice.sms_uuid, notice.email_to] for notice in notices]
"""

SIGN = """
from odoo.addons.sms_twilio.tools.sms_twilio import (
    generate_twilio_sms_callback_signature as sign)

result = [sign(env.company, uuid, form) for uuid, form in ASKED]
"""

STATES = "SELECT sms_uuid, state FROM dunning_notice ORDER BY id"


def test_reminders_through_odoos_own_adapter(
    odoo_environment, database, odoo_shell, odoo_server
):
    name, provider = database(), SmsProvider()
    try:
        assert odoo_shell(name, INSTALL)
        code = f"PORT, DEBTORS = {provider.port}, 3\n{CODE}"
        assert odoo_shell(name, code) == 3
        server = odoo_server(name, max_cron_threads=0)
        odoo_shell(name, f"BASE_URL = {server.url!r}\n{CHOOSE}")
        sent = odoo_shell(name, f"PORT = {provider.port}\n{SEND}")
    finally:
        provider.stop()
    assert [state for state, _uuid, _number in sent] == ["sent"] * 3
    assert provider.taken == {uuid: 1 for _state, uuid, _number in sent}
    assert [form["To"] for form in provider.calls] == [row[2] for row in sent]

    uuids = [uuid for _state, uuid, _number in sent]
    forms = [
        {"SmsStatus": "delivered"},
        {"SmsStatus": "undelivered", "ErrorCode": "30008"},
        {"SmsStatus": "delivered"},
    ]
    asked = [list(pair) for pair in zip(uuids, forms, strict=True)]
    signatures = odoo_shell(name, f"ASKED = {asked!r}\n{SIGN}")
    signatures[2] = "forged"
    server.check_log = False  # Odoo's addon warns of the forged one.
    answers = [
        requests.post(
            f"{server.url}/sms_twilio/status/{uuid}",
            data=form,
            headers={"X-Twilio-Signature": signature},
            timeout=30,
        ).status_code
        for uuid, form, signature in zip(uuids, forms, signatures, strict=True)
    ]
    assert answers == [200, 200, 404]
    states = dict(odoo_environment.server.query(STATES, name))
    assert [states[uuid] for uuid in uuids] == ["delivered", "failed", "sent"]
