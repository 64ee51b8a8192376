"""What an answer to a reminder says: transparent rules in seven languages.

No model, no guess that nobody can explain: every suggestion names the words that made
it. A person decides; a rule that is not sure says ``other``.
"""

import datetime
import re
from typing import NamedTuple

from . import reply_dates, reply_text
from .reply_rules import AUTOMATIC_SUBJECT, ORDER
from .reply_rules_more import LANGUAGES


class Suggestion(NamedTuple):
    """What a mail probably is, and why."""

    kind: str = "other"
    date: datetime.date | None = None
    amount: float | None = None
    matched: str = ""
    contact: str = ""


ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
CLAUSE = re.compile(
    r"[,:()]\s|\s[-–]\s|\b(?:but|aber|sondern|mais|pero|sino|because|weil|car|porque"
    r"|maar|omdat|perche)\b"
)
"""Where a clause begins: what is denied before it says nothing about what follows."""
BETWEEN = 25
"""Characters after a match in which Dutch, German and French still deny it."""


def suggest(subject, body_text, today, languages=None):
    """What the sender of a mail wants to say.

    :param str subject: of the mail, may be empty
    :param str body_text: plain text, with quoted history and signature
    :param date today: the day on which it arrived
    :param languages: codes like ``de_DE`` of the reader's and the sender's languages.
        Their rules are asked first; ``en_US`` as the first means month/day
    :return: ``Suggestion``; ``matched`` are the words that decided

    >>> from datetime import date
    >>> tuesday = date(2026, 3, 10)
    >>> suggest("Re: Reminder", "We paid 1,200.50 EUR on March 5.", tuesday)[:3]
    ('says_paid', datetime.date(2026, 3, 5), 1200.5)
    >>> suggest("", "Noch nicht bezahlt, wir überweisen am Freitag.", tuesday)[:2]
    ('promises', datetime.date(2026, 3, 13))
    >>> suggest("", "Je n'ai pas encore payé.", tuesday).kind
    'other'
    >>> suggest("", "La mercancía llegó dañada.", tuesday).matched
    'dañada'
    """
    text = reply_text.own_words(body_text)
    if chosen := reply_text.own_subject(subject):
        text = f"{chosen}\x00{text}"
    folded = reply_text.fold(text)
    spans = _sentences(text, folded)
    languages = tuple(languages or ())
    kind, start, end = _decide(subject, folded, spans, languages, today)
    american = bool(languages) and languages[0] == "en_US"
    return Suggestion(
        kind,
        _find_date(kind, folded, start, spans, today, american),
        _find_amount(folded, start, spans),
        " ".join(text[start:end].replace("\x00", " ").split()),
        _find_contact(text, kind),
    )


def _sentences(text, folded):
    """Sentences of the folded text; the original knows where paragraphs end."""
    marked = re.sub(
        r"\n\s*\n", lambda found: "\x00".ljust(len(found.group()), " "), text
    )
    breaks = {i for i, character in enumerate(marked) if character == "\x00"}
    if breaks:
        folded = "".join(
            "\x00" if i in breaks else character for i, character in enumerate(folded)
        )
    return list(reply_text.sentences(folded))


def _decide(subject, folded, spans, languages, today):
    """The first kind, in the order of ``ORDER``, one of whose rules matches.

    :return: ``(kind, start, end)`` of the words that decided
    """
    head = reply_text.fold(reply_text.REPLY_PREFIX.sub("", (subject or "")[:300]))
    is_automatic = bool(AUTOMATIC_SUBJECT.match(head.strip()))
    order = ("wrong_contact", "out_of_office") if is_automatic else ORDER
    dated = {start for start, end in spans if _has_future(folded[start:end], today)}
    for kind in order:
        for _code, rules in _ordered(languages):
            for rule in rules.rules.get(kind, ()):
                for start, end in spans:
                    if rule.needs_date and start not in dated:
                        continue
                    if found := _match(rule, rules, folded, start, end):
                        return kind.removesuffix("_weak"), *found
    if is_automatic:
        return "out_of_office", 0, min(len(folded), 60)
    return "other", 0, 0


def _ordered(languages):
    """The rules of all languages, those of ``languages`` first."""
    first = [code[:2] for code in languages]
    return sorted(
        LANGUAGES.items(),
        key=lambda item: first.index(item[0]) if item[0] in first else len(first),
    )


def _match(rule, rules, folded, start, end):
    """Where a rule matches in a sentence; None if it is denied or only imagined."""
    sentence = folded[start:end]
    if rule.unless and rule.unless.search(sentence):
        return None
    position = 0
    while found := rule.pattern.search(sentence, position):
        position = found.start() + 1
        clauses = [part.end() for part in CLAUSE.finditer(sentence, 0, found.start())]
        clause = clauses[-1] if clauses else 0
        said = sentence[clause : found.end()]
        if rule.deniable:
            tail = sentence[found.end() : found.end() + BETWEEN]
            tail = CLAUSE.split(tail)[0]
            if rules.negation.search(said) or rules.late_negation.match(tail):
                continue
            if rule.is_fact and rules.imagined.search(said):
                continue
        return start + found.start(), start + found.end()
    return None


def _has_future(sentence, today):
    return any(day >= today for _place, day in reply_dates.find_dates(sentence, today))


def _find_date(kind, folded, start, spans, today, american):
    """The day that goes with the suggestion: when it was paid, will be paid, or when
    somebody is back; a day in the same sentence is better than any other."""
    if kind not in ("says_paid", "promises", "out_of_office"):
        return None
    past = kind == "says_paid"
    found = [
        (place, day)
        for place, day in reply_dates.find_dates(folded, today, american, past)
        if (day <= today if past else day >= today) and abs((day - today).days) < 400
    ]
    if not found:
        return None
    if kind == "out_of_office":
        return max(day for _place, day in found)
    inside = next(((a, b) for a, b in spans if a <= start < b), (0, 0))
    same = [day for place, day in found if inside[0] <= place < inside[1]]
    return (same or [day for _place, day in found])[0]


def _find_amount(folded, start, spans):
    """The amount that follows the words that decided, else the nearest."""
    end = next((end for begin, end in spans if begin <= start < end), 0)

    def distance(item):
        return not start <= item[0] < end, abs(item[0] - start)

    found = reply_dates.find_amounts(folded)
    return min(found, key=distance, default=(0, None))[1]


def _find_contact(text, kind):
    """The address to which somebody who is away, or not in charge, points."""
    if kind not in ("out_of_office", "wrong_contact"):
        return ""
    found = ADDRESS.search(text)
    return found.group().strip(".") if found else ""
