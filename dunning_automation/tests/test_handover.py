import io
import json
import zipfile
from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .escalation_common import MANAGER, EscalationCommon


@tagged("post_install", "-at_install")
class TestHandover(EscalationCommon):
    """A case goes to an agency: with the evidence, and nobody writes to the customer
    about it any more."""

    def setUp(self):
        super().setUp()
        self.policy.level_ids = [Command.clear(), self._level(1), self._level(40)]
        self.agency = self._create_customer(name="Agency", email="agency@example.com")
        self.old = self.invoice(days_overdue=39, amount=300.0)
        self.run_on()
        self.send()
        self.case = self.old.partner_id.dunning_case_id

    def wizard(self, user=None, **values):
        user = user or self.manager
        action = self.case.with_user(user).action_hand_over()
        return (
            self.env["dunning.handover"]
            .with_user(user)
            .with_context(**action["context"])
            .create({"agency_id": self.agency.id, **values})
        )

    def hand_over(self, **values):
        return self.wizard(**values).action_confirm()

    def test_reminders_stop_until_it_is_taken_back(self):
        self.hand_over()
        self.run_on(1)
        self.assertEqual(self.why(self.old), "hold/hold_legal")
        later = self.invoice(days_overdue=1, amount=50.0)
        self.run_on(1)
        notice = self.notices()[-1]
        self.assertEqual(notice.line_ids.move_id, later)  # Not even listed.
        self.assertReminded(later, 1)
        self.send()
        self.case.with_user(self.manager).action_take_back()
        self.assertRecordValues(
            self.case,
            [{"agency_id": False, "handed_over_on": False, "handover_hold_ids": []}],
        )
        self.run_on(1)
        self.assertReminded(self.old, 40)

    def test_what_waits_is_held_back(self):
        self.policy.mode = "review"
        self.run_on(1)
        notice = self.notices(state="planned")
        self.assertTrue(notice)
        self.hand_over()
        self.cr.precommit.run()
        self.assertEqual(notice.state, "suppressed")

    def test_hold_and_case(self):
        self.hand_over(reference="AZ 1", note="Moved abroad")
        self.assertRecordValues(
            self.case,
            [
                {
                    "agency_id": self.agency.id,
                    "handed_over_on": self.today,
                    "handover_reference": "AZ 1",
                }
            ],
        )
        self.assertRecordValues(
            self.case.handover_hold_ids,
            [
                {
                    "kind": "legal",
                    "scope": "lines",
                    "state": "active",
                    "case_id": self.case.id,
                    "partner_id": self.customer.id,
                    "move_line_ids": self.receivable(self.old).ids,
                    "note": "Moved abroad",
                }
            ],
        )
        event = self.case.event_ids.filtered(lambda e: e.kind == "handed_over")
        self.assertEqual(event.user_id, self.manager)
        self.assertEqual(
            {key: event.payload[key] for key in ("agency_id", "amount", "moves")},
            {"agency_id": self.agency.id, "amount": 300.0, "moves": self.old.ids},
        )

    def test_evidence_and_email(self):
        action = self.hand_over(note="Moved <abroad>", reference="AZ 1")
        attachment = self.case.handover_attachment_ids
        self.assertEqual(attachment.res_id, self.case.id)
        with zipfile.ZipFile(io.BytesIO(attachment.raw)) as archive:
            self.assertFalse(archive.testzip())
            self.assertIn("verification.json", archive.namelist())
            self.assertTrue(json.loads(archive.read("verification.json"))["complete"])
            self.assertIn(b"handed_over", archive.read("events.csv"))
        self.assertEqual(action["res_model"], "mail.compose.message")
        with self.mock_mail_gateway():
            composer = Form(
                self.env["mail.compose.message"]
                .with_user(self.manager)
                .with_context(**action["context"])
            ).save()
            self.assertFalse(self._new_mails)  # Nothing leaves by itself.
            self.assertEqual(composer.partner_ids, self.agency)
            self.assertEqual(composer.attachment_ids, attachment)
            composer._action_send_mail()
            self.assertEqual(
                self._new_mails.recipient_ids, self.agency, "the agency and nobody else"
            )
        message = self.case.message_ids.sorted("id")[-1]
        for text in (self.customer.name, self.old.name, "300.00", "AZ 1", "&lt;abroad"):
            self.assertIn(text, message.body)

    def test_the_customer_as_follower_gets_nothing(self):
        self.case.sudo().message_subscribe(self.customer.ids)
        action = self.hand_over()
        with self.mock_mail_gateway():
            composer = Form(
                self.env["mail.compose.message"]
                .with_user(self.manager)
                .with_context(**action["context"])
            ).save()
            composer._action_send_mail()
            self.assertNotIn(self.customer, self._new_mails.recipient_ids)

    def test_some_items_first_others_later(self):
        young = self.invoice(days_overdue=10, amount=20.0)
        self.run_on()
        wizard = self.wizard()
        self.assertEqual(wizard.move_line_ids.move_id, self.old | young)
        self.assertEqual(wizard.amount, 320.0)
        wizard.move_line_ids = self.receivable(self.old)
        wizard.action_confirm()
        self.run_on(1)
        wizard = self.wizard()
        self.assertEqual(wizard.move_line_ids, self.receivable(young))
        self.assertEqual(wizard.agency_id, self.agency)
        wizard.action_confirm()
        self.assertEqual(len(self.case.handover_hold_ids), 2)
        self.run_on(1)
        self.assertEqual(self.why(young), "hold/hold_legal")
        self.case.with_user(self.manager).action_take_back()
        self.run_on(1)
        self.assertNotIn("hold", self.why(young) + self.why(self.old))

    def test_paying_ends_it(self):
        self.hand_over()
        hold = self.case.handover_hold_ids
        self.pay(self.old)
        self.run_on(1)
        self.assertEqual(self.case.state, "closed")
        self.assertEqual(hold.state, "released")
        self.assertEqual(self.case.agency_id, self.agency)  # History.

    def test_bad_input(self):
        other = self._create_customer(name="Other agency")
        stranger = self.invoice(self._create_customer(), 30)
        contact = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.customer.id}
        )
        for values, message in (
            ({"agency_id": self.customer.id}, "cannot be the agency"),
            ({"agency_id": contact.id}, "cannot be the agency"),
            ({"move_line_ids": []}, "Choose the items"),
            ({"move_line_ids": self.receivable(stranger).ids}, "not owed by Customer"),
        ):
            with (
                self.subTest(message),
                self.assertRaisesRegex(ValidationError, message),
            ):
                self.hand_over(**values)
        with self.assertRaisesRegex(UserError, "was not handed over"):
            self.case.with_user(self.manager).action_take_back()
        self.hand_over()
        with self.assertRaisesRegex(ValidationError, "has this case already"):
            wizard = self.wizard(move_line_ids=self.receivable(self.old).ids)
            wizard.agency_id = other
            wizard.action_confirm()

    def test_a_hold_that_would_stop_nothing(self):
        with self.assertRaisesRegex(ValidationError, "would never stop anything"):
            self.hand_over(date_end=self.today - timedelta(days=1))

    def test_only_managers(self):
        clerk = self.new_user("clerk", "account.group_account_invoice")
        for user in (self.collector, clerk):
            with self.subTest(user.login):
                with self.assertRaises(AccessError):
                    self.wizard(user).action_confirm()
                with self.assertRaises(AccessError):
                    self.case.with_user(user).action_take_back()
                with self.assertRaises(AccessError):
                    self.case.with_user(user).agency_id = self.agency
        with self.assertRaises(AccessError):
            # By the buttons, not past them.
            self.case.with_user(self.manager).handed_over_on = self.today
        self.assertFalse(self.case.handed_over_on)

    def test_other_companies(self):
        other = self.setup_other_company(name="Other")["company"]
        stranger = self.new_user(
            "stranger", MANAGER, company_id=other.id, company_ids=other.ids
        )
        with self.assertRaises(AccessError):
            self.wizard(stranger).action_confirm()

    def test_escalation_proposes_and_a_person_hands_over(self):
        rule = self.rule(response="handover", agency_id=self.agency.id, threshold=40)
        self.run_on(1)
        log = self.logs(self.case)
        self.assertRecordValues(
            log, [{"escalation_id": rule.id, "state": "waiting", "reached": 40}]
        )
        self.assertFalse(self.case.handed_over_on)
        self.assertEqual(self.tasks(self.case).user_id, self.manager)
        action = log.with_user(self.manager).action_confirm()
        self.assertEqual(action["res_model"], "dunning.handover")
        self.assertEqual(log.state, "waiting")  # Until he has said the particulars.
        wizard = (
            self.env["dunning.handover"]
            .with_user(self.manager)
            .with_context(**action["context"])
            .create({})
        )
        self.assertEqual(wizard.agency_id, self.agency)
        wizard.action_confirm()
        self.assertRecordValues(
            log, [{"state": "done", "decided_by_id": self.manager.id}]
        )
        self.assertEqual(self.case.agency_id, self.agency)
        self.assertFalse(self.tasks(self.case))

    def test_an_erasure_leaves_no_copy(self):
        self.hand_over()
        attachment = self.case.handover_attachment_ids
        self.pay(self.old)
        self.run_on(1)
        self.customer.with_user(self.manager)._dunning_erase()
        self.assertFalse(attachment.exists())

    def test_broken_promises_escalate(self):
        rule = self.rule(
            trigger="broken_promises",
            threshold=1,
            response="collector",
            user_id=self.collector.id,
        )
        promise = (
            self.env["dunning.promise"]
            .with_user(self.collector)
            .create(
                {
                    "case_id": self.case.id,
                    "amount": 300.0,
                    "date": self.today + timedelta(days=2),
                    "tolerance_days": 0,
                }
            )
        )
        self.run_on(1)
        self.assertFalse(self.logs(self.case))
        self.run_on(5)
        self.assertEqual(promise.state, "broken")
        self.assertEqual(self.logs(self.case).escalation_id, rule)
        self.assertEqual(self.case.user_id, self.collector)

    def test_views(self):
        """A collector opens a case that was handed over; a manager sees the buttons."""
        self.hand_over()
        for user, sees in ((self.collector, False), (self.manager, True)):
            case = self.case.with_user(user)
            arch = case.get_view(view_type="form")["arch"]
            self.assertEqual("action_take_back" in arch, sees)
            self.assertTrue(case.read(["agency_id", "handover_reference"]))
            found = case.search([("handed_over_on", "!=", False)])
            self.assertEqual(found, case)
