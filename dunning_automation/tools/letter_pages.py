"""The finishing touches on the PDF of a letter, and the pile of many.

What no engine does everywhere is stamped on the finished pages: marks where to fold,
and page numbers (an unpatched Qt prints no footer).
"""

import io

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from odoo.tools.pdf import PdfFileReader, PdfFileWriter

MARK_LEFT, MARK_WIDTH = 5.5, 5
NUMBER_RIGHT, NUMBER_BOTTOM = 15, 10


def count(content):
    """Number of pages of a PDF (bytes)."""
    return len(PdfFileReader(io.BytesIO(content), strict=False).pages)


def finish(content, fold_marks):
    """Stamp fold marks on the first page, and page numbers if there are several.

    :param bytes content: the PDF of one letter
    :param fold_marks: millimetres from the upper edge
    :return: bytes of the finished PDF
    """
    pages = PdfFileReader(io.BytesIO(content), strict=False).pages
    stamps = _get_stamps(pages, fold_marks)
    writer = PdfFileWriter()
    for page, stamp in zip(pages, stamps, strict=True):
        page.mergePage(stamp)
        writer.addPage(page)
    return _write(writer)


def merge(contents):
    """One PDF of many, in their order; a single one stays as it is, byte for byte."""
    if len(contents) == 1:
        return contents[0]
    writer = PdfFileWriter()
    for content in contents:
        writer.appendPagesFromReader(PdfFileReader(io.BytesIO(content), strict=False))
    return _write(writer)


def _get_stamps(pages, fold_marks):
    stream = io.BytesIO()
    canvas = Canvas(stream, invariant=True)
    for number, page in enumerate(pages, start=1):
        width, height = (float(side) for side in page.mediabox[2:])
        canvas.setPageSize((width, height))
        canvas.setLineWidth(0.4)
        if number == 1:
            for mark in fold_marks:
                y = height - mark * mm
                canvas.line(MARK_LEFT * mm, y, (MARK_LEFT + MARK_WIDTH) * mm, y)
        if len(pages) > 1:
            canvas.setFont("Helvetica", 8)
            right, bottom = width - NUMBER_RIGHT * mm, NUMBER_BOTTOM * mm
            canvas.drawRightString(right, bottom, f"{number} / {len(pages)}")
        canvas.showPage()
    canvas.save()
    return PdfFileReader(io.BytesIO(stream.getvalue()), strict=False).pages


def _write(writer):
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()
