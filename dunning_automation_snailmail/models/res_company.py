from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    dunning_snailmail = fields.Boolean(
        "Send Letters by Post through Snailmail",
        help="Letters of reminders leave by themselves instead of waiting to be "
        "printed. Each one costs credits.",
    )
