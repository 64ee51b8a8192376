"""How likely a debtor's overdue money is to stay out: a rule that can be read aloud.

Four things speak against a debtor, each with a strength between 0 and 1:

- **habit**: of his paid invoices, the share that was late, times how late these were on
  average (``FULL_DELAY`` days or more count as 1). Few invoices prove little: the
  portfolio's own habit joins in as ``PRIOR_INVOICES`` invoices more, and is all that
  there is for a customer without history.
- **arrears**: days that his oldest open item is overdue, ``FULL_ARREARS`` count as 1.
- **broken**: promises that he broke; each takes half of what is left to 1.
- **episodes**: collection episodes before this one, ``FULL_EPISODES`` count as 1.

They are joined as independent reasons: ``1 - (1 - w1 s1) (1 - w2 s2) ...`` with the
weights of ``WEIGHTS``. So the score lies in 0..1, no reason is needed for another to
count, and it never falls when something gets worse.
"""

from typing import NamedTuple

FULL_DELAY = 60
FULL_ARREARS = 120
FULL_EPISODES = 5
PRIOR_INVOICES = 3
NO_BASE_RATE = 0.2
"""Habit of a portfolio in which nobody ever paid anything: unknown, not zero."""

WEIGHTS = {"habit": 0.6, "arrears": 0.8, "broken": 0.5, "episodes": 0.2}
BANDS = [(0.6, "high"), (0.3, "medium"), (0.0, "low")]
WORTH_SAYING = 0.05
HISTORY_DAYS = 730


class History(NamedTuple):
    """What the ledger and our own records say about a debtor.

    ``paid`` invoices were paid in the last ``HISTORY_DAYS``, ``late`` of them after
    their due date, by ``days_late`` on average of the late ones.
    """

    paid: int = 0
    late: int = 0
    days_late: float = 0.0
    arrears: int = 0
    broken: int = 0
    episodes: int = 0


def lateness(paid, late, days_late):
    """Strength of the habit alone; None without history.

    >>> lateness(10, 5, 30)
    0.25
    >>> lateness(10, 10, 400)
    1.0
    >>> lateness(0, 0, 0) is None
    True
    """
    return late / paid * min(days_late / FULL_DELAY, 1) if paid else None


def base_rate(paid, late, days_late):
    """The habit of a whole portfolio, which stands in where nothing is known.

    >>> base_rate(1000, 400, 15)
    0.1
    >>> base_rate(0, 0, 0)
    0.2
    """
    rate = lateness(paid, late, days_late)
    return NO_BASE_RATE if rate is None else rate


def strengths(history, base):
    """The four reasons with their strengths.

    >>> strengths(History(), base=0.25)["habit"]
    0.25
    >>> strengths(History(paid=3, late=3, days_late=90), base=0.0)["habit"]
    0.5
    >>> [strengths(History(broken=n), 0)["broken"] for n in (0, 1, 2)]
    [0.0, 0.5, 0.75]
    """
    own = lateness(history.paid, history.late, history.days_late) or 0
    return {
        "habit": (own * history.paid + base * PRIOR_INVOICES)
        / (history.paid + PRIOR_INVOICES),
        "arrears": min(max(history.arrears, 0) / FULL_ARREARS, 1),
        "broken": 1 - 0.5**history.broken,
        "episodes": min(history.episodes / FULL_EPISODES, 1),
    }


def score(history, base):
    """The risk between 0 and 1.

    >>> score(History(paid=20), base=0.0)
    0.0
    >>> score(History(arrears=30), base=0.0)
    0.2
    >>> score(History(paid=57, late=57, days_late=60, arrears=120), base=0.0)
    0.914
    """
    rest = 1.0
    for name, strength in strengths(history, base).items():
        rest *= 1 - WEIGHTS[name] * strength
    return round(1 - rest, 4)


def band(value):
    """A word for the score.

    >>> [band(value) for value in (0, 0.29, 0.3, 0.59, 0.6, 1)]
    ['low', 'low', 'medium', 'medium', 'high', 'high']
    """
    return next(name for limit, name in BANDS if value >= limit)


def reasons(history, base):
    """Codes of what to say about the score, with their figures, the weightiest first.
    What is known of the habit is always said.

    >>> reasons(History(paid=10, late=8, days_late=23.4, arrears=62), base=0.1)
    [['arrears', 62], ['pays_late', 8, 10, 23]]
    >>> reasons(History(broken=1, episodes=2), base=0.1)
    [['broken', 1], ['episodes', 2], ['no_history']]
    """
    weights = {
        name: WEIGHTS[name] * strength
        for name, strength in strengths(history, base).items()
    }
    said = {
        "habit": _habit(history),
        "arrears": ["arrears", history.arrears],
        "broken": ["broken", history.broken],
        "episodes": ["episodes", history.episodes],
    }
    return [
        said[name]
        for name in sorted(said, key=weights.get, reverse=True)
        if name == "habit" or weights[name] >= WORTH_SAYING
    ]


def _habit(history):
    if not history.paid:
        return ["no_history"]
    if not history.late:
        return ["pays_on_time", history.paid]
    return ["pays_late", history.late, history.paid, round(history.days_late)]
