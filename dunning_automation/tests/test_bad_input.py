from contextlib import contextmanager

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestBadInput(DunningCommon):
    @contextmanager
    def refused(self, message, error=UserError):
        """Refused with a message, and nothing is left half done."""
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaisesRegex(error, message),
            self.env.cr.savepoint(),
        ):
            yield
            self.env.flush_all()

    def test_wrong_domains(self):
        for field, label in [
            ("partner_domain", "Customers"),
            ("invoice_domain", "Invoices"),
        ]:
            for domain in (
                "[('no_such_field', '=', 1)]",
                "[('name', 'resembles', 'x')]",
                "[('name', '=', 'x'",
                "[('create_date', '<', context_today())]",
                "7",
                "'name'",
                "__import__('os').getcwd()",
            ):
                with (
                    self.subTest(field=field, domain=domain),
                    self.refused(f"“{label}” of policy “Policy” cannot be used"),
                ):
                    self.policy[field] = domain

    def test_domain_that_breaks_later_stops_the_run_with_a_message(self):
        self.invoice()
        self.env.flush_all()
        self.cr.execute(
            "UPDATE dunning_policy SET partner_domain = %s WHERE id = %s",
            ("[('x_gone', '=', 1)]", self.policy.id),
        )
        self.env.invalidate_all()
        with self.refused("“Customers” of policy “Policy” cannot be used.*x_gone"):
            self.run_on()
        self.assertFalse(self.notices())

    def test_two_levels_on_the_same_day(self):
        with self.refused("dunning_level_delay_days_uniq", IntegrityError):
            self.policy.level_ids = [self._level(8)]
        constraint = self.env["dunning.level"]._delay_days_uniq
        message = constraint.get_error_message(self.env["dunning.level"], None)
        self.assertIn("cannot apply on the same day", message)

    def test_policy_without_levels(self):
        message = "has no level, so it could never remind anybody"
        with self.refused(message):
            self._create_policy(delays=[])
        with self.refused(message):
            self.policy.level_ids = [Command.clear()]
        self._create_policy(delays=[], active=False)

    def test_level_without_actions(self):
        message = "does nothing: add an e-mail|would do nothing: delete the level"
        with self.refused(message):
            self.policy.level_ids = [self._level(3, action_ids=[])]
        with self.refused(message):
            self.env["dunning.level"].create(
                {"policy_id": self.policy.id, "name": "Empty", "delay_days": 3}
            )
        with self.refused(message):
            self.level(8).action_ids = [Command.clear()]

    def test_negative_amounts(self):
        for record, field, value in [
            (self.policy, "min_overdue_amount", -1),
            (self.policy, "item_grace_days", -1),
            (self.policy, "account_grace_days", -1),
            (self.level(8), "min_amount", -0.01),
            (self.level(8), "min_balance", -0.01),
            (self.level(8), "min_percentage", -1),
            (self.level(8), "min_percentage", 100.01),
            (self.level(8), "min_interval_days", -1),
            (self.level(8), "new_deadline_days", -1),
            (self.company, "dunning_hour", -1),
            (self.company, "dunning_hour", 24),
            (self.company, "dunning_pending_days", -1),
        ]:
            with (
                self.subTest(field=field, value=value),
                self.refused("violates check constraint", IntegrityError),
            ):
                record[field] = value

    def test_actions_that_cannot_work(self):
        email = self.level(8).action_ids
        foreign = self.env["mail.template"].create(
            {"name": "Foreign", "model_id": self.env.ref("base.model_res_partner").id}
        )
        for values, message in [
            ({"template_id": False}, "choose a template"),
            ({"template_id": foreign.id}, "choose a template for notices"),
            ({"channel": "activity"}, "choose its type"),
        ]:
            with self.subTest(values=values), self.refused(message):
                email.write(values)
        with self.refused("choose a template"):
            self.policy.level_ids = [
                self._level(3, action_ids=[Command.create({"channel": "email"})])
            ]

    def make_fallback(self, level, **values):
        return self.env["dunning.action"].create(
            {
                "level_id": level.id,
                "channel": "activity",
                "activity_type_id": self.env.ref("mail.mail_activity_data_call").id,
                **values,
            }
        )

    def test_fallbacks_that_cannot_work(self):
        email = self.level(8).action_ids
        fallback = self.make_fallback(self.level(8), is_fallback=True)
        email.fallback_id = fallback
        with self.refused("go round in a circle"):
            fallback.fallback_id = email
        with self.refused("go round in a circle"):
            email.fallback_id = email
        with self.refused("an action of another level: choose one of its own"):
            email.fallback_id = self.level(1).action_ids
        with self.refused("has fallbacks only, so it would never do anything"):
            email.is_fallback = True
        with self.refused("has fallbacks only|would do nothing"):
            email.unlink()

    def test_minimums_per_currency_that_cannot_work(self):
        level, eur = self.level(8), self.foreign_currency
        values = {"level_id": level.id, "currency_id": eur.id}
        minimum = self.env["dunning.level.minimum"].create(values)
        with self.refused("dunning_level_minimum_currency_uniq", IntegrityError):
            minimum.create(values)
        for field in ("min_amount", "min_balance"):
            with self.refused("violates check constraint", IntegrityError):
                minimum[field] = -1

    def test_variants_that_cannot_work(self):
        action = self.level(8).action_ids
        foreign = self.env["mail.template"].create(
            {"name": "Foreign", "model_id": self.env.ref("base.model_res_partner").id}
        )
        for values, message, error in [
            ({"weight": 0}, "violates check constraint", IntegrityError),
            ({"template_id": foreign.id}, "needs a template for notices", UserError),
            ({"partner_domain": "[('x', '=', 1)]"}, "cannot be found", UserError),
            ({"partner_domain": "7"}, "cannot be found", UserError),
        ]:
            with self.subTest(values=values), self.refused(message, error):
                self.env["dunning.action.variant"].create(
                    {
                        "action_id": action.id,
                        "name": "A",
                        "template_id": action.template_id.id,
                        **values,
                    }
                )

    def test_highest_level_of_a_foreign_company(self):
        other = self.setup_other_company(name="Other")["company"]
        foreign = self._create_policy(company_id=other.id, delays=[5])
        invoice = self.invoice()
        with self.refused("ompan"):
            invoice.dunning_max_level_id = foreign.level_ids

    def test_highest_level_of_an_invoice_is_not_deleted(self):
        self.invoice().dunning_max_level_id = self.level(30)
        with self.refused("may not climb beyond this level"):
            self.level(30).unlink()

    def test_policy_that_never_applies_says_so(self):
        """filters of the first, order of the second -> which one is named"""
        everybody, vip = "[ ]", "[('ref', '=', 'VIP')]"
        for first, sequence, active, warned in [
            (everybody, 10, True, True),
            (False, 11, True, True),
            (everybody, 9, True, False),
            (vip, 10, True, False),
            (everybody, 10, False, False),
        ]:
            with self.subTest(first=first, sequence=sequence, active=active):
                self.policy.partner_domain = first
                second = self._create_policy(sequence=sequence, active=active)
                self.assertEqual(
                    second.hidden_by_id, self.policy if warned else second.browse()
                )
                second.active = False
        self.policy.write({"partner_domain": "[]", "invoice_domain": vip})
        self.assertFalse(self._create_policy().hidden_by_id)

    def test_warned_while_the_policy_is_entered(self):
        form = Form(self.env["dunning.policy"])
        self.assertEqual(form.hidden_by_id, self.policy)
        form.sequence = 1
        self.assertFalse(form.hidden_by_id)

    def test_same_channel_twice(self):
        values = {
            "channel": "email",
            "template_id": self.level(8).action_ids.template_id.id,
        }
        with self.refused("dunning_action_channel_uniq", IntegrityError):
            self.level(8).action_ids = [Command.create(values)]

    def test_template_with_an_unknown_field_is_refused_when_saved(self):
        """Odoo tries a template on a record of its model, once there is one."""
        self.invoice()
        self.run_on()
        template = self.level(1).action_ids.template_id
        with (
            self.assertLogs("odoo.addons.mail.models.mail_template", "ERROR"),
            self.refused("x_unknown"),
        ):
            template.body_html = '<p t-out="object.x_unknown"/>'

    def test_template_in_use_cannot_be_deleted(self):
        template = self.level(1).action_ids.template_id
        with self.refused("", Exception):
            template.unlink()

    def test_backlog_level_of_another_policy(self):
        other = self._create_policy(delays=[3])
        for level in (other.level_ids, self.env["dunning.level"]):
            with (
                self.subTest(level=level.name),
                self.refused("Choose one of the levels"),
            ):
                self.policy.write({"start_rule": "level", "start_level_id": level.id})

    def test_history_is_not_deleted(self):
        """Neither the level of a notice nor that of one of its lines."""
        self.invoice(days_overdue=2)
        furthest = self.invoice(days_overdue=9)
        self.told(furthest, 1, days_ago=8)
        run = self.run_on()
        self.assertEqual(self.notices(run_id=run.id).level_id, self.level(8))
        for delay in (8, 1):
            with (
                self.subTest(delay=delay),
                self.refused("Notices were planned at this level", ValidationError),
            ):
                self.level(delay).unlink()
        with self.subTest("policy"), self.refused("", Exception):
            self.policy.unlink()
        with self.subTest("run"), self.refused("", Exception):
            run.unlink()
        self.level(30).unlink()

    def test_level_of_a_line_only(self):
        """A level that only lines of a notice stepped to is history, too."""
        self.invoice(days_overdue=2)
        furthest = self.invoice(days_overdue=9)
        self.told(furthest, -5, days_ago=12)
        self.told(furthest, 1, days_ago=8).sudo().state = "cancelled"
        self.run_on()
        self.cr.execute("UPDATE dunning_notice SET level_id = %s", (self.level(8).id,))
        self.env.invalidate_all()
        with self.refused("Notices were planned at this level"):
            self.level(1).unlink()
