from odoo.tools import SQL

from .fields import PREFIX


def post_init_hook(env):
    """Every company starts with the standard policy, in review."""
    env["res.company"].search([])._dunning_create_policies()
    env["dunning.guard"]._activate_on_install()


def uninstall_hook(env):
    """The tables go. What Odoo does not know that it is ours goes here, and what would
    hold Odoo up."""
    cr = env.cr
    functions = env.execute_query(
        SQL(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE proname LIKE %s",
            f"{PREFIX}%",
        )
    )
    for (function,) in functions:
        cr.execute(SQL("DROP FUNCTION %s CASCADE", SQL(function)))
    cr.execute(
        "DROP FUNCTION IF EXISTS dunning_append_only, dunning_event_update,"
        " dunning_reference_tokens CASCADE"
    )
    # Rows that are about to go protect templates that Odoo deletes before them.
    keys = env.execute_query(
        SQL(
            """SELECT conrelid::regclass::text, conname
                 FROM pg_constraint
                WHERE contype = 'f' AND confdeltype = 'r'
                  AND starts_with(conrelid::regclass::text, 'dunning_')"""
        )
    )
    for table, key in keys:
        cr.execute(
            SQL(
                "ALTER TABLE %s DROP CONSTRAINT %s",
                SQL.identifier(table),
                SQL.identifier(key),
            )
        )
    # Names that other addons gave to what our models inherit from them.
    cr.execute(
        """DELETE FROM ir_model_data
            WHERE model IN ('ir.model.fields.selection', 'ir.model.inherit')
              AND name ~ '^(selection|model_inherit)__dunning_'
              AND NOT starts_with(module, 'dunning_automation')"""
    )
    env["ir.config_parameter"].search(
        [("key", "=like", "dunning_automation.%")]
    ).unlink()
