from odoo import api, fields, models
from odoo.tools import format_list

from ..tools import ready_policies
from ..tools.ready_policies import READY_POLICIES

STEP = 10


class DunningPolicyChoice(models.TransientModel):
    """Makes a policy of one of the ready-made ones, and touches no other.

    It is placed where it applies: one for some customers before all others, one for
    everybody before the one that is for everybody now.
    """

    _name = "dunning.policy.choice"
    _description = "New Policy from a Template"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    template = fields.Selection(
        "_select_template", required=True, default="business_gentle"
    )
    cards = fields.Json(compute="_compute_cards")
    name = fields.Char(
        compute="_compute_name",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    has_tag = fields.Boolean(compute="_compute_has_tag")
    category_id = fields.Many2one(
        "res.partner.category",
        "Customers with the Tag",
        compute="_compute_name",
        store=True,
        readonly=False,
        precompute=True,
        help="Leave it empty to choose the policy on each customer instead.",
    )
    effect = fields.Text("What Changes", compute="_compute_effect")

    @api.model
    def _select_template(self):
        return [
            (code, self.env._(policy["name"]))
            for code, policy in READY_POLICIES.items()
        ]

    @api.depends_context("lang")
    def _compute_cards(self):
        cards = [self._prepare_card(code) for code in READY_POLICIES]
        for choice in self:
            choice.cards = cards

    def _prepare_card(self, code):
        card = ready_policies.describe(code)
        channels = self.env["dunning.action"]._fields["channel"]
        labels = dict(channels._description_selection(self.env))
        return card | {
            "name": self.env._(card["name"]),
            "summary": self.env._(card["summary"]),
            "rungs": [
                rung
                | {
                    "name": self.env._(rung["name"]),
                    "words": format_list(
                        self.env,
                        [labels[channel] for channel in rung["channels"]],
                        style="or" if rung["is_choice"] else "standard",
                    ),
                }
                for rung in card["rungs"]
            ],
        }

    @api.depends("template")
    def _compute_name(self):
        for choice in self:
            policy = READY_POLICIES.get(choice.template, {})
            name, tag = policy.get("name"), policy.get("tag")
            choice.name = self.env._(name) if name is not None else False
            choice.category_id = tag is not None and self._find_tag(self.env._(tag))

    @api.depends("template")
    def _compute_has_tag(self):
        for choice in self:
            choice.has_tag = "tag" in READY_POLICIES.get(choice.template, {})

    @api.model
    def _find_tag(self, name):
        return self.env["res.partner.category"].search([("name", "=", name)], limit=1)

    @api.depends("template", "category_id", "company_id")
    @api.depends_context("lang")
    def _compute_effect(self):
        for choice in self:
            choice.effect = choice.template and choice._explain()

    # === PLACE === #

    def _get_partner_domain(self):
        if self.has_tag and self.category_id:
            return f"[('category_id', 'in', {self.category_id.ids})]"
        return READY_POLICIES[self.template].get("partner_domain", "[]")

    def _search_others(self):
        """The policies of the company as they come."""
        return self.env["dunning.policy"].search(
            [("company_id", "=", self.company_id.id)]
        )

    def _get_place(self):
        """(sequence, policies behind it that apply to nobody by themselves then)."""
        others = self._search_others()
        nobody = others.browse()
        last = max(others.mapped("sequence"), default=0) + STEP
        if self._get_partner_domain() != "[]":
            return min(others.mapped("sequence"), default=STEP) - STEP, nobody
        if self.has_tag:
            return last, nobody
        general = others.filtered(lambda policy: policy._is_general())[:1]
        if not general:
            return last, nobody
        sequence = general.sequence - 1
        behind = others.filtered(lambda policy: policy.sequence > sequence)
        return sequence, behind.filtered(lambda policy: not policy.hidden_by_id)

    def _explain(self):
        _sequence, hidden = self._get_place()
        if hidden:
            return self.env._(
                "Applies to all customers that no earlier policy fits. From now on "
                "%(policies)s applies only to customers for whom it was chosen. It is "
                "kept as it is.",
                policies=[f"“{name}”" for name in hidden.mapped("name")],
            )
        if self._get_partner_domain() != "[]":
            return self.env._(
                "Comes first: it applies to these customers, your other policies to "
                "everybody else."
            )
        if self.has_tag:
            return self.env._(
                "Without a tag it comes last: choose it on each customer it is meant "
                "for."
            )
        return self.env._("Applies to all customers that no other policy fits.")

    # === ACTIONS === #

    def action_create_policy(self):
        """Make the policy, in review, and open it."""
        self.ensure_one()
        policy = self.env["dunning.policy"].create(self._prepare_policy_values())
        self._link_letters(policy)
        policy.invalidate_model(["hidden_by_id"])  # It was asked about before.
        return policy._get_records_action(name=policy.name)

    def _prepare_policy_values(self):
        policies = self.env["dunning.policy"].with_company(self.company_id)
        sequence, _hidden = self._get_place()
        return {
            "name": self.name,
            "company_id": self.company_id.id,
            "sequence": sequence,
            "mode": "review",
            "partner_domain": self._get_partner_domain(),
            "level_ids": policies._prepare_level_commands(
                READY_POLICIES[self.template]["levels"]
            ),
            **ready_policies.get_defaults(self.template),
        }

    def _link_letters(self, policy):
        """Where a rung says so, a letter goes to those whom no e-mail reaches."""
        rungs = {
            rung["delay_days"]
            for rung in READY_POLICIES[self.template]["levels"]
            if rung.get("else_letter")
        }
        for level in policy.level_ids:
            if level.delay_days in rungs:
                by_channel = level.action_ids.grouped("channel")
                by_channel["letter"].is_fallback = True
                by_channel["email"].fallback_id = by_channel["letter"]
