"""Dates, amounts, currencies and yes/no as receivables exports write them. Pure.

The order of a date and the decimal mark are not guessed value by value: they are
found out over all values of a file, then every value is read strictly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

DATE_ORDERS = ("dmy", "mdy", "ymd")
_EMPTY = {"", "-", "--", "/", "n/a", "na", "nan", "nat", "none", "null", "0000-00-00"}
_YES = {"1", "yes", "y", "true", "t", "x", "ja", "j", "wahr", "oui", "vrai", "si", "sí"}
_NO = {"0", "no", "n", "false", "f", "nein", "falsch", "non", "faux"}
_SYMBOLS = {"€": "EUR", "$": "USD", "US$": "USD", "£": "GBP", "¥": "JPY"}

# The currencies that Odoo 19 knows.
CURRENCIES = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL
    BSD BTN BWP BYN BYR BZD CAD CDF CHF CLF CLP CNH CNY COP COU CRC CUC CUP CVE CZK
    DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL
    HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD
    KZT LAK LBP LKR LRD LSL LTL LVL LYD MAD MDL MGA MKD MMK MNT MOP MRO MRU MUR MVR
    MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON
    RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STD STN SVC SYP SZL
    THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYI UYU UYW UZS VEF VES VND VUV
    WST XAF XCD XCG XOF XPF YER ZAR ZIG ZMW
    """.split()
)
_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            "jan januar january",
            "feb februar february",
            "mar mär mrz märz march",
            "apr april",
            "may mai",
            "jun juni june",
            "jul juli july",
            "aug august",
            "sep sept september",
            "oct okt oktober october",
            "nov november",
            "dec dez dezember december",
        ),
        start=1,
    )
    for name in names.split()
}
_TIME = re.compile(
    r"[T ]+\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*([AaPp][Mm]|Z|[+-]\d{2}:?\d{2})?$"
)
_LARGEST_AMOUNT = Decimal(10) ** 12  # beyond it, cents get lost in floats


def is_empty(text: str) -> bool:
    return text.strip().lower() in _EMPTY


# Dates


def _date_parts(text: str) -> list[str]:
    text = _TIME.sub("", text.strip())
    if re.fullmatch(r"\d{8}(\.0)?", text):
        return [text[:4], text[4:6], text[6:8]]
    return [part for part in re.split(r"[-/.,\s]+", text) if part]


def _read_date(text: str, order: str) -> date:
    """The date, if it is one in this order; ValueError otherwise.

    A year of four digits in front and a month's name speak for themselves.
    """
    parts = _date_parts(text)
    if len(parts) != 3:
        raise ValueError(text)
    if len(parts[0]) == 4:
        order = "ymd"
    elif parts[1].lower() in _MONTHS:
        order = "dmy"
    elif parts[0].lower() in _MONTHS:
        order = "mdy"
    named = dict(zip(order, parts, strict=True))
    if len(named["y"]) not in (2, 4):
        raise ValueError(text)
    year = int(named["y"]) + (2000 if len(named["y"]) == 2 else 0)
    month = _MONTHS.get(named["m"].lower()) or int(named["m"])
    return date(year, month, int(named["d"]))


def read_date(text: str, order: str) -> date:
    """Read strictly; a ValueError says in words what is wrong."""
    try:
        return _read_date(text, order)
    except ValueError:
        raise ValueError(f"{text!r} is no date (day, month, year: {order})") from None


def date_orders(texts: Iterable[str]) -> list[str]:
    """The orders under which most of the values are dates: more than one when the
    values do not tell, and it makes a difference.

    Dots tell: only day.month.year is written with them. A year of two digits is not
    looked for in front.
    """
    texts = {text for text in texts if not is_empty(text)}
    found = {order: _dates(texts, order) for order in DATE_ORDERS}
    most = max(len(dates) for dates in found.values())
    best = [order for order in DATE_ORDERS if len(found[order]) == most]
    if all(found[order] == found[best[0]] for order in best):
        return best[-1:] if "ymd" in best else best[:1]
    if "dmy" in best and all(
        re.match(r"\s*\d{1,2}\.\d{1,2}\.", text) for text in texts
    ):
        return ["dmy"]
    return best


def _dates(texts: Iterable[str], order: str) -> dict[str, date]:
    found = {}
    for text in texts:
        if order == "ymd" and not re.match(r"\s*\d{4}", text):
            continue
        try:
            found[text] = _read_date(text, order)
        except ValueError:
            continue
    return found


# Amounts


def _bare_amount(text: str) -> tuple[str, bool]:
    """Digits and marks only, and whether it is negative: (5), -5, 5-, 5 CR."""
    text = text.strip().replace("\u2212", "-")
    negative = text.startswith("(") and text.endswith(")")
    text = text.strip("()")
    text = re.sub(r"[\s\u00a0\u202f'’]|US\$|[€$£¥]", "", text)
    text = re.sub(r"^[A-Z]{3}|[A-Z]{3}$", "", text)
    if text[-2:].upper() == "CR":
        text, negative = text[:-2], True
    if text[:1] in "+-" and text:
        negative ^= text[0] == "-"
        text = text[1:]
    elif text[-1:] == "-":
        negative, text = not negative, text[:-1]
    return text, negative


def decimal_mark(texts: Iterable[str]) -> str:
    """ "," or ".": what most of the values can only mean; "." if none tells.

    `1,250` alone does not tell: it is read as 1250, not as one and a quarter.
    """
    votes = {",": 0, ".": 0}
    single = set()
    for text in texts:
        bare, _negative = _bare_amount(text)
        marks = re.findall(r"[.,]", bare)
        if not marks or not re.fullmatch("[0-9.,]+", bare):
            continue
        last = marks[-1]
        other = "." if last == "," else ","
        if other in marks:
            votes[last] += 1
        elif len(marks) > 1:
            votes[other] += 1  # 1.234.567: these are thousands
        elif not re.match(r"[1-9]\d{0,2}[.,]\d{3}$", bare):
            votes[last] += 1
        else:
            single.add(last)
    if votes[","] == votes["."]:
        return "," if single == {"."} else "."
    return max(votes, key=votes.get)


def read_amount(text: str, mark: str) -> Decimal:
    """Read strictly with that decimal mark; a ValueError says what is wrong."""
    bare, negative = _bare_amount(text)
    thousands = re.escape("," if mark == "." else ".")
    pattern = (
        rf"([0-9]+|[0-9]{{1,3}}({thousands}[0-9]{{3}})+)?({re.escape(mark)}[0-9]*)?"
    )
    if not re.fullmatch(pattern, bare) or not re.search("[0-9]", bare):
        raise ValueError(f"{text!r} is no amount (decimal mark {mark!r})")
    number = bare.replace("," if mark == "." else ".", "").replace(mark, ".")
    amount = Decimal(number)
    if amount >= _LARGEST_AMOUNT:
        raise ValueError(f"{text!r} is too large for an amount")
    return -amount if negative else amount


# Words


def read_currency(text: str) -> str:
    code = _SYMBOLS.get(text.strip().upper(), text.strip().upper())
    if code not in CURRENCIES:
        raise ValueError(f"{text!r} is no currency that Odoo knows")
    return code


def read_yes_no(text: str) -> bool:
    word = text.strip().lower()
    if is_empty(word) or word in _NO:
        return False
    if word in _YES:
        return True
    raise ValueError(f"{text!r} is neither yes nor no")
