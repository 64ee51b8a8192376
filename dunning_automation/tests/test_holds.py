from datetime import timedelta

from odoo import Command
from odoo.tests import tagged

from .common import DunningCommon


class HoldsCommon(DunningCommon):
    """Customers who say something about what they owe."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.level_ids.min_interval_days = 0

    def hold(self, target=None, days=10, **values):
        """A hold on ``target`` (invoices; default: all that the customer owes)."""
        if target:
            values["move_line_ids"] = [Command.set(self.receivable(target).ids)]
        return self.env["dunning.hold"].create(
            {
                "partner_id": (
                    target or self.env["account.move"]
                ).commercial_partner_id.id
                or self.customer.id,
                "date_end": self.today + timedelta(days=days),
                **values,
            }
        )

    def promise(self, invoices, days=5, **values):
        return self.env["dunning.promise"].create(
            {
                "move_line_ids": [Command.set(self.receivable(invoices).ids)],
                "date": self.today + timedelta(days=days),
                **values,
            }
        )

    def dispute(self, invoices, **values):
        return self.env["dunning.dispute"].create(
            {"move_line_ids": [Command.set(self.receivable(invoices).ids)], **values}
        )

    def plan(self, invoices, rows=None, **values):
        """A draft plan; rows: ``[(days from today, amount), ...]``."""
        plan = self.env["dunning.plan"].create(
            {"move_line_ids": [Command.set(self.receivable(invoices).ids)], **values}
        )
        if rows is None:
            plan.action_generate()
        else:
            plan.line_ids = [
                Command.create(
                    {"date": self.today + timedelta(days=days), "amount": amount}
                )
                for days, amount in rows
            ]
        return plan

    def settle(self, days=0):
        """The nightly job, ``days`` later."""
        self.travel(days)
        self.assertFalse(self.env["dunning.agreement"]._settle_company(self.company))
        self.env.flush_all()
        self.env.invalidate_all()

    def book(self, function, *args):
        """Book something and commit, as far as a test can."""
        result = function(*args)
        self.cr.precommit.run()
        self.env.invalidate_all()
        return result

    def told_events(self, partner=None):
        events = self.env["dunning.event"].search(
            [("partner_id", "=", (partner or self.customer).id)], order="id"
        )
        return [
            event.kind
            for event in events
            if event.kind.startswith(("hold", "promise", "dispute", "plan"))
        ]


@tagged("post_install", "-at_install")
class TestHolds(HoldsCommon):
    def test_each_kind_stops_exactly_what_it_names(self):
        for kind in ("manual", "dispute", "promise", "plan", "legal", "contact"):
            with self.subTest(kind):
                customer, other = self._create_customers(2)
                held, free = self.invoices([{"partner": customer}] * 2)
                stranger = self.invoice(other)
                self.hold(held, kind=kind)
                self.run_on()
                self.assertEqual(self.why(held), f"hold/hold_{kind}")
                self.assertReminded(free, 1)
                self.assertReminded(stranger, 1)
                self.assertEqual(self.notices(customer).line_ids.move_id, free)

    def test_customer_scope_stops_all_and_nobody_else(self):
        invoices = self.invoices([{}, {}])
        other = self.invoice(self._create_customer())
        self.hold(kind="legal")
        self.run_on()
        for invoice in invoices:
            self.assertEqual(self.why(invoice), "hold/hold_legal")
        self.assertReminded(other, 1)

    def test_last_day_counts_and_the_next_one_is_free(self):
        """Without the nightly job: the sign reads the date."""
        invoice = self.invoice()
        self.hold(invoice, days=3)
        for days, answer in [
            (0, "hold/hold_manual"),
            (3, "hold/hold_manual"),
            (1, "remind/level_reached"),
        ]:
            self.run_on(days)
            self.assertEqual(self.why(invoice), answer)

    def test_day_of_the_company_counts(self):
        """At 10:00 UTC of the last day it is past midnight in Kiritimati (+14)."""
        self.company.dunning_tz = "Pacific/Kiritimati"
        invoice = self.invoice()
        self.hold(invoice, days=1)  # Today there.
        self.run_on()
        self.assertEqual(self.why(invoice), "hold/hold_manual")
        self.travel(hours=14)
        self.run_on()
        self.assertReminded(invoice, 1)
