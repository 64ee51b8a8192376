from unittest.mock import patch

from odoo.tests import tagged

from ..models.dunning_wording import DunningWording
from ..tools.ladder import TASKS
from .common import DunningCommon

ENGLISH = "Courtesy before due date"
GERMAN = "Hinweis vor Fälligkeit"
FRENCH = "Rappel de courtoisie avant échéance"
OWN = "A hint of our own"


@tagged("post_install", "-at_install")
class TestWording(DunningCommon):
    """Names of levels say our words in every language; what users wrote stays."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add_language("de_DE")

    def new_level(self, name, lang="en_US"):
        """A level that a user of this language makes under this name."""
        creator = self.env["dunning.policy"].with_context(lang=lang)
        commands = [self._level(1, name=name)]
        return creator.create({"name": "Mine", "level_ids": commands}).level_ids

    def assertNames(self, level, expected):
        names = {lang: level.with_context(lang=lang).name for lang in expected}
        self.assertEqual(names, expected)

    # === WHAT USERS WROTE === #

    def test_own_names_survive_a_new_language(self):
        """Table: name given, in which language -> names when French comes later."""
        cases = [
            (OWN, "en_US", {"en_US": OWN, "de_DE": OWN, "fr_FR": OWN}),
            (OWN, "de_DE", {"en_US": OWN, "de_DE": OWN, "fr_FR": OWN}),
            (ENGLISH, "en_US", {"en_US": ENGLISH, "de_DE": GERMAN, "fr_FR": FRENCH}),
            (GERMAN, "de_DE", {"en_US": ENGLISH, "de_DE": GERMAN, "fr_FR": FRENCH}),
        ]
        levels = [self.new_level(name, lang) for name, lang, _names in cases]
        self.add_language("fr_FR")
        for level, (name, lang, names) in zip(levels, cases, strict=True):
            with self.subTest(name=name, lang=lang):
                self.assertNames(level, names)

    def test_own_translation_survives_a_new_language(self):
        level = self.new_level(ENGLISH)
        level.with_context(lang="de_DE").name = OWN
        self.add_language("fr_FR")
        self.assertNames(level, {"en_US": ENGLISH, "de_DE": OWN, "fr_FR": FRENCH})

    def test_own_translation_survives_an_update(self):
        """An update of the addon loads all languages again."""
        level = self.new_level(ENGLISH)
        level.with_context(lang="de_DE").name = OWN
        self.add_language("de_DE")
        self.assertNames(level, {"en_US": ENGLISH, "de_DE": OWN})

    def test_other_addons_translations_touch_nothing(self):
        with patch.object(DunningWording, "_complete") as complete:
            self.env["ir.module.module"]._load_module_terms(["base"], ["de_DE"])
        complete.assert_not_called()

    # === OUR WORDS === #

    def test_every_word_is_said_in_german(self):
        """All but those that are German, too: none is forgotten in the .po file."""
        wording = self.env["dunning.wording"]
        for word in wording._get_words():
            with self.subTest(str(word)):
                texts = wording._get_translations(word, ["de_DE"])
                self.assertNotEqual(texts["de_DE"], texts["en_US"])

    def test_standard_policy_made_by_a_german(self):
        """Colleagues who work in English read English names and tasks."""
        policy = (
            self.env["dunning.policy"]
            .with_context(lang="de_DE")
            .create({"name": "Standard"})
        )
        self.assertNames(self.level(-5, policy), {"en_US": ENGLISH, "de_DE": GERMAN})
        task = self.level(15, policy).action_ids.filtered("activity_summary")
        self.assertEqual(
            task.with_context(lang="en_US").activity_summary, str(TASKS["final"])
        )
        self.assertEqual(
            task.with_context(lang="de_DE").activity_summary,
            "Kunden anrufen: letzte Mahnung gesendet",
        )

    def test_words_of_other_addons(self):
        """An addon appends its words; they are known like ours."""
        word = TASKS["final"]
        with patch.object(DunningWording, "_get_words", lambda wording: [word]):
            level = self.new_level(str(word))
        self.assertNames(
            level,
            {
                "en_US": str(word),
                "de_DE": "Kunden anrufen: letzte Mahnung gesendet",
            },
        )

    def test_one_language_costs_nothing(self):
        self.env["res.lang"].search([("code", "!=", "en_US")]).active = False
        with patch.object(DunningWording, "_get_known") as known:
            self.new_level(ENGLISH)
        known.assert_not_called()
