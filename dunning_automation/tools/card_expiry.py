"""The day on which a stored card expires, from what a provider told of the payment.

Odoo keeps no such date. Where it stands in the data that Odoo's own provider addons
get: *Stripe*, the expanded payment method (docs.stripe.com/api/payment_methods/object,
``card.exp_month``, ``card.exp_year``); *Adyen*, ``additionalData.expiryDate``, e.g.
6/2030, if the merchant lets Adyen tell it (docs.adyen.com, additional data settings).
Mollie and Authorize.net tell none that Odoo passes on.
"""

from calendar import monthrange
from datetime import date


def find(provider_code, payment_data):
    """The last day on which the card is good, None where nobody tells.

    >>> card = {"payment_method": {"card": {"exp_month": 2, "exp_year": 2028}}}
    >>> find("stripe", card)
    datetime.date(2028, 2, 29)
    >>> find("adyen", {"additionalData": {"expiryDate": "6/2030"}})
    datetime.date(2030, 6, 30)

    A bank account does not expire, webhooks name the method only, and what makes no
    sense is no date.

    >>> find("stripe", {"payment_method": {"type": "sepa_debit"}})
    >>> find("stripe", {"payment_method": "pm_1"}), find("demo", {}), find("adyen", {})
    (None, None, None)
    >>> find("adyen", {"additionalData": {"expiryDate": "13/2030"}})
    """
    read = {"adyen": _read_adyen, "stripe": _read_stripe}.get(provider_code)
    try:
        month, year = read(payment_data) if read else ("", "")
        return date(int(year), int(month), monthrange(int(year), int(month))[1])
    except (AttributeError, TypeError, ValueError):
        return None


def _read_stripe(payment_data):
    card = payment_data["payment_method"].get("card") or {}
    return card.get("exp_month"), card.get("exp_year")


def _read_adyen(payment_data):
    return payment_data.get("additionalData", {}).get("expiryDate", "").split("/")
