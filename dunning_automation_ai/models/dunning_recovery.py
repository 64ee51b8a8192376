from odoo import fields, models

from ..tools import retry_waits


class DunningRecovery(models.Model):
    _inherit = "dunning.recovery"

    trial_ids = fields.One2many("dunning.trial", "recovery_id", "Chosen by Chance")

    def _choose_retry_at(self):
        """Where the schedule learns how long to wait, one of the moments that it allows
        before its next try, by chance. Caps count for each of them."""
        planned = super()._choose_retry_at()
        schedule = self._get_schedule()
        moments = self._get_retry_moments() if schedule.learn_retry and planned else {}
        if len(moments) < 2:
            return planned
        asked = [(schedule.id, self.partner_id.id, self.partner_id.id, list(moments))]
        arms_sudo = self.env["dunning.arm"].sudo()
        [choice] = arms_sudo._draw(self.company_id, "retry", asked)
        moment = moments[choice.option]
        trials_sudo = self.env["dunning.trial"].sudo()
        trials_sudo._note_retry(self, schedule, choice, planned, moment)
        return moment

    def _get_retry_moments(self):
        """{hours later than planned: moment}, of different moments."""
        plan, number = self._get_schedule()._get_schedule(), len(self._get_tries())
        found = {}
        for hours in retry_waits.HOURS:
            later = retry_waits.later(plan, number, hours)
            moment = later and self._find_retry_at(later)
            if moment and moment not in found.values():
                found[hours] = moment
        return found
