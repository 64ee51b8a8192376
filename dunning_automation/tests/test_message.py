from datetime import date

from odoo import Command
from odoo.tests import tagged
from odoo.tools import file_open, html2plaintext

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestMessage(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for lang in ("de_DE", "fr_FR"):
            cls.env["res.lang"]._activate_lang(lang)

    def text(self, partner=None):
        return html2plaintext(self.notices(partner)[-1:].body).replace("\xa0", " ")

    def test_numbers_and_dates_in_the_language_of_the_recipient(self):
        due = date(2026, 3, 1)
        table = [
            ("en_US", "03/01/2026", "1,234.50"),
            ("de_DE", "01.03.2026", "1.234,50"),
            ("fr_FR", "01/03/2026", "1 234,50"),
        ]
        customers = {lang: self._create_customer(lang=lang) for lang, _d, _a in table}
        self.invoices(
            [
                {"partner": customer, "amount": 1234.5, "invoice_date_due": due}
                for customer in customers.values()
            ]
        )
        self.run_on()
        for lang, day, amount in table:
            with self.subTest(lang=lang):
                notice = self.notices(customers[lang])
                self.assertEqual(notice.lang, lang)
                text = self.text(customers[lang]).replace("\u202f", " ")
                self.assertIn(day, text)
                self.assertIn(amount, text)
                self.assertIn(f'lang="{lang.replace("_", "-")}"', notice.body)

    def test_language_of_recipient_then_customer_then_company(self):
        self.company.partner_id.lang = "fr_FR"
        for recipient, customer, expected in [
            ("de_DE", "en_US", "de_DE"),
            (False, "de_DE", "de_DE"),
            (False, False, "fr_FR"),
        ]:
            with self.subTest(recipient=recipient, customer=customer):
                debtor = self._create_customer(lang=customer)
                contact = self._create_customer(
                    lang=recipient, parent_id=debtor.id, is_company=False
                )
                (debtor | contact).flush_recordset()
                self.cr.execute(
                    "UPDATE res_partner SET lang = %s WHERE id = %s",
                    (recipient or None, contact.id),
                )
                self.cr.execute(
                    "UPDATE res_partner SET lang = %s WHERE id = %s",
                    (customer or None, debtor.id),
                )
                self.env.invalidate_all()
                self.invoice(contact)
                self.run_on()
                self.assertEqual(self.notices(debtor).lang, expected)

    def test_language_does_not_depend_on_who_starts_the_run(self):
        self.env.user.lang = "fr_FR"
        self.customer.lang = "de_DE"
        self.invoice(amount=1234.5, invoice_date_due=date(2026, 3, 1))
        run = self.env["dunning.run"].with_context(lang="fr_FR").create({})
        run.action_start()
        self.assertIn("1.234,50", self.text())
        self.assertIn("01.03.2026", self.text())

    def test_german_text(self):
        path = "dunning_automation/i18n/de.po"
        try:
            with file_open(path) as source:
                translated = "Zahlungserinnerung" in source.read()
        except FileNotFoundError:
            translated = False
        if not translated:
            self.skipTest(f"{path} is not there yet")
        self.env["ir.module.module"]._load_module_terms(
            ["dunning_automation"], ["de_DE"]
        )
        self.customer.lang = "de_DE"
        self.invoice()
        self.run_on()
        notice = self.notices()
        self.assertIn("Zahlungserinnerung", notice.subject)
        self.assertIn("Guten Tag Customer", self.text())
        self.assertIn("Tage überfällig", self.text())
        self.assertNotIn("Overdue", self.text())

    def test_table_per_currency(self):
        eur = self.foreign_currency
        self.invoices(
            [
                {"amount": 100.0, "days_overdue": 9},
                {"amount": 20.5, "days_overdue": 2},
                {"amount": 7.0, "days_overdue": -3},
                {"amount": 80.0, "days_overdue": 5, "currency": eur},
            ]
        )
        self.run_on()
        groups = {
            group["currency"].name: group
            for group in self.notices()._get_table_groups({})
        }
        usd = groups[self.company.currency_id.name]
        self.assertEqual((usd["overdue_total"], usd["coming_total"]), (120.5, 7.0))
        self.assertEqual(groups["EUR"]["overdue_total"], 80.0)
        text = self.text()
        for part in ("120.50", "80.00", "Due soon", "7.00"):
            self.assertIn(part, text)
        self.assertNotIn("200.50", text, "never a sum over currencies")

    def test_open_credit_is_set_off(self):
        self.invoice(amount=100.0, days_overdue=9)
        self.credit_note(amount=30.0)
        self.run_on()
        text = self.text()
        for part in ("100.00", "Your open credits", "30.00", "Please pay", "70.00"):
            self.assertIn(part, text)

    def test_instalment_shows_its_own_amount_and_date(self):
        self.invoice(instalments=[(9, 60.0), (-30, 40.0)])
        self.run_on()
        self.assertIn("60.00", self.text())
        self.assertNotIn("40.00", self.text())

    def test_deadline_bank_and_links(self):
        self.company.partner_id.sudo().bank_ids = [
            Command.create({"acc_number": "DE89370400440532013000"})
        ]
        invoice = self.invoice()
        self.told(invoice, 1, days_ago=8)
        self.run_on()
        notice = self.notices(level_id=self.level(8).id)
        self.assertEqual(notice.deadline, date(2026, 3, 17))
        self.assertIn("03/17/2026", notice.body)
        self.assertIn("DE89370400440532013000", notice.body)
        self.assertIn(
            f'href="{self.company.get_base_url()}/my/invoices/{invoice.id}?access_token=',
            notice.body,
        )
        self.assertTrue(invoice.access_token)

    def test_subject_is_one_line(self):
        self.company.name = "Two\nLines"
        self.invoice()
        self.run_on()
        self.assertEqual(self.notices().subject, "Two Lines: payment reminder")
