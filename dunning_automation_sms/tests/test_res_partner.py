from odoo.tests import TransactionCase


class TestResPartner(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.austria = cls.env.ref("base.at")
        cls.germany = cls.env.ref("base.de")
        cls.env.company.country_id = cls.austria

    def test_sms_number(self):
        for phone, country, expected in (
            ("0664 1234567", self.austria, ("+436641234567", None)),
            # without country: in his company's
            ("0664 1234567", None, ("+436641234567", None)),
            # never in the company's when the partner has one: a landline there
            ("0664 1234567", self.germany, (None, "not_mobile")),
            ("+43 664 1234567", self.germany, ("+436641234567", None)),
            ("0900 1 234567", self.germany, (None, "premium")),
            (False, self.germany, (None, "missing")),
        ):
            with self.subTest(phone=phone, country=country and country.code):
                partner = self.env["res.partner"].create(
                    {
                        "name": "Debtor",
                        "phone": phone,
                        "country_id": country and country.id,
                        "company_id": self.env.company.id,
                    }
                )
                self.assertEqual(partner._dunning_sms_number(), expected)
