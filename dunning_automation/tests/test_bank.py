from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL

from .common import DunningCommon


class BankCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bank = cls.company_data["default_journal_bank"]

    def transfer(
        self, amount=100.0, partner=None, reference="Payment", days_ago=1, **values
    ):
        """An unmatched incoming transaction on the bank statement."""
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.bank.id,
                "date": self.today - timedelta(days=days_ago),
                "payment_ref": reference,
                "partner_id": partner.id if partner else False,
                "amount": amount,
                **values,
            }
        )

    def fitting(self, company=None, partners=None):
        """{transaction: items it fits}, as planner (or, for partners, claim) see it."""
        self.env["dunning.ledger"]._flush()
        query = self.env["dunning.bank"]._get_possible_payments_sql(
            company or self.company, SQL("%s", self.moment), partners
        )
        found = {}
        for transfer_id, line_id, _partner_id in self.env.execute_query(query):
            found.setdefault(transfer_id, set()).add(line_id)
        return found

    def assertFits(self, transfer, invoices):
        """By the planner's way and by that of the claim."""
        expected = set()
        for invoice in invoices:
            expected |= set(self.receivable(invoice).ids)
        self.assertEqual(self.fitting().get(transfer.id, set()), expected)
        debtors = self.env["res.partner"].search(
            [("id", "in", (invoices or self.env["account.move"]).partner_id.ids)]
        )
        partners = (debtors or self.customer).commercial_partner_id
        self.assertEqual(
            self.fitting(partners=SQL("%s", partners.ids)).get(transfer.id, set()),
            expected,
        )


@tagged("post_install", "-at_install")
class TestPossiblePayments(BankCommon):
    """Fault 25: paid at the bank, the statement is not reconciled."""

    def test_fault_25_no_reminder_after_the_money_is_on_the_statement(self):
        invoice = self.invoice()
        transfer = self.transfer(reference=f"Thanks, {invoice.name}")
        self.run_on()
        self.assertEqual(self.why(invoice), "hold/possible_payment")
        self.assertFalse(self.notices())
        self.assertFalse(self.deliver())
        transfer.unlink()
        self.run_on(days=1)
        self.assertReminded(invoice, 1)

    def test_fault_25_statement_arrives_after_planning(self):
        """The claim looks at the bank, too."""
        invoice = self.invoice()
        self.run_on()
        notice = self.notices(state="ready")
        self.transfer(partner=self.customer)
        self.assertFalse(self.deliver())
        self.assertEqual(notice.state, "suppressed")
        reason = "A payment at the bank that is not matched yet may cover it"
        self.assertEqual(notice.reason, reason)
        self.run_on()
        self.assertIn(reason, self.decisions(invoice).explanation)
        self.assertIn(reason, invoice.dunning_explanation)

    def test_only_what_it_fits_is_held(self):
        paid = self.invoice(amount=100.0)
        other = self.invoice(amount=70.0)
        self.transfer(partner=self.customer)
        self.run_on()
        self.assertEqual(self.why(paid), "hold/possible_payment")
        self.assertReminded(other, 1)
        self.assertEqual(self.notices().line_ids.move_id, other)

    # === WHAT FITS === #

    def test_reference(self):
        """(what is in the reference, whether it names the invoice)"""
        invoice = self.invoice(payment_reference="RF18 5390 0754 7034")
        name = invoice.name  # INV/2026/00001
        journal, year, number = name.split("/")
        for reference, fits in [
            (name, True),
            (f"SEPA {name}, thank you", True),
            (f"{name.lower()}.", True),
            (f"{journal}{year}{number}", True),
            (f"invoice {journal} {year} {number}", True),
            (f"re:{journal}-{year}-{number}/part", True),
            (f"{journal}/{year}/{number[:2]} {number[2:]}", True),
            ("RF18539007547034", True),
            ("+++RF18/5390/0754/7034+++", True),
            (f"{name}9", False),
            (f"X{name}", False),
            (f"{year}/{number}", False),
            (number, False),
            (year, False),
            ("", False),
        ]:
            with self.subTest(reference):
                transfer = self.transfer(12.34, reference=reference)
                self.assertFits(transfer, invoice if fits else invoice.browse())
                transfer.unlink()

    def test_reference_to_what_is_partly_paid(self):
        invoice = self.invoice()
        self.pay(invoice, amount=40.0)
        self.assertFits(self.transfer(60.0, reference=invoice.name), invoice)

    def test_short_number_is_no_reference(self):
        invoice = self.invoice(name="7/26", payment_reference="1234")
        transfer = self.transfer(12.34, reference="7/26 1234 of 2026")
        self.assertFits(transfer, invoice.browse())

    def test_somebody_else_pays_with_a_reference(self):
        invoice = self.invoice()
        transfer = self.transfer(
            partner=self._create_customer(), reference=invoice.name
        )
        self.assertFits(transfer, invoice)

    def test_amount(self):
        """Of the customer's family, and to the cent."""
        person = self.env["res.partner"].create(
            {"name": "Accounting", "parent_id": self.customer.id}
        )
        invoice = self.invoice(amount=100.0)
        stranger = self._create_customer()
        for partner, amount, fits in [
            (self.customer, 100.0, True),
            (person, 100.0, True),
            (self.customer, 100.01, False),
            (self.customer, 99.99, False),
            (self.customer, -100.0, False),
            (stranger, 100.0, False),
            (None, 100.0, False),
        ]:
            with self.subTest(partner=partner, amount=amount):
                transfer = self.transfer(amount, partner)
                self.assertFits(transfer, invoice if fits else invoice.browse())
                transfer.unlink()

    def test_amount_is_what_is_left(self):
        invoice = self.invoice(amount=100.0)
        self.pay(invoice, amount=40.0)
        transfer = self.transfer(60.0, self.customer)
        self.assertFits(transfer, invoice)

    def test_monthly_fees(self):
        """A payment answers for one month only, the oldest; two for two."""
        january, february, march = (
            self.invoice(days_overdue=days, amount=50.0) for days in (68, 40, 9)
        )
        first = self.transfer(50.0, self.customer, days_ago=3)
        self.assertFits(first, january)
        second = self.transfer(50.0, self.customer)
        self.assertFits(second, february)
        first.payment_ref = march.name
        self.assertFits(first, march)
        self.assertFits(second, january)

    def test_overdue_total(self):
        old = self.invoice(days_overdue=20, amount=30.0)
        older = self.invoice(days_overdue=40, amount=60.0)
        self.invoice(days_overdue=-10, amount=15.0)
        credit = self.credit_note(amount=5.0)
        for amount, fits in [(90.0, True), (85.0, True), (105.0, False)]:
            with self.subTest(amount):
                transfer = self.transfer(amount, self.customer)
                self.assertFits(transfer, (old | older) if fits else old.browse())
                transfer.unlink()
        self.assertTrue(credit)

    def test_currencies(self):
        """The invoice's currency is the transaction's: its own, or that of the bank."""
        foreign = self.invoice(amount=80.0, currency=self.foreign_currency)
        own = self.invoice(amount=80.0)
        plain = self.transfer(80.0, self.customer)
        self.assertFits(plain, own)
        plain.unlink()
        converted = {
            "foreign_currency_id": self.foreign_currency.id,
            "amount_currency": 80.0,
        }
        transfer = self.transfer(41.0, self.customer, **converted)
        self.assertFits(transfer, foreign)
        transfer.unlink()
        converted["amount_currency"] = 151.0
        transfer = self.transfer(80.0, self.customer, **converted)
        self.assertFits(transfer, own)

    # === WHAT DOES NOT HOLD === #

    def test_hold_ends(self):
        """Money that nobody matches in 60 days is no excuse for ever."""
        invoice = self.invoice()
        self.transfer(partner=self.customer, days_ago=0)
        self.run_on(days=60)
        self.assertEqual(self.why(invoice), "hold/possible_payment")
        self.run_on(days=1)
        self.assertReminded(invoice, 1)

    def test_what_is_no_open_transaction(self):
        def cancelled(transfer):
            transfer.move_id.button_draft()
            transfer.move_id.button_cancel()

        def draft(transfer):
            transfer.move_id.button_draft()

        def deleted(transfer):
            transfer.unlink()

        invoice = self.invoice()
        for end in (cancelled, draft, deleted):
            with self.subTest(end.__name__):
                transfer = self.transfer(partner=self.customer)
                self.assertEqual(list(self.fitting()), transfer.ids)
                end(transfer)
                self.assertFalse(self.fitting())
        self.assertTrue(invoice)

    def test_switched_off(self):
        self.company.dunning_hold_possible_payments = False
        invoice = self.invoice()
        self.transfer(partner=self.customer, reference=invoice.name)
        self.run_on()
        self.assertReminded(invoice, 1)
        self.assertEqual(len(self.deliver()), 1)

    def test_another_companys_transaction(self):
        other = self.setup_other_company()
        invoice = self.invoice()
        transfer = self.transfer(
            partner=self.customer,
            reference=invoice.name,
            journal_id=other["default_journal_bank"].id,
        )
        self.assertEqual(transfer.company_id, other["company"])
        self.assertFalse(self.fitting())
        self.assertFalse(self.fitting(company=other["company"]))

    def test_the_parent_banks_for_its_branch(self):
        self.company.write(
            {"child_ids": [Command.create({"name": "Branch", "dunning_tz": "UTC"})]}
        )
        self.cr.precommit.run()  # Loads the chart of the branch.
        branch = self.company.child_ids
        self.env.user.company_ids |= branch
        invoice = self.invoice(company=branch)
        transfer = self.transfer(partner=self.customer)
        self.assertEqual(
            self.fitting(company=branch),
            {transfer.id: set(self.receivable(invoice).ids)},
        )
        self.assertFalse(self.fitting())

    # === WHAT IT COSTS === #

    def test_indexes(self):
        """Without them each claim would read every unmatched transaction, and each run
        every invoice once more."""
        self.cr.execute(
            "SELECT indexname FROM pg_indexes WHERE indexname LIKE %s ORDER BY 1",
            ["%\\_dunning\\_%\\_idx"],
        )
        names = {name for (name,) in self.cr.fetchall()}
        self.assertLessEqual(
            {
                "account_bank_statement_line_dunning_payer_idx",
                "account_bank_statement_line_dunning_reference_idx",
                "account_move_dunning_name_idx",
                "account_move_dunning_reference_idx",
            },
            names,
        )

    def test_a_claim_takes_no_more_statements(self):
        counts = []
        for transfers in (0, 30):
            customer = self._create_customer()
            self.invoice(customer)
            self.run_on()
            for number in range(transfers):
                self.transfer(50.0 + number, customer)
            self.env.flush_all()
            notice = self.notices(customer)
            self.env["dunning.ledger"]._review(notice)
            self.env.flush_all()
            before = self.cr.sql_log_count
            self.env["dunning.ledger"]._review(notice)
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts, [1, 1])


@tagged("post_install", "-at_install")
class TestPossiblePaymentOnTheCase(BankCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector = cls.new_user(
            cls, "bank_collector", "dunning_automation.group_user"
        )
        cls.accountant = cls.new_user(
            cls,
            "bank_accountant",
            "account.group_account_basic,dunning_automation.group_user",
        )

    def case(self, user=None):
        case = self.env["dunning.case"].search([("partner_id", "=", self.customer.id)])
        return case.with_user(user or self.accountant)

    def press(self, button, transfer, user=None):
        case = self.case(user).with_context(dunning_possible_payment=transfer.id)
        getattr(case, f"action_{button}_payment")()
        self.cr.flush()
        self.env.invalidate_all()

    def known(self, **values):
        """An invoice that was reminded, and its payment at the bank."""
        invoice = self.invoice(**values)
        self.run_on()
        self.send()
        return invoice, self.transfer(invoice.amount_total, self.customer)

    def test_banner(self):
        invoice, transfer = self.known()
        self.transfer(12.0, reference=invoice.name)
        case = self.case(self.collector)
        self.assertEqual(case.possible_payment_id, transfer)
        self.assertEqual(case.possible_payment_count, 2)
        self.assertIn("100.00", case.possible_payment_note)
        self.assertIn("03/09/2026", case.possible_payment_note)
        self.assertIn(invoice.name, case.possible_payment_note)

    def test_no_banner(self):
        invoice, transfer = self.known()
        self.company.dunning_hold_possible_payments = False
        self.assertFalse(self.case().possible_payment_id)
        self.company.dunning_hold_possible_payments = True
        self.case().sudo().state = "closed"
        self.assertFalse(self.case().possible_payment_id)
        self.assertTrue(invoice and transfer)

    def test_match(self):
        invoice, transfer = self.known()
        self.press("match", transfer)
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))
        self.assertTrue(transfer.is_reconciled)
        self.assertEqual(transfer.partner_id, self.customer)
        self.assertFalse(self.case().possible_payment_id)
        self.assertIn("payment_matched", self.case().event_ids.mapped("kind"))
        self.assertFalse(self.fitting())
        self.run_on(days=7)
        self.assertEqual(self.why(invoice), "settled/paid")

    def test_match_can_be_undone(self):
        """As any reconciliation, by Odoo's own means."""
        invoice, transfer = self.known()
        self.press("match", transfer)
        transfer.action_undo_reconciliation()
        self.assertEqual(invoice.amount_residual, 100.0)
        self.assertFalse(transfer.is_reconciled)
        self.assertEqual(self.case().possible_payment_id, transfer)

    def test_match_takes_back_what_is_queued(self):
        invoice = self.invoice()
        self.run_on()
        notice = self.notices(state="ready")
        self.press("match", self.transfer(reference=invoice.name))
        self.assertEqual(notice.state, "suppressed")

    def test_match_of_more_or_less(self):
        """(paid, left of the invoice, left as an open credit)"""
        for paid, owed, credit in [(60.0, 40.0, 0.0), (130.0, 0.0, -30.0)]:
            with self.subTest(paid):
                customer = self._create_customer()
                invoice = self.invoice(customer)
                self.run_on()
                transfer = self.transfer(paid, reference=invoice.name)
                case = self.env["dunning.case"].search(
                    [("partner_id", "=", customer.id)]
                )
                case.with_user(self.accountant).with_context(
                    dunning_possible_payment=transfer.id
                ).action_match_payment()
                self.assertEqual(invoice.amount_residual, owed)
                counterpart = self.receivable(transfer.move_id)
                self.assertEqual(counterpart.amount_residual, credit)
                self.assertEqual(counterpart.partner_id, customer)

    def test_match_of_several_items(self):
        first, second = self.invoice(amount=30.0), self.invoice(amount=60.0)
        self.run_on()
        self.press("match", self.transfer(90.0, self.customer))
        self.assertEqual(first.amount_residual + second.amount_residual, 0.0)

    def test_match_in_a_foreign_currency(self):
        """The bank's rate counts; Odoo books the exchange difference."""
        invoice = self.invoice(amount=80.0, currency=self.foreign_currency)
        self.run_on()
        transfer = self.transfer(
            41.0,
            self.customer,
            foreign_currency_id=self.foreign_currency.id,
            amount_currency=80.0,
        )
        self.press("match", transfer)
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertEqual(self.receivable(transfer.move_id).amount_residual, 0.0)

    def test_match_in_the_currency_of_the_bank(self):
        invoice = self.invoice(amount=80.0)
        self.run_on()
        transfer = self.transfer(
            80.0,
            self.customer,
            foreign_currency_id=self.foreign_currency.id,
            amount_currency=151.0,
        )
        self.press("match", transfer)
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertTrue(transfer.is_reconciled)

    def test_match_that_takes_an_accountant(self):
        """Another currency than the invoice's, or several receivable accounts: better
        no match than a wrong one."""
        invoice = self.invoice(amount=80.0, currency=self.foreign_currency)
        self.run_on()
        transfer = self.transfer(80.0, reference=invoice.name)
        with self.assertRaisesRegex(UserError, "cannot be matched with one click"):
            self.press("match", transfer)
        self.assertFalse(transfer.is_reconciled)

    def test_stale_page(self):
        """The payment that was seen is meant, not one that took its place."""
        invoice, transfer = self.known()
        transfer.amount = 99.0
        newcomer = self.transfer(100.0, self.customer)
        for button in ("match", "dismiss"):
            with self.assertRaisesRegex(UserError, "reload the page"):
                self.press(button, transfer)
        self.assertEqual(self.case().possible_payment_id, newcomer)
        self.assertEqual(invoice.amount_residual, 100.0)

    def test_two_people_press_match(self):
        _invoice, transfer = self.known()
        self.press("match", transfer)
        with self.assertRaisesRegex(UserError, "reload the page"):
            self.press("match", transfer)

    def test_dismiss(self):
        """Remembered, with who and when; for this customer only; reminders go on."""
        invoice, transfer = self.known()
        other = self.invoice(self._create_customer())
        transfer.payment_ref = other.name
        self.run_on(days=7)
        self.assertEqual(self.why(invoice), "hold/possible_payment")
        self.press("dismiss", transfer, self.collector)
        event = self.case().event_ids.filtered(
            lambda event: event.kind == "payment_dismissed"
        )
        self.assertEqual(event.user_id, self.collector)
        self.assertEqual(event.payload["statement_line"], transfer.id)
        self.assertIn("100.00", event.summary)
        self.assertFalse(self.case().possible_payment_id)
        self.run_on()
        self.assertReminded(invoice, 8)
        self.assertEqual(self.why(other), "hold/possible_payment")

    def test_dismissed_by_mistake(self):
        """Taken back, it holds the reminder again; remembered, with who."""
        invoice, transfer = self.known()
        self.press("dismiss", transfer, self.collector)
        case = self.case(self.collector)
        self.assertEqual(case.dismissed_payment_id, transfer)
        self.assertIn("100.00 on 03/09/2026", case.dismissed_payment_note)
        self.press("restore", transfer, self.collector)
        case = self.case(self.collector)
        self.assertEqual(case.possible_payment_id, transfer)
        self.assertFalse(case.dismissed_payment_id)
        event = case.event_ids.filtered(lambda row: row.kind == "payment_restored")
        self.assertEqual(event.user_id, self.collector)
        self.assertEqual(event.payload["statement_line"], transfer.id)
        self.run_on(days=7)
        self.assertEqual(self.why(invoice), "hold/possible_payment")

    def test_nothing_to_take_back(self):
        """Of another customer, matched, or long ago: neither shown nor taken back."""
        _invoice, transfer = self.known()
        self.press("dismiss", transfer)
        other = self._create_customer()
        for change in (
            lambda: transfer.sudo().write(
                {"dunning_dismissed_partner_ids": [Command.set(other.ids)]}
            ),
            lambda: transfer._dunning_match(self.receivable(self.invoice(other))),
            lambda: self.travel(61),
        ):
            with self.subTest(), self.cr.savepoint() as savepoint:
                moment = self.moment
                change()
                self.env.invalidate_all()
                self.assertFalse(self.case().dismissed_payment_id)
                self.assertFalse(self.case().dismissed_payment_note)
                with self.assertRaisesRegex(UserError, "reload the page"):
                    self.press("restore", transfer)
                self.moment = moment
                savepoint.rollback()
            self.env.invalidate_all()
        self.assertEqual(self.case().dismissed_payment_id, transfer)

    def test_who_may(self):
        _invoice, transfer = self.known()
        billing = self.new_user("bank_billing", "account.group_account_invoice")
        reader = self.new_user("bank_reader", "account.group_account_readonly")
        for user in (billing, reader, self.collector):
            with self.subTest(user.login):
                self.assertEqual(self.case(user).possible_payment_id, transfer)
                with self.assertRaises(AccessError):
                    self.press("match", transfer, user)
        for user in (billing, reader):
            for button in ("dismiss", "restore"):
                with self.subTest(user.login), self.assertRaises(AccessError):
                    self.press(button, transfer, user)


@tagged("post_install", "-at_install")
class TestAgeOfBankData(BankCommon):
    def setUp(self):
        super().setUp()
        self.company.dunning_bank_max_age_days = 3
        self.responsible = self.new_user(
            "bank_boss", "dunning_automation.group_manager"
        )
        self.policy.user_id = self.responsible
        self.overdue = self.invoice()

    def cron(self):
        with self.enter_registry_test_mode():
            self.env.ref(
                "dunning_automation.ir_cron_run"
            ).sudo().method_direct_trigger()
        self.env.invalidate_all()

    def runs(self):
        return self.env["dunning.run"].search(
            [("company_id", "=", self.company.id), ("simulation", "=", False)]
        )

    def stale(self, company=None):
        company = company or self.company
        return self.env["dunning.bank"]._find_stale(company).get(company)

    def test_no_run_on_stale_data(self):
        """It waits, says so once, and goes on by itself when the data is fresh."""
        self.transfer(days_ago=4)
        for _hour in range(3):
            self.cron()
            self.travel(hours=1)
        run = self.runs()
        self.assertEqual(run.mapped("state"), ["waiting"])
        self.assertIn(self.bank.name, run.hold_reason)
        self.assertIn("03/06/2026", run.hold_reason)
        self.assertIn("Import", run.hold_reason)
        self.assertEqual(run.activity_ids.user_id, self.responsible)
        self.assertEqual(len(run.activity_ids), 1)
        self.assertFalse(self.notices())
        events = self.env["dunning.event"].search([("kind", "=", "run_waiting")])
        self.assertEqual(len(events), 1)
        self.transfer(days_ago=0)
        self.cron()
        self.assertEqual(self.runs(), run)
        self.assertEqual(run.state, "done")
        self.assertFalse(run.hold_reason)
        self.assertFalse(run.activity_ids)
        self.assertReminded(self.overdue, 1)

    def test_one_task_for_all_days(self):
        self.transfer(days_ago=4)
        self.cron()
        self.travel(days=1)
        self.cron()
        run = self.runs()
        self.assertEqual((run.state, run.date), ("waiting", self.today))
        self.assertEqual(len(run.activity_ids), 1)

    def test_manager_starts_it_knowingly(self):
        """The run that waits, or another one: nothing waits afterwards."""
        for fresh in (False, True):
            with self.subTest(fresh=fresh):
                self.travel(days=1)
                self.cron()
                runs = self.env["dunning.run"].with_user(self.responsible)
                run = runs.browse(self.runs()[:1].id)
                self.assertEqual(run.state, "waiting")
                if fresh:
                    run = runs.create({})
                run.action_start()
                self.assertEqual(run.state, "done")
                self.assertFalse(self.runs().activity_ids)
                self.assertNotIn("waiting", self.runs().mapped("state"))
                self.cron()
                self.assertEqual(self.runs()[:1].id, run.id)

    def test_simulation_never_waits(self):
        run = self.env["dunning.run"].create({"simulation": True})
        run._start()
        self.assertEqual(run.state, "done")

    def test_one_stale_company_does_not_stop_the_others(self):
        other = self.setup_other_company()["company"]
        self._create_policy(company_id=other.id)
        self.cron()
        runs = self.env["dunning.run"].search([("simulation", "=", False)])
        self.assertEqual(
            {run.company_id: run.state for run in runs},
            {self.company: "waiting", other: "done"},
        )

    def test_how_old(self):
        for days, limit, stale in [
            (3, 3, False),
            (4, 3, True),
            (0, 1, False),
            (400, 0, False),
        ]:
            with self.subTest(days=days, limit=limit):
                self.company.dunning_bank_max_age_days = limit
                transfer = self.transfer(days_ago=days)
                self.assertEqual(bool(self.stale()), stale)
                transfer.unlink()

    def test_which_journals(self):
        second = self.bank.copy()
        second.name = "Savings"
        self.bank.name = "Current Account"
        self.transfer(days_ago=1)
        self.assertFalse(self.stale())  # Savings was never used.
        old = self.transfer(days_ago=90, journal_id=second.id)
        self.assertIn("Savings", self.stale())
        self.assertNotIn(f"{self.bank.name} (", self.stale())
        old.date -= timedelta(days=1)
        self.assertFalse(self.stale())
        self.company.dunning_bank_journal_ids = second
        self.assertIn("Savings", self.stale())
        old.unlink()
        self.assertIn("never", self.stale())
        self.company.dunning_bank_journal_ids = self.bank
        self.assertFalse(self.stale())

    def test_import_that_stopped_long_ago_is_stale(self):
        self.assertIn("No bank journal", self.stale())
        self.transfer(days_ago=91)
        self.assertIn("No bank journal", self.stale())

    def test_what_is_no_fresh_data(self):
        """A typing error in the future, a transaction that is not posted."""
        self.transfer(days_ago=5)
        self.transfer(days_ago=-300)
        self.transfer(days_ago=0).move_id.button_draft()
        self.assertIn("03/05/2026", self.stale())

    def test_health(self):
        def check():
            checks = self.env["dunning.health"]._get_checks(self.company)
            found = {check["code"]: check for check in checks}
            return found["bank"]["state"], found["run"]["state"]

        self.env.flush_all()
        self.cr.execute(
            "UPDATE dunning_policy SET create_date = %s WHERE id = %s",
            (self.moment - timedelta(days=5), self.policy.id),
        )
        self.policy.invalidate_recordset(["create_date"])
        self.transfer(days_ago=4)
        self.cron()
        self.assertEqual(check(), ("warning", "ok"))
        self.transfer(days_ago=0)
        self.cron()
        self.assertEqual(check(), ("ok", "ok"))

    def test_queries_do_not_depend_on_companies(self):
        self.env.flush_all()
        companies = self.company
        self.stale()
        with self.assertQueryCount(3):
            self.env["dunning.bank"]._find_stale(companies)

    def test_settings(self):
        other = self.setup_other_company()
        cash = self.company_data["default_journal_cash"]
        for journal in (other["default_journal_bank"], cash):
            with self.assertRaisesRegex(ValidationError, "choose bank journals"):
                self.company.dunning_bank_journal_ids = [Command.set(journal.ids)]
        with (
            self.assertRaises(Exception) as refused,
            self.cr.savepoint(),
            patch("odoo.sql_db._logger.error"),
        ):
            self.company.dunning_bank_max_age_days = -1
            self.env.flush_all()
        self.assertIn("dunning_bank_max_age", str(refused.exception))
