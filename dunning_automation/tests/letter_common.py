"""Factories for letters, also for the addon that posts them."""

import base64
import io

from odoo import Command
from odoo.tools.pdf import PdfFileReader

from .common import DunningCommon

ADDRESS = {"street": "Main Street 1", "zip": "12345", "city": "Springfield"}


class LetterCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.germany = cls.env.ref("base.de")
        cls.company.write({**ADDRESS, "country_id": cls.germany.id, "name": "Sender"})
        cls.policy = cls._create_letter_policy()
        cls.customer.write({**ADDRESS, "country_id": cls.germany.id})

    @classmethod
    def _create_letter_policy(cls, delays=(1, 15)):
        """A policy that writes letters only."""
        cls.policy.active = False
        template = cls.env.ref("dunning_automation.mail_template_firm")
        action = {"channel": "letter", "template_id": template.id, "timeout_days": 5}
        levels = [
            cls._level(delay, action_ids=[Command.create(action)]) for delay in delays
        ]
        return cls._create_policy(name="Letters", level_ids=levels)

    @classmethod
    def reachable(cls, **values):
        return cls._create_customer(
            **{**ADDRESS, "country_id": cls.germany.id, "lang": False, **values}
        )

    def letters(self, number=1, **values):
        """Ready letters to as many customers, one invoice each."""
        customers = [
            self.reachable(name=f"Debtor {index}", **values) for index in range(number)
        ]
        self.invoices([{"partner": customer} for customer in customers])
        self.run_on()
        notices = self.env["dunning.notice"]
        return notices.union(*(self.notices(customer) for customer in customers))

    def print_pile(self, letters):
        """Press Print; returns the bytes of the pile."""
        with self.enter_registry_test_mode():
            action = letters.action_print_letters()
        letters.invalidate_recordset()
        return self.fetch(action["params"]["next"])

    def fetch(self, download):
        self.assertEqual(download["tag"], "dunning_download")
        pile = self.env["dunning.letter.download"].sudo()
        pile = pile.browse(int(download["params"]["url"].split("/")[4]))
        return base64.b64decode(pile.data)

    def sweep(self):
        """What the cron does every minute."""
        cron = self.env.ref("dunning_automation.ir_cron_sweep").sudo()
        with self.enter_registry_test_mode():
            self.assertIs(cron.method_direct_trigger(), True)
        self.env.invalidate_all()

    def kinds(self, notice):
        return notice.event_ids.sorted("id").mapped("kind")

    def pages(self, content):
        """The text of each page."""
        pages = PdfFileReader(io.BytesIO(content), strict=False).pages
        return [" ".join(page.extract_text().split()) for page in pages]

    def places(self, content):
        """[(text, millimetres from the left, from the top)] of the first page."""
        page = PdfFileReader(io.BytesIO(content), strict=False).pages[0]
        height, found = float(page.mediabox[3]), []

        def visit(text, cm, tm, _font, _size):
            x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
            y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
            if text.strip():
                found.append((text.strip(), x * 25.4 / 72, (height - y) * 25.4 / 72))

        page.extract_text(visitor_text=visit)
        return found
