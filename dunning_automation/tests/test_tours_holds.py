from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestToursHolds(DunningCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Before the browser waits for them: on a busy machine that is too long.
        for name in ("web.assets_web", "web.assets_tests"):
            bundle = cls.env["ir.qweb"].sudo()._get_asset_bundle(name)
            bundle.js()
            bundle.css()

    def setUp(self):
        super().setUp()
        self.tour_customer = self._create_customer(name="Tour customer")
        self.tour_invoice = self.invoice(self.tour_customer, days_overdue=8)
        self.run_on()
        self.new_user("tour_collector", "dunning_automation.group_user")
        self.new_user("tour_approver", "dunning_automation.group_manager")
        self.env.flush_all()

    def agreements(self, model):
        self.env.invalidate_all()
        return self.env[model].search([("partner_id", "=", self.tour_customer.id)])

    def test_promise(self):
        with mute_logger("odoo.http"):  # An amount is refused.
            self.start_tour(
                "/odoo/dunning-worklist", "dunning_promise", login="tour_collector"
            )
        promise = self.agreements("dunning.promise")
        self.assertEqual((promise.state, promise.amount), ("open", 60.0))
        self.assertEqual(promise.hold_id.state, "active")

    def test_dispute(self):
        self.start_tour(
            "/odoo/dunning-worklist", "dunning_dispute", login="tour_collector"
        )
        dispute = self.agreements("dunning.dispute")
        self.assertEqual(dispute.state, "accepted")
        self.assertEqual(dispute.description, "The goods never came")
        self.assertEqual(dispute.refund_ids.amount_total, 100.0)

    def test_plan(self):
        self.company.dunning_plan_approval_amount = 50.0
        self.env.flush_all()
        self.start_tour(
            "/odoo/dunning-worklist", "dunning_plan", login="tour_collector"
        )
        plan = self.agreements("dunning.plan")
        self.assertEqual(plan.state, "to_approve")
        with self.mock_mail_gateway():
            self.start_tour(
                "/odoo/dunning-plans", "dunning_plan_approve", login="tour_approver"
            )
        plan = self.agreements("dunning.plan")
        self.assertEqual(plan.state, "active")
        self.assertEqual(plan.line_ids.mapped("amount"), [50.0, 50.0])
