"""States of a notice and the moves between them.

The main road is planned -> ready -> claimed -> sent -> delivered. The side exits say
who decided: *suppressed* is the system's (paid meanwhile, stopped, changed) and frees
the step to be planned again; *cancelled* is a person's and keeps the step as taken, so
that nothing a person refused comes back by itself. *unknown* may or may not have
arrived. A proof that it arrived settles all that left: also what failed by another
report, or waits to be tried again.
"""

PLANNED, READY, CLAIMED = "planned", "ready", "claimed"
SENT, DELIVERED = "sent", "delivered"
SUPPRESSED, CANCELLED = "suppressed", "cancelled"
FAILED, UNKNOWN = "failed", "unknown"

TRANSITIONS = {
    READY: {PLANNED, CLAIMED, FAILED, UNKNOWN},
    CLAIMED: {READY},
    SENT: {CLAIMED, UNKNOWN},
    DELIVERED: {READY, SENT, FAILED, UNKNOWN},
    FAILED: {PLANNED, READY, CLAIMED, SENT, UNKNOWN},
    UNKNOWN: {CLAIMED},
    SUPPRESSED: {PLANNED, READY, CLAIMED},
    CANCELLED: {PLANNED, READY, FAILED},
}
"""target state -> the states it may be reached from"""

PENDING = (PLANNED, READY, CLAIMED, UNKNOWN, FAILED)
"""A message that is not settled: nothing new is planned for its debtor until it is."""

LET_OUT = (READY, CLAIMED, SENT, DELIVERED, UNKNOWN, FAILED)
"""A message that left or may leave without anybody being asked again."""

RELEASED = (SUPPRESSED,)
"""States that give the steps of a notice back to the planner."""


def allowed(source, target):
    """Whether a notice may move from ``source`` to ``target``.

    >>> allowed("ready", "claimed")
    True
    >>> allowed("sent", "ready")
    False
    """
    return source in TRANSITIONS.get(target, ())
