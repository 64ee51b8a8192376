import json
import secrets

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.urls import urljoin

from ..tools import sms_webhook, webhook_signature


class DunningWebhook(models.Model):
    """Where a provider tells a company what became of its messages, and what customers
    answer.

    The key in the address says which company; the secret proves who speaks. Without a
    secret nothing is heard. Only administrators see it.
    """

    _name = "dunning.webhook"
    _description = "Webhook of an SMS Provider"
    _order = "company_id, name, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    key = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: secrets.token_hex(16),
        groups="base.group_system",
    )
    url = fields.Char(
        "URL",
        compute="_compute_url",
        groups="base.group_system",
        help="Enter it at the provider: for delivery reports, for incoming messages.",
    )
    kind = fields.Selection(
        [
            ("hmac", "JSON, signed with HMAC-SHA256"),
            ("twilio", "Twilio"),
        ],
        required=True,
        default="hmac",
    )
    secret = fields.Char(
        copy=False,
        groups="base.group_system",
        help="Twilio: the auth token of the account. Without it nothing is heard.",
    )
    signature_header = fields.Char(
        default="X-Signature",
        help="HMAC-SHA256 over “<timestamp>.<body>”, in hexadecimal or base64.",
    )
    timestamp_header = fields.Char(
        default="X-Timestamp",
        help="Seconds since 1970; older than 5 minutes is refused.",
    )
    event_path = fields.Char("Number of the Event In", default="id")
    reference_path = fields.Char("Message Number In", default="message_id")
    uuid_path = fields.Char("Our Key In", default="reference")
    status_path = fields.Char("Status In", default="status")
    detail_path = fields.Char("Error In", default="error")
    sender_path = fields.Char("Sender In", default="from")
    text_path = fields.Char("Text In", default="text")
    status_map = fields.Text(
        "Statuses",
        default='{"sent": "sent", "delivered": "delivered", "failed": "failed"}',
        help="A JSON object from the provider's statuses to sent, delivered, failed or "
        "wrong_number. Others change nothing.",
    )
    confirms_stop = fields.Boolean(
        "Confirm STOP",
        default=True,
        help="One text message says that there will be no more. Not with Twilio, which "
        "answers by itself.",
    )
    event_ids = fields.One2many("dunning.webhook.event", "webhook_id", "Received")

    _key_uniq = models.Constraint("UNIQUE(key)", "This address is taken.")

    @api.depends("key")
    def _compute_url(self):
        for webhook in self:
            base = webhook.company_id.get_base_url()
            webhook.url = urljoin(base, f"/dunning/webhook/{webhook.key}")

    @api.constrains("status_map")
    def _check_status_map(self):
        for webhook in self:
            try:
                words = set(json.loads(webhook.status_map or "{}").values())
            except (AttributeError, TypeError, ValueError):
                words = {""}
            if not words <= set(sms_webhook.WORDS):
                raise ValidationError(
                    self.env._(
                        "The statuses of “%(webhook)s” must be a JSON object with "
                        "values out of %(words)s.",
                        webhook=webhook.name,
                        words=", ".join(sms_webhook.WORDS),
                    )
                )

    # === RECEIVE === #

    @api.model
    def _receive(self, key, query, headers, body, fields_):
        """Keep a genuine webhook, once; what follows from it is done later.

        :param str query: of the address that was called, as it was sent
        :param bytes body: as it was sent
        :param fields_: ``(name, value)`` of the form
        :return: ``dunning.webhook.event``, empty if it is here already; None = forged,
            too old, or nobody knows the key: whoever asks cannot tell which
        """
        webhook = self.with_user(SUPERUSER_ID).search([("key", "=", key)])
        if not webhook or not webhook._is_genuine(query, headers, body, fields_):
            return None
        events = webhook.env["dunning.webhook.event"]
        try:
            return events._keep(webhook, webhook._read(body, dict(fields_)))
        except ValueError:
            return events

    def _is_genuine(self, query, headers, body, fields_):
        secret = self.secret or ""
        if self.kind == "twilio":
            url = f"{self.url}?{query}" if query else self.url
            signature = headers.get("X-Twilio-Signature", "")
            return webhook_signature.is_twilio(secret, url, fields_, signature)
        return webhook_signature.is_hmac(
            secret,
            headers.get(self.timestamp_header or "", ""),
            body,
            headers.get(self.signature_header or "", ""),
            self.env.cr.now().timestamp(),
        )

    def _read(self, body, form):
        """
        :return: ``News`` of ``tools/sms_webhook.py``
        :raise ValueError: when it makes no sense
        """
        if self.kind == "twilio":
            return sms_webhook.read_twilio(form)
        words = json.loads(self.status_map or "{}")
        return sms_webhook.read_json(self._get_paths(), words, body)

    def _get_paths(self):
        names = sms_webhook.Paths._fields
        return sms_webhook.Paths(**{name: self[f"{name}_path"] or "" for name in names})

    def _get_companies(self):
        """Those that speak with the sender of this webhook: its own company, and who
        uses the same gateway."""
        own = self.company_id
        gateway = own.dunning_sms_gateway_id
        others = self.env["res.company"]
        if gateway:
            others = others.search([("dunning_sms_gateway_id", "=", gateway.id)])
        return own | others
