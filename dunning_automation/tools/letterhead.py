"""E-mails of one sender: what is the same in all of them is made once.

Python's ``email`` parses each header and encodes each text in Python, which takes
longer than anything else between a claim and its message. A letterhead keeps what Odoo
made of the headers for one message, and the other messages are written on it.
"""

from binascii import b2a_qp
from email.message import EmailMessage, MIMEPart

# "=_" never occurs in a quoted-printable text, so no text can contain the boundary.
MULTIPART = 'multipart/alternative; boundary="=_alternative"'


class Letterhead:
    """The headers that messages have in common; the others are filled in."""

    def __init__(self, sample):
        """:param EmailMessage sample: one of the messages; its body is left out"""
        self._policy = sample.policy
        self._headers = [
            header
            for header in sample.raw_items()
            if not header[0].lower().startswith("content-")
        ]
        self._multipart = self._parse("Content-Type", MULTIPART)
        self._encoding = self._parse("Content-Transfer-Encoding", "quoted-printable")
        self._types = {
            kind: self._parse("Content-Type", f'text/{kind}; charset="utf-8"')
            for kind in ("plain", "html")
        }

    def _parse(self, name, value):
        return self._policy.header_store_parse(name, value)

    def fill(self, plain, html, **headers):
        """A message with these two texts of the same meaning.

        :param headers: by name with underscores, those that differ from the sample
        :raise ValueError: when one of them has a line break in it

        >>> sample = EmailMessage()
        >>> sample["From"], sample["To"], sample["Message-Id"] = "a@b.c", "x@y.z", "<1>"
        >>> message = Letterhead(sample).fill("Ää", "<p>Ää</p>", to="é <d@e.f>")
        >>> print(message.as_string())
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
        >>> [part.get_content() for part in message.iter_parts()]
        ['Ää', '<p>Ää</p>']
        """
        own = {name.replace("_", "-"): value for name, value in headers.items()}
        message = EmailMessage(policy=self._policy)
        for name, value in self._headers:
            if name.lower() in own:
                message[name] = own[name.lower()]
            else:
                message.set_raw(name, value)
        message.set_raw(*self._multipart)
        message.set_payload(
            [self._make_part("plain", plain), self._make_part("html", html)]
        )
        return message

    def _make_part(self, kind, text):
        part = MIMEPart(policy=self._policy)
        part.set_raw(*self._types[kind])
        part.set_raw(*self._encoding)
        part.set_payload(b2a_qp(text.encode(), istext=True).decode("ascii"))
        return part
