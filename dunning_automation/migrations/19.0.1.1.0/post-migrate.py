from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    _hand_cron_to_sender(env)
    # Databases that sent before there was a guard go on sending.
    env["dunning.guard"]._activate_on_install()


def _hand_cron_to_sender(env):
    """The sender has become a model of its own; crons are not updated by themselves."""
    cron = env.ref("dunning_automation.ir_cron_deliver", raise_if_not_found=False)
    if cron:
        cron.model_id = env["ir.model"]._get("dunning.sender")
