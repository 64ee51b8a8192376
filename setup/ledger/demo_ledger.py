"""Write the demo ledger: made through the ORM, posted and reconciled for real.

The caller installs `MODULES`, activates `LANGUAGES`, and gives a database without
entries under a temporary name: a build that was interrupted is thrown away.
"""

from __future__ import annotations

import hashlib
from datetime import date

from odoo.fields import Command

from . import books, demo_names, demo_plan
from .books import Progress, Receipt

MODULES = ["account", "portal"]
LANGUAGES = ["de_DE", "fr_FR", "es_ES"]
SEED = 19
PORTAL_LOGIN = "portal@example.com"
PORTAL_PASSWORD = "portal"

# The IBANs are the ones that the registry prints as examples.
_COMPANIES = {
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


def build(env, today: date, progress: Progress, seed: int = SEED) -> None:
    """Fill the database with the ledger as it stands on `today`.

    `env` is the superuser's. `progress(done, total, text)` counts records.
    """
    plan = demo_plan.make_plan(today, seed)
    _Writer(books.quiet(env), plan, progress).write()


def digest(env) -> str:
    """A fingerprint of names, dates, amounts and residuals: equal ledgers agree.

    Exchange differences are left out: Odoo dates them by the day of the build.
    """
    env.flush_all()
    env.cr.execute(
        """
        SELECT company.name, move.name, partner.ref, move.state, move.payment_state,
               move.date, line.date_maturity, line.amount_currency,
               line.amount_residual_currency, line.balance, line.amount_residual
          FROM account_move_line line
          JOIN account_move move ON move.id = line.move_id
          JOIN res_company company ON company.id = move.company_id
           AND company.currency_exchange_journal_id != move.journal_id
     LEFT JOIN res_partner partner ON partner.id = line.partner_id
         ORDER BY 1, move.date, 2, move.id, line.date_maturity, line.id
        """
    )
    rows = "\n".join(map(repr, env.cr.fetchall()))
    return hashlib.sha256(rows.encode()).hexdigest()


def _received(invoice: demo_plan.Invoice) -> list[demo_plan.Payment]:
    """The payments that have a journal entry."""
    return [pay for pay in invoice.payments if pay.fate != "in_process"]


class _Writer:
    """Turns the plan into records; keeps what later steps have to find again."""

    def __init__(self, env, plan: demo_plan.Plan, progress: Progress):
        self.env = env
        self.plan = plan
        receipts = sum(len(_received(invoice)) for invoice in plan.invoices)
        total = len(plan.customers) + len(plan.invoices) + receipts
        self.steps = books.Steps(progress, total)
        self.companies = {}  # key -> res.company
        self.taxes = {}  # company key -> (account.tax at home, account.tax abroad)
        self.terms = {}  # term -> account.payment.term
        self.products = []
        self.customers = []  # res.partner, in the order of the plan
        self.moves = {}  # id of the planned invoice -> account.move

    def write(self) -> None:
        for key, settings in _COMPANIES.items():
            self._write_company(key, settings)
        self._write_rates()
        self._write_terms()
        self._write_products()
        self._write_customers()
        for key in self.companies:
            self._write_invoices(key)
            self._write_credits(key)
            self._write_payments(key)
        self._write_marks()
        self._write_portal_user()
        books.backdate(self.env)
        self._backdate_customers()

    # Master data

    def _write_company(self, key: str, settings: dict) -> None:
        main = self.env.ref("base.main_company")
        company = main if not self.companies else self._new_company(settings["name"])
        self.companies[key] = company
        values = dict(
            settings["values"],
            name=settings["name"],
            country_id=self._country(settings["country"]).id,
        )
        currency = self._currency(demo_plan.COMPANIES[key])
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
        books.bank_journal(company).bank_account_id = account

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
            code: self._currency(code) for code in {r[1] for r in self.plan.rates}
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

    # Documents

    def _write_invoices(self, key: str) -> None:
        planned = [i for i in self.plan.invoices if i.company == key]
        for batch in books.batches([i for i in planned if i.mark != "draft"]):
            self._write_invoice_batch(key, batch, post=True)
        drafts = [i for i in planned if i.mark == "draft"]
        self._write_invoice_batch(key, drafts, post=False)
        cancelled = [self.moves[id(i)] for i in planned if i.mark == "cancelled"]
        for move in cancelled:
            move.button_draft()
            move.button_cancel()

    def _write_invoice_batch(self, key: str, batch: list, post: bool) -> None:
        values = [self._invoice_values(invoice) for invoice in batch]
        moves = books.create_moves(self.companies[key], values, post)
        self.moves.update(zip(map(id, batch), moves, strict=True))
        self.steps.add(len(batch), f"invoices of {self.companies[key].name}")

    def _invoice_values(self, invoice: demo_plan.Invoice) -> dict:
        return self._document_values(
            invoice, "out_invoice", invoice.lines, self.terms[invoice.term].id
        )

    def _document_values(self, document, move_type, lines, term_id, percent=100):
        planned = self.plan.customers[document.customer]
        customer = self.customers[document.customer]
        contact = customer.child_ids.filtered(lambda child: child.type == "invoice")
        is_abroad = planned.country != _COMPANIES[document.company]["country"]
        tax = self.taxes[document.company][is_abroad]
        return {
            "move_type": move_type,
            "partner_id": (contact or customer).id,
            "invoice_user_id": self.env.ref("base.user_admin").id,
            "invoice_date": document.date,
            "date": document.date,
            "invoice_payment_term_id": term_id,
            "currency_id": self._currency(planned.currency).id,
            "invoice_line_ids": [
                Command.create(
                    {
                        "product_id": self.products[line.product].id,
                        "quantity": line.quantity,
                        "price_unit": float(round(line.price * percent / 100, 2)),
                        "tax_ids": [Command.set(tax.ids)],
                    }
                )
                for line in lines
            ],
        }

    def _write_credits(self, key: str) -> None:
        """Credit notes: Odoo matches them with the invoice that they name."""
        values = [
            self._credit_values(invoice)
            for invoice in self.plan.invoices
            if invoice.company == key and invoice.credit and invoice.is_posted
        ]
        values += [
            self._document_values(credit, "out_refund", credit.lines, False)
            for credit in self.plan.open_credits
            if credit.company == key and credit.lines
        ]
        values.sort(key=lambda vals: vals["invoice_date"])
        for batch in books.batches(values):
            books.create_moves(self.companies[key], batch)

    def _credit_values(self, invoice: demo_plan.Invoice) -> dict:
        credit, move = invoice.credit, self.moves[id(invoice)]
        values = self._document_values(
            invoice, "out_refund", invoice.lines, False, credit.percent
        )
        return dict(
            values,
            invoice_date=credit.date,
            date=credit.date,
            reversed_entry_id=move.id,
            ref=f"{move.name}: credit of {credit.percent}%",
        )

    # Payments

    def _write_payments(self, key: str) -> None:
        company = self.companies[key]
        planned = [
            (payment, invoice)
            for invoice in self.plan.invoices
            if invoice.company == key
            for payment in _received(invoice)
        ]
        planned.sort(key=lambda pair: pair[0].date)
        # A payment that came back is undone before the next one for that invoice.
        returned = [pair for pair in planned if pair[0].fate != "kept"]
        again = {id(invoice) for _payment, invoice in returned}
        later = [p for p in planned if p[0].fate == "kept" and id(p[1]) in again]
        first = [p for p in planned if id(p[1]) not in again or p[0].fate != "kept"]
        for pairs in (first, later):
            for batch in books.batches(pairs):
                self._write_payment_batch(company, batch)
        advances = [
            credit
            for credit in self.plan.open_credits
            if credit.company == key and credit.amount
        ]
        books.create_payments(company, [self._advance_values(a) for a in advances])
        books.commit(self.env)

    def _write_payment_batch(self, company, batch: list) -> None:
        left = {}  # account.move.line -> open amount in its currency
        receipts = []
        moves = self.env["account.move"].browse(
            self.moves[id(invoice)].id for _payment, invoice in batch
        )  # one recordset: read together
        for (payment, _invoice), move in zip(batch, moves, strict=True):
            line = books.receivable_lines(move)[payment.instalment]
            open_amount = left.get(line, line.amount_residual_currency)
            amount = open_amount
            if payment.percent is not None:
                share = line.amount_currency * payment.percent / 100
                amount = min(line.currency_id.round(share), open_amount)
            left[line] = line.currency_id.round(open_amount - amount)
            receipts.append(Receipt(line, payment.date, amount))
        payments = books.receive(company, receipts)
        for record, (payment, _invoice) in zip(payments, batch, strict=True):
            if payment.fate != "kept":
                self._return_payment(record, payment)
        books.commit(self.env)
        self.steps.add(len(batch), f"payments of {company.name}")

    def _return_payment(self, record, payment: demo_plan.Payment) -> None:
        """The bank takes the money back, or somebody cancels the payment."""
        record.move_id.line_ids.remove_move_reconcile()
        if payment.fate == "cancelled":
            record.action_draft()
            record.action_cancel()
            return
        reversal = {
            "date": payment.returned,
            "ref": f"Returned by the bank: {record.name}",
        }
        record.move_id._reverse_moves([reversal], cancel=True)
        record.action_reject()

    def _advance_values(self, credit: demo_plan.OpenCredit) -> dict:
        planned = self.plan.customers[credit.customer]
        return {
            "payment_type": "inbound",
            "partner_id": self.customers[credit.customer].id,
            "currency_id": self._currency(planned.currency).id,
            "amount": float(credit.amount),
            "date": credit.date,
            "memo": "Payment without a reference",
        }

    # What a reminder must notice

    def _write_marks(self) -> None:
        for invoice in self.plan.invoices:
            move = self.moves[id(invoice)]
            if invoice.mark == "blocked":
                move.action_toggle_block_payment()
            elif invoice.mark == "no_followup":
                move.no_followup = True
            elif invoice.mark == "no_followup_last":
                books.receivable_lines(move)[-1].no_followup = True
            for payment in invoice.payments:
                if payment.fate == "in_process":
                    self._register_in_process(move, payment)
        books.commit(self.env)

    def _register_in_process(self, move, payment: demo_plan.Payment) -> None:
        """A payment without outstanding account: no entry, the residual stays."""
        record = (
            self.env["account.payment"]
            .with_company(move.company_id)
            .create(
                {
                    "payment_type": "inbound",
                    "partner_type": "customer",
                    "partner_id": move.commercial_partner_id.id,
                    "currency_id": move.currency_id.id,
                    "amount": move.amount_residual,
                    "date": payment.date,
                    "journal_id": books.bank_journal(move.company_id).id,
                    "memo": move.name,
                    "invoice_ids": [Command.link(move.id)],
                }
            )
        )
        record.outstanding_account_id = False
        record.action_post()

    def _write_portal_user(self) -> None:
        index = [customer.portal for customer in self.plan.customers].index(True)
        company = self.companies[self.plan.customers[index].companies[0]]
        self.env["res.users"].create(
            {
                "login": PORTAL_LOGIN,
                "password": PORTAL_PASSWORD,
                "partner_id": self.customers[index].id,
                "company_id": company.id,
                "company_ids": [Command.set(company.ids)],
                "group_ids": [Command.set(self.env.ref("base.group_portal").ids)],
            }
        )

    def _backdate_customers(self) -> None:
        partners = self.env["res.partner"].browse(
            partner.id for partner in self.customers
        )
        self.env.cr.execute(
            "UPDATE res_partner SET create_date = %s WHERE id IN %s",
            (self.plan.start, tuple((partners | partners.child_ids).ids)),
        )
        books.commit(self.env)

    def _country(self, code: str):
        return self.env.ref(f"base.{'uk' if code == 'GB' else code.lower()}")

    def _currency(self, code: str):
        return self.env.ref(f"base.{code}")
