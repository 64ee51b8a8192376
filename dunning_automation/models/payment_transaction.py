from odoo import fields, models


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    dunning_notice_id = fields.Many2one(
        "dunning.notice",
        "Reminder",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups="account.group_account_invoice,account.group_account_readonly",
        help="With its link the customer opened his account and paid.",
    )

    def _post_process(self):
        result = super()._post_process()
        for tx_sudo in self.sudo().filtered("dunning_notice_id"):
            if tx_sudo.state == "done":
                tx_sudo.dunning_notice_id._tell_paid_online(tx_sudo)
        return result
