import logging

import requests

from odoo import api, fields, models, modules
from odoo.exceptions import ValidationError

from odoo.addons.dunning_automation.tools import guarded_session

from ..tools import call_script, http_gateway, sms_outcome

_logger = logging.getLogger(__name__)

RULES = http_gateway.Rules(
    id_path="sid",
    code_path="code",
    codes={
        "20003": "unregistered",
        "20429": "retry",
        "21201": "wrong_number_format",
        "21211": "wrong_number_format",
        "21214": "wrong_number_format",
        "21217": "wrong_number_format",
    },
)
"""twilio.com/docs/api/errors"""


class DunningCallGateway(models.Model):
    """A provider of automated calls, which speaks Twilio's REST interface and markup.

    Only administrators see it: it holds a secret.
    """

    _name = "dunning.call.gateway"
    _description = "Gateway for Automated Calls"
    _order = "name, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    provider = fields.Selection(
        [("twilio", "Twilio or compatible"), ("demo", "Demo: calls nobody")],
        required=True,
        default="twilio",
        help="The demo decides by the last two digits of the number: 01 = no answer, "
        "02 = busy, 03 = voicemail, 04, 05, 06, 09 = the keys 1, 2, 3, 9, 07 = no "
        "clear answer; others listen.",
    )
    url = fields.Char("URL", default="https://api.twilio.com/2010-04-01")
    account = fields.Char(help="Twilio: the Account SID.")
    secret = fields.Char(
        copy=False,
        groups="base.group_system",
        help="Twilio: the auth token. It also proves that what we hear of a call comes "
        "from the provider.",
    )
    sender = fields.Char("Caller", help="The number that the customer sees.")
    detects_machines = fields.Boolean(
        "Recognize Voicemail", default=True, help="Costs extra at most providers."
    )
    transfer_number = fields.Char(
        help="Where customers are put through who want to talk to a person. Empty = "
        "they are called back."
    )

    @api.constrains("provider", "url")
    def _check_url(self):
        for gateway in self.filtered(lambda gateway: gateway.provider == "twilio"):
            try:
                guarded_session.check_url(gateway.url, self._may_loop_back())
            except guarded_session.UnsafeAddress as error:
                raise ValidationError(
                    self.env._(
                        "“%s” cannot be called: enter a URL that begins with https:// "
                        "and holds no password.",
                        gateway.name,
                    )
                ) from error

    @api.model
    def _may_loop_back(self):
        """Tests have their provider on this machine; nobody else may."""
        return bool(modules.module.current_test)

    def _prepare_request(self, number, talk_url):
        """What is asked of the provider.

        :param str talk_url: where the provider asks what to say; ends with a slash
        """
        self.ensure_one()
        fields_ = {
            "To": number,
            "From": self.sender or "",
            "Url": f"{talk_url}menu",
            "StatusCallback": f"{talk_url}status",
            "Timeout": "30",
        }
        if self.detects_machines:
            fields_["MachineDetection"] = "Enable"
        return {
            "url": f"{self.url}/Accounts/{self.account or ''}/Calls.json",
            "options": {
                "data": fields_,
                "auth": (self.account or "", self.secret or ""),
            },
            "demo": self.provider == "demo",
            "number": number,
        }

    @api.model
    def _call(self, asked):
        """Ask for one call, once.

        :param dict asked: of ``_prepare_request``
        :return: ``(word, number at the provider)``, see ``http_gateway.judge``
        """
        if asked["demo"]:
            is_lost = call_script.DEMO.get(asked["number"][-2:]) == "unknown"
            return ("unknown", None) if is_lost else ("success", "demo")
        try:
            answer = guarded_session.call(
                "POST", asked["url"], self._may_loop_back(), **asked["options"]
            )
        except guarded_session.UnsafeAddress:
            _logger.warning("Call gateway: address not allowed")
            return sms_outcome.FAILED, None
        except requests.RequestException as error:
            _logger.info("Call gateway: %s", type(error).__name__)
            return sms_outcome.of_error(error), None
        try:
            data = answer.json()
        except ValueError:
            data = None
        return http_gateway.judge(RULES, answer.status_code, data)
