"""Where somebody's clock hangs: time zones from what is known of an address.

Names and countries are those of the IANA database, as ``pytz`` has them. Which states
lie in which zones was written down by hand from the boundaries of IANA's zones; small
exceptions along a border are left out, a state that is divided names both sides.
"""

from functools import lru_cache

import pytz

EASTERN, CENTRAL = "America/New_York", "America/Chicago"
MOUNTAIN, PACIFIC = "America/Denver", "America/Los_Angeles"

STATES = {
    "US": {
        **dict.fromkeys(
            "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV".split(), (EASTERN,)
        ),
        **dict.fromkeys("AL AR IA IL LA MN MO MS OK WI".split(), (CENTRAL,)),
        **dict.fromkeys("CO MT NM UT WY".split(), (MOUNTAIN,)),
        **dict.fromkeys("CA NV WA".split(), (PACIFIC,)),
        **dict.fromkeys("FL TN".split(), (EASTERN, CENTRAL)),
        **dict.fromkeys("KS ND NE SD TX".split(), (CENTRAL, MOUNTAIN)),
        "AK": ("America/Anchorage", "America/Adak"),
        "AZ": ("America/Phoenix", MOUNTAIN),
        "HI": ("Pacific/Honolulu",),
        "ID": ("America/Boise", PACIFIC),
        "IN": ("America/Indiana/Indianapolis", CENTRAL),
        "KY": ("America/Kentucky/Louisville", CENTRAL),
        "MI": ("America/Detroit", CENTRAL),
        "OR": (PACIFIC, "America/Boise"),
    },
    "CA": {
        "AB": ("America/Edmonton",),
        "BC": ("America/Vancouver", "America/Edmonton"),
        "MB": ("America/Winnipeg",),
        "NB": ("America/Moncton",),
        "NL": ("America/St_Johns", "America/Goose_Bay"),
        "NS": ("America/Halifax",),
        "ON": ("America/Toronto", "America/Winnipeg"),
        "PE": ("America/Halifax",),
        "QC": ("America/Toronto", "America/Halifax"),
        "SK": ("America/Regina",),
        "YT": ("America/Whitehorse",),
    },
    "AU": {
        "ACT": ("Australia/Sydney",),
        "NSW": ("Australia/Sydney", "Australia/Broken_Hill"),
        "NT": ("Australia/Darwin",),
        "QLD": ("Australia/Brisbane",),
        "SA": ("Australia/Adelaide",),
        "TAS": ("Australia/Hobart",),
        "VIC": ("Australia/Melbourne",),
        "WA": ("Australia/Perth", "Australia/Eucla"),
    },
}
"""country code -> code of the state (as Odoo has it) -> its zones"""


def is_zone(name):
    """
    >>> is_zone("Europe/Berlin"), is_zone("Europe/Bielefeld"), is_zone(None)
    (True, False, False)
    """
    return name in pytz.all_timezones_set


@lru_cache(maxsize=4096)
def zones_of(chosen=None, tz=None, country=None, state=None, fallback=None):
    """Names of the zones in which a customer may live, one if it is known.

    Odoo gives a new contact the time zone of the user who typed it in. So ``tz`` is
    believed only where it fits the address, and tells nothing in a country with several
    zones of which the state is unknown. Names that do not exist are passed over.

    :param str chosen: what a person chose for this customer
    :param str tz: of the contact in Odoo
    :param str country: ISO code, two letters
    :param str state: code of the state in that country
    :param str fallback: of our own company

    >>> zones_of(country="DE", fallback="UTC")
    ('Europe/Berlin', 'Europe/Busingen')
    >>> zones_of(tz="Europe/Berlin", country="US", state="CA")
    ('America/Los_Angeles',)
    >>> zones_of(tz="America/Chicago", country="US", state="TX")
    ('America/Chicago',)
    >>> len(zones_of(tz="America/New_York", country="US")) > 20
    True
    >>> zones_of(chosen="Pacific/Honolulu", tz="America/New_York", country="US")
    ('Pacific/Honolulu',)
    >>> zones_of(tz="Europe/Bielefeld", fallback="Europe/Paris")
    ('Europe/Paris',)
    """
    if is_zone(chosen):
        return (chosen,)
    of_country = tuple(pytz.country_timezones.get(country or "", ()))
    of_state = STATES.get(country, {}).get(state)
    possible = of_state or of_country
    if is_zone(tz) and (not possible or tz in possible and (of_state or one(possible))):
        return (tz,)
    if possible:
        return possible
    return (fallback,) if is_zone(fallback) else ("UTC",)


def one(names):
    """Whether there is only one to choose from.

    >>> one(["Europe/Paris"]), one(["Europe/Madrid", "Atlantic/Canary"])
    (True, False)
    """
    return len(names) == 1
