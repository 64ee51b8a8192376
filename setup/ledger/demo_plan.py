"""The demo ledger as a plan: who is invoiced what and when, and how it is paid.

Pure and seeded: the same `today` and `seed` give the same plan, so that the ledger
in the database is the same too. `demo_ledger.py` writes it; nothing here knows Odoo.

Days are calendar days. A payer type says how late somebody pays. It exists only in
the plan, never in the database: whoever learns from the ledger has to find it out.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from . import demo_names

CUSTOMERS = 220
INVOICES = 3150
MONTHS = 18
HISTORY_DAYS = 548  # 18 months
OLDEST_OVERDUE_DAYS = 118  # nobody in the demo is later than that

COMPANIES = {"nordlicht": "EUR", "harbour": "GBP"}  # company key -> its currency
_NORDLICHT_SHARE = 0.64  # of the customers
_COUNTRY_WEIGHTS = {
    "nordlicht": {"DE": 60, "AT": 8, "CH": 4, "FR": 10, "ES": 8, "GB": 4, "US": 6},
    "harbour": {"GB": 58, "IE": 8, "US": 12, "FR": 8, "ES": 7, "DE": 7},
}

# term -> ((percent, days after the invoice date), ...)
TERMS = {
    "immediate": (("100", 0),),
    "14 days": (("100", 14),),
    "30 days": (("100", 30),),
    "60 days": (("100", 60),),
    "30/60/90 days": (("33.33", 30), ("33.33", 60), ("33.34", 90)),
    "half now, half in 30 days": (("50", 0), ("50", 30)),
}
_TERM_WEIGHTS = (6, 24, 44, 12, 8, 6)

# payer type -> number of customers
PAYERS = {"prompt": 84, "late": 58, "very late": 34, "erratic": 26, "disputing": 18}

MISSING_EMAILS = 10
BROKEN_EMAILS = ("info(at){}", "{}@", "{}.example.com", "{}@example@example.org")


@dataclass
class Customer:
    number: str
    name: str
    companies: tuple[str, ...]
    country: str
    language: str
    currency: str
    street: str
    zip: str
    city: str
    phone: str
    email: str
    term: str
    payer: str
    weight: float
    invoice_contact: tuple[str, str] | None = None  # (name, e-mail)
    person: tuple[str, str] | None = None
    portal: bool = False


@dataclass
class Line:
    product: int  # index into demo_names.PRODUCTS
    quantity: int
    price: Decimal


@dataclass
class Payment:
    """`percent` of the instalment, or all that is left of it with None.

    fate: kept; bounced (reversed by an entry on the day `returned`); cancelled
    (taken back by hand); in_process (registered, no journal entry yet)
    """

    date: date
    instalment: int
    percent: int | None = None
    fate: str = "kept"
    returned: date | None = None


@dataclass
class Credit:
    """A credit note for `percent` of an invoice."""

    date: date
    percent: int


@dataclass
class Invoice:
    """mark: "", draft, cancelled, blocked, no_followup or no_followup_last."""

    customer: int
    company: str
    date: date
    term: str
    lines: list[Line]
    payments: list[Payment] = field(default_factory=list)
    credit: Credit | None = None
    mark: str = ""

    @property
    def due_dates(self) -> list[date]:
        return [self.date + timedelta(days=days) for _percent, days in TERMS[self.term]]

    @property
    def is_posted(self) -> bool:
        return self.mark not in ("draft", "cancelled")

    def open_due_dates(self) -> list[date]:
        """Due dates of the instalments that are not fully settled."""
        if not self.is_posted or (self.credit and self.credit.percent == 100):
            return []
        settled = {
            payment.instalment
            for payment in self.payments
            if payment.fate == "kept" and payment.percent is None
        }
        return [due for i, due in enumerate(self.due_dates) if i not in settled]


@dataclass
class OpenCredit:
    """Money of the customer that no invoice has used: a credit note (its lines) or
    a payment (its amount in the customer's currency)."""

    customer: int
    company: str
    date: date
    lines: list[Line] = field(default_factory=list)
    amount: Decimal = Decimal(0)


@dataclass
class Plan:
    today: date
    customers: list[Customer]
    invoices: list[Invoice]
    open_credits: list[OpenCredit]
    rates: list[tuple[date, str, Decimal]]  # units of the currency for one euro

    @property
    def start(self) -> date:
        return self.today - timedelta(days=HISTORY_DAYS)


def make_plan(today: date, seed: int) -> Plan:
    rng = random.Random(f"{seed} {today.isoformat()}")
    customers = _customers(rng)
    _choose_portal_customer(customers)
    _spoil_addresses(rng, customers)
    invoices = _invoices(rng, customers, today)
    for invoice in invoices:
        _settle(rng, invoice, customers[invoice.customer].payer, today)
    _return_payments(rng, customers, invoices, today)
    _mark(rng, invoices, today)
    open_credits = _open_credits(rng, customers, invoices, today)
    return Plan(today, customers, invoices, open_credits, list(_rates(rng, today)))


def _business_day(day: date) -> date:
    """The same day, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def _last_business_day(day: date) -> date:
    """The same day, or the Friday before a weekend."""
    return day - timedelta(days=max(0, day.weekday() - 4))


# Customers


def _customers(rng: random.Random) -> list[Customer]:
    customers, names = [], set()
    payers = [payer for payer, count in PAYERS.items() for _ in range(count)]
    rng.shuffle(payers)
    for index in range(CUSTOMERS):
        is_first = index < CUSTOMERS * _NORDLICHT_SHARE
        company = "nordlicht" if is_first else "harbour"
        companies = tuple(COMPANIES) if index % 18 == 7 else (company,)
        weights = _COUNTRY_WEIGHTS[company]
        country = rng.choices(list(weights), list(weights.values()))[0]
        name = demo_names.company_name(rng, country)
        while demo_names.slug(name) in names:
            name = demo_names.company_name(rng, country)
        names.add(demo_names.slug(name))
        customers.append(_customer(rng, index, name, companies, country, payers[index]))
    return customers


def _customer(rng, index, name, companies, country, payer) -> Customer:
    language, currency, cities, streets = demo_names.COUNTRIES[country]
    city, postal_code = rng.choice(cities)
    slug = demo_names.slug(name)
    customer = Customer(
        number=f"C{10001 + index}",
        name=name,
        companies=companies,
        country=country,
        language=language,
        currency=currency,
        street=f"{rng.choice(streets)} {rng.randint(1, 140)}",
        zip=postal_code,
        city=city,
        phone=demo_names.phone(rng, country),
        email=f"{slug}@example.com",
        term=rng.choices(list(TERMS), _TERM_WEIGHTS)[0],
        payer=payer,
        weight=rng.lognormvariate(0, 0.7),
    )
    if rng.random() < 0.3:
        department = demo_names.ACCOUNTS_DEPARTMENT[language]
        customer.invoice_contact = (department, f"accounts.{slug}@example.org")
    if rng.random() < 0.4:
        person = demo_names.person_name(rng, language)
        person_email = f"{demo_names.slug(person)}.{slug}@example.org"
        customer.person = (person, person_email)
    return customer


def _spoil_addresses(rng: random.Random, customers: list[Customer]) -> None:
    """Addresses as they are in real life: some missing, some broken."""
    without_contact = [c for c in customers if not c.invoice_contact and not c.portal]
    with_contact = [c for c in customers if c.invoice_contact]
    silent = rng.sample(without_contact, MISSING_EMAILS + 2 * len(BROKEN_EMAILS))
    for customer in silent[:MISSING_EMAILS]:
        customer.email = ""
    for index, customer in enumerate(silent[MISSING_EMAILS:]):
        pattern = BROKEN_EMAILS[index % len(BROKEN_EMAILS)]
        customer.email = pattern.format(demo_names.slug(customer.name))
    by_contact = rng.sample(with_contact, 6)
    for customer in by_contact[:4]:  # only the invoice contact can be reached
        customer.email = ""
    for customer in by_contact[4:]:  # only the company can be reached
        customer.invoice_contact = (customer.invoice_contact[0], "accounts(at)")


def _choose_portal_customer(customers: list[Customer]) -> None:
    """An English-speaking customer who owes a lot of one company gets the login."""
    customer = next(
        customer
        for customer in customers
        if customer.language == "en_US"
        and len(customer.companies) == 1
        and not customer.invoice_contact
    )
    customer.portal, customer.email = True, "portal@example.com"
    customer.payer, customer.term, customer.weight = "very late", "30 days", 8.0


# Invoices


def _invoices(rng, customers: list[Customer], today: date) -> list[Invoice]:
    weights = [customer.weight for customer in customers]
    first_for_each = list(range(len(customers))) * 3
    rest = rng.choices(range(len(customers)), weights, k=INVOICES - len(first_for_each))
    invoices = [
        _invoice(rng, customers[index], index, today)
        for index in sorted(first_for_each + rest)
    ]
    return sorted(invoices, key=lambda invoice: invoice.date)


def _invoice(rng, customer: Customer, index: int, today: date) -> Invoice:
    growth = rng.random() ** 1.25  # more invoices lately than long ago
    day = today - timedelta(days=int(growth * HISTORY_DAYS))
    term = customer.term if rng.random() < 0.92 else rng.choice(list(TERMS))
    return Invoice(
        customer=index,
        company=rng.choice(customer.companies),
        date=_last_business_day(day),
        term=term,
        lines=[_line(rng) for _ in range(rng.choices((1, 2, 3), (80, 14, 6))[0])],
    )


def _line(rng: random.Random) -> Line:
    product = rng.randrange(len(demo_names.PRODUCTS))
    price, _type, quantities, *_names = demo_names.PRODUCTS[product]
    quantity = round(rng.triangular(*quantities, quantities[0]))
    return Line(product, quantity, Decimal(price))


# Payments


def _days_late(rng: random.Random, payer: str) -> int:
    """Days from the due date to the payment; negative = paid early."""
    if payer == "late":
        return round(rng.gauss(12, 6))
    if payer == "very late":
        return round(rng.gauss(46, 20))
    if payer == "erratic":
        return round(rng.gauss(*rng.choice(((-4, 3), (6, 5), (30, 10), (75, 18)))))
    if payer == "disputing" and rng.random() < 0.3:
        return round(rng.gauss(65, 20))
    return round(rng.gauss(-1, 3))


def _settle(rng: random.Random, invoice: Invoice, payer: str, today: date) -> None:
    """Plan what arrived until today: credit notes, partial and full payments."""
    disputing = payer == "disputing"
    if rng.random() < (0.2 if disputing else 0.022) and len(invoice.due_dates) == 1:
        percent = 100 if rng.random() < 0.3 else rng.choice((10, 20, 25, 40))
        day = _business_day(invoice.date + timedelta(days=rng.randint(3, 20)))
        if day <= today:
            invoice.credit = Credit(day, percent)
            if percent == 100:
                return
    stuck = rng.random() < 0.03
    for instalment, due in enumerate(invoice.due_dates):
        late = rng.randint(80, OLDEST_OVERDUE_DAYS) if stuck else _days_late(rng, payer)
        day = due + timedelta(days=min(late, OLDEST_OVERDUE_DAYS))
        earliest = invoice.credit.date if invoice.credit else invoice.date
        left = 100 - invoice.credit.percent if invoice.credit else 100
        partial = rng.random() < (0.16 if disputing else 0.06)
        if partial:
            first_day = _business_day(max(day - timedelta(days=15), earliest))
            if first_day <= today:
                percent = rng.choice((25, 40, 50, 60, 75))
                if percent >= left:
                    invoice.payments.append(Payment(first_day, instalment))
                    continue
                invoice.payments.append(Payment(first_day, instalment, percent))
            earliest = first_day
        day = _business_day(max(day, earliest))
        if day <= today:
            invoice.payments.append(Payment(day, instalment))


def _return_payments(rng, customers, invoices, today: date) -> None:
    """Some payments came back: half of them long ago, half of them still unpaid.

    Only in the company's currency: Odoo would reverse the exchange difference of
    another one on the day of the build.
    """
    invoices = [
        invoice
        for invoice in invoices
        if customers[invoice.customer].currency == COMPANIES[invoice.company]
    ]
    long_ago = [i for i in invoices if _was_paid_once(i, today, 60, 400)]
    for index, invoice in enumerate(rng.sample(long_ago, 9)):
        returned = _return_payment(invoice.payments[0], index)
        day = _business_day(returned + timedelta(days=rng.randint(8, 25)))
        invoice.payments.append(Payment(day, 0))
    lately = [
        invoice
        for invoice in invoices
        if _was_paid_once(invoice, today, 5, 45)
        and (today - invoice.due_dates[0]).days <= OLDEST_OVERDUE_DAYS
    ]
    for index, invoice in enumerate(rng.sample(lately, 8)):
        _return_payment(invoice.payments[0], index)


def _was_paid_once(invoice: Invoice, today: date, youngest: int, oldest: int) -> bool:
    """Settled by a single payment that is so many days old."""
    return (
        len(invoice.payments) == len(invoice.due_dates) == 1
        and invoice.payments[0].percent is None
        and youngest <= (today - invoice.payments[0].date).days <= oldest
    )


def _return_payment(payment: Payment, index: int) -> date:
    payment.fate = "cancelled" if index % 3 == 2 else "bounced"
    payment.returned = _last_business_day(payment.date + timedelta(days=5))
    return payment.returned


def _mark(rng: random.Random, invoices: list[Invoice], today: date) -> None:
    """The invoices that a reminder must treat in a special way."""
    overdue = [
        invoice
        for invoice in invoices
        if invoice.open_due_dates() and invoice.open_due_dates()[0] < today
    ]
    single = [invoice for invoice in overdue if len(invoice.due_dates) == 1]
    chosen = rng.sample(single, 18)
    for invoice in chosen[:6]:
        invoice.mark = "blocked"
    for invoice in chosen[6:12]:
        invoice.mark = "no_followup"
    for invoice in chosen[12:]:
        day = _last_business_day(today - timedelta(days=rng.randint(0, 3)))
        day = max(day, invoice.date)
        invoice.payments.append(Payment(day, 0, fate="in_process"))
    in_parts = [invoice for invoice in overdue if len(invoice.open_due_dates()) > 1]
    for invoice in in_parts[:2]:
        invoice.mark = "no_followup_last"
    untouched = [
        invoice
        for invoice in invoices
        if not invoice.payments and not invoice.credit and not invoice.mark
    ]
    recent = [i for i in untouched if (today - i.date).days <= 20]
    for invoice in rng.sample(recent, 10):
        invoice.mark = "draft"
    posted = [i for i in untouched if not i.mark]
    for invoice in rng.sample(posted, 8):
        invoice.mark = "cancelled"


def _open_credits(rng, customers, invoices, today: date) -> list[OpenCredit]:
    """Credit notes and payments that nobody has matched, half of them of debtors."""
    debtors = sorted(
        {
            (invoice.customer, invoice.company)
            for invoice in invoices
            if any(due < today for due in invoice.open_due_dates())
        }
    )
    chosen = rng.sample(debtors, 16)
    chosen += [
        (index, customers[index].companies[0])
        for index in rng.sample(range(len(customers)), 10)
    ]
    credits = []
    for index, (customer, company) in enumerate(chosen):
        day = _last_business_day(today - timedelta(days=rng.randint(2, 60)))
        credit = OpenCredit(customer, company, day)
        if index % 2:
            credit.lines = [_line(rng)]
        else:
            credit.amount = Decimal(rng.randint(40, 3000)) + Decimal("0.50")
        credits.append(credit)
    return credits


def _rates(rng, today: date) -> Iterator[tuple[date, str, Decimal]]:
    """A weekly walk around the rates of the 2020s, euro as the base."""
    day = today - timedelta(days=HISTORY_DAYS + 30)
    day -= timedelta(days=day.weekday())
    dollar, pound = 1.09, 0.855
    yield day, "EUR", Decimal(1)
    while day <= today:
        yield day, "USD", Decimal(f"{dollar:.4f}")
        yield day, "GBP", Decimal(f"{pound:.4f}")
        dollar += rng.gauss(0, 0.007) + (1.09 - dollar) * 0.05
        pound += rng.gauss(0, 0.003) + (0.855 - pound) * 0.05
        day += timedelta(days=7)
