from datetime import timedelta

from odoo import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .recovery_common import RecoveryCommon


class MessageCommon(RecoveryCommon):
    """An automatic policy, a provider, and a customer with a stored card."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.method = cls.env.ref("payment.payment_method_unknown").sudo()
        cls.provider = (
            cls.env["payment.provider"]
            .sudo()
            .create(
                {
                    "name": "Provider",
                    "company_id": cls.company.id,
                    "state": "test",
                    "allow_tokenization": True,
                    "payment_method_ids": [Command.set(cls.method.ids)],
                }
            )
        )
        cls.card = cls.stored(cls.customer)

    def setUp(self):
        super().setUp()
        self.move = self.invoice()

    def run_cron(self, name):
        with self.enter_registry_test_mode():
            self.assertIs(self.env.ref(name).sudo().method_direct_trigger(), True)
        self.env.invalidate_all()

    def follow(self):
        self.run_cron("dunning_automation.ir_cron_recovery_follow")

    def tell_expiry(self):
        self.run_cron("dunning_automation.ir_cron_tell_expiry")

    def said(self):
        """[(message, state)] to the customer, the earliest first."""
        notices = self.notices().filtered("payment_message")
        return [(notice.payment_message, notice.state) for notice in notices]


@tagged("post_install", "-at_install")
class TestPaymentMessages(MessageCommon):
    """The customer hears once what he can do, and nothing that is not true."""

    def test_who_paid_meanwhile_hears_nothing(self):
        self.failed(self.move, "expired", token_id=self.card.id)
        self.follow()
        self.assertEqual(self.said(), [("expired", "ready")])
        self.only_the_claim_looks()
        self.pay(self.move)
        self.assertEqual(self.deliver(), [])
        self.assertEqual(self.said(), [("expired", "suppressed")])

    def test_one_message_per_class(self):
        """Crons come often, and tries fail again."""
        for message, decline_class in {
            "method": "hard",
            "expired": "expired",
            "authentication": "authentication",
        }.items():
            with self.subTest(decline_class):
                move = self.invoice(self._create_customer())
                recovery = self.failed(move, decline_class, token_id=self.card.id)
                self.follow()
                self.travel(1)
                recovery.sudo().attempt_count += 1
                self.follow()
                notice = self.notices(move.partner_id)
                self.assertEqual(notice.payment_message, message)

    def test_words(self):
        """Each class has its text, with invoice, amount, card and a link that works."""
        for decline_class, words in {
            "soft": "We will try again on",
            "hard": "Please use another payment method",
            "fraud": "Please use another payment method",
            "expired": "has expired",
            "authentication": "Your bank asks you to confirm",
        }.items():
            with self.subTest(decline_class):
                partner = self._create_customer()
                move = self.invoice(partner)
                token = self.stored(partner)
                self.failed(move, decline_class, token_id=token.id, attempt_count=1)
                self.follow()
                [mail] = self.deliver()
                body = mail["body"]
                self.assertIn(words, body)
                self.assertIn("100.00", body)
                self.assertIn(move.name, body)
                self.assertNotIn("fraud", body.lower())
                notice = self.notices(partner)
                self.assertEqual(notice.state, "sent")
                self.assertIn(f"{notice._get_account_token()}/method", body)
                if decline_class != "authentication":
                    self.assertIn("4242", body)

    def test_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        template = self.env.ref("dunning_automation.mail_template_payment_expired")
        template.with_context(lang="fr_FR").subject = "Votre carte a expiré"
        self.customer.lang = "fr_FR"
        self.failed(self.move, "expired", token_id=self.card.id)
        self.follow()
        [mail] = self.deliver()
        self.assertEqual(mail["subject"], "Votre carte a expiré")

    def test_retry_first_message_second(self):
        """Where the policy says so the first try is waited for; what only the customer
        can do is told at once."""
        schedule = self.schedule()
        for retry_first, attempts, told in (
            (True, 0, []),
            (True, 1, ["retry"]),
            (False, 0, ["retry"]),
        ):
            with self.subTest(retry_first=retry_first, attempts=attempts):
                schedule.retry_first = retry_first
                move = self.invoice(self._create_customer())
                self.failed(move, "soft", attempt_count=attempts)
                self.follow()
                notices = self.notices(move.partner_id)
                self.assertEqual(notices.mapped("payment_message"), told)

    def test_no_try_is_left(self):
        recovery = self.failed(self.move, "soft", attempt_count=8)
        self.follow()
        recovery.sudo().next_retry_at = False
        self.follow()
        # That we try again was not sent yet, and is not true any more.
        [mail] = self.deliver()
        self.assertIn("another payment method", mail["subject"])
        self.assertEqual(self.said(), [("retry", "suppressed"), ("method", "sent")])

    def test_the_next_try_moves(self):
        recovery = self.failed(self.move, "soft", attempt_count=1)
        self.follow()
        recovery.sudo().next_retry_at += timedelta(days=3)
        [mail] = self.deliver()
        date = (self.today + timedelta(days=5)).strftime("%m/%d/%Y")
        self.assertIn(date, mail["body"])

    def test_the_policy_decides_whether_it_leaves(self):
        for mode, states in (
            ("automatic", ["ready"]),
            ("review", ["planned"]),
            ("simulate", []),
        ):
            with self.subTest(mode):
                self.policy.mode = mode
                move = self.invoice(self._create_customer())
                self.failed(move, "hard")
                self.follow()
                notices = self.notices(move.partner_id)
                self.assertEqual(notices.mapped("state"), states)

    def test_stop_signs(self):
        """The hold of the recovery keeps reminders back, not this; others do."""
        for kind, state in (("recovery", "ready"), ("legal", "suppressed")):
            with self.subTest(kind):
                partner = self._create_customer()
                move = self.invoice(partner)
                self.env["dunning.hold"].sudo().create(
                    {
                        "kind": kind,
                        "partner_id": partner.id,
                        "company_id": self.company.id,
                        "date_end": self.today + timedelta(days=5),
                    }
                )
                self.failed(move, "hard")
                self.follow()
                self.assertEqual(self.notices(partner).state, state)

    def test_who_cannot_be_written_to(self):
        self.customer.email = False
        self.failed(self.move, "hard")
        self.follow()
        self.follow()
        self.assertEqual(self.said(), [("method", "suppressed")])

    @mute_logger("odoo.addons.dunning_automation.models.dunning_sender")
    def test_kill_switch(self):
        self.failed(self.move, "hard")
        self.follow()
        collector = self.new_user("p_user", "dunning_automation.group_user")
        wizard = self.env["dunning.stop"].with_user(collector)
        wizard.create({"reason": "Wrong card"}).action_confirm()
        self.assertEqual(self.deliver(), [])
        self.assertEqual(self.said(), [("method", "ready")])


@tagged("post_install", "-at_install")
class TestCardExpiry(MessageCommon):
    """Before a card expires the customer is asked for the new one, once."""

    def setUp(self):
        super().setUp()
        self.transaction(self.move, self.card)  # It is charged without the customer.

    def expire_in(self, days):
        self.card.dunning_expires_on = self.today + timedelta(days=days)

    def test_days_before(self):
        self.company.dunning_expiry_days = 21
        for days, told in ((-1, 0), (22, 0), (21, 1), (21, 1), (20, 1)):
            with self.subTest(days):
                self.expire_in(days)
                if told and self.said():
                    self.card.dunning_expiry_told = self.card.dunning_expires_on
                self.tell_expiry()
                self.assertEqual(len(self.said()), told)
        [mail] = self.deliver()
        self.assertIn("expires on", mail["body"])
        self.assertIn("4242", mail["body"])

    def test_once_per_card_and_day_of_expiry(self):
        self.expire_in(10)
        self.tell_expiry()
        self.tell_expiry()
        self.send()
        self.assertEqual(self.said(), [("expiring", "sent")])
        self.travel(1)
        self.expire_in(20)  # The bank prolonged it.
        self.tell_expiry()
        self.assertEqual(self.said(), [("expiring", "sent"), ("expiring", "ready")])

    def test_not_told(self):
        other = self.stored(self.customer)
        for name, change in {
            "switched off": lambda: self.company.write({"dunning_expiry_days": 0}),
            "archived": lambda: self.card.write({"active": False}),
            "replaced": lambda: self.card.write({"dunning_replaced_by_id": other.id}),
        }.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.expire_in(10)
                change()
                self.tell_expiry()
                self.assertEqual(self.said(), [])
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_card_that_the_customer_uses_himself_is_his_own_business(self):
        self.env["payment.transaction"].sudo().search([]).operation = "online_token"
        self.expire_in(10)
        self.tell_expiry()
        self.assertEqual(self.said(), [])

    def test_replaced_before_it_is_sent(self):
        self.expire_in(10)
        self.tell_expiry()
        self.card.dunning_replaced_by_id = self.stored(self.customer)
        self.assertEqual(self.deliver(), [])
        self.assertEqual(self.said(), [("expiring", "suppressed")])

    def test_the_provider_tells_the_day(self):
        """When Odoo stores a card; a provider that tells nothing leaves it empty."""
        data = {"payment_method": {"card": {"exp_month": 2, "exp_year": 2032}}}
        codes = dict(self.provider._fields["code"]._description_selection(self.env))
        for code, expected in {"stripe": "2032-02-29", "none": "False"}.items():
            if code in codes:
                with self.subTest(code):
                    self.provider.code = code
                    tx = self.transaction(self.move, self.card)
                    tx._tokenize(data)
                    self.assertEqual(str(tx.token_id.dunning_expires_on), expected)
