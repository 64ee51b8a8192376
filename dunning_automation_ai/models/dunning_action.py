from odoo import models

from odoo.addons.dunning_automation.models.dunning_planner import LONGEST_CHAIN
from odoo.addons.dunning_automation.tools.channels import UNHEARD


class DunningAction(models.Model):
    _inherit = "dunning.action"

    def _get_alternatives(self):
        """This action and its fallbacks, as far as the customer hears of them: any of
        them may be the first to be tried. None where a letter must be a letter."""
        self.ensure_one()
        found, action = self.browse(), self
        while action and action not in found and len(found) < LONGEST_CHAIN:
            found |= action
            action = action.fallback_id
        if self.is_fallback or self.channel in UNHEARD:
            return self.browse()
        return found.filtered(
            lambda it: it.channel == "letter" or it.channel not in UNHEARD
        )

    def _choose_variant(self, notices):
        """Where the policy learns which text works, by chance; noted as trials."""
        chosen = super()._choose_variant(notices)
        if not self.level_id.policy_id.learn_variant:
            return chosen
        fitting = self._get_fitting_variants(notices)
        for company, mine in (
            notices.filtered(lambda notice: len(fitting.get(notice, ())) > 1)
            .grouped("company_id")
            .items()
        ):
            asked = [
                (
                    self.id,
                    it.debtor_key or it.partner_id.id,
                    it.partner_id.id,
                    fitting[it].ids,
                )
                for it in mine
            ]
            arms_sudo = self.env["dunning.arm"].sudo()
            choices = arms_sudo._draw(company, "variant", asked)
            rows = []
            for notice, choice in zip(mine, choices, strict=True):
                chosen[notice] = fitting[notice].browse(choice.option)
                rows.append((notice, "variant", self.id, choice, None))
            self.env["dunning.trial"].sudo()._note(rows)
        return chosen
