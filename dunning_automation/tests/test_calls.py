from datetime import timedelta

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged

from .test_channels import ChannelCommon

FOLLOWED_BY_DIALOG = {
    "promised": "dunning_automation.dunning_promise_new_action",
    "disputed": "dunning_automation.dunning_dispute_new_action",
}


@tagged("post_install", "-at_install")
class TestCalls(ChannelCommon):
    def setUp(self):
        super().setUp()
        self.collector = self.new_user("c_collector", "dunning_automation.group_user")
        self.customer.write(
            {"phone": "+1 202 555 0122", "dunning_user_id": self.collector.id}
        )
        self.use("phone")
        self.notice, self.overdue = self.planned()
        self.deliver()
        self.case = self.notice.case_id

    def log(self, outcome, user=None, **values):
        """The dialog, as the collector fills it in."""
        calls = self.env["dunning.call"].with_user(user or self.collector)
        form = Form(
            calls.with_context(default_case_id=self.case.id),
            "dunning_automation.dunning_call_view_form_dialog",
        )
        form.outcome = outcome
        for name, value in values.items():
            form[name] = value
        return form.save()

    def open_calls(self):
        return self.case.activity_ids.filtered(
            lambda task: task.activity_type_id.category == "phonecall"
        )

    def test_every_outcome_closes_the_task_and_is_told(self):
        outcomes = dict(self.env["dunning.call"]._fields["outcome"].selection)
        tomorrow = self.today + timedelta(days=1)
        for outcome, label in outcomes.items():
            with self.subTest(outcome):
                self.case.activity_ids.unlink()
                self.notice.sudo()._create_call_task()
                task = self.notice.task_id
                values = {"callback_date": tomorrow} if outcome == "callback" else {}
                call = self.log(outcome, note="Spoke to Ann", **values)
                self.assertFalse(task.active)
                self.assertIn("Spoke to Ann", task.feedback)
                # A hold that a call sets tells of itself, too.
                event = self.case.event_ids.sorted("id").filtered(
                    lambda event: event.kind != "hold_set"
                )[-1]
                if outcome == "wrong_number":
                    self.assertTrue(self.case.needs_contact_repair)
                self.assertEqual(event.kind, "call_logged")
                self.assertEqual(event.user_id, self.collector)
                self.assertEqual(event.payload["outcome"], outcome)
                self.assertNotIn("Spoke", str(event.payload))
                self.assertEqual(event.note, f"{label}: Spoke to Ann")
                self.assertEqual(call.partner_id, self.customer)
                self.assertEqual(call.company_id, self.company)
                self.assertEqual(len(self.open_calls()), int(outcome == "callback"))

    def test_what_comes_next(self):
        for outcome in ("reached", "voicemail", "promised", "disputed", "refused"):
            with self.subTest(outcome):
                action = self.log(outcome).action_confirm()
                xml_id = FOLLOWED_BY_DIALOG.get(outcome)
                if xml_id and self.env.ref(xml_id, raise_if_not_found=False):
                    self.assertEqual(action["target"], "new")
                    self.assertEqual(action["context"]["default_case_id"], self.case.id)
                else:
                    self.assertEqual(action["type"], "ir.actions.act_window_close")

    def test_next_call(self):
        day = self.today + timedelta(days=3)
        for outcome in ("callback", "voicemail", "reached"):
            with self.subTest(outcome):
                self.log(outcome, callback_date=day, note="After lunch")
                task = self.open_calls()
                self.assertEqual(len(task), 1)
                self.assertEqual(task.date_deadline, day)
                self.assertEqual(task.user_id, self.collector)
                self.assertIn("After lunch", task.note)

    def test_wrong_number_makes_one_task(self):
        for _call in range(2):
            self.log("wrong_number", note="A bakery")
        task = self.case._get_contact_tasks()
        self.assertEqual(len(task), 1)
        self.assertIn("A bakery", task.note)
        self.assertEqual(task.user_id, self.collector)

    def test_paid_pauses(self):
        self.log("paid", paid_on=self.today, payment_reference="Transfer 7")
        if "dunning.hold" in self.env:  # Of another part of this addon.
            hold = self.env["dunning.hold"].search([("case_id", "=", self.case.id)])
            self.assertEqual(hold.kind, "contact")
            self.assertEqual(hold.date_end, self.today + timedelta(days=7))
            self.assertIn("Transfer 7", hold.note)

    def test_bad_input(self):
        yesterday, tomorrow = (self.today + timedelta(days=n) for n in (-1, 1))
        table = [
            ("callback", {}, "on which day"),
            ("callback", {"callback_date": yesterday}, "has passed"),
            ("reached", {"callback_date": yesterday}, "has passed"),
            ("paid", {"paid_on": tomorrow}, "is a promise"),
            ("reached", {"date": self.moment + timedelta(days=1)}, "in the future"),
        ]
        for outcome, values, words in table:
            with self.subTest(outcome, **values):
                with self.assertRaisesRegex(ValidationError, words):
                    self.env["dunning.call"].create(
                        {"case_id": self.case.id, "outcome": outcome, **values}
                    )

    def test_a_call_that_was_not_asked_for(self):
        self.case.activity_ids.unlink()
        self.log("reached")
        self.assertEqual(self.case.call_count, 1)

    def test_other_tasks_stay_open(self):
        kind = self.env.ref("mail.mail_activity_data_todo")
        task = self.case.activity_schedule(activity_type_id=kind.id)
        self.log("reached")
        self.assertTrue(task.active)

    def test_task_on_the_customer_is_closed_too(self):
        """Where a salesperson has it who may not open cases."""
        self.notice.action_id.assign_to = "salesperson"
        seller = self.new_user("c_seller", "base.group_user")
        self.overdue.invoice_user_id = seller
        self.notice.sudo()._create_call_task()
        task = self.notice.task_id
        self.assertEqual(task.res_model, "res.partner")
        self.log("reached")
        self.assertFalse(task.active)

    def test_who_may(self):
        groups = {
            "sales": "base.group_user",
            "billing": "account.group_account_invoice",
            "readonly": "base.group_user,account.group_account_readonly",
            "collector": "dunning_automation.group_user",
            "manager": "dunning_automation.group_manager",
            "portal": "base.group_portal",
        }
        call = self.log("reached")
        for login, names in groups.items():
            user = self.new_user(f"cw_{login}", names)
            mine = call.with_user(user)
            with self.subTest(login):
                self.assertEqual(
                    mine.has_access("read"),
                    login in ("billing", "readonly", "collector", "manager"),
                )
                self.assertEqual(
                    mine.has_access("create"), login in ("collector", "manager")
                )
                for operation in ("write", "unlink"):
                    self.assertFalse(mine.has_access(operation))
                if login not in ("collector", "manager"):
                    with self.assertRaises(AccessError):
                        mine.create({"case_id": self.case.id, "outcome": "reached"})

    def test_other_companies_see_nothing(self):
        call = self.log("reached")
        other = self.setup_other_company(name="Another company")["company"]
        stranger = self.new_user(
            "c_stranger",
            "dunning_automation.group_user",
            company_id=other.id,
            company_ids=other.ids,
        )
        self.assertFalse(call.with_user(stranger).has_access("read"))
        with self.assertRaises(AccessError):
            self.env["dunning.call"].with_user(stranger).create(
                {"case_id": self.case.id, "outcome": "reached"}
            )

    def test_erasing_forgets_what_was_said(self):
        call = self.log("paid", note="Private", payment_reference="Secret")
        self.notice.sudo().write({"state": "sent"})
        self.customer._dunning_erase()
        self.assertFalse(call.note or call.payment_reference)
        self.assertEqual(call.outcome, "paid")

    def test_list_pivot_and_stat_button(self):
        self.log("reached")
        self.log("voicemail")
        case = self.case.with_user(self.collector)
        self.assertEqual(case.call_count, 2)
        action = case.action_open_calls()
        self.assertEqual(
            self.env[action["res_model"]].search_count(action["domain"]), 2
        )
        self.assertIn("pivot", action["view_mode"])
        self.assertEqual(
            case.action_log_call()["context"], {"default_case_id": self.case.id}
        )
        self.assertIn("Voicemail", self.case.call_ids[0].display_name)
