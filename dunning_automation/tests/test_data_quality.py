from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestDataQuality(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bank = cls.company_data["default_journal_bank"]
        cls.env["account.journal"].search(
            [
                ("type", "=", "bank"),
                ("company_id", "=", cls.company.id),
                ("id", "!=", cls.bank.id),
            ]
        ).active = False
        cls.good = {
            "email": "good@example.com",
            "phone": "+32 470 12 34 56",
            "lang": "en_US",
        }
        cls.customer.write({**cls.good, "email": "first@example.com"})

    def setUp(self):
        super().setUp()
        self.receive(days_ago=1, amount=-1.0)

    # === FACTORIES === #

    def receive(self, days_ago=0, amount=50.0, journal=None):
        """A transaction on the bank account."""
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": (journal or self.bank).id,
                "date": self.today - timedelta(days=days_ago),
                "payment_ref": "Transaction",
                "amount": amount,
            }
        )

    def owing(self, **values):
        """A customer without faults, but for ``values``, who owes 100."""
        customer = self._create_customer(**{**self.good, **values})
        self.invoice(customer)
        return customer

    def opening_balance(self, partner, amount=100.0, **values):
        """An open receivable line of a miscellaneous entry."""
        receivable = self.company_data["default_account_receivable"]
        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": self.company_data["default_journal_misc"].id,
                "date": self.today,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": receivable.id,
                            "partner_id": partner and partner.id,
                            "balance": amount,
                            **values,
                        }
                    ),
                    Command.create(
                        {
                            "account_id": self.company_data[
                                "default_account_revenue"
                            ].id,
                            "balance": -amount,
                        }
                    ),
                ],
            }
        )
        move.action_post()
        return self.receivable(move)

    # === LOOKING === #

    def found(self, company=None):
        quality = self.env["dunning.data.quality"].with_company(company or self.company)
        return {row["code"]: row for row in quality.get_findings()}

    def opened(self, row):
        """The records behind the button of a finding."""
        action = row["action"]
        model = self.env[action["res_model"]].with_context(**action["context"])
        return model.search(action["domain"])

    def assertFound(self, code, records, amount=None):
        """Just these are counted, and the button opens just these."""
        row = self.found()[code]
        self.assertEqual(row["count"], len(records), code)
        if not records:
            self.assertEqual((row["severity"], row["action"]), ("ok", 0))
            return
        self.assertNotEqual(row["severity"], "ok")
        self.assertEqual(self.opened(row), records)
        if amount:
            self.assertIn(amount, row["amount"])

    # === CUSTOMERS === #

    def test_nothing_to_complain_about(self):
        self.invoice()
        found = self.found()
        self.assertEqual({row["count"] for row in found.values()}, {0}, found)
        self.assertEqual({row["severity"] for row in found.values()}, {"ok"})

    def test_customers_who_cannot_be_reached(self):
        """Table: values of the customer -> what is found."""
        cases = [
            ({"email": False}, "no_email"),
            ({"email": "  "}, "no_email"),
            ({"email": "accounts"}, "invalid_email"),
            ({"email": "a@@b"}, "invalid_email"),
            (
                {
                    "email": "back@example.com",
                    "dunning_bounced_email": "back@example.com",
                },
                "invalid_email",
            ),
            (
                {
                    "email": "new@example.com",
                    "dunning_bounced_email": "old@example.com",
                },
                None,
            ),
            ({"phone": False}, "no_phone"),
            ({"phone": "ask Ms Miller"}, "invalid_phone"),
            (
                {"phone": "0470 12 34 56", "country_id": self.env.ref("base.be").id},
                None,
            ),
            ({"lang": False}, "no_language"),
        ]
        codes = {code for _values, code in cases} - {None}
        expected = {code: self.env["res.partner"] for code in codes}
        for number, (values, code) in enumerate(cases):
            values.setdefault("email", f"nr{number}@example.com")
            customer = self.owing(**values)
            if code:
                expected[code] |= customer
        for code, customers in expected.items():
            with self.subTest(code):
                self.assertFound(code, customers, f"{len(customers) * 100}.00")

    def test_who_owes_nothing_is_left_alone(self):
        broken = {"email": False, "phone": False, "lang": False}
        self._create_customer(**broken)
        paid = self.owing(**broken)
        self.pay(paid.invoice_ids)
        draft = self._create_customer(**broken)
        self.invoice(draft, post=False)
        for code in ("no_email", "no_phone", "no_language"):
            self.assertFound(code, [])

    def test_an_archived_debtor_is_found(self):
        customer = self.owing(email=False)
        customer.active = False
        self.assertFound("no_email", customer)

    def test_email_of_a_contact_will_do(self):
        """Reminders go to the dunning contact and to the contact on the invoice."""
        plain, by_contact, by_invoice = (self.owing(email=False) for _i in range(3))
        contact = self._create_customer(
            parent_id=by_contact.id, is_company=False, lang="en_US"
        )
        by_contact.dunning_contact_id = contact
        clerk = self._create_customer(
            parent_id=by_invoice.id, is_company=False, lang="en_US"
        )
        self.invoice(clerk)
        self.assertFound("no_email", plain)
        contact.email = "wrong"
        self.assertFound("no_email", plain | by_contact)

    def test_several_customers_with_one_email(self):
        same = {"email": "Boss <BOSS@example.com>"}, {"email": "boss@example.com"}
        twins = self.env["res.partner"]
        for values in same:
            twins |= self.owing(**values)
        self._create_customer(**same[0])
        self.assertFound("duplicate", twins)

    def test_what_was_repaired_in_the_list_is_found_no_more(self):
        customer = self.owing(email=False)
        view = self.env.ref("dunning_automation.dunning_data_partner_view_list")
        self.assertEqual(self.found()["no_email"]["action"]["views"][0][0], view.id)
        with Form(customer, view) as row:
            row.email = "repaired@example.com"
        self.assertFound("no_email", [])

    def test_one_click_sets_the_language_of_the_company(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.company.partner_id.lang = "fr_FR"
        none, english = self.owing(lang=False), self.owing(email="b@example.com")
        idle = self._create_customer(lang=False)
        bulk = self.found()["no_language"]["bulk"]
        self.assertIn("French", bulk["label"])
        self.assertFalse(self.found()["no_language"]["count"] > 1)
        number = getattr(self.env["dunning.data.quality"], bulk["method"])()
        self.assertEqual(number, 1)
        self.assertEqual(none.lang, "fr_FR")
        self.assertEqual(english.lang, "en_US")
        self.assertFalse(idle.lang)
        self.assertFound("no_language", [])

    # === OPEN ITEMS === #

    def test_excluded_from_reminders(self):
        """Opening balances are in a miscellaneous journal: Odoo excludes them."""
        opening = self.opening_balance(self.customer)
        invoice = self.invoice()
        self.assertFound("no_followup", opening, "100.00")
        invoice.no_followup = True
        self.assertFound("no_followup", opening | self.receivable(invoice), "200.00")
        view = self.env.ref("dunning_automation.dunning_data_line_view_list")
        with Form(opening, view) as row:
            row.no_followup = False
        self.assertFound("no_followup", self.receivable(invoice))

    def test_open_items_without_a_customer(self):
        self.opening_balance(self.customer)
        nobodys = self.opening_balance(None)
        self.opening_balance(None, amount=-70.0)
        self.assertFound("no_partner", nobodys, "100.00")

    def test_due_dates(self):
        good = self.invoice()
        early, missing = (self.receivable(self.invoice()) for _i in range(2))
        early.date_maturity = good.invoice_date - timedelta(days=1)
        missing.date_maturity = False
        same_day = self.receivable(self.invoice())
        same_day.date_maturity = good.invoice_date
        self.assertFound("due_date", early | missing, "200.00")

    def test_credits_that_close_nothing(self):
        credit = self.receivable(self.credit_note(amount=30.0))
        invoice = self.invoice()
        used = self.credit_note(amount=100.0)
        (self.receivable(used) | self.receivable(invoice)).reconcile()
        self.assertFound("credits", credit, "30.00")

    def test_payments_without_an_invoice(self):
        """As Odoo makes them where no outstanding account is set: without an entry."""
        payments = self.env["account.payment"].create(
            [
                {
                    "payment_type": payment_type,
                    "partner_type": "customer",
                    "partner_id": self.customer.id,
                    "amount": 40.0,
                    "journal_id": self.bank.id,
                }
                for payment_type in ("inbound", "inbound", "inbound", "outbound")
            ]
        )
        payments.outstanding_account_id = False
        lost, linked, _draft, refund = payments
        (lost | linked | refund).action_post()
        linked.invoice_ids = self.invoice()
        self.assertFalse(payments.move_id)
        self.assertFound("payments", lost, "40.00")

    # === BANK === #

    def test_bank_that_is_not_up_to_date(self):
        """Table: age of the last transaction -> found."""
        transactions = self.env["account.bank.statement.line"].search(
            [("journal_id", "=", self.bank.id)]
        )
        transactions.move_id.button_draft()
        transactions.unlink()
        self.assertFound("stale_bank", self.bank)
        for days_ago, stale in [(30, True), (8, True), (7, False), (20, False)]:
            with self.subTest(days_ago=days_ago):
                self.receive(days_ago, amount=-1.0)
                self.assertFound("stale_bank", self.bank if stale else [])
        cash = self.company_data["default_journal_cash"]
        self.receive(30, amount=-1.0, journal=cash)
        self.assertFound("stale_bank", [])

    def test_money_that_is_not_matched(self):
        came = self.receive(amount=55.0)
        self.receive(amount=-20.0)
        matched = self.receive(amount=100.0)
        _liquidity, suspense, _other = matched._seek_for_lines()
        line = self.receivable(self.invoice())
        suspense.with_context(force_delete=True).write(
            {"account_id": line.account_id.id, "partner_id": self.customer.id}
        )
        (
            line
            | matched.line_ids.filtered(lambda row: row.account_id == line.account_id)
        ).reconcile()
        self.assertFound("bank_lines", came, "55.00")
        self.assertEqual(came.action_open_dunning_entry()["res_id"], came.move_id.id)

    # === COST AND RIGHTS === #

    def test_each_company_for_itself(self):
        other = self.setup_other_company()["company"]
        self.owing(email=False)
        self.assertEqual(self.found()["no_email"]["count"], 1)
        self.assertEqual(self.found(other)["no_email"]["count"], 0)

    def test_five_statements_whatever_the_size(self):
        quality = self.env["dunning.data.quality"].sudo()
        counts = []
        for number in (1, 20):
            for customer in self._create_customers(number, email=False):
                self.invoice(customer)
            quality._count()
            self.env.flush_all()
            before = self.cr.sql_log_count
            quality._count()
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts, [5, 5])

    def test_a_code_of_other_records_finds_nothing(self):
        self.owing(email=False)
        for domain in (
            [("dunning_finding", "=", "no_followup")],
            [("dunning_finding", "=", "no such code")],
        ):
            self.assertFalse(self.env["res.partner"].search(domain))

    def test_who_sees_it_and_who_mends(self):
        self.owing(lang=False)
        quality = self.env["dunning.data.quality"]
        for name, group in {
            "sales": "base.group_user",
            "billing": "account.group_account_invoice",
            "collector": "dunning_automation.group_user",
            "portal": "base.group_portal",
        }.items():
            user = self.new_user(f"q_{name}", group)
            with self.subTest(name), self.assertRaises(AccessError):
                quality.with_user(user).get_findings()
        rows = [
            ("reader", "account.group_account_readonly,base.group_user", False),
            ("boss", "dunning_automation.group_manager", False),
            (
                "editor",
                "dunning_automation.group_manager,base.group_partner_manager",
                True,
            ),
        ]
        for name, groups, mends in rows:
            user = self.new_user(f"q_{name}", groups)
            with self.subTest(name):
                found = quality.with_user(user).get_findings()
                [row] = [row for row in found if row["code"] == "no_language"]
                self.assertEqual(row["count"], 1)
                self.assertEqual(bool(row["bulk"]), mends)
                domain = row["action"]["domain"]
                self.assertEqual(
                    self.env["res.partner"].with_user(user).search_count(domain), 1
                )
                if not mends:
                    with self.assertRaises(AccessError):
                        quality.with_user(user).action_set_language()
