"""Ladders of other reminder tools as ours: pure.

Where two tools count days differently, ours is never earlier than theirs was.
"""

import re
from html import escape as html_escape

from lxml import html
from lxml.html import builder

LONGEST_MONTH = 30
"""Days by which "end of month" can put a day off."""
TONES = ("friendly", "firm", "final")
NO_TAGS = str.maketrans("<>", "‹›")
PLACEHOLDERS = {
    "partner_name": '<t t-out="object.partner_id.name"></t>',
    "company_name": '<t t-out="object.company_id.name"></t>',
}


def count_days(steps):
    """Days after the due date, and since the last message, of a ladder's rungs.

    :param steps: [(how, days)] from the lowest rung on, ``how`` as
        ``account_credit_control`` calls it
    :return: [(delay_days, min_interval_days or None)]; no two delays are equal

    >>> count_days([("net_days", 10), ("end_of_month", 30), ("previous_date", 10)])
    [(10, None), (60, None), (70, 10)]
    >>> count_days([("net_days", 10), ("net_days", 10)])
    [(10, None), (11, None)]
    """
    rungs, last = [], None
    for how, days in steps:
        interval = None
        if how == "end_of_month":
            delay = days + LONGEST_MONTH
        elif how == "previous_date":
            delay, interval = (last or 0) + days, max(days, 0)
        else:
            delay = days
        if last is not None:
            delay = max(delay, last + 1)
        rungs.append((delay, interval))
        last = delay
    return rungs


def choose_tone(position, count):
    """Which of our texts a rung has beside its own words.

    >>> [choose_tone(position, 4) for position in range(4)], choose_tone(0, 1)
    (['friendly', 'firm', 'firm', 'final'], 'friendly')
    """
    if position == 0:
        return TONES[0]
    return TONES[2] if position == count - 1 else TONES[1]


def choose_text(texts, lang):
    """The words in a language, else in English, else in any: ``texts`` is what a
    translated column holds, or a plain text.

    >>> choose_text({"en_US": "Hi", "de_DE": "Hallo"}, "de_DE"), choose_text("Hi", "fr")
    ('Hallo', 'Hi')
    >>> choose_text({"es_ES": "Hola"}, "fr_FR"), choose_text(None, "fr_FR")
    ('Hola', '')
    """
    if not isinstance(texts, dict):
        return texts or ""
    return texts.get(lang) or texts.get("en_US") or next(iter(texts.values()), "") or ""


def as_paragraphs(text):
    """Plain text with placeholders like ``%(partner_name)s`` as safe HTML; those that
    have no sense here are left out.

    >>> as_paragraphs("Dear %(partner_name)s,\\n\\npay <now>.\\n%(user_signature)s")
    '<p>Dear <t t-out="object.partner_id.name"></t>,</p><p>pay ‹now›.</p>'
    """
    parts = []
    for paragraph in re.split(r"\n\s*\n", text):
        paragraph = paragraph.replace("&", "&amp;").translate(NO_TAGS)
        paragraph = re.sub(
            r"%\((\w+)\)s", lambda match: PLACEHOLDERS.get(match[1], ""), paragraph
        )
        if paragraph.strip():
            parts.append(f"<p>{paragraph.strip().replace(chr(10), '<br/>')}</p>")
    return "".join(parts)


def without_templates(words):
    """HTML in which nothing is computed when a message is written.

    >>> without_templates('<p t-out="x" class="y">Pay<t t-call="z">!</t></p>')
    '<p class="y">Pay<span>!</span></p>'
    """
    root = html.fragment_fromstring(words, create_parent="div")
    for node in root.iter():
        if node.tag == "t":
            node.tag = "span"
        for name in [name for name in node.attrib if name.startswith("t-")]:
            del node.attrib[name]
    inner = (html.tostring(child, encoding="unicode") for child in root)
    return html_escape(root.text or "", quote=False) + "".join(inner)


def put_words(body, words):
    """The body of one of our messages with other words: the table of items and the
    bank details stay, the greeting if the words have none. Templates are rendered with
    their text as it is, so nothing in the words may look like a tag.

    >>> print(put_words('<div><p>Dear</p><p>Pay!</p><t t-out="x"></t><p>Bye</p></div>',
    ...                 "<p>Please</p><p>pay.</p>"))
    <div><p>Dear</p><p>Please</p><p>pay.</p><t t-out="x"></t></div>
    """
    root = html.fragment_fromstring(body, create_parent="div")
    if len(root) == 1 and root[0].tag == "div":
        root = root[0]
    greeting, *others = root
    new = html.fragment_fromstring(words, create_parent="div")
    for node in new.iter():
        node.text, node.tail = (
            text and text.translate(NO_TAGS) for text in (node.text, node.tail)
        )
    if new.text:
        new.insert(0, builder.P(new.text))
    for child in others:
        if child.tag == "p":
            root.remove(child)
    if any("partner_id.name" in node.get("t-out", "") for node in new.iter("t")):
        root.remove(greeting)
    place = int(greeting.getparent() is not None)
    for child in reversed(list(new)):
        root.insert(place, child)
    return html.tostring(root, encoding="unicode").strip()
