"""How much of what could not be charged comes back under which policy: a simulation.

A subscription base is generated (``Base``), its charges fail by a decline model
(``MODEL``), and each policy of ``POLICIES`` meets the very same failures. The times of
the tries and the caps of the card networks are those of ``tools/retries.py``, which the
addon itself uses. The output says what follows *from this model*, no more: almost no
figure of it was ever published with a source that can be checked. Change the figures
to those of your own ledger before you believe a difference.
"""

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

SUBSCRIBERS = 2000
MONTHS = 12
START = date(2026, 1, 1)
WINDOW = timedelta(days=30)
"""What comes in later than that after the failure counts as lost."""

MODEL = {
    # name: (value, where it comes from)
    "failure": (0.07, "assumed: share of monthly charges that fail at first"),
    "funds": (0.42, "assumed: share of failures for want of money until the payday"),
    "passing": (
        0.23,
        "assumed: share of failures of the day (limit of the bank, network away)",
    ),
    "expired": (0.13, "assumed: share of failures because the card has expired"),
    "hard": (0.12, "assumed: share of failures of cards that are lost or closed"),
    "fraud": (0.03, "assumed: share of failures that the bank takes for a fraud"),
    "authentication": (
        0.07,
        "assumed: share of failures because the customer must confirm",
    ),
    "early_funds": (
        0.04,
        "assumed: chance per day that the money is there before the payday",
    ),
    "late_funds": (
        0.20,
        "assumed: chance that the payday does not bring enough before the next one",
    ),
    "passes": (0.35, "assumed: chance per day that a decline of the day is over"),
    "own_accord": (
        0.10,
        "assumed: share of customers who pay within the window without being told",
    ),
    "told": (0.45, "assumed: share of those who pay within the window once told"),
    "answer_days": (4.0, "assumed: mean days from the message to the payment"),
    "paydays": (
        (1, 15, 25, 28),
        "assumed: days of the month on which money comes in, equally frequent",
    ),
}
"""The decline model. Published figures to hold it against, none verified: Stripe says
57 % of failed recurring payments come back with everything switched on, a critic says
21 to 26 % with retries alone (``domain.md`` of this project has the list)."""

CUSTOMER_ONLY = ("expired", "hard", "fraud", "authentication")
"""No try helps, the customer must act."""
CLASSES = {"funds": "soft", "passing": "soft"}
"""Cause -> class of the decline; the others are named alike."""


def figure(name):
    """A figure of the model.

    >>> 0 < figure("failure") < 1
    True
    """
    return MODEL[name][0]


@dataclass(frozen=True)
class Failure:
    """A charge that failed at first, with everything that chance decides about it, so
    that all policies meet the same.

    :ivar clears_at: from when on a try succeeds, None = never
    :ivar pays_alone_at: when the customer pays without being told, None = never
    :ivar answer: days after the message in which he pays, None = never
    """

    at: datetime
    amount: float
    cause: str
    payday: int
    clears_at: datetime | None
    pays_alone_at: datetime | None
    answer: float | None

    @property
    def decline_class(self):
        return CLASSES.get(self.cause, self.cause)


def generate(subscribers=SUBSCRIBERS, months=MONTHS, seed=1):
    """The failures of a subscription base, in the order of the subscribers.

    :return: ``(number of charges, list of Failure)``

    >>> charges, failures = generate(50, 12, seed=7)
    >>> charges, failures == generate(50, 12, seed=7)[1]
    (600, True)
    """
    dice = random.Random(seed)
    failures = []
    for _subscriber in range(subscribers):
        day, payday = dice.randint(1, 28), dice.choice(figure("paydays"))
        amount = dice.choice((9.0, 19.0, 29.0, 49.0, 99.0))
        for month in range(months):
            year, number = divmod(START.month - 1 + month, 12)
            at = datetime.combine(
                date(START.year + year, number + 1, day), time(6, 0)
            ) + timedelta(minutes=dice.randrange(180))
            if dice.random() < figure("failure"):
                failures.append(_fail(dice, at, amount, payday))
    return subscribers * months, failures


def _fail(dice, at, amount, payday):
    causes = ("funds", "passing", *CUSTOMER_ONLY)
    [cause] = dice.choices(causes, [figure(name) for name in causes])
    alone, answers = dice.random(), dice.random()
    return Failure(
        at=at,
        amount=amount,
        cause=cause,
        payday=payday,
        clears_at=_clear(dice, cause, at, payday),
        pays_alone_at=at + WINDOW * dice.random()
        if alone < figure("own_accord")
        else None,
        answer=dice.expovariate(1 / figure("answer_days"))
        if answers < figure("told")
        else None,
    )


def _clear(dice, cause, at, payday):
    if cause in CUSTOMER_ONLY:
        return None
    chance = figure("passes" if cause == "passing" else "early_funds")
    day = at
    while day < at + WINDOW:
        day += timedelta(days=1)
        if dice.random() < chance:
            return day
        if (
            cause == "funds"
            and day.day == payday
            and dice.random() >= figure("late_funds")
        ):
            return datetime.combine(day.date(), time(0, 1))
    return None
