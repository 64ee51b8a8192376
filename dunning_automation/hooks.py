from odoo.tools import SQL

from .fields import PREFIX


def post_init_hook(env):
    """Every company starts with the standard policy, in review."""
    env["res.company"].search([])._dunning_create_policies()
    env["dunning.guard"]._activate_on_install()


def uninstall_hook(env):
    """The tables go, the functions of their triggers stay behind otherwise."""
    functions = env.execute_query(
        SQL(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE proname LIKE %s",
            f"{PREFIX}%",
        )
    )
    for (function,) in functions:
        env.cr.execute(SQL("DROP FUNCTION %s CASCADE", SQL(function)))
    env.cr.execute(
        "DROP FUNCTION IF EXISTS dunning_append_only, dunning_event_update,"
        " dunning_reference_tokens CASCADE"
    )
