"""Charges become documents: once, with the amounts of the message, whatever fails."""

from datetime import date
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import html2plaintext, mute_logger

from .charge_common import ChargeCommon


@tagged("post_install", "-at_install")
class TestChargeBooking(ChargeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_booking("posted")

    def setUp(self):
        super().setUp()
        self.now_is(date(2025, 8, 31))
        self.policy = self._create_charging_policy(
            charge_interest=True, charge_lump_sum=True
        )

    def send_and_book(self):
        notice = self.remind()
        self.deliver()
        self.book()
        return notice

    # === WHAT IS BOOKED === #

    def test_an_invoice_with_what_the_message_said(self):
        invoice = self.due(date(2025, 6, 1), currency=self.euro)
        notice = self.send_and_book()
        move = notice.charge_move_ids
        self.assertEqual(notice.charge_state, "booked")
        self.assertRecordValues(
            move,
            [
                {
                    "move_type": "out_invoice",
                    "state": "posted",
                    "partner_id": self.customer.id,
                    "currency_id": self.euro.id,
                    "amount_total": 303.99,
                    "amount_tax": 0.0,
                    "invoice_date": date(2025, 8, 31),
                    "invoice_origin": invoice.name,
                }
            ],
        )
        self.assertEqual(move.invoice_line_ids.mapped("price_subtotal"), [263.99, 40.0])
        self.assertIn("62 days at 10.27", move.invoice_line_ids[0].name)
        event = notice.event_ids.filtered(lambda e: e.kind == "charges_booked")
        self.assertEqual(event.payload["amount"], 303.99)

    def test_draft_where_an_accountant_looks_first(self):
        self._set_booking("draft")
        self.due(date(2025, 6, 1))
        notice = self.send_and_book()
        self.assertEqual(notice.charge_move_ids.state, "draft")
        self.assertTrue(notice.line_ids.interest_booked)

    def test_nothing_is_booked_before_the_message_left(self):
        self.due(date(2025, 6, 1))
        notice = self.remind()
        self.book()
        self.assertEqual(notice.charge_state, "to_book")
        self.assertFalse(notice.charge_move_ids)

    def test_a_document_per_currency(self):
        self.due(date(2025, 6, 1))
        self.due(date(2025, 6, 1), currency=self.euro)
        moves = self.send_and_book().charge_move_ids
        self.assertEqual(len(moves), 2)
        self.assertEqual(moves.currency_id, self.company.currency_id | self.euro)

    def test_account_tax_and_fiscal_position_come_from_the_product(self):
        tax = self.company_data["default_tax_sale"]
        account = self.company_data["default_account_revenue"].copy()
        product = self.env["product.product"].create(
            {
                "name": "Interest",
                "type": "service",
                "taxes_id": [Command.set(tax.ids)],
                "property_account_income_id": account.id,
            }
        )
        self.company.dunning_interest_product_id = product
        self.due(date(2025, 6, 1))
        notice = self.send_and_book()
        move = notice.charge_move_ids
        line = move.invoice_line_ids[0]
        self.assertEqual((line.account_id, line.tax_ids), (account, tax))
        self.assertTrue(move.amount_tax)
        told = notice.line_ids.interest + notice.line_ids.lump_sum
        self.assertEqual(move.amount_total, told, "the tax is contained in it")

    def test_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.customer.lang = "de_DE"
        self.due(date(2025, 6, 1))
        line = self.send_and_book().charge_move_ids.invoice_line_ids[0]
        self.assertIn("31.08.2025", line.name)

    # === NEVER TWICE === #

    def test_the_second_message_claims_the_new_days_only(self):
        invoice = self.due(date(2025, 6, 1))
        first = self.send_and_book()
        self.travel(30)
        second = self.send_and_book()
        line = second.line_ids.filtered(lambda line: line.move_id == invoice)
        self.assertEqual(line.interest_from, date(2025, 9, 1))
        self.assertEqual(sum(p["days"] for p in line.interest_sheet), 30)
        self.assertFalse(line.lump_sum)
        total = sum((first | second).line_ids.mapped("interest"))
        self.assertEqual(total, 263.99 + 84.41)

    def test_no_interest_on_interest(self):
        self.due(date(2025, 6, 1))
        first = self.send_and_book()
        self.travel(30)
        second = self.remind()
        line = second.line_ids.filtered(
            lambda line: line.move_id == first.charge_move_ids
        )
        self.assertTrue(line, "it is listed like any other invoice")
        self.assertFalse(line.interest or line.lump_sum)

    def test_booking_again_and_again_books_once(self):
        self.due(date(2025, 6, 1))
        notice = self.send_and_book()
        for _attempt in range(3):
            self.book()
        notice._book_charges_safely()
        self.assertEqual(len(notice.charge_move_ids), 1)

    def test_two_messages_about_the_same_days_book_them_once(self):
        """An e-mail and its copy on the portal, both written before either left."""
        template = self.env.ref("dunning_automation.mail_template_friendly")
        self.policy.level_ids[:1].action_ids = [
            Command.create({"channel": "portal", "template_id": template.id})
        ]
        self.new_user("visitor", "base.group_portal", partner_id=self.customer.id)
        self.due(date(2025, 6, 1))
        notices = self.remind()
        self.assertEqual(len(notices), 2)
        self.assertEqual(
            [notice.line_ids.interest for notice in notices], [263.99, 263.99]
        )
        self.send(notices)
        self.book()
        self.assertEqual(len(notices.charge_move_ids), 1)
        self.assertEqual(set(notices.mapped("charge_state")), {"booked"})

    def test_the_database_refuses_the_same_days_twice(self):
        self.due(date(2025, 6, 1))
        notice = self.send_and_book()
        twin = notice.line_ids.sudo().copy(
            {
                "is_step": False,
                "live": False,
                "interest_booked": False,
                "lump_sum_booked": False,
            }
        )
        with mute_logger("odoo.sql_db"), self.assertRaises(Exception) as error:
            twin.interest_booked = True
            self.env.flush_all()
        self.assertIn("interest_booked_uniq", str(error.exception))

    def test_a_message_that_came_back_tells_again_what_is_booked(self):
        self.due(date(2025, 6, 1))
        notice = self.send_and_book()
        notice.sudo()._set_state("failed", "came back")
        self.travel(5)
        notice.action_retry()
        [mail] = self.deliver()
        self.book()
        self.assertIn("263.99", mail["body"])
        self.assertEqual(len(notice.charge_move_ids), 1)
        self.assertTrue(notice.line_ids.interest_booked)
        self.assertEqual(notice.line_ids.interest_until, date(2025, 8, 31))

    # === TAKEN BACK === #

    def test_cancelling_the_document_gives_its_days_free(self):
        self.due(date(2025, 6, 1))
        notice = self.send_and_book()
        move = notice.charge_move_ids
        move.button_draft()
        self.assertTrue(notice.line_ids.interest_booked, "a draft still claims")
        move.button_cancel()
        self.assertEqual(notice.charge_state, "released")
        self.travel(30)
        again = self.remind()
        self.assertEqual(again.line_ids.interest_from, date(2025, 6, 2))
        self.assertEqual(again.line_ids.lump_sum, 20.0)

    def test_a_cancelled_document_comes_back_only_if_its_days_are_free(self):
        self.due(date(2025, 6, 1))
        notice = self.send_and_book()
        move = notice.charge_move_ids
        move.button_draft()
        move.button_cancel()
        move.button_draft()
        self.assertTrue(notice.line_ids.interest_booked)
        move.button_cancel()
        self.travel(30)
        self.send_and_book()
        with self.assertRaisesRegex(UserError, "booked again"):
            move.button_draft()

    def test_deleting_the_draft_gives_its_days_free(self):
        self._set_booking("draft")
        self.due(date(2025, 6, 1))
        notice = self.send_and_book()
        notice.charge_move_ids.unlink()
        self.assertFalse(notice.line_ids.interest_booked)
        self.assertEqual(notice.charge_state, "released")

    def test_a_credit_note_waives_for_good(self):
        self.due(date(2025, 6, 1))
        notice = self.send_and_book()
        notice.charge_move_ids._reverse_moves(cancel=True)
        self.travel(30)
        second = self.remind()
        self.assertEqual(second.line_ids.interest_from, date(2025, 9, 1))

    # === FAILURE === #

    def test_a_booking_that_fails_neither_stops_nor_repeats_the_message(self):
        self.due(date(2025, 6, 1))
        other = self._create_customer()
        self.due(date(2025, 6, 1), partner=other)
        moves = type(self.env["account.move"])
        original = moves.action_post

        def action_post(records):
            if records.partner_id == self.customer:
                raise ValueError("The journal is locked")
            return original(records)

        notice = self.remind()
        mails = self.deliver()
        self.assertEqual(len(mails), 2)
        with patch.object(moves, "action_post", action_post):
            self.book()
        self.assertEqual((notice.state, notice.charge_state), ("sent", "failed"))
        self.assertIn("locked", notice.charge_error)
        self.assertFalse(notice.line_ids.interest_booked, "nothing half saved")
        self.assertFalse(notice.charge_move_ids)
        self.assertEqual(self.notices(other).charge_state, "booked")
        self.assertFalse(self.deliver())
        self.assertTrue(notice.case_id.activity_ids)
        notice.action_book_charges()
        self.assertEqual(notice.charge_state, "booked")
        with self.assertRaises(UserError):
            notice.action_book_charges()

    def test_only_managers_book_by_hand(self):
        self.due(date(2025, 6, 1))
        notice = self.remind()
        collector = self.new_user("b_collector", "dunning_automation.group_user")
        with self.assertRaises(AccessError):
            notice.with_user(collector).action_book_charges()

    def test_salespeople_see_and_cancel_nothing_of_it(self):
        self.due(date(2025, 6, 1))
        move = self.send_and_book().charge_move_ids
        seller = self.new_user("b_seller", "base.group_user")
        with self.assertRaises(AccessError):
            move.with_user(seller).read(["dunning_charge_notice_id"])

    # === FEES === #

    def test_fee_is_booked_once_per_reminder(self):
        self.policy = self._create_charging_policy(first=2, fee_amount=2.5)
        self.env["dunning.policy"].search([("id", "!=", self.policy.id)]).active = False
        invoice = self.due(date(2025, 8, 1))
        self.told_before(invoice, date(2025, 8, 10))
        notice = self.send_and_book()
        self.assertEqual(notice.charge_move_ids.amount_total, 2.5)
        self.assertTrue(notice.fee_booked)

    def test_message_about_charges_alone_costs_nothing(self):
        invoice = self.due(date(2025, 6, 1))
        first = self.send_and_book()
        self.pay(invoice)
        self.travel(40)
        second = self.remind()
        self.assertEqual(second.line_ids.move_id, first.charge_move_ids)
        self.assertFalse(second.charge_amount)
        self.assertNotIn("interest", html2plaintext(second.body))

    # === COMPANIES === #

    def test_each_company_books_its_own(self):
        data = self.setup_other_company()
        other = data["company"]
        other.write({"country_id": self.env.ref("base.de").id, "email": "x@y.example"})
        self._create_policy(
            company_id=other.id, level_ids=[self._level(1, charge_interest=True)]
        )
        self.due(date(2025, 6, 1))
        self.invoice(
            amount=10000.0,
            days_overdue=(self.today - date(2025, 6, 1)).days,
            company=other,
        )
        self.run_on()
        self.run_on(company=other)
        mine, theirs = (
            self.notices(company_id=company.id) for company in (self.company, other)
        )
        self.send(mine | theirs)
        self.book()
        self.assertEqual(mine.charge_state, "booked")
        self.assertEqual(mine.charge_move_ids.company_id, self.company)
        self.assertEqual(theirs.charge_state, "shown", "it shows them only")
        self.assertFalse(theirs.charge_move_ids)
