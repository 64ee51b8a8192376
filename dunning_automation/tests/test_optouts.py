"""Who does not want to hear from us is not written to, and not called."""

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .test_courtesy import CourtesyCommon

NUMBER = "+49301234567"


@tagged("post_install", "-at_install")
class TestOptouts(CourtesyCommon):
    def opt_out(self, channel="email", address=None, partner=None, **values):
        return self.env["dunning.optout"].create(
            {
                "partner_id": (partner or self.customer).id,
                "channel": channel,
                "address": address,
                **values,
            }
        )

    def add_channels(self, *channels):
        """Actions of the level that the tests reach."""
        template = self.level(1).action_ids.template_id
        self.level(1).action_ids = [
            Command.create(
                {
                    "channel": channel,
                    "template_id": template.id if channel == "letter" else False,
                }
            )
            for channel in channels
        ]
        self.customer.write(
            {"phone": "+49 30 1234567", "street": "Street 1", "city": "Berlin"}
        )

    # === PLANNING === #

    def test_what_an_optout_stops(self):
        """On which channels a customer still hears from us."""
        self.add_channels("phone", "letter")
        everything = {"email", "phone", "letter"}
        for channel, address, heard in [
            ("email", None, everything - {"email"}),
            ("email", "Somebody@Example.COM", everything - {"email"}),
            ("email", "other@example.com", everything),
            ("phone", None, everything - {"phone"}),
            ("phone", "030 1234567", everything - {"phone"}),
            ("phone", "030 7654321", everything),
            ("letter", None, everything - {"letter"}),
            ("portal", None, everything),
            # A formal notice by letter is nobody's to refuse by the way.
            ("all", None, {"letter"}),
        ]:
            with self.subTest(channel, address=address):
                customer = self._create_customer(
                    email="somebody@example.com",
                    phone="+49 30 1234567",
                    street="Street 1",
                    city="Berlin",
                    country_id=self.germany.id,
                )
                optout = self.opt_out(channel, address, customer)
                self.plan(customer=customer)
                self.assertEqual(set(self.notices(customer).mapped("channel")), heard)
                optout._withdraw("Agreed by phone")

    def test_unreachable_says_why(self):
        invoice = self.invoice(days_overdue=9)
        self.opt_out()
        self.run_on()
        self.assertEqual(self.why(invoice), "unreachable/channel_opted_out")
        self.assertIn(
            "does not want to hear from us this way",
            self.decisions(invoice).explanation,
        )

    def test_fallback_is_used(self):
        self.add_channels("letter")
        mail, letter = self.level(1).action_ids.sorted("channel")
        letter.is_fallback = True
        mail.fallback_id = letter
        self.opt_out(address=self.customer.email)
        notice = self.plan()
        self.assertEqual(notice.channel, "letter")
        event = self.events("fallback_used")
        self.assertEqual(event.payload["reason"], "channel_opted_out")

    def test_address_is_everybodys(self):
        """The same clerk keeps the books of two customers."""
        other = self._create_customer(email=self.customer.email)
        self.opt_out(address=self.customer.email)
        self.assertFalse(self.plan(customer=other))

    def test_another_number_is_called(self):
        self.add_channels("phone")
        self.customer.dunning_contact_id = self.env["res.partner"].create(
            {
                "name": "Accounting",
                "parent_id": self.customer.id,
                "phone": "+49 30 7654321",
            }
        )
        self.opt_out("phone", "+49 30 7654321")
        self.plan()
        notice = self.notices(channel="phone")
        self.assertEqual(notice.recipient_id, self.customer)
        self.assertEqual(notice._get_phone_contacts(), self.customer)

    # === WHAT WAITS ALREADY === #

    def test_queue_is_held_back_at_once(self):
        notice = self.plan()
        self.opt_out(address=self.customer.email)
        self.assertEqual(notice.state, "suppressed")
        self.assertIn("does not want to hear from us", notice.reason)
        self.assertEqual(self.deliver(), [])

    def test_claim_looks_again(self):
        """STOP arrives between planning and sending."""
        notice = self.plan()
        with mute_logger("odoo.sql_db"):
            self.env["dunning.optout"].flush_model()
        self.env.cr.execute(
            """INSERT INTO dunning_optout (partner_id, channel, date, source, state)
               VALUES (%s, 'email', now(), 'keyword', 'active')""",
            (self.customer.id,),
        )
        self.assertEqual(self.deliver(), [])
        self.assertEqual(notice.state, "suppressed")
        self.assertIn("does not want to hear from us", notice.reason)

    def test_nobody_sends_anyway(self):
        """Courtesy can be overridden, an opt-out cannot."""
        self.follow(self.profile)
        notice = self.plan()
        self.opt_out()
        self.assertEqual(notice.state, "suppressed")
        with self.assertRaises(UserError):
            notice.action_send_anyway()

    # === THE RECORD === #

    def test_addresses_are_written_in_one_way(self):
        for channel, typed, kept in [
            ("email", " Somebody <Some.Body@Example.com> ", "some.body@example.com"),
            ("phone", "030 / 123 45 67", NUMBER),
            ("phone", "+49 30 7654321", "+49307654321"),
            ("email", "", False),
        ]:
            with self.subTest(typed):
                self.assertEqual(self.opt_out(channel, typed).address, kept)

    def test_bad_input(self):
        for channel, address, message in [
            ("email", "nobody", "“nobody” is no address"),
            ("email", "a@@b", "is no address"),
            ("phone", "12", "is no address"),
            ("all", "a@example.com", "Name the channel"),
            ("letter", "Street 1", "Name the channel"),
        ]:
            with (
                self.subTest(address),
                self.assertRaisesRegex(ValidationError, message),
                self.env.cr.savepoint(),
            ):
                self.opt_out(channel, address)
        self.assertFalse(self.env["dunning.optout"].search([]))

    def test_twice(self):
        self.opt_out(address=self.customer.email)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.opt_out(address=self.customer.email)
        optouts = self.env["dunning.optout"]
        for values in ({"address": self.customer.email}, {}):
            first = optouts._add(self.customer, "email", **values)
            again = optouts._add(self.customer, "email", **values, source="portal")
            self.assertEqual(first, again)

    def test_withdrawn_not_deleted(self):
        contact = self.env["res.partner"].create(
            {"name": "Clerk", "parent_id": self.customer.id}
        )
        optout = self.opt_out(partner=contact, note="No mails please")
        self.assertEqual(optout.partner_id, self.customer)
        self.assertEqual(self.events("optout_set").note, "No mails please")
        with self.assertRaisesRegex(UserError, "not deleted"):
            optout.sudo().unlink()
        action = optout.action_withdraw()
        with self.assertRaises(AssertionError):
            Form(
                self.env["dunning.optout.withdrawal"].with_context(**action["context"])
            ).save()
        with Form(
            self.env["dunning.optout.withdrawal"].with_context(**action["context"])
        ) as form:
            form.note = "Agreed by phone"
        form.record.action_confirm()
        self.assertEqual(
            (optout.state, optout.withdrawal_note), ("withdrawn", "Agreed by phone")
        )
        self.assertEqual(self.events("optout_withdrawn").note, "Agreed by phone")
        self.assertEqual(self.plan().state, "ready")

    def test_partner_form_shows_them(self):
        contact = self.env["res.partner"].create(
            {
                "name": "Clerk",
                "parent_id": self.customer.id,
                "email": "clerk@example.com",
            }
        )
        other = self._create_customer()
        whole = self.opt_out("phone")
        of_address = self.opt_out(address="clerk@example.com", partner=other)
        for partner in (self.customer, contact):
            self.assertEqual(partner.dunning_optout_ids, whole | of_address)
        self.assertEqual(other.dunning_optout_ids, of_address)
        action = contact.action_dunning_new_optout()
        self.assertEqual(action["context"]["default_partner_id"], self.customer.id)

    def test_merged_customers_keep_them(self):
        other = self._create_customer()
        optouts = self.opt_out(partner=other) | self.opt_out()
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            [self.customer.id, other.id], self.customer
        )
        self.assertEqual(optouts.exists().partner_id, self.customer)
        self.assertEqual(len(optouts.exists()), 2)

    def test_erasure_keeps_the_address(self):
        optout = self.opt_out(address=self.customer.email, note="Private")
        self.customer._dunning_erase()
        self.assertFalse(optout.note)
        self.assertEqual(optout.address, self.customer.email)

    # === PEOPLE === #

    def test_call_to_somebody_who_refuses_calls(self):
        case = self.plan().case_id
        self.assertFalse(case.contact_warning)
        self.opt_out("phone")
        case.invalidate_recordset()
        self.assertEqual(case.contact_warning, "The customer wants no calls.")
        with self.assertRaisesRegex(ValidationError, "does not want to be called"):
            self.call(case)
        self.call(case, direction="incoming")
        self.call(case, called_anyway=True)

    def test_contact_repair_refuses_the_address(self):
        case = self.plan().case_id
        self.opt_out(address="unwilling@example.com")
        repairs = self.env["dunning.contact.repair"].with_context(
            default_case_id=case.id
        )
        repair = Form(repairs).save()
        repair.email = "unwilling@example.com"
        with self.assertRaisesRegex(UserError, "does not want messages"):
            repair.action_confirm()
        self.opt_out("phone")
        repair = Form(repairs).save()
        self.assertIn("does not want messages", repair.gaps)

    def test_collectors_add_and_readers_look(self):
        collector = self.new_user("optout_collector", "dunning_automation.group_user")
        reader = self.new_user("optout_reader", "account.group_account_invoice")
        optouts = self.env["dunning.optout"]
        values = {"partner_id": self.customer.id, "channel": "email"}
        optout = optouts.with_user(collector).create(values)
        with self.assertRaises(AccessError):
            optouts.with_user(reader).create(values)
        self.assertEqual(optout.with_user(reader).channel, "email")
        for user in (collector, reader):
            with self.assertRaises(AccessError):
                optout.with_user(user).channel = "all"
            with self.assertRaises(AccessError):
                optout.with_user(user).unlink()
        with self.assertRaises(AccessError):
            self.env["dunning.optout.withdrawal"].with_user(reader).create(
                {"optout_ids": optout.ids, "note": "x"}
            )
        self.env["dunning.optout.withdrawal"].with_user(collector).create(
            {"optout_ids": optout.ids, "note": "Agreed"}
        ).action_confirm()
        self.assertEqual(optout.withdrawn_by_id, collector)
