"""Ready-made policies: six ladders for six kinds of customers.

Each begins in review. Its days follow what collection manuals and the law say:

- ``business_gentle``: customers whom one wants to keep. A courtesy a week before, so
  that a missing invoice is noticed in time; a first reminder only after a payment run
  of the customer may have passed (5 days); two weeks between the next steps.
- ``business_firm``: EU directive 2011/7 lets interest run from the day after the due
  date, without a reminder. So the first one comes on the next day, then weekly; the
  formal one goes by post, too, because it must be proven.
- ``consumer``: nobody is in default by surprise (in Germany only 30 days after an
  invoice that says so, BGB 286), so each demand sets a term of two weeks, no phone
  call is made, and a person looks before the last one. Without e-mail a letter goes.
- ``public``: authorities may take 30, at most 60 days by the directive, and pay by
  file: a message per invoice. Most late ones lie in the wrong office, so a call to find
  the file comes before anything firm.
- ``key``: the salesperson knows first, every message waits for an approval, and the
  firm one comes only when a tenth of the account is overdue.
- ``subscription``: small amounts, many at a time, often a card that expired. Short
  steps within the window of four weeks in which card payments are recovered (27 days
  or more are recommended), then a person decides about the service.

The interval of a rung is never longer than its distance from the rung below: who is
reminded from the due date on meets each rung on its day.
"""

from odoo.tools.translate import LazyTranslate

from .ladder import get_words

_lt = LazyTranslate(__name__, default_lang="en_US")


def _rung(delay_days, tone, name, *channels, interval=7, **values):
    return {
        "name": name,
        "tone": tone,
        "delay_days": delay_days,
        "min_interval_days": interval,
        "channels": channels,
        **values,
    }


COURTESY = _lt("Courtesy before due date")
FRIENDLY = _lt("Friendly reminder")
SECOND = _lt("Second reminder")
FIRM = _lt("Firm reminder")
FORMAL = _lt("Formal notice")
FINAL = _lt("Final reminder")
HANDOVER = _lt("Hand-over")
CLARIFY = _lt("Clarify by phone")

READY_POLICIES = {
    "business_gentle": {
        "name": _lt("Businesses, gentle"),
        "summary": _lt(
            "For customers you want to keep: patient, friendly for a month, a call "
            "before the end."
        ),
        "levels": (
            _rung(-7, "courtesy", COURTESY, "email"),
            _rung(5, "friendly", FRIENDLY, "email"),
            _rung(15, "friendly", SECOND, "email"),
            _rung(30, "firm", FIRM, "email", new_deadline_days=14),
            _rung(45, "final", FINAL, "email", "phone", new_deadline_days=10),
            _rung(60, "handover", HANDOVER, "activity"),
        ),
    },
    "business_firm": {
        "name": _lt("Businesses, firm"),
        "summary": _lt(
            "Interest runs from the first day late, so does this: weekly steps, the "
            "formal one by post, a decision after 30 days."
        ),
        "levels": (
            _rung(-3, "courtesy", COURTESY, "email", interval=3),
            _rung(1, "friendly", FRIENDLY, "email", interval=3),
            _rung(8, "firm", FIRM, "email", new_deadline_days=7),
            _rung(15, "final", FORMAL, "email", "letter", new_deadline_days=7),
            _rung(22, "final", FINAL, "email", "phone", new_deadline_days=7),
            _rung(30, "handover", HANDOVER, "activity"),
        ),
    },
    "consumer": {
        "name": _lt("Consumers"),
        "summary": _lt(
            "For private persons: clear terms of two weeks, no calls, a letter where "
            "there is no e-mail, and a person looks before the last step."
        ),
        "partner_domain": "[('is_company', '=', False)]",
        "min_overdue_amount": 5.0,
        "levels": (
            _rung(4, "friendly", FRIENDLY, "email", "letter", else_letter=True),
            _rung(
                18,
                "firm",
                FIRM,
                "email",
                "letter",
                else_letter=True,
                interval=14,
                new_deadline_days=14,
            ),
            _rung(
                35,
                "final",
                FINAL,
                "email",
                "letter",
                interval=14,
                new_deadline_days=14,
                requires_review=True,
            ),
            _rung(55, "handover", HANDOVER, "activity", interval=14, min_balance=50.0),
        ),
    },
    "public": {
        "name": _lt("Public sector"),
        "summary": _lt(
            "Authorities pay late and by file: a message per invoice, a call to find "
            "the file, nothing firm before day 35."
        ),
        "tag": _lt("Public sector"),
        "grouping": "invoice",
        "levels": (
            _rung(7, "friendly", FRIENDLY, "email"),
            _rung(
                20,
                "friendly",
                CLARIFY,
                "phone",
                task=_lt(
                    "Ask which office has the invoice and whether it was approved"
                ),
            ),
            _rung(
                35,
                "firm",
                FIRM,
                "email",
                "letter",
                else_letter=True,
                interval=14,
                new_deadline_days=14,
            ),
            _rung(
                60,
                "final",
                FORMAL,
                "email",
                "letter",
                interval=14,
                new_deadline_days=14,
                requires_review=True,
            ),
            _rung(
                90,
                "handover",
                HANDOVER,
                "activity",
                interval=14,
                task=_lt("Decide whether to claim the interest from the authority"),
            ),
        ),
    },
    "key": {
        "name": _lt("Key accounts"),
        "summary": _lt(
            "The salesperson knows first, and every message waits for your approval. "
            "Firm only when a tenth of the account is overdue."
        ),
        "tag": _lt("Key account"),
        "levels": (
            _rung(
                3,
                "friendly",
                _lt("Salesperson informed"),
                "notification",
                interval=0,
                assign_to="salesperson",
                task=_lt("An invoice of your customer is overdue"),
            ),
            _rung(10, "friendly", FRIENDLY, "email", requires_review=True),
            _rung(
                20,
                "friendly",
                CLARIFY,
                "phone",
                assign_to="salesperson",
                task=_lt("Ask your customer what keeps the payment back"),
            ),
            _rung(
                35,
                "firm",
                FIRM,
                "email",
                interval=14,
                min_percentage=10.0,
                new_deadline_days=14,
                requires_review=True,
            ),
            _rung(
                60,
                "handover",
                _lt("Decision of the management"),
                "activity",
                interval=14,
                task=_lt("Decide with the salesperson how to go on"),
            ),
        ),
    },
    "subscription": {
        "name": _lt("Subscriptions"),
        "summary": _lt(
            "Small amounts that come back each month: short steps by e-mail for three "
            "weeks, then you decide about the service."
        ),
        "tag": _lt("Subscription"),
        "levels": (
            _rung(-3, "courtesy", COURTESY, "email", interval=3),
            _rung(1, "friendly", FRIENDLY, "email", interval=3),
            _rung(5, "friendly", SECOND, "email", interval=4),
            _rung(12, "firm", FIRM, "email", new_deadline_days=7),
            _rung(20, "final", FINAL, "email", new_deadline_days=7),
            _rung(
                28,
                "handover",
                _lt("Decision about the service"),
                "activity",
                task=_lt("Decide whether the service is paused"),
            ),
        ),
    },
}
"""``tag``: meant for some customers only, whom nothing in Odoo marks; a tag may."""


def get_ready_words():
    """All that the ready-made policies write into levels and tasks.

    >>> "Hand-over" in map(str, get_ready_words())
    True
    """
    ladders = (policy["levels"] for policy in READY_POLICIES.values())
    return [word for ladder in ladders for word in get_words(ladder)]


def describe(code):
    """What a card shows of a ready-made policy, its texts still lazy.

    >>> card = describe("business_firm")
    >>> [rung["days"] for rung in card["rungs"]]
    [-3, 1, 8, 15, 22, 30]
    >>> card["rungs"][3]["channels"]
    ['email', 'letter']
    """
    policy = READY_POLICIES[code]
    return {
        "code": code,
        "name": policy["name"],
        "summary": policy["summary"],
        "rungs": [
            {
                "days": rung["delay_days"],
                "tone": rung["tone"],
                "name": rung["name"],
                "channels": list(rung["channels"]),
                "is_choice": rung.get("else_letter", False),
            }
            for rung in policy["levels"]
        ],
    }


def get_defaults(code):
    """Fields of the policy that are neither its name nor its ladder.

    >>> get_defaults("public")
    {'grouping': 'invoice'}
    """
    said = ("levels", "name", "partner_domain", "summary", "tag")
    policy = READY_POLICIES[code]
    return {key: value for key, value in policy.items() if key not in said}
