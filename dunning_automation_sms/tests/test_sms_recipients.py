from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import SmsCommon


@tagged("post_install", "-at_install")
class TestSmsRecipients(SmsCommon):
    """Whom a text message may reach, at planning and when it leaves."""

    def plan(self, customer):
        invoice = self.invoice(customer)
        self.run_on()
        return invoice, self.notices(customer)

    def test_numbers(self):
        table = [
            ({"phone": "0664 1234567"}, "remind/level_reached"),
            ({"phone": False}, "unreachable/no_phone"),
            ({"phone": "call us"}, "unreachable/no_phone"),
            ({"phone": "01 5125000"}, "unreachable/no_mobile"),
            ({"phone": "0900 123456"}, "unreachable/no_mobile"),
            ({"phone": "+49 151 23456789"}, "unreachable/sms_country"),
            ({"dunning_sms_bounced": "+436641234567"}, "unreachable/sms_bounced"),
        ]
        customers = [self.reachable(**values) for values, _why in table]
        invoices = self.invoices([{"partner": customer} for customer in customers])
        self.run_on()
        for (values, why), invoice in zip(table, invoices, strict=True):
            with self.subTest(**values):
                self.assertEqual(self.why(invoice), why)

    def test_chosen_countries(self):
        germany = self.env.ref("base.de")
        self.company.dunning_sms_country_ids = germany
        austrian, german = self.reachable(), self.reachable(phone="+49 151 23456789")
        mine, other = self.invoices([{"partner": austrian}, {"partner": german}])
        self.run_on()
        self.assertEqual(self.why(mine), "unreachable/sms_country")
        self.assertEqual(self.why(other), "remind/level_reached")

    def test_the_first_of_the_customer_who_has_one(self):
        debtor = self.reachable(phone="01 5125000")
        contact = self.reachable(
            parent_id=debtor.id, is_company=False, phone="0664 7654321"
        )
        debtor.dunning_contact_id = contact
        _invoice, message = self.plan(debtor)
        self.assertRecordValues(
            message, [{"recipient_id": contact.id, "email_to": "+436647654321"}]
        )

    def test_opted_out(self):
        """By channel, by address, by Odoo's own list; the fallback is used."""
        template = self.env.ref("dunning_automation.mail_template_friendly")
        level = self.policy.level_ids[0]
        email = self.env["dunning.action"].create(
            {
                "level_id": level.id,
                "channel": "email",
                "template_id": template.id,
                "is_fallback": True,
            }
        )
        level.action_ids.filtered(lambda a: a.channel == "sms").fallback_id = email
        for index, refuse in enumerate(
            (
                lambda partner: self.optout(partner),
                lambda partner: self.optout(partner, address=partner.phone),
                lambda partner: self.env["phone.blacklist"].add(
                    partner.dunning_sms_number
                ),
            )
        ):
            with self.subTest(index=index):
                customer = self.reachable(phone=f"0664 765432{index}")
                refuse(customer)
                _invoice, message = self.plan(customer)
                self.assertEqual(message.channel, "email")

    def optout(self, partner, **values):
        return self.env["dunning.optout"].create(
            {"partner_id": partner.id, "channel": "sms", **values}
        )

    def test_opted_out_while_it_waits(self):
        message = self.messages()
        self.optout(message.partner_id, address=message.email_to)
        self.text()
        self.assertEqual(message.state, "suppressed")
        self.assertFalse(self.asked)

    def test_number_changed_while_it_waits(self):
        """The new number gets it, a day later: fault 36."""
        message = self.messages()
        message.partner_id.phone = "0664 7777777"
        self.text()
        self.assertEqual(message.state, "ready")
        self.assertIn("number was changed", message.reason)
        self.assertFalse(self.asked)
        self.travel(hours=23)
        self.text()
        self.assertFalse(self.asked)
        self.travel(hours=2)
        self.text()
        self.assertEqual([number for number, _text in self.asked], ["+436647777777"])
        self.assertEqual(message.email_to, "+436647777777")

    def test_number_from_outside_waits(self):
        """The first number of a customer is trusted, unless he entered it himself."""
        customer = self.reachable(phone=False)
        self.assertFalse(customer.dunning_sms_since)
        customer.phone = "0664 1111111"
        self.assertFalse(customer.dunning_sms_since)
        visitor = self.reachable(phone=False)
        portal = self.new_user("portal-user", "base.group_portal")
        visitor.with_user(portal).sudo().phone = "0664 2222222"
        self.assertEqual(visitor.dunning_sms_since, self.moment)

    def test_number_removed_while_it_waits(self):
        message = self.messages()
        message.partner_id.phone = "01 5125000"
        self.text()
        self.assertEqual(message.state, "suppressed")
        self.assertFalse(self.asked)

    def test_new_number_is_opted_out(self):
        message = self.messages()
        other = self.reachable(phone="0664 7777777")
        self.optout(other, address=other.phone)
        message.partner_id.phone = other.phone
        self.text()
        self.assertEqual(message.state, "suppressed")
        self.assertFalse(self.asked)

    def test_refused_number_falls_back(self):
        """The provider knows no such number: remember it, say it by e-mail."""
        template = self.env.ref("dunning_automation.mail_template_friendly")
        for level in self.policy.level_ids:
            email = self.env["dunning.action"].create(
                {
                    "level_id": level.id,
                    "channel": "email",
                    "template_id": template.id,
                    "is_fallback": True,
                }
            )
            level.action_ids.filtered(lambda a: a.channel == "sms").fallback_id = email
        message = self.messages()
        self.text("wrong_number_format")
        self.assertEqual(message.state, "failed")
        self.assertEqual(message.partner_id.dunning_sms_bounced, message.email_to)
        self.assertEqual(message.fallback_notice_id.channel, "email")
        # Who enters another number is written to again.
        message.partner_id.phone = "0664 7777777"
        self.invoice(message.partner_id, days_overdue=15)
        self.travel(7)
        self.run_on()
        self.assertIn(
            "sms", self.notices(message.partner_id, state="ready").mapped("channel")
        )

    def test_retry_clears_the_number(self):
        message = self.messages()
        self.text("wrong_number_format")
        message.with_user(
            self.new_user("boss", "dunning_automation.group_manager")
        ).action_retry()
        self.assertFalse(message.partner_id.dunning_sms_bounced)
        self.text()
        self.assertEqual(message.state, "sent")

    def test_quiet_hours(self):
        """A text message rings: rules for everything are about it, too."""
        self.policy.courtesy_id = self.env["dunning.courtesy"].create(
            {
                "name": "Office hours",
                "window_ids": [
                    Command.create({"channel": "all", "hour_start": 8, "hour_end": 18})
                ],
            }
        )
        self.moment = self.moment.replace(hour=2)
        message = self.messages()
        self.text()
        self.assertEqual(message.state, "ready")
        self.assertEqual(message.wait_reason, "quiet_hours")
        self.travel(hours=8)
        self.text()
        self.assertEqual(message.state, "sent")

    def test_data_check(self):
        good, landline = self.reachable(), self.reachable(phone="01 5125000")
        foreign = self.reachable(phone="+49 151 23456789")
        self.invoices([{"partner": each} for each in good | landline | foreign])
        self.env.flush_all()
        found = self.env["res.partner"].search([("dunning_finding", "=", "no_mobile")])
        self.assertIn(landline, found)
        self.assertIn(foreign, found)
        self.assertNotIn(good, found)

    def test_action_needs_a_text(self):
        with self.assertRaisesRegex(ValidationError, "choose a text"):
            self.policy.level_ids[0].action_ids.sms_template_id = False

    def test_company_moves(self):
        customer = self.reachable(country_id=False, company_id=self.company.id)
        self.assertEqual(customer.dunning_sms_number, "+436641234567")
        self.company.country_id = self.env.ref("base.us")
        self.assertFalse(customer.dunning_sms_number)
