"""Planning one day, measured: ours, the OCA's, and rows that merely get written."""

import time

# Insert order of what one run writes.
TABLES = (
    "dunning_case",
    "dunning_notice",
    "dunning_notice_line",
    "dunning_decision",
    "dunning_event",
)

FOREIGN_KEYS = """
    SELECT pg_get_constraintdef(oid)
      FROM pg_constraint
     WHERE contype = 'f' AND conrelid = %s::regclass
"""


def ours(env):
    """The daily run as its cron does it; the texts are written when sending."""
    began = time.perf_counter()
    run = env["dunning.run"]._run_daily(env.company, compose=False)
    env.cr.commit()
    seconds = time.perf_counter() - began
    steps = env["dunning.notice.line"].search_count(
        [("is_step", "=", True), ("level_id.delay_days", ">", 0)]
    )
    return {
        "seconds": seconds,
        "lines": run.line_count,
        "overdue_steps": steps,
        "rows": _count_rows(env),
    }


def floor(env):
    """As many rows again, by one INSERT per table, and the commit.

    ``seconds``: into tables with the same indexes (``LIKE … INCLUDING ALL``), which
    have neither foreign keys nor triggers; ``checked_seconds``: with the same foreign
    keys, too.
    """
    bare, rows = _insert_again(env)
    checked, _rows = _insert_again(env, foreign_keys=True)
    return {"seconds": bare, "checked_seconds": checked, "rows": rows}


def _insert_again(env, foreign_keys=False):
    cr = env.cr
    for table in TABLES:
        cr.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)")
        if foreign_keys:
            cr.execute(FOREIGN_KEYS, [table])
            for (definition,) in cr.fetchall():
                cr.execute(f"ALTER TABLE bench_{table} ADD {definition}")
    cr.commit()
    began = time.perf_counter()
    for table in TABLES:
        cr.execute(f"INSERT INTO bench_{table} SELECT * FROM {table}")
    cr.commit()
    seconds = time.perf_counter() - began
    rows = _count_rows(env, "bench_")
    for table in TABLES:
        cr.execute(f"DROP TABLE bench_{table}")
    cr.commit()
    return seconds, rows


def oca(env, lines):
    """OCA's own generation with a policy of the same levels, for the first `lines`
    lines of the ledger; the others are left out as if they were paid."""
    _leave_out(env, lines)
    policy = _make_oca_policy(env)
    env.company.credit_policy_id = policy
    run = env["credit.control.run"].create(
        {"date": env.company._dunning_today(), "policy_ids": [(6, 0, policy.ids)]}
    )
    env.cr.commit()
    env.invalidate_all()
    began = time.perf_counter()
    run.generate_credit_lines()
    env.cr.commit()
    seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "lines": _count_open_lines(env),
        "overdue_steps": len(run.line_ids),
    }


def _count_rows(env, prefix=""):
    counts = {}
    for table in TABLES:
        env.cr.execute(f"SELECT COUNT(*) FROM {prefix}{table}")
        [counts[table]] = env.cr.fetchone()
    return counts


OPEN_LINES = """
    FROM account_move_line
   WHERE reconciled IS NOT TRUE AND parent_state = 'posted' AND amount_residual > 0
"""


def _count_open_lines(env):
    env.cr.execute(f"SELECT COUNT(*) {OPEN_LINES}")
    return env.cr.fetchone()[0]


def _leave_out(env, lines):
    if _count_open_lines(env) > lines:
        env.cr.execute(
            "UPDATE account_move_line SET reconciled = TRUE WHERE id IN ("
            f"SELECT id {OPEN_LINES} ORDER BY id OFFSET %s)",
            [lines],
        )
        env.cr.commit()
        env.cr.execute("ANALYZE account_move_line")


def _make_oca_policy(env):
    """Our rungs after the due date, by e-mail, with OCA's own template but no PDF."""
    template = env.ref("account_credit_control.email_template_credit_control_base")
    template.report_template_ids = False
    rungs = env["dunning.policy"].search([], limit=1).level_ids
    rungs = rungs.filtered(lambda level: level.delay_days > 0).sorted("delay_days")
    receivable = env["account.account"].search(
        [("account_type", "=", "asset_receivable")]
    )
    levels = [
        {
            "name": rung.name,
            "level": number,
            "computation_mode": "net_days",
            "delay_days": rung.delay_days,
            "channel": "email",
            "email_template_id": template.id,
            "mail_show_invoice_detail": True,
            "custom_text": rung.name,
            "custom_mail_text": "<p>Our records show that these invoices are open.</p>",
        }
        for number, rung in enumerate(rungs, 1)
    ]
    return env["credit.control.policy"].create(
        {
            "name": "Benchmark",
            "account_ids": [(6, 0, receivable.ids)],
            "level_ids": [(0, 0, level) for level in levels],
        }
    )
