import base64
from io import BytesIO

from PIL import Image

from odoo.tests import HttpCase, tagged

from .common import SaleCommon


@tagged("post_install", "-at_install")
class TestPortal(SaleCommon, HttpCase):
    """Customers who confirm by themselves get round nothing, and are not turned
    away."""

    def setUp(self):
        super().setUp()
        self.quotation = self.order(require_signature=True, require_payment=False)
        self.quotation.action_quotation_sent()

    def sign(self, order):
        picture = BytesIO()
        Image.new("RGB", (4, 4)).save(picture, "PNG")
        return self.make_jsonrpc_request(
            f"/my/orders/{order.id}/accept",
            {
                "access_token": order._portal_ensure_token(),
                "name": "Ann",
                "signature": base64.b64encode(picture.getvalue()).decode(),
            },
        )

    def tasks(self, order):
        return order.activity_ids.filtered(
            lambda task: "credit hold" in (task.summary or "")
        )

    def test_signing(self):
        for credit_hold, state in (("warn", "sale"), ("block", "sent")):
            with self.subTest(credit_hold):
                self.hold(credit_hold)
                order = self.quotation.copy()
                order.action_quotation_sent()
                result = self.sign(order)
                self.assertNotIn("error", result)
                self.assertEqual(order.state, state)
                self.assertEqual(order.signed_by, "Ann")
                tasks = self.tasks(order)
                self.assertEqual(len(tasks), state == "sent")
                self.assertEqual(
                    tasks.user_id, self.salesperson if tasks else tasks.user_id
                )
                page = self.url_open(result["redirect_url"]).text
                self.assertEqual("Your order is with us" in page, state == "sent")
                self.assertNotIn("credit hold", page.lower())

    def test_finance_releases_what_the_customer_signed(self):
        self.hold("block")
        self.sign(self.quotation)
        self.quotation.sudo()._dunning_release("Key account")
        self.quotation.with_user(self.salesperson).action_confirm()
        self.assertEqual(self.quotation.state, "sale")

    def test_paying_online_is_booked_and_confirms_nothing(self):
        self.hold("block")
        provider = self.env["payment.provider"].sudo().create({"name": "Provider"})
        method = self.env.ref("payment.payment_method_unknown")
        order = self.order(require_payment=True, require_signature=False)
        transaction = (
            self.env["payment.transaction"]
            .sudo()
            .create(
                {
                    "amount": order.amount_total,
                    "currency_id": order.currency_id.id,
                    "partner_id": self.customer.id,
                    "payment_method_id": method.id,
                    "provider_id": provider.id,
                    "reference": "held order",
                    "sale_order_ids": order.ids,
                    "state": "done",
                }
            )
        )
        for _i in range(2):
            confirmed = transaction._check_amount_and_confirm_order()
            self.assertFalse(confirmed)
        self.assertEqual(order.state, "sent")
        self.assertEqual(len(self.tasks(order)), 1)
        self.hold("none")
        self.assertEqual(transaction._check_amount_and_confirm_order(), order)
        self.assertEqual(order.state, "sale")
