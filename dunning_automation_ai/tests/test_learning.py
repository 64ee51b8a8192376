"""Texts, channels and hours are tried by chance within a policy's limits only."""

from collections import Counter
from datetime import datetime

from odoo import Command
from odoo.tests import tagged

from odoo.addons.dunning_automation.tests.common import DunningCommon

from ..tools import bandit


@tagged("post_install", "-at_install")
class TestLearning(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.action = cls.level(cls, 1).action_ids
        cls.arms = cls.env["dunning.arm"].sudo()
        cls.trials = cls.env["dunning.trial"].sudo()

    def add_variants(self, *names):
        for name in names:
            template = self.action.template_id.copy({"name": name, "subject": name})
            self.action.variant_ids = [
                Command.create({"name": name, "template_id": template.id})
            ]
        return self.action.variant_ids

    def add_letter(self):
        """The e-mail of the first level falls back on a letter."""
        level = self.action.level_id
        level.action_ids = [
            Command.create(
                {
                    "channel": "letter",
                    "template_id": self.action.template_id.id,
                    "is_fallback": True,
                }
            )
        ]
        self.action.fallback_id = level.action_ids - self.action
        return self.action.fallback_id

    def remind(self, number=1, **values):
        """Customers with an invoice each, reminded today; returns the invoices."""
        customers = self._create_customers(number, **values)
        invoices = self.invoices(
            [{"partner": customer, "days_overdue": 2} for customer in customers]
        )
        self.run_on()
        self.env["dunning.notice"].search([("state", "=", "ready")]).sudo()._compose()
        return invoices

    def notice(self, invoice):
        return self.notices(invoice.partner_id)

    def trial(self, invoice, kind="variant"):
        trials = self.trials.search([("notice_id", "in", self.notice(invoice).ids)])
        return trials.filtered(lambda trial: trial.kind == kind)

    def learn(self, days=0):
        self.travel(days)
        self.arms._learn(self.company)

    def evidence(self, kind, option, paid, number, scope=None):
        """Trials that are over."""
        notice = self.told(self.invoice(self.customer), 1)
        for position in range(number):
            self.trials.create(
                {
                    "notice_id": notice.copy(
                        {
                            "dedup_key": f"{kind} {option} {position}",
                            "state": "failed",
                            "simulation": False,
                            "group_key": f"{kind} {option} {position}",
                        }
                    ).id,
                    "company_id": self.company.id,
                    "kind": kind,
                    "scope": scope or self.action.id,
                    "option": option,
                    "propensity": 0.5,
                    "state": "paid" if position < paid else "unpaid",
                    "sent_on": self.moment,
                }
            )

    # === LIMITS === #

    def test_off_by_default(self):
        """No policy tries anything that nobody asked for."""
        self.add_variants("A", "B")
        self.add_letter()
        invoices = self.remind(6, street="Road 1", city="Town", zip="1")
        self.assertFalse(self.trials.search([]))
        notices = self.notice(invoices[0])
        self.assertEqual((notices.channel, notices.not_before), ("email", False))
        self.learn()
        self.assertFalse(self.arms.search([]))

    def test_no_channel_that_does_not_reach_and_none_against_a_wish(self):
        letter = self.add_letter()
        self.policy.learn_channel = True
        self.evidence("channel", letter.id, 30, 30)
        self.evidence("channel", self.action.id, 0, 30)
        address = {"street": "Road 1", "city": "Town", "zip": "12345"}
        address["country_id"] = self.env.ref("base.de").id
        reached = self.remind(12, **address)
        nowhere = self.remind(12)
        wished = self.remind(4, dunning_channel="email", **address)
        of = {
            name: Counter(self.notice(invoice).channel for invoice in invoices)
            for name, invoices in (
                ("reached", reached),
                ("nowhere", nowhere),
                ("wished", wished),
            )
        }
        self.assertGreaterEqual(of["reached"]["letter"], 9)
        self.assertEqual(of["nowhere"], {"email": 12})
        self.assertEqual(of["wished"], {"email": 4})
        self.assertEqual(len(self.trial(reached[0], "channel")), 1)
        self.assertFalse(any(self.trial(it, "channel") for it in wished))
        events = self.env["dunning.event"].search([("kind", "=", "fallback_used")])
        self.assertFalse(events, "A choice is no way out of a trouble")

    def test_letters_stay_letters(self):
        letter = self.add_letter()
        self.action.fallback_id = False
        letter.write({"is_fallback": False, "fallback_id": self.action.id})
        self.assertFalse(letter._get_alternatives())

    def test_hours_within_courtesy(self):
        """Never before courtesy allows, never another day."""
        self.policy.learn_hour = True
        self.moment = datetime(2026, 3, 10, 6, 30)
        early = self.notice(self.remind(1)).not_before
        self.assertIn(early.hour, (8, 10, 13, 16))
        self.moment = datetime(2026, 3, 10, 12, 30)
        self.assertIn(self.notice(self.remind(1)).not_before.hour, (13, 16))
        self.moment = datetime(2026, 3, 10, 15, 0)
        last = self.remind(1)
        self.assertEqual(self.notice(last).not_before, datetime(2026, 3, 10, 16))
        self.assertFalse(self.trial(last, "hour"), "There was no choice")
        self.moment = datetime(2026, 3, 10, 20, 0)
        self.assertFalse(self.notice(self.remind(1)).not_before)
        profile = self.env["dunning.courtesy"].create(
            {
                "name": "Afternoon",
                "window_ids": [
                    Command.create({"channel": "all", "hour_start": 12, "hour_end": 18})
                ],
            }
        )
        self.policy.courtesy_id = profile
        self.moment = datetime(2026, 3, 11, 6, 30)
        for invoice in self.remind(8):
            self.assertIn(self.notice(invoice).not_before.hour, (13, 16))

    def test_hour_that_was_missed_does_not_count(self):
        self.policy.learn_hour = True
        self.moment = datetime(2026, 3, 10, 6, 30)
        missed, kept = self.remind(2)
        for invoice, hours in ((kept, 0), (missed, 5)):
            notice = self.notice(invoice)
            self.moment = notice.not_before.replace(minute=5)
            self.travel(hours=hours)
            self.send(notice)
        self.learn(days=11)
        self.assertEqual(self.trial(missed, "hour").state, "void")
        self.assertEqual(self.trial(kept, "hour").state, "unpaid")

    # === CHOOSING === #

    def test_texts_by_chance_with_their_propensity(self):
        variants = self.add_variants("A", "B")
        self.policy.learn_variant = True
        invoices = self.remind(40)
        names = Counter()
        for invoice in invoices:
            trial, notice = self.trial(invoice), self.notice(invoice)
            self.assertEqual(trial.option, notice.variant_id.id)
            self.assertAlmostEqual(trial.propensity, 0.5)
            names[notice.variant_id] += 1
        self.assertEqual(set(names), set(variants))
        self.notice(invoices[0]).sudo()._compose()
        self.assertEqual(len(self.trial(invoices[0])), 1)

    def test_what_works_is_chosen_more_often_but_never_all_the_time(self):
        good, bad = self.add_variants("Good", "Bad")
        self.policy.learn_variant = True
        self.evidence("variant", good.id, 40, 50)
        self.evidence("variant", bad.id, 5, 50)
        self.learn()
        found = self.arms.search([("kind", "=", "variant")]).grouped("option")
        self.assertAlmostEqual(found[good.id].share, 1 - bandit.FLOOR / 2, places=3)
        self.assertAlmostEqual(found[bad.id].share, bandit.FLOOR / 2, places=3)
        self.assertEqual(found[good.id].evidence, "Works best")
        self.assertEqual(found[bad.id].evidence, "Another one works better")
        self.assertEqual((found[good.id].number, found[good.id].name), (50, "Good"))
        invoices = self.remind(40)
        chosen = [self.notice(invoice).variant_id for invoice in invoices]
        self.assertGreaterEqual(chosen.count(good), 33)

    def test_how_much_more_is_needed(self):
        variants = self.add_variants("A", "B")
        self.policy.learn_variant = True
        for variant, paid in zip(variants, (30, 40), strict=True):
            self.evidence("variant", variant.id, paid, 100)
        self.learn()
        arms = self.arms.search([])
        self.assertEqual(set(arms.mapped("evidence")), {"300 more needed"})

    # === OUTCOMES === #

    def test_credited_after_the_window_only(self):
        """Paid within seven days, said not before ten are over."""
        self.add_variants("A", "B")
        self.policy.learn_variant = True
        invoices = dict(
            zip(
                ("soon", "partly", "late", "never", "credited", "held"),
                self.remind(6),
                strict=True,
            )
        )
        held = self.notice(invoices["held"])
        held.sudo()._set_state("suppressed", "Test")
        self.send()
        self.travel(2)
        self.pay(invoices["soon"])
        self.pay(invoices["partly"], amount=90)
        reversal = self.credit_note(invoices["credited"].partner_id)
        (self.receivable(reversal) | self.receivable(invoices["credited"])).reconcile()
        self.learn(days=5)
        states = {name: self.trial(it).state for name, it in invoices.items()}
        self.assertEqual(states.pop("held"), "void")
        self.assertEqual(set(states.values()), {"waiting"})
        self.travel(1)
        self.pay(invoices["late"])
        self.learn(days=3)
        states = {name: self.trial(it).state for name, it in invoices.items()}
        self.assertEqual(
            states,
            {
                "soon": "paid",
                "partly": "unpaid",
                "late": "unpaid",
                "never": "unpaid",
                "credited": "unpaid",
                "held": "void",
            },
        )

    def test_simulation_tries_nothing(self):
        self.add_variants("A", "B")
        self.policy.write({"learn_variant": True, "mode": "simulate"})
        self.remind(4)
        self.assertFalse(self.trials.search([]))

    def test_policy_that_was_archived_meanwhile(self):
        """What it planned is still written, and chosen by an even lot."""
        self.add_variants("A", "B")
        self.policy.learn_variant = True
        notice = self.told(self.invoice(self.customer), 1, state="ready")
        self.policy.active = False
        notice.sudo()._choose_variants()
        self.assertAlmostEqual(notice.trial_ids.propensity, 0.5)

    def test_variants_that_are_gone(self):
        """What was learnt of them is no obstacle."""
        first, second = self.add_variants("A", "B")
        self.policy.learn_variant = True
        invoice = self.remind(1)
        first.unlink()
        self.add_variants("C")
        self.learn()
        self.assertEqual(
            set(self.arms.search([]).mapped("option")), set(self.action.variant_ids.ids)
        )
        self.assertIn(second.id, self.action.variant_ids.ids)
        self.assertTrue(self.trial(invoice))
