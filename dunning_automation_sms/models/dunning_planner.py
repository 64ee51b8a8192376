from odoo import api, models
from odoo.tools import SQL

CANDIDATES = ("contact", "extra", "customer")
"""Who may hear it, the best first: see ``dunning.planner._get_reach_sql``."""


class DunningPlanner(models.AbstractModel):
    _inherit = "dunning.planner"

    @api.model
    def _plan(self, run):
        """The countries that get text messages are those of the run's company."""
        return super(DunningPlanner, self.with_company(run.company_id))._plan(run)

    def _get_recipient_sms(self):
        """The first whose number takes a text message, and that number."""
        return self._choose_number("sms")

    def _choose_number(self, channel):
        may_get = self.env["dunning.ledger"]._get_number_sql
        company = SQL("%s", self.env.company.id)

        def choose(name):
            return SQL(
                "CASE %s END",
                SQL(" ").join(
                    SQL(
                        "WHEN %s THEN %s",
                        may_get(channel, alias, company),
                        SQL.identifier(alias, name),
                    )
                    for alias in CANDIDATES
                ),
            )

        return choose("id"), choose(f"dunning_{channel}_number")

    def _check_recipient_sms(self):
        """Nobody has a number, or what is against all of them; the customer's own wish
        last, for nobody needs to repair that."""
        recipient, _number = self._get_recipient_sms()
        ledger = self.env["dunning.ledger"]
        company = SQL("%s", self.env.company.id)

        def any_of(condition):
            return SQL(" OR ").join(
                SQL("COALESCE(%s, FALSE)", condition(alias)) for alias in CANDIDATES
            )

        def has_number(alias):
            return SQL("%s IS NOT NULL", SQL.identifier(alias, "dunning_sms_number"))

        def is_allowed(alias):
            return ledger._get_textable_country_sql(alias, company)

        def is_good(alias):
            return SQL("%s AND NOT %s", is_allowed(alias), ledger._is_refused(alias))

        return SQL("(%s) IS NULL", recipient), SQL(
            """CASE WHEN NOT (CONCAT(contact.phone, extra.phone, customer.phone)
                              ~ '[0-9]') THEN 'no_phone'
                    WHEN NOT (%s) THEN 'no_mobile'
                    WHEN NOT (%s) THEN 'sms_country'
                    WHEN NOT (%s) THEN 'sms_bounced'
                    ELSE 'opted_out' END""",
            any_of(has_number),
            any_of(is_allowed),
            any_of(is_good),
        )

    def _get_recipient_call(self):
        """The first whom a machine may call, and that number."""
        return self._choose_number("call")

    def _check_recipient_call(self):
        """Nobody can be called: without a number that networks know there is none."""
        recipient, _number = self._get_recipient_call()
        ledger = self.env["dunning.ledger"]
        company = SQL("%s", self.env.company.id)
        has_number, is_allowed = (
            SQL(" OR ").join(map(condition, CANDIDATES))
            for condition in (
                lambda alias: SQL(
                    "%s IS NOT NULL", SQL.identifier(alias, "dunning_call_number")
                ),
                lambda alias: SQL(
                    "COALESCE(%s, FALSE)",
                    ledger._get_number_country_sql("call", alias, company),
                ),
            )
        )
        return SQL("(%s) IS NULL", recipient), SQL(
            """CASE WHEN NOT (%s) THEN 'no_phone'
                    WHEN NOT (%s) THEN 'sms_country'
                    ELSE 'opted_out' END""",
            has_number,
            is_allowed,
        )
