"""A gateway that is ready to be called: plain data, read before."""

import logging
from dataclasses import dataclass, field
from typing import Any

import requests

from odoo.addons.dunning_automation.tools import guarded_session

from . import http_gateway, sms_outcome

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class GatewayLine:
    """See the fields of ``dunning.sms.gateway``."""

    gateway_id: int
    provider: str
    url: str
    auth: str
    auth_user: str
    auth_header: str
    auth_prefix: str
    secret: str = field(repr=False)
    sender: str
    body_format: str
    template: dict
    """the decoded body, see ``http_gateway.parse_template``"""
    idempotency_header: str
    rules: http_gateway.Rules
    allow_loopback: bool = False
    session: Any = None
    """of ``guarded_session.open_session``; None = each message opens a connection"""

    def send(self, uuid, number, text):
        """Hand one message over, once.

        :return: a row as Odoo's adapters answer
        """
        if self.provider == "demo":
            word, reference = http_gateway.demo(number, uuid)
        else:
            word, reference = self._call(uuid, number, text)
        return {"uuid": uuid, "state": word, "provider_ref": reference}

    def _call(self, uuid, number, text):
        try:
            answer = guarded_session.call(
                "POST",
                self.url,
                self.allow_loopback,
                self.session,
                **self.get_options(uuid, number, text),
            )
        except guarded_session.UnsafeAddress:
            _logger.warning("SMS gateway %s: address not allowed", self.gateway_id)
            return sms_outcome.FAILED, None
        except requests.RequestException as error:
            name = type(error).__name__
            _logger.info("SMS gateway %s: %s", self.gateway_id, name)
            return sms_outcome.of_error(error), None
        try:
            data = answer.json()
        except ValueError:
            data = None
        return http_gateway.judge(self.rules, answer.status_code, data)

    def get_options(self, uuid, number, text):
        """The arguments of the request."""
        values = {
            "digits": number.lstrip("+"),
            "number": number,
            "sender": self.sender,
            "text": text,
            "uuid": uuid,
        }
        body = http_gateway.fill(self.template, values)
        options = {"json" if self.body_format == "json" else "data": body}
        headers = {}
        if self.idempotency_header:
            headers[self.idempotency_header] = uuid
        if self.auth == "header":
            key = filter(None, [self.auth_prefix, self.secret])
            headers[self.auth_header] = " ".join(key)
        if self.auth == "basic":
            options["auth"] = (self.auth_user, self.secret)
        return options | {"headers": headers}
