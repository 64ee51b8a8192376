"""The standard ladder: which rungs a new policy starts with.

Delays are days from the due date (negative = before it), the minimum interval is days
since the last message to the same debtor; the later of the two dates wins. The five
rungs are the common B2B practice collected in SAP, NetSuite and Upflow manuals:
courtesy, friendly, firm, final with a task, hand-over.
"""

STANDARD_LADDER = (
    {
        "name": "Courtesy before due date",
        "tone": "courtesy",
        "delay_days": -5,
        "min_interval_days": 5,
        "channels": ("email",),
    },
    {
        "name": "Friendly reminder",
        "tone": "friendly",
        "delay_days": 1,
        "min_interval_days": 3,
        "channels": ("email",),
    },
    {
        "name": "Firm reminder",
        "tone": "firm",
        "delay_days": 8,
        "min_interval_days": 7,
        "new_deadline_days": 7,
        "channels": ("email",),
    },
    {
        "name": "Final reminder",
        "tone": "final",
        "delay_days": 15,
        "min_interval_days": 7,
        "new_deadline_days": 7,
        "channels": ("email", "activity"),
    },
    {
        "name": "Hand-over",
        "tone": "handover",
        "delay_days": 30,
        "min_interval_days": 10,
        "channels": ("activity",),
    },
)
