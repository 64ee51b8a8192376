"""The addons work with the charts of accounts that Odoo ships, of every continent.

One database with the localisations of twelve countries, a company for each: an overdue
invoice is reminded of, with its own currency and the right total.
"""

import pytest
from installer import testing
from installer.progress import Step

CHARTS = {
    # country: (module, chart)
    "AE": ("l10n_ae", "ae"),
    "AU": ("l10n_au", "au"),
    "BR": ("l10n_br", "br"),
    "CA": ("l10n_ca", "ca_2023"),
    "CO": ("l10n_co", "co"),
    "DE": ("l10n_de", "de_skr03"),
    "FR": ("l10n_fr_account", "fr"),
    "IN": ("l10n_in", "in"),
    "JP": ("l10n_jp", "jp"),
    "KE": ("l10n_ke", "ke"),
    "MX": ("l10n_mx", "mx"),
    "ZA": ("l10n_za", "za"),
}

FOUND = """
for code in CHARTS:
    country = env.ref(f"base.{code.lower()}")
    company = env["res.company"].create({
        "name": f"Seller {code}", "country_id": country.id,
        "state_id": country.state_ids[:1].id,
    })
    env.user.company_ids += company
    env.cr.commit()
"""
REMIND = """
from datetime import timedelta
from odoo import Command

def remind(code, chart):
    company = env["res.company"].search([("name", "=", f"Seller {code}")])
    # Not when it was created: Odoo would ask its own servers about the company.
    company.email = f"billing@{code.lower()}.example"
    here = env(context={**env.context, "allowed_company_ids": company.ids})
    here["account.chart.template"].try_loading(chart, company, install_demo=False)
    customer = here["res.partner"].create({
        "name": f"Customer {code}", "email": f"{code}@example.com",
        "country_id": company.country_id.id, "state_id": company.state_id.id,
    })
    product = here["product.product"].create({"name": "Work", "list_price": 100})
    today = company._dunning_today()
    invoice = here["account.move"].create({
        "move_type": "out_invoice", "partner_id": customer.id,
        "invoice_date": today - timedelta(days=40),
        "invoice_date_due": today - timedelta(days=9),
        "invoice_line_ids": [Command.create({
            "product_id": product.id, "quantity": 1, "price_unit": 100,
        })],
    })
    invoice.action_post()
    here["dunning.run"]._run_daily(company)
    notice = here["dunning.notice"].search([("company_id", "=", company.id)])
    notice._compose()
    return {
        "notices": len(notice),
        "currency": notice.line_ids.currency_id.name,
        "expected": company.currency_id.name,
        "residual": round(sum(notice.line_ids.mapped("residual_currency")), 2),
        "total": round(invoice.amount_total, 2),
        "says_name": invoice.name in (notice.body or ""),
    }

result = {code: remind(code, chart) for code, chart in CHARTS.items()}
"""


@pytest.fixture
def localized(database, odoo_environment):
    name = database()
    modules = ",".join(module for module, _chart in CHARTS.values())
    with Step("Installing charts of accounts") as step:
        testing.install(odoo_environment, name, modules, "charts.log", step)
    return name


def test_an_overdue_invoice_is_reminded_of_whatever_the_chart(localized, odoo_shell):
    charts = {country: chart for country, (_module, chart) in CHARTS.items()}
    # A company's country may install more, and an environment outlives no addons.
    odoo_shell(localized, f"CHARTS = {charts!r}\n{FOUND}")
    found = odoo_shell(localized, f"CHARTS = {charts!r}\n{REMIND}")
    assert set(found) == set(CHARTS)
    for country, facts in found.items():
        assert facts["notices"] == 1, (country, facts)
        assert facts["currency"] == facts["expected"], (country, facts)
        assert facts["residual"] == facts["total"] > 0, (country, facts)
        assert facts["says_name"], (country, facts)
