"""What customers of the demo answered, so that every page has something to show."""

from datetime import timedelta
from email.message import EmailMessage
from email.utils import make_msgid

from odoo import Command

MAILS = (
    "Hello,\n\nwe have transferred the amount on Monday, please check your bank.\n\nA.",
    "Guten Tag,\n\nwir zahlen am kommenden Freitag.\n\nMit freundlichen Grüßen",
    "Bonjour,\n\nla marchandise est arrivée endommagée, nous contestons la facture.",
)


def answer(env):
    """Once: promises, disputes, a plan, a hold, calls and mails of those who owe most.
    Some of each, no more: most customers are silent.

    :param env: Odoo environment of the superuser
    """
    if env["dunning.promise"].search_count([], limit=1):
        return
    collector = env["res.users"].search([("login", "=", "collector")])
    cases = env["dunning.case"].search(
        [("state", "=", "open"), ("overdue_amount", ">", 0)],
        order="overdue_amount desc",
        limit=40,
    )
    told = iter(
        cases.filtered(lambda case: case.partner_id.email_normalized)
        .with_user(collector)
        .with_context(allowed_company_ids=collector.company_ids.ids)
    )
    for days in (0, 2, 6, 9):
        _agree(env["dunning.promise"], next(told), date=_today(env, days))
    for reason in ("quality", "price"):
        reason = env.ref(f"dunning_automation.dispute_reason_{reason}")
        _agree(env["dunning.dispute"], next(told), one=True, reason_id=reason.id)
    plan = _agree(env["dunning.plan"], next(told))
    plan.action_generate()
    plan.action_confirm()
    insolvency = env.ref("dunning_automation.hold_reason_insolvency")
    case = next(told)
    case.env["dunning.hold"].create(
        {"case_id": case.id, "partner_id": case.partner_id.id}
        | {"reason_id": insolvency.id, "date_end": _today(env, 60)}
    )
    for outcome, note in (
        ("reached", "Pays with the next batch, at the end of the week."),
        ("voicemail", "Asked to be called back."),
        ("no_answer", False),
    ):
        case = next(told)
        case.env["dunning.call"].create(
            {"case_id": case.id, "outcome": outcome, "note": note}
        )
    env.flush_all()
    _write(env, cases)


def _today(env, days):
    return env.company._dunning_today() + timedelta(days=days)


def _agree(model, case, one=False, **values):
    """An agreement of the collector about what is overdue, or one item of it."""
    lines = case.decision_ids.filtered(
        lambda decision: decision.date_due < case.company_id._dunning_today()
    ).move_line_id.filtered(lambda line: line.amount_residual > 0)
    currency = lines.currency_id[:1]
    lines = lines.filtered(lambda line: line.currency_id == currency)
    lines = lines[:1] if one else lines
    values |= {"case_id": case.id, "partner_id": case.partner_id.id}
    values["move_line_ids"] = [Command.set(lines.ids)]
    return model.with_env(case.env).with_company(case.company_id).create(values)


def _write(env, cases):
    """The mails arrive as Odoo's gateway gets them."""
    notices = env["dunning.notice"].search(
        [("state", "=", "sent"), ("channel", "=", "email")]
        + [("case_id", "in", cases.ids[20:])],
    )
    for text, notice in zip(MAILS, notices, strict=False):
        mail = EmailMessage()
        mail["From"], mail["To"] = notice.email_to, "billing@example.com"
        mail["Subject"] = f"Re: {notice.subject}"
        mail["Message-ID"] = make_msgid(domain="customer.example")
        mail["In-Reply-To"] = mail["References"] = notice.message_id
        mail.set_content(text)
        env["mail.thread"].message_process(None, mail.as_bytes())
