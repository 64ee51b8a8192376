import random
from datetime import timedelta

from odoo.tests import tagged

from .test_replay import ReplayCommon

DAYS = 90
CUSTOMERS = 25


@tagged("post_install", "-at_install")
class TestReplayLive(ReplayCommon):
    """A company lives for three months: it invoices, is paid, in part, late or never,
    gives credit, holds back, is promised and disappointed, and reminds every day. Then
    the same days are replayed. Whatever really left must have been said again, and
    nothing else."""

    def setUp(self):
        super().setUp()
        self.chance = random.Random(19)
        self.policy.write({"item_grace_days": 1, "min_overdue_amount": 40})
        self.level(8).min_amount = 60
        self.policy.broken_promise_rule = "next_level"
        self.key_policy = self._create_policy(
            [-3, 2, 10],
            sequence=1,
            partner_domain="[('name', 'ilike', 'key')]",
            grouping="invoice",
        )
        self.customers = [
            self._create_customer(name=f"{name} {number}", **values)
            for number in range(CUSTOMERS)
            for name, values in [
                self.chance.choice(
                    [
                        ("Customer", {}),
                        ("Customer", {}),
                        ("Key account", {}),
                        ("Mute", {"email": False}),
                    ]
                )
            ]
        ]
        self.open = []

    # === WHAT HAPPENS ON A DAY === #

    def live_one_day(self):
        happens = self.chance.choices(
            [
                self.sell,
                self.sell_in_instalments,
                self.get_paid,
                self.get_paid_in_part,
                self.give_credit,
                self.hold,
                self.be_promised,
                self.release,
            ],
            weights=[8, 1, 6, 2, 1, 1, 1, 1],
            k=4,
        )
        for event in happens:
            event()

    def sell(self, **values):
        self.open.append(
            self.invoice(
                self.chance.choice(self.customers),
                days_overdue=-self.chance.choice([0, 7, 14, 30]),
                amount=self.chance.choice([20.0, 50.0, 100.0, 999.99]),
                currency=self.chance.choice([None, None, self.foreign_currency]),
                invoice_date=self.today,
                **values,
            )
        )

    def sell_in_instalments(self):
        self.open.append(
            self.invoice(
                self.chance.choice(self.customers),
                instalments=[(-5, 100.0), (-20, 100.0)],
                invoice_date=self.today,
            )
        )

    def choose(self):
        self.open = [move for move in self.open if move.amount_residual]
        return self.open and self.chance.choice(self.open)

    def get_paid(self):
        if move := self.choose():
            self.pay(move)

    def get_paid_in_part(self):
        if move := self.choose():
            self.pay(move, amount=round(move.amount_residual / 3, 2))

    def give_credit(self):
        self.credit_note(
            self.chance.choice(self.customers), amount=30.0, invoice_date=self.today
        )

    def hold(self):
        if move := self.choose():
            self.env["dunning.hold"].create(
                {
                    "partner_id": move.commercial_partner_id.id,
                    "kind": "manual",
                    "date_end": self.today + timedelta(days=self.chance.randint(2, 15)),
                }
            )

    def release(self):
        holds = self.env["dunning.hold"].search(
            [("state", "=", "active"), ("kind", "=", "manual")]
        )
        if holds:
            self.chance.choice(holds).action_release()

    def be_promised(self):
        if move := self.choose():
            lines = self.receivable(move).filtered("amount_residual")
            taken = self.env["dunning.promise"].search([("state", "=", "open")])
            if lines & taken.move_line_ids:
                return
            self.env["dunning.promise"].create(
                {
                    "partner_id": move.commercial_partner_id.id,
                    "move_line_ids": [(6, 0, lines.ids)],
                    "date": self.today + timedelta(days=self.chance.randint(1, 10)),
                }
            )

    # === THE PROOF === #

    def test_replay_says_what_was_said(self):
        for day in range(DAYS):
            if day % 10 == 0:
                # The database does it by itself, but not inside one transaction.
                self.cr.execute("ANALYZE")
            self.live_one_day()
            self.run_on()
            self.deliver()
            self.travel(1)
        self.travel(-1)
        really = {
            (
                notice.date,
                notice.partner_id.name,
                notice.level_id.display_name,
                notice.channel,
                tuple(sorted(notice.line_ids.move_id.mapped("name"))),
                round(sum(notice.line_ids.mapped("residual")), 2),
            )
            for notice in self.env["dunning.notice"].search([("state", "=", "sent")])
        }
        replayed = {
            (
                message.date,
                message.partner_id.name,
                message.level_id.display_name,
                message.channel,
                tuple(sorted(message.move_ids.mapped("name"))),
                round(message.amount, 2),
            )
            for message in self.replay(days=DAYS).message_ids
        }
        self.assertGreater(len(really), 100)
        self.assertEqual(len({what[3] for what in really}), 2, "mails and tasks")
        self.assertEqual(sorted(really - replayed), [], "said, but not replayed")
        self.assertEqual(sorted(replayed - really), [], "replayed, but never said")
