from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .test_channels import ChannelCommon


@tagged("post_install", "-at_install")
class TestContactRepair(ChannelCommon):
    def setUp(self):
        super().setUp()
        self.collector = self.new_user("r_collector", "dunning_automation.group_user")
        self.customer.email = False
        self.overdue = self.invoice(days_overdue=9)
        self.run_on()
        self.case = self.customer.dunning_case_id

    def form(self, user=None):
        case = self.case.with_user(user or self.collector)
        action = case.action_repair_contact()
        repairs = self.env[action["res_model"]].with_user(user or self.collector)
        return Form(repairs.with_context(**action["context"]))

    def test_from_missing_address_to_reminder(self):
        self.assertTrue(self.case.needs_contact_repair)
        form = self.form()
        self.assertIn("No e-mail address", form.gaps)
        self.assertEqual(form.contact_id, self.customer)
        form.email = "found@example.com"
        form.city = "Vienna"
        form.save().action_confirm()
        self.assertEqual(self.customer.email, "found@example.com")
        self.assertEqual(self.customer.city, "Vienna")
        self.assertFalse(self.case.needs_contact_repair)
        event = self.case.event_ids.sorted("id")[-1]
        self.assertEqual(event.kind, "contact_repaired")
        self.assertEqual(event.payload["fields"], ["city", "email"])
        self.assertNotIn("found@", f"{event.payload}{event.note}")
        self.run_on()
        self.assertReminded(self.overdue, 1)

    def test_the_dunning_contact_is_repaired(self):
        contact = self._create_customer(
            parent_id=self.customer.id, is_company=False, email=False
        )
        self.customer.dunning_contact_id = contact
        form = self.form()
        self.assertEqual(form.contact_id, contact)
        form.email = "ann@example.com"
        form.save().action_confirm()
        self.assertEqual(contact.email, "ann@example.com")
        self.assertFalse(self.customer.email)

    def test_gaps(self):
        contact = self.customer
        whole = {
            "email": "a@example.com",
            "phone": "+1 202 555 0122",
            "lang": "en_US",
            "street": "Main street 1",
            "city": "Vienna",
            "country_id": self.env.ref("base.at").id,
        }
        self.env["mail.blacklist"].create({"email": "unwilling@example.com"})
        table = [
            ({}, []),
            ({"email": False}, ["no_email"]),
            ({"email": "x@@y"}, ["invalid_email"]),
            ({"email": "unwilling@example.com"}, ["opted_out"]),
            ({"email": "bad@example.com"}, ["bounced"]),
            ({"phone": False}, ["no_phone"]),
            ({"street": False}, ["no_postal_address"]),
            ({"country_id": False}, ["no_postal_address"]),
        ]
        for values, expected in table:
            with self.subTest(**values):
                contact.write({**whole, **values})
                contact.dunning_bounced_email = "bad@example.com"
                repair = self.env["dunning.contact.repair"].new(
                    {"case_id": self.case.id}
                )
                self.assertEqual(repair._get_gaps(), expected)
        contact.write({**whole, "lang": False})
        self.assertIn("No language", self.form().gaps)

    def test_bad_input(self):
        self.env["mail.blacklist"].create({"email": "unwilling@example.com"})
        self.customer.country_id = self.env.ref("base.us")
        table = [
            ({"email": "nobody"}, "no e-mail address"),
            ({"email": "x@@example.com"}, "no e-mail address"),
            ({"email": "unwilling@example.com"}, "does not want messages"),
            ({"phone": "12"}, "no phone number"),
        ]
        for values, words in table:
            with self.subTest(**values):
                form = self.form()
                for name, value in values.items():
                    form[name] = value
                with self.assertRaisesRegex(UserError, words):
                    form.save().action_confirm()
                self.assertTrue(self.case.needs_contact_repair)

    def test_a_confirmed_address_is_tried_again(self):
        self.customer.email = "right@example.com"
        self.env["res.partner"]._dunning_mark_bounced("right@example.com")
        self.run_on()
        self.assertEqual(self.why(self.overdue), "unreachable/bounced")
        self.form().save().action_confirm()
        self.run_on()
        self.assertReminded(self.overdue, 1)

    def test_not_a_way_to_other_peoples_logins(self):
        """The address of a contact gets the link for a new password."""
        boss = self.new_user("r_boss", "base.group_system")
        boss.partner_id.parent_id = self.customer
        stranger = self._create_customer()
        for contact, error in ((boss.partner_id, AccessError), (stranger, UserError)):
            with self.subTest(contact.name), self.assertRaises(error):
                repair = (
                    self.env["dunning.contact.repair"]
                    .with_user(self.collector)
                    .create({"case_id": self.case.id, "contact_id": contact.id})
                )
                repair.email = "mine@example.com"
                repair.action_confirm()

    def test_who_may(self):
        for login, groups, allowed in (
            ("sales", "base.group_user", False),
            ("billing", "account.group_account_invoice", False),
            ("collector", "dunning_automation.group_user", True),
            ("manager", "dunning_automation.group_manager", True),
            ("portal", "base.group_portal", False),
        ):
            user = self.new_user(f"rw_{login}", groups)
            repairs = self.env["dunning.contact.repair"].with_user(user)
            with self.subTest(login):
                self.assertEqual(repairs.has_access("create"), allowed)
