"""Arabic and Hebrew as the engine that prints can place them."""

import re

_TAG = r"""<(?:"[^"]*"|'[^']*'|[^<>"'])*>"""
_LETTER = (
    r"[\u05b0-\u05bd\u05bf-\u05ea\u0610-\u061a\u0620-\u065f\u066e-\u06d3\u06d5-\u06ef"
    r"\u06fa-\u06ff\u0750-\u077f]"
)
"""Letters and the signs above and below them; neither digits nor punctuation."""
WORDS = re.compile(rf"{_TAG}|({_LETTER}+(?: +{_LETTER}+)*)")


def keep_together(html):
    """The page with an element of their own for words from right to left.

    Without the patches to Qt, wkhtmltopdf draws such words outside of the page where
    punctuation follows them in the same element. Arabic letters of one word stay in one
    element, or they would not be joined.

    >>> keep_together('<p title="\u05d0">\u05d0\u05d1 \u05d2: A, 1.</p>')
    '<p title="\u05d0"><span>\u05d0\u05d1 \u05d2</span>: A, 1.</p>'
    >>> keep_together("<b>A &amp; B</b>")
    '<b>A &amp; B</b>'
    """
    return WORDS.sub(
        lambda found: f"<span>{found[1]}</span>" if found[1] else found[0], html
    )
