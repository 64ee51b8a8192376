from odoo import Command
from odoo.tests import HttpCase, tagged

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestToursWorklist(DunningCommon, HttpCase):
    def test_worklist_by_keyboard(self):
        """A collector opens the first case, logs what he does and goes on, all by
        keyboard."""
        big, small = (
            self._create_customer(name=name) for name in ("Big debt", "Small debt")
        )
        self.invoice(small, days_overdue=8, amount=100)
        self.invoice(big, days_overdue=45, amount=9000)
        self.run_on()
        user = self.new_user("tour_worklist", "dunning_automation.group_user")
        user.company_ids = [Command.set(self.company.ids)]
        self.start_tour(
            "/odoo/dunning-worklist", "dunning_worklist", login="tour_worklist"
        )
        cases = self.env["dunning.case"].search(
            [("partner_id", "in", (big | small).ids)]
        )
        self.assertEqual(cases.mapped("partner_id"), big | small)
        self.assertEqual(set(cases.mapped("done_on")), {self.today})
