"""Where things stand on a printed letter, in millimetres from the edge of the sheet.

A4 follows DIN 5008 form B: the address field of a window envelope (DIN 680, C6/5)
begins 45 mm from the top and 20 mm from the left edge and is 85 x 45 mm; its upper
part holds the sender's line. US Letter fits a #10 envelope with one left window,
wherever the sheet slips in it.
"""

from typing import NamedTuple


class LetterLayout(NamedTuple):
    """Measures of a kind of sheet."""

    margin_top: float
    margin_left: float
    """of the paper format in ``report/dunning_letter_reports.xml``"""
    sender_top: float
    address_top: float
    address_left: float
    address_width: float
    address_height: float
    info_top: float
    info_left: float
    info_width: float
    text_top: float
    text_left: float
    address_lines: int
    """how many lines the field is made for; more are set smaller"""
    fold_marks: tuple
    """millimetres from the top"""
    rows_per_page: int
    """rows of the list of invoices on a page of its own"""

    def x(self, millimetres):
        """Distance from the left border of what the engine prints.

        >>> A4.x(25)
        5
        """
        return millimetres - self.margin_left

    def address_type(self, count):
        """Height of a line (mm) and size of the type (pt) for so many lines.

        >>> [round(size, 1) for size in A4.address_type(4)]
        [4.5, 10]
        >>> [round(size, 1) for size in A4.address_type(9)]
        [3.0, 6.8]
        """
        height = self.address_height / max(count, self.address_lines)
        return height, min(10, height * 2.27)

    def y(self, millimetres):
        """Distance from the upper border of what the engine prints on page one.

        >>> A4.y(45)
        30
        """
        return millimetres - self.margin_top


A4 = LetterLayout(
    margin_top=15,
    margin_left=20,
    sender_top=57.5,
    address_top=63,
    address_left=25,
    address_width=79,
    address_height=27,
    info_top=50,
    info_left=125,
    info_width=69,
    text_top=103.5,
    text_left=25,
    address_lines=6,
    fold_marks=(105, 148.5, 210),
    rows_per_page=44,
)

US_LETTER = LetterLayout(
    margin_top=15,
    margin_left=20,
    sender_top=53,
    address_top=61,
    address_left=25,
    address_width=82,
    address_height=20,
    info_top=50,
    info_left=130,
    info_width=69,
    text_top=95,
    text_left=25,
    address_lines=5,
    fold_marks=(93.1, 186.3),
    rows_per_page=40,
)

UNPATCHED_ZOOM = 1 / 0.768
"""Debian builds wkhtmltopdf without the patches to Qt. Then it ignores ``--dpi``,
``--zoom`` and the switch against shrinking: Qt lays a page out 1.25 times as wide as it
is (and takes 100 instead of 96 dots per inch), and shrinks it. A zoom inside of the
document takes that back, so that a millimetre is a millimetre."""


def of_format(paper):
    """The layout for a paper format of Odoo.

    >>> of_format("Letter") is US_LETTER, of_format("A4") is A4, of_format(False) is A4
    (True, True, True)
    """
    return US_LETTER if paper in ("Letter", "Legal") else A4


def join_references(references, limit=140):
    """As many whole references as fit into the purpose line of a transfer.

    >>> join_references(["INV/1", "", "INV/2", "INV/1"])
    'INV/1, INV/2'
    >>> join_references(["INV/1", "INV/2"], limit=10)
    'INV/1 ...'
    >>> join_references(["X" * 20], limit=10)
    'XXXXXXXXXX'
    """
    parts = list(dict.fromkeys(part for part in references if part))
    text = ", ".join(parts)
    while len(text) > limit and len(parts) > 1:
        parts.pop()
        text = ", ".join(parts) + " ..."
    return text[:limit]
