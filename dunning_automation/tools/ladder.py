"""The standard ladder: which rungs a new policy starts with.

Delays are days from the due date (negative = before it), the minimum interval is days
since the last message to the same debtor; the later of the two dates wins. The five
rungs are the common B2B practice collected in SAP, NetSuite and Upflow manuals:
courtesy, friendly, firm, final with a task, hand-over.

Names and tasks are translated when they are used, see ``dunning.wording``.
"""

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__, default_lang="en_US")

TASKS = {
    "final": _lt("Call the customer: final reminder sent"),
    "handover": _lt("Decide on hand-over to a lawyer or collection agency"),
}
"""What the task of a rung says, by the tone of the rung."""

RUNG_KEYS = ("assign_to", "channels", "else_letter", "task")
"""What a rung says about its actions; all else are fields of the level."""

STANDARD_LADDER = (
    {
        "name": _lt("Courtesy before due date"),
        "tone": "courtesy",
        "delay_days": -5,
        "min_interval_days": 5,
        "channels": ("email",),
    },
    {
        "name": _lt("Friendly reminder"),
        "tone": "friendly",
        "delay_days": 1,
        "min_interval_days": 3,
        "channels": ("email",),
    },
    {
        "name": _lt("Firm reminder"),
        "tone": "firm",
        "delay_days": 8,
        "min_interval_days": 7,
        "new_deadline_days": 7,
        "channels": ("email",),
    },
    {
        "name": _lt("Final reminder"),
        "tone": "final",
        "delay_days": 15,
        "min_interval_days": 7,
        "new_deadline_days": 7,
        "channels": ("email", "activity"),
    },
    {
        "name": _lt("Hand-over"),
        "tone": "handover",
        "delay_days": 30,
        "min_interval_days": 10,
        "channels": ("activity",),
    },
)


def get_words(ladder):
    """All that a ladder says by itself: names and tasks.

    >>> [str(word) for word in get_words(STANDARD_LADDER[:1])]
    ['Courtesy before due date']
    """
    names = [rung["name"] for rung in ladder]
    return names + [rung["task"] for rung in ladder if "task" in rung]
