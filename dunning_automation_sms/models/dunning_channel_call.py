from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import plaintext2html

from odoo.addons.dunning_automation.tools import smtp_outcome
from odoo.addons.dunning_automation.tools.sender_batch import Outcome

from ..tools import sms_outcome, sms_segments


class DunningChannelCall(models.AbstractModel):
    """Channel ``call``: a machine calls, and says the text.

    The provider is asked once per claim. *Sent* means that it took the order; what the
    customer heard and pressed comes back later, see ``dunning.channel.call.talk``.
    """

    _name = "dunning.channel.call"
    _description = "Dunning Channel: Automated Call"

    call_text = fields.Text("Spoken Text", readonly=True)
    call_ref = fields.Char("Call at the Provider", readonly=True)
    call_result = fields.Char(
        readonly=True, help="Outcome that was noted on the case; empty = none yet."
    )

    def _render_call(self):
        """The action's text in the language of each recipient."""
        template = self._get_template()
        for lang, notices in self.grouped("lang").items():
            texts = template._render_field("body", notices.ids, set_lang=lang or None)
            for notice in notices:
                text = sms_segments.tidy(texts[notice.id])
                notice.write(
                    {"body": plaintext2html(text), "call_text": text, "subject": False}
                )

    def _prepare_call(self, row, batch):
        """
        :return: what is asked of the provider
        :raise ValueError: when there is nothing to say
        :raise UserError: when the company has no provider
        """
        if not self.call_text:
            raise ValueError(self.env._("The text of the call is empty."))
        gateway_sudo = self._get_call_gateway_sudo()
        if not gateway_sudo:
            raise UserError(
                self.env._(
                    "%s has no provider of automated calls: an administrator chooses "
                    "one in the settings. The call is tried again.",
                    self.company_id.name,
                )
            )
        return gateway_sudo._prepare_request(self.email_to, self._get_talk_url())

    def _get_call_gateway_sudo(self):
        return self.company_id.sudo().dunning_call_gateway_id

    def _deliver_call(self, parcel, batch):
        """Ask the provider to call.

        :raise NoConnection: when he was not reached
        """
        self.env.cr.rollback()  # No transaction while we wait for others.
        word, reference = self.env["dunning.call.gateway"]._call(parcel)
        code = sms_outcome.of_state(word)
        if code == sms_outcome.SENT:
            return Outcome(code, then=lambda: self._keep_call(parcel, reference))
        if code == smtp_outcome.RETRY:
            raise smtp_outcome.NoConnection(
                self.env._(
                    "The provider of calls is busy or cannot be reached. The call is "
                    "tried again."
                )
            )
        if code == smtp_outcome.UNKNOWN:
            return Outcome(
                code,
                self.env._(
                    "The provider of calls did not say clearly whether it calls: look "
                    "at your account there before you call again."
                ),
            )
        reason = self.env._("The provider of calls refused.")
        if word in sms_outcome.WRONG_NUMBER:
            reason = self.env._("The provider of calls does not accept the number.")
            return Outcome(code, reason, then=lambda: self._bounce(reason))
        return Outcome(code, reason)

    def _keep_call(self, parcel, reference):
        """What the provider calls it; the demo goes on at once."""
        self.call_ref = reference
        if parcel["demo"]:
            self._pretend_call()
