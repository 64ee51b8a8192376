from odoo import models


class DunningHealth(models.AbstractModel):
    _inherit = "dunning.health"

    def _get_check_methods(self):
        return [*super()._get_check_methods(), self._check_sms_limits]

    def _check_sms_limits(self, companies):
        """Text messages that wait for tomorrow, or for money, are nobody's secret."""
        domain = [
            ("kind", "=", "put_off"),
            ("company_id", "in", companies.ids),
            ("notice_id.channel", "=", "sms"),
            ("notice_id.state", "=", "ready"),
            ("notice_id.not_before", ">", self.env.cr.now()),
        ]
        events = self.env["dunning.event"].sudo().search(domain)
        notices = events.filtered(
            lambda event: (
                event.payload.get("reason")
                in ("company_day", "block_day", "budget", "price")
            )
        ).notice_id
        title = self.env._("Limits of text messages")
        return self._prepare_check(
            "sms_limits",
            title,
            "warning" if notices else "ok",
            notices[:1].reason or self.env._("None of them holds anything back."),
            len(notices),
            self._prepare_action(title, "dunning.notice", [("id", "in", notices.ids)]),
        )
