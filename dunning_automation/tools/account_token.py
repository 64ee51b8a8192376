"""The last part of a link to a customer's account: who it is for, and a signature.

Where each character costs, in text messages, there is a short form of the same: its
signature has 128 bits, which nobody guesses either, and is one of its own, so that it
tells nothing of the long one.
"""

import base64
import re

SHORT_BYTES = 16
SHORT = re.compile(r"([1-9][0-9]{0,8})-([A-Za-z0-9_-]{22})")
TOKEN = re.compile(r"([1-9][0-9]{0,8})-([0-9a-f]{64})")


def join(number, signature):
    """
    >>> join(12, "ab")
    '12-ab'
    """
    return f"{number}-{signature}"


def split(token):
    """Number and signature of a token, None of anything else. Proves nothing.

    >>> split("12-" + 64 * "0") == (12, 64 * "0")
    True
    >>> [split(text) for text in ("", "12", "12-ab", "0-" + 64 * "0", "x" + 64 * "0")]
    [None, None, None, None, None]
    """
    match = TOKEN.fullmatch(token or "")
    return match and (int(match[1]), match[2])


def shorten(number, signature):
    """
    >>> shorten(12, 64 * "0")
    '12-AAAAAAAAAAAAAAAAAAAAAA'
    >>> len(shorten(123456, 64 * "f"))
    29
    """
    return f"{number}-{short_signature(signature)}"


def short_signature(signature):
    """The first 128 bits of a signature in hexadecimal."""
    start = bytes.fromhex(signature)[:SHORT_BYTES]
    return base64.urlsafe_b64encode(start).decode().rstrip("=")


def split_short(token):
    """Number and signature of a short token, None of anything else. Proves nothing.

    >>> split_short("12-" + 22 * "A")
    (12, 'AAAAAAAAAAAAAAAAAAAAAA')
    >>> [split_short(text) for text in ("", "12", "0-" + 22 * "A", "12-" + 23 * "A")]
    [None, None, None, None]
    """
    match = SHORT.fullmatch(token or "")
    return match and (int(match[1]), match[2])
