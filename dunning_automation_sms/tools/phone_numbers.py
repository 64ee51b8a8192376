"""Which telephone numbers can take a text message, or an automated call."""

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

SMS_TYPES = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
CALL_TYPES = SMS_TYPES | {PhoneNumberType.FIXED_LINE, PhoneNumberType.VOIP}

# Numbers at which a call or a message costs extra, or reaches a switchboard.
REFUSED_TYPES = {
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.UAN: "uan",
}

REFUSALS = {
    "missing": "There is no number",
    "invalid": "It is no number of that country",
    "not_mobile": "It is no mobile number",
    "premium": "It is a premium-rate number",
    "shared_cost": "It is a number at shared cost",
    "uan": "It is a switchboard",
}
"""Why a number takes no text message, for people."""


def sms_number(text, region):
    """Return the number in E.164 and no reason, or no number and the reason.

    :param text: the number as somebody typed it
    :param region: two-letter code of the country in which a national number is
        read; may be empty when the number is an international one

    >>> sms_number("0664 1234567", "AT")
    ('+436641234567', None)
    >>> sms_number("+43 (0) 664 / 123 45 67", None)
    ('+436641234567', None)
    >>> sms_number("01 5125000", "AT")
    (None, 'not_mobile')
    >>> sms_number("0900 1 234567", "DE")
    (None, 'premium')
    >>> sms_number("0664 1234567", None)
    (None, 'invalid')
    >>> sms_number(False, "AT")
    (None, 'missing')
    """
    if not (text or "").strip():
        return None, "missing"
    number = _parse(text, region)
    if number is None:
        return None, "invalid"
    if reason := _reason_against(number):
        return None, reason
    return phonenumbers.format_number(number, PhoneNumberFormat.E164), None


def call_number(text, region):
    """The number in E.164 if a machine may call it: mobile or landline, nothing that
    costs extra. Parameters as of ``sms_number``.

    >>> call_number("01 5125000", "AT"), call_number("0664 1234567", "AT")
    ('+4315125000', '+436641234567')
    >>> call_number("0900 1 234567", "DE"), call_number(False, "AT")
    (None, None)
    >>> call_number("01 5125000 ext. 12", "AT")
    """
    number = _parse(text, region) if (text or "").strip() else None
    if number is None or number.extension:
        return None
    if phonenumbers.number_type(number) not in CALL_TYPES:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def as_sender(text):
    """The number that wrote, in E.164; empty where nobody could be answered: senders
    that are words, and short codes.

    >>> [as_sender(text) for text in ("+43 664 1234567", "436641234567", "0043664")]
    ['+436641234567', '+436641234567', '']
    >>> [as_sender(text) for text in ("Vodafone", "36111", "", "+" + "9" * 99)]
    ['', '', '', '']
    """
    digits = text.strip().removeprefix("+")
    number = _parse(f"+{digits}", None) if len(digits) < 30 else None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if number else ""


def region_of(number):
    """Two-letter code of the country that a valid number in E.164 belongs to.

    >>> region_of("+436641234567"), region_of("+12015550123"), region_of("+18765550123")
    ('AT', 'US', 'JM')
    """
    return phonenumbers.region_code_for_number(phonenumbers.parse(number))


def narrow_zones(zones, number):
    """Names of the time zones in which somebody may be, by address and number: those
    that both allow; all of both where they disagree, as nobody knows which one is old.

    :param tuple zones: in which the address may be; empty = unknown
    :param str number: valid, in E.164

    >>> narrow_zones((), "+12125551234")
    ('America/New_York',)
    >>> narrow_zones(("America/Chicago", "America/New_York"), "+12125551234")
    ('America/New_York',)
    >>> narrow_zones(("Europe/Berlin", "Europe/Busingen"), "+12125551234")
    ('Europe/Berlin', 'Europe/Busingen', 'America/New_York')
    >>> narrow_zones(("Europe/Paris",), "+881612345678")
    ('Europe/Paris',)
    """
    found = time_zones_for_number(phonenumbers.parse(number))
    known = tuple(zone for zone in found if zone != UNKNOWN_TIMEZONE)
    both = tuple(zone for zone in zones if zone in known)
    return both or (*zones, *known)


def _parse(text, region):
    """Return the number that the text is in that region, None if it is none."""
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _reason_against(number):
    """Return why a valid number takes no text message, None if it does.

    An extension stands for a switchboard, whatever the number before it says.
    """
    kind = phonenumbers.number_type(number)
    if kind in REFUSED_TYPES:
        return REFUSED_TYPES[kind]
    return None if kind in SMS_TYPES and not number.extension else "not_mobile"
