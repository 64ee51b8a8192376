import doctest

from odoo.tests import BaseCase

from ..tools import (
    call_script,
    http_gateway,
    phone_numbers,
    sms_keywords,
    sms_limits,
    sms_outcome,
    sms_segments,
    sms_webhook,
    webhook_signature,
)


class TestTools(BaseCase):
    def test_doctests(self):
        for module in (
            call_script,
            http_gateway,
            phone_numbers,
            sms_keywords,
            sms_limits,
            sms_outcome,
            sms_segments,
            sms_webhook,
            webhook_signature,
        ):
            with self.subTest(module=module.__name__):
                result = doctest.testmod(module)
                self.assertTrue(result.attempted)
                self.assertFalse(result.failed)

    def test_a_character_of_two_units_is_not_torn_apart(self):
        """One euro sign on the border of a segment moves to the next as a whole."""
        for text, segments in (
            ("x" * 152 + "€" + "x" * 152, 3),
            ("x" * 151 + "€" + "x" * 153, 2),
            ("я" * 66 + "😀" + "я" * 66, 3),
        ):
            with self.subTest(text=text[:5]):
                self.assertEqual(sms_segments.measure(text).segments, segments)
