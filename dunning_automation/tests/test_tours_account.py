from odoo import Command
from odoo.tests import tagged

from .test_account_payment import PaymentCommon

DESK, PHONE = "1366x768", "390x844"


@tagged("post_install", "-at_install")
class TestToursAccount(PaymentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Before the browser waits for them: on a busy machine that is too long.
        for name in (
            "web.assets_frontend",
            "web.assets_frontend_minimal",
            "web.assets_frontend_lazy",
            "web.assets_tests",
        ):
            bundle = cls.env["ir.qweb"].sudo()._get_asset_bundle(name)
            bundle.js()
            bundle.css()

    def visit(self, size):
        self.browser_size = size
        disputed = self.invoice(amount=30.0)
        self.env["dunning.dispute"].create(
            {"move_line_ids": [Command.set(self.receivable(disputed).ids)]}
        )
        self.env.flush_all()
        self.start_tour(self.link, "dunning_account")
        self.env.invalidate_all()
        promise = self.env["dunning.promise"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(promise.move_line_ids.move_id, self.second)

    def answer(self, size):
        """In parts, with the receipt of another one, and a dispute with a picture."""
        self.browser_size = size
        self.start_tour(self.link, "dunning_account_receipt")
        self.start_tour(self.link, "dunning_account_parts")
        self.env.invalidate_all()
        owner = [("partner_id", "=", self.customer.id)]
        plan = self.env["dunning.plan"].search(owner)
        self.assertEqual(plan.state, "active")
        self.assertEqual(plan.line_ids.mapped("amount"), [50.0, 50.0])
        self.assertEqual(
            self.notice.case_id.message_ids.attachment_ids.mapped("name"),
            ["receipt.pdf"],
        )

    def dispute(self, size):
        self.browser_size = size
        self.start_tour(self.link, "dunning_account_dispute")
        self.env.invalidate_all()
        dispute = self.env["dunning.dispute"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(dispute.description, "It arrived broken")
        self.assertEqual(dispute.message_ids.attachment_ids.mimetype, "image/jpeg")

    def test_at_a_desk(self):
        self.visit(DESK)

    def test_on_a_phone(self):
        self.visit(PHONE)

    def test_parts_and_receipt_at_a_desk(self):
        self.answer(DESK)

    def test_parts_and_receipt_on_a_phone(self):
        self.answer(PHONE)

    def test_dispute_with_a_picture_at_a_desk(self):
        self.dispute(DESK)

    def test_dispute_with_a_picture_on_a_phone(self):
        self.dispute(PHONE)
