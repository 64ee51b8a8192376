import re
from datetime import datetime, timedelta

from odoo.tests import BaseCase, tagged
from odoo.tools import file_open

from ..tools import recovery_simulation as simulation
from ..tools import retries


@tagged("post_install", "-at_install")
class TestRecoverySimulation(BaseCase):
    """All policies meet the same failures, with the tries that the addon would make."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.charges, cls.failures = simulation.generate(300, 12, seed=3)
        cls.rows = {row["name"]: row for row in simulation.compare(cls.failures)}

    def test_caps_and_classes(self):
        """No try for what only the customer can help with, and never more than a card
        network allows: the first charge counts."""
        waits = tuple(timedelta(hours=hours) for hours in range(1, 600))
        eager = simulation.Policy("eager", retries.Schedule(waits))
        for failure in self.failures[:60]:
            outcome = simulation.meet(failure, eager)
            if failure.cause in simulation.CUSTOMER_ONLY:
                self.assertEqual(outcome.tries, 0)
                continue
            tries = [failure.at]
            for _try in range(outcome.tries):
                tries.append(
                    retries.next_retry(
                        failure.at, tries[1:], eager.schedule, simulation.CAPS
                    )
                )
            for cap in simulation.CAPS:
                window = timedelta(hours=cap.hours)
                for end in tries:
                    inside = [one for one in tries if end - window < one <= end]
                    self.assertLessEqual(len(inside), cap.number)

    def test_our_schedule_is_the_one_that_comes_with_the_addon(self):
        """Read from the files: nobody changed one without the other."""
        with file_open("dunning_automation/data/dunning_retry_data.xml") as file:
            text = file.read()
        days = re.findall(r'<field name="days">(\d+)</field>', text)
        self.assertEqual(tuple(map(int, days)), simulation.DAYS)
        [paydays] = re.findall(r'<field name="paydays">([^<]+)</field>', text)
        self.assertEqual(paydays, ", ".join(map(str, simulation.PAYDAYS)))
        caps = re.findall(
            r'"max_attempts">(\d+)</field>\s*<field name="window_hours">(\d+)', text
        )
        for cap in simulation.CAPS:
            self.assertIn((str(cap.number), str(cap.hours)), caps)

    def test_figures_add_up(self):
        for name, row in self.rows.items():
            with self.subTest(name):
                self.assertAlmostEqual(
                    row["recovered"], row["by_try"] + row["by_customer"]
                )
                self.assertLessEqual(row["recovered"], 1)

    def test_what_the_model_must_say(self):
        """By its construction: tries bring something, messages bring more, and who is
        told needs fewer tries."""
        nothing, _daily, _plain, ours, _told, told = self.rows.values()
        self.assertLess(nothing["recovered"], ours["recovered"])
        self.assertLess(ours["recovered"], told["recovered"])
        self.assertLess(told["tries"], ours["tries"])

    def test_shares_of_the_model(self):
        """What is generated is what the model says, within chance."""
        share = len(self.failures) / self.charges
        self.assertAlmostEqual(share, simulation.figure("failure"), delta=0.02)
        causes = ("funds", "passing", *simulation.CUSTOMER_ONLY)
        self.assertAlmostEqual(sum(map(simulation.figure, causes)), 1.0)
        for cause in causes:
            with self.subTest(cause):
                found = sum(one.cause == cause for one in self.failures)
                expected = simulation.figure(cause)
                self.assertAlmostEqual(found / len(self.failures), expected, delta=0.12)

    def test_money_that_comes_after_the_window_is_lost(self):
        failure = simulation.Failure(
            at=datetime(2026, 1, 1),
            amount=9.0,
            cause="hard",
            payday=1,
            clears_at=None,
            pays_alone_at=None,
            answer=simulation.WINDOW.days + 1.0,
        )
        self.assertIsNone(simulation.meet(failure, simulation.POLICIES[-1]).at)

    def test_every_figure_names_its_source(self):
        text = simulation.to_markdown(50, 2)
        for name, (_value, source) in simulation.MODEL.items():
            self.assertIn(f"| {name} |", text)
            self.assertTrue(source)
