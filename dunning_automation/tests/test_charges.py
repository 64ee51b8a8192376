"""What a message claims beside the invoices: never wrong, never silently nothing."""

from contextlib import nullcontext
from datetime import date
from unittest.mock import patch

from lxml import etree

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import html2plaintext, mute_logger

from .charge_common import ChargeCommon


@tagged("post_install", "-at_install")
class TestCharges(ChargeCommon):
    def setUp(self):
        super().setUp()
        self.now_is(date(2025, 8, 31))

    def text(self, notice):
        """The words of the text; a link is no word: "fee" may be in a token."""
        words = html2plaintext(notice.body).replace("\xa0", " ").split()
        return " ".join(word for word in words if "://" not in word)

    def interest_policy(self, **values):
        self.policy = self._create_charging_policy(charge_interest=True, **values)
        return self.policy

    # === OFF === #

    def test_nothing_is_charged_by_default(self):
        self.policy = self._create_charging_policy()
        self.due(date(2025, 6, 1))
        notice = self.remind()
        self.assertFalse(notice.charge_state or notice.charge_amount)
        self.assertFalse(notice.line_ids.interest or notice.line_ids.lump_sum)
        for word in ("interest", "Lump", "fee", "charges"):
            self.assertNotIn(word, self.text(notice))

    # === THE VECTORS, END TO END === #

    def test_german_invoice(self):
        self.interest_policy(charge_lump_sum=True)
        self.due(date(2025, 6, 1), currency=self.euro)
        notice = self.remind()
        line = notice.line_ids
        self.assertEqual((line.interest, line.lump_sum), (263.99, 40.0))
        self.assertEqual(
            (line.interest_from, line.interest_until),
            (date(2025, 6, 2), date(2025, 8, 31)),
        )
        text = self.text(notice)
        for part in (
            "29 days at 11.27 %, 62 days at 10.27 %",
            "263.99",
            "§ 288 BGB",
            "Lump sum",
            "40.00",
            "10,303.99",
        ):
            self.assertIn(part, text)

    def test_british_invoice(self):
        self.company.country_id = self.env.ref("base.uk")
        pound = self.setup_other_currency("GBP", rates=[("2016-01-01", 0.5)])
        self.interest_policy(charge_lump_sum=True)
        self.due(date(2025, 6, 1), currency=pound)
        line = self.remind().line_ids
        self.assertEqual((line.interest, line.lump_sum), (317.88, 100.0))
        self.assertEqual([piece["days"] for piece in line.interest_sheet], [91])

    def test_payment_cuts_the_period(self):
        self.interest_policy()
        invoice = self.due(date(2025, 6, 1))
        self.now_is(date(2025, 6, 30))
        self.pay(invoice, amount=5000.0)
        self.now_is(date(2025, 8, 31))
        line = self.remind().line_ids
        # 10,000 for 29 days at 11.27 %, 5,000 for 62 days at 10.27 %
        self.assertEqual(line.interest, round(89.5424657 + 87.2246575, 2))
        self.assertIn("29 days", line.interest_details)

    def test_what_was_credited_was_never_owed(self):
        self.interest_policy()
        invoice = self.due(date(2025, 6, 1))
        refund = self.credit_note(amount=4000.0)
        lines = self.receivable(invoice) | self.receivable(refund)
        lines.reconcile()
        line = self.remind().line_ids
        self.assertEqual(
            [piece["balance"] for piece in line.interest_sheet], [6000.0, 6000.0]
        )

    def test_open_credits_bear_no_interest_against_the_customer(self):
        self.interest_policy()
        self.due(date(2025, 6, 1))
        self.credit_note(amount=4000.0)
        notice = self.remind()
        self.assertEqual(notice.line_ids.interest_sheet[0]["balance"], 6000.0)
        self.assertIn("6,158.40", self.text(notice))

    def test_not_due_yet_costs_nothing(self):
        self.interest_policy(charge_lump_sum=True)
        self.due(date(2025, 8, 20), amount=100.0)
        self.due(date(2025, 9, 2), amount=100.0)
        lines = self.remind().line_ids
        self.assertEqual(
            [bool(line.interest) for line in lines],
            [line.days_overdue > 0 for line in lines],
        )

    def test_only_lines_that_reached_a_charging_level(self):
        self.policy = self._create_charging_policy(
            first=2, charge_interest=True, charge_lump_sum=True
        )
        old, young = self.due(date(2025, 8, 1)), self.due(date(2025, 8, 29))
        self.told_before(old, date(2025, 8, 10))
        notice = self.remind()
        charged = notice.line_ids.filtered("interest")
        self.assertEqual(notice.line_ids.move_id, old | young)
        self.assertEqual(charged.move_id, old)
        self.assertEqual(notice.line_ids.filtered("lump_sum").move_id, old)

    def test_lump_sum_once_per_invoice_or_per_instalment(self):
        self.policy = self._create_charging_policy(charge_lump_sum=True)
        band = [Command.create({"lump_sum": 40.0})]
        for per, expected in (("invoice", 40.0), ("instalment", 80.0)):
            with self.subTest(per), self.cr.savepoint() as savepoint:
                self.lawful(lump_sum_per=per, band_ids=band, currency_id=self.euro.id)
                self.invoice(instalments=[(20, 60.0), (10, 40.0)], currency=self.euro)
                notice = self.remind()
                self.assertEqual(len(notice.line_ids), 2)
                self.assertEqual(sum(notice.line_ids.mapped("lump_sum")), expected)
                savepoint.rollback()
                self.env.invalidate_all(flush=False)

    def test_lump_sum_in_the_currency_of_the_invoice(self):
        self.policy = self._create_charging_policy(charge_lump_sum=True)
        self.due(date(2025, 8, 1), amount=100.0)  # USD; two euros are one dollar
        self.assertEqual(self.remind().line_ids.lump_sum, 20.0)

    # === FEES === #

    def test_no_fee_for_the_reminder_that_puts_in_default(self):
        self.policy = self._create_charging_policy(first=2, fee_amount=2.5)
        invoice = self.due(date(2025, 8, 1))
        with self.subTest("never reminded: this one puts in default"):
            level = self.level(8)
            self.policy.write({"reentry": "contextual"})
            notice = self.remind()
            self.assertGreaterEqual(notice.level_id.delay_days, level.delay_days)
            self.assertFalse(notice.fee)
            self.assertNotIn("fee", self.text(notice))
        with self.subTest("reminded before"):
            self.send(notice)
            self.travel(20)
            self.due(date(2025, 8, 1))
            notice = self.remind()
            self.assertFalse(notice.fee, "the new invoice was never reminded")
            self.assertTrue(invoice)

    def test_fee_of_the_second_reminder(self):
        self.policy = self._create_charging_policy(first=2, fee_amount=2.5)
        invoice = self.due(date(2025, 8, 1), currency=self.euro)
        self.told_before(invoice, date(2025, 8, 10))
        notice = self.remind()
        # 2.50 dollars are 5 euros: in the currency of the only invoice
        self.assertEqual((notice.fee, notice.fee_currency_id), (5.0, self.euro))
        self.assertEqual(notice.charge_amount, 2.5)
        self.assertIn("Reminder fee", self.text(notice))

    def test_a_fee_cap_that_came_later_counts(self):
        self.policy = self._create_charging_policy(first=2, fee_amount=2.0)
        self.lawful(fee_cap=1.0, currency_id=self.company.currency_id.id)
        invoice = self.due(date(2025, 8, 1))
        self.told_before(invoice, date(2025, 8, 10))
        self.assertEqual(self.remind().fee, 1.0)

    def test_no_fee_on_both_invoices_of_two_currencies(self):
        self.policy = self._create_charging_policy(first=2, fee_amount=2.5)
        first = self.due(date(2025, 8, 1))
        second = self.due(date(2025, 8, 1), currency=self.euro)
        for invoice in (first, second):
            self.told_before(invoice, date(2025, 8, 10))
        notice = self.remind()
        groups = notice._get_table_groups({})
        self.assertEqual(sorted(group["fee"] for group in groups), [0.0, 2.5])

    # === BAD DATA === #

    def test_a_missing_rate_sets_its_own_notice_aside(self):
        self.interest_policy()
        other = self._create_customer()
        self.due(date(2021, 6, 1))
        self.due(date(2025, 8, 1), partner=other)
        notice = self.remind()
        self.assertEqual(notice.state, "failed")
        self.assertIn("is missing", notice.reason)
        self.assertIn(self.base_rate.name, notice.reason)
        self.assertFalse(notice.line_ids.interest, "nothing half saved")
        self.assertEqual(self.notices(other).state, "ready")
        self.env["dunning.reference.rate"].create(
            [
                {
                    "series_id": self.base_rate.id,
                    "valid_from": day,
                    "rate": -0.88,
                    "source_url": "https://example.com",
                }
                for day in (date(2021, 1, 1), date(2021, 7, 1), date(2022, 1, 1))
            ]
        )
        notice.action_retry()
        with mute_logger("odoo.addons.dunning_automation.models.dunning_sender"):
            self.deliver()
        notice.invalidate_recordset()
        self.assertEqual(notice.state, "sent")
        self.assertTrue(notice.line_ids.interest)

    def test_a_consumer_without_a_law_is_set_aside(self):
        self.company.country_id = self.env.ref("base.fr")
        self.interest_policy()
        self.customer.write({"is_company": False, "vat": False})
        self.due(date(2025, 8, 1))
        notice = self.remind()
        self.assertEqual(notice.state, "failed")
        self.assertIn("France", notice.reason)
        self.assertIn("Consumers", notice.reason)

    def test_consumers_pay_what_their_law_says(self):
        self.interest_policy()
        self.customer.write({"is_company": False, "vat": False})
        self.due(date(2025, 7, 31), amount=36500.0)
        line = self.remind().line_ids
        self.assertEqual(line.interest_sheet[0]["percent"], 6.27)

    def test_a_simulation_shows_the_reason(self):
        self.interest_policy()
        self.due(date(2021, 6, 1))
        run = self.env["dunning.run"].create({"simulation": True})
        run.action_start()
        self.assertIn("is missing", run.notice_ids.reason)
        self.assertEqual(run.notice_ids.state, "planned")

    # === WHAT IS CLAIMED IS WHAT IS TRUE AT THE CLAIM === #

    def test_partial_payment_between_plan_and_claim(self):
        self.interest_policy()
        invoice = self.due(date(2025, 6, 1))
        notice = self.remind()
        self.assertEqual(notice.line_ids.interest, 263.99)
        self.only_the_claim_looks()
        self.now_is(date(2025, 8, 31))
        self.pay(invoice, amount=4000.0)
        [mail] = self.deliver()
        notice.invalidate_recordset()
        line = notice.line_ids
        self.assertEqual(line.residual_currency, 6000.0)
        # Paid today: the day of payment is the last one for the 4,000.
        self.assertEqual(line.interest, 263.99)
        body = html2plaintext(mail["body"]).replace("\xa0", " ")
        self.assertIn("6,263.99", body)
        self.assertNotIn("10,263.99", body)

    def test_a_day_later_is_a_day_more(self):
        self.interest_policy()
        self.due(date(2025, 6, 1))
        notice = self.remind()
        self.travel(1)
        [mail] = self.deliver()
        notice.invalidate_recordset()
        self.assertEqual(notice.line_ids.interest_until, date(2025, 9, 1))
        self.assertEqual(notice.line_ids.interest, 266.81)
        self.assertIn("266.81", mail["body"])

    def test_a_corrected_rate_rewrites_what_waits(self):
        self.interest_policy()
        self.due(date(2025, 6, 1))
        notice = self.remind()
        rate = self.base_rate.rate_ids.filtered(
            lambda rate: rate.valid_from == date(2025, 7, 1)
        )
        rate.rate = 11.27
        self.deliver()
        notice.invalidate_recordset()
        self.assertEqual(notice.line_ids.interest_sheet[1]["percent"], 20.27)

    def test_a_level_that_stops_charging_takes_it_back(self):
        self.interest_policy()
        self.due(date(2025, 6, 1))
        notice = self.remind()
        self.policy.level_ids.charge_interest = False
        notice.sudo()._refresh()
        self.assertFalse(notice.line_ids.interest)
        self.assertFalse(notice.charge_state)
        self.assertNotIn("interest", self.text(notice))

    def test_shown_only_is_shown_from_the_due_date_each_time(self):
        self.interest_policy()
        self.due(date(2025, 6, 1))
        first = self.remind()
        self.deliver()
        self.travel(30)
        second = self.remind()
        self.assertEqual(first.charge_state, "shown")
        self.assertEqual(second.line_ids.interest_from, date(2025, 6, 2))
        self.assertGreater(second.line_ids.interest, first.line_ids.interest)
        self.book()
        self.assertFalse(first.charge_move_ids)

    def test_preview_shows_them_and_says_what_is_missing(self):
        self.interest_policy()
        level = self.policy.level_ids[:1]
        preview = self.env["dunning.preview"].create(
            {
                "policy_id": self.policy.id,
                "level_id": level.id,
                "action_id": level.action_ids.id,
                "partner_id": self.customer.id,
            }
        )
        self.due(date(2025, 6, 1))
        preview.invalidate_recordset()
        self.assertIn("263.99", preview.body)
        self.base_rate.rate_ids.unlink()
        preview.invalidate_recordset()
        self.assertIn("is missing", preview.error)

    # === COST === #

    def test_charges_take_the_same_queries_for_any_number(self):
        self.interest_policy(charge_lump_sum=True)
        counts = []
        for number in (5, 25):
            customers = self._create_customers(number)
            self.invoices([{"partner": customer} for customer in customers])
            run = self.env["dunning.run"].create({})
            self.env["dunning.planner"].sudo()._plan(run)
            notices = run.notice_ids.sudo()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            notices._update_charges()
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
        self.assertLess((counts[1] - counts[0]) / 20, 5)

    def test_a_rule_that_was_used_stays(self):
        self.interest_policy()
        self.due(date(2025, 6, 1))
        self.remind()
        with self.assertRaisesRegex(ValidationError, "archive"):
            self.german.unlink()

    # === OFF MEANS AS BEFORE === #

    def test_without_charges_the_text_is_that_of_templates_that_know_none(self):
        self.policy = self._create_charging_policy()
        for days in (20, 3, -2):
            self.invoice(days_overdue=days)
        self.credit_note(amount=10.0)
        notice = self.remind()
        for channel, name in (("email", "notice"), ("letter", "dunning_letter")):
            view = self.env.ref(f"dunning_automation.{name}_table")
            with self.subTest(name):
                notice.sudo().channel = channel
                notice.invalidate_recordset(["table_html"])
                now = str(notice.table_html)
                arch = etree.fromstring(view.arch_db)
                [part] = arch.xpath(
                    f"//t[@t-call='dunning_automation.{name}_table_charges']"
                    f"|//t[@t-call='dunning_automation.{name}_charges']"
                )
                part.getparent().remove(part)
                view.arch_db = etree.tostring(arch, encoding="unicode")
                notice.invalidate_recordset(["table_html"])
                self.assertTrue(now)
                self.assertEqual(now, str(notice.table_html))

    def test_without_charges_no_query_more(self):
        self.policy = self._create_charging_policy()
        charge = type(self.env["dunning.notice"])
        counts = {}
        for is_off in (True, False, True, False):
            customers = self._create_customers(5)
            self.invoices([{"partner": customer} for customer in customers])
            with (
                patch.object(charge, "_update_charges", lambda self: self)
                if (is_off)
                else nullcontext()
            ):
                self.env.flush_all()
                self.env.invalidate_all()
                before = self.cr.sql_log_count
                self.run_on()
                self.env.invalidate_all()
                self.deliver()
                counts[is_off] = self.cr.sql_log_count - before
        self.assertEqual(counts[False], counts[True])
