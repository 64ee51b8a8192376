from odoo.tests import HttpCase, tagged

from .common import DunningCommon


class ToursDashboard(DunningCommon, HttpCase):
    def look(self, tour):
        """A manager opens the page on the day of the clock."""
        self.invoice(days_overdue=8, amount=100)
        self.invoice(days_overdue=-8, amount=1000)
        self.run_on()
        login = f"tour_{tour}"
        self.new_user(login, "dunning_automation.group_manager")
        self.start_tour("/odoo/dunning-dashboard", tour, login=login)


@tagged("post_install", "-at_install")
class TestToursDashboard(ToursDashboard):
    def test_dashboard(self):
        self.look("dunning_dashboard")


@tagged("post_install", "-at_install")
class TestToursDashboardPhone(ToursDashboard):
    browser_size = "390x844"
    touch_enabled = True

    def test_dashboard_on_a_phone(self):
        self.look("dunning_dashboard_phone")
