from odoo import api, fields, models
from odoo.exceptions import ValidationError

TONES = [
    ("courtesy", "Courtesy"),
    ("friendly", "Friendly"),
    ("firm", "Firm"),
    ("final", "Final"),
    ("handover", "Hand-over"),
]


class DunningLevel(models.Model):
    """One rung of a policy: when it applies and what happens there.

    A line climbs one rung at a time. It reaches a rung on the later of *due date +
    delay_days* and *last message to the debtor + min_interval_days*. Rungs before the
    due date (negative delay) are courtesies: they lapse on the due date and are never
    made up for.
    """

    _name = "dunning.level"
    _description = "Dunning Level"
    _inherit = ["dunning.level.charge"]
    _order = "policy_id, delay_days, id"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    policy_id = fields.Many2one(
        "dunning.policy", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="policy_id.company_id", store=True
    )  # Stored for security rules.
    currency_id = fields.Many2one(related="policy_id.currency_id")
    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(
        "Rung",
        compute="_compute_sequence",
        help="Position on the ladder, the earliest level first.",
    )
    delay_days = fields.Integer(
        "Days after Due Date",
        required=True,
        help="Days from the due date; negative = before it.",
    )
    min_interval_days = fields.Integer(
        "Minimum Interval (Days)",
        default=7,
        help="Days since the last message to the customer, whatever it was about. The "
        "later of the two dates wins.",
    )
    min_amount = fields.Monetary(
        "Minimum Amount",
        help="Instalments with a smaller open amount, in company currency, do not "
        "reach this level.",
    )
    min_balance = fields.Monetary(
        "Minimum Balance",
        help="What the customer owes overdue under this policy, in company currency, "
        "must be at least this much.",
    )
    min_percentage = fields.Float(
        "Minimum Share (%)",
        help="At least this share of all that the customer owes under this policy must "
        "be overdue.",
    )
    threshold_match = fields.Selection(
        [("all", "All of them"), ("any", "One of them")],
        "Minimums to Pass",
        required=True,
        default="all",
        help="Which of the minimums that are set must be passed. 0 = not set.",
    )
    minimum_ids = fields.One2many(
        "dunning.level.minimum", "level_id", "Minimums per Currency", copy=True
    )
    new_deadline_days = fields.Integer(
        "New Deadline (Days)",
        help="The message asks to pay within this many days. 0 names no deadline.",
    )
    tone = fields.Selection(TONES, required=True, default="friendly")
    requires_review = fields.Boolean(
        "Needs Approval", help="Wait for approval even if the policy is automatic."
    )
    action_ids = fields.One2many("dunning.action", "level_id", "Actions", copy=True)
    taken_over_from = fields.Char(
        readonly=True, copy=False, help="The level of another tool that it was."
    )

    _delay_days_uniq = models.Constraint(
        "UNIQUE(policy_id, delay_days)",
        "Two levels of a policy cannot apply on the same day: change the days of one.",
    )
    _amounts_not_negative = models.Constraint(
        "CHECK(min_amount >= 0 AND min_interval_days >= 0 AND new_deadline_days >= 0)",
        "Minimum amount, minimum interval and new deadline cannot be negative.",
    )
    _min_balance_not_negative = models.Constraint(
        "CHECK(min_balance >= 0)", "The minimum balance is negative."
    )
    _min_percentage_is_share = models.Constraint(
        "CHECK(min_percentage BETWEEN 0 AND 100)",
        "The minimum share is a percentage: enter a number from 0 to 100.",
    )

    @api.depends("policy_id.level_ids.delay_days")
    def _compute_sequence(self):
        for level in self:
            delays = sorted(level.policy_id.level_ids.mapped("delay_days"))
            level.sequence = (
                delays.index(level.delay_days) + 1 if level.delay_days in delays else 0
            )

    @api.depends("name", "delay_days")
    def _compute_display_name(self):
        for level in self:
            level.display_name = f"{level.name} ({level.delay_days:+d})"

    @api.constrains("action_ids", "name")
    def _check_actions(self):
        for level in self:
            if not level.action_ids:
                raise ValidationError(
                    self.env._(
                        "Level “%s” does nothing: add an e-mail or an activity.",
                        level.name,
                    )
                )
            if all(level.action_ids.mapped("is_fallback")):
                raise ValidationError(
                    self.env._(
                        "Level “%s” has fallbacks only, so it would never do anything: "
                        "untick “Only as Fallback” of the action that comes first.",
                        level.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        levels = super().create(vals_list)
        self.env["dunning.wording"]._translate(levels, "name")
        return levels

    def unlink(self):
        self.env["dunning.decision"].sudo()._forget(self)
        return super().unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        used = [("level_id", "in", self.ids)]
        if any(
            self.env[model].sudo().search_count(used, limit=1)
            for model in ("dunning.notice", "dunning.notice.line")
        ):
            raise ValidationError(
                self.env._(
                    "Notices were planned at this level. Archive its policy and make a "
                    "new one instead of deleting history."
                )
            )
        capped = self.env["account.move"].sudo()
        if move := capped.search([("dunning_max_level_id", "in", self.ids)], limit=1):
            raise ValidationError(
                self.env._(
                    "%s may not climb beyond this level. Choose another highest level "
                    "on that invoice first.",
                    move.display_name,
                )
            )

    # === ACTIONS === #

    def action_preview(self):
        """Show what this level says to a real customer."""
        self.ensure_one()
        return self.env["dunning.preview"]._open(level=self)
