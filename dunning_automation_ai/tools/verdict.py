"""Which model a company uses after a training: challenger, champion or rule."""

from typing import NamedTuple

RULE = "rule"


class Verdict(NamedTuple):
    """``head`` and ``day_head`` are used from now on, ``reason`` says why the model
    that was tried is not, and is None where it is."""

    head: str
    day_head: str
    reason: str | None


GAIN = 0.0005
"""Brier score by which economic indicators have to improve the back-test."""


def worth_it(plain, rich):
    """Whether economic indicators are taken in: with them the model is better over all,
    in most cut-offs, and than the rule.

    :param plain: ``BackTest`` without them, ``rich`` with them, of the same lines
    """
    if not plain.folds or not rich.beats_rule():
        return False
    better = [
        brier(one) < brier(other)
        for one, other in zip(rich.folds, plain.folds, strict=True)
    ]
    return (
        plain.brier("late") - rich.brier("late") >= GAIN
        and sum(better) > len(better) / 2
    )


def brier(fold):
    """Of one cut-off."""
    return float(((fold.chances["late"] - fold.late) ** 2).mean())


def decide(result, tried, champion=RULE):
    """Compare on the same cut-offs.

    :param result: ``BackTest``, with the chances of ``champion`` where it is not the
        model that was ``tried``
    :param tried: name of the model that the number of lines allows
    :param champion: name of the model in use
    """
    day_head = "trees" if result.beats_day_rule() else RULE
    if tried == RULE:
        return Verdict(RULE, day_head, "few_lines")
    if not result.folds:
        return Verdict(RULE, day_head, "no_cut_off")
    other = champion not in (RULE, tried)
    kept = other and result.beats_rule("champion")
    if result.beats_rule():
        if kept and result.brier("champion") < result.brier("late"):
            return Verdict(champion, day_head, "champion_better")
        return Verdict(tried, day_head, None)
    return Verdict(champion if kept else RULE, day_head, "rule_better")
