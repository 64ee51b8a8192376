from datetime import datetime, timedelta

from odoo import api, models

from odoo.addons.dunning_automation.tools.channels import kind_of

from ..tools import phone_numbers

COOL_OFF = timedelta(days=1)
"""How long a changed number gets neither text messages nor calls."""
NUMBERS = {"call": "dunning_call_number", "sms": "dunning_sms_number"}
"""The field of a contact that a channel needs."""
SINCE = {"call": "dunning_call_since", "sms": "dunning_sms_since"}
"""Since when it is known."""


class DunningNotice(models.Model):
    _name = "dunning.notice"
    _inherit = [
        "dunning.notice",
        "dunning.channel.call",
        "dunning.channel.call.talk",
        "dunning.channel.sms",
        "dunning.channel.sms.feedback",
        "dunning.channel.sms.limits",
        "dunning.channel.sms.traces",
    ]

    @api.model
    def _get_claimed_fields(self):
        names = ("call_text", "recipient_id", "sms_text", "sms_uuid")
        return (*super()._get_claimed_fields(), *names)

    @api.model
    def _get_recorded_fields(self):
        return (*super()._get_recorded_fields(), "sms_uuid")

    def _set_state(self, target, reason=None, **values):
        events = super()._set_state(target, reason, **values)
        if target != "claimed":  # Its traces say “in process” since it was ready.
            texts = self.filtered(lambda notice: notice.channel == "sms")
            texts.filtered("sms_uuid")._follow_sms_safely(target)
        return events

    def _get_sealed_values(self, kind, values):
        """Of texts and calls nothing but what the claim has sealed is handed over."""
        if kind != "notice_claimed" and self.channel in NUMBERS:
            return {}
        return super()._get_sealed_values(kind, values)

    def _get_template(self):
        if self.action_id.channel not in ("call", "sms"):
            return super()._get_template()
        return self.action_id.sudo().sms_template_id

    def _apply_review(self, row):
        """The number may have changed since planning, as an e-mail address may."""
        stop = super()._apply_review(row)
        name = NUMBERS.get(self.channel)
        if name and not stop:
            number = row["recipient"][name]
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
            or self._must_cool_off(row)
            or self._must_keep_to_limits(batch)
        )

    def _must_cool_off(self, row):
        """Whether the number is so new that the message is put off."""
        since = row["recipient"].get(SINCE.get(self.channel))
        until = since and datetime.fromisoformat(since) + COOL_OFF
        if not until or until <= self.env.cr.now():
            return False
        reason = self.env._("The number was changed: nothing goes there for a day.")
        self.write({"not_before": until, "reason": reason})
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
