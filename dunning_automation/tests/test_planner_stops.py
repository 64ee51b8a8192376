from datetime import timedelta

from odoo import Command
from odoo.tests import tagged

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestPlannerStops(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = cls.env["payment.provider"].sudo().create({"name": "Provider"})
        cls.method = cls.env.ref("payment.payment_method_unknown").sudo()

    def transaction(self, invoice, state, days_ago=0, **values):
        transaction = (
            self.env["payment.transaction"]
            .sudo()
            .create(
                {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.method.id,
                    "reference": f"TX {next(self._numbers)}",
                    "amount": invoice.amount_residual,
                    "currency_id": invoice.currency_id.id,
                    "partner_id": invoice.partner_id.id,
                    "invoice_ids": [Command.link(invoice.id)],
                    "last_state_change": self.moment - timedelta(days=days_ago),
                    **values,
                }
            )
        )
        # Not every provider can authorize, none of the plain ones here.
        transaction.flush_recordset()
        self.cr.execute(
            "UPDATE payment_transaction SET state = %s WHERE id = %s",
            (state, transaction.id),
        )
        transaction.invalidate_recordset()

    def payment_without_entry(self, partner, amount, invoice=None, state="in_process"):
        """As other addons and migrated data leave it: registered, not in the ledger."""
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": partner.id,
                "amount": amount,
                "invoice_ids": [Command.set(invoice.ids if invoice else [])],
            }
        )
        self.env.flush_all()
        self.cr.execute(
            "UPDATE account_payment SET state = %s, move_id = NULL,"
            " outstanding_account_id = NULL WHERE id = %s",
            (state, payment.id),
        )
        payment.invalidate_recordset()
        return payment

    def assertAnswers(self, cases):
        """:param cases: ``{name: (invoice, answer)}``"""
        self.run_on()
        for name, (invoice, answer) in cases.items():
            with self.subTest(name):
                self.assertEqual(self.why(invoice), answer)
                told = self.env["dunning.notice.line"].search(
                    [("move_id", "=", invoice.id)]
                )
                self.assertEqual(bool(told), answer.startswith("remind"))

    def new_invoice(self, **values):
        return self.invoice(self._create_customer(), **values)

    # === STOP SIGNS === #

    def test_payment_states(self):
        cases = {}
        for state, answer in [
            ("not_paid", "remind/level_reached"),
            ("partial", "remind/level_reached"),
            ("in_payment", "hold/in_payment"),
            ("paid", "hold/paid"),
            ("reversed", "hold/reversed"),
            ("blocked", "hold/blocked"),
            ("invoicing_legacy", "hold/legacy"),
        ]:
            invoice = self.new_invoice()
            invoice.payment_state = state
            cases[state] = invoice, answer
        states = dict(self.env["account.move"]._fields["payment_state"].selection)
        self.assertEqual(set(states), set(cases), "a payment state is not covered")
        self.assertAnswers(cases)

    def test_excluded_from_follow_ups(self):
        excluded, blocked = self.new_invoice(), self.new_invoice()
        excluded.no_followup = True
        blocked.action_toggle_block_payment()
        # In Odoo the flag is the invoice's: all its instalments follow.
        one_of_two = self.new_invoice(instalments=[(9, 50.0), (3, 50.0)])
        self.receivable(one_of_two)[1].no_followup = True
        self.assertAnswers(
            {
                "invoice": (excluded, "hold/no_followup"),
                "blocked by button": (blocked, "hold/blocked"),
                "one instalment": (one_of_two, "hold/no_followup, hold/no_followup"),
            }
        )

    def test_payments_without_entry(self):
        cases = {}
        for state, answer in [
            ("draft", "remind/level_reached"),
            ("in_process", "hold/payment_in_process"),
            ("canceled", "remind/level_reached"),
            ("rejected", "remind/level_reached"),
        ]:
            invoice = self.new_invoice()
            self.payment_without_entry(invoice.partner_id, 100.0, invoice, state)
            cases[state] = invoice, answer
        unallocated = self.new_invoice()
        self.payment_without_entry(unallocated.partner_id, 100.0)
        cases["not allocated"] = unallocated, "hold/covered_by_credit"
        # The stop does not lean on the payment state, which addons change at will.
        self.env.flush_all()
        self.cr.execute("UPDATE account_move SET payment_state = 'not_paid'")
        self.env.invalidate_all()
        self.assertAnswers(cases)

    def test_online_transactions(self):
        self.company.dunning_pending_days = 14
        pending = "hold/transaction_pending"
        cases = {}
        for state, days_ago, values, answer in [
            ("draft", 0, {}, "remind/level_reached"),
            ("pending", 0, {}, pending),
            ("pending", 13, {}, pending),
            ("pending", 14, {}, "remind/level_reached"),
            ("authorized", 1, {}, pending),
            ("authorized", 20, {}, "remind/level_reached"),
            ("done", 0, {"is_post_processed": False}, pending),
            ("done", 0, {"is_post_processed": True}, "remind/level_reached"),
            ("cancel", 0, {}, "remind/level_reached"),
            ("error", 0, {}, "remind/level_reached"),
        ]:
            invoice = self.new_invoice()
            self.transaction(invoice, state, days_ago, **values)
            cases[f"{state}, {days_ago} days ago, {values}"] = invoice, answer
        self.assertAnswers(cases)

    def test_moves_that_are_not_posted(self):
        draft = self.new_invoice(post=False)
        cancelled = self.new_invoice()
        reset = self.new_invoice()
        cancelled.button_cancel()
        self.run_on()
        self.assertFalse(self.decisions(draft) | self.decisions(cancelled))
        self.assertReminded(reset, 1)
        reset.button_draft()
        self.run_on()
        self.assertEqual(self.why(reset), "settled/not_posted")

    def test_entry_without_customer(self):
        entry = self.env["account.move"].create(
            {
                "line_ids": [
                    Command.create(
                        {
                            "account_id": self.company_data[account].id,
                            "balance": balance,
                            "date_maturity": self.today - timedelta(days=8),
                        }
                    )
                    for account, balance in [
                        ("default_account_receivable", 100.0),
                        ("default_account_revenue", -100.0),
                    ]
                ],
            }
        )
        entry.action_post()
        self.run_on()
        self.assertEqual(self.why(entry), "hold/no_partner")

    def test_opening_entry_is_reminded_once_follow_up_is_allowed(self):
        entry = self.env["account.move"].create(
            {
                "line_ids": [
                    Command.create(
                        {
                            "account_id": self.company_data[account].id,
                            "partner_id": self.customer.id,
                            "balance": balance,
                            "date_maturity": self.today - timedelta(days=8),
                        }
                    )
                    for account, balance in [
                        ("default_account_receivable", 100.0),
                        ("default_account_revenue", -100.0),
                    ]
                ],
            }
        )
        entry.action_post()
        self.run_on()
        self.assertEqual(self.why(entry), "hold/no_followup")
        self.receivable(entry).no_followup = False
        self.run_on()
        self.assertReminded(entry, 1)

    # === OPEN CREDITS === #

    def test_open_credits_cover_the_oldest_lines_first(self):
        covered, reminded = "hold/covered_by_credit", "remind/level_reached"
        # credits, invoices (days overdue, amount, answer)
        table = [
            ([100.0], [(9, 100.0, covered)]),
            ([99.99], [(9, 100.0, reminded)]),
            ([50.0], [(9, 100.0, reminded)]),
            ([100.0], [(3, 100.0, reminded), (9, 100.0, covered)]),
            ([150.0], [(9, 100.0, covered), (3, 100.0, reminded)]),
            ([60.0, 140.0], [(9, 100.0, covered), (3, 100.0, covered)]),
            ([500.0], [(9, 100.0, covered)]),
        ]
        cases = {}
        for number, (credits, invoices) in enumerate(table):
            customer = self._create_customer()
            for amount in credits:
                self.credit_note(customer, amount)
            for days_overdue, amount, answer in invoices:
                invoice = self.invoice(customer, days_overdue, amount)
                cases[f"{number}: {credits}, {amount}, {days_overdue}"] = (
                    invoice,
                    answer,
                )
        self.assertAnswers(cases)

    def test_credit_in_another_currency_does_not_help(self):
        foreign = self.foreign_currency
        own, other = self._create_customer(), self._create_customer()
        self.credit_note(own, 100.0, currency=foreign)
        self.credit_note(other, 100.0)
        self.assertAnswers(
            {
                "same": (
                    self.invoice(own, 9, currency=foreign),
                    "hold/covered_by_credit",
                ),
                "other": (
                    self.invoice(other, 9, currency=foreign),
                    "remind/level_reached",
                ),
            }
        )

    def test_credit_of_the_family_but_not_of_strangers(self):
        child = self._create_customer(parent_id=self.customer.id, is_company=False)
        self.credit_note(child)
        self.credit_note(self._create_customer())
        self.assertAnswers(
            {
                "family": (self.invoice(days_overdue=9), "hold/covered_by_credit"),
                "nobody": (self.new_invoice(days_overdue=9), "remind/level_reached"),
            }
        )

    def test_lines_that_are_stopped_use_up_no_credit(self):
        stopped = self.invoice(days_overdue=20)
        stopped.no_followup = True
        self.credit_note(amount=100.0)
        self.assertAnswers(
            {
                "stopped": (stopped, "hold/no_followup"),
                "next": (self.invoice(days_overdue=9), "hold/covered_by_credit"),
            }
        )

    def test_unallocated_payment_covers(self):
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.customer.id,
                "amount": 100.0,
            }
        )
        payment.action_post()
        self.assertAnswers(
            {"invoice": (self.invoice(days_overdue=9), "hold/covered_by_credit")}
        )

    # === MINIMUM AMOUNTS === #

    def test_minimum_overdue_total_of_the_customer(self):
        self.policy.min_overdue_amount = 50.0
        small, sum_reaches, with_coming = [self._create_customer() for _i in range(3)]
        cases = {
            "small": (self.invoice(small, 9, 49.99), "wait/below_minimum"),
            "first": (self.invoice(sum_reaches, 9, 25.0), "remind/level_reached"),
            "second": (self.invoice(sum_reaches, 2, 25.0), "remind/level_reached"),
            # What is not due yet is no part of the overdue total ...
            "old": (self.invoice(with_coming, 9, 40.0), "wait/below_minimum"),
            "exact": (self.new_invoice(amount=50.0), "remind/level_reached"),
            # ... and a courtesy is not about an overdue total.
            "coming": (self.new_invoice(days_overdue=-4), "remind/level_reached"),
        }
        self.invoice(with_coming, -20, 60.0)
        self.assertAnswers(cases)

    def test_minimum_is_in_company_currency(self):
        """Two units of the foreign currency are one of the company's."""
        self.policy.min_overdue_amount = 50.0
        foreign = self.foreign_currency
        self.assertAnswers(
            {
                "99": (
                    self.new_invoice(amount=99.0, currency=foreign),
                    "wait/below_minimum",
                ),
                "100": (
                    self.new_invoice(amount=100.0, currency=foreign),
                    "remind/level_reached",
                ),
            }
        )

    def test_minimum_amount_of_a_level_is_per_line(self):
        self.level(8).min_amount = 50.0
        small, large = self.invoice(days_overdue=9, amount=49.0), self.new_invoice()
        first = self.new_invoice(amount=10.0)
        self.told(small, 1, days_ago=8)
        self.told(large, 1, days_ago=8)
        self.assertAnswers(
            {
                "large": (large, "remind/level_reached"),
                "level without minimum": (first, "remind/level_reached"),
            }
        )
        self.assertEqual(self.why(small), "wait/below_minimum")

    # === BACKLOG === #

    def test_start_rules(self):
        start = self.today - timedelta(days=10)
        # rule, days overdue -> answer, level
        table = [
            ("all", 40, "remind/level_reached", 1),
            ("all", 5, "remind/level_reached", 1),
            ("new", 11, "hold/before_start", None),
            ("new", 10, "remind/level_reached", 1),
            ("new", 5, "remind/level_reached", 1),
            ("level", 40, "remind/level_reached", 15),
            ("level", 15, "remind/level_reached", 15),
            ("level", 14, "remind/level_reached", 1),
            ("level", 10, "remind/level_reached", 1),
            ("level", -4, "remind/level_reached", -5),
        ]
        for rule in ("all", "new", "level"):
            self.policy.write(
                {
                    "start_rule": rule,
                    "start_date": start,
                    "start_level_id": self.level(15).id if rule == "level" else False,
                }
            )
            cases = [
                (self.new_invoice(days_overdue=days), days, answer, delay)
                for name, days, answer, delay in table
                if name == rule
            ]
            self.run_on()
            for invoice, days, answer, delay in cases:
                with self.subTest(rule=rule, days=days):
                    self.assertEqual(self.why(invoice), answer)
                    if delay is not None:
                        self.assertReminded(invoice, delay)

    def test_backlog_climbs_on_from_its_start_level(self):
        self.policy.write(
            {
                "start_rule": "level",
                "start_date": self.today,
                "start_level_id": self.level(8).id,
            }
        )
        invoice = self.invoice(days_overdue=40)
        self.run_on()
        self.assertReminded(invoice, 8)
        self.send()
        self.run_on(days=7)
        self.assertReminded(invoice, 15)

    # === BOUNCED PAYMENTS === #

    def test_bounced_payment_opens_a_new_cycle(self):
        invoice = self.invoice(days_overdue=20)
        self.told(invoice, 1, days_ago=15)
        self.told(invoice, 8, days_ago=5)
        self.run_on()
        payment = self.pay(invoice)
        self.run_on()
        self.assertEqual(self.why(invoice), "settled/paid")
        self.unpay(payment)
        self.run_on(days=1)
        self.assertReminded(invoice, 1)
        self.assertEqual(self.decisions(invoice).cycle, 1)
        self.assertEqual(
            [notice.line_ids.cycle for notice in self.notices()], [0, 0, 1]
        )
        # The new cycle stays: the next step is the second level.
        self.send()
        self.run_on(days=7)
        self.assertReminded(invoice, 8)
        self.assertEqual(self.decisions(invoice).cycle, 1)

    def test_payment_that_no_run_saw_opens_no_cycle(self):
        invoice = self.invoice(days_overdue=20)
        self.told(invoice, 1, days_ago=15)
        self.unpay(self.pay(invoice))
        self.run_on()
        self.assertReminded(invoice, 8)

    def test_reset_to_draft_opens_no_cycle(self):
        invoice = self.invoice(days_overdue=20)
        self.run_on()
        self.send()
        invoice.button_draft()
        self.run_on(days=1)
        self.assertEqual(self.why(invoice), "settled/not_posted")
        invoice.action_post()
        self.run_on(days=7)
        self.assertReminded(invoice, 8)
        self.assertFalse(self.decisions(invoice).cycle)
