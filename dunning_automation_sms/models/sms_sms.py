from odoo import models
from odoo.exceptions import UserError


class SmsSms(models.Model):
    _inherit = "sms.sms"

    def _filter_dunning(self):
        """Those that track a reminder."""
        uuids = [sms.uuid for sms in self if sms.uuid]
        notices_sudo = self.env["dunning.notice"].sudo()
        found = set(notices_sudo.search([("sms_uuid", "in", uuids)]).mapped("sms_uuid"))
        return self.filtered(lambda sms: sms.uuid in found)

    def _refuse_dunning(self):
        """A reminder is sent by its notice only, which knows whether it left and
        whether it is still due."""
        if self._filter_dunning():
            raise UserError(
                self.env._(
                    "This is a payment reminder: retry it on its notice, under "
                    "Collections, where it is checked whether it is still due."
                )
            )

    def resend_failed(self):
        self._refuse_dunning()
        return super().resend_failed()

    def action_set_outgoing(self):
        self._refuse_dunning()
        return super().action_set_outgoing()

    def _send(self, unlink_failed=False, unlink_sent=True, raise_exception=False):
        """Odoo's queue passes reminders by, whatever state somebody gave them."""
        others = self - self._filter_dunning()
        if not others:
            return None
        return super(SmsSms, others)._send(
            unlink_failed=unlink_failed,
            unlink_sent=unlink_sent,
            raise_exception=raise_exception,
        )
