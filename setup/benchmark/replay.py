"""A replay measured: 90 days of the past, with the policies of today and beside them
with another one."""

import time
from datetime import timedelta

from . import ledger

DAYS = 90


def measure(env):
    """Seconds of a whole replay, both sides of it.

    :return: dict with ``seconds`` and the number of ``days``, ``lines``, of those that
        were ``paid`` meanwhile, and of ``messages``
    """
    company = env.company
    paid = ledger.pay(env)
    env.cr.execute("ANALYZE")
    tried = env["dunning.policy"].search([], limit=1).copy({"mode": "shadow"})
    for level in tried.level_ids.sorted("delay_days", reverse=True):
        level.delay_days += 2
    today = company._dunning_today()
    lines = env["account.move.line"].search_count(
        [
            ("account_type", "=", "asset_receivable"),
            ("parent_state", "=", "posted"),
            ("date", "<=", today),
            ("move_type", "=", "out_invoice"),
        ]
    )
    # A little earlier than the first invoice nothing can be replayed.
    replay = env["dunning.replay"].new({"company_id": company.id})
    first = replay._get_first_day()
    replay = env["dunning.replay"].create(
        {
            "policy_id": tried.id,
            "date_from": max(first, today - timedelta(days=DAYS - 1)),
            "date_to": today,
        }
    )
    env.cr.commit()
    began = time.perf_counter()
    replay._run(env.cr.commit)
    env.cr.commit()
    seconds = time.perf_counter() - began
    if replay.state != "done":
        raise RuntimeError(replay.error)
    return {
        "seconds": seconds,
        "days": (replay.date_to - replay.date_from).days + 1,
        "lines": lines,
        "paid": paid,
        "messages": replay.message_count,
    }
