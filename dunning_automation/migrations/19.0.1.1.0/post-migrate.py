from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """The sender has become a model of its own; crons are not updated by themselves."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    cron = env.ref("dunning_automation.ir_cron_deliver", raise_if_not_found=False)
    if cron:
        cron.model_id = env["ir.model"]._get("dunning.sender")
