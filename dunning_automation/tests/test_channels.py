from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import DunningCommon


class ChannelCommon(DunningCommon):
    """Levels with other channels than e-mail, and the people who meet them."""

    def use(self, channel, delay=1, **values):
        """Let the only action of a level of the standard policy be on ``channel``."""
        action = self.level(delay).action_ids
        if channel == "server_action":
            values.setdefault("server_action_id", self.server_action().id)
        if channel == "notification":
            values.setdefault("activity_summary", "Look at this")
        action.write({"channel": channel, **values})
        return action

    def server_action(
        self, code="record.partner_id.write({'ref': 'done'})", model="case"
    ):
        model = {"case": "dunning.case", "partner": "res.partner"}.get(model, model)
        return (
            self.env["ir.actions.server"]
            .sudo()
            .create(
                {
                    "name": "Put orders on hold",
                    "model_id": self.env["ir.model"]._get_id(model),
                    "state": "code",
                    "code": code,
                }
            )
        )

    def portal_user(self, login, customer=None):
        """Somebody of the customer who may log in to the portal."""
        user = self.new_user(login, "base.group_portal")
        user.partner_id.parent_id = customer or self.customer
        return user

    def notifications(self, record):
        """What people were told about ``record`` besides its chatter."""
        domain = [
            ("model", "=", record._name),
            ("res_id", "=", record.id),
            ("message_type", "=", "user_notification"),
        ]
        return self.env["mail.message"].sudo().search(domain)

    def planned(self, days_overdue=9, partner=None):
        """An overdue invoice and the notice that a run plans for it."""
        invoice = self.invoice(partner, days_overdue=days_overdue)
        self.run_on()
        return self.notices(partner)[-1:], invoice


@tagged("post_install", "-at_install")
class TestChannels(ChannelCommon):
    # === REACHABLE OR NOT === #

    def test_who_can_be_reached(self):
        def with_portal_user(customer):
            self.portal_user(f"p{customer.id}", customer)

        def with_archived_portal_user(customer):
            self.portal_user(f"p{customer.id}", customer).active = False

        def with_colleague_abroad(customer):
            self.portal_user(f"p{customer.id}", self._create_customer())

        def with_phone(customer):
            customer.phone = "+1 202 555 0122"

        def with_words_for_a_phone(customer):
            customer.phone = "none"

        def with_phone_of_the_dunning_contact(customer):
            customer.dunning_contact_id = self._create_customer(
                parent_id=customer.id, is_company=False, phone="+1 202 555 0123"
            )

        def with_unwilling_phone(customer):
            customer.phone = "+1 202 555 0124"
            self.env["phone.blacklist"].create({"number": customer.phone})

        def nothing(customer):
            pass

        table = [
            ("portal", with_portal_user, None),
            ("portal", with_archived_portal_user, "no_portal_user"),
            ("portal", with_colleague_abroad, "no_portal_user"),
            ("portal", nothing, "no_portal_user"),
            ("phone", with_phone, None),
            ("phone", with_phone_of_the_dunning_contact, None),
            ("phone", with_words_for_a_phone, "no_phone"),
            ("phone", with_unwilling_phone, "opted_out"),
            ("phone", nothing, "no_phone"),
            ("notification", nothing, None),
            ("server_action", nothing, None),
            ("activity", nothing, None),
        ]
        kind = self.env.ref("mail.mail_activity_data_todo")
        for channel, prepare, reason in table:
            with self.subTest(channel, who=prepare.__name__):
                self.use(channel, activity_type_id=kind.id)
                customer = self._create_customer()
                prepare(customer)
                notice, invoice = self.planned(partner=customer)
                if reason:
                    self.assertFalse(notice)
                    self.assertEqual(self.why(invoice), f"unreachable/{reason}")
                else:
                    self.assertEqual(notice.channel, channel)
                    self.assertReminded(invoice, 1)
                    self.assertFalse(self.deliver())
                    self.assertEqual(notice.state, "sent", notice.reason)

    def test_who_was_reachable_may_not_be_at_the_claim(self):
        self.customer.phone = "+1 202 555 0122"
        user = self.portal_user("gone")

        def leave():
            user.active = False

        def hang_up():
            self.customer.phone = False

        for channel, vanish in (("portal", leave), ("phone", hang_up)):
            with self.subTest(channel):
                self.use(channel)
                notice, _invoice = self.planned()
                vanish()
                self.deliver()
                self.assertEqual(notice.state, "suppressed")
                self.assertIn("cannot be written to", notice.reason)

    def test_planning_takes_the_same_queries_for_few_and_many(self):
        channels = ("email", "phone", "activity", "notification")
        template = self.level(1).action_ids.template_id
        kind = self.env.ref("mail.mail_activity_data_todo")
        self.level(1).write(
            {
                "action_ids": [
                    Command.create(
                        {
                            "channel": channel,
                            "template_id": template.id,
                            "activity_type_id": kind.id,
                            "activity_summary": "Task",
                        }
                    )
                    for channel in channels[1:]
                ]
            }
        )
        counts = []
        for number in (4, 5, 40):  # The first fills the caches.
            customers = self._create_customers(number, phone="+1 202 555 0122")
            self.invoices([{"partner": customer} for customer in customers])
            run = self.env["dunning.run"].create({})
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["dunning.planner"].sudo()._plan(run)
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])

    # === PHONE, ACTIVITY, NOTIFICATION: WHO GETS IT === #

    def test_the_person_or_who_stands_in(self):
        names = ("collector", "seller", "responsible")
        users = {
            name: self.new_user(f"ch_{name}", "dunning_automation.group_user")
            for name in names
        }
        self.policy.user_id = users["responsible"]
        table = [
            # assign_to, who has left, who gets it
            ("collector", (), "collector"),
            ("collector", ("collector",), "responsible"),
            ("salesperson", (), "seller"),
            ("salesperson", ("seller",), "responsible"),
            ("responsible", (), "responsible"),
            ("responsible", ("responsible",), "collector"),
        ]
        kind = self.env.ref("mail.mail_activity_data_todo")
        for channel in ("phone", "activity", "notification"):
            for assign_to, left, expected in table:
                if channel != "phone" and len(left) != (assign_to == "collector"):
                    continue
                with self.subTest(channel, assign_to=assign_to, left=left):
                    self.use(channel, assign_to=assign_to, activity_type_id=kind.id)
                    customer = self._create_customer(
                        phone="+1 202 555 0122", dunning_user_id=users["collector"].id
                    )
                    invoice = self.invoice(
                        customer, days_overdue=9, invoice_user_id=users["seller"].id
                    )
                    self.run_on()
                    notice = self.notices(customer)
                    for name in left:
                        users[name].active = False
                    self.deliver()
                    for name in left:
                        users[name].active = True
                    self.assertEqual(notice.state, "sent", notice.reason)
                    if channel == "notification":
                        told = self.notifications(notice.case_id).notified_partner_ids
                        self.assertEqual(told, users[expected].partner_id)
                    else:
                        self.assertEqual(notice.task_id.user_id, users[expected])
                    self.assertReminded(invoice, 1)

    def test_salesperson_of_the_customer_and_nobody(self):
        seller = self.new_user("ch_seller2", "dunning_automation.group_user")
        self.use("phone", assign_to="salesperson")
        for user in (seller, self.env["res.users"]):
            with self.subTest(user.login):
                customer = self._create_customer(phone="+1 202", user_id=user.id)
                self.invoice(customer, days_overdue=9, invoice_user_id=False)
                self.run_on()
                self.deliver()
                self.assertEqual(
                    self.notices(customer).task_id.user_id, user or self.policy.user_id
                )

    def test_everybody_has_left(self):
        """The task goes to a manager of collections who is still there."""
        gone = self.new_user("ch_gone", "dunning_automation.group_user")
        boss = self.new_user("ch_boss", "dunning_automation.group_manager")
        self.policy.user_id = self.customer.dunning_user_id = gone
        self.customer.phone = "+1 202 555 0122"
        self.use("phone")
        notice, _invoice = self.planned()
        gone.active = False
        self.deliver()
        found = notice.task_id.user_id
        self.assertTrue(found.active)
        self.assertTrue(found.has_group("dunning_automation.group_manager"))
        self.assertLessEqual(found.id, boss.id)

    def test_salesperson_who_may_not_open_cases_gets_it_on_the_customer(self):
        seller = self.new_user("ch_sales", "base.group_user")
        kind = self.env.ref("mail.mail_activity_data_todo")
        for channel in ("activity", "notification"):
            with self.subTest(channel):
                self.use(channel, assign_to="salesperson", activity_type_id=kind.id)
                customer = self._create_customer()
                self.invoice(customer, days_overdue=9, invoice_user_id=seller.id)
                self.run_on()
                self.deliver()
                if channel == "activity":
                    self.assertEqual(customer.activity_ids.user_id, seller)
                    self.assertFalse(customer.dunning_case_id.activity_ids)
                else:
                    told = self.notifications(customer).notified_partner_ids
                    self.assertEqual(told, seller.partner_id)

    def test_call_task_says_whom_to_call_about_what(self):
        self.customer.phone = "+1 202 555 0122"
        self.use("phone", activity_summary="Call them")
        notice, invoice = self.planned()
        self.deliver()
        task = notice.task_id
        self.assertEqual(task.res_model, "dunning.case")
        self.assertEqual(task.summary, "Call them")
        self.assertEqual(task.date_deadline, self.today)
        self.assertEqual(task.activity_type_id.category, "phonecall")
        for words in (self.customer.phone, self.customer.name, invoice.name, "100.00"):
            self.assertIn(words, task.note)

    def test_notification_leaves_no_mail_to_a_customer(self):
        """Also for a user who wants his notifications by e-mail."""
        for kind in ("inbox", "email"):
            with self.subTest(kind):
                person = self.new_user(
                    f"n_{kind}", "dunning_automation.group_user", notification_type=kind
                )
                self.use("notification", assign_to="collector")
                customer = self._create_customer(dunning_user_id=person.id)
                notice, _invoice = self.planned(partner=customer)
                before = self.env["mail.mail"].sudo().search([])
                self.assertFalse(self.deliver())
                mails = self.env["mail.mail"].sudo().search([]) - before
                self.assertLessEqual(mails.recipient_ids, person.partner_id)
                self.assertFalse(mails.filtered("email_to"))
                message = self.notifications(notice.case_id)
                self.assertEqual(len(message), 1)
                self.assertEqual(message.notification_ids.notification_type, kind)

    def test_internal_channels_keep_no_distance(self):
        """A notification today does not put off tomorrow's reminder to the customer."""
        self.level(8).min_interval_days = 7
        for channel in ("notification", "phone", "server_action"):
            with self.subTest(channel):
                self.use(channel)
                customer = self._create_customer(phone="+1 202 555 0122")
                older = self.invoice(customer, days_overdue=7)
                self.told(older, 1, days_ago=6)
                self.invoice(customer, days_overdue=2)
                self.run_on()
                self.deliver()
                self.assertEqual(self.notices(customer)[-1].channel, channel)
                self.run_on(days=1)
                self.assertReminded(older, 8)
                self.travel(-1)

    # === SERVER ACTION === #

    def test_server_action_runs_once(self):
        table = {
            "case": "p = record.partner_id\np.write({'ref': (p.ref or '') + 'x'})",
            "partner": "record.write({'ref': (record.ref or '') + 'x'})",
        }
        for model, code in table.items():
            with self.subTest(model):
                action = self.server_action(code, model)
                self.use("server_action", server_action_id=action.id)
                customer = self._create_customer()
                notice, _invoice = self.planned(partner=customer)
                self.deliver()
                self.deliver()
                self.assertEqual(customer.ref, "x")
                self.assertEqual(notice.state, "sent")

    def test_server_action_that_fails_harms_nothing_else(self):
        action = self.server_action(
            "record.partner_id.write({'ref': 'half'})\n"
            "raise UserError('No order to hold')"
        )
        self.use("server_action", server_action_id=action.id)
        other = self._create_customer()
        self.invoice(other, days_overdue=9)
        notice, _invoice = self.planned()
        with mute_logger("odoo.addons.base.models.ir_actions"):
            self.deliver()
        self.assertEqual(notice.state, "failed")
        self.assertIn("No order to hold", notice.reason)
        self.assertFalse(self.customer.ref)
        self.assertEqual(self.notices(other).state, "failed")
        kinds = notice.event_ids.mapped("kind")
        self.assertNotIn("notice_sent", kinds)
        # The customer's next reminder does not wait for it.
        self.run_on(days=7)
        self.assertEqual(self.notices()[-1].level_id, self.level(8))

    def test_server_action_with_a_mistake(self):
        action = self.server_action("1 / 0")
        self.use("server_action", server_action_id=action.id)
        notice, _invoice = self.planned()
        with mute_logger("odoo.addons.base.models.ir_actions", "odoo.tools.safe_eval"):
            self.deliver()
        self.assertEqual(notice.state, "failed")
        self.assertIn("division by zero", notice.reason)

    def test_an_error_while_it_is_recorded_is_tried_again(self):
        """A serialization failure is nobody's fault: the outcome is written again."""
        self.use("server_action")
        notice, _invoice = self.planned()
        attempts = []
        origin = type(notice)._run_server_action

        def run(record):
            attempts.append(record)
            if len(attempts) == 1:
                raise SerializationFailure("Somebody was faster")
            return origin(record)

        with (
            patch.object(type(notice), "_run_server_action", run),
            patch.object(self.cr, "rollback", lambda: None),
        ):
            self.deliver()
        self.assertEqual(len(attempts), 2)
        self.assertEqual(notice.state, "sent")

    def test_server_action_without_a_case(self):
        notice, _invoice = self.planned()
        action = self.server_action()
        notice.action_id.write(
            {"channel": "server_action", "server_action_id": action.id}
        )
        notice.sudo().write({"case_id": False, "channel": "server_action"})
        self.deliver()
        self.assertEqual(notice.state, "failed")
        self.assertIn("no case", notice.reason)

    def test_what_a_manager_may_choose(self):
        boss = self.new_user("sa_boss", "dunning_automation.group_manager")
        secret = self.server_action()
        secret.group_ids = self.env.ref("base.group_system")
        public = self.server_action()
        foreign = self.server_action("pass", "account.move")
        actions = self.level(1).action_ids.with_user(boss)
        choices = dict(actions._select_server_action())
        self.assertIn(str(public.id), choices)
        self.assertNotIn(str(secret.id), choices)
        self.assertNotIn(str(foreign.id), choices)
        actions.write(
            {"channel": "server_action", "server_action_choice": str(public.id)}
        )
        self.assertEqual(actions.sudo().server_action_id, public)
        for wrong in (secret, foreign):
            with self.subTest(wrong.model_name), self.assertRaises(ValidationError):
                actions.server_action_id = wrong.id
                self.env.flush_all()

    def test_actions_that_could_do_nothing_are_refused(self):
        table = [
            ("portal", {"template_id": False}),
            ("notification", {"activity_summary": False}),
            ("server_action", {"server_action_id": False}),
            ("activity", {"activity_type_id": False}),
        ]
        for channel, values in table:
            with self.subTest(channel), self.assertRaises(ValidationError):
                self.use(channel, **values)

    def test_time_out_by_channel(self):
        table = {"email": 0, "portal": 0, "phone": 7, "notification": 0}
        for channel, days in table.items():
            with self.subTest(channel):
                self.assertEqual(self.use(channel).timeout_days, days)
