from datetime import datetime, timedelta

from odoo.tests import BaseCase, tagged

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
        network_caps = retries.in_force(
            retries.CAPS, None, simulation.START + timedelta(days=1)
        )
        eager = simulation.Policy("eager", retries.Schedule(tuple(range(1, 600))))
        for failure in self.failures[:60]:
            tries, at = [], failure.at
            outcome = simulation.meet(failure, eager)
            if failure.cause in simulation.CUSTOMER_ONLY:
                self.assertEqual(outcome.tries, 0)
                continue
            for _try in range(outcome.tries):
                at = retries.next_retry(failure.at, eager.schedule, tries)
                tries.append(at)
            for cap in network_caps:
                window = timedelta(hours=cap.window_hours)
                for end in tries:
                    inside = [
                        one for one in [failure.at, *tries] if end - window < one <= end
                    ]
                    self.assertLessEqual(len(inside), cap.max_attempts)

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
        nothing, _daily, ours, _payday, told, _all = self.rows.values()
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
                self.assertAlmostEqual(
                    found / len(self.failures), expected, delta=0.12
                )

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
