from odoo import fields, models

from odoo.addons.dunning_automation.tools import time_zones
from odoo.addons.dunning_automation.tools.channels import INTERNAL, UNHEARD
from odoo.addons.dunning_automation.tools.courtesy import Wait

from ..tools import send_hours

BEST_HOUR = "best_hour"


class DunningNotice(models.Model):
    _inherit = "dunning.notice"

    wait_reason = fields.Selection(
        selection_add=[(BEST_HOUR, "An hour at which customers read it")]
    )
    trial_ids = fields.One2many("dunning.trial", "notice_id", "Chosen by Chance")

    def _choose_send_at(self):
        """Where the policy learns which hour works, at one of the hours that are left
        of the day. Never before the moment that courtesy allows, and the claim looks at
        the rules again."""
        waits = super()._choose_send_at()
        learning = self.filtered(
            lambda notice: (
                notice.policy_id.learn_hour
                and notice.channel not in (*INTERNAL, *UNHEARD, "portal")
            )
        )
        for company, notices in learning.grouped("company_id").items():
            moments = {}
            for notice in notices:
                start = self.env.cr.now()
                if notice.id in waits:
                    start = waits[notice.id].until
                left = send_hours.left(start, notice._get_time_zone())
                if left:
                    moments[notice] = left
            waits.update(self._draw_hours(company, moments))
        return waits

    def _draw_hours(self, company, moments):
        """:param moments: {notice: {hour: moment}}
        :return: as ``_choose_send_at``
        """
        asked = [
            (
                it.policy_id.id,
                it.debtor_key or it.partner_id.id,
                it.partner_id.id,
                list(left),
            )
            for it, left in moments.items()
        ]
        choices = self.env["dunning.arm"].sudo()._draw(company, "hour", asked)
        rows = [
            (notice, "hour", notice.policy_id.id, choice, left[choice.option])
            for (notice, left), choice in zip(moments.items(), choices, strict=True)
        ]
        self.env["dunning.trial"].sudo()._note(rows)
        return {
            notice.id: Wait(BEST_HOUR, moment)
            for notice, _kind, _scope, _choice, moment in rows
        }

    def _get_time_zone(self):
        """Where the customer most likely lives."""
        partner = self.sudo().partner_id
        zones = time_zones.zones_of(
            partner.dunning_tz,
            partner.tz,
            partner.country_id.code,
            partner.state_id.code,
            self.company_id._dunning_timezone(),
        )
        return zones[0]
