"""What a level asks for, days of grace, the highest level, and where a line enters."""

from datetime import date

from odoo import Command
from odoo.tests import tagged

from .common import TODAY, DunningCommon


@tagged("post_install", "-at_install")
class TestThresholds(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.active = False
        cls.policy = cls._create_policy(delays=[1, 5])

    def ask(self, delay, **values):
        """Let a level ask for minimums, and for no others."""
        unset = {"min_amount": 0, "min_balance": 0, "min_percentage": 0}
        self.level(delay).write({**unset, "threshold_match": "all", **values})

    def test_minimums_that_are_set_must_be_passed(self):
        late, coming = 3, -20
        amount, balance, share = "min_amount", "min_balance", "min_percentage"
        any_of = {"threshold_match": "any"}
        table = [
            ({}, [(late, 1)], True),
            (any_of, [(late, 1)], True),
            ({amount: 50}, [(late, 50)], True),
            ({amount: 50}, [(late, 49.99), (late, 90)], False),
            ({balance: 100}, [(late, 60), (late, 40)], True),
            ({balance: 100}, [(late, 60), (coming, 40)], False),
            ({share: 50}, [(late, 50), (coming, 50)], True),
            ({share: 50}, [(late, 49), (coming, 51)], False),
            ({amount: 50, balance: 200}, [(late, 100)], False),
            ({amount: 50, balance: 200} | any_of, [(late, 100)], True),
            ({amount: 50, balance: 200} | any_of, [(late, 40), (late, 160)], True),
            ({amount: 500, share: 100} | any_of, [(late, 1)], True),
            ({amount: 500, share: 100} | any_of, [(late, 1), (coming, 1)], False),
            ({amount: 1, balance: 2, share: 3}, [(late, 2)], True),
        ]
        for values, rows, reminded in table:
            with self.subTest(values=values, rows=rows):
                self.ask(1, **values)
                customer = self._create_customer()
                first, *_others = self.invoices(
                    [
                        {"partner": customer, "days_overdue": days, "amount": amount}
                        for days, amount in rows
                    ]
                )
                self.run_on()
                self.assertEqual(
                    self.why(first),
                    "remind/level_reached" if reminded else "wait/below_minimum",
                )

    def test_netsuite_example(self):
        """10 invoices of 10, 5 days late: both minimums -> level 1, one -> level 2."""
        for match, reentry, told, expected in [
            ("all", "restart", 1, None),
            ("any", "restart", 1, 5),
            ("all", "contextual", None, 1),
            ("any", "contextual", None, 5),
        ]:
            with self.subTest(match=match, reentry=reentry):
                self.policy.reentry = reentry
                self.ask(5, min_amount=50, min_balance=100, threshold_match=match)
                customer = self._create_customer()
                invoices = self.invoices(
                    [{"partner": customer} for _i in range(10)], 5, 10.0
                )
                if told:
                    for number, invoice in enumerate(invoices):
                        self.told(invoice, told, days_ago=4 + number)
                self.run_on()
                for invoice in invoices:
                    if expected:
                        self.assertReminded(invoice, expected)
                    else:
                        self.assertEqual(self.why(invoice), "wait/below_minimum")
                        self.assertEqual(self.decisions(invoice).level_id.delay_days, 1)

    def test_lines_under_another_policy_do_not_count(self):
        self._create_policy(
            sequence=1, delays=[90], invoice_domain="[('ref', '=', 'other')]"
        )
        self.ask(1, min_balance=100)
        invoice = self.invoice(amount=60)
        self.invoice(amount=60, ref="other")
        self.run_on()
        self.assertEqual(self.why(invoice), "wait/below_minimum")

    def test_stopped_lines_do_not_count(self):
        self.ask(1, min_balance=100)
        invoice, stopped = self.invoices([{}, {}], 8, 60.0)
        stopped.no_followup = True
        self.run_on()
        self.assertEqual(self.why(invoice), "wait/below_minimum")

    def test_minimums_per_currency_replace_those_of_the_company(self):
        """A euro is half a dollar here."""
        eur, usd = self.foreign_currency, self.company.currency_id
        for least, rows, reminded in [
            ({"min_amount": 50}, [(eur, 60)], True),
            ({"min_amount": 50}, [(eur, 40)], False),
            ({"min_amount": 50}, [(usd, 60)], False),
            ({"min_amount": 50}, [(usd, 100)], True),
            ({"min_balance": 100}, [(eur, 160), (eur, 40)], True),
            ({"min_balance": 100}, [(eur, 60), (usd, 500)], False),
            ({}, [(eur, 1)], True),
        ]:
            with self.subTest(least=least, rows=[(c.name, a) for c, a in rows]):
                self.ask(1, min_amount=100)
                self.level(1).minimum_ids = [
                    Command.clear(),
                    Command.create({"currency_id": eur.id, **least}),
                ]
                customer = self._create_customer()
                first, *_others = self.invoices(
                    [
                        {"partner": customer, "currency": currency, "amount": amount}
                        for currency, amount in rows
                    ]
                )
                self.run_on()
                self.assertEqual(
                    self.why(first),
                    "remind/level_reached" if reminded else "wait/below_minimum",
                )

    def test_judged_again_when_the_notice_is_claimed(self):
        self.only_the_claim_looks()
        eur = {"currency_id": self.foreign_currency.id}
        for name, values, paid in [
            ("balance", {"min_balance": 100}, 60),
            ("share", {"min_percentage": 80}, 60),
            ("amount", {"min_amount": 50}, None),
            (
                "currency",
                {"minimum_ids": [Command.create({**eur, "min_balance": 1})]},
                1,
            ),
            (
                "any",
                {"min_balance": 100, "min_amount": 90, "threshold_match": "any"},
                60,
            ),
        ]:
            with self.subTest(name):
                self.ask(1, **values)
                customer = self._create_customer()
                first, second, _coming = self.invoices(
                    [
                        {"partner": customer, "days_overdue": days, "amount": 60.0}
                        for days in (3, 3, -60)
                    ][: 2 if name != "share" else 3]
                    + [{"partner": customer, "days_overdue": -90, "amount": 1.0}]
                )[:3]
                if name == "share":
                    self.level(1).min_percentage = 60
                self.run_on()
                notice = self.notices(customer)
                self.assertEqual(notice.state, "ready")
                if paid is None:
                    self.pay(first, 20.0)
                    self.pay(second, 20.0)
                else:
                    self.pay(first, paid if paid > 1 else None)
                self.deliver()
                if name == "currency":  # Dollars are not asked for a balance.
                    self.assertEqual(notice.state, "sent")
                else:
                    self.assertEqual(notice.state, "suppressed")
                    self.assertIn("Below the minimum amount", notice.reason)


@tagged("post_install", "-at_install")
class TestGrace(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.active = False
        cls.policy = cls._create_policy(delays=[-5, 1, 8])

    def test_sap_example(self):
        """3 days of grace, due on 12 March: not overdue on the 13th."""
        self.policy.item_grace_days = 3
        invoice = self.invoice(invoice_date_due=date(2026, 3, 12))
        self.told(invoice, -5, days_ago=1)
        for day, answer in [
            (12, "wait/next_level"),
            (13, "wait/item_grace"),
            (15, "wait/item_grace"),
            (16, "remind/level_reached"),
        ]:
            with self.subTest(day=day):
                self.run_on(days=day - self.today.day)
                self.assertEqual(self.why(invoice), answer)
                self.assertEqual(
                    self.decisions(invoice).next_date
                    if day < 16
                    else self.notices()[-1:].date,
                    date(2026, 3, 16),
                )

    def test_levels_from_the_due_date_on_move(self):
        """days of grace, days overdue, level done -> level or answer"""
        self.policy.level_ids = [self._level(0)]
        for grace, days, done, expected in [
            (0, 0, None, 0),
            (3, 0, None, "wait/item_grace"),
            (3, 2, None, "wait/item_grace"),
            (3, 3, None, 0),
            (3, 3, 0, "wait/item_grace"),
            (3, 4, 0, 1),
            (3, 10, 1, "wait/next_level"),
            (3, 11, 1, 8),
            (3, -5, None, -5),
            (3, -6, None, "wait/not_reached"),
        ]:
            with self.subTest(grace=grace, days=days, done=done):
                self.policy.item_grace_days = grace
                invoice = self.invoice(self._create_customer(), days)
                if done is not None:
                    self.told(invoice, done, days_ago=20)
                self.run_on()
                if isinstance(expected, int):
                    self.assertReminded(invoice, expected)
                else:
                    self.assertEqual(self.why(invoice), expected)

    def test_line_in_grace_counts_nowhere_as_overdue(self):
        self.policy.item_grace_days = 3
        self.policy.min_overdue_amount = 100
        late, in_grace = (
            self.invoice(amount=60),
            self.invoice(days_overdue=2, amount=60),
        )
        self.run_on()
        self.assertEqual(self.why(late), "wait/below_minimum")
        self.policy.min_overdue_amount = 0
        self.run_on()
        self.assertEqual(self.steps(self.notices()), {late: 1})
        self.assertEqual(self.why(in_grace), "wait/item_grace")

    def test_grace_of_the_customer(self):
        """Nothing before the oldest debt is 10 days overdue; then the items that became
        due in between are in the message, too."""
        self.policy.account_grace_days = 10
        oldest, newer = self.invoice(days_overdue=8), self.invoice(days_overdue=3)
        coming = self.invoice(self._create_customer(), days_overdue=-4)
        for days, answer in [(0, "wait/account_grace"), (1, "wait/account_grace")]:
            self.run_on(days=days)
            self.assertEqual(self.why(oldest), answer)
            self.assertEqual(self.why(newer), answer)
        self.assertEqual(self.decisions(coming).level_id, self.level(-5))
        self.run_on(days=1)
        self.assertEqual(self.steps(self.notices()), {oldest: 1, newer: 1})

    def test_grace_is_judged_again_when_the_notice_is_claimed(self):
        self.only_the_claim_looks()
        self.policy.account_grace_days = 5
        oldest, _newer = self.invoice(days_overdue=8), self.invoice(days_overdue=3)
        self.run_on()
        notice = self.notices()
        self.pay(oldest)
        self.assertFalse(self.deliver())
        self.assertEqual(notice.state, "suppressed")
        self.assertIn("Within the days of grace of the customer", notice.reason)
        self.policy.write({"account_grace_days": 0, "item_grace_days": 2})
        self.run_on(days=1)
        notice = self.notices(state="ready")
        self.policy.item_grace_days = 9
        self.assertFalse(self.deliver())
        self.assertEqual(notice.state, "suppressed")


@tagged("post_install", "-at_install")
class TestHighestLevel(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.active = False
        cls.policy = cls._create_policy(delays=[1, 8, 15, 30])

    def test_invoice_does_not_climb_beyond_it(self):
        for done, capped, days, expected in [
            (None, 8, 20, 1),
            (1, 8, 20, 8),
            (8, 8, 20, "wait/max_level"),
            (15, 8, 40, "wait/max_level"),
            (30, 30, 60, "wait/last_level"),
            (8, None, 20, 15),
        ]:
            with self.subTest(done=done, capped=capped):
                invoice = self.invoice(self._create_customer(), days)
                invoice.dunning_max_level_id = self.level(capped or 99)
                if done:
                    self.told(invoice, done, days_ago=20)
                self.run_on()
                if isinstance(expected, int):
                    self.assertReminded(invoice, expected)
                    continue
                self.assertEqual(self.why(invoice), expected)
                self.assertFalse(self.decisions(invoice).next_level_id)
                self.assertFalse(self.decisions(invoice).next_date)

    def test_next_level_shown_stays_below(self):
        invoice = self.invoice(days_overdue=9)
        invoice.dunning_max_level_id = self.level(1)
        self.run_on()
        self.assertReminded(invoice, 1)
        self.assertFalse(self.decisions(invoice).next_level_id)
        self.assertFalse(self.customer.dunning_case_id.next_action_date)

    def test_survives_a_change_of_policy(self):
        invoice = self.invoice(days_overdue=40)
        invoice.dunning_max_level_id = self.level(15)
        self.told(invoice, 8, days_ago=20)
        new = self._create_policy(sequence=1, delays=[3, 12, 20])
        self.run_on()
        self.assertEqual(self.decisions(invoice).level_id, self.level(12, new))
        self.send()
        self.run_on(days=1)
        self.assertEqual(self.why(invoice), "wait/max_level")

    def test_judged_again_when_the_notice_is_claimed(self):
        self.only_the_claim_looks()
        invoice = self.invoice(days_overdue=9)
        self.told(invoice, 1, days_ago=8)
        self.run_on()
        notice = self.notices(state="ready")
        invoice.dunning_max_level_id = self.level(1)
        self.assertFalse(self.deliver())
        self.assertEqual(notice.state, "suppressed")
        self.assertIn("may not climb any further", notice.reason)

    def test_queued_notice_is_taken_back_at_once(self):
        invoice = self.invoice(days_overdue=9)
        self.told(invoice, 1, days_ago=8)
        self.run_on()
        notice = self.notices(state="ready")
        invoice.dunning_max_level_id = self.level(1)
        self.cr.flush()
        self.assertEqual(notice.state, "suppressed")


@tagged("post_install", "-at_install")
class TestReentry(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.active = False
        cls.policy = cls._create_policy(delays=[1, 8, 15, 30])

    def bounce(self, invoice, done, again=None):
        """Reminded at ``done`` (and ``again``), paid, and the payment bounces."""
        for number, delay in enumerate(filter(None, (done, again))):
            self.told(invoice, delay, days_ago=9 - number)
        payment = self.pay(invoice)
        self.run_on()
        self.unpay(payment)

    def test_where_a_line_enters(self):
        """re-entry, days overdue, level done, did a payment bounce -> level"""
        for reentry, days, done, bounced, expected in [
            ("restart", 20, None, False, 1),
            ("restart", 20, 1, False, 8),
            ("restart", 20, 8, True, 1),
            ("contextual", 20, None, False, 15),
            ("contextual", 2, None, False, 1),
            ("contextual", 20, 1, False, 8),
            ("contextual", 20, 1, True, 15),
            ("contextual", 99, None, False, 30),
            ("resume", 20, None, False, 1),
            ("resume", 20, 1, False, 8),
            ("resume", 20, 8, True, 15),
            ("resume", 10, 8, True, "wait/not_reached"),
            ("resume", 60, 30, True, "wait/last_level"),
        ]:
            with self.subTest(reentry=reentry, days=days, done=done, bounced=bounced):
                self.policy.reentry = reentry
                invoice = self.invoice(self._create_customer(), days)
                if bounced:
                    self.run_on()
                    self.notices(invoice.partner_id).sudo()._set_state("suppressed")
                    self.bounce(invoice, done)
                elif done:
                    self.told(invoice, done, days_ago=9)
                self.run_on()
                if isinstance(expected, int):
                    self.assertReminded(invoice, expected)
                else:
                    self.assertEqual(self.why(invoice), expected)

    def test_level_that_fits_stays_below_the_highest(self):
        self.policy.reentry = "contextual"
        invoice = self.invoice(days_overdue=40)
        invoice.dunning_max_level_id = self.level(15)
        self.run_on()
        self.assertReminded(invoice, 15)

    def test_grace_counts_for_the_level_that_fits(self):
        self.policy.write({"reentry": "contextual", "item_grace_days": 3})
        for days, expected in [(17, 8), (18, 15)]:
            with self.subTest(days=days):
                invoice = self.invoice(self._create_customer(), days)
                self.run_on()
                self.assertReminded(invoice, expected)

    def test_backlog_begins_at_its_level(self):
        self.policy.write(
            {
                "start_rule": "level",
                "start_level_id": self.level(15).id,
                "start_date": TODAY,
                "item_grace_days": 3,
            }
        )
        for days, capped, expected in [
            (17, None, 1),
            (18, None, 15),
            (40, 8, 8),
        ]:
            with self.subTest(days=days, capped=capped):
                invoice = self.invoice(self._create_customer(), days)
                invoice.dunning_max_level_id = self.level(capped or 99)
                self.run_on()
                self.assertReminded(invoice, expected)

    def test_floor(self):
        """A floor (of a broken promise) lifts the next level, also in a cycle; it goes
        when the line was reminded there."""
        for done, floor, days, expected in [
            (None, 8, 40, 8),
            (1, 15, 40, 15),
            (1, 9, 40, 15),
            (15, 8, 40, 30),
            (1, 99, 40, 30),
            (1, 15, 10, "wait/next_level"),
        ]:
            with self.subTest(done=done, floor=floor, days=days):
                invoice = self.invoice(self._create_customer(), days)
                if done:
                    self.told(invoice, done, days_ago=9)
                invoice.no_followup = True
                self.run_on()
                self.assertEqual(self.why(invoice), "hold/no_followup")
                decision = self.decisions(invoice).sudo()
                decision.floor_delay = floor
                invoice.no_followup = False
                self.run_on()
                if not isinstance(expected, int):
                    self.assertEqual(self.why(invoice), expected)
                    self.assertEqual(decision.floor_delay, floor)
                    continue
                self.assertReminded(invoice, expected)
                self.send(self.notices(invoice.partner_id, state="ready"))
                self.run_on()
                decision.invalidate_recordset()
                self.assertEqual(decision.floor_delay, floor if expected < floor else 0)

    def test_floor_survives_a_notice_that_was_held_back(self):
        invoice = self.invoice(days_overdue=40)
        self.run_on()
        self.notices().sudo()._set_state("suppressed")
        self.decisions(invoice).sudo().floor_delay = 15
        self.run_on(days=1)
        self.assertReminded(invoice, 15)
        self.notices(state="ready").sudo()._set_state("suppressed")
        self.run_on(days=1)
        self.assertReminded(invoice, 15)
