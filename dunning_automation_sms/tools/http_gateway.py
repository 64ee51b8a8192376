"""What a configurable HTTP gateway is told, and what its answer means.

A gateway is described by data: a body with placeholders, and where in the answer to
find whether the message was taken. Placeholders are filled into the decoded template,
so that no text can break out of its place.
"""

import json
from typing import NamedTuple

from .sms_outcome import of_status

PLACEHOLDERS = ("number", "digits", "text", "uuid", "sender")
WORDS = (
    "failed",
    "insufficient_credit",
    "retry",
    "unknown",
    "unregistered",
    "wrong_number_format",
)
"""What a gateway's code may be translated to, see ``sms_outcome.of_state``."""
DEMO_ENDINGS = {
    "01": "wrong_number_format",
    "02": "insufficient_credit",
    "03": "retry",
    "04": "unknown",
}
"""The demo provider decides by the last digits of the number; others are accepted."""


class Rules(NamedTuple):
    """Where an answer says what. Paths are names and numbers joined by dots."""

    id_path: str = ""
    accepted_path: str = ""
    """empty = a message with an id was accepted"""
    accepted_values: tuple[str, ...] = ()
    code_path: str = ""
    codes: dict[str, str] = {}
    """{code of the gateway: one of ``WORDS``}"""


def parse_template(text):
    """The decoded template.

    :raise ValueError: when it is no JSON object, or names an unknown placeholder

    >>> parse_template('{"to": "{number}"}')
    {'to': '{number}'}
    >>> parse_template('{"to": "{phone}"}')
    Traceback (most recent call last):
    ValueError: {phone}
    """
    template = json.loads(text or "{}")
    if not isinstance(template, dict):
        raise ValueError(text)
    fill(template, dict.fromkeys(PLACEHOLDERS, ""))
    return template


def fill(template, values):
    """
    >>> fill({"to": ["{number}"], "n": 1}, {"number": '+43"'})
    {'to': ['+43"'], 'n': 1}
    >>> fill("{sender}: {text}", {"sender": "We", "text": "{uuid}"})
    'We: {uuid}'
    """
    if isinstance(template, dict):
        return {key: fill(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values) for value in template]
    return _fill_text(template, values) if isinstance(template, str) else template


def _fill_text(template, values):
    """``str.format`` would reach into attributes: names only."""
    filled, rest = "", template
    while "{" in rest:
        before, _brace, rest = rest.partition("{")
        name, brace, rest = rest.partition("}")
        if not brace or name not in values:
            raise ValueError("{" + name + "}")
        filled += before + values[name]
    return filled + rest


def pick(data, path):
    """What stands at ``path``, as text; None where nothing does.

    >>> answer = {"messages": [{"message-id": 7, "status": "0"}]}
    >>> pick(answer, "messages.0.message-id"), pick(answer, "messages.1.status")
    ('7', None)
    """
    for name in path.split(".") if path else ():
        try:
            data = data[int(name) if isinstance(data, list) else name]
        except (IndexError, KeyError, TypeError, ValueError):
            return None
    if not path or data is None or isinstance(data, dict | list):
        return None
    return str(data)


def judge(rules, status, data):
    """``(word, id)``: what became of a message, see ``sms_outcome.of_state``. An answer
    that says neither yes nor no in so many words is ``unknown``.

    :param data: the decoded body; None when it was no JSON

    >>> vonage = Rules("messages.0.message-id", "messages.0.status", ("0",),
    ...                "messages.0.status", {"1": "retry", "9": "insufficient_credit"})
    >>> def answer(status):
    ...     return {"messages": [{"message-id": "A", "status": status}]}
    >>> judge(vonage, 200, answer("0")), judge(vonage, 200, answer("9"))
    (('success', 'A'), ('insufficient_credit', None))
    >>> judge(vonage, 200, answer("77")), judge(vonage, 200, None)
    (('unknown', None), ('unknown', None))
    >>> judge(Rules("id"), 201, {"id": "B"}), judge(Rules("id"), 201, {"error": "no"})
    (('success', 'B'), ('unknown', None))
    >>> judge(Rules("id"), 401, {"id": "B"}), judge(Rules("id"), 503, {"id": "B"})
    (('failed', None), ('unknown', None))
    """
    code = pick(data, rules.code_path)
    if 200 <= status < 300:
        if _is_accepted(rules, data):
            return "success", pick(data, rules.id_path)
        return rules.codes.get(code, "unknown"), None
    if 400 <= status < 500 and code in rules.codes:
        return rules.codes[code], None
    return of_status(status), None


def _is_accepted(rules, data):
    if rules.accepted_path:
        return pick(data, rules.accepted_path) in rules.accepted_values
    return bool(pick(data, rules.id_path))


def demo(number, uuid):
    """
    >>> demo("+436641234500", "abcdef123456"), demo("+436641234502", "abc")
    (('success', 'demo-abcdef12'), ('insufficient_credit', None))
    """
    word = DEMO_ENDINGS.get(number[-2:], "success")
    return word, f"demo-{uuid[:8]}" if word == "success" else None
