"""The chance that a line is paid more than 30 days late: model, rule, same for all."""

from . import late_model

DAYS = 30
"""Days after the due date."""


def outcomes(samples, day):
    """1.0 where the line was that late, as far as known; of lines whose 30 days are
    over."""
    return (samples.days_late(day) > DAYS) * 1.0


def learnable(known, day):
    """The lines of which ``day`` knows whether they were so late, and the outcomes."""
    matured = known.where(known.matured(day, DAYS))
    return matured, outcomes(matured, day)


def rule(matured, late):
    """The customer's late share, as far as it tells: scaled to the share that is so
    late; the same chance for all where none is, or all are."""
    if not 0 < late.sum() < len(late):
        return late_model.Base(matured, late, 0)
    return late_model.Scaled(late_model.Rule(), matured, late)


def models(known, day):
    """All that are compared in a back-test: {"late", "rule", "base"}."""
    matured, late = learnable(known, day)
    base = late_model.Base(matured, late, 0)
    head = late_model.choose(late)
    return {
        "late": base if head is late_model.Rule else head(matured, late),
        "rule": rule(matured, late),
        "base": base,
    }


def fit(known, day, head):
    """The model that predicts, and the rule for customers without history.

    :param head: the name of the model; the rule where there is nothing to tell apart
    :return: a pair; None where nothing has matured
    """
    matured, late = learnable(known, day)
    if not len(late):
        return None
    plain = rule(matured, late)
    learns = head in ("blend", "trees") and 0 < late.sum() < len(late)
    return (late_model.HEADS[head](matured, late) if learns else plain), plain
