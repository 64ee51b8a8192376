"""What somebody wrote himself in a mail: without the history that his mail program
quoted, and without the signature."""

import re
import unicodedata

from lxml import etree, html

LONGEST = 8000
"""Characters of a mail that are looked at. Nobody answers a reminder by a novel."""
LONGEST_SENTENCE = 1000

_EDGE = r"[ \t>*\u200e\u200f\u202a-\u202e\u2066-\u2069]*"
"""Around a line: marks of quotes, and those that turn the direction of a text."""

WROTE = re.compile(
    r"(?i)\b(?:wrote|schrieb|geschrieben|a\s+[ée]crit|escribi[óo]|schreef|ha\s+scritto"
    rf"|escreveu|كتبت?|تمت\s+كتابة\s+ما\s+يلي)\b[^\n]{{0,120}}:{_EDGE}$"
)
"""The end of “On Tue, Mar 3, 2026, Anna <anna@example.com> wrote:”."""
ON_THE_DAY = re.compile(rf"(?i)^{_EDGE}(?:on|am|le|el|op|il|em|في)\b")
"""Its begin, up to two lines above."""

SEPARATOR = re.compile(
    rf"(?im)^{_EDGE}(?:"
    r"[-_]{2,}[ \t]*(?:original(?:[ -]?nachricht|[ ]message)?|original message"
    r"|urspr(?:ü|ue)ngliche nachricht|message d[’']origine|message original"
    r"|mensaje original|forwarded message|weitergeleitete nachricht"
    r"|message transf[ée]r[ée]|mensaje reenviado|oorspronkelijk bericht"
    r"|doorgestuurd bericht|messaggio originale|messaggio inoltrato"
    r"|mensagem original|mensagem encaminhada|الرسالة الأصلية)[ \t]*[-_]{2,}"
    r"|_{10,}"
    rf"){_EDGE}$"
)

OUTLOOK = re.compile(
    rf"(?im)^{_EDGE}(?:from|von|de|desde|van|da|من)[ \t]*\*?[ \t]*:[^\n]{{0,300}}\n"
    r"(?:[^\n]{0,300}\n){0,3}?"
    rf"{_EDGE}(?:sent|gesendet|envoy[ée](?: le)?|enviad[oa](?: el| em)?|date|datum"
    r"|fecha|verzonden|inviato|data|تاريخ الإرسال|التاريخ)"
    r"[ \t]*\*?[ \t]*:"
)
"""The header block that Outlook puts above what it quotes."""

CLOSING = re.compile(
    r"(?i)^[ \t]*(?:"
    r"--[ \t]*"
    r"|(?:mit\s+)?(?:freundlichen?|besten?|vielen?|liebe[nr]?|sch(?:ö|oe)nen?"
    r"|herzlichen?)\s+(?:gr(?:ü|u|ue)(?:ß|ss)e?n?)\b.{0,40}"
    r"|(?:mfg|vg|lg)\b.{0,30}"
    r"|(?:best|kind|warm|many thanks and|with (?:best|kind))\s+(?:regards"
    r"|wishes)\b.{0,30}"
    r"|(?:regards|best|cheers|sincerely|yours (?:sincerely|faithfully|truly))[,.!]?"
    r"|(?:bien\s+)?(?:cordialement|sinc[èe]rement)\b.{0,20}"
    r"|(?:salutations|meilleures salutations|bonne (?:journ[ée]e"
    r"|r[ée]ception))\b.{0,30}"
    r"|(?:un\s+(?:cordial\s+)?)?(?:saludos?)\b.{0,30}"
    r"|(?:atentamente|cordialmente|reciban? un)\b.{0,30}"
    r"|sent from my\b.{0,40}|von meinem\b.{0,40}gesendet.{0,20}"
    r"|gesendet von\b.{0,40}|envoy[ée] de(?:puis)? mon\b.{0,40}"
    r"|enviado desde mi\b.{0,40}|get outlook for\b.{0,40}"
    r"|(?:met\s+)?(?:vriendelijke|hartelijke|beste)\s+groet(?:en)?\b.{0,30}"
    r"|(?:groet(?:en|jes)?|mvg|hoogachtend)\b.{0,20}"
    r"|(?:verstuurd|verzonden) vanaf mijn\b.{0,40}"
    r"|(?:(?:cordiali|distinti|cari)\s+)?saluti\b.{0,30}|buona giornata\b.{0,20}"
    r"|inviato da\b.{0,40}"
    r"|(?:atenciosamente|att\.?|abra[cç]os?)[,.!]?"
    r"|(?:com\s+os\s+)?(?:melhores\s+)?cumprimentos\b.{0,20}|enviado do meu\b.{0,40}"
    r")[ \t]*$"
)
"""A line with which the signature begins."""

POSTSCRIPT = re.compile(r"(?i)^[ \t]*p\.?[ \t]?s\.?[ \t:.]")

REPLY_PREFIX = re.compile(
    r"(?i)^\s*(?:(?:re|aw|antw|sv|rv|ref|r[ée]p|fw|fwd|wg|tr|r|i|rif|res|enc|رد)\s*(?:\[\d+\])?\s*:\s*)+"
)


BLOCKS = {
    "address",
    "blockquote",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
}
BLOCKS |= {"h5", "h6", "hr", "li", "ol", "p", "pre", "table", "tr", "ul"}
SPACED = {"h1", "h2", "h3", "p", "table"}
"""Elements with an empty line below."""
UNSEEN = {"head", "script", "style", "title"}


def from_html(source):
    """The text of a mail in HTML, without what Odoo recognised as quoted history.

    >>> from_html("<p>We <b>paid</b>.</p><p>Bye</p><blockquote>Please pay</blockquote>")
    'We paid.\\n\\nBye'
    >>> from_html("<pre>Two\\nlines</pre>"), from_html("5 < 6 & <br/>7"), from_html("")
    ('Two\\nlines', '5 < 6 &\\n7', '')
    """
    source = (source or "")[: 50 * LONGEST]
    if not source.strip():
        return ""
    try:
        root = html.fragment_fromstring(source, create_parent="div")
    except (etree.LxmlError, ValueError, AssertionError):
        return " ".join(re.sub("<[^>]*>", " ", source).split())
    return _read(root, skip_quotes=True) or _read(root, skip_quotes=False)


def _read(root, skip_quotes):
    """The text below ``root``. No recursion: a hostile mail nests without end."""
    pieces, hidden, verbatim = [], 0, 0
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        tag = node.tag if isinstance(node.tag, str) else ""
        is_quote = tag == "blockquote" or bool(tag and node.get("data-o-mail-quote"))
        is_hidden = tag in UNSEEN or (skip_quotes and is_quote)
        if event == "start":
            hidden += is_hidden
            verbatim += tag == "pre"
            if not hidden:
                if tag in BLOCKS and tag != "br" and pieces[-1:] != ["\n"]:
                    pieces.append("\n")
                pieces += filter(None, [_clean(node.text, verbatim)])
            continue
        if event == "end":
            if not hidden and tag in BLOCKS:
                pieces += ["\n"] * (2 if tag in SPACED else 1)
            hidden -= is_hidden
            verbatim -= tag == "pre"
        if not hidden and node is not root:
            pieces += filter(None, [_clean(node.tail, verbatim)])
    lines = [line.strip() for line in "".join(pieces).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _clean(text, verbatim):
    return (text or "") if verbatim else re.sub(r"\s+", " ", text or "")


def fold(text):
    """The text as rules read it: lower case, without accents, of the same length, so
    that a place in it is the same place in the original.

    >>> fold("Schon ÜBERWIESEN, n’ai payé\\nGrüße")
    "schon uberwiesen, n'ai paye gruse"
    """
    return "".join(map(_fold_character, text))


def _fold_character(character):
    if character in "’‘`´":
        return "'"
    if character.isspace():
        return " "
    if character == "ß":
        return "s"
    plain = unicodedata.normalize("NFKD", character)[:1].lower()
    return plain if len(plain) == 1 else character


def own_words(text):
    """What the sender wrote himself; everything if nothing else is left.

    >>> own_words("We paid.\\n\\nOn 3 March 2026 Anna wrote:\\n> Please pay.")
    'We paid.'
    >>> own_words("Bezahlt!\\nViele Grüße\\nAnna Muster")
    'Bezahlt!'
    >>> own_words("> Please pay.\\nDone.")
    'Done.'
    """
    text = (text or "")[:LONGEST].replace("\r\n", "\n").replace("\r", "\n")
    kept = without_history(text)
    return without_signature(kept).strip() or kept.strip()


def without_history(text):
    """The text without quoted lines and without what follows the head of a quote."""
    for pattern in (SEPARATOR, OUTLOOK):
        if found := pattern.search(text):
            text = text[: found.start()]
    kept, lines = [], text.split("\n")
    for number, line in enumerate(lines):
        if line.lstrip().startswith(">"):
            continue
        kept.append(line)
        if WROTE.search(line) and (head := _count_head(kept)):
            del kept[-head:]
            after = next(filter(str.strip, lines[number + 1 :]), "")
            if not after.lstrip().startswith(">"):
                break  # Else: some people answer below what they quote.
    return "\n".join(kept)


def _count_head(lines):
    """How many of the last lines are the head of a quote; 0 if they are none."""
    for count in range(1, 4):
        head = lines[-count:]
        if len(head) < count or not head[0].strip():
            return 0
        if ON_THE_DAY.match(head[0]) and any(map(str.isdigit, "".join(head))):
            return count
    return 0


def without_signature(text):
    """The text up to the closing formula, and a postscript."""
    lines = text.split("\n")
    end = next((i for i, line in enumerate(lines) if CLOSING.match(line)), len(lines))
    after = next(
        (i for i in range(end, len(lines)) if POSTSCRIPT.match(lines[i])), len(lines)
    )
    return "\n".join(lines[:end] + lines[after:])


def own_subject(subject):
    """The subject if the sender chose it; empty if it is that of our reminder.

    >>> own_subject("Re: payment reminder"), own_subject("Payment made")
    ('', 'Payment made')
    """
    subject = (subject or "")[:300]
    return "" if REPLY_PREFIX.match(subject) else subject.strip()


def sentences(text):
    """Where the sentences of a folded text begin and end; mails wrap their lines, so
    only an empty line ends a sentence.

    >>> text = "Paid on 3. March, we think. Thanks! Bye"
    >>> [text[start:end].strip() for start, end in sentences(text)]
    ['Paid on 3. March, we think.', 'Thanks!', 'Bye']
    """
    start = 0
    for found in re.finditer(r"[!?;]+|(?<!\d)\.(?=\s|$)|\n\s*\n|\x00|$", text):
        while found.end() - start > LONGEST_SENTENCE:
            yield start, start + LONGEST_SENTENCE
            start += LONGEST_SENTENCE
        if start < found.end():
            yield start, found.end()
            start = found.end()
