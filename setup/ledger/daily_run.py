"""One dunning run per company, the sending of what it planned, and a table of it."""

from collections import Counter


def run(env, date):
    """Run every company for ``date`` (its today if None), send, and describe.

    :return: text table: open lines seen, decisions by reason, notices by level,
        channel and state
    """
    runs = env["dunning.run"].browse()
    for company in env["res.company"].search([]):
        if env["dunning.policy"]._search_applicable(company):
            runs |= env["dunning.run"].with_company(company)._run_daily(company, date)
            env.cr.commit()
    env["dunning.sender"]._cron_deliver()
    return "\n\n".join(_describe(run) for run in runs)


def _describe(run):
    outcomes = dict(run.env["dunning.decision"]._fields["outcome"].selection)
    reasons = dict(run.env["dunning.decision"]._fields["reason"].selection)
    rows = [("Open lines seen", run.line_count)]
    for outcome, by_reason in sorted((run.counters or {}).items()):
        for reason, count in sorted(by_reason.items()):
            rows.append((f"  {outcomes[outcome]}: {reasons[reason]}", count))
    notices = run.notice_ids.sorted(lambda notice: notice.level_id.delay_days)
    rows.append(("Notices", len(notices)))
    kinds = Counter(
        f"  {notice.level_id.display_name}, {notice.channel}: {notice.state}"
        for notice in notices
    )
    rows += kinds.items()
    accepted = notices.filtered(
        lambda notice: notice.channel == "email" and notice.state == "sent"
    )
    rows.append(("Messages accepted by SMTP", len(accepted)))
    width = max(len(label) for label, _count in rows)
    lines = [f"{label:<{width}}  {count:>7}" for label, count in rows]
    return "\n".join([f"{run.company_id.name}, {run.date}", *lines])
