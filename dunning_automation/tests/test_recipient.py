from odoo.tests import tagged

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestRecipient(DunningCommon):
    def family(self, company, extra, contact):
        """A customer with a dunning contact and a contact on the invoice; each is an
        e-mail address, "" for none, None for no such person."""
        debtor = self._create_customer(email=company)
        partners = {"debtor": debtor}
        for name, email in [("extra", extra), ("contact", contact)]:
            if email is not None:
                partners[name] = self._create_customer(
                    email=email, parent_id=debtor.id, is_company=False, type="other"
                )
        debtor.dunning_contact_id = partners.get("extra")
        return partners

    def test_contact_then_dunning_contact_then_company(self):
        good, bad = "{}@example.com", "broken@@example"
        # company, dunning contact, contact of the invoice -> who gets it, or why nobody
        table = [
            (good, good, good, "contact"),
            (good, good, None, "extra"),
            (good, None, good, "contact"),
            (good, None, None, "debtor"),
            (good, good, "", "extra"),
            (good, "", "", "debtor"),
            (good, good, bad, "extra"),
            (good, bad, bad, "debtor"),
            (bad, bad, good, "contact"),
            ("", None, None, "no_email"),
            ("", "", "", "no_email"),
            (bad, None, None, "invalid_email"),
            (bad, "", "", "invalid_email"),
            ("", bad, "", "invalid_email"),
        ]
        cases = []
        for addresses in table:
            names = ("company", "extra", "contact")
            family = self.family(
                *[
                    email and email.format(name)
                    for name, email in zip(names, addresses[:3], strict=True)
                ]
            )
            cases.append((addresses, family))
        invoices = self.invoices(
            [
                {"partner": family.get("contact", family["debtor"])}
                for _addresses, family in cases
            ]
        )
        self.run_on()
        for (addresses, family), invoice in zip(cases, invoices, strict=True):
            with self.subTest(addresses=addresses):
                expected, notice = addresses[3], self.notices(family["debtor"])
                if expected in family:
                    self.assertEqual(notice.recipient_id, family[expected])
                    self.assertEqual(notice.email_to, family[expected].email)
                else:
                    self.assertFalse(notice)
                    self.assertEqual(self.why(invoice), f"unreachable/{expected}")

    def test_addresses(self):
        table = {
            "a@example.com": "a@example.com",
            "Anna <Anna@Example.com>": "anna@example.com",
            "a@mail.example.co.uk": "a@mail.example.co.uk",
            "a@example": None,
            "a@@example.com": None,
            "@example.com": None,
            "a@.com": None,
            "none": None,
        }
        customers = {text: self._create_customer(email=text) for text in table}
        self.invoices([{"partner": customer} for customer in customers.values()])
        self.run_on()
        for text, expected in table.items():
            with self.subTest(text):
                self.assertEqual(
                    self.notices(customers[text]).email_to or None, expected
                )

    def test_archived_contacts_are_passed_over(self):
        family = self.family("d@example.com", "e@example.com", "c@example.com")
        self.invoice(family["contact"])
        family["contact"].active = False
        self.run_on()
        self.assertEqual(self.notices(family["debtor"]).recipient_id, family["extra"])

    def test_the_furthest_line_names_the_contact(self):
        family = self.family("d@example.com", None, "c@example.com")
        self.invoice(family["debtor"], days_overdue=2)
        oldest = self.invoice(family["contact"], days_overdue=9)
        self.told(oldest, 1, days_ago=8)
        run = self.run_on()
        notice = self.notices(family["debtor"], run_id=run.id)
        self.assertEqual(notice.recipient_id, family["contact"])

    def test_unreachable_debtor_becomes_one_task(self):
        self.customer.email = False
        invoice = self.invoice(days_overdue=9)
        for day in range(3):
            with self.subTest(day=day):
                self.run_on(days=day)
                self.assertEqual(self.why(invoice), "unreachable/no_email")
                task = self.customer.dunning_case_id.activity_ids
                self.assertEqual(len(task), 1)
                self.assertEqual(
                    task.activity_type_id,
                    self.env.ref("dunning_automation.mail_activity_contact"),
                )
                self.assertEqual(task.user_id, self.policy.user_id)
        self.assertIn("No e-mail address", invoice.dunning_explanation)
        self.assertFalse(self.notices())

    def test_task_goes_to_the_collector(self):
        collector = self.new_user("col", "dunning_automation.group_user")
        self.customer.write({"email": False, "dunning_user_id": collector.id})
        self.invoice(days_overdue=9)
        self.run_on()
        case = self.customer.dunning_case_id
        self.assertEqual(case.user_id, collector)
        self.assertEqual(case.activity_ids.user_id, collector)

    def test_repaired_address_is_used_at_the_next_run(self):
        self.customer.email = "broken"
        invoice = self.invoice(days_overdue=9)
        self.run_on()
        self.customer.email = "repaired@example.com"
        self.run_on()
        self.assertReminded(invoice, 1)
        self.assertEqual(self.notices().email_to, "repaired@example.com")

    def test_a_level_without_e_mail_needs_no_address(self):
        self.customer.email = False
        invoice = self.invoice(days_overdue=40)
        self.told(invoice, 15, days_ago=20)
        run = self.run_on()
        self.assertReminded(invoice, 30)
        self.assertEqual(self.notices(run_id=run.id).channel, "activity")

    def test_task_type_deleted_by_somebody(self):
        self.env.ref("dunning_automation.mail_activity_contact").sudo().unlink()
        self.customer.email = False
        self.invoice(days_overdue=9)
        self.run_on()
        self.assertEqual(len(self.env["dunning.case"].search([]).activity_ids), 1)

    def test_language_that_is_not_active(self):
        self.env.flush_all()
        self.cr.execute(
            "UPDATE res_partner SET lang = 'it_IT' WHERE id = %s", (self.customer.id,)
        )
        self.customer.invalidate_recordset()
        self.invoice(days_overdue=9)
        self.run_on()
        self.assertEqual(self.notices().lang, "en_US")
        self.assertEqual(len(self.deliver()), 1)
