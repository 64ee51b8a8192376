"""Factories and a clock for dunning tests, also for the addons that build on this one.

``DunningCommon`` gives a company with a chart, a policy with the standard ladder
(-5, +1, +8, +15, +30 days) in automatic mode and a clock that stands still at
``TODAY``. Time passes only by ``travel``; the planner and the sender follow it.
"""

import email
import email.policy
import smtplib
from contextlib import contextmanager
from copy import copy
from datetime import date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import MagicMock, Mock, patch

from odoo import Command
from odoo.tests import new_test_user
from odoo.tests.common import release_test_lock
from odoo.tests.test_cursor import TestCursor
from odoo.tools import mute_logger

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.mail.tests.common import MockEmail

from ..models import dunning_replay

TODAY = date(2026, 3, 10)
NO_TRACKING = {
    "tracking_disable": True,
    "mail_create_nosubscribe": True,
    "mail_auto_subscribe_no_notify": True,
}


def as_received(message):
    """The message as a mail program reads it."""
    return email.message_from_bytes(message.as_bytes(), policy=email.policy.SMTP)


class DunningCommon(MockEmail, AccountTestInvoicingCommon):
    @classmethod
    def default_env_context(cls):
        # The mail effects of cases and notices are part of what is tested.
        return {"no_reset_password": True}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._keep_mark_apart()
        cls._numbers = count(1)
        cls.company.write({"email": "billing@company.example", "dunning_tz": "UTC"})
        cls.foreign_currency = cls.setup_other_currency(
            "EUR", rates=[("2016-01-01", 2)]
        )
        # The standard policy of a new company waits for review; ours does not.
        cls.env["dunning.policy"].search([]).active = False
        cls.policy = cls._create_policy()
        cls.customer = cls._create_customer(name="Customer")

    def setUp(self):
        super().setUp()
        self.moment = datetime.combine(TODAY, time(10))
        self.startPatcher(patch.object(self.cr, "now", lambda: self.moment))
        self.startPatcher(patch.object(TestCursor, "now", lambda cr: self.moment))
        # The test database is a copy, and copies send nothing.
        self.env["dunning.guard"]._activate()

    @classmethod
    def setup_other_company(cls, **kwargs):
        data = super().setup_other_company(**kwargs)
        policies = cls.env["dunning.policy"].search([])
        policies.filtered(lambda p: p.company_id == data["company"]).active = False
        return data

    @classmethod
    def _keep_mark_apart(cls):
        """The mark of the restore guard lives in a folder of the test, so that the
        developer's database keeps its own."""
        folder = cls.enterClassContext(TemporaryDirectory())
        cls.mark_path = Path(folder) / "mark.json"
        guard = type(cls.env["dunning.guard"])
        cls.startClassPatcher(
            patch.object(guard, "_get_mark_path", lambda self: cls.mark_path)
        )

    # === FACTORIES === #

    @classmethod
    def add_language(cls, code):
        """Another language, with what we say in it."""
        cls.env["res.lang"]._activate_lang(code)
        cls.env["ir.module.module"]._load_module_terms(["dunning_automation"], [code])

    @classmethod
    def _create_policy(cls, delays=None, **values):
        """A policy in automatic mode; ``delays`` replaces the standard ladder by
        e-mail levels without a minimum interval."""
        if delays is not None:
            values["level_ids"] = [cls._level(delay) for delay in delays]
        return cls.env["dunning.policy"].create(
            {"name": "Policy", "mode": "automatic", **values}
        )

    @classmethod
    def _level(cls, delay_days, **values):
        """Command for a level that sends an e-mail."""
        template = cls.env.ref("dunning_automation.mail_template_friendly")
        return Command.create(
            {
                "name": f"Level {delay_days:+d}",
                "delay_days": delay_days,
                "min_interval_days": 0,
                "action_ids": [
                    Command.create({"channel": "email", "template_id": template.id})
                ],
                **values,
            }
        )

    @classmethod
    def _create_customer(cls, **values):
        """A company customer with a valid address."""
        return cls._create_customers(1, **values)

    @classmethod
    def _create_customers(cls, number, **values):
        numbers = [next(cls._numbers) for _i in range(number)]
        return cls.env["res.partner"].create(
            [
                {
                    "name": f"Customer {number}",
                    "email": f"customer{number}@example.com",
                    "is_company": True,
                    **values,
                }
                for number in numbers
            ]
        )

    def invoice(self, partner=None, days_overdue=8, amount=100.0, **values):
        """A posted invoice that is ``days_overdue`` today; values: see
        ``_invoice_values``. Without ``post`` it stays a draft."""
        return self.invoices([dict(values, partner=partner)], days_overdue, amount)

    def invoices(self, rows, days_overdue=8, amount=100.0):
        """Many posted invoices at once, in one company.

        :param rows: a dict per invoice with the arguments of ``_invoice_values``
        """
        post = all(row.pop("post", True) for row in rows)
        defaults = {"days_overdue": days_overdue, "amount": amount}
        company = rows[0].get("company") or self.company
        moves = (
            self.env["account.move"]
            .with_context(**NO_TRACKING)
            .with_company(company)
            .create([self._invoice_values(**{**defaults, **row}) for row in rows])
        )
        if post:
            moves.action_post()
        return moves.with_env(self.env)

    def _invoice_values(
        self,
        partner=None,
        days_overdue=8,
        amount=100.0,
        currency=None,
        instalments=None,
        company=None,
        **values,
    ):
        """
        :param instalments: ``[(days_overdue, amount), ...]``, a receivable line each
        """
        rows = instalments or [(days_overdue, amount)]
        date_invoice = self.today - timedelta(days=max(days for days, _a in rows) + 30)
        terms = {"invoice_date_due": self.today - timedelta(days=rows[0][0])}
        if instalments:
            terms = {"invoice_payment_term_id": self._term(date_invoice, rows).id}
        line = {
            "name": "Service",
            "price_unit": sum(amount for _days, amount in rows),
            "tax_ids": [],
        }
        return {
            "move_type": "out_invoice",
            "partner_id": (partner or self.customer).id,
            "invoice_date": date_invoice,
            "currency_id": (currency or (company or self.company).currency_id).id,
            "invoice_line_ids": [Command.create(line)],
            **terms,
            **values,
        }

    def _term(self, date_invoice, rows):
        total = sum(amount for _days, amount in rows)
        return self.env["account.payment.term"].create(
            {
                "name": "Instalments",
                "line_ids": [
                    Command.create(
                        {
                            "value": "percent",
                            "value_amount": 100.0 * amount / total,
                            "nb_days": (self.today - date_invoice).days - days,
                        }
                    )
                    for days, amount in rows
                ],
            }
        )

    def credit_note(self, partner=None, amount=100.0, **values):
        """A posted credit note that is not reconciled with anything."""
        return self.invoice(partner, 1, amount, move_type="out_refund", **values)

    def pay(self, invoices, amount=None):
        """Register a payment for ``invoices`` and reconcile it."""
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoices.ids)
            .create(
                {"payment_date": self.today, **({"amount": amount} if amount else {})}
            )
        )
        return wizard._create_payments()

    def unpay(self, payment):
        """The payment bounces: its entry is cancelled, the invoices are open again."""
        payment.action_draft()
        payment.action_cancel()

    def told(
        self, invoice, delay_days, days_ago=0, state="sent", policy=None, **values
    ):
        """History: the lines of ``invoice`` were reminded at a level, days ago."""
        lines = self.receivable(invoice)
        level = self.level(delay_days, policy)
        moment = self.moment - timedelta(days=days_ago)
        notice = (
            self.env["dunning.notice"]
            .sudo()
            .create(
                {
                    "company_id": invoice.company_id.id,
                    "partner_id": invoice.commercial_partner_id.id,
                    "level_id": level.id,
                    "policy_id": level.policy_id.id,
                    "action_id": level.action_ids[:1].id,
                    "channel": "email",
                    "recipient_id": invoice.commercial_partner_id.id,
                    "email_to": invoice.commercial_partner_id.email_normalized,
                    "state": state,
                    "date": moment.date(),
                    "date_sent": moment if state == "sent" else False,
                    "dedup_key": f"told {next(self._numbers)}",
                    "line_ids": [
                        Command.create(
                            {
                                "move_line_id": line.id,
                                "move_id": invoice.id,
                                "company_id": invoice.company_id.id,
                                "level_id": level.id,
                                "cycle": 0,
                                "channel": "email",
                                "is_step": True,
                                "live": True,
                            }
                        )
                        for line in lines
                    ],
                    **values,
                }
            )
        )
        self.env.flush_all()
        self.cr.execute(
            "UPDATE dunning_notice SET create_date = %s WHERE id = %s",
            (moment, notice.id),
        )
        notice.invalidate_recordset()
        return notice

    # === TIME === #

    @property
    def today(self):
        return self.moment.date()

    def travel(self, days=0, **delta):
        """Let time pass."""
        self.moment += timedelta(days=days, **delta)

    def run_on(self, days=0, company=None):
        """Let ``days`` pass and run the company on the day that has come."""
        self.travel(days)
        return self.env["dunning.run"]._run_daily(company or self.company)

    # === SENDING === #

    @contextmanager
    def smtp(self, send_error=None, connection_error=None):
        """A mail server that keeps every message in ``self.emails``, and as it was
        handed over in ``self.handed_over``, or fails."""
        self.handed_over = []
        with self.mock_mail_gateway():
            session = self.testing_smtp_session
            session.close = session.quit
            keep = type(session).send_message

            def send_message(session, message, *envelope):
                if send_error:
                    raise send_error
                self.handed_over.append(message)
                keep(session, message, *envelope)

            def connect(*args, **kwargs):
                if connection_error:
                    raise connection_error
                return copy(session)  # As real servers do, one per connection.

            with (
                patch.object(type(session), "send_message", send_message),
                patch.object(smtplib, "SMTP", side_effect=connect),
            ):
                yield

    def deliver(self, **errors):
        """Run the sender as the cron does. Errors: see ``smtp``.

        :return: the messages that left, as dicts (``email_to``, ``subject``, ``body``)
        """
        cron = self.env.ref("dunning_automation.ir_cron_deliver").sudo()
        with self.smtp(**errors), self.enter_registry_test_mode():
            self.assertIs(cron.method_direct_trigger(), True)
        return [
            {
                "EmailMessage": message,
                "email_from": message["From"],
                "email_to": [message["To"]],
                "subject": message["Subject"],
                "body": message.get_body(("html",)).get_content(),
            }
            for message in map(as_received, self.handed_over)
        ]

    def send(self, notices=None):
        """Mark notices as sent now, without a mail server."""
        notices = notices or self.env["dunning.notice"].search(
            [("state", "=", "ready")]
        )
        notices.sudo()._set_state("claimed")
        notices.sudo()._set_state("sent", date_sent=self.moment)
        return notices

    def only_the_claim_looks(self):
        """From here on bookings take no queued notice back: what holds it back then is
        the sender's own look at the ledger."""
        self.startPatcher(
            patch.object(
                type(self.env["account.move"]), "_dunning_recheck", lambda moves: None
            )
        )

    # === LOOKING === #

    @contextmanager
    def with_threads(self):
        """For code that works in threads with cursors of their own."""
        with self.enter_registry_test_mode(), release_test_lock():
            yield

    @contextmanager
    def without_threads(self):
        """For crons: what they do in threads is done in theirs, which has a cursor."""
        inline = Mock(submit=lambda work, *args: work(*args))
        pool = MagicMock(**{"return_value.__enter__.return_value": inline})
        with (
            self.enter_registry_test_mode(),
            patch.object(dunning_replay, "ThreadPoolExecutor", pool),
        ):
            yield

    def receivable(self, invoice):
        return invoice.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).sorted("date_maturity")

    def level(self, delay_days, policy=None):
        levels = (policy or self.policy).level_ids
        return levels.filtered(lambda level: level.delay_days == delay_days)

    def decisions(self, invoice):
        return self.env["dunning.decision"].search([("move_id", "=", invoice.id)])

    def why(self, invoice):
        """The answers for the instalments of an invoice, "outcome/reason" each."""
        rows = self.decisions(invoice)
        return ", ".join(f"{row.outcome}/{row.reason}" for row in rows)

    def notices(self, partner=None, **values):
        """Notices of a customer, the earliest first, filtered by field values."""
        domain = [("partner_id", "=", (partner or self.customer).id)]
        domain += [(name, "=", value) for name, value in values.items()]
        return self.env["dunning.notice"].search(domain, order="id")

    def steps(self, notice):
        """{invoice: delay of the level it steps to}, non-steps have None."""
        return {
            line.move_id: line.level_id.delay_days if line.is_step else None
            for line in notice.line_ids
        }

    def assertReminded(self, invoice, delay_days):
        self.assertEqual(self.why(invoice), "remind/level_reached")
        self.assertEqual(self.decisions(invoice).level_id.delay_days, delay_days)

    def new_user(self, login, groups="base.group_user", **values):
        """A user of the test company."""
        values = {
            "company_id": self.company.id,
            "company_ids": self.company.ids,
        } | values
        with mute_logger("odoo.addons.base.models.res_users"):
            return new_test_user(
                self.env, login, groups, context={"no_reset_password": True}, **values
            )
