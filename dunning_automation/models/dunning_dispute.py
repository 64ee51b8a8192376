from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

ESCALATION_DAYS = 14
"""The hold outlives the deadline by so many days: time for whom it is escalated to."""


class DunningDispute(models.Model):
    """A customer contests some of his invoices: these, and only these, pause.

    Accepted, it makes a draft credit note; the hold stays until that is posted, or
    until its last day. Rejected, reminders go on as the policy says. A dispute that
    nobody resolves until its deadline is escalated to the policy's responsible, who has
    two weeks before the hold ends by itself: a dispute is no way to stop a debt for
    ever.
    """

    _name = "dunning.dispute"
    _inherit = "dunning.agreement"
    _description = "Dispute"

    _hold_kind = "dispute"
    _open_states = ("open", "accepted")
    _editable = frozenset({"description", "note", "user_id", "deadline", "reason_id"})

    state = fields.Selection(
        [("open", "Open"), ("accepted", "Accepted"), ("rejected", "Rejected")],
        required=True,
        readonly=True,
        default="open",
        copy=False,
        tracking=True,
    )
    reason_id = fields.Many2one(
        "dunning.dispute.reason",
        required=True,
        index=True,
        ondelete="restrict",
        tracking=True,
        default=lambda self: self.env["dunning.dispute.reason"].search([], limit=1),
    )
    description = fields.Text(help="What the customer says.")
    deadline = fields.Date(
        "Resolve Until",
        compute="_compute_deadline",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        tracking=True,
    )
    date_resolved = fields.Date("Resolved On", readonly=True, copy=False)
    refund_ids = fields.Many2many(
        "account.move",
        "dunning_dispute_refund_rel",
        "dispute_id",
        "move_id",
        string="Credit Notes",
        readonly=True,
        copy=False,
    )
    refund_count = fields.Integer(compute="_compute_refund_count")

    _open_idx = models.Index("(company_id, deadline) WHERE state = 'open'")

    @api.depends("reason_id")
    def _compute_deadline(self):
        for dispute in self:
            days = dispute.reason_id.default_days or 14
            today = (dispute.company_id or self.env.company)._dunning_today()
            dispute.deadline = today + timedelta(days=days)

    @api.depends("refund_ids")
    def _compute_refund_count(self):
        for dispute in self:
            dispute.refund_count = len(dispute.refund_ids)

    # === ENTRY === #

    @api.constrains("amount", "move_line_ids")
    def _check_entry(self):
        for dispute in self:
            dispute._check_amount(
                self.env._("Enter the amount that the customer contests."),
                self.env._(
                    "The disputed amount is above what these items owe (%s): lower it, "
                    "or name more items."
                ),
            )

    @api.constrains("deadline")
    def _check_deadline(self):
        for dispute in self.filtered(lambda dispute: dispute.state == "open"):
            if dispute.deadline < dispute.company_id._dunning_today():
                raise ValidationError(
                    self.env._(
                        "The dispute cannot be resolved until %s any more: enter today "
                        "or a later day.",
                        format_date(self.env, dispute.deadline),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        made = super().create(vals_list)
        made._remember_ledger()
        for dispute in made:
            dispute._set_hold(dispute._get_hold_end())
            dispute._tell(
                "dispute_opened",
                dispute.description or dispute.reason_id.name,
                reason_id=dispute.reason_id.id,
                deadline=fields.Date.to_string(dispute.deadline),
            )
            dispute._assign()
        return made

    def write(self, vals):
        result = super().write(vals)
        for dispute in self.filtered(lambda dispute: dispute.state == "open"):
            if "deadline" in vals:
                dispute._set_hold(dispute._get_hold_end())
            if "user_id" in vals or "deadline" in vals:
                dispute._assign()
        return result

    def _get_hold_end(self):
        return self.deadline + timedelta(days=ESCALATION_DAYS)

    def _assign(self):
        """The assignee has one task, until the deadline."""
        self.activity_ids.filtered("automated").sudo().unlink()
        self._create_task(
            self.env._("Resolve the dispute: %s", self.reason_id.name),
            self._get_collector(),
            self.deadline,
            self.description,
        )

    # === RESOLUTION === #

    def _check_open(self):
        self.check_access("write")
        if any(dispute.state != "open" for dispute in self):
            raise UserError(self.env._("This dispute is resolved already."))

    def action_accept(self):
        """The customer is right: draft the credit note, hold until it is posted."""
        self.ensure_one()
        self._check_open()
        if self.currency_id.compare_amounts(self._get_debt(), self.amount) < 0:
            raise UserError(
                self.env._(
                    "These items owe less than the disputed amount by now: make the "
                    "credit note on the invoice itself, and reject the dispute with a "
                    "note."
                )
            )
        refunds = self.env["dunning.refund"]._draft(
            self.move_line_ids, self.amount, self.reason_id.name
        )
        self.sudo().refund_ids = [(6, 0, refunds.ids)]
        self._resolve("accepted", refunds=refunds.ids)
        return self.action_open_refunds()

    def action_reject(self):
        """The customer is wrong: reminders go on as the policy says."""
        self._check_open()
        for dispute in self:
            dispute._resolve("rejected", dispute.note or None)
            dispute.sudo().hold_id._release()
            dispute._resume_sequence()

    def _resolve(self, state, note=None, **payload):
        """The one door out of ``open``."""
        self.sudo().write(
            {"state": state, "date_resolved": self.company_id._dunning_today()}
        )
        self._tell(f"dispute_{state}", note, **payload)
        self.activity_ids.filtered("automated").sudo().unlink()

    def action_open_refunds(self):
        """Open the credit notes of these disputes."""
        return self.refund_ids._get_records_action(name=self.env._("Credit Notes"))

    # === THE LEDGER AND THE CALENDAR === #

    @api.model
    def _search_undecided(self, company):
        """Open ones past their deadline, accepted ones whose hold still waits."""
        return self.search(
            [
                ("company_id", "=", company.id),
                "|",
                "&",
                ("state", "=", "open"),
                ("deadline", "<", company._dunning_today()),
                "&",
                ("state", "=", "accepted"),
                ("hold_id.state", "=", "active"),
            ]
        )

    def _settle(self):
        for dispute in self:
            if dispute.state == "accepted":
                dispute._release_refunded()
            elif dispute.deadline < dispute.company_id._dunning_today():
                dispute._escalate()

    def _release_refunded(self):
        """The credit notes are booked, or were given up: nothing to wait for."""
        if all(refund.state != "draft" for refund in self.refund_ids):
            self.hold_id._release(self.env._("The credit note is booked."))

    def _escalate(self):
        self._create_task(
            self.env._("A dispute is not resolved in time"),
            self._get_responsible(),
            note=self.description,
        )

    def _erase_personal(self):
        self.write({"description": False})
        return super()._erase_personal()
