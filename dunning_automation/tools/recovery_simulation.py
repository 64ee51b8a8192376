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

from . import retries

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
    "lasting": (
        0.45,
        "assumed: share of soft declines that no try of the window gets through",
    ),
    "passes": (0.35, "assumed: chance per day that a decline of the day is over"),
    "own_accord": (
        0.10,
        "assumed: share of customers who pay within the window without being told",
    ),
    "told": (0.35, "assumed: share of those who pay within the window once told"),
    "answer_days": (4.0, "assumed: mean days from the message to the payment"),
    "paydays": (
        (1, 15, 25, 28),
        "assumed: days of the month on which money comes in, equally frequent",
    ),
}
"""The decline model: name -> value and source. The values were chosen so that tries
alone and everything together come near to what was published and nobody has verified:
Stripe says that 57 % of failed recurring payments come back with everything switched
on, a critic says 21 to 26 % with tries alone. So these two prove nothing; what can be
read from the table is which part of the difference comes from what, in this model."""

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
    if cause in CUSTOMER_ONLY or dice.random() < figure("lasting"):
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


@dataclass(frozen=True)
class Policy:
    """:ivar schedule: of the tries, None = none
    :ivar tells: whether the customer is told what he can do
    """

    name: str
    schedule: retries.Schedule | None = None
    tells: bool = False


DAYS = (1, 2, 3, 5, 7, 9, 11, 14)
PAYDAYS = (1, 15, 31)
"""Tries and days of wages of the schedule that comes with the addon."""
CAPS = (
    retries.Cap("visa", 20, 30 * 24),
    retries.Cap("mastercard", 10, 24),
    retries.Cap("mastercard", 35, 30 * 24),
)
"""Those that come with the addon, as in force at ``START``."""


def _schedule(days, **values):
    return retries.Schedule(tuple(timedelta(days=day) for day in days), **values)


POLICIES = (
    Policy("nothing is done"),
    Policy("every day at the same hour", _schedule(range(1, 15))),
    Policy("our schedule without paydays", _schedule(DAYS)),
    Policy("our schedule", _schedule(DAYS, paydays=PAYDAYS)),
    Policy("no tries, but messages", tells=True),
    Policy("our schedule and messages", _schedule(DAYS, paydays=PAYDAYS), tells=True),
)
"""Policies that are compared. None tries what only the customer can help with."""


@dataclass(frozen=True)
class Outcome:
    """:ivar at: when the money came, None = not in the window
    :ivar by: ``try``, ``customer`` or None
    :ivar tries: how often was tried before that
    """

    at: datetime | None
    by: str | None
    tries: int


def meet(failure, policy):
    """What becomes of a failure under a policy.

    >>> start = datetime(2026, 1, 5, 6)
    >>> waits = Failure(start, 9.0, "passing", 1, start + timedelta(days=2), None, None)
    >>> meet(waits, POLICIES[0])
    Outcome(at=None, by=None, tries=0)
    >>> meet(waits, POLICIES[2])
    Outcome(at=datetime.datetime(2026, 1, 7, 6, 0), by='try', tries=2)

    Who is told answers, if he is one of those who do.

    >>> lost = Failure(start, 9.0, "expired", 1, None, None, 1.5)
    >>> meet(lost, POLICIES[3]).by, meet(lost, POLICIES[-1]).by
    (None, 'customer')
    """
    end, tries = failure.at + WINDOW, []
    pays_at = failure.pays_alone_at or end
    can_try = policy.schedule and failure.decline_class == "soft"
    if policy.tells and not can_try:
        pays_at = min(pays_at, _answer(failure, failure.at))
    while can_try:
        at = retries.next_retry(failure.at, tries, policy.schedule, CAPS)
        if not at or at >= min(pays_at, end):
            break
        tries.append(at)
        if failure.clears_at and failure.clears_at <= at:
            return Outcome(at, "try", len(tries))
        if policy.tells and len(tries) == 1:  # The first try comes before the message.
            pays_at = min(pays_at, _answer(failure, at))
    if pays_at < end:
        return Outcome(pays_at, "customer", len(tries))
    return Outcome(None, None, len(tries))


def _answer(failure, told_at):
    if failure.answer is None:
        return failure.at + WINDOW
    return told_at + timedelta(days=failure.answer)


def compare(failures, policies=POLICIES):
    """Per policy a dict of ``name``, ``recovered`` (share of the failed payments),
    ``amount`` (share of their amount), ``by_try``, ``by_customer`` (shares of the
    failed payments) and ``tries`` (per failed payment).

    >>> rows = compare(generate(200, 12)[1])
    >>> rows[0]["tries"], rows[0]["by_try"], len(rows) == len(POLICIES)
    (0.0, 0.0, True)
    """
    rows = []
    for policy in policies:
        met = [(failure, meet(failure, policy)) for failure in failures]
        paid = [failure for failure, outcome in met if outcome.at]
        by = {
            name: sum(outcome.by == name for _failure, outcome in met)
            for name in ("try", "customer")
        }
        count = len(met) or 1
        rows.append(
            {
                "name": policy.name,
                "recovered": len(paid) / count,
                "amount": sum(failure.amount for failure in paid)
                / (sum(failure.amount for failure in failures) or 1),
                "by_try": by["try"] / count,
                "by_customer": by["customer"] / count,
                "tries": sum(outcome.tries for _failure, outcome in met) / count,
            }
        )
    return rows


def to_markdown(subscribers=SUBSCRIBERS, months=MONTHS, seed=1):
    """The comparison as Markdown, with the model that it follows from.

    >>> "| nothing is done |" in to_markdown(20, 2)
    True
    """
    charges, failures = generate(subscribers, months, seed)
    lines = [
        f"{subscribers} subscribers, {months} months (seed {seed}): {charges} charges, "
        f"{len(failures)} failed at first. Counted is what came back within "
        f"{WINDOW.days} days. This follows from the model below and claims no more.",
        "",
        "| policy | recovered | of the amount | by a try | by the customer | tries |",
        "|---|--:|--:|--:|--:|--:|",
        *(
            f"| {row['name']} | {row['recovered']:.1%} | {row['amount']:.1%} "
            f"| {row['by_try']:.1%} | {row['by_customer']:.1%} | {row['tries']:.1f} |"
            for row in compare(failures)
        ),
        "",
        "| figure | value | source |",
        "|---|--:|---|",
        *(
            f"| {name} | {value} | {source} |"
            for name, (value, source) in MODEL.items()
        ),
    ]
    return "\n".join(lines)
