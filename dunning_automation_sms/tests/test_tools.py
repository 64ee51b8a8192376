from odoo.tests import BaseCase

from odoo.addons.dunning_automation.tests.examples import check_examples

from .. import tools
from ..tools import sms_segments


class TestTools(BaseCase):
    def test_examples(self):
        check_examples(self, tools)

    def test_a_character_of_two_units_is_not_torn_apart(self):
        """One euro sign on the border of a segment moves to the next as a whole."""
        for text, segments in (
            ("x" * 152 + "€" + "x" * 152, 3),
            ("x" * 151 + "€" + "x" * 153, 2),
            ("я" * 66 + "😀" + "я" * 66, 3),
        ):
            with self.subTest(text=text[:5]):
                self.assertEqual(sms_segments.measure(text).segments, segments)
