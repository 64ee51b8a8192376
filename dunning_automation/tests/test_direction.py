import base64
import re
from unittest.mock import patch

from lxml import html

from odoo.tests import tagged

from .account_common import AccountCommon
from .letter_common import LetterCommon
from .test_holds import HoldsCommon

LANGUAGES = {
    "de_DE": ("ltr", "left", "right"),
    "ar_001": ("rtl", "right", "left"),
}
"""How it runs, where a line of it begins, and where it ends."""
AMOUNT = 777.0
LOGO = base64.b64encode(
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
)


class DirectionCommon:
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for lang in LANGUAGES:
            cls.add_language(lang)

    def cells(self, tree):
        """Styles of the cells in which the amount stands."""
        found = tree.xpath(f".//td[contains(., '{AMOUNT:.0f}')]")
        self.assertTrue(found)
        return [cell.get("style") or cell.get("class") for cell in found]


@tagged("post_install", "-at_install")
class TestDirectionOfMessages(DirectionCommon, HoldsCommon):
    """Who reads from right to left has the amounts at his left."""

    def test_reminder(self):
        self.company.logo = LOGO
        for lang, (direction, start, end) in LANGUAGES.items():
            with self.subTest(lang):
                customer = self._create_customer(lang=lang)
                self.invoice(customer, amount=AMOUNT)
                self.run_on()
                tree = html.document_fromstring(self.notices(customer).body)
                self.assertEqual(tree.get("dir"), direction)
                # Many programs show only what is inside of the body.
                tables = tree.xpath("//body/table | //table[tr/th]")
                self.assertEqual(
                    [table.get("dir") for table in tables], [direction] * 2
                )
                for style in self.cells(tables[-1]):
                    self.assertIn(f"text-align: {end};", style)
                [head] = tree.xpath("//tr[th]")
                self.assertIn(f"text-align: {start};", head.get("style"))
                [logo] = tree.xpath("//img[contains(@src, 'logo')]")
                self.assertIn(f"float: {end};", logo.get("style"))

    def test_confirmation_of_a_plan(self):
        for lang, (direction, _start, end) in LANGUAGES.items():
            with self.subTest(lang):
                customer = self._create_customer(lang=lang)
                plan = self.plan(self.invoice(customer, amount=AMOUNT), [(9, AMOUNT)])
                template = self.env.ref("dunning_automation.mail_template_plan")
                body = template._generate_template(plan.ids, ["body_html"])[plan.id]
                tree = html.fromstring(body["body_html"])
                self.assertEqual(tree.xpath("//*[@dir]/@dir"), [direction])
                self.assertIn(f"text-align: {end}", tree.xpath("//td[2]/@style")[0])


@tagged("post_install", "-at_install")
class TestDirectionInPrint(DirectionCommon, LetterCommon):
    def test_letter(self):
        """Only the text turns: the address must be in the window of the envelope."""
        for lang, (direction, start, end) in LANGUAGES.items():
            with self.subTest(lang):
                letter = self.letters(lang=lang).sudo()
                letter._compose()
                page = letter._render_part("dunning_letter_document", docs=letter)
                tree = html.document_fromstring(page)
                turned = tree.xpath("//*[@dir]")
                self.assertEqual([part.get("class") for part in turned], ["dl_text"])
                self.assertEqual(turned[0].get("dir"), direction)
                style = tree.xpath("string(//style)")
                self.assertIn(f"th {{ text-align: {start};", style)
                self.assertIn(f".dl_end {{ text-align: {end};", style)
                layout = letter._get_letter_layout()
                places = " ".join(tree.xpath("//*[@class='dl_at']/@style"))
                self.assertIn(f"left: {layout.x(layout.address_left)}mm", places)

    def test_words_stay_on_the_page(self):
        """Unpatched, the engine loses Arabic words that stand beside punctuation."""
        letter = self.letters(lang="ar_001").sudo()
        letter._compose()
        report = type(self.env["ir.actions.report"])
        printed = report._run_wkhtmltopdf
        with patch.object(
            report, "_run_wkhtmltopdf", autospec=True, side_effect=printed
        ) as engine:
            letter._make_letter_pdf()
        tree = html.document_fromstring(engine.call_args.args[1][0])
        words = [text for text in tree.itertext() if re.search("[ء-ي]", text)]
        self.assertGreater(len(words), 10)
        for text in words:
            self.assertNotRegex(text, "[،؛؟.:A-Za-z0-9]")

    def test_statement(self):
        report = type(self.env["ir.actions.report"])
        for lang, (direction, start, end) in LANGUAGES.items():
            with self.subTest(lang):
                customer = self._create_customer(lang=lang)
                self.invoice(customer, amount=AMOUNT)
                account = self.env["dunning.account"].sudo().with_context(lang=lang)
                with patch.object(report, "_run_wkhtmltopdf", autospec=True) as engine:
                    account._make_pdf(customer, self.company)
                tree = html.document_fromstring(engine.call_args.args[1][0])
                self.assertEqual(tree.xpath("//*[@dir]/@dir"), [direction])
                style = tree.xpath("string(//style)")
                self.assertIn(f"th {{ text-align: {start};", style)
                self.assertIn(f".end {{ text-align: {end};", style)
                self.assertEqual(set(self.cells(tree)), {"end"})


@tagged("post_install", "-at_install")
class TestDirectionOfPages(DirectionCommon, AccountCommon):
    def test_account(self):
        for lang, (direction, _start, _end) in LANGUAGES.items():
            with self.subTest(lang):
                self.customer.lang = lang
                tree = html.document_fromstring(self.page(None, self.link).text)
                self.assertEqual(tree.get("dir"), direction)

    def test_reminder_in_the_portal(self):
        """As it was written, whatever language its reader has chosen meanwhile."""
        self.use("portal")
        for lang, (direction, _start, _end) in LANGUAGES.items():
            with self.subTest(lang):
                customer = self._create_customer(lang=lang)
                login = f"reader_{lang}"
                self.portal_user(login, customer).lang = "en_US"
                notice, _invoice = self.planned(partner=customer)
                self.send(notice)
                page = self.page(login, f"/my/reminders/{notice.id}")
                [text] = html.document_fromstring(page.text).find_class("card-body")
                self.assertEqual(
                    (text.get("lang"), text.get("dir")),
                    (lang.replace("_", "-"), direction),
                )
