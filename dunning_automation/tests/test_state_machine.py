"""Random histories of a ledger, its customers and its senders, and what must hold.

Hypothesis presses the buttons: invoices, payments, credit notes, chargebacks, holds,
merges, senders that die at any point, a manager who decides. After every step the
invariants of the delivery protocol are checked by an oracle that reads the ledger and
the mail server, not the product's own functions. 200 histories of 12 steps; with
``setup/test ... --long`` 2,000 of 50.
"""

import os
import re
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta

from lxml import html

from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from .common import NO_TRACKING, DunningCommon

try:
    from hypothesis import HealthCheck, settings
    from hypothesis import strategies as st
    from hypothesis.stateful import (
        RuleBasedStateMachine,
        invariant,
        precondition,
        rule,
        run_state_machine_as_test,
    )
except ImportError:
    settings = None

EXAMPLES, STEPS = (2000, 50) if os.environ.get("DUNNING_LONG_TESTS") else (200, 12)

LADDER = [-5, 1, 8, 15, 30]
LONGEST_INTERVAL = 10
ROADS = {
    # how a notice may move, from the catalogue of faults
    "planned": {"ready", "suppressed", "cancelled", "failed"},
    "ready": {"claimed", "suppressed", "cancelled", "failed"},
    "claimed": {"sent", "ready", "failed", "unknown", "suppressed"},
    "unknown": {"sent", "delivered", "ready", "failed"},
    "failed": {"ready", "cancelled"},
    "sent": {"delivered", "failed"},
    "delivered": set(),
    "suppressed": set(),
    "cancelled": set(),
}
LOGGERS = (
    "odoo.addons.base.models.ir_mail_server",
    "odoo.addons.base.models.ir_cron",
    "odoo.addons.base.models.res_partner",
    "odoo.addons.base.wizard.base_partner_merge",
    "odoo.sql_db",
)


class Crash(BaseException):
    """``kill -9``: no ``except Exception`` of the product may notice it."""


@tagged("post_install", "-at_install")
class TestStateMachine(DunningCommon):
    def setUp(self):
        super().setUp()
        if settings is None:
            self.skipTest("hypothesis is not installed")
        self.startPatcher(
            patch_sleeping_hours()
        ) if False else None
        self.partners = self._create_customers(3)
        self.partners.write({"lang": "en_US"})
        for partner, days in zip(self.partners, (9, 2, -3), strict=True):
            self.invoice(partner, days_overdue=days)
        self.env.flush_all()

    def test_invariants_hold_in_every_history(self):
        machine = type("Machine", (DunningMachine,), {"case": self})
        with mute_logger(*LOGGERS):
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=EXAMPLES,
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,
                    derandomize=not os.environ.get("DUNNING_LONG_TESTS"),
                    suppress_health_check=list(HealthCheck),
                    print_blob=True,
                ),
            )
