from odoo.tests import HttpCase, tagged
from odoo.tests.common import release_test_lock

from .test_replay import ReplayCommon


@tagged("post_install", "-at_install")
class TestToursReplay(ReplayCommon, HttpCase):
    def test_pilot_and_its_replay(self):
        """A manager lets a fifth of the customers follow a policy, asks what it would
        have done, and opens a message of the answer."""
        tried = self._create_policy([1, 8], sequence=1, name="Tour policy")
        customers = self._create_customers(30, name="Tour customer")
        self.invoices(
            [{"partner": customer} for customer in customers], days_overdue=90
        )
        self.new_user("tour_replay", "dunning_automation.group_manager")
        self.start_tour("/odoo/dunning-policies", "dunning_pilot", login="tour_replay")
        self.assertEqual(tried.pilot_share, 20)
        replay = self.env["dunning.replay"].search([])
        self.assertEqual(replay.state, "queued")
        with release_test_lock():  # A browser test is in test mode all the time.
            replay.sudo()._run()
        self.assertEqual(replay.state, "done", replay.error)
        self.start_tour("/odoo/dunning-replays", "dunning_replay", login="tour_replay")
