"""Master data of the demo: companies, taxes, rates, terms, products, customers."""

from __future__ import annotations

from odoo.fields import Command

from . import books, demo_names, demo_plan

# The IBANs are the ones that the registry prints as examples.
COMPANIES = {
    "nordlicht": {
        "name": "Nordlicht Handel GmbH",
        "country": "DE",
        "tax_rate": 19,
        "iban": "DE89370400440532013000",
        "bank": "Beispielbank Hamburg",
        "tz": "Europe/Berlin",
        "values": {
            "street": "Speicherstadt 12",
            "zip": "20457",
            "city": "Hamburg",
            "email": "nordlicht@example.com",
            "phone": "+49 40 66969100",
        },
    },
    "harbour": {
        "name": "Harbour Supplies Ltd",
        "country": "GB",
        "tax_rate": 20,
        "iban": "GB29NWBK60161331926819",
        "bank": "Example Bank London",
        "tz": "Europe/London",
        "values": {
            "street": "4 Wapping Wall",
            "zip": "E1W 3SS",
            "city": "London",
            "email": "harbour@example.org",
            "phone": "+44 20 7946 0123",
        },
    },
}

_TERM_XML_IDS = {
    "immediate": "account.account_payment_term_immediate",
    "30 days": "account.account_payment_term_30days",
}


class MasterData:
    """Writes it, and keeps what the documents refer to."""

    def __init__(self, env, plan: demo_plan.Plan, steps: books.Steps):
        self.env = env
        self.plan = plan
        self.steps = steps
        self.companies = {}  # key -> res.company
        self.taxes = {}  # company key -> (account.tax at home, account.tax abroad)
        self.terms = {}  # term -> account.payment.term
        self.products = []
        self.customers = []  # res.partner, in the order of the plan

    def write(self) -> None:
        for key, settings in COMPANIES.items():
            self._write_company(key, settings)
        self._write_rates()
        self._write_terms()
        self._write_products()
        self._write_customers()

    def tax(self, company_key: str, country: str):
        """Which tax the company charges a customer in that country."""
        is_abroad = country != COMPANIES[company_key]["country"]
        return self.taxes[company_key][is_abroad]

    def currency(self, code: str):
        return self.env.ref(f"base.{code}")

    def _write_company(self, key: str, settings: dict) -> None:
        main = self.env.ref("base.main_company")
        company = main if not self.companies else self._new_company(settings["name"])
        self.companies[key] = company
        values = dict(
            settings["values"],
            name=settings["name"],
            country_id=self._country(settings["country"]).id,
        )
        currency = self.currency(demo_plan.COMPANIES[key])
        books.set_up_company(company, values, currency)
        company.partner_id.tz = settings["tz"]
        self._write_bank_account(company, settings)
        self._write_taxes(key, settings["tax_rate"])

    def _new_company(self, name: str):
        # "enrich done": else partner_autocomplete looks the company up online
        values = {"name": name}
        if "iap_enrich_auto_done" in self.env["res.company"]._fields:
            values["iap_enrich_auto_done"] = True
        company = self.env["res.company"].create(values)
        self.env.ref("base.user_admin").company_ids = [Command.link(company.id)]
        return company

    def _write_bank_account(self, company, settings: dict) -> None:
        bank = self.env["res.bank"].create({"name": settings["bank"]})
        account = self.env["res.partner.bank"].create(
            {
                "acc_number": settings["iban"],
                "partner_id": company.partner_id.id,
                "bank_id": bank.id,
                "company_id": company.id,
                "allow_out_payment": True,
            }
        )
        books.journal(company, "bank").bank_account_id = account

    def _write_taxes(self, key: str, rate: int) -> None:
        """The chart's taxes move to the company's country and get its rate."""
        company = self.companies[key]
        taxes = self.env["account.tax"].search([("company_id", "=", company.id)])
        taxes.tax_group_id.country_id = company.account_fiscal_country_id
        taxes.country_id = company.account_fiscal_country_id
        home = company.account_sale_tax_id
        (home | company.account_purchase_tax_id).write(
            {"name": f"{rate}%", "invoice_label": f"{rate}%", "amount": rate}
        )
        home.tax_group_id.name = f"VAT {rate}%"
        abroad = taxes.filtered(lambda t: t.type_tax_use == "sale" and not t.amount)
        self.taxes[key] = (home, abroad)

    def _write_rates(self) -> None:
        currencies = {
            code: self.currency(code) for code in {r[1] for r in self.plan.rates}
        }
        for currency in currencies.values():
            currency.active = True
        self.env["res.currency.rate"].create(
            [
                {
                    "name": day,
                    "currency_id": currencies[code].id,
                    "company_id": False,
                    "rate": float(rate),
                }
                for day, code, rate in self.plan.rates
            ]
        )

    def _write_terms(self) -> None:
        for name, parts in demo_plan.TERMS.items():
            if name in _TERM_XML_IDS:
                self.terms[name] = self.env.ref(_TERM_XML_IDS[name])
                continue
            self.terms[name] = self.env["account.payment.term"].create(
                {
                    "name": name.capitalize(),
                    "note": f"Payment terms: {name}",
                    "company_id": False,
                    "line_ids": [
                        Command.create(
                            {
                                "value": "percent",
                                "value_amount": float(percent),
                                "delay_type": "days_after",
                                "nb_days": days,
                            }
                        )
                        for percent, days in parts
                    ],
                }
            )

    def _write_products(self) -> None:
        default_taxes = [home.id for home, _abroad in self.taxes.values()]
        for price, kind, _quantities, *names in demo_names.PRODUCTS:
            product = self.env["product.product"].create(
                {
                    "name": names[0],
                    "type": kind,
                    "list_price": float(price),
                    "taxes_id": [Command.set(default_taxes)],
                    "supplier_taxes_id": [Command.clear()],
                }
            )
            for language, name in zip(demo_names.PRODUCT_LANGUAGES, names, strict=True):
                product.with_context(lang=language).name = name
            self.products.append(product)

    def _write_customers(self) -> None:
        for batch in books.batches(self.plan.customers):
            self.customers += self.env["res.partner"].create(
                [self._customer_values(customer) for customer in batch]
            )
            books.commit(self.env)
            self.steps.add(len(batch), "customers")

    def _customer_values(self, customer: demo_plan.Customer) -> dict:
        contacts = []
        for kind, contact in (
            ("invoice", customer.invoice_contact),
            ("contact", customer.person),
        ):
            if contact:
                name, email = contact
                values = {"type": kind, "name": name, "email": email}
                contacts.append(Command.create(dict(values, lang=customer.language)))
        return {
            "name": customer.name,
            "ref": customer.number,
            "is_company": True,
            "street": customer.street,
            "zip": customer.zip,
            "city": customer.city,
            "country_id": self._country(customer.country).id,
            "lang": customer.language,
            "email": customer.email,
            "phone": customer.phone,
            "property_payment_term_id": self.terms[customer.term].id,
            "child_ids": contacts,
        }

    def _country(self, code: str):
        return self.env.ref(f"base.{'uk' if code == 'GB' else code.lower()}")
