from odoo import fields, models

from ..tools.send_hours import HOURS

BY_RISK = ("dunning_risk_band", "dunning_risk_score")
"""Fields of customers in the domain of a policy."""


class DunningPolicy(models.Model):
    _inherit = "dunning.policy"

    learn_variant = fields.Boolean(
        "Learn Which Text Works",
        help="Where an action has several variants that fit, the one that is paid on "
        "most often is sent more and more. One of ten messages is left to chance. "
        "The weights of the variants do not count then.",
    )
    learn_channel = fields.Boolean(
        "Learn Which Channel Works",
        help="Where an action has a fallback that reaches the customer, it may be "
        "tried first. Letters stay letters, and what the customer asked for stays.",
    )
    learn_hour = fields.Boolean(
        "Learn Which Hour Works",
        help="Messages leave at 8, 10, 13 or 16 o'clock of the customer, within what "
        "courtesy allows, more and more often at the one that works.",
    )

    def _asks_for_risk(self):
        """Whether one of these policies depends on the risk of customers."""
        return any(self.level_ids.mapped("min_risk_band")) or any(
            name in (policy.partner_domain or "") for policy in self for name in BY_RISK
        )

    def _choose_hours(self):
        return super()._choose_hours() or any(self.mapped("learn_hour"))

    def _get_learnt_options(self):
        """{(kind, scope): (its name, [options])} of all that these policies learn,
        where there is a choice."""
        found = {}
        for policy in self:
            for action in policy.level_ids.action_ids:
                name = f"{policy.name} · {action.level_id.name} · {action.display_name}"
                if policy.learn_variant:
                    found["variant", action.id] = name, action.variant_ids.ids
                if policy.learn_channel:
                    found["channel", action.id] = name, action._get_alternatives().ids
            if policy.learn_hour:
                found["hour", policy.id] = policy.name, list(HOURS)
        return {key: choice for key, choice in found.items() if len(choice[1]) > 1}
