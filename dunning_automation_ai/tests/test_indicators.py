"""Economic indicators count from their publication on, and only if they help."""

import json
import threading
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

import numpy as np

from odoo import modules
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import BaseCase, tagged

from odoo.addons.dunning_automation.tools import guarded_session

from ..models import dunning_risk_model
from ..tools import back_test, features, indicators, verdict
from ..tools.features import to_date
from ..tools.indicators import NotUnderstood
from .common import made_up_lines
from .ledger_common import LedgerCommon


class TestIndicatorTools(BaseCase):
    def test_what_is_no_series(self):
        for kind, text in (
            ("csv", ""),
            ("csv", "<html>Not found</html>"),
            ("csv", "day,value\n2024-01,1"),
            ("csv", "date,value\nsoon,1"),
            ("csv", "date,value\n2024-13,1"),
            ("csv", "date,value\n2024-01,NaN\n2024-02,inf"),
            ("csv", "date,value\n" + "2024-01-01,1\n" * (indicators.MOST_ROWS + 1)),
            ("json", "{"),
            ("json", "[" * 100_000),
            ("json", '{"date": 1}'),
            ("json", '[{"date": "2024"}]'),
            ("json", "[1, 2]"),
        ):
            with self.subTest(text[:40]), self.assertRaises(NotUnderstood):
                indicators.parse(text, kind, "", "date", "value")

    def test_known_from_its_publication(self):
        """On the day itself it is not known yet, as nothing of a day is."""
        january = features.to_number(date(2024, 1, 31))
        for days, known in ((0, False), (30, False), (31, True), (900, True)):
            with self.subTest(days=days):
                found = indicators.known_on([january + days], [january], [5.0], 30)
                self.assertEqual(not np.isnan(found[0]), known)

    def test_taken_in_only_where_the_back_test_is_better(self):
        """One that tells who is late is, noise is not."""
        samples, _truth = made_up_lines(1200)
        random = np.random.default_rng(3)
        plain = back_test.run(samples, to_date(740), prior=0.35, horizon=90)
        for name, column, expected in (
            ("noise", random.normal(0, 1, len(samples)), False),
            ("unknown", np.full(len(samples), np.nan), False),
            ("telling", samples.late(740) + random.normal(0, 0.3, len(samples)), True),
        ):
            with self.subTest(name):
                rich = back_test.run(
                    samples.beside(column[:, None]),
                    to_date(740),
                    prior=0.35,
                    horizon=90,
                )
                self.assertIs(bool(verdict.worth_it(plain, rich)), expected)


class Publisher(BaseHTTPRequestHandler):
    def do_GET(self):
        status, text = self.server.answer
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        """Silence."""


@tagged("post_install", "-at_install")
class TestIndicators(LedgerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
        thread = threading.Thread(target=cls.server.serve_forever, daemon=True)
        thread.start()
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)
        cls.indicator = cls.env["dunning.indicator"].create(
            {
                "name": "Inflation",
                "url": f"http://127.0.0.1:{cls.server.server_port}/",
                "lag_days": 30,
            }
        )

    def fetch(self, text, status=200):
        self.server.answer = status, text
        self.indicator._fetch()

    def values(self):
        return {str(it.date): it.value for it in self.indicator.value_ids}

    def test_read_and_corrected(self):
        self.fetch("date,value\n2026-01,2\n2026-02,3")
        self.assertEqual(self.values(), {"2026-01-31": 2, "2026-02-28": 3})
        self.fetch("date,value\n2026-02,4\n2026-03,5")
        self.assertEqual(self.values()["2026-02-28"], 4)
        self.assertEqual(len(self.values()), 3)
        self.assertEqual(self.indicator.last_value, 5)
        self.indicator.write({"kind": "json", "rows_at": "1"})
        self.fetch(json.dumps([{}, [{"date": "2025", "value": 1}]]))
        self.assertEqual(self.values()["2025-12-31"], 1)

    def test_what_cannot_be_read_keeps_its_values(self):
        self.fetch("date,value\n2026-01,2")
        for status, text in (
            (500, "Error"),
            (302, ""),
            (200, "<html/>"),
            (200, "x" * (indicators.MOST_BYTES + 1)),
        ):
            with self.subTest(status=status, size=len(text)):
                self.fetch(text, status)
                self.assertTrue(self.indicator.error)
                self.assertEqual(self.values(), {"2026-01-31": 2})
        self.fetch("date,value\n2026-01,2")
        self.assertFalse(self.indicator.error)

    def test_addresses_inside_are_not_called(self):
        with (
            patch.object(modules.module, "current_test", None),
            patch.object(guarded_session, "check_url"),
        ):
            self.fetch("date,value\n2026-01,2")
        self.assertIn("not on the internet", self.indicator.error)
        self.assertFalse(self.values())
        for url in ("http://example.com", "file:///etc/passwd", "https://a:b@c.de"):
            with (
                self.subTest(url),
                patch.object(modules.module, "current_test", None),
                self.assertRaises(ValidationError),
            ):
                self.indicator.url = url

    def test_examples_are_there_and_off(self):
        for name in ("inflation", "growth"):
            example = self.env.ref(f"dunning_automation_ai.indicator_{name}")
            self.assertFalse(example.active)

    def test_who_may(self):
        collector = self.new_user("ind_c", "dunning_automation.group_manager")
        mine = self.indicator.with_user(collector)
        self.assertTrue(mine.name)
        with self.assertRaises(AccessError):
            mine.url = "https://example.com"
        with self.assertRaises(AccessError):
            mine.action_fetch()

    def publish(self):
        self.env["dunning.indicator.value"].create(
            [
                {
                    "indicator_id": self.indicator.id,
                    "date": self.today - timedelta(days=30 * months),
                    "value": months % 3,
                }
                for months in range(1, 30)
            ]
        )

    def test_one_that_does_not_help_is_left_out(self):
        self.publish()
        self.make_ledger()
        record = self.train()
        self.assertEqual(record.tried_indicator_ids, self.indicator)
        self.assertFalse(record.indicator_ids)

    def test_one_that_helps_predicts_too(self):
        """And the reasons still add up to the chance."""
        self.publish()
        self.make_ledger()
        with (
            patch.object(dunning_risk_model.verdict, "worth_it", lambda *tests: True),
            patch.object(
                dunning_risk_model.verdict,
                "decide",
                lambda *tests: verdict.Verdict("blend", "trees", None),
            ),
        ):
            record = self.train()
        self.assertEqual(record.indicator_ids, self.indicator)
        self.assertTrue(self.predict())
        for prediction in self.env["dunning.prediction"].search(
            [("model_id", "=", record.id), ("late_chance", "!=", False)]
        ):
            shares = prediction.parts["shares"].values()
            self.assertAlmostEqual(sum(shares), prediction.late_chance, 6)
