"""A customer pays on his account page, end to end: link of a message, a real browser,
Odoo's payment form with its demo provider, and what the ledger says then."""

import subprocess

import pytest
from installer import server
from installer.browser import Browser

PREPARE = """
env["ir.config_parameter"].set_param("account_payment.enable_portal_payment", "True")
provider = env.ref("payment.payment_provider_demo")
provider.write({"state": "test", "is_published": True})
[debtor] = env["res.partner"].search([("name", "=", "Debtor 5")])  # two invoices
[notice] = env["dunning.notice"].search([("partner_id", "=", debtor.id)])
notice._set_state("claimed")
notice._set_state("sent", date_sent=env.cr.now())
result = {
    "url": "/dunning/account/" + notice._get_account_token(),
    "debtor": debtor.id,
    "owed": sum(notice.line_ids.mapped("residual")),
}
env.cr.commit()
"""
OUTCOME = """
debtor = env["res.partner"].browse(DEBTOR)
moves = env["account.move"].search([("partner_id", "=", debtor.id)])
case = env["dunning.case"].search([("partner_id", "=", debtor.id)])
review = env["dunning.ledger"]._review(case.notice_ids)
result = {
    "transactions": moves.transaction_ids.mapped(lambda tx: [tx.state, tx.amount]),
    "residual": sum(moves.mapped("amount_residual")),
    "stops": sorted({
        line["stop"] for row in review.values() for line in row["lines"].values()
    }),
}
"""
PAY_ALL = "document.querySelector('button[value=overdue]')"
FORM = "document.querySelector('#simulated_payment_state')"
IS_READY = (
    f"{FORM} && !document.querySelector('[name=o_payment_submit_button]').disabled"
)
SUBMIT = "document.querySelector('[name=o_payment_submit_button]').click()"
# What the demo provider is told to do; what the customer reads; what is left of 155.50;
# why another reminder would not list the invoices.
OUTCOMES = {
    "done": ("Thank you", 0.0, ["paid"]),
    "pending": ("waiting for approval", 155.5, ["transaction_pending"]),
    "cancel": ("cancel", 155.5, []),
    "error": ("error", 155.5, []),
}


@pytest.fixture
def shop(odoo_environment, crowd_database, odoo_server, tmp_path):
    """A server with Odoo's demo provider, and a customer with two overdue invoices."""
    log = tmp_path / "install.log"
    command = odoo_environment.odoo(
        "-d",
        crowd_database,
        "-i",
        "payment_demo",
        "--stop-after-init",
        "--no-http",
        f"--logfile={log}",
    )
    subprocess.run(command, env=odoo_environment.variables, check=True)
    log = tmp_path / "prepare.log"
    known = server.run_code(odoo_environment, crowd_database, PREPARE, log)
    started = odoo_server(crowd_database, max_cron_threads=0, workers=2)
    started.check_log = False  # Odoo complains about connections that a browser keeps.
    started.known = known
    return started


@pytest.mark.parametrize("told", OUTCOMES)
def test_customer_pays_all_that_is_overdue(shop, odoo_environment, tmp_path, told):
    """He sees what came of it; page and next reminder know it, too."""
    words, left, stops = OUTCOMES[told]
    assert shop.known["owed"] == 155.5
    browser = Browser(tmp_path / "browser", 390, 844)
    try:
        browser.open(shop.url + shop.known["url"])
        browser.run(f"{PAY_ALL}.click()")
        browser.wait_for(IS_READY, "the payment form")
        browser.run(f"{FORM}.value = '{told}'")
        browser.run(SUBMIT)
        said = f"document.body.innerText.toLowerCase().includes('{words.lower()}')"
        browser.wait_for(f"!{FORM} && {said}", f"“{words}”")
        browser.open(shop.url + shop.known["url"])
        assert browser.run(f"!!{PAY_ALL}") == (not stops)
    finally:
        browser.close()
    code = OUTCOME.replace("DEBTOR", str(shop.known["debtor"]))
    log = tmp_path / "outcome.log"
    outcome = server.run_code(odoo_environment, shop.database, code, log)
    assert outcome == {
        "transactions": [[told, 155.5]],
        "residual": left,
        "stops": stops,
    }
    assert "Traceback" not in shop.log.read_text()
