from odoo import fields, models


class DunningDecision(models.Model):
    _inherit = "dunning.decision"

    reason = fields.Selection(
        selection_add=[
            ("no_mobile", "No number that can take a text message"),
            ("sms_country", "The number is of a country that gets no text messages"),
            ("sms_bounced", "Text messages to the number were refused"),
            ("no_portal_user",),
        ],
        ondelete={
            "no_mobile": "cascade",
            "sms_bounced": "cascade",
            "sms_country": "cascade",
        },
    )
