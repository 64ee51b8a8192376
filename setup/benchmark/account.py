"""A customer with many open invoices looks at his account: our page beside Odoo's
``/my/invoices``, through Odoo's own HTTP stack in one process."""

import statistics
import time

OPEN = 1_000
"""Invoices of the customer, if the ledger has as many."""
SAMPLES = 15
"""Of both pages, in turn, after `WARMING` that fill the caches of the registry."""
WARMING = 3


def measure(env):
    """Median seconds of the two pages, for the same portal user.

    :return: dict with ``lines`` (of the ledger), ``invoices`` (of the customer),
        ``ours_s``, ``odoo_s``, ``ours_shown`` and ``odoo_shown`` (invoices on the page)
    """
    user = _make_customer(env)
    pages = {"ours": f"/my/dunning/{env.company.id}", "odoo": "/my/invoices"}
    [[lines, invoices]] = env.execute_query(
        _count(user.partner_id.commercial_partner_id)
    )
    env.cr.commit()
    client = _log_in(env, user)
    seconds = {name: [] for name in pages}
    shown = {}
    for sample in range(WARMING + SAMPLES):
        for name, path in pages.items():
            began = time.perf_counter()
            answer = client.get(path)
            text = answer.get_data(as_text=True)
            if sample >= WARMING:
                seconds[name].append(time.perf_counter() - began)
            if answer.status_code != 200:
                raise RuntimeError(f"{path} answers {answer.status}")
            shown[name] = text.count("BENCH/")
    return {
        "lines": lines,
        "invoices": invoices,
        "ours_s": statistics.median(seconds["ours"]),
        "odoo_s": statistics.median(seconds["odoo"]),
        "ours_shown": shown["ours"],
        "odoo_shown": shown["odoo"],
    }


def _make_customer(env):
    """A portal user whose customer owes the first invoices of the ledger."""
    customer = env["res.partner"].create({"name": "Large Customer", "is_company": True})
    user = env["res.users"].create(
        {
            "name": "Reader",
            "login": "bench_portal",
            "group_ids": [(6, 0, env.ref("base.group_portal").ids)],
        }
    )
    user.partner_id.parent_id = customer
    env.flush_all()
    env.cr.execute(
        """WITH taken AS (
               UPDATE account_move
                  SET partner_id = %(customer)s, commercial_partner_id = %(customer)s,
                      partner_shipping_id = %(customer)s
                WHERE id IN (SELECT id
                               FROM account_move
                              WHERE name LIKE 'BENCH/%%' AND state = 'posted'
                              ORDER BY id
                              LIMIT %(number)s)
            RETURNING id)
           UPDATE account_move_line
              SET partner_id = %(customer)s
            WHERE move_id IN (SELECT id FROM taken)""",
        {"customer": customer.id, "number": OPEN},
    )
    env.cr.execute("ANALYZE account_move; ANALYZE account_move_line")
    env.invalidate_all()
    return user


def _count(customer):
    from odoo.tools import SQL

    return SQL(
        """SELECT COUNT(*), COUNT(*) FILTER (WHERE partner_id = %s)
             FROM account_move_line
            WHERE date_maturity IS NOT NULL AND parent_state = 'posted'""",
        customer.id,
    )


def _log_in(env, user):
    """A client of Odoo's WSGI application with a session of ``user``."""
    from werkzeug.test import Client

    from odoo import http
    from odoo.service import security

    session = http.root.session_store.new()
    session.update(http.get_default_session(), db=env.cr.dbname, _trace_disable=True)
    user_env = env(user=user)
    session.uid, session.login = user.id, user.login
    session.session_token = security.compute_session_token(session, user_env)
    session.context = dict(user_env["res.users"].context_get())
    http.root.session_store.save(session)
    client = Client(http.root)
    client.set_cookie("session_id", session.sid)
    return client
