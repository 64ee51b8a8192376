from odoo import fields, models
from odoo.exceptions import UserError

from ..tools import sms_outcome
from ..tools.phone_numbers import sms_number


class DunningSmsTest(models.TransientModel):
    """To whom a test message goes, and what the gateway said to it."""

    _name = "dunning.sms.test"
    _description = "Test Message through an SMS Gateway"

    gateway_id = fields.Many2one("dunning.sms.gateway", required=True, readonly=True)
    number = fields.Char("To", required=True, help="Your own mobile number, with +.")
    text = fields.Char(
        required=True, default=lambda self: self.env._("A test message of Odoo")
    )
    result = fields.Char(readonly=True)

    def action_send(self):
        """Hand it over once and show the answer."""
        self.ensure_one()
        self.check_access("write")
        number, _reason = sms_number(self.number, self.env.company.country_id.code)
        if not number:
            raise UserError(
                self.env._(
                    "“%s” is no mobile number: write it with + and the country code.",
                    self.number,
                )
            )
        self.env.flush_all()  # Nothing that could fail comes after the message.
        sent = self.gateway_id._send(self._get_key(), number, self.text)
        self.result = self._get_words(sent)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Test Message"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _get_key(self):
        """Two clicks in one dialog are one message, where gateways know keys."""
        return f"{self.id:032x}"

    def _get_words(self, sent):
        outcome = sms_outcome.of_state(sent["state"])
        if outcome == sms_outcome.SENT:
            return self.env._(
                "Accepted, number %s", sent["provider_ref"] or self.env._("unknown")
            )
        if outcome == sms_outcome.RETRY:
            return self.env._("Busy, or cannot be reached: try again in a moment.")
        if outcome == sms_outcome.UNKNOWN:
            return self.env._(
                "The answer makes no sense: compare the paths of the gateway with the "
                "provider's documentation."
            )
        return self.env._("Refused: %s", sent["state"].replace("_", " "))
