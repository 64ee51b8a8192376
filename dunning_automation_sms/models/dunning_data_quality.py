from odoo import models
from odoo.tools import SQL


class DunningDataQuality(models.AbstractModel):
    _inherit = "dunning.data.quality"

    def _get_rows(self):
        rows = super()._get_rows()
        place = [row["code"] for row in rows].index("invalid_phone") + 1
        rows.insert(
            place,
            {
                "code": "no_mobile",
                "severity": "info",
                "title": self.env._("No text message to this number"),
                "sentence": self.env._(
                    "A landline, a premium number, one of another country, or refused "
                    "by the provider: steps by text message are left out."
                ),
            },
        )
        return rows

    def _get_conditions(self):
        """Those without a number are found already; a landline is no fault where
        nobody sends text messages."""
        ledger = self.env["dunning.ledger"]
        return super()._get_conditions() | {
            "no_mobile": (
                "res.partner",
                SQL(
                    """item.number IS NOT NULL AND EXISTS (
                        SELECT 1
                          FROM dunning_action action
                          JOIN dunning_level level ON level.id = action.level_id
                          JOIN dunning_policy policy ON policy.id = level.policy_id
                         WHERE action.channel = 'sms' AND policy.active)
                    AND NOT EXISTS (
                        SELECT 1
                          FROM res_partner person
                          JOIN res_partner whole ON whole.id = item.id
                         WHERE person.id IN (whole.id, whole.dunning_contact_id)
                           AND person.active
                           AND person.dunning_sms_number IS NOT NULL
                           AND %s AND NOT %s)""",
                    ledger._get_textable_country_sql(
                        "person", SQL("%s", self.env.company.id)
                    ),
                    ledger._is_refused("person"),
                ),
            )
        }
