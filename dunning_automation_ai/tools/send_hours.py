"""At which hours of the customer's clock a message may leave, to learn which works."""

from datetime import datetime, time

from odoo.addons.dunning_automation.tools import courtesy

HOURS = (8, 10, 13, 16)


def left(start, zone):
    """The hours of the customer's day that are still to come.

    :param datetime start: UTC, nothing leaves before it
    :param str zone: name of a time zone
    :return: {hour: moment in UTC}

    >>> list(left(datetime(2026, 3, 10, 9, 0), "Europe/Berlin"))
    [10, 13, 16]
    >>> left(datetime(2026, 3, 10, 12, 1), "Europe/Berlin")
    {16: datetime.datetime(2026, 3, 10, 15, 0)}
    >>> left(datetime(2026, 3, 10, 19, 0), "Europe/Berlin")
    {}
    """
    day = courtesy.local(start, zone).date()
    moments = {
        hour: courtesy.instants(datetime.combine(day, time(hour)), zone)[0]
        for hour in HOURS
    }
    return {hour: moment for hour, moment in moments.items() if moment >= start}
