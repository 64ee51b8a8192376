"""The demo ledger's plan: what every demo must contain, whatever the day and seed."""

import datetime
from collections import Counter

import pytest
from ledger import demo_names, demo_plan

DAYS = [
    datetime.date(2024, 2, 29),
    datetime.date(2026, 1, 1),
    datetime.date(2026, 11, 22),
    datetime.date(2027, 7, 5),
]


@pytest.fixture(scope="module", params=DAYS, ids=str)
def plan(request):
    return demo_plan.make_plan(request.param, seed=19)


def days_overdue(plan):
    return [
        (plan.today - due).days
        for invoice in plan.invoices
        for due in invoice.open_due_dates()
    ]


def test_the_same_day_and_seed_give_the_same_plan(plan):
    assert repr(demo_plan.make_plan(plan.today, 19)) == repr(plan)


def test_another_seed_gives_another_plan(plan):
    assert repr(demo_plan.make_plan(plan.today, 20)) != repr(plan)


def test_customers(plan):
    customers = plan.customers
    assert len(customers) >= 200
    assert len({customer.name for customer in customers}) == len(customers)
    assert Counter(customer.language for customer in customers).keys() == {
        "en_US",
        "de_DE",
        "fr_FR",
        "es_ES",
    }
    assert {customer.currency for customer in customers} == {"EUR", "GBP", "USD"}
    assert {customer.payer for customer in customers} == set(demo_plan.PAYERS)
    assert any(len(customer.companies) == 2 for customer in customers)


def test_addresses_are_invented_and_belong_to_one_customer_each(plan):
    good = [
        address
        for customer in plan.customers
        for address in (
            customer.email,
            *(
                contact[1]
                for contact in (customer.invoice_contact, customer.person)
                if contact
            ),
        )
        if address.count("@") == 1 and not address.endswith("@")
    ]
    assert len(set(good)) == len(good)
    assert {address.partition("@")[2] for address in good} <= {
        "example.com",
        "example.org",
    }


def test_some_addresses_are_missing_or_broken(plan):
    contactless = [c for c in plan.customers if not c.invoice_contact]
    assert sum(not c.email for c in contactless) == demo_plan.MISSING_EMAILS
    broken = [c for c in plan.customers if c.email and c.email.count("@") != 1]
    assert len(broken) >= 4
    # One of the two addresses of some customers is good.
    assert sum(not c.email and bool(c.invoice_contact) for c in plan.customers) == 4
    contacts = [c.invoice_contact[1] for c in plan.customers if c.invoice_contact]
    assert contacts.count("accounts(at)") == 2


def test_invoices_cover_eighteen_months_up_to_today(plan):
    posted = [invoice for invoice in plan.invoices if invoice.is_posted]
    assert len(posted) >= 3000
    assert 540 <= (plan.today - min(invoice.date for invoice in posted)).days <= 551
    assert 0 <= (plan.today - max(invoice.date for invoice in posted)).days <= 3
    assert {invoice.term for invoice in posted} == set(demo_plan.TERMS)


def test_nothing_is_dated_after_today_or_before_its_invoice(plan):
    for invoice in plan.invoices:
        for payment in invoice.payments:
            assert invoice.date <= payment.date <= plan.today
            assert payment.returned is None or payment.returned <= plan.today
        if invoice.credit:
            assert invoice.date <= invoice.credit.date <= plan.today
            assert all(invoice.credit.date <= p.date for p in invoice.payments)
    assert all(credit.date <= plan.today for credit in plan.open_credits)


def test_nobody_pays_what_is_paid_already(plan):
    """Odoo refuses to match with an item that nothing is left of."""
    for invoice in plan.invoices:
        credit = invoice.credit.percent if invoice.credit else 0
        left = dict.fromkeys(range(len(invoice.due_dates)), 100 - credit)
        for payment in sorted(invoice.payments, key=lambda payment: payment.date):
            assert left[payment.instalment] > 0, invoice
            if payment.fate in ("kept", "in_process"):
                paid = payment.percent or left[payment.instalment]
                left[payment.instalment] -= paid


def test_open_instalments_look_like_a_living_ledger(plan):
    late = days_overdue(plan)
    assert 350 <= len(late) <= 650
    assert 0.5 <= sum(days < 0 for days in late) / len(late) <= 0.8
    assert sum(-5 <= days <= -1 for days in late) >= 10
    assert max(late) <= demo_plan.OLDEST_OVERDUE_DAYS
    for first, last, least in ((1, 7, 15), (8, 14, 10), (15, 29, 15), (30, 59, 15)):
        assert sum(first <= days <= last for days in late) >= least
    assert sum(days >= 60 for days in late) >= 3


def test_every_special_case_is_there(plan):
    marks = Counter(invoice.mark for invoice in plan.invoices)
    assert marks["blocked"] == marks["no_followup"] == 6
    assert marks["no_followup_last"] == 2
    assert (marks["draft"], marks["cancelled"]) == (10, 8)
    payments = [payment for i in plan.invoices for payment in i.payments]
    fates = Counter(payment.fate for payment in payments)
    assert fates["bounced"] + fates["cancelled"] == 17
    assert min(fates["bounced"], fates["cancelled"]) >= 4
    assert fates["in_process"] == 6
    assert sum(payment.percent is not None for payment in payments) >= 100
    credits = [i.credit.percent for i in plan.invoices if i.credit]
    assert credits.count(100) >= 10 and len(credits) - credits.count(100) >= 20
    assert sum(bool(credit.lines) for credit in plan.open_credits) == 13
    assert sum(bool(credit.amount) for credit in plan.open_credits) == 13


def test_returned_payments_leave_the_invoice_open_or_are_paid_again(plan):
    returned = [
        invoice
        for invoice in plan.invoices
        if any(p.fate in ("bounced", "cancelled") for p in invoice.payments)
    ]
    assert sum(bool(invoice.open_due_dates()) for invoice in returned) == 8
    assert sum(not invoice.open_due_dates() for invoice in returned) == 9


def test_payers_keep_their_promise_to_be_late(plan):
    """Median days between due date and payment, by payer type."""
    days = {payer: [] for payer in demo_plan.PAYERS}
    for invoice in plan.invoices:
        for payment in invoice.payments:
            if payment.fate == "kept" and payment.percent is None:
                due = invoice.due_dates[payment.instalment]
                payer = plan.customers[invoice.customer].payer
                days[payer].append((payment.date - due).days)
    median = {payer: sorted(late)[len(late) // 2] for payer, late in days.items()}
    assert -3 <= median["prompt"] <= 3
    assert 8 <= median["late"] <= 18
    assert 30 <= median["very late"] <= 60


def test_the_portal_customer_has_several_overdue_invoices(plan):
    (index,) = (i for i, customer in enumerate(plan.customers) if customer.portal)
    assert plan.customers[index].email == "portal@example.com"
    overdue = [
        invoice
        for invoice in plan.invoices
        if invoice.customer == index
        and any(due < plan.today for due in invoice.open_due_dates())
    ]
    assert len(overdue) >= 3


def test_rates_are_weekly_and_plausible(plan):
    assert plan.rates[0][1:] == ("EUR", 1)
    for code, low, high in (("USD", 0.9, 1.3), ("GBP", 0.75, 0.95)):
        rates = [(day, rate) for day, currency, rate in plan.rates if currency == code]
        assert all(low < rate < high for _day, rate in rates)
        assert rates[0][0] <= plan.start
        assert (plan.today - rates[-1][0]).days < 7


@pytest.mark.parametrize("term", demo_plan.TERMS)
def test_instalments_add_up(term):
    parts = demo_plan.TERMS[term]
    assert sum(round(float(percent) * 100) for percent, _days in parts) == 10000
    invoice = demo_plan.Invoice(0, "harbour", datetime.date(2026, 1, 31), term, [])
    assert len(invoice.due_dates) == len(parts)
    assert invoice.open_due_dates() == invoice.due_dates == sorted(invoice.due_dates)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Bürobedarf Voß & Co. KG", "buerobedarf-voss-co-kg"),
        ("Élodie's Jardins S.A.", "elodie-s-jardins-s-a"),
        ("日本", ""),
    ],
)
def test_slug(name, expected):
    assert demo_names.slug(name) == expected
