"""Factories for interest, lump sums and fees."""

from datetime import date, datetime, time

from odoo import Command

from .common import DunningCommon


class ChargeCommon(DunningCommon):
    """A German company that books in euros; its rates are those of 2025."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.euro = cls.env.ref("base.EUR")
        cls.company.country_id = cls.env.ref("base.de")
        cls.german = cls.env.ref("dunning_automation.interest_rule_de")
        cls.british = cls.env.ref("dunning_automation.interest_rule_gb")
        cls.base_rate = cls.env.ref("dunning_automation.reference_series_bgb_247")
        cls.policy.active = False

    @classmethod
    def _create_charging_policy(cls, delays=(1, 8, 15), first=1, **values):
        """E-mail levels; those from number ``first`` on ask for charges."""
        return cls._create_policy(
            name="With charges",
            level_ids=[
                cls._level(delay, **(values if number >= first else {}))
                for number, delay in enumerate(delays, 1)
            ],
        )

    def now_is(self, day):
        self.moment = datetime.combine(day, time(10))

    def due(self, day, amount=10000.0, **values):
        """A posted invoice that fell due on ``day``."""
        return self.invoice(
            amount=amount, days_overdue=(self.today - day).days, **values
        )

    def remind(self, company=None):
        """Run today and give the notices of the customer that were planned."""
        before = self.notices()
        self.run_on(company=company)
        return self.notices() - before

    def book(self):
        """As the cron does."""
        cron = self.env.ref("dunning_automation.ir_cron_book_charges").sudo()
        with self.enter_registry_test_mode():
            self.assertIs(cron.method_direct_trigger(), True)
        self.env.invalidate_all()

    @classmethod
    def _set_booking(cls, booking):
        cls.company.dunning_charge_booking = booking

    def told_before(self, invoice, day):
        """The invoice was reminded at the first level on ``day``, without charges."""
        return self.told(invoice, 1, days_ago=(self.today - day).days)

    def lawful(self, rule=None, **values):
        """A rule of this company, so that a test has a law of its own."""
        return self.env["dunning.interest.rule"].create(
            {
                "name": "Contract",
                "company_id": self.company.id,
                "country_ids": [Command.set(self.env.ref("base.de").ids)],
                "valid_from": date(2000, 1, 1),
                "rate_mode": "constant",
                "margin": 10.0,
                "source_url": "https://example.com/contract",
                **values,
            }
        )
