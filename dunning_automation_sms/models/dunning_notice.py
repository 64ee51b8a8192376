from datetime import timedelta

from odoo import api, models

from odoo.addons.dunning_automation.tools.channels import kind_of

from ..tools import phone_numbers

COOL_OFF = timedelta(days=1)
"""How long a changed number gets neither text messages nor calls."""
NUMBERS = {"call": "dunning_call_number", "sms": "dunning_sms_number"}
"""The field of a contact that a channel needs."""


class DunningNotice(models.Model):
    _name = "dunning.notice"
    _inherit = [
        "dunning.notice",
        "dunning.channel.call",
        "dunning.channel.call.talk",
        "dunning.channel.sms",
        "dunning.channel.sms.feedback",
        "dunning.channel.sms.limits",
    ]

    def _set_state(self, target, reason=None, **values):
        events = super()._set_state(target, reason, **values)
        texts = self.filtered(lambda notice: notice.channel == "sms")
        is_new = target in ("sent", "unknown")
        early = texts._search_delivered_early() if is_new and texts else texts[:0]
        (texts - early)._follow_sms_safely()
        for notice in early:
            notice._receive_sms_receipt("delivered")
        return events

    def _get_template(self):
        if self.action_id.channel not in ("call", "sms"):
            return super()._get_template()
        return self.action_id.sudo().sms_template_id

    def _apply_review(self, row):
        """The number may have changed since planning, as an e-mail address may."""
        stop = super()._apply_review(row)
        name = NUMBERS.get(self.channel)
        if name and not stop:
            number = self.recipient_id.sudo()[name]
            if self.email_to != number:
                self.email_to = number
        return stop

    @api.model
    def _get_zones(self, channel, facts, fallback):
        """It must be a decent hour where the number is from, too."""
        zones = super()._get_zones(channel, facts, fallback)
        number = (facts["numbers"] or {}).get(kind_of(channel))
        if not number or facts["chosen"]:
            return zones
        is_known = facts["country"] or facts["tz"]
        return phone_numbers.narrow_zones(zones if is_known else (), number) or zones

    def _must_wait(self, row, batch):
        return (
            super()._must_wait(row, batch)
            or self._must_cool_off()
            or self._must_keep_to_limits()
        )

    def _must_cool_off(self):
        """Whether the number is so new that the message is put off."""
        recipient_sudo = self.recipient_id.sudo()
        since = {
            "call": recipient_sudo.dunning_call_since,
            "sms": recipient_sudo.dunning_sms_since,
        }.get(self.channel)
        if not since or since + COOL_OFF <= self.env.cr.now():
            return False
        reason = self.env._("The number was changed: nothing goes there for a day.")
        self.write({"not_before": since + COOL_OFF, "reason": reason})
        return True

    def _choose_recipient_sms(self, recipient):
        """See ``dunning.fallback._get_recipient_on``: the first who has a number, as in
        ``dunning.planner._get_recipient_sms``; the review that follows looks closer."""
        return self._choose_by_number(recipient, NUMBERS["sms"])

    def _choose_recipient_call(self, recipient):
        return self._choose_by_number(recipient, NUMBERS["call"])

    def _choose_by_number(self, recipient, name):
        debtor = self.partner_id.sudo()
        candidates = recipient.sudo() | debtor.dunning_contact_id | debtor
        reached = candidates.filtered(name)[:1]
        return reached or debtor, reached[name]

    def _erase_personal(self):
        sms_sudo = self._get_sms_sudo()
        sms_sudo.write({"body": False, "number": False})
        sms_sudo.mail_message_id.notification_ids.sms_number = False
        self.sudo().write({"call_text": False, "sms_text": False})
        events = self.env["dunning.webhook.event"].sudo()
        events.search([("notice_id", "in", self.ids)])._erase_personal()
        return super()._erase_personal()
