from odoo.addons.dunning_automation.tools import guarded_session
from odoo.addons.sms.tools.sms_api import SmsApiBase


class SmsApiGateway(SmsApiBase):
    """Odoo's adapter for the gateway of a company, beside those of IAP and Twilio."""

    PROVIDER_TO_SMS_FAILURE_TYPE = SmsApiBase.PROVIDER_TO_SMS_FAILURE_TYPE | {
        "failed": "sms_server",
        "insufficient_credit": "sms_credit",
        "retry": "sms_server",
        "unregistered": "sms_acc",
    }

    _line = None

    def stay_connected(self, batch):
        """Read the gateway now, and keep the connection to it while ``batch`` lasts."""
        gateway = self.company.sudo().dunning_sms_gateway_id
        session = guarded_session.open_session(gateway._may_loop_back())
        self._line = gateway._get_line(batch.stack.enter_context(session))

    def _send_sms_batch(self, messages, delivery_reports_url=False):
        line = self._line or self.company.sudo().dunning_sms_gateway_id._get_line()
        return [
            line.send(number["uuid"], number["number"], message["content"])
            for message in messages
            for number in message["numbers"]
        ]

    def _get_sms_api_error_messages(self):
        return super()._get_sms_api_error_messages() | {
            "failed": self.env._("The SMS gateway refused the message."),
            "insufficient_credit": self.env._(
                "The account at the SMS gateway is empty."
            ),
            "retry": self.env._("The SMS gateway is busy or cannot be reached."),
            "unregistered": self.env._(
                "The SMS gateway does not accept our credentials."
            ),
            "wrong_number_format": self.env._(
                "The SMS gateway does not accept the number."
            ),
        }
