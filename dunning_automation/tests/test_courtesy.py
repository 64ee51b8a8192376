"""Courtesy of a policy: what leaves when, and what never leaves at night.

The clock stands at ten in the morning of Tuesday, 10 March 2026, UTC.
"""

from datetime import datetime, time, timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..tools.sender_batch import SenderBatch
from .common import TODAY, DunningCommon

MORNING, NIGHT = time(10), time(23)


class CourtesyCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.active = False
        cls.policy = cls._create_policy([1, 8, 15])
        cls.germany = cls.env.ref("base.de")
        cls.customer.country_id = cls.germany
        cls.profile = cls._create_profile()

    @classmethod
    def _create_profile(cls, windows=None, caps=(), **values):
        """A profile with office hours for all channels; ``windows`` and ``caps`` are
        lists of dicts."""
        windows = [{}] if windows is None else windows
        return cls.env["dunning.courtesy"].create(
            {
                "name": "Profile",
                "window_ids": [Command.create(row) for row in windows],
                "cap_ids": [Command.create(row) for row in caps],
                **values,
            }
        )

    def follow(self, profile=None, **values):
        """The policy follows a profile, new with ``values`` if none is given."""
        self.policy.courtesy_id = profile or self._create_profile(**values)
        return self.policy.courtesy_id

    def plan(self, moment=NIGHT, customer=None, **values):
        """An invoice is reminded by the run at ``moment`` of this day."""
        self.at(moment)
        self.invoice(customer, days_overdue=9, **values)
        self.run_on()
        return self.notices(customer)[-1:]

    def at(self, moment, days=0):
        day = self.today + timedelta(days=days)
        self.moment = datetime.combine(day, moment)

    def leaves_at(self, notice):
        return notice.not_before and f"{notice.not_before:%Y-%m-%d %H:%M}"

    def assertLeft(self, notice, number=1):
        mails = self.deliver()
        self.assertEqual(len(mails), number)
        self.assertEqual(notice.state, "sent" if number else "ready")

    def call(self, case, outcome="reached", **values):
        return self.env["dunning.call"].create(
            {
                "case_id": case.id,
                "outcome": outcome,
                "date": self.moment,
                **values,
            }
        )

    def events(self, kind, customer=None):
        domain = [
            ("kind", "=", kind),
            ("partner_id", "=", (customer or self.customer).id),
        ]
        return self.env["dunning.event"].search(domain)

    def only_the_claim_reads_the_rules(self):
        """From here on planning chooses no moment: what holds a notice back is the
        claim's own look at the rules."""
        self.startPatcher(
            patch.object(
                type(self.env["dunning.notice"]), "_choose_send_at", lambda self: {}
            )
        )


@tagged("post_install", "-at_install")
class TestCourtesy(CourtesyCommon):
    # === AS BEFORE === #

    def test_without_a_profile_everything_is_as_before(self):
        notice = self.plan(NIGHT)
        self.assertFalse(notice.not_before)
        self.assertFalse(notice.wait_text)
        self.assertLeft(notice)

    # === HOURS === #

    def test_nothing_leaves_at_night(self):
        """The fear: somebody is woken by a reminder."""
        self.follow(self.profile)
        notice = self.plan(NIGHT)
        self.assertEqual(self.leaves_at(notice), "2026-03-11 07:00")
        self.assertEqual(notice.wait_reason, "quiet_hours")
        self.assertLeft(notice, 0)
        self.at(time(6, 59), days=1)
        self.assertLeft(notice, 0)
        self.at(time(7))
        self.assertLeft(notice)
        self.assertFalse(notice.wait_text)

    def test_claim_reads_the_rules_again(self):
        """Whatever planning said, and whoever changed the rules since."""
        notice = self.plan(MORNING)
        self.assertFalse(notice.not_before)
        self.follow(self.profile)
        self.at(NIGHT)
        self.assertLeft(notice, 0)
        self.assertEqual(self.leaves_at(notice), "2026-03-11 07:00")
        self.assertIn("Quiet hours of the customer", notice.wait_text)
        self.at(time(7), days=1)
        self.assertLeft(notice)

    def test_moment_of_planning_and_of_the_claim_are_the_same(self):
        self.follow(self.profile)
        planned = self.leaves_at(self.plan(NIGHT))
        other = self._create_customer(country_id=self.germany.id)
        self.only_the_claim_reads_the_rules()
        notice = self.plan(NIGHT, other)
        self.assertFalse(notice.not_before)
        self.assertLeft(notice, 0)
        self.assertEqual(self.leaves_at(notice), planned)

    def test_paid_while_it_waits(self):
        self.follow(self.profile)
        notice = self.plan(NIGHT)
        self.pay(notice.line_ids.move_id)
        self.at(MORNING, days=1)
        self.deliver()
        self.assertEqual(notice.state, "suppressed")

    def test_clock_is_the_customers(self):
        """The same moment: seven in the evening UTC."""
        self.follow(self.profile)
        for values, expected in [
            ({"country_id": "base.de"}, "2026-03-11 07:00"),
            ({"country_id": "base.jp"}, "2026-03-10 23:00"),
            ({"country_id": "base.us", "state_id": "base.state_us_5"}, False),
            # Of Berlin is the user who typed him in.
            (
                {
                    "country_id": "base.us",
                    "state_id": "base.state_us_5",
                    "tz": "Europe/Berlin",
                },
                False,
            ),
            # The whole of the USA: from eight in Honolulu to six in New York.
            ({"country_id": "base.us"}, False),
            ({"country_id": "base.us", "dunning_tz": "Europe/Berlin"}, "2026-03-11 07"),
            # Nothing is known: the company's own, which is UTC here.
            ({}, "2026-03-11 08:00"),
        ]:
            with self.subTest(**values):
                values = {
                    name: self.env.ref(value).id if name.endswith("_id") else value
                    for name, value in values.items()
                }
                notice = self.plan(time(19), self._create_customer(**values))
                found = self.leaves_at(notice)
                self.assertEqual(bool(found), bool(expected))
                if expected:
                    self.assertIn(expected, found)

    def test_address_of_the_recipient_counts(self):
        self.follow(self.profile)
        contact = self.env["res.partner"].create(
            {
                "name": "Accounting",
                "parent_id": self.customer.id,
                "type": "invoice",
                "email": "accounting@example.com",
                "country_id": self.env.ref("base.jp").id,
            }
        )
        self.at(NIGHT)
        self.invoice(contact, days_overdue=9)
        self.run_on()
        notice = self.notices()
        self.assertEqual(notice.recipient_id, contact)
        self.assertFalse(notice.not_before)

    def test_weekend_and_holidays(self):
        calendar = self.env["resource.calendar"].create(
            {"name": "Germany", "tz": "Europe/Berlin"}
        )
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Good Friday to Easter Monday",
                "calendar_id": calendar.id,
                "date_from": "2026-04-02 22:00:00",
                "date_to": "2026-04-06 21:59:59",
            }
        )
        profile = self.follow(self.profile)
        self.assertEqual(self.leaves_at(self.plan(MORNING)) or "at once", "at once")
        profile.holiday_ids = [
            Command.create({"calendar_id": calendar.id, "country_id": self.germany.id})
        ]
        self.moment = datetime(2026, 4, 2, 20)
        german = self._create_customer(country_id=self.germany.id)
        french = self._create_customer(country_id=self.env.ref("base.fr").id)
        notice = self.plan(time(20), german)
        self.assertEqual(self.leaves_at(notice), "2026-04-07 06:00")
        notice = self.plan(time(20), french)
        self.assertEqual(self.leaves_at(notice), "2026-04-03 06:00")
        self.moment = datetime(2026, 4, 3, 10)
        notice = self.plan(MORNING, self._create_customer(country_id=self.germany.id))
        self.assertEqual(notice.wait_reason, "holiday")

    def test_channels_have_their_own_hours(self):
        self.follow(
            windows=[
                {"channel": "all", "hour_start": 8, "hour_end": 22},
                {"channel": "phone", "hour_start": 9, "hour_end": 17},
            ]
        )
        self.level(1).action_ids = [
            Command.create({"channel": "phone"}),
            Command.create(
                {
                    "channel": "letter",
                    "template_id": self.level(1).action_ids.template_id.id,
                }
            ),
        ]
        self.customer.write(
            {"phone": "+49 30 1234567", "street": "Street 1", "city": "Berlin"}
        )
        self.plan(time(18))
        found = {notice.channel: self.leaves_at(notice) for notice in self.notices()}
        self.assertEqual(
            found, {"email": False, "phone": "2026-03-11 08:00", "letter": False}
        )

    def test_review_waits_for_both(self):
        self.follow(self.profile)
        self.policy.mode = "review"
        notice = self.plan(NIGHT)
        self.assertEqual(notice.state, "planned")
        notice.action_approve()
        self.assertLeft(notice, 0)
        self.at(time(7), days=1)
        self.assertLeft(notice)

    def test_simulated_notices_have_no_moment(self):
        self.follow(self.profile)
        self.policy.mode = "simulate"
        notice = self.plan(NIGHT)
        self.assertTrue(notice.simulation)
        self.assertFalse(notice.not_before)

    def test_fallback_waits_too(self):
        """A message that is planned at night because another one failed."""
        self.follow(self.profile)
        template = self.level(1).action_ids.template_id
        self.level(1).action_ids = [
            Command.create(
                {
                    "channel": "portal",
                    "template_id": template.id,
                    "is_fallback": True,
                }
            )
        ]
        mail, portal = self.level(1).action_ids.sorted("is_fallback")
        mail.fallback_id = portal
        self.new_user(
            "courtesy_portal", "base.group_portal", partner_id=self.customer.id
        )
        notice = self.plan(MORNING)
        self.at(NIGHT)
        notice.sudo()._set_state("claimed")
        notice.sudo()._set_state("failed", "The address is wrong")
        notice.sudo()._bounce("The address is wrong")
        instead = notice.fallback_notice_id
        self.assertEqual(instead.state, "ready")
        self.deliver()
        self.assertEqual(instead.state, "ready")
        self.assertEqual(self.leaves_at(instead), "2026-03-11 07:00")

    # === CAPS === #

    def test_cap_puts_off_until_a_day_is_free(self):
        """The fears: one message too many, and a message that never leaves."""
        profile = self.follow(
            windows=[], caps=[{"channel": "email", "max_number": 2, "window_days": 7}]
        )
        invoice = self.invoice(days_overdue=30)
        self.told(invoice, 1, days_ago=5)
        self.told(invoice, 8, days_ago=2)
        notice = self.plan(MORNING)
        self.assertEqual(self.leaves_at(notice), "2026-03-11 23:00")
        # It is the 12th in Berlin then, where the message of the 5th is a week old.
        self.assertEqual(notice.wait_cap_id, profile.cap_ids)
        self.assertIn("E-mail: at most 2 in 7 days", notice.wait_text)
        self.assertEqual(self.events("put_off").payload["date"], "2026-03-11")
        self.assertLeft(notice, 0)
        self.at(time(23, 30), days=1)
        self.assertLeft(notice)

    def test_cap_at_the_claim(self):
        self.follow(
            windows=[], caps=[{"channel": "all", "max_number": 1, "window_days": 3}]
        )
        notice = self.plan(MORNING)
        self.assertFalse(notice.not_before)
        self.call(notice.case_id, "no_answer")
        self.assertLeft(notice, 0)
        self.assertEqual(self.leaves_at(notice), "2026-03-12 23:00")
        self.assertEqual(len(self.events("put_off")), 1)
        self.assertIn("Contacts: at most 1", notice.wait_text)
        self.at(time(23), days=2)
        self.assertLeft(notice)

    def test_message_that_never_leaves_is_somebodys_task(self):
        """Who calls every day fills a cap for ever, and nobody would notice."""
        self.follow(
            windows=[], caps=[{"channel": "all", "max_number": 1, "window_days": 2}]
        )
        notice = self.plan(MORNING)
        case = notice.case_id
        for day in range(1, 17):
            self.call(case, "no_answer")
            self.assertEqual(self.deliver(), [])
            self.assertEqual(len(case._get_contact_tasks()), day > 14)
            self.travel(1)
        task = case._get_contact_tasks()
        self.assertEqual(task.summary, "A message is put off again and again")
        self.travel(2)
        self.assertLeft(notice)

    def test_what_counts(self):
        """Contacts in the past; do they fill a cap of one message in 7 days?"""
        self.follow(
            windows=[], caps=[{"channel": "email", "max_number": 1, "window_days": 7}]
        )
        for state, values, counts in [
            ("sent", {}, True),
            ("delivered", {}, True),
            ("unknown", {}, True),
            ("claimed", {}, True),
            ("failed", {"date_sent": self.moment - timedelta(days=1)}, True),
            ("failed", {"date_sent": False}, False),
            ("cancelled", {}, False),
            ("suppressed", {}, False),
            ("sent", {"channel": "letter"}, False),
            ("sent", {"channel": "activity"}, False),
            ("sent", {"days_ago": 7}, False),
            ("sent", {"days_ago": 6}, True),
        ]:
            with self.subTest(state, **values):
                customer = self._create_customer(country_id=self.germany.id)
                invoice = self.invoice(customer, days_overdue=30, amount=7)
                days_ago = values.pop("days_ago", 1)
                self.told(invoice, 1, days_ago=days_ago, state=state, **values)
                self.env.cr.execute(
                    "UPDATE dunning_notice SET write_date = create_date"
                )
                notice = (
                    self.env["dunning.notice"]
                    .sudo()
                    .create(self._ready_values(customer, invoice))
                )
                waits = notice._choose_send_at()
                self.assertEqual(bool(waits), counts)

    def _ready_values(self, customer, invoice, **values):
        return {
            "company_id": self.company.id,
            "partner_id": customer.id,
            "level_id": self.level(8).id,
            "policy_id": self.policy.id,
            "action_id": self.level(1).action_ids.id,
            "channel": "email",
            "recipient_id": customer.id,
            "email_to": customer.email,
            "state": "ready",
            "date": self.today,
            "dedup_key": f"ready {next(self._numbers)}",
            **values,
        }

    def test_incoming_calls_never_count(self):
        self.follow(
            windows=[], caps=[{"channel": "phone", "max_number": 2, "window_days": 7}]
        )
        self.customer.phone = "+49 30 1234567"
        case = self.plan(MORNING).case_id
        for _number in range(3):
            self.call(case, "no_answer", direction="incoming")
        self.assertFalse(case.contact_warning)
        for _number in range(2):
            self.call(case, "no_answer")
        case.invalidate_recordset()
        self.assertIn("Calls: at most 2 in 7 days", case.contact_warning)

    def test_another_company_counts_for_itself(self):
        self.follow(
            windows=[], caps=[{"channel": "all", "max_number": 1, "window_days": 7}]
        )
        other = self.setup_other_company()["company"]
        case = (
            self.env["dunning.case"]
            .sudo()
            .create({"partner_id": self.customer.id, "company_id": other.id})
        )
        self.call(case, "no_answer")
        self.assertFalse(self.plan(MORNING).not_before)

    def test_talk_cools_down_calls_only(self):
        """Tuesday is the first of seven days; the next call is on Tuesday."""
        self.follow(windows=[{"channel": "phone", "saturday": True}], cooldown_days=7)
        self.customer.phone = "+49 30 1234567"
        self.level(15).action_ids = [Command.create({"channel": "phone"})]
        case = self.plan(MORNING).case_id
        self.assertFalse(case.contact_warning)
        talk = self.call(case, "reached")
        case.invalidate_recordset()
        self.assertIn("Too soon after a talk", case.contact_warning)
        self.assertLeft(self.notices())
        self.level(1).delay_days = 0
        self.level(15).delay_days = 2
        self.run_on(6)
        task = self.notices(channel="phone")
        self.assertEqual(task.wait_reason, "cooldown")
        self.assertEqual(self.leaves_at(task), "2026-03-17 07:00")
        self.assertEqual(talk.date.date(), TODAY)

    def test_talks(self):
        """Whoever called; not who asked to be called again, nor whom nobody reached."""
        profile = self.follow(windows=[], cooldown_days=7)
        case = self.plan(MORNING).case_id
        for outcome, values, cools in [
            ("no_answer", {}, False),
            ("voicemail", {}, False),
            ("wrong_number", {}, False),
            ("reached", {"direction": "incoming"}, True),
            ("callback", {"callback_date": self.today}, False),
            ("refused", {}, True),
        ]:
            with self.subTest(outcome):
                self.travel(minutes=1)
                self.call(case, outcome, **values)
                case.invalidate_recordset()
                self.assertEqual(bool(case.contact_warning), cools)
        profile.cooldown_days = 0
        case.invalidate_recordset()
        self.assertFalse(case.contact_warning)

    def test_two_ready_messages_do_not_pass_a_cap_side_by_side(self):
        """Two senders claim at the same moment and do not see each other: the message
        that came second gives way."""
        self.follow(
            windows=[], caps=[{"channel": "email", "max_number": 1, "window_days": 7}]
        )
        self.policy.grouping = "invoice"
        self.only_the_claim_reads_the_rules()
        self.invoice(days_overdue=9)
        self.plan(MORNING)
        first, second = self.notices().sudo()
        row = self.env["dunning.ledger"]._review(second)[second.id]
        batch = SenderBatch()
        self.assertTrue(second._must_wait(row, batch))
        self.assertEqual(second.not_before, self.moment + timedelta(minutes=1))
        row = self.env["dunning.ledger"]._review(first)[first.id]
        self.assertFalse(first._must_wait(row, batch))
        self.assertLeft(first)
        self.travel(minutes=1)
        self.assertLeft(second, 0)
        self.assertEqual(second.wait_reason, "contact_cap")
        self.assertEqual(self.leaves_at(second), "2026-03-16 23:00")
        self.travel(7)
        self.assertLeft(second)

    def test_caps_that_are_not_reached_delay_nothing(self):
        self.follow(
            windows=[], caps=[{"channel": "email", "max_number": 5, "window_days": 7}]
        )
        self.policy.grouping = "invoice"
        self.invoice(days_overdue=9)
        self.plan(MORNING)
        self.assertEqual(len(self.deliver()), 2)

    # === WHO READS IT === #

    def test_reason_is_shown(self):
        self.follow(self.profile)
        notice = self.plan(NIGHT)
        words = "Quiet hours of the customer: leaves on"
        self.assertIn(words, notice.wait_text)
        case = notice.case_id
        self.assertIn(words, case.why_now)
        self.assertIn("Quiet hours of the customer", case.contact_warning)
        self.assertIn("00:00 (Europe/Berlin)", case.contact_warning)
        decision = self.decisions(notice.line_ids.move_id)
        self.assertIn(words, decision.explanation)
        self.run_on(1)
        decision.invalidate_recordset()
        notice.sudo().not_before = self.moment + timedelta(days=3)
        self.assertEqual(decision.reason, "in_progress")
        self.assertIn(words, decision.explanation)

    def test_country_of_many_clocks(self):
        self.follow(self.profile)
        self.customer.country_id = self.env.ref("base.us")
        case = self.plan(time(12)).case_id
        self.assertIn("between", case.contact_warning)

    def test_cases_without_a_level_or_a_profile_say_nothing(self):
        case = (
            self.env["dunning.case"]
            .sudo()
            .create({"partner_id": self.customer.id, "company_id": self.company.id})
        )
        self.assertFalse(case.contact_warning)
        self.assertFalse(self.plan(NIGHT).case_id.contact_warning)

    # === A PERSON DECIDES === #

    def test_person_sends_anyway(self):
        self.follow(self.profile)
        notice = self.plan(NIGHT)
        answer = notice.case_id.action_send_now()
        self.assertIn("To send it all the same", answer["params"]["message"])
        self.assertLeft(notice, 0)
        notice.action_send_anyway()
        self.assertEqual(notice.courtesy_waived_by_id, self.env.user)
        event = self.events("courtesy_overridden")
        self.assertEqual(event.payload["reason"], "quiet_hours")
        self.assertIn("Quiet hours", event.summary)
        self.assertLeft(notice)
        with self.assertRaisesRegex(UserError, "None of these notices waits"):
            notice.action_send_anyway()

    def test_nobody_overrides_law(self):
        self.follow(self.profile)
        self.profile.binding = "law"
        notice = self.plan(NIGHT)
        with self.assertRaisesRegex(UserError, "is law"):
            notice.action_send_anyway()
        self.assertLeft(notice, 0)

    def test_readers_override_nothing(self):
        self.follow(self.profile)
        notice = self.plan(NIGHT)
        reader = self.new_user("courtesy_reader", "account.group_account_invoice")
        with self.assertRaises(AccessError):
            notice.with_user(reader).action_send_anyway()

    def test_printing_is_a_persons_decision(self):
        self.follow(self.profile)
        notice = self.plan(MORNING)
        self.at(NIGHT)
        row = self.env["dunning.ledger"]._review(notice)[notice.id]
        self.assertTrue(row["courtesy"])
        self.assertFalse(notice._must_wait(row, SenderBatch(by_hand=True)))

    # === SIZE === #

    def test_planning_takes_the_same_queries_for_10_and_50_customers(self):
        self.follow(
            caps=[{"channel": "all", "max_number": 3, "window_days": 7}],
            cooldown_days=7,
        )
        counts = []
        for number in (2, 10, 50):
            customers = self._create_customers(number, country_id=self.germany.id)
            self.invoices([{"partner": each} for each in customers], days_overdue=9)
            run = self.env["dunning.run"].create({})
            self.at(NIGHT)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["dunning.planner"].sudo()._plan(run)
            counts.append(self.cr.sql_log_count - before)
            self.assertEqual(len(run.notice_ids.filtered("not_before")), number)
        self.assertEqual(counts[1], counts[2])

    def test_worklist_takes_the_same_queries_for_few_and_many(self):
        self.follow(self.profile)
        cases = self.env["dunning.case"]
        customers = self._create_customers(12, country_id=self.germany.id)
        self.invoices([{"partner": each} for each in customers], days_overdue=9)
        self.run_on()
        cases = self.env["dunning.case"].search([("partner_id", "in", customers.ids)])
        counts = []
        for some in (cases, cases[:3], cases):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            some.mapped("contact_warning")
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])

    # === SHIPPED PROFILES === #

    def test_shipped_profiles_are_labelled_honestly(self):
        for name in ("courtesy_eu_b2b", "courtesy_us_conservative"):
            profile = self.env.ref(f"dunning_automation.{name}")
            self.assertEqual(profile.binding, "courtesy")
            self.assertIn("Courtesy", profile.note)
            self.assertTrue(profile.source_url and profile.checked_on)
        self.assertFalse(
            self.env["dunning.policy"].search([("courtesy_id", "!=", False)])
        )

    def test_us_conservative(self):
        """8 to 21 h by the customer's clock, every day; 7 calls in 7 days; 7 days after
        a talk."""
        self.follow(self.env.ref("dunning_automation.courtesy_us_conservative"))
        self.customer.write(
            {
                "country_id": self.env.ref("base.us").id,
                "state_id": self.env.ref("base.state_us_27").id,  # New York
                "phone": "+1 212 555 0123",
            }
        )
        self.assertEqual(self.customer.state_id.code, "NY")
        self.moment = datetime(2026, 3, 15, 1, 30)  # Saturday, 21:30 there.
        notice = self.plan(time(1, 30))
        self.assertEqual(self.leaves_at(notice), "2026-03-15 12:00")
        self.at(time(12))
        self.assertLeft(notice)
        case = notice.case_id
        for number in range(1, 8):
            self.assertFalse(case.contact_warning, number)
            self.call(case, "no_answer")
            case.invalidate_recordset()
        self.assertIn("Calls: at most 7 in 7 days", case.contact_warning)
        self.travel(6)
        case.invalidate_recordset()
        self.assertTrue(case.contact_warning)
        self.travel(1)
        case.invalidate_recordset()
        self.assertFalse(case.contact_warning)

    # === BAD INPUT === #

    def refused(self, message, error=ValidationError):
        return self.assertRaisesRegex(error, message)

    def test_bad_input(self):
        count = self.env["dunning.courtesy"].search_count([])
        calendar = self.env["resource.calendar"].create({"name": "Without Days"})
        window = {"channel": "email"}
        no_days = dict.fromkeys(
            ("monday", "tuesday", "wednesday", "thursday", "friday"), False
        )
        for values, message in [
            ({"window_ids": {**window, "hour_start": 20, "hour_end": 8}}, "20:00: so"),
            ({"window_ids": {**window, "hour_start": 8, "hour_end": 8}}, "could ever"),
            ({"window_ids": {**window, "hour_start": -1}}, "between 0:00 and 24:00"),
            ({"window_ids": {**window, "hour_end": 24.5}}, "between 0:00 and 24:00"),
            ({"window_ids": {**window, **no_days}}, "at least one day"),
            ({"cap_ids": {"max_number": 0}}, "A cap of 0 would never let anything out"),
            ({"cap_ids": {"max_number": -3}}, "A cap of -3 would never"),
            ({"cap_ids": {"window_days": 0}}, "1 to 366 days, not of 0"),
            ({"cap_ids": {"window_days": -7}}, "not of -7"),
            ({"cap_ids": {"window_days": 999}}, "not of 999"),
            (
                {"holiday_ids": {"calendar_id": calendar.id}},
                "“Without Days” knows no public holiday",
            ),
        ]:
            with (
                self.subTest(**values),
                self.refused(message),
                self.env.cr.savepoint(),
            ):
                self.env["dunning.courtesy"].create(
                    {
                        "name": "Bad",
                        **{name: [Command.create(row)] for name, row in values.items()},
                    }
                )
        self.assertEqual(self.env["dunning.courtesy"].search_count([]), count)

    def test_time_zone_that_does_not_exist(self):
        for record in (self.customer, self.company):
            with self.refused("no time zone “Mars/Base”"), self.env.cr.savepoint():
                record.dunning_tz = "Mars/Base"
        # One that an import or a new release of the zones left behind stops nobody.
        self.follow(self.profile)
        self.env.cr.execute(
            "UPDATE res_partner SET dunning_tz = 'Mars/Base', tz = 'Mars/Base'"
            " WHERE id = %s",
            (self.customer.id,),
        )
        self.customer.invalidate_recordset()
        self.assertEqual(self.leaves_at(self.plan(NIGHT)), "2026-03-11 07:00")

    def test_negative_days_after_a_talk(self):
        with (
            mute_logger("odoo.sql_db"),
            self.refused("cooldown_days", IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.profile.cooldown_days = -1
            self.env.flush_all()

    def test_one_row_of_hours_per_channel_and_one_calendar_per_country(self):
        calendar = self.env["resource.calendar"].create({"name": "Calendar"})
        self.env["resource.calendar.leaves"].create(
            {
                "calendar_id": calendar.id,
                "date_from": "2026-12-25 00:00:00",
                "date_to": "2026-12-25 23:00:00",
            }
        )
        for name, row in [
            ("window_ids", {"channel": "all"}),
            ("holiday_ids", {"calendar_id": calendar.id}),
        ]:
            with (
                mute_logger("odoo.sql_db"),
                self.subTest(name),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.profile[name] = [Command.create(row), Command.create(row)]
                self.env.flush_all()

    def test_profile_in_use_is_not_deleted(self):
        self.follow(self.profile)
        with self.refused("follows this profile"):
            self.profile.unlink()
        copied = self.profile.copy()
        self.assertEqual(copied.name, "Profile (copy)")
        self.assertEqual(len(copied.window_ids), 1)
        copied.unlink()

    def test_form(self):
        with Form(self.env["dunning.courtesy"]) as form:
            form.name = "By hand"
            with form.window_ids.new() as row:
                row.hour_start = 9
            with form.cap_ids.new() as row:
                row.max_number = 2
        self.assertEqual(form.record.memory_days, 7)
        self.assertEqual(
            form.record.cap_ids.display_name, "Contacts: at most 2 in 7 days"
        )
