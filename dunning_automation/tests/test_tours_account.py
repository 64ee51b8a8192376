from odoo import Command
from odoo.tests import tagged

from .test_account_payment import PaymentCommon


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

    def test_at_a_desk(self):
        self.visit("1366x768")

    def test_on_a_phone(self):
        self.visit("390x844")
