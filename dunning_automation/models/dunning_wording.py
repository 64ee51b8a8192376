from odoo import api, models

from ..tools.ladder import STANDARD_LADDER, TASKS, get_words
from ..tools.ready_policies import get_ready_words

FIELDS = (("dunning.level", "name"), ("dunning.action", "activity_summary"))


class DunningWording(models.AbstractModel):
    """The names and tasks of our ladders, in every language of the database.

    They are written into records when a policy is made, where Odoo expects users to
    translate them. We know the words of our own; what a user wrote stays his.
    """

    _name = "dunning.wording"
    _description = "Dunning Wording"

    @api.model
    def _get_words(self):
        """Texts of our own, lazily translated. Addons append theirs."""
        return [
            *get_words(STANDARD_LADDER),
            *get_ready_words(),
            *TASKS.values(),
        ]

    @api.model
    def _translate(self, records, field_name):
        """Say in all installed languages what is said in words of our own."""
        langs = self._get_installed()
        if langs == ["en_US"]:
            return
        known = self._get_known((self.env.lang, "en_US"))
        for record in records:
            word = known.get(record[field_name])
            if word is not None:
                record.update_field_translations(
                    field_name, self._get_translations(word, langs)
                )

    @api.model
    def _complete(self, langs):
        """Languages were added: say in them what is not said there yet."""
        known = self._get_known(("en_US",))
        for model_name, field_name in FIELDS:
            records = self.env[model_name].with_context(lang="en_US")
            field = records._fields[field_name]
            for record in records.search([(field_name, "in", list(known))]):
                stored = field._get_stored_translations(record)
                missing = [lang for lang in langs if lang not in stored]
                words = self._get_translations(known[record[field_name]], missing)
                record.update_field_translations(field_name, words)

    @api.model
    def _get_installed(self):
        return [code for code, _name in self.env["res.lang"].get_installed()]

    @api.model
    def _get_known(self, langs):
        """{text in one of ``langs``: the word}"""
        return {
            text: word
            for word in self._get_words()
            for text in self._get_translations(word, filter(None, langs)).values()
        }

    @api.model
    def _get_translations(self, word, langs):
        """{language: text}, English always: Odoo falls back to it."""
        return {
            lang: self.with_context(lang=lang).env._(word) for lang in ("en_US", *langs)
        }
