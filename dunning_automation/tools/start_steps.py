"""The seven steps from the installation to reminders that leave by themselves."""

from typing import NamedTuple

from odoo.tools.translate import LazyGettext, LazyTranslate

_lt = LazyTranslate(__name__, default_lang="en_US")


class Step(NamedTuple):
    """``button`` leads to the place where the step is done; ``todo`` says why."""

    code: str
    title: LazyGettext
    todo: LazyGettext
    done: LazyGettext
    button: LazyGettext


STEPS = (
    Step(
        "mail_server",
        _lt("Outgoing mail server"),
        _lt("Without one no e-mail leaves. An administrator sets it up."),
        _lt("E-mails can leave."),
        _lt("Mail Servers"),
    ),
    Step(
        "company",
        _lt("Your address, e-mail and bank account"),
        _lt("Customers must know who writes, whom to answer and where to pay."),
        _lt("Customers see who writes, whom to answer and where to pay."),
        _lt("Company Data"),
    ),
    Step(
        "policy",
        _lt("A policy that fits your customers"),
        _lt("The standard ladder is there already; six more are ready to choose from."),
        _lt("You chose how customers are reminded."),
        _lt("Choose a Template"),
    ),
    Step(
        "data",
        _lt("A look at your data"),
        _lt("Wrong data make wrong reminders. Go through the list below once."),
        _lt("You went through the list below."),
        _lt("Go to the List"),
    ),
    Step(
        "simulation",
        _lt("Try it"),
        _lt("A simulation shows who would hear what today. Nothing is sent."),
        _lt("You saw what would be sent."),
        _lt("Simulate"),
    ),
    Step(
        "review",
        _lt("Review the first run"),
        _lt("Start a run, read the notices, approve what is right: these are sent."),
        _lt("Notices of a real run were looked through."),
        _lt("Runs and Notices"),
    ),
    Step(
        "automatic",
        _lt("Let it work by itself"),
        _lt(
            "When you trust it, switch a policy to automatic. You may as well go on "
            "reviewing: then skip this."
        ),
        _lt("Notices leave as soon as they are due."),
        _lt("Policies"),
    ),
)

TICKED = ("data",)
"""Only a person can say that these are done; ticking off any other step skips it."""


def get_state(code, is_done, is_ticked):
    """State of a step.

    >>> get_state("data", False, True), get_state("company", False, True)
    ('done', 'skipped')
    >>> get_state("company", True, True), get_state("company", False, False)
    ('done', 'todo')
    """
    if is_done or is_ticked and code in TICKED:
        return "done"
    return "skipped" if is_ticked else "todo"
