import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from odoo.tests import BaseCase

from ..tools import phone_numbers
from ..tools.phone_numbers import sms_number


def example_numbers(kind):
    """Yield (region, number) for each region whose numbering plan has that kind."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        example = phonenumbers.example_number_for_type(region, kind)
        if example and phonenumbers.number_type(example) == kind:
            yield region, example


class TestPhoneNumbers(BaseCase):
    def test_table(self):
        for text, region, expected in (
            # accepted, in every way of writing
            ("+43 664 1234567", "DE", ("+436641234567", None)),
            ("0043 664 1234567", "DE", ("+436641234567", None)),
            ("(201) 555-0123", "US", ("+12015550123", None)),
            ("07400 123456", "GB", ("+447400123456", None)),
            ("٠٦٦٤١٢٣٤٥٦٧", "AT", ("+436641234567", None)),
            # refused
            ("0180 5 123456", "DE", (None, "shared_cost")),
            ("0300 123 4567", "GB", (None, "uan")),
            ("0800 0123456", "DE", (None, "not_mobile")),
            ("0664 1234567 ext. 5", "AT", (None, "not_mobile")),
            ("0664 1234567 / 0664 7654321", "AT", (None, "invalid")),
            ("0664 1234567", "XX", (None, "invalid")),
            ("call the office", "AT", (None, "invalid")),
            ("123", "AT", (None, "invalid")),
            ("   ", "AT", (None, "missing")),
            ("", None, (None, "missing")),
        ):
            with self.subTest(text=text, region=region):
                self.assertEqual(sms_number(text, region), expected)

    def test_mobile_numbers_of_all_regions(self):
        for kind in phone_numbers.SMS_TYPES:
            for region, example in example_numbers(kind):
                e164 = phonenumbers.format_number(example, PhoneNumberFormat.E164)
                for style in (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.E164):
                    text = phonenumbers.format_number(example, style)
                    with self.subTest(text=text, region=region):
                        self.assertEqual(sms_number(text, region), (e164, None))

    def test_other_numbers_of_all_regions(self):
        for kind in set(PhoneNumberType.values()) - phone_numbers.SMS_TYPES:
            reason = phone_numbers.REFUSED_TYPES.get(kind, "not_mobile")
            for region, example in example_numbers(kind):
                text = phonenumbers.format_number(example, PhoneNumberFormat.E164)
                with self.subTest(text=text, region=region):
                    self.assertEqual(sms_number(text, region), (None, reason))
