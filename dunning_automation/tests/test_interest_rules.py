"""Laws and rates are data: what may be entered, and what may not."""

from datetime import date

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .charge_common import ChargeCommon


@tagged("post_install", "-at_install")
class TestInterestRules(ChargeCommon):
    def rate(self, **values):
        return self.env["dunning.reference.rate"].create(
            {
                "series_id": self.base_rate.id,
                "valid_from": date(2030, 1, 1),
                "rate": 2.0,
                "source_url": "https://example.com",
                **values,
            }
        )

    # === WHAT WE SHIP === #

    def test_every_fact_has_its_source_and_the_day_it_was_checked(self):
        for model in ("dunning.reference.rate", "dunning.interest.rule"):
            for record in self.env[model].search([]):
                with self.subTest(record.display_name):
                    self.assertTrue(record.source_url.startswith("https://"))
                    self.assertTrue(record.checked_on)

    def test_rates_of_the_law(self):
        table = [
            ("de", date(2025, 1, 1), 11.27),
            ("de", date(2025, 7, 1), 10.27),
            ("de_consumer", date(2025, 7, 1), 6.27),
            ("fr", date(2025, 7, 1), 12.15),
            ("gb", date(2025, 1, 1), 12.75),
            ("at", date(2023, 1, 1), 11.08),
        ]
        for name, valid_from, expected in table:
            with self.subTest(name, valid_from=valid_from):
                rule = self.env.ref(f"dunning_automation.interest_rule_{name}")
                self.assertEqual(rule._get_percent(valid_from), expected)

    def test_shipped_rates_have_no_gap(self):
        for series in self.env["dunning.reference.series"].search([]):
            rates = series.rate_ids.sorted("valid_from")
            for before, after in zip(rates, rates[1:], strict=False):
                with self.subTest(series.name, valid_from=after.valid_from):
                    self.assertEqual((after.valid_from - before.valid_until).days, 1)

    # === BAD INPUT === #

    def test_a_rate_that_cannot_be_right_is_refused(self):
        table = [
            ("in the middle of a half-year", {"valid_from": date(2030, 2, 1)}),
            ("twice", {"valid_from": date(2025, 1, 1)}),
            ("basis points", {"rate": 227}),
            ("no web address", {"source_url": "my lawyer"}),
        ]
        for name, values in table:
            with (
                self.subTest(name),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.cr.savepoint(),
            ):
                self.rate(**values)
        self.assertFalse(
            self.base_rate.rate_ids.filtered_domain(
                [("valid_from", ">=", date(2030, 1, 1))]
            )
        )

    def test_a_missing_rate_is_named_with_what_to_do(self):
        self.rate()  # Later than the gap: neither side of it fills it.
        with self.assertRaises(UserError) as error:
            self.base_rate._get_percent(date(2029, 7, 1))
        for part in (self.base_rate.name, "07/01/2029", "12/31/2029", "https://"):
            self.assertIn(part, str(error.exception))

    def test_stale_series_are_shown(self):
        self.base_rate.rate_ids.filtered(
            lambda rate: rate.valid_from >= date(2025, 7, 1)
        ).unlink()
        self.assertTrue(self.base_rate.is_missing)
        self.assertFalse(self.base_rate.known_until)

    def test_two_rules_for_the_same_debt_are_refused(self):
        with self.assertRaises(ValidationError):
            self.german.copy()
        self.german.copy({"valid_from": date(2030, 1, 1)})
        self.lawful()
        with self.assertRaises(ValidationError):
            self.lawful(name="Another contract")

    def test_a_rule_without_what_it_needs_is_refused(self):
        table = [
            ("no reference rate", {"rate_mode": "floating"}),
            ("negative margin", {"margin": -1}),
            ("before the due date", {"start_days": 0}),
            ("no web address", {"source_url": "BGB"}),
        ]
        for name, values in table:
            with (
                self.subTest(name),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.cr.savepoint(),
            ):
                self.lawful(**values)
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self.lawful(country_ids=False)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.cr.savepoint(),
        ):
            self.lawful(band_ids=[Command.create({"lump_sum": 0})])

    # === WHICH LAW === #

    def test_the_law_is_that_of_the_day_on_which_interest_begins(self):
        later = self.german.copy({"valid_from": date(2026, 1, 1)})
        country = self.env.ref("base.de")
        candidates = self.german._search_candidates(self.company, country, "business")
        table = [
            (date(2014, 7, 28), self.env["dunning.interest.rule"]),
            (date(2025, 12, 31), self.german),
            (date(2026, 1, 1), later),
        ]
        for day, expected in table:
            with self.subTest(day):
                self.assertEqual(candidates._choose(day), expected)

    def test_the_rule_of_a_company_goes_first(self):
        contract = self.lawful()
        other = self.setup_other_company()["company"]
        find = self.env["dunning.interest.rule"]._find
        args = (self.env.ref("base.de"), "business", date(2025, 1, 1))
        self.assertEqual(find(self.company, *args), contract)
        self.assertEqual(find(other, *args), self.german)

    def test_an_unknown_country_is_named(self):
        with self.assertRaisesRegex(UserError, "Brazil"):
            self.env["dunning.interest.rule"]._find(
                self.company, self.env.ref("base.br"), "business", date(2025, 1, 1)
            )

    # === LEVELS === #

    def test_charges_that_the_law_does_not_know_are_refused_at_once(self):
        self.now_is(date(2026, 3, 10))
        ladder = {"delays": (-5, 1, 8)}
        table = [
            ("before the due date", {}, "late", {"charge_interest": True}),
            ("fee puts in default", {"first": 2}, "reminder 2", {"fee_amount": 2}),
            ("fee too high", {"first": 3}, "most", {"fee_amount": 2.51}),
            ("negative fee", {"first": 3}, None, {"fee_amount": -1}),
        ]
        for name, ladder_values, message, values in table:
            with self.subTest(name):
                errors = IntegrityError if message is None else ValidationError
                with (
                    mute_logger("odoo.sql_db"),
                    self.assertRaises(errors) as error,
                    self.cr.savepoint(),
                ):
                    self._create_charging_policy(**ladder, **ladder_values, **values)
                self.assertIn(message or "", str(error.exception))
        self.assertFalse(
            self.env["dunning.policy"].search([("name", "=", "With charges")])
        )
        # The highest fee is EUR 5, two of which are a dollar.
        self._create_charging_policy(first=3, fee_amount=2.5, **ladder)

    def test_an_unknown_country_is_refused_at_the_level(self):
        self.company.country_id = self.env.ref("base.br")
        for values in (
            {"charge_interest": True},
            {"charge_lump_sum": True},
            {"fee_amount": 1.0},
        ):
            with (
                self.subTest(values),
                self.assertRaisesRegex(ValidationError, "Brazil"),
            ):
                self._create_charging_policy(**values)

    def test_a_missing_rate_of_today_is_refused_at_the_level(self):
        self.now_is(date(2035, 3, 10))
        with self.assertRaisesRegex(ValidationError, "is missing"):
            self._create_charging_policy(charge_interest=True)

    # === ACCESS === #

    def test_collectors_read_and_managers_change(self):
        groups = {
            "i_sales": "base.group_user",
            "i_portal": "base.group_portal",
            "i_billing": "account.group_account_invoice",
            "i_collector": "dunning_automation.group_user",
            "i_manager": "dunning_automation.group_manager",
        }
        records = [
            self.german,
            self.german.band_ids,
            self.base_rate,
            self.base_rate.rate_ids[:1],
        ]
        for login, group in groups.items():
            user = self.new_user(login, group)
            may_read = login not in ("i_sales", "i_portal")
            for record in records:
                with self.subTest(login, model=record._name):
                    record = record.with_user(user)
                    self.assertEqual(record.has_access("read"), may_read)
                    for operation in ("write", "create", "unlink"):
                        self.assertEqual(
                            record.has_access(operation), login == "i_manager"
                        )

    def test_rules_of_another_company_are_invisible(self):
        contract = self.lawful(
            band_ids=[Command.create({"lump_sum": 40})],
            currency_id=self.euro.id,
        )
        other = self.setup_other_company()["company"]
        boss = self.new_user(
            "i_stranger",
            "dunning_automation.group_manager",
            company_id=other.id,
            company_ids=other.ids,
        )
        for record in (contract, contract.band_ids):
            with self.assertRaises(AccessError):
                record.with_user(boss).read(["display_name"])
        self.assertTrue(self.german.with_user(boss).has_access("write"))
