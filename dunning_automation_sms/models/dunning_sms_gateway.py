import json

from odoo import api, fields, models, modules
from odoo.exceptions import ValidationError

from odoo.addons.dunning_automation.tools import guarded_session

from ..tools import http_gateway
from ..tools.gateway_line import GatewayLine


class DunningSmsGateway(models.Model):
    """A provider of text messages that is called by HTTP, described by data.

    Only administrators see it: it holds a secret, which is never logged, nor is what
    the gateway answers, which may repeat it.
    """

    _name = "dunning.sms.gateway"
    _description = "SMS Gateway"
    _order = "name, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    provider = fields.Selection(
        [("http", "HTTP"), ("demo", "Demo: sends nothing")],
        required=True,
        default="http",
        help="The demo decides by the last two digits of the number: 01 = no such "
        "number, 02 = no credit, 03 = busy, 04 = no clear answer; others are accepted.",
    )
    url = fields.Char("URL", help="https only, on the public internet.")
    auth = fields.Selection(
        [
            ("none", "None"),
            ("basic", "User and Password (Basic)"),
            ("header", "Key in a Header"),
        ],
        "Authentication",
        required=True,
        default="basic",
    )
    auth_user = fields.Char("User")
    auth_header = fields.Char("Header", default="Authorization")
    auth_prefix = fields.Char("Before the Key", help="For example “Bearer”.")
    secret = fields.Char(copy=False, groups="base.group_system")
    sender = fields.Char(help="The name or number that the customer sees.")
    body_format = fields.Selection(
        [("json", "JSON"), ("form", "Form")], required=True, default="json"
    )
    body_template = fields.Text(
        "Body",
        default='{"to": "{number}", "text": "{text}"}',
        help="A JSON object. {number} is the number with +, {digits} without, {text} "
        "the text, {sender} the sender, {uuid} our key of the message.",
    )
    idempotency_header = fields.Char(
        "Header of Our Key", help="A gateway that knows one takes no message twice."
    )
    id_path = fields.Char("Message Number In", help="For example messages.0.id")
    accepted_path = fields.Char(
        "Acceptance In", help="Empty = a message that got a number was accepted."
    )
    accepted_values = fields.Char("Accepted If", help="Values, joined by commas.")
    code_path = fields.Char("Error Code In")
    code_map = fields.Text(
        "Error Codes",
        default="{}",
        help="A JSON object from the gateway's codes to failed, insufficient_credit, "
        "retry, unknown, unregistered or wrong_number_format. A code that is not "
        "named leaves it unknown whether the message was taken.",
    )

    @api.constrains("provider", "url")
    def _check_url(self):
        for gateway in self.filtered(lambda gateway: gateway.provider == "http"):
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

    @api.constrains("body_template")
    def _check_body_template(self):
        for gateway in self:
            try:
                http_gateway.parse_template(gateway.body_template)
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "The body of “%(gateway)s” must be a JSON object with known "
                        "placeholders: %(error)s",
                        gateway=gateway.name,
                        error=error,
                    )
                ) from error

    @api.constrains("code_map")
    def _check_code_map(self):
        for gateway in self:
            try:
                words = set(json.loads(gateway.code_map or "{}").values())
            except (AttributeError, TypeError, ValueError):
                words = {""}
            if not words <= set(http_gateway.WORDS):
                raise ValidationError(
                    self.env._(
                        "The error codes of “%(gateway)s” must be a JSON object with "
                        "values out of %(words)s.",
                        gateway=gateway.name,
                        words=", ".join(http_gateway.WORDS),
                    )
                )

    @api.model
    def _may_loop_back(self):
        """Tests have their gateway on this machine; nobody else may."""
        return bool(modules.module.current_test)

    # === SENDING === #

    def _send(self, uuid, number, text):
        """Hand one message over, once.

        :return: a row as Odoo's adapters answer
        """
        return self._get_line().send(uuid, number, text)

    def _get_line(self, session=None):
        """What there is to know of this gateway, so that nothing is read while we wait
        for it.

        :param session: of ``guarded_session.open_session``
        """
        self.ensure_one()
        values = (self.accepted_values or "").split(",")
        texts = {
            name: self[name] or ""
            for name in (
                "auth_header",
                "auth_prefix",
                "auth_user",
                "idempotency_header",
                "secret",
                "sender",
                "url",
            )
        }
        return GatewayLine(
            gateway_id=self.id,
            provider=self.provider,
            auth=self.auth,
            body_format=self.body_format,
            template=http_gateway.parse_template(self.body_template),
            rules=http_gateway.Rules(
                id_path=self.id_path or "",
                accepted_path=self.accepted_path or "",
                accepted_values=tuple(value.strip() for value in values),
                code_path=self.code_path or "",
                codes=json.loads(self.code_map or "{}"),
            ),
            allow_loopback=self._may_loop_back(),
            session=session,
            **texts,
        )
