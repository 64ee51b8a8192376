"""Trainings are kept with their figures, and people decide what predicts."""

from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import dunning_risk_model
from ..tools.verdict import Verdict
from .ledger_common import LedgerCommon

TRAINING = "odoo.addons.dunning_automation_ai.models.dunning_risk_model"


@tagged("post_install", "-at_install")
class TestRiskModel(LedgerCommon):
    def setUp(self):
        super().setUp()
        self.manager = self.new_user("ai_m", "dunning_automation.group_manager")
        self.collector = self.new_user("ai_c", "dunning_automation.group_user")

    def run_cron(self):
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.env(cr=cr, su=True)["dunning.risk.model"]._cron_train()
        self.env.invalidate_all()

    def decide(self, head, day_head="trees", reason=None):
        """Whatever is learnt, this is the verdict."""
        verdict = Verdict(head, day_head, reason)
        return patch.object(
            dunning_risk_model.verdict, "decide", lambda *arguments: verdict
        )

    def champion(self, head="blend"):
        with self.decide(head):
            record = self.train()
        self.assertEqual(record.state, "champion")
        return record

    def test_record_of_a_training(self):
        """What was learnt from, how good it would have been, and what came of it."""
        self.make_ledger()
        record = self.train()
        self.assertEqual(record.line_count, 320)
        self.assertGreater(record.matured_count, 200)
        self.assertEqual(record.tried_head, "blend")
        self.assertEqual(record.grace_days, 3)
        self.assertEqual(len(record.features), 15)
        self.assertGreaterEqual(len(record.folds), 3)
        self.assertAlmostEqual(record.brier, record.figures["late"]["brier"], 3)
        self.assertLess(record.brier, record.figures["base"]["brier"])
        self.assertEqual(len(record.day_shape), 99)
        self.assertEqual(record.very_late_head, "rule", "Hardly one is so late")
        self.assertLess(record.very_late_brier, 0.2)
        for word in ("Brier", "Cut-offs", "Reliability", "Lift", "30 days late"):
            self.assertIn(word, record.report)
        self.assertEqual(record.head == "rule", record.reason == "rule_better")
        self.assertTrue(record.head == "rule" or record.brier < record.rule_brier)

    def test_strange_ledgers_leave_the_rule(self):
        """Each training ends with a record that says why, and none with an error."""
        for name, number, late, reason in (
            ("no line", 0, None, "few_lines"),
            ("few lines", 30, None, "few_lines"),
            # But for the last ones, which are still open and late by that.
            ("none late", 220, lambda *_who: -5, "rule_better"),
            ("all late", 220, lambda *_who: 20, "few_lines"),
        ):
            with self.subTest(name):
                if number:
                    self.make_ledger(number, late=late)
                record = self.train()
                self.assertEqual(record.state, "rejected")
                self.assertEqual(record.reason, reason)
                self.assertEqual(record.head, "rule")
                self.assertFalse(
                    self.env["dunning.risk.model"]._get_champion(self.company)
                )
                self.env.cr.execute("DELETE FROM account_partial_reconcile")
                self.env.cr.execute(
                    "UPDATE account_move_line SET parent_state = 'cancel'"
                )
                self.env.invalidate_all()

    def test_paid_only_is_refused(self):
        self.make_ledger(40, late=lambda *_who: -20, unpaid=0)
        record = self.train()
        self.assertEqual((record.state, record.reason), ("rejected", "paid_only"))

    def test_worse_challenger_does_not_take_the_place(self):
        self.make_ledger(40)
        first = self.champion()
        with self.decide("blend", reason="champion_better"):
            second = self.train()
        self.assertEqual(second.state, "rejected")
        self.assertEqual(first.state, "champion")

    def test_better_challenger_replaces(self):
        self.make_ledger(40)
        first = self.champion()
        second = self.champion("trees")
        self.assertEqual(first.state, "replaced")
        current = self.env["dunning.risk.model"]._get_current(self.company)
        self.assertEqual(current, second)

    def test_champion_that_is_no_better_any_more_ends_with_the_rule(self):
        self.make_ledger(40)
        first = self.champion()
        with self.decide("rule", "rule", "rule_better"):
            second = self.train()
        self.assertEqual(first.state, "replaced")
        self.assertEqual((second.state, second.head), ("champion", "rule"))

    def test_back_to_the_rule_and_forward_again(self):
        """While a person wants the rule, no training changes that."""
        self.make_ledger(40)
        first = self.champion()
        first.with_user(self.manager).action_use_rule()
        models = self.env["dunning.risk.model"]
        self.assertFalse(models._get_champion(self.company))
        with self.decide("trees"):
            second = self.train()
        self.assertEqual((second.state, second.reason), ("rejected", "withdrawn"))
        self.assertFalse(models._get_champion(self.company))
        first.with_user(self.manager).action_use_again()
        self.assertEqual(models._get_champion(self.company), first)
        events = self.env["dunning.event"].search(
            [("kind", "in", ("risk_model_champion", "risk_model_withdrawn"))]
        )
        self.assertEqual(
            events.sorted("id").mapped("kind"),
            ["risk_model_champion", "risk_model_withdrawn", "risk_model_champion"],
        )

    def test_who_may(self):
        """Collectors read; managers decide; nobody writes the figures."""
        self.make_ledger(40)
        record = self.champion()
        mine = record.with_user(self.collector)
        self.assertTrue(mine.read(["report", "head"]))
        for method in ("action_use_rule", "action_use_again", "action_train_now"):
            with self.assertRaises(AccessError):
                getattr(mine, method)()
        for user in (self.collector, self.manager):
            with self.assertRaises(AccessError):
                record.with_user(user).write({"brier": 0})
        with self.assertRaisesRegex(UserError, "not withdrawn"):
            record.with_user(self.manager).action_use_again()

    def test_train_now(self):
        """One request is enough, and the cron trains at once, though not due."""
        self.make_ledger(40)
        self.train()
        models = self.env["dunning.risk.model"].with_user(self.manager)
        self.assertNotIn(self.company, models.sudo()._search_due())
        models.action_train_now()
        models.action_train_now()
        queued = models.search([("state", "=", "queued")])
        self.assertEqual(len(queued), 1)
        self.assertIn(self.company, models.sudo()._search_due())
        self.run_cron()
        self.assertEqual(queued.state, "rejected")

    def test_company_that_fails_does_not_stop_the_others(self):
        other = self.setup_other_company()["company"]
        train = type(self.env["dunning.risk.model"])._train

        def fail(self, company):
            if company.id != other.id:
                raise ValueError("broken")
            return train(self, company)

        with (
            patch.object(type(self.env["dunning.risk.model"]), "_train", fail),
            mute_logger(TRAINING),
        ):
            self.run_cron()
        of_other = self.env["dunning.risk.model"].search(
            [("company_id", "=", other.id)]
        )
        self.assertEqual(of_other.reason, "few_lines")
        mine = self.env["dunning.risk.model"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual((mine.reason, mine.error), ("failed", "broken"))
        self.assertIn(self.company, self.env["dunning.risk.model"]._search_due())

    def test_archived_company_is_left_alone(self):
        other = self.setup_other_company()["company"]
        other.active = False
        self.assertNotIn(other, self.env["dunning.risk.model"]._search_due())
        self.assertNotIn(other, self.env["dunning.prediction"]._search_due())
