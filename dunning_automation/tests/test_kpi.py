from odoo.tests import BaseCase, tagged

from ..tools import kpi

QUARTER = [(3890, 31), (3610, 28), (3390, 31)]
"""Sales and days of March, February, January."""
SALES, DAYS, OPENING, ENDING, NOT_DUE = 10890, 90, 6200, 6340, 3590


@tagged("post_install", "-at_install")
class TestKpi(BaseCase):
    def test_one_quarter(self):
        """The published example, computed by hand."""
        dso = kpi.dso_simple(ENDING, SALES, DAYS)
        best = kpi.dso_simple(NOT_DUE, SALES, DAYS)
        for name, figure, expected in (
            ("DSO", dso, 52.40),
            ("best possible DSO", best, 29.67),
            ("days delinquent", kpi.average_days_delinquent(dso, best), 22.73),
            ("countback", kpi.dso_countback(ENDING, QUARTER), 50.00),
            ("best countback", kpi.dso_countback(NOT_DUE, QUARTER), 28.61),
            ("CEI", kpi.cei(OPENING, SALES, ENDING, NOT_DUE), 79.63),
            # 10750 were settled, 750 of them by credit notes and write-offs.
            ("CEI, cash", kpi.cei_cash(OPENING, SALES, NOT_DUE, 10000), 74.07),
        ):
            with self.subTest(name):
                self.assertEqual(round(figure.value, 2), expected)

    def test_no_figure_is_no_zero(self):
        unknown = kpi.Figure(None, kpi.NO_SALES)
        for name, figure, reason in (
            ("no sales", kpi.dso_simple(100, 0, 90), kpi.NO_SALES),
            ("more credited than sold", kpi.dso_simple(100, -5, 90), kpi.NO_SALES),
            ("debt of before", kpi.dso_countback(10891, QUARTER), kpi.OLDER),
            ("no months", kpi.dso_countback(1, []), kpi.OLDER),
            ("all not due", kpi.cei(0, 100, 100, 100), kpi.NOTHING_DUE),
            ("nobody reminded", kpi.recovery_rate(0, 0), kpi.NOTHING_COUNTED),
            ("no promise", kpi.promise_kept_rate(0, 0, 0), kpi.NOTHING_COUNTED),
            ("nothing billed", kpi.at_risk_rate(0, 0), kpi.NOTHING_COUNTED),
            (
                "of an unknown DSO",
                kpi.average_days_delinquent(unknown, kpi.Figure(1.0)),
                kpi.NO_SALES,
            ),
            (
                "of an unknown best DSO",
                kpi.average_days_delinquent(kpi.Figure(1.0), unknown),
                kpi.NO_SALES,
            ),
        ):
            with self.subTest(name):
                self.assertEqual(figure, (None, reason))

    def test_zero_is_a_figure(self):
        for name, figure, expected in (
            ("nothing owed", kpi.dso_simple(0, SALES, DAYS), 0),
            ("nothing owed, countback", kpi.dso_countback(0, QUARTER), 0),
            ("in credit, countback", kpi.dso_countback(-50, QUARTER), 0),
            ("exactly a month", kpi.dso_countback(3890, QUARTER), 31),
            ("all sold", kpi.dso_countback(SALES, QUARTER), DAYS),
            ("nothing collected", kpi.recovery_rate(0, 10), 0),
            # A month of credit notes alone: its days pass, the debt stays.
            ("quiet month", kpi.dso_countback(50, [(-10, 30), (100, 31)]), 45.5),
        ):
            with self.subTest(name):
                self.assertEqual(figure, (expected, ""))
