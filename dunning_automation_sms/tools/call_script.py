"""What an automated call says and asks: TwiML, and the meaning of keys and statuses.

Twilio's markup, which other providers speak, too: one document per step of the talk.
"""

from datetime import timedelta
from xml.etree import ElementTree

PAY_LINK, PROMISE, PERSON, NO_CALLS = "1", "2", "3", "9"
KEYS = (PAY_LINK, PROMISE, PERSON, NO_CALLS)
PROMISE_DAYS = 7
VOICES = {
    "ar": "arb",
    "de": "de-DE",
    "en": "en-US",
    "es": "es-ES",
    "fr": "fr-FR",
    "it": "it-IT",
    "nl": "nl-NL",
    "pt": "pt-PT",
}
REGIONAL = {"de-AT", "en-AU", "en-GB", "en-IN", "es-MX", "fr-BE", "fr-CA", "nl-BE"} | {
    "pt-BR",
    *VOICES.values(),
}

DONE = "completed"
NOT_REACHED = {
    "busy": "busy",
    "canceled": "no_answer",
    "failed": "no_answer",
    "no-answer": "no_answer",
}
"""{status of the provider: outcome of a call on the case}"""
DEMO = {
    "01": "no-answer",
    "02": "busy",
    "03": "voicemail",
    "04": PAY_LINK,
    "05": PROMISE,
    "06": PERSON,
    "07": "unknown",
    "09": NO_CALLS,
}
"""What the demo provider lets happen, by the last digits of the number; others listen
and press nothing."""


def voice(lang):
    """Language in which a text of Odoo's language ``lang`` is spoken.

    >>> [voice(lang) for lang in ("de_DE", "en_GB", "pt_BR", "ar_001", "tr_TR", None)]
    ['de-DE', 'en-GB', 'pt-BR', 'arb', 'en-US', 'en-US']
    """
    code = (lang or "").replace("_", "-")
    return code if code in REGIONAL else VOICES.get(code[:2], "en-US")


def offered_date(today):
    """The day until which the customer may promise to pay: a working day in a week.

    >>> from datetime import date
    >>> offered_date(date(2026, 3, 10)), offered_date(date(2026, 3, 14))
    (datetime.date(2026, 3, 17), datetime.date(2026, 3, 23))
    """
    day = today + timedelta(days=PROMISE_DAYS)
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def is_machine(answered_by):
    """Whether a machine took the call (``AnsweredBy``).

    >>> is_machine("machine_start"), is_machine("fax"), is_machine("human")
    (True, True, False)
    """
    return answered_by.startswith("machine") or answered_by == "fax"


def say(text, language):
    """Say something and hang up.

    >>> say("1 < 2", "en-US")
    '<Response><Say language="en-US">1 &lt; 2</Say><Hangup /></Response>'
    """
    response = ElementTree.Element("Response")
    _say(response, text, language)
    ElementTree.SubElement(response, "Hangup")
    return _text(response)


def ask(text, language, url, goodbye):
    """Say something and wait for a key.

    >>> print(ask("Press 1", "de-DE", "https://example.com/key", "Bye"))
    <Response><Gather numDigits="1" timeout="8" action="https://example.com/key"><Say \
language="de-DE">Press 1</Say></Gather><Say language="de-DE">Bye</Say><Hangup />\
</Response>
    """
    response = ElementTree.Element("Response")
    gather = ElementTree.SubElement(
        response, "Gather", numDigits="1", timeout="8", action=url
    )
    _say(gather, text, language)
    _say(response, goodbye, language)
    ElementTree.SubElement(response, "Hangup")
    return _text(response)


def connect(text, language, number):
    """Say something and put through to a person.

    >>> connect("Wait", "en-US", "+431")
    '<Response><Say language="en-US">Wait</Say><Dial>+431</Dial></Response>'
    """
    response = ElementTree.Element("Response")
    _say(response, text, language)
    ElementTree.SubElement(response, "Dial").text = number
    return _text(response)


def _say(parent, text, language):
    node = ElementTree.SubElement(parent, "Say", language=language)
    # XML knows no control characters, whatever somebody typed.
    node.text = "".join(char for char in text if char.isprintable() or char == "\n")


def _text(response):
    return ElementTree.tostring(response, encoding="unicode")
