"""The risk of a customer, from the predictions of his open lines and our own records.

The score is the chance that his money is still out in 30 days, weighted by amount, and
joined with broken promises and earlier episodes as ``dunning_automation.tools.risk``
joins them: as independent reasons, so it never falls when something gets worse.
"""

from odoo.addons.dunning_automation.tools import risk

OWN_RECORDS = ("broken", "episodes")
MANUAL = {"low": 0.15, "medium": 0.45, "high": 0.8}
"""The score that a band chosen by a person stands for: the middle of the band."""


def score(stays_open, history):
    """The risk between 0 and 1.

    >>> score(0.5, risk.History())
    0.5
    >>> score(0.5, risk.History(broken=1))
    0.625
    """
    rest = 1 - stays_open
    strengths = risk.strengths(history, 0)
    for name in OWN_RECORDS:
        rest *= 1 - risk.WEIGHTS[name] * strengths[name]
    return round(1 - rest, 4)


def reasons(stays_open, history, day):
    """Codes of what to say about the score, with their figures.

    :param str day: of the model, ISO

    >>> reasons(0.5, risk.History(broken=2), "2026-11-27")
    [['stays_open', 50, '2026-11-27'], ['broken', 2]]
    """
    said = [["stays_open", round(stays_open * 100), day]]
    for name in OWN_RECORDS:
        if getattr(history, name):
            said.append([name, getattr(history, name)])
    return said
