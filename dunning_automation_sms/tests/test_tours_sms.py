from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .webhook_common import WebhookCommon


@tagged("post_install", "-at_install")
class TestToursSms(HttpCase, WebhookCommon):
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
        admin = self.env.ref("base.user_admin")
        admin.write(
            {"company_ids": [(4, self.company.id)], "company_id": self.company.id}
        )
        self.start_tour("/odoo", "dunning_sms_heard", login="admin")
