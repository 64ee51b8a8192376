"""The manager's morning, measured: the dashboard as it opens, and each of its filters,
as the web client asks the server for them."""

import statistics
import time
from datetime import timedelta

from . import ledger

SAMPLES = 5
"""Of each request, after one that warms the caches of the registry."""


def measure(env):
    """Median seconds of the dashboard's one request, on a ledger whose customers paid.

    :return: dict with the number of ``lines`` of receivables and of ``statements`` of
        an opening, and ``requests``: {filter, or ``opening``: seconds}
    """
    ledger.pay(env)
    manager = env["res.users"].create(
        {
            "name": "Manager",
            "login": "bench_manager",
            "group_ids": [(4, env.ref("dunning_automation.group_manager").id)],
        }
    )
    cases = env["dunning.case"].search([("state", "=", "open")])
    cases[: len(cases) // 2].user_id = manager
    env.cr.commit()
    # As autovacuum does by the next morning.
    env.cr.execute("ANALYZE")
    env.cr.commit()
    dashboard = env["dunning.dashboard"].with_user(manager)
    seconds, statements = {}, 0
    for name, filters in _filters(env, manager).items():
        dashboard.get_figures(filters)
        seconds[name], count = _median(env, dashboard, filters)
        statements = statements or count
    lines = env["account.move.line"].search_count(
        [("account_type", "=", "asset_receivable"), ("parent_state", "=", "posted")]
    )
    return {"lines": lines, "statements": statements, "requests": seconds}


def _filters(env, manager):
    """{name: filters}, the opening first; half of the cases are the manager's."""
    company = env.company
    today = company._dunning_today()
    policy = env["dunning.policy"]._search_applicable(company)[:1]
    return {
        "opening": {},
        "last month": {"date": f"{today - timedelta(days=30)}"},
        "one month": {"months": 1},
        "a year": {"months": 12},
        "currency": {"currency_id": company.currency_id.id},
        "policy": {"policy_id": policy.id},
        "collector": {"user_id": manager.id},
    }


def _median(env, dashboard, filters):
    """(seconds, statements) of a request."""
    seconds = []
    for _sample in range(SAMPLES):
        # Each request is a transaction of its own and finds an empty cache.
        env.cr.commit()
        env.invalidate_all()
        before, began = env.cr.sql_log_count, time.perf_counter()
        dashboard.get_figures(filters)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), env.cr.sql_log_count - before
