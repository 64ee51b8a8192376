from datetime import datetime

from odoo import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestToursLaw(DunningCommon, HttpCase):
    """People write down what they owe to the law and to courtesy."""

    def walk(self, path, tour, group):
        user = self.new_user("law_tour", f"dunning_automation.group_{group}")
        with mute_logger("odoo.http", "odoo.sql_db"):  # Bad input is refused.
            self.start_tour(path, tour, login=user.login)
        self.env.invalidate_all()
        return user

    def test_courtesy(self):
        """Hours, a cap and holidays of a profile; what makes no sense is refused."""
        profile = self.env["dunning.courtesy"].create({"name": "Tour profile"})
        self.policy.courtesy_id = profile
        calendar, _empty = self.env["resource.calendar"].create(
            [{"name": "Tour with holidays"}, {"name": "Tour without holidays"}]
        )
        holiday = {
            "name": "Holiday",
            "calendar_id": calendar.id,
            "date_from": datetime(2026, 3, 10),
            "date_to": datetime(2026, 3, 10, 23),
        }
        self.env["resource.calendar.leaves"].create(holiday)
        self.walk("/odoo/dunning-courtesy", "dunning_courtesy", "manager")
        self.assertRecordValues(
            profile.window_ids,
            [{"channel": "all", "hour_start": 9.5, "hour_end": 17.0, "sunday": False}],
        )
        self.assertRecordValues(
            profile.cap_ids, [{"channel": "all", "max_number": 2, "window_days": 7}]
        )
        self.assertRecordValues(
            profile.holiday_ids,
            [{"country_id": self.env.ref("base.de").id, "calendar_id": calendar.id}],
        )
        german = self._create_customer(country_id=self.env.ref("base.de").id)
        self.invoice(german)
        self.run_on()
        leaves = self.notices(german).not_before
        self.assertEqual(f"{leaves:%Y-%m-%d %H:%M}", "2026-03-11 08:30")

    def test_optout(self):
        """A collector notes what a customer said, and later that he agreed again."""
        self._create_customer(name="Zoe of the tour")
        user = self.walk("/odoo/dunning-optouts", "dunning_optout", "user")
        self.assertRecordValues(
            self.env["dunning.optout"].search([("address", "=", "tour@example.com")]),
            [
                {
                    "channel": "email",
                    "note": "No e-mails please",
                    "state": "withdrawn",
                    "withdrawn_by_id": user.id,
                    "withdrawal_note": "By phone on Tuesday",
                }
            ],
        )

    def test_interest_and_fee(self):
        """A level asks for interest only after the rate of the present half-year was
        entered: no rate is not a rate of zero."""
        self.moment = datetime.now()  # Forms know no other.
        series = self.env["dunning.reference.series"].create(
            {
                "name": "Tour base rate",
                "code": "tour",
                "source_url": "https://example.com/rates",
            }
        )
        self.env["dunning.interest.rule"].create(
            {
                "name": "Tour law",
                "company_id": self.company.id,
                "country_ids": [Command.set(self.company.country_id.ids)],
                "valid_from": "2020-01-01",
                "series_id": series.id,
                "margin": 9.0,
                "source_url": "https://example.com/law",
            }
        )
        self._create_policy([1], name="Tour policy")
        self.walk("/odoo/dunning-policies", "dunning_charges", "manager")
        level = self.env["dunning.policy"].search([("name", "=", "Tour policy")])
        self.assertRecordValues(
            level.level_ids, [{"charge_interest": True, "fee_amount": 5.0}]
        )
        self.assertEqual(series.rate_ids.rate, 1.27)
