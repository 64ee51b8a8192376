"""How many text messages a text is: what is paid for.

3GPP TS 23.038 (GSM 7-bit alphabet and its extension) and TS 23.040 (a message of
several segments spends 7 or 3 characters of each on its header).
"""

import unicodedata
from typing import NamedTuple

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
"""They take the room of two."""
PLAIN = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "‚": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "«": '"',
        "»": '"',
        "–": "-",
        "—": "-",
        "‑": "-",
        "−": "-",
        "…": "...",
        "•": "-",
        "·": "-",
        "\u200b": "",
        "\u00ad": "",
    }
)
"""Typography that looks the same to a reader."""
LIKENESS = {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "œ": "oe", "Œ": "OE"}
"""Letters that Unicode does not take apart."""


class Size(NamedTuple):
    encoding: str
    """``GSM-7`` or ``UCS-2``"""
    length: int
    """characters of that encoding"""
    segments: int
    room: int
    """characters left in the last segment"""


def measure(text):
    """
    >>> measure("Pay by Friday.")
    Size(encoding='GSM-7', length=14, segments=1, room=146)
    >>> measure("100 €").length
    6
    >>> measure("x" * 160).segments, measure("x" * 161).segments
    (1, 2)
    >>> measure("Заплатите"), measure("ж" * 71).segments
    (Size(encoding='UCS-2', length=9, segments=1, room=61), 2)
    >>> measure("").segments
    0
    """
    if set(text) <= BASIC | EXTENDED:
        sizes = [2 if char in EXTENDED else 1 for char in text]
        return _pack("GSM-7", sizes, 160, 153)
    sizes = [2 if ord(char) > 0xFFFF else 1 for char in text]
    return _pack("UCS-2", sizes, 70, 67)


def _pack(encoding, sizes, single, each):
    """Characters of two units are not torn apart at the end of a segment."""
    length = sum(sizes)
    if length <= single:
        return Size(encoding, length, int(length > 0), single - length)
    segments, used = 1, 0
    for size in sizes:
        if used + size > each:
            segments, used = segments + 1, 0
        used += size
    return Size(encoding, length, segments, each - used)


def tidy(text):
    """One kind of space, and no typography that would make a text dearer.

    >>> tidy("1\u202f234,50\u00a0EUR – “today”")
    '1 234,50 EUR - "today"'
    """
    text = text.translate(PLAIN)
    spaced = (
        " " if unicodedata.category(char) == "Zs" else char for char in text.strip()
    )
    return "".join(spaced)


def transliterate(text):
    """The text in the GSM 7-bit alphabet as far as accents are in the way of it; what
    has no likeness there stays.

    >>> transliterate("Zażółć, garçon, cœur: Ärger"), transliterate("Привет")
    ('Zazolc, garcon, coeur: Ärger', 'Привет')
    """
    return "".join(map(_likeness, text))


def _likeness(char):
    if char in BASIC or char in EXTENDED:
        return char
    plain = LIKENESS.get(char) or unicodedata.normalize("NFKD", char)[:1]
    return plain if set(plain) <= BASIC else char
