"""Faults of the catalogue that need no process of their own; `tests/README.md` has the
table of all forty."""

from datetime import datetime
from zoneinfo import ZoneInfo

from odoo import Command
from odoo.tests import tagged

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestFaults(DunningCommon):
    def test_fault_13_poison_does_not_stop_the_others(self):
        """A text that cannot be written, an address that is none, a company that has
        none: each is held by itself, with its reason, and the others leave."""
        template = self.level(1).action_ids.template_id
        template.body_html = '<p t-out="1 / (object.partner_id.color - 3)"/>'
        good = self._create_customers(9)
        bad_text = self._create_customer(color=3)
        bad_address = self._create_customer()
        mute = self.setup_other_company(name="Mute", email=False)["company"]
        self._create_policy(company_id=mute.id)
        customers = good | bad_text | bad_address
        self.invoices([{"partner": partner} for partner in customers])
        self.invoice(good[0], company=mute)
        self.run_on()
        self.run_on(company=mute)
        bad_address.email = "nobody at nowhere"
        self.deliver()
        told = [address for mail in self.emails for address in mail["smtp_to_list"]]
        self.assertEqual(sorted(told), sorted(good.mapped("email")))
        for notice, state in [
            (self.notices(bad_text), "failed"),
            (self.notices(bad_address), "suppressed"),
            (self.notices(good[0], company_id=mute.id), "ready"),
        ]:
            self.assertEqual(notice.state, state)
            self.assertTrue(notice.reason)
        self.assertFalse(self.env["dunning.notice"].search([("state", "=", "claimed")]))

    def test_fault_14_ten_days_of_outage(self):
        """The next level once, and the one after it not before its interval."""
        overdue = self.invoice(days_overdue=1)
        self.run_on()
        self.assertEqual(len(self.deliver()), 1)
        self.travel(30)
        told = {}
        for _day in range(20):
            self.run_on()
            told[self.today] = len(self.deliver())
            self.travel(1)
        self.assertLessEqual(max(told.values()), 1)
        days = [day for day, count in told.items() if count]
        gaps = [
            (late - early).days for early, late in zip(days, days[1:], strict=False)
        ]
        # Firm on the first day, final a week later; the hand-over is a task.
        self.assertEqual(gaps, [7])
        steps = self.notices().line_ids.filtered("is_step").level_id
        self.assertEqual(
            sorted(set(steps.mapped("delay_days"))), [1, 8, 15, 30], overdue
        )

    def test_fault_19_every_local_day_has_one_run(self):
        """Also the days with 23 and 25 hours, and zones up to 13 hours from UTC."""
        for zone, start in [
            ("Pacific/Auckland", datetime(2026, 4, 3, 12)),  # 25 hours on April 5
            ("Pacific/Auckland", datetime(2026, 9, 25, 12)),  # 23 hours on September 27
            ("Pacific/Honolulu", datetime(2026, 3, 7, 12)),
            ("Europe/Berlin", datetime(2026, 3, 27, 12)),  # 23 hours on March 29
            ("America/Santiago", datetime(2026, 4, 3, 12)),  # midnight happens twice
        ]:
            with self.subTest(zone, start=start), self.cr.savepoint() as savepoint:
                self.check_zone(zone, start)
                savepoint.rollback()
            self.env.invalidate_all()

    def check_zone(self, zone, start):
        # What was rolled back before this looks like a restored database.
        self.env["dunning.guard"]._activate()
        self.company.write({"dunning_tz": zone, "dunning_hour": 0})
        self.moment = start
        self.invoice(days_overdue=1)
        cron = self.env.ref("dunning_automation.ir_cron_run").sudo()
        expected, arrived = set(), {}
        for _hour in range(75):
            today = (
                self.moment.replace(tzinfo=ZoneInfo("UTC"))
                .astimezone(ZoneInfo(zone))
                .date()
            )
            expected.add(today)
            self.assertEqual(self.company._dunning_today(), today)
            self.assertLessEqual(abs((today - self.moment.date()).days), 1)
            with self.enter_registry_test_mode():
                self.assertIs(cron.method_direct_trigger(), True)
            arrived[today] = arrived.get(today, 0) + len(self.deliver())
            self.travel(hours=1)
        runs = self.env["dunning.run"].search(
            [("company_id", "=", self.company.id), ("state", "=", "done")]
        )
        self.assertEqual(sorted(runs.mapped("date")), sorted(expected))
        self.assertEqual(sum(arrived.values()), 1)

    def test_fault_21_nothing_of_another_company_in_a_message(self):
        """Three companies, one customer of all, a word in all that is printed."""
        words, banks = ["Kestrel", "Marmot", "Narwhal"], {}
        companies = [self.company] + [
            self.setup_other_company(name=word)["company"] for word in words[1:]
        ]
        for word, company in zip(words, companies, strict=True):
            company.write({"name": word, "email": f"{word}@{word}.example".lower()})
            banks[word] = f"{word.upper()}1234"
            company.partner_id.sudo().bank_ids = [
                Command.clear(),
                Command.create({"acc_number": banks[word], "allow_out_payment": False}),
            ]
            if company != self.company:
                self._create_policy(company_id=company.id, name=word)
            self.invoice(company=company, ref=word, payment_reference=f"{word}/1")
            self.run_on(company=company)
        self.deliver()
        self.assertEqual(len(self.emails), 3)
        for mail in self.emails:
            text = mail["message"].casefold()
            [own] = [word for word in words if banks[word].casefold() in text]
            foreign = [word for word in words if word != own]
            self.assertFalse([word for word in foreign if word.casefold() in text], own)
            self.assertIn(own.lower(), mail["smtp_from"])

    def test_fault_38_what_people_type_is_never_executed(self):
        """Nor a second time, when a rendered text becomes part of another one."""
        for number, payload in enumerate(
            [
                "{{ 7*191 }}",
                "${7*191}",
                '<t t-out="7*191"/>',
                "<script>alert(1)</script>",
                "<iframe src=file:///etc/passwd>",
                "=HYPERLINK(1)",
                "Evil\r\nBcc: victim@example.com",
            ]
        ):
            with self.subTest(payload):
                customer = self._create_customer(name=payload, ref=payload)
                self.invoice(customer, ref=payload, amount=100 + number)
                self.run_on()
                [left] = self.deliver()
                [mail] = self.emails
                self.assertEqual(mail["smtp_to_list"], [customer.email])
                message = left["EmailMessage"]
                html = message.get_body(("html",)).get_content()
                for text in (html, message["Subject"], message["To"]):
                    self.assertNotIn("1337", text)
                self.assertNotIn("<script", html)
                self.assertNotIn("<iframe", html)
                self.assertFalse(message["Bcc"])
