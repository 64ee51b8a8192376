import json
from collections import Counter
from types import SimpleNamespace

from ..tools import webhook_signature
from .common import SmsCommon

SECRET = "secret-of-the-webhook"


class WebhookCommon(SmsCommon):
    """A text message at a customer, and a provider that tells us about it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.webhook = cls.env["dunning.webhook"].create(
            {"name": "Provider", "company_id": cls.company.id, "secret": SECRET}
        )
        cls.numbers = Counter()

    def setUp(self):
        super().setUp()
        self.events = self.env["dunning.webhook.event"]

    def signed(self, body, webhook=None, secret=SECRET, age=0):
        """A request as the provider sends it."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        timestamp = str(int(self.moment.timestamp()) - age)
        return SimpleNamespace(
            body=content,
            headers={
                "Content-Type": "application/json",
                "X-Signature": webhook_signature.hmac_sha256(
                    secret, timestamp, content
                ),
                "X-Timestamp": timestamp,
            },
            key=(webhook or self.webhook).key,
        )

    def hear(self, called):
        """What the controller does with a request."""
        return self.env["dunning.webhook"]._receive(
            called.key, "", called.headers, called.body, []
        )

    def receipt(self, notice, status, webhook=None, **values):
        """A genuine receipt, kept and not yet applied."""
        self.numbers["receipt"] += 1
        body = {
            "id": f"R{self.numbers['receipt']}",
            "reference": notice.sms_uuid,
            "status": status,
            **values,
        }
        return self.hear(self.signed(body, webhook))

    def say(self, text, number="+436641234500", webhook=None):
        """The customer writes us."""
        self.numbers["message"] += 1
        number_of_event = f"M{self.numbers['message']}"
        body = {"id": number_of_event, "from": number, "text": text}
        return self.hear(self.signed(body, webhook))

    def apply(self):
        self.run_cron("dunning_automation_sms.ir_cron_webhook")
        self.run_cron("dunning_automation_sms.ir_cron_sms_once")

    def in_state(self, state):
        """A message that left, may have left, or did not."""
        return self.in_states([state])

    def in_states(self, states):
        """Messages to as many customers, one in each of these states."""
        modes = {"sent": "success", "unknown": "server_error", "ready": "429"}
        messages = self.messages(len(states))
        for state, message in zip(states, messages, strict=True):
            messages.sudo().not_before = "2030-01-01"
            message.sudo().not_before = False
            self.env.flush_all()
            self.text(modes.get(state, "insufficient_credit"))
        self.assertEqual(messages.mapped("state"), list(states))
        return messages
