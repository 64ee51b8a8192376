"""Who sends us a webhook: proof by a shared secret, and by the clock.

Two kinds. *twilio*: ``X-Twilio-Signature`` over the address and the sorted fields of
the form; it bears no time, so that only the number of each message keeps an old one
from counting twice. *hmac*: HMAC-SHA256 over ``<timestamp>.<body>``, in hexadecimal or
base64, with or without ``sha256=`` before it; only young ones count.

Without a secret nothing is genuine.
"""

import base64
import hashlib
import hmac

WINDOW = 300
"""Seconds that the clocks of sender and receiver, and the way between, may take."""
MILLISECONDS = 10**11
"""A timestamp above this counts milliseconds."""


def twilio(secret, url, fields):
    """The signature that Twilio sends.

    :param str url: the whole address that was called, with its query
    :param fields: ``(name, value)`` of the form, names may come twice

    >>> fields = [("Digits", "1234"), ("To", "+18005551212"), ("From", "+14158675309"),
    ...           ("Caller", "+14158675309"), ("CallSid", "CA1234567890ABCDE")]
    >>> twilio("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", fields)
    'RSOYDt4T1cUTdK1PDd93/VVr8B8='
    """
    pairs = sorted(set(fields))
    text = url + "".join(name + value for name, value in pairs)
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def is_twilio(secret, url, fields, signature):
    """
    >>> is_twilio("", "https://example.com", [], twilio("", "https://example.com", []))
    False
    """
    return bool(secret) and _is_same(twilio(secret, url, fields), signature)


def hmac_sha256(secret, timestamp, body):
    """The signature of the kind *hmac*, in hexadecimal.

    :param str timestamp: as it stands in its header
    :param bytes body: as it was sent

    >>> hmac_sha256("key", "1700000000", b"{}")[:12]
    '9d713ed406bb'
    """
    signed = timestamp.encode() + b"." + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def is_hmac(secret, timestamp, body, signature, now):
    """
    :param int now: seconds since 1970

    >>> good = hmac_sha256("key", "1700000000", b"{}")
    >>> [is_hmac("key", "1700000000", b"{}", given, 1700000009)
    ...  for given in (good, "sha256=" + good, good.upper(), "", "ü")]
    [True, True, False, False, False]
    >>> [is_hmac("key", "1700000000", b"{}", good, 1700000000 + age)
    ...  for age in (-301, -300, 300, 301)]
    [False, True, True, False]
    >>> is_hmac("", "1700000000", b"{}", hmac_sha256("", "1700000000", b"{}"), 17e8)
    False
    >>> is_hmac("key", "now", b"{}", hmac_sha256("key", "now", b"{}"), 17e8)
    False
    """
    if not secret or not is_young(timestamp, now):
        return False
    right = hmac_sha256(secret, timestamp, body)
    given = signature.removeprefix("sha256=")
    encoded = base64.b64encode(bytes.fromhex(right)).decode()
    # Both are compared, whatever the first says: nothing is learnt from the time.
    return _is_same(right, given) | _is_same(encoded, given)


def is_young(timestamp, now):
    """Whether ``timestamp`` (text, seconds or milliseconds) is within the window.

    >>> [is_young(text, 1700000000) for text in ("1700000000", "1700000000000")]
    [True, True]
    >>> [is_young(text, 1700000000) for text in ("", "-1", "1e9", "٣", "9" * 99)]
    [False, False, False, False, False]
    """
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 20):
        return False
    seconds = int(timestamp)
    if seconds > MILLISECONDS:
        seconds = seconds // 1000
    return abs(now - seconds) <= WINDOW


def _is_same(right, given):
    return hmac.compare_digest(right.encode(), given.encode("utf-8", "replace"))
