from odoo import models

from odoo.addons.dunning_automation.models.dunning_reply import EXCERPT

from ..tools.phone_numbers import as_sender


class DunningReply(models.Model):
    _inherit = "dunning.reply"

    def action_unsubscribe(self):
        """No further text message to the number that wrote one."""
        self._check_collector()
        texts = self.filtered(lambda reply: as_sender(reply.email_from or ""))
        for reply in texts:
            self.env["dunning.optout"].sudo()._add(
                reply.partner_id,
                "sms",
                as_sender(reply.email_from),
                "reply",
                reply.text[:EXCERPT],
            )
        texts.sudo()._set_handled("unsubscribe")
        return super(DunningReply, self - texts).action_unsubscribe()
