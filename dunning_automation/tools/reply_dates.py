"""Days and amounts that people name in a mail, in the languages of ``replies``."""

import calendar
import re
from datetime import date, timedelta

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janner jaenner janvier janv enero ene januari gennaio"
            " janeiro",
            "february feb februar fevrier fevr febrero februari febbraio fevereiro fev",
            "march mar marz maerz mars marzo maart mrt marco",
            "april apr avril avr abril abr aprile",
            "may mai mayo mei maggio maio",
            "june jun juni juin junio giugno junho",
            "july jul juli juillet juil julio luglio julho",
            "august aug aout agosto ago augustus",
            "september sept sep septembre septiembre setiembre settembre setembro",
            "october oct oktober okt octobre octubre ottobre outubro",
            "november nov novembre noviembre novembro",
            "december dec dezember dez decembre diciembre dic dicembre dezembro",
        ),
        1,
    )
    for name in names.split()
}
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday montag lundi lunes maandag lunedi segunda-feira",
            "tuesday dienstag mardi martes dinsdag martedi terca-feira",
            "wednesday mittwoch mercredi miercoles woensdag mercoledi quarta-feira",
            "thursday donnerstag jeudi jueves donderdag giovedi quinta-feira",
            "friday freitag vendredi viernes vrijdag venerdi sexta-feira",
            "saturday samstag sonnabend samedi sabado zaterdag sabato",
            "sunday sonntag dimanche domingo zondag domenica",
        )
    )
    for name in names.split()
}
NUMBERS = {
    word: number
    for number, words in {
        1: "one een ein einem einer eine un une una uno um uma",
        2: "two zwei deux dos twee due dois duas",
        3: "three drei trois tres drie tre",
        4: "four vier quatre cuatro quattro quatro",
        5: "five funf fuenf cinq cinco vijf cinque",
        6: "six sechs seis zes sei",
        7: "seven sieben sept siete zeven sette sete",
        8: "eight acht huit ocho otto oito",
        10: "ten zehn dix diez tien dieci dez",
        14: "fourteen vierzehn quatorze catorce veertien quattordici catorze",
        15: "fifteen quinze quince vijftien quindici",
    }.items()
    for word in words.split()
}
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_WEEKDAY = "|".join(sorted(WEEKDAYS, key=len, reverse=True))
_FEIRA = {"segunda": 0, "terca": 1, "quarta": 2, "quinta": 3, "sexta": 4}
"""Days of the Portuguese that may be ordinal numbers, too."""
WEEKDAYS |= _FEIRA
_NUMBER = r"\d{1,3}|" + "|".join(sorted(NUMBERS, key=len, reverse=True))
_FREE = r"(?<![\w/.-])"
"""Not in the middle of a number or of the name of an invoice."""
_YEAR = r"(?:[ ,]{1,2}(?:de[l]? )?(?P<year>(?:20)\d\d)\b)?"

PATTERNS = [
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("iso", _FREE + r"(?P<year>20\d\d)-(?P<month>\d\d)-(?P<day>\d\d)(?![\w/-])"),
        (
            "dotted",
            _FREE
            + r"(?P<day>\d{1,2})\. ?(?P<month>\d{1,2})\. ?(?P<year>20\d\d|\d\d)?"
            + r"(?![\w/]|\.\d)",
        ),
        (
            "slashed",
            _FREE
            + r"(?!24/7)(?P<day>\d{1,2})/(?P<month>\d{1,2})(?:/(?P<year>20\d\d|\d\d))?"
            + r"(?![\w/])",
        ),
        (
            "slashed",
            _FREE + r"(?P<day>\d{1,2})-(?P<month>\d{1,2})-(?P<year>20\d\d)(?![\w/-])",
        ),
        (
            "named",
            rf"\b(?P<day>\d{{1,2}})(?:\.|st|nd|rd|th|er|e|º|°)? ?(?:of |de )?"
            rf"(?P<name>{_MONTH})\b\.?{_YEAR}",
        ),
        (
            "named",
            rf"\b(?P<name>{_MONTH})\b\.? (?P<day>\d{{1,2}})(?:st|nd|rd"
            rf"|th)?\b(?!:){_YEAR}",
        ),
        (
            "end_of_month",
            rf"\b(?:end of|by end|ende|fin|finales de|fin de|a fin de|final de"
            r"|eind|einde|eind van|fine|fine di|fim de)"
            rf" (?P<name>{_MONTH})\b{_YEAR}",
        ),
        (
            "mid_month",
            rf"\b(?:mid|mid-|middle of|mitte|mi|mi-|mediados de) ?(?P<name>{_MONTH})\b"
            rf"{_YEAR}",
        ),
        (
            "end_of_next_month",
            r"\bnext month\b|\bnachste[nmrs]{0,2} monats?\b"
            r"|\bnaechste[nmrs]{0,2} monats?"
            r"\b|\bkommenden monats?\b|\bmois prochain\b|\bproximo mes\b"
            r"|\bmes que viene\b|\bvolgende maand\b|\bprossimo mese\b|\bmese prossimo\b"
            r"|\bmes que vem\b",
        ),
        (
            "end_of_month",
            r"\bend of (?:the |this )?month\b|\bmonth[- ]end\b|\bmonatsende\b"
            r"|\bende (?:des|dieses|diesen|vom|d\.) monats?\b|\bultimo\b"
            r"|\bfin (?:du|de ce|de) mois\b|\b(?:a )?(?:fin|final|finales) de(?: este)?"
            r" mes\b|\bfinal del mes\b|\beinde? (?:van )?(?:de|deze) maand\b"
            r"|\bfine (?:del )?mese\b|\b(?:fim|final) do mes\b",
        ),
        (
            "today",
            r"\btoday\b|\bheute\b|\baujourd'hui\b|\bce jour\b|\bhoy\b"
            r"|\bvandaag\b|\boggi\b|\bhoje\b",
        ),
        (
            "now",
            r"\b(?:immediately|right away|straight away|at once|asap)\b"
            r"|\b(?:sofort|umgehend|unverzuglich)\b|\bimmediatement\b"
            r"|\btout de suite\b|\binmediatamente\b|\bde inmediato\b|\bahora mismo\b"
            r"|\b(?:onmiddellijk|per omgaande|subito|immediatamente|imediatamente)\b",
        ),
        ("in_2", r"\bday after tomorrow\b|\bu?ebermorgen\b|\bubermorgen\b"),
        ("in_2", r"\bapres[- ]demain\b|\bpasado manana\b"),
        ("in_2", r"\bovermorgen\b|\bdopodomani\b|\bdepois de amanha\b"),
        ("in_1", r"\bdomani\b|\bamanha\b"),
        ("in_-1", r"\bgisteren\b|\bieri\b|\bontem\b"),
        (
            "in_1",
            r"\btomorrow\b|(?<!guten )(?<!goede )\bmorgen\b|\bdemain\b"
            r"|(?<!la )(?<!por la )(?<!esta )\bmanana\b",
        ),
        ("in_-1", r"\byesterday\b|\bgestern\b|\bhier\b(?= |\.|,|$)(?! steht)|\bayer\b"),
        (
            "in_days",
            rf"\b(?:in|within|innerhalb(?: von)?|binnen|dans|d'ici|sous|en|dentro de)"
            rf" (?:the next |den nachsten |den naechsten |los proximos |les )?"
            rf"(?P<number>{_NUMBER})(?: (?:business|working|more))? ?"
            rf"(?P<unit>days?|tage?n?|werktage?n?|arbeitstage?n?|jours?|dias?|weeks?"
            rf"|wochen?|semaines?|semanas?)\b",
        ),
        (
            "days_ago",
            rf"\b(?:vor|il y a|hace) (?P<number>{_NUMBER})"
            rf" (?P<unit>tage?n?|jours?|dias?|wochen?|semaines?|semanas?)\b",
        ),
        ("days_ago", rf"\b(?P<number>{_NUMBER}) (?P<unit>days?|weeks?) ago\b"),
        (
            "days_ago",
            rf"\b(?P<number>{_NUMBER}) (?P<unit>dagen|weken|week|giorni|settiman[ae])"
            r" (?:geleden|fa)\b",
        ),
        ("days_ago", rf"\b(?:ha|faz) (?P<number>{_NUMBER}) (?P<unit>dias?|semanas?)\b"),
        (
            "in_days",
            rf"\b(?:over|binnen|entro|tra|fra|em|daqui a) (?P<number>{_NUMBER}) "
            r"(?P<unit>dagen|werkdagen|weken|giorn[oi]|settiman[ae]|dias?|semanas?)\b",
        ),
        ("in_days", r"\b(?:over|binnen) (?P<number>een) (?P<unit>week)\b"),
        ("week", r"\b(?:kw|kalenderwoche) ?(?P<number>\d{1,2})\b"),
        (
            "next_weekday",
            rf"\b(?:next|nachste[nrs]?|naechste[nrs]?|kommende[nrs]?|proximo)"
            rf" (?P<weekday>{_WEEKDAY})\b",
        ),
        (
            "last_weekday",
            rf"\b(?:last|letzte[nrs]?|vergangene[nrs]?"
            rf"|pasado) (?P<weekday>{_WEEKDAY})\b"
            rf"|\b(?P<weekday2>{_WEEKDAY}) (?:dernier|pasado)\b",
        ),
        ("next_weekday", rf"\b(?P<weekday>{_WEEKDAY})s?\b"),
        (
            "next_weekday",
            rf"\b(?:na|nesta|ate|ate a|proxima) (?P<weekday>{'|'.join(_FEIRA)})\b",
        ),
        (
            "next_week",
            r"\bnext week\b|\b(?:nachste|naechste|kommende)[nr]? woche\b"
            r"|\bsemaine prochaine\b|\bproxima semana\b|\bsemana que v(?:iene|em)\b"
            r"|\b(?:volgende|komende) week\b|\bsettimana prossima\b"
            r"|\bprossima settimana\b",
        ),
        (
            "this_week",
            r"\b(?:end of (?:the|this) week|this week|diese[rn]? woche|ende der woche"
            r"|wochenende|fin de (?:la |cette )?semaine|cette semaine|esta semana"
            r"|fin de semana|finales de semana|deze week|questa settimana"
            r"|fine settimana|fim de semana|final da semana)\b",
        ),
        (
            "last_week",
            r"\blast week\b|\b(?:letzte|vergangene|vorige)[nr]? woche\b"
            r"|\bsemaine derniere\b|\bsemana pass?ada\b|\b(?:vorige|afgelopen) week\b"
            r"|\bsettimana scorsa\b|\bscorsa settimana\b",
        ),
        (
            "day_only",
            r"\b(?:on the|by the|until the|am|bis zum|zum|bis) (?P<day>\d{1,2})"
            r"(?:st|nd|rd|th|\.)(?! ?\d)(?! \w+ of)"
            r"|\b(?:le|au|el|el dia|dia|il) (?P<day2>\d{1,2})(?:er)?\b(?![/.,:%]\d)",
        ),
    )
]
"""From the precise to the vague; all read a folded text."""


def find_dates(folded, today, american=False, past=False):
    """Days that a folded text names, in the order of the text, as ``(place, day)``.

    A day without a year is the next one, or with ``past`` the last one. Slashes mean
    day/month, or with ``american`` month/day; a number above twelve decides.

    >>> [str(day) for _place, day in find_dates("am 15.3. oder freitag", TODAY)]
    ['2026-03-15', '2026-03-13']
    >>> [str(day) for _place, day in find_dates("on 03/04", TODAY)]
    ['2026-04-03']
    >>> [str(day) for _place, day in find_dates("on 03/14, no 04/31", TODAY)]
    ['2026-03-14']
    >>> [str(day) for _place, day in find_dates("fin du mois, in 10 days", TODAY)]
    ['2026-03-31', '2026-03-20']
    >>> find_dates("invoice INV/2026/03/04 of 12.50, 24/7", TODAY)
    []
    """
    found = []
    taken = [False] * len(folded)
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(folded):
            if any(taken[match.start() : match.end()]):
                continue
            day = _read(kind, match.groupdict(), today, american, past)
            if day:
                found.append((match.start(), day))
                taken[match.start() : match.end()] = [True] * len(match.group())
    return sorted(found)


TODAY = date(2026, 3, 10)  # A Tuesday, for the examples.


def _read(kind, parts, today, american, past):
    try:
        return _READERS[kind](parts, today, american, past)
    except (ValueError, OverflowError):
        return None


def _read_numbers(parts, today, american, past):
    day, month = int(parts["day"]), int(parts["month"])
    if american and month <= 31 and day <= 12:
        day, month = month, day
    elif month > 12 >= day:
        day, month = month, day
    return _with_year(parts.get("year"), month, day, today, past)


def _read_european(parts, today, american, past):
    return _with_year(
        parts["year"], int(parts["month"]), int(parts["day"]), today, past
    )


def _read_named(parts, today, american, past):
    month = MONTHS[parts["name"]]
    return _with_year(parts["year"], month, int(parts["day"]), today, past)


def _with_year(year, month, day, today, past):
    """The day of that year, or else the nearest in the right direction."""
    if year:
        year = int(year)
        return date(year + 2000 if year < 100 else year, month, day)
    years = (today.year, today.year - 1) if past else (today.year, today.year + 1)
    for candidate in years:
        if day == 29 and month == 2 and not calendar.isleap(candidate):
            continue
        found = date(candidate, month, day)
        if found <= today if past else found >= today:
            return found
    return None


def _end_of_month(parts, today, american, past):
    if name := parts.get("name"):
        month = MONTHS[name]
        year = int(parts["year"]) if parts.get("year") else today.year
        if not parts.get("year") and month < today.month:
            year += 1
        return _last_of(year, month)
    return _last_of(today.year, today.month)


def _mid_month(parts, today, american, past):
    return _with_year(parts["year"], MONTHS[parts["name"]], 15, today, past)


def _end_of_next_month(parts, today, american, past):
    following = _last_of(today.year, today.month) + timedelta(days=1)
    return _last_of(following.year, following.month)


def _last_of(year, month):
    return date(year, month, calendar.monthrange(year, month)[1])


def _in_days(parts, today, american, past, sign=1):
    number = NUMBERS.get(parts["number"]) or int(parts["number"])
    is_week = parts["unit"][0] in "ws" and not parts["unit"].startswith("werk")
    return today + sign * timedelta(days=number * (7 if is_week else 1))


def _days_ago(parts, today, american, past):
    return _in_days(parts, today, american, past, sign=-1)


def _weekday(parts, today, american, past):
    """The next such day after today, or with ``past`` the last one before it."""
    number = WEEKDAYS[parts.get("weekday") or parts["weekday2"]]
    if past:
        return today - timedelta(days=(today.weekday() - number - 1) % 7 + 1)
    return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)


def _last_weekday(parts, today, american, past):
    return _weekday(parts, today, american, True)


def _of_week(weeks):
    """The Friday of a week: whoever says “next week” has until then."""

    def read(parts, today, american, past):
        return today + timedelta(days=4 - today.weekday() + 7 * weeks)

    return read


def _calendar_week(parts, today, american, past):
    friday = date.fromisocalendar(today.year, int(parts["number"]), 5)
    if friday < today and not past:
        friday = date.fromisocalendar(today.year + 1, int(parts["number"]), 5)
    return friday


def _day_only(parts, today, american, past):
    """“By the 15th”: of this month, or of the next (with ``past``, the last) one."""
    day = int(parts["day"] or parts["day2"])
    this = date(today.year, today.month, day)
    if (this < today) is not past or this == today:
        month = today.month + (-1 if past else 1) * (this != today)
        year = today.year + (month - 1) // 12
        return date(year, (month - 1) % 12 + 1, day)
    return this


def _shift(days):
    return lambda parts, today, american, past: today + timedelta(days=days)


_READERS = {
    "iso": _read_european,
    "dotted": _read_european,
    "slashed": _read_numbers,
    "named": _read_named,
    "end_of_month": _end_of_month,
    "mid_month": _mid_month,
    "end_of_next_month": _end_of_next_month,
    "today": _shift(0),
    "now": _shift(0),
    "in_1": _shift(1),
    "in_2": _shift(2),
    "in_-1": _shift(-1),
    "in_days": _in_days,
    "days_ago": _days_ago,
    "week": _calendar_week,
    "next_weekday": _weekday,
    "last_weekday": _last_weekday,
    "next_week": _of_week(1),
    "this_week": _of_week(0),
    "last_week": _of_week(-1),
    "day_only": _day_only,
}

_AMOUNT = r"\d{1,3}(?:[ .,'\u00a0\u202f]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_CURRENCY = (
    r"€|\$|£|eur(?:os?)?|us-?d(?:ollars?)?|dollars?|gbp|pounds?|chf|franken|sfr|mxn"
)
AMOUNT = re.compile(
    rf"(?<![\w.,/-])(?:(?:{_CURRENCY}) ?(?P<after>{_AMOUNT})(?![\w/])"
    rf"|(?P<before>{_AMOUNT})(?:,-+)? ?(?:{_CURRENCY})(?!\w))"
)


def find_amounts(folded):
    """Amounts of money that a folded text names, as ``(place, amount)``.

    >>> [amount for _place, amount in find_amounts("1.234,50 € or $ 1,234.50")]
    [1234.5, 1234.5]
    >>> [amount for _place, amount in find_amounts("500,- eur, 1 200 euros, 12.50 usd")]
    [500.0, 1200.0, 12.5]
    >>> find_amounts("invoice 2026/100, 15 days")
    []
    """
    return [
        (match.start(), _read_amount(match["before"] or match["after"]))
        for match in AMOUNT.finditer(folded)
    ]


def _read_amount(text):
    """The last separator is the decimal one if one or two digits follow it."""
    digits = re.sub(r"[ '\u00a0\u202f]", "", text)
    whole, fraction = digits, ""
    if found := re.search(r"[.,](\d{1,2})$", digits):
        whole, fraction = digits[: found.start()], found[1]
    return float(f"{re.sub(r'[.,]', '', whole)}.{fraction or 0}")
