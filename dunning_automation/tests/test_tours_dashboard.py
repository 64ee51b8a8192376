from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import DunningCommon


class ToursDashboard(DunningCommon, HttpCase):
    def owe(self):
        self.invoice(days_overdue=8, amount=100)
        self.invoice(days_overdue=-8, amount=1000)
        self.run_on()

    def look(self, tour):
        """A manager opens the page on the day of the clock."""
        login = f"tour_{tour}"
        self.new_user(login, "dunning_automation.group_manager")
        self.start_tour("/odoo/dunning-dashboard", tour, login=login)


@tagged("post_install", "-at_install")
class TestToursDashboard(ToursDashboard):
    def test_dashboard(self):
        self.owe()
        self.look("dunning_dashboard")

    def test_nothing_was_invoiced_yet(self):
        self.look("dunning_dashboard_empty")

    def test_figures_cannot_be_read(self):
        """The reason is shown, and another try may do; also for other filters."""
        dashboard = type(self.env["dunning.dashboard"])
        read, tries, reason = dashboard.get_figures, [], "No database today"

        def get_figures(dashboard, filters=None, complete=True):
            tries.append(filters)
            if len(tries) in (1, 3):
                raise UserError(reason)
            return read(dashboard, filters, complete)

        get_figures._api_model = get_figures._readonly = True
        with (
            patch.object(dashboard, "get_figures", get_figures),
            mute_logger("odoo.http"),
        ):
            self.look("dunning_dashboard_error")
        self.assertEqual(len(tries), 4)

    def test_paid_by_a_draft(self):
        """Odoo keeps the match of a payment that was set to draft."""
        self.owe()
        invoice = self.env["account.move"].search(
            [("partner_id", "=", self.customer.id)], order="amount_total", limit=1
        )
        credit = invoice._reverse_moves(
            [{"invoice_date": invoice.invoice_date}], cancel=True
        )
        credit.button_draft()
        self.assertEqual(invoice.amount_residual, 0)
        self.look("dunning_dashboard_outside")

    def test_sums_are_made_anew(self):
        self.owe()
        self.env.flush_all()
        self.cr.execute(
            """UPDATE dunning_dashboard_sum SET amount = amount + 3
                WHERE id = (SELECT MAX(id) FROM dunning_dashboard_sum);
               UPDATE dunning_dashboard_total SET amount = amount + 3
                WHERE id = (SELECT MAX(id) FROM dunning_dashboard_total)"""
        )
        self.look("dunning_dashboard_spoilt")


@tagged("post_install", "-at_install")
class TestToursDashboardPhone(ToursDashboard):
    browser_size = "390x844"
    touch_enabled = True

    def test_dashboard_on_a_phone(self):
        self.owe()
        self.look("dunning_dashboard_phone")
