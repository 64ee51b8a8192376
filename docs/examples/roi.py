"""What reminders brought, in figures of your own database.

    setup/odoo shell -d DATABASE < docs/examples/roi.py

Change the days and the minutes first. It reads and writes nothing.
"""

from datetime import timedelta

GO_LIVE_DAYS_AGO = 90
MINUTES_BY_HAND = {
    # What a person would need for one of them; measure three of your own.
    "email": 6,
    "letter": 10,
    "sms": 3,
    "portal": 0,
    "phone": 0,
    "activity": 0,
}


def read_tiles(env, day, codes=("dso", "add", "cei", "overdue")):
    """Figures of the dashboard as of a day, of three months."""
    figures = env["dunning.dashboard"].get_figures({"date": str(day), "months": 3})
    return {
        tile["code"]: tile["value"]
        for tile in figures["tiles"]
        if tile["code"] in codes
    }


def count_sent(env, since):
    """{channel: messages that left since a day}, from the events."""
    events = env["dunning.event"].search(
        [("kind", "=", "notice_sent"), ("occurred_at", ">=", since)]
    )
    return {
        channel: len(notices)
        for channel, notices in events.notice_id.grouped("channel").items()
    }


def hours_saved(sent):
    """
    >>> hours_saved({"email": 20, "letter": 6, "unheard_of": 9})
    3.0
    """
    minutes = sum(
        number * MINUTES_BY_HAND.get(channel, 0) for channel, number in sent.items()
    )
    return minutes / 60


def sheet(env, go_live_days_ago=GO_LIVE_DAYS_AGO):
    """The sheet as a dict."""
    today = env.company._dunning_today()
    go_live = today - timedelta(days=go_live_days_ago)
    sent = count_sent(env, go_live)
    return {
        "before": read_tiles(env, go_live),
        "after": read_tiles(env, today),
        "sent": sent,
        "hours saved": hours_saved(sent),
    }


if "env" in globals():
    result = sheet(env(user=env.ref("base.user_admin")))  # noqa: F821
    for name, value in result.items():
        print(f"{name}: {value}")
