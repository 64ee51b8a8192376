"""The last part of a link to a customer's account: who it is for, and a signature."""

import re

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
