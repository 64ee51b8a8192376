from odoo import api, models
from odoo.tools import SQL

from .dunning_notice import NUMBERS, SINCE

PARTNER_FIELDS = (
    "country_id",
    "dunning_call_number",
    "dunning_call_region",
    "dunning_call_since",
    "dunning_sms_bounced",
    "dunning_sms_number",
    "dunning_sms_region",
    "dunning_sms_since",
    "phone",
)


class DunningLedger(models.AbstractModel):
    _inherit = "dunning.ledger"

    @api.model
    def _flush(self):
        result = super()._flush()
        self.env["res.partner"].flush_model(PARTNER_FIELDS)
        self.env["res.company"].flush_model(["dunning_sms_country_ids"])
        self.env["sms.template"].flush_model()
        return result

    @api.model
    def _get_reachable_conditions(self):
        return [
            *super()._get_reachable_conditions(),
            (
                "sms",
                SQL(
                    "recipient.active"
                    " AND recipient.commercial_partner_id = notice.partner_id AND %s",
                    self._get_textable_sql("recipient", SQL("notice.company_id")),
                ),
            ),
            (
                "call",
                SQL(
                    "recipient.active"
                    " AND recipient.commercial_partner_id = notice.partner_id AND %s",
                    self._get_number_sql("call", "recipient", SQL("notice.company_id")),
                ),
            ),
        ]

    @api.model
    def _get_textable_sql(self, partner, company):
        """SQL condition: ``partner``, alias of a ``res_partner``, has a number that may
        get a text message of ``company`` (SQL, id), and no objection."""
        return self._get_number_sql("sms", partner, company)

    @api.model
    def _get_number_sql(self, channel, partner, company):
        """As ``_get_textable_sql``, also for the channel ``call``."""
        number = SQL.identifier(partner, f"dunning_{channel}_number")
        return SQL(
            """(%(number)s IS NOT NULL AND %(country)s AND NOT %(refused)s
                AND NOT EXISTS (
                    SELECT 1
                      FROM phone_blacklist unwilling
                     WHERE unwilling.number = %(number)s AND unwilling.active)
                AND NOT %(opted_out)s)""",
            country=self._get_number_country_sql(channel, partner, company),
            number=number,
            opted_out=self.env["dunning.optout"]._get_stop_sql(
                SQL("%s", channel),
                SQL.identifier(partner, "commercial_partner_id"),
                number,
            ),
            refused=self._is_refused(partner, channel),
        )

    @api.model
    def _is_refused(self, partner, channel="sms"):
        """SQL condition, never NULL: messages to the number were refused."""
        return SQL(
            "(COALESCE(%s, '') = %s)",
            SQL.identifier(partner, "dunning_sms_bounced"),
            SQL.identifier(partner, f"dunning_{channel}_number"),
        )

    @api.model
    def _get_textable_country_sql(self, partner, company):
        """SQL condition: the number of ``partner`` is of a country to which ``company``
        (SQL, id) sends text messages: those that were chosen, else its own."""
        return self._get_number_country_sql("sms", partner, company)

    @api.model
    def _get_number_country_sql(self, channel, partner, company):
        return SQL(
            """%(region)s IN (
                   SELECT country.code
                     FROM res_company sending
                     JOIN res_partner home ON home.id = sending.partner_id
                LEFT JOIN dunning_sms_country_rel chosen
                       ON chosen.company_id = sending.id
                     JOIN res_country country
                       ON country.id = COALESCE(chosen.country_id, home.country_id)
                    WHERE sending.id = %(company)s)""",
            company=company,
            region=SQL.identifier(partner, f"dunning_{channel}_region"),
        )

    @api.model
    def _get_recipient_facts(self):
        """The numbers of the channels, and since when they are known."""
        names = (*NUMBERS.values(), *SINCE.values())
        return {
            **super()._get_recipient_facts(),
            **{name: SQL.identifier("recipient", name) for name in names},
        }

    @api.model
    def _get_text_facts(self, company):
        """The text of the action, which an administrator may have changed."""
        return [
            *super()._get_text_facts(company),
            SQL(
                """CASE WHEN notice.channel IN ('call', 'sms') THEN (
                       SELECT JSONB_BUILD_ARRAY(template.id, template.write_date)
                         FROM dunning_notice told
                         JOIN dunning_action action ON action.id = told.action_id
                         JOIN sms_template template
                           ON template.id = action.sms_template_id
                        WHERE told.id = notice.id) END"""
            ),
        ]
