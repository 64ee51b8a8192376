"""E-mails of one sender: what is the same in all of them is made once.

Python's ``email`` parses each header and encodes each text in Python, which takes
longer than anything else between a claim and its message. A letterhead keeps what Odoo
made of the headers for one message, and the other messages are written on it.
"""

from binascii import b2a_qp
from email.message import EmailMessage

# "=_" never occurs in a quoted-printable text, so no text can contain the boundary.
BOUNDARY = "=_alternative"
PART = """--{boundary}\r
Content-Type: text/{kind}; charset="utf-8"\r
Content-Transfer-Encoding: quoted-printable\r
\r
{text}\r
"""
SHORT = 76


class FoldedHeader(str):
    """A header that knows how it looks in the message."""

    __slots__ = ("name", "folded")

    def __new__(cls, name, value, folded):
        header = super().__new__(cls, value)
        header.name, header.folded = name, folded
        return header

    def fold(self, *, policy):
        return self.folded


class Letterhead:
    """The headers that messages have in common; the others are filled in."""

    def __init__(self, sample):
        """:param EmailMessage sample: one of the messages; its body is left out"""
        self._policy = sample.policy
        self._headers = [
            self._fold(name, value)
            for name, value in sample.raw_items()
            if not name.lower().startswith("content-")
        ]
        self._multipart = self._fold(
            *self._policy.header_store_parse(
                "Content-Type", f'multipart/alternative; boundary="{BOUNDARY}"'
            )
        )

    def fill(self, plain, html, **headers):
        """A message with these two texts of the same meaning. It is for sending: its
        payload is the text of both parts as it leaves, with the lines of SMTP.

        :param headers: by name with underscores, those that differ from the sample
        :raise ValueError: when one of them has a line break in it

        >>> from email import message_from_bytes, policy
        >>> sample = EmailMessage()
        >>> sample["From"], sample["To"], sample["Message-Id"] = "a@b.c", "x@y.z", "<1>"
        >>> message = Letterhead(sample).fill("Ää", "<p>Ää</p>", to="é <d@e.f>")
        >>> print(message.as_string().replace("\\r", ""))
        From: a@b.c
        To: =?utf-8?q?=C3=A9?= <d@e.f>
        Message-Id: <1>
        Content-Type: multipart/alternative; boundary="=_alternative"
        <BLANKLINE>
        --=_alternative
        Content-Type: text/plain; charset="utf-8"
        Content-Transfer-Encoding: quoted-printable
        <BLANKLINE>
        =C3=84=C3=A4
        --=_alternative
        Content-Type: text/html; charset="utf-8"
        Content-Transfer-Encoding: quoted-printable
        <BLANKLINE>
        <p>=C3=84=C3=A4</p>
        --=_alternative--
        <BLANKLINE>
        >>> received = message_from_bytes(message.as_bytes(), policy=policy.default)
        >>> [part.get_content() for part in received.iter_parts()]
        ['Ää', '<p>Ää</p>']
        """
        own = {name.replace("_", "-"): value for name, value in headers.items()}
        message = EmailMessage(policy=self._policy)
        for header in self._headers:
            value = own.get(header.name.lower())
            message[header.name] = (
                header if value is None else self._make_header(header.name, value)
            )
        message[self._multipart.name] = self._multipart
        message.set_payload(
            _make_part("plain", plain)
            + _make_part("html", html)
            + f"--{BOUNDARY}--\r\n"
        )
        return message

    def _fold(self, name, value):
        return FoldedHeader(name, value, self._policy.fold(name, value))

    def _make_header(self, name, value):
        """What needs neither an encoding nor a second line is not parsed."""
        if value.isascii() and value.isprintable() and len(name) + len(value) < SHORT:
            return FoldedHeader(name, value, f"{name}: {value}{self._policy.linesep}")
        return value


def _make_part(kind, text):
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    encoded = b2a_qp(text.encode(), istext=True).decode("ascii")
    return PART.format(boundary=BOUNDARY, kind=kind, text=encoded.replace("\n", "\r\n"))
