"""What can be wrong with the data of a ledger, and why it matters.

How each is found is SQL, see ``dunning.data.quality``; the order is that of the page.
"""

from typing import NamedTuple

from odoo.tools.translate import LazyGettext, LazyTranslate

_lt = LazyTranslate(__name__, default_lang="en_US")

STALE_BANK_DAYS = 7
"""An older last transaction means that nobody imports them: weekends and holidays are
shorter."""


class Finding(NamedTuple):
    """``danger``: somebody who paid is reminded, or somebody who owes never hears."""

    code: str
    severity: str
    title: LazyGettext
    sentence: LazyGettext


FINDINGS = (
    Finding(
        "stale_bank",
        "danger",
        _lt("Bank not up to date"),
        _lt(
            "No transaction for more than %s days, or never: customers who "
            "paid meanwhile would be reminded. Import the statements first.",
            STALE_BANK_DAYS,
        ),
    ),
    Finding(
        "bank_lines",
        "danger",
        _lt("Money received, not matched"),
        _lt(
            "It came in, but the ledger does not know for what: those who paid "
            "it still look late."
        ),
    ),
    Finding(
        "credits",
        "warning",
        _lt("Credits not allocated"),
        _lt(
            "Credit notes and payments that close no invoice. They are set off "
            "against the oldest debt, which the customer may not have meant."
        ),
    ),
    Finding(
        "payments",
        "warning",
        _lt("Payments without an invoice"),
        _lt(
            "Registered, but neither booked nor linked to an invoice: nobody "
            "knows which reminder they end."
        ),
    ),
    Finding(
        "no_partner",
        "danger",
        _lt("Open items without a customer"),
        _lt("Nobody can be asked for this money. Enter the customer."),
    ),
    Finding(
        "no_followup",
        "warning",
        _lt("Excluded from reminders"),
        _lt(
            "Nobody is reminded of these. Odoo excludes every miscellaneous "
            "entry by itself, opening balances among them: untick what is to "
            "be collected."
        ),
    ),
    Finding(
        "due_date",
        "warning",
        _lt("Due dates missing or too early"),
        _lt(
            "Due before the date of the invoice, or never: the reminder would "
            "come on the wrong day."
        ),
    ),
    Finding(
        "no_email",
        "danger",
        _lt("No e-mail"),
        _lt("They owe money, and no reminder can be sent to them."),
    ),
    Finding(
        "invalid_email",
        "danger",
        _lt("E-mail that cannot work"),
        _lt("Mistyped, or messages to it came back: it reaches nobody."),
    ),
    Finding(
        "no_phone",
        "info",
        _lt("No phone"),
        _lt("Call steps are left out, and a collector must search the number."),
    ),
    Finding(
        "invalid_phone",
        "info",
        _lt("Phone number not understood"),
        _lt("It is no number of that country: a country code may be missing."),
    ),
    Finding(
        "no_language",
        "info",
        _lt("No language"),
        _lt("They are written to in the language of the company."),
    ),
    Finding(
        "duplicate",
        "info",
        _lt("Several customers, one e-mail"),
        _lt(
            "The same person hears about each of them apart. Merge those that are one."
        ),
    ),
)
