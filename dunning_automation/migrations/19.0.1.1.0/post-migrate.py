from odoo import SUPERUSER_ID, api
from odoo.tools import SQL

UNCHECKED = {
    "dunning_decision": [
        "move_id",
        "company_id",
        "policy_id",
        "run_id",
        "level_id",
        "next_level_id",
    ],
    "dunning_notice_line": ["company_id", "level_id", "currency_id"],
}


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    _hand_cron_to_sender(env)
    _drop_foreign_keys(cr)
    # Databases that sent before there was a guard go on sending.
    env["dunning.guard"]._activate_on_install()


def _drop_foreign_keys(cr):
    """Of fields that are ``UncheckedMany2one`` now."""
    for table, columns in UNCHECKED.items():
        for column in columns:
            cr.execute(
                SQL(
                    "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s",
                    SQL.identifier(table),
                    SQL.identifier(f"{table}_{column}_fkey"),
                )
            )


def _hand_cron_to_sender(env):
    """The sender has become a model of its own; crons are not updated by themselves."""
    cron = env.ref("dunning_automation.ir_cron_deliver", raise_if_not_found=False)
    if cron:
        cron.model_id = env["ir.model"]._get("dunning.sender")
