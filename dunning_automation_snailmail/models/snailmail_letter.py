from odoo import models
from odoo.exceptions import UserError


class SnailmailLetter(models.Model):
    _inherit = "snailmail.letter"

    def _filter_dunning(self):
        """Those that track a reminder."""
        notices_sudo = self.env["dunning.notice"].sudo()
        return notices_sudo.search(
            [("snailmail_letter_id", "in", self.ids)]
        ).snailmail_letter_id.with_env(self.env)

    def snailmail_print(self):
        """A reminder is sent by its notice only, which knows whether it left and
        whether it is still due."""
        if self._filter_dunning():
            raise UserError(
                self.env._(
                    "This is a payment reminder: retry it on its notice, under "
                    "Collections, where it is checked whether it is still due."
                )
            )
        return super().snailmail_print()

    def _snailmail_print(self, immediate=True):
        """The queue of Snailmail passes reminders by."""
        others = self - self._filter_dunning()
        return super(SnailmailLetter, others)._snailmail_print(immediate=immediate)
