from datetime import timedelta

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .test_holds import HoldsCommon


@tagged("post_install", "-at_install")
class TestDisputes(HoldsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector = cls.new_user(cls, "di_clerk", "dunning_automation.group_user")

    def test_pauses_the_disputed_items_only(self):
        disputed, other = self.invoices([{}, {}])
        dispute = self.dispute(disputed, description="Wrong price")
        self.run_on()
        self.assertEqual(self.why(disputed), "hold/hold_dispute")
        self.assertReminded(other, 1)
        self.assertEqual(dispute.deadline, self.today + timedelta(days=14))
        self.assertEqual(dispute.hold_id.date_end, self.today + timedelta(days=28))
        self.assertEqual(self.told_events(), ["hold_set", "dispute_opened"])

    def test_rejected_resumes_as_the_policy_says(self):
        self.policy.write(
            {
                "broken_promise_rule": "level",
                "broken_promise_level_id": self.level(8).id,
            }
        )
        invoice = self.invoice()
        self.run_on()
        self.send()
        dispute = self.dispute(invoice).with_user(self.collector)
        dispute.note = "The price was agreed in writing."
        dispute.action_reject()
        self.assertEqual(dispute.state, "rejected")
        self.assertEqual(dispute.hold_id.state, "released")
        self.assertEqual(self.decisions(invoice).floor_delay, 8)
        self.assertFalse(dispute.activity_ids)
        self.run_on(1)
        self.assertReminded(invoice, 8)
        event = self.env["dunning.event"].search([("kind", "=", "dispute_rejected")])
        self.assertIn("agreed in writing", event.summary)
        with self.assertRaisesRegex(UserError, "resolved already"):
            dispute.action_reject()

    def test_accepted_holds_until_the_credit_note_is_posted(self):
        invoice = self.invoice()
        dispute = self.dispute(invoice).with_user(self.collector)
        dispute.action_accept()
        refund = dispute.refund_ids
        self.assertRecordValues(
            refund,
            [
                {
                    "state": "draft",
                    "move_type": "out_refund",
                    "amount_total": 100.0,
                    "reversed_entry_id": invoice.id,
                    "partner_id": self.customer.id,
                }
            ],
        )
        self.run_on()
        self.assertEqual(self.why(invoice), "hold/hold_dispute")
        self.settle(3)
        self.assertEqual(dispute.hold_id.state, "active")
        self.book(refund.action_post)
        self.assertEqual(dispute.hold_id.state, "released")
        self.assertEqual(invoice.payment_state, "reversed")

    def test_a_part_is_credited_and_the_rest_goes_on(self):
        invoice = self.invoice()
        dispute = self.dispute(invoice, amount=30.0)
        dispute.action_accept()
        dispute.refund_ids.action_post()
        self.settle()
        self.assertEqual(invoice.amount_residual, 70.0)
        self.run_on()
        self.assertReminded(invoice, 1)

    def test_a_draft_that_was_given_up_ends_the_hold(self):
        dispute = self.dispute(self.invoice(), amount=30.0)
        dispute.action_accept()
        dispute.refund_ids.unlink()
        self.settle()
        self.assertEqual(dispute.hold_id.state, "released")

    def test_credit_notes_are_right_in_taxes(self):
        """The total is the disputed amount to the cent, the taxes are in proportion."""
        tax7, tax19 = self.env["account.tax"].create(
            [
                {"name": f"{rate} %", "amount": rate, "company_id": self.company.id}
                for rate in (7.0, 19.0)
            ]
        )
        included = self.env["account.tax"].create(
            {
                "name": "19 % incl.",
                "amount": 19.0,
                "price_include_override": "tax_included",
                "company_id": self.company.id,
            }
        )
        for name, taxes, amount in [
            ("one rate", [tax19], 11.9),
            ("one rate, odd", [tax19], 33.33),
            ("two rates", [tax7, tax19], 50.0),
            ("included", [included], 17.77),
            ("no tax", [self.env["account.tax"]], 12.34),
            ("three kinds", [tax7, tax19, self.env["account.tax"]], 99.99),
            ("one cent", [tax19], 0.01),
        ]:
            with self.subTest(name):
                invoice = self.invoice(
                    self._create_customer(),
                    invoice_line_ids=[
                        Command.create(
                            {
                                "name": "Service",
                                "price_unit": 100.0,
                                "tax_ids": [Command.set(tax.ids)],
                            }
                        )
                        for tax in taxes
                    ],
                )
                dispute = self.dispute(invoice, amount=amount)
                dispute.action_accept()
                refund = dispute.refund_ids
                self.assertEqual(refund.amount_total, amount)
                share = amount / invoice.amount_total
                self.assertAlmostEqual(
                    refund.amount_tax, invoice.amount_tax * share, delta=0.021
                )
                refund.action_post()
                self.assertAlmostEqual(
                    invoice.amount_residual, invoice.amount_total - amount
                )

    def test_paid_before_it_was_accepted(self):
        invoice = self.invoice()
        dispute = self.dispute(invoice)
        self.pay(invoice, 60)
        with self.assertRaisesRegex(UserError, "owe less than the disputed amount"):
            dispute.action_accept()
        self.assertEqual(dispute.state, "open")

    def test_several_invoices_the_oldest_first(self):
        old, new = self.invoices([{"days_overdue": 20}, {"days_overdue": 5}])
        dispute = self.dispute(old | new, amount=130.0)
        dispute.action_accept()
        self.assertEqual(
            {move.reversed_entry_id: move.amount_total for move in dispute.refund_ids},
            {old: 100.0, new: 30.0},
        )

    def test_an_entry_that_is_no_invoice(self):
        receivable = self.company_data["default_account_receivable"]
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "line_ids": [
                    Command.create(
                        {
                            "account_id": account.id,
                            "partner_id": self.customer.id,
                            "debit": debit,
                            "credit": credit,
                        }
                    )
                    for account, debit, credit in [
                        (receivable, 80.0, 0.0),
                        (self.company_data["default_account_revenue"], 0.0, 80.0),
                    ]
                ],
            }
        )
        entry.action_post()
        dispute = self.dispute(entry, amount=20.0)
        dispute.action_accept()
        self.assertRecordValues(
            dispute.refund_ids, [{"amount_total": 20.0, "reversed_entry_id": False}]
        )

    def test_not_resolved_in_time(self):
        """Escalated to the responsible once; two weeks later the hold ends."""
        invoice = self.invoice()
        dispute = self.dispute(invoice, user_id=self.collector.id)
        self.assertEqual(dispute.activity_ids.user_id, self.collector)
        self.settle(14)
        self.assertEqual(len(dispute.activity_ids), 1)
        self.settle(1)
        self.settle(1)
        late = dispute.activity_ids.filtered(lambda task: "in time" in task.summary)
        self.assertEqual(late.user_id, self.policy.user_id)
        self.run_on(12)
        self.assertEqual(self.why(invoice), "hold/hold_dispute")
        self.run_on(1)
        self.assertEqual(self.decisions(invoice).outcome, "remind")
        self.assertEqual(dispute.state, "open")

    def test_a_collector_who_left(self):
        self.policy.user_id = self.new_user("di_boss", "dunning_automation.group_user")
        self.collector.active = False
        dispute = self.dispute(self.invoice(), user_id=self.collector.id)
        self.assertEqual(dispute.activity_ids.user_id, self.policy.user_id)
        self.policy.user_id.active = False
        other = self.dispute(self.invoice(), user_id=self.collector.id)
        self.assertEqual(other.activity_ids.user_id, self.env.ref("base.user_admin"))

    def test_assignee_and_deadline_move(self):
        dispute = self.dispute(self.invoice())
        dispute.write(
            {
                "user_id": self.collector.id,
                "deadline": self.today + timedelta(days=30),
            }
        )
        self.assertRecordValues(
            dispute.activity_ids,
            [
                {
                    "user_id": self.collector.id,
                    "date_deadline": self.today + timedelta(days=30),
                }
            ],
        )
        self.assertEqual(dispute.hold_id.date_end, self.today + timedelta(days=44))

    def test_bad_input(self):
        invoice = self.invoice()
        for name, message, values in [
            ("above", "above what these items owe", {"amount": 100.01}),
            ("zero", "Enter the amount", {"amount": 0.0}),
            ("past", "any more", {"deadline": self.today - timedelta(days=1)}),
        ]:
            with (
                self.subTest(name),
                self.assertRaisesRegex(UserError, message),
                self.env.cr.savepoint(),
            ):
                self.dispute(invoice, **values)

    def test_dialog_fills_itself(self):
        invoice, _other = self.invoices([{}, {}])
        action = invoice.with_user(self.collector).action_dunning_dispute()
        form = Form(
            self.env["dunning.dispute"]
            .with_user(self.collector)
            .with_context(**action["context"]),
            "dunning_automation.dunning_dispute_view_form_dialog",
        )
        self.assertEqual(form.amount, 100.0)
        form.description = "Never received"
        dispute = form.save()
        self.assertEqual(dispute.move_line_ids, self.receivable(invoice))
        self.assertEqual(dispute.user_id, self.collector)
