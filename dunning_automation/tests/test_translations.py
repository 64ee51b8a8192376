import re
from collections import Counter

import polib

from odoo.modules import get_module_path
from odoo.tests import TransactionCase, tagged
from odoo.tools.translate import TranslationModuleReader

WHOLE = ("de", "es", "fr")
"""Languages of the back office, too."""
CUSTOMERS = ("ar", "it", "nl", "pt_BR")
"""Languages of what a customer reads or hears."""

PLACES = re.compile(
    r"ir\.ui\.view,arch_db:\w+\.(account_|notice_|payment_message_|portal_"
    r"|sale_order_portal_|dunning_letter$|dunning_letter_(?!view_))"
    r"|(mail\.template,(body_html|subject)|sms\.template,body):"
    r"|(dispute\.reason|product\.template),name:"
    r"|selection__dunning_(action__channel__(email|letter|portal|sms)"
    r"|plan__interval__\w+)$"
    r"|dunning_automation/controllers/|/models/dunning_account_"
    r"|/report/dunning_account\.py|/models/dunning_(notice_line_charge|refund)\.py"
)
"""Where it says something to customers."""
WORDS = {
    "Calls",
    "Charges of our reminder of %s",
    "Goodbye.",
    "Reminder fee, %s",
    "Thank you. Goodbye.",
    "Thank you. We count on your payment until %s. Goodbye.",
    "This is %s. Please call us back. Goodbye.",
    "This telephone cannot get text messages. Goodbye.",
    "We put you through. Please wait.",
    "We will call you back. Goodbye.",
    "We will not call you any more. Goodbye.",
    "You get the text message now. Goodbye.",
    "%s: you will get no more text messages from us. Answer START to get them again.",
    "%s: you will get text messages from us again. Answer STOP to end that.",
}
"""What customers hear or read, from places that tell other things to colleagues."""
INSIDE = re.compile("A card may have been|The payment provider did not answer when")
"""What such a place says to colleagues."""
SAME = {
    "Dunning Channel: Text Message",
    "Late Payment of Commercial Debts (Interest) Act 1998",
    "art. L441-10 C. com.",
}
"""Longer names that are the same in some language; a shorter one may always be."""
MARKS = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\{.*?\}\}|</?[\w-]+|t-[\w-]+=\"[^\"]*\"")
"""What a translation repeats: places to fill in, elements and what they compute."""


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    """Nobody meets a text that was forgotten in his language."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addons = (
            cls.env["ir.module.module"]
            .search([("name", "=like", "dunning_automation%")])
            .filtered(lambda addon: addon.state == "installed")
            .mapped("name")
        )
        cls.templates = {
            addon: cls.entries_of(addon, f"{addon}.pot") for addon in cls.addons
        }

    @classmethod
    def entries_of(cls, addon, name):
        """{msgid: entry} of a file."""
        path = f"{get_module_path(addon)}/i18n/{name}"
        return {entry.msgid: entry for entry in polib.pofile(path)}

    def is_told(self, entry):
        """Whether customers read or hear it."""
        places = [place for place, _line in entry.occurrences]
        return entry.msgid in WORDS or (
            any(map(PLACES.search, places)) and not INSIDE.match(entry.msgid)
        )

    def wanted(self):
        """(addon, language, what it must say)."""
        for addon, entries in self.templates.items():
            for lang in WHOLE:
                yield addon, lang, set(entries)
            told = {msgid for msgid, entry in entries.items() if self.is_told(entry)}
            for lang in CUSTOMERS if told else ():
                yield addon, lang, told

    def test_templates_are_fresh(self):
        """All that the code says now, and nothing that it said once."""
        for addon, entries in self.templates.items():
            with self.subTest(addon):
                reader = TranslationModuleReader(self.cr, modules=[addon])
                self.assertEqual(set(entries), {row[4] for row in reader})

    def test_nothing_is_forgotten(self):
        for addon, lang, wanted in self.wanted():
            with self.subTest(addon=addon, lang=lang):
                there = self.entries_of(addon, f"{lang}.po")
                self.assertFalse(wanted - set(there))
                silent = {msgid for msgid in there if not there[msgid].msgstr}
                said = {msgid for msgid in silent if len(msgid.split()) > 3}
                self.assertFalse(said - SAME)

    def test_translations_keep_what_is_filled_in(self):
        """What is computed stays, in whatever order; elements keep theirs."""
        for addon, lang, _wanted in self.wanted():
            for msgid, entry in self.entries_of(addon, f"{lang}.po").items():
                if entry.msgstr and MARKS.search(msgid + entry.msgstr):
                    with self.subTest(addon=addon, lang=lang, msgid=msgid[:60]):
                        self.assertEqual(
                            Counter(MARKS.findall(msgid)),
                            Counter(MARKS.findall(entry.msgstr)),
                        )

    def test_every_word_for_customers_is_known(self):
        """No word is kept here that the code does not say any more."""
        said = {msgid for entries in self.templates.values() for msgid in entries}
        if "dunning_automation_sms" in self.addons:
            self.assertFalse(WORDS - said)
