import json

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..tools import sms_segments
from .webhook_common import WebhookCommon

TEXTS = (
    "",
    "Pay by Friday.",
    "100 €",
    "я" * 71,
    "x" * 161,
    "x" * 152 + "€" + "x" * 152,
)
TEXTS += (
    "я" * 66 + "😀" + "я" * 66,
    "tab\t",
    "line\nline\r",
    "[1] ~{2}^|\\ ñ ç Ç",
    "ẞ" * 67,
)
COMPARE = """
    const {measure} = odoo.loader.modules.get(
        "@dunning_automation_sms/sms_size/sms_size"
    );
    const wrong = %s.filter(
        ([text, expected]) =>
            JSON.stringify(Object.values(measure(text))) !== JSON.stringify(expected)
    );
    console[wrong.length ? "error" : "log"](
        wrong.length ? JSON.stringify(wrong) : "test successful"
    );
"""


@tagged("post_install", "-at_install")
class TestToursSms(HttpCase, WebhookCommon):
    def admin_joins(self):
        admin = self.env.ref("base.user_admin")
        admin.write(
            {"company_ids": [(4, self.company.id)], "company_id": self.company.id}
        )

    def test_send_a_test_message(self):
        """An administrator tries a gateway; wrong numbers are explained."""
        with mute_logger("odoo.http"):
            self.start_tour("/odoo", "dunning_sms", login="admin")
        test = self.env["dunning.sms.test"].search([], order="id desc", limit=1)
        self.assertIn("Accepted", test.result)

    def test_receipt_and_stop(self):
        """What came in shows what became of it, and the customer gets no more."""
        message = self.messages()
        self.send(message)
        message.sudo().sms_uuid = "0" * 32
        self.receipt(message, "delivered")
        self.say("STOP")
        for event in self.env["dunning.webhook.event"].sudo().search([]):
            event._apply_safely()
        self.assertEqual(message.state, "delivered")
        self.admin_joins()
        self.start_tour("/odoo", "dunning_sms_heard", login="admin")

    def test_size_of_a_text(self):
        """Live in the form of a template, and of a real message in its preview."""
        self.messages()
        self.admin_joins()
        template = self.env.ref("dunning_automation_sms.sms_template_firm")
        self.start_tour(
            f"/odoo/sms.template/{template.id}", "dunning_sms_size", login="admin"
        )

    def test_the_browser_counts_as_we_do(self):
        table = [(text, list(sms_segments.measure(text))) for text in TEXTS]
        self.browser_js("/odoo", COMPARE % json.dumps(table), login="admin")
