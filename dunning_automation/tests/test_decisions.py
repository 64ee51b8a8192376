from datetime import timedelta

from odoo.tests import tagged

from ..models.dunning_policy import HOLD_KINDS
from ..tools.reasons import OUTCOMES, REASONS
from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestDecisions(DunningCommon):
    def test_every_open_line_has_one_answer(self):
        invoices = self.invoices(
            [{"days_overdue": days} for days in (-40, -5, 0, 1, 30)]
            + [{"instalments": [(5, 50.0), (-5, 50.0)]}]
        )
        self.credit_note(self._create_customer())
        self.run_on()
        lines = self.decisions(invoices[0]).search(
            [("company_id", "=", self.company.id)]
        )
        expected = invoices.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        self.assertEqual(lines.move_line_id, expected)
        self.assertEqual(len(lines), 7)

    def test_rewritten_only_where_the_answer_changed(self):
        waiting = self.invoice(days_overdue=-30)
        reminded = self.invoice(days_overdue=9)
        first = self.run_on()
        self.send()
        second = self.run_on(days=1)
        self.assertRecordValues(
            self.decisions(waiting),
            [{"run_id": first.id, "since": self.today - timedelta(days=1)}],
        )
        self.assertRecordValues(
            self.decisions(reminded),
            [
                {
                    "run_id": second.id,
                    "since": self.today,
                    "outcome": "wait",
                    "reason": "min_interval",
                }
            ],
        )

    def test_settled_and_open_again(self):
        invoice = self.invoice(days_overdue=9)
        self.run_on()
        payment = self.pay(invoice)
        self.run_on(days=1)
        self.assertRecordValues(
            self.decisions(invoice),
            [
                {
                    "outcome": "settled",
                    "reason": "paid",
                    "since": self.today,
                    "next_level_id": False,
                    "next_date": False,
                }
            ],
        )
        self.unpay(payment)
        self.run_on(days=1)
        self.assertEqual(len(self.decisions(invoice)), 1)
        self.assertNotEqual(self.why(invoice), "settled/paid")

    # === THE ANSWER ON INVOICE AND CUSTOMER === #

    def test_every_code_has_a_label(self):
        for labels in (OUTCOMES, REASONS):
            codes = [code for code, _label in labels]
            self.assertEqual(len(codes), len(set(codes)))
            self.assertTrue(all(label for _code, label in labels))
        known = {code for code, _label in REASONS}
        conditions = self.env["dunning.policy"]._stop_conditions(
            self.company, self.moment
        )
        codes = {code for code, _condition in conditions if isinstance(code, str)}
        self.assertGreater(len(codes), 5)
        self.assertLessEqual(codes | {f"hold_{kind}" for kind in HOLD_KINDS}, known)

    def test_explanation_on_the_invoice(self):
        draft = self.invoice(post=False)
        credit = self.credit_note(self._create_customer())
        paid = self.invoice()
        self.pay(paid)
        unseen = self.invoice()
        for name, invoice, text in [
            ("draft", draft, "not posted"),
            ("credit note", credit, "credit note"),
            ("paid", paid, "nothing is owed"),
            ("not evaluated", unseen, "Not evaluated yet"),
        ]:
            with self.subTest(name):
                self.assertIn(text, invoice.dunning_explanation)
        self.run_on()
        self.send()
        self.run_on(days=1)
        unseen.invalidate_recordset()
        for part in ("Too soon", "Friendly reminder", "Firm reminder on 03/17/2026"):
            self.assertIn(part, unseen.dunning_explanation)
        self.assertEqual(unseen.dunning_level_id, self.level(1))

    def test_explanation_of_instalments(self):
        invoice = self.invoice(instalments=[(9, 50.0), (-40, 50.0)])
        self.run_on()
        first, second = invoice.dunning_explanation.split(" / ")
        self.assertIn("A notice is on its way", first)
        self.assertIn("No level is reached yet", second)

    def test_explanation_follows_the_notice_and_the_payment(self):
        invoice = self.invoice(days_overdue=9)
        self.run_on()
        for prepare, words in (
            (lambda: None, "on its way"),
            (lambda: self.send(), "Reminded on"),
            (lambda: self.pay(invoice), "Nothing is owed any more"),
        ):
            prepare()
            self.env.invalidate_all()
            with self.subTest(words=words):
                self.assertIn(words, invoice.dunning_explanation)

    def test_explanation_on_the_customer(self):
        self.assertIn("nothing to remind of", self.customer.dunning_explanation)
        reminded, excluded = self.invoice(), self.invoice()
        excluded.no_followup = True
        self.run_on()
        self.customer.invalidate_recordset()
        lines = self.customer.dunning_explanation.splitlines()
        self.assertEqual(len(lines), 2)
        self.assertIn(f"{excluded.name}: Excluded from follow-ups", lines)
        child = self._create_customer(parent_id=self.customer.id, is_company=False)
        self.assertEqual(child.dunning_explanation, self.customer.dunning_explanation)
        self.assertIn(reminded.name, child.dunning_explanation)

    def test_overdue_amount_of_the_customer(self):
        child = self._create_customer(parent_id=self.customer.id, is_company=False)
        self.invoice(child, days_overdue=1, amount=10.0)
        self.invoice(days_overdue=0, amount=20.0)
        self.invoice(days_overdue=5, amount=60.0, currency=self.foreign_currency)
        self.assertEqual(self.customer.dunning_overdue_amount, 40.0)

    def test_search_invoices_by_level_and_date(self):
        reached, fresh = self.invoice(days_overdue=2), self.invoice(days_overdue=-30)
        self.run_on()
        moves = self.env["account.move"]
        domain = [("partner_id", "=", self.customer.id)]
        for field, operator, value, found in [
            ("dunning_level_id", "=", self.level(1).id, reached),
            ("dunning_level_id", "=", False, fresh),
            ("dunning_level_id", "!=", False, reached),
            ("dunning_level_id.delay_days", "<", 8, reached),
            ("dunning_level_id", "in", self.policy.level_ids.ids, reached),
            ("dunning_next_date", "<=", self.today + timedelta(days=7), reached),
            (
                "dunning_next_date",
                "<=",
                self.today + timedelta(days=40),
                reached | fresh,
            ),
            ("dunning_next_date", "<=", self.today, moves),
        ]:
            with self.subTest(field=field, operator=operator, value=value):
                self.assertEqual(
                    moves.search([*domain, (field, operator, value)]), found
                )

    def test_notices_and_timeline_of_the_invoice(self):
        invoice, other = self.invoice(), self.invoice(self._create_customer())
        self.run_on()
        self.send()
        self.assertEqual(invoice.dunning_notice_ids, self.notices())
        self.assertEqual(invoice.dunning_notice_count, 1)
        self.assertEqual(
            invoice.dunning_event_ids.sorted("id").mapped("kind"),
            ["notice_planned", "notice_claimed", "notice_sent"],
        )
        self.assertNotIn(other.dunning_notice_ids, invoice.dunning_notice_ids)
