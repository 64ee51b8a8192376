"""The manager's morning, measured: the dashboard as it opens, and each of its filters,
as the web client asks the server for them."""

import statistics
import time
from datetime import timedelta
from functools import partial

SAMPLES = 5
"""Of each request, after one that warms the caches of the registry."""


def measure(env):
    """Median seconds of the dashboard's one request, on a ledger of two years.

    :return: dict with the number of ``lines`` of receivables and of ``statements`` of
        an opening, and ``requests``: {filter, or ``opening``: seconds}
    """
    manager = env["res.users"].create(
        {
            "name": "Manager",
            "login": "bench_manager",
            "group_ids": [(4, env.ref("dunning_automation.group_manager").id)],
        }
    )
    env.cr.execute(
        "UPDATE dunning_case SET user_id = %s WHERE MOD(id, 2) = 0", [manager.id]
    )
    # The rows came all at once, as no ledger grows.
    env.cr.execute("TRUNCATE dunning_dashboard_sum, dunning_dashboard_total")
    env["dunning.dashboard.sum"]._rebuild()
    env.cr.execute("ANALYZE")
    env.cr.commit()
    dashboard = env["dunning.dashboard"].with_user(manager)
    # The web client asks for the rest when the page is there.
    read = partial(dashboard.get_figures, complete=False)
    seconds, statements = {}, 0
    for name, filters in _filters(env, manager).items():
        seconds[name], count = _median(env, read, filters)
        statements = statements or count
    for name, method in (
        ("the list of debtors", dashboard.get_debtors),
        ("the check", dashboard.get_check),
    ):
        seconds[name], _count = _median(env, method, {})
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


def _median(env, read, filters):
    """(seconds, statements) of a request."""
    read(filters)
    seconds = []
    for _sample in range(SAMPLES):
        # Each request is a transaction of its own and finds an empty cache.
        env.cr.commit()
        env.invalidate_all()
        before, began = env.cr.sql_log_count, time.perf_counter()
        read(filters)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), env.cr.sql_log_count - before
