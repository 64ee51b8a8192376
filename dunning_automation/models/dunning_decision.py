from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ..fields import FollowingMany2one, UncheckedMany2one
from ..tools.reasons import OUTCOMES, REASONS


class DunningDecision(models.Model):
    """Why an open receivable line is reminded or not, one row per line.

    Written by the planner only, and only where the answer changed; ``since`` is the day
    of that change. The row stays when the line is settled, so that a payment that
    bounces is recognised and opens a new ``cycle``.
    """

    _name = "dunning.decision"
    _description = "Dunning Decision"
    _order = "date_due, id"
    _rec_name = "move_id"
    _log_access = False
    _allow_sudo_commands = False

    move_line_id = FollowingMany2one(
        "account.move.line", required=True, readonly=True, ondelete="cascade"
    )  # Already has an index from the unique constraint.
    # Invoice and company stay as long as the receivable line does.
    move_id = UncheckedMany2one(
        "account.move", "Invoice", required=True, readonly=True, index=True
    )
    company_id = UncheckedMany2one("res.company", required=True, readonly=True)
    partner_id = FollowingMany2one(
        "res.partner",
        "Customer",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    policy_id = UncheckedMany2one("dunning.policy", readonly=True)
    run_id = UncheckedMany2one("dunning.run", readonly=True)
    outcome = fields.Selection(OUTCOMES, required=True, readonly=True)
    reason = fields.Selection(REASONS, required=True, readonly=True)
    cycle = fields.Integer(
        readonly=True, help="Counts fresh starts: a bounced payment opens a new cycle."
    )
    level_id = UncheckedMany2one(
        "dunning.level", "Reached Level", readonly=True, index="btree_not_null"
    )
    next_level_id = UncheckedMany2one("dunning.level", readonly=True)
    next_date = fields.Date(
        readonly=True, help="First day on which the next level may apply."
    )
    floor_delay = fields.Integer(
        readonly=True,
        help="The next level is the first that begins this many days after the due "
        "date, or later. Holds until the line was reminded there. Empty = no floor.",
    )
    since = fields.Date(readonly=True, help="Day on which this answer was first given.")
    date_due = fields.Date("Due Date", readonly=True)
    explanation = fields.Char(compute="_compute_explanation")
    currency_id = fields.Many2one(related="move_line_id.currency_id")
    amount_residual_currency = fields.Monetary(
        "Open Amount", related="move_line_id.amount_residual_currency"
    )

    _move_line_uniq = models.Constraint(
        "UNIQUE(move_line_id)", "There is one decision per open line."
    )

    @api.depends("outcome", "reason", "level_id", "next_level_id", "next_date")
    @api.depends_context("lang")
    def _compute_explanation(self):
        reasons = dict(self._fields["reason"]._description_selection(self.env))
        fates = self._get_notice_fates()
        for decision in self:
            if not decision.amount_residual_currency:
                decision.explanation = self.env._("Nothing is owed any more.")
                continue
            parts = [fates.get(decision) or reasons.get(decision.reason)]
            if decision.level_id:
                parts.append(self.env._("last level: %s", decision.level_id.name))
            if decision.next_level_id and decision.next_date:
                parts.append(
                    self.env._(
                        "%(level)s on %(date)s at the earliest",
                        level=decision.next_level_id.name,
                        date=format_date(self.env, decision.next_date),
                    )
                )
            decision.explanation = "; ".join(parts)

    # === QUICK ACTIONS === #

    def action_new_promise(self):
        """Ask what the customer promised to pay of this item."""
        return self._open_case_dialog("action_new_promise")

    def action_new_dispute(self):
        """Ask what the customer disputes about this item."""
        return self._open_case_dialog("action_new_dispute")

    def action_new_hold(self):
        """Ask why, and until when, nothing shall be said about this item."""
        return self._open_case_dialog("action_new_hold")

    def _open_case_dialog(self, method):
        """The dialog of the case, for this line only."""
        self.ensure_one()
        case = self.env["dunning.case"].search(
            [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("state", "=", "open"),
            ]
        )
        if not case:
            raise UserError(
                self.env._("There is no open case: the next daily run opens it.")
            )
        action = getattr(case, method)()
        context = {
            "default_move_line_ids": [Command.set(self.move_line_id.ids)],
            "default_scope": "lines",  # of a hold
        }
        return action | {"context": action["context"] | context}

    @api.model
    def _resume(self, line_ids, today):
        """What was agreed about these lines did not come true: they go on as their
        policy says. NULL in ``floor_delay`` means that they go on where they stopped.
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE dunning_decision decision
                   SET floor_delay = CASE policy.broken_promise_rule
                       WHEN 'level' THEN (
                            SELECT delay_days
                              FROM dunning_level
                             WHERE id = policy.broken_promise_level_id)
                       WHEN 'next_level' THEN (
                            -- One rung above the next one, if its day has come.
                            SELECT MAX(delay_days)
                              FROM (SELECT delay_days
                                      FROM dunning_level
                                     WHERE policy_id = policy.id
                                       AND delay_days >= 0
                                       AND delay_days > COALESCE(
                                           (SELECT delay_days
                                              FROM dunning_level
                                             WHERE id = decision.level_id), -1)
                                       AND decision.date_due + delay_days
                                           + COALESCE(policy.item_grace_days, 0)
                                           <= %(today)s
                                  ORDER BY delay_days
                                     LIMIT 2) AS rung)
                       END
                  FROM dunning_policy policy
                 WHERE policy.id = decision.policy_id
                   AND decision.move_line_id = ANY(%(lines)s)
                """,
                today=today,
                lines=line_ids,
            )
        )
        self.invalidate_model(["floor_delay"])

    @api.model
    def _forget(self, records):
        """Policies or levels are deleted: no decision may point at them any more."""
        self.flush_model()
        for name, field in self._fields.items():
            if field.store and field.comodel_name == records._name:
                self.env.cr.execute(
                    SQL(
                        "UPDATE dunning_decision SET %(field)s = NULL "
                        "WHERE %(field)s IN %(ids)s",
                        field=SQL.identifier(name),
                        ids=tuple(records.ids) or (0,),
                    )
                )
        self.invalidate_model()

    @api.autovacuum
    def _gc_dangling(self):
        """Rows whose receivable line was deleted just while a run evaluated it."""
        self.env.cr.execute(
            """DELETE FROM dunning_decision decision
                WHERE NOT EXISTS (SELECT FROM account_move_line line
                                   WHERE line.id = decision.move_line_id);
               UPDATE dunning_notice_line listed
                  SET move_line_id = NULL, move_id = NULL
                WHERE move_line_id IS NOT NULL
                  AND NOT EXISTS (SELECT FROM account_move_line line
                                   WHERE line.id = listed.move_line_id)"""
        )
        self.env.invalidate_all()

    def _get_notice_fates(self):
        """What became of the notice that a decision planned: {decision: words}."""
        planned = self.filtered(
            lambda decision: decision.reason in ("level_reached", "in_progress")
        )
        lines = self.env["dunning.notice.line"].search(
            [
                ("move_line_id", "in", planned.move_line_id.ids),
                ("is_step", "=", True),
                ("notice_id.simulation", "=", False),
            ],
            order="id",
        )
        notices = {line.move_line_id: line.notice_id for line in lines}
        words = {
            "planned": self.env._("A notice waits for approval"),
            "ready": self.env._("A notice is on its way"),
            "claimed": self.env._("A notice is on its way"),
            "suppressed": self.env._("The notice was held back, the next run decides"),
            "failed": self.env._(
                "The notice failed: correct it and retry, or cancel it"
            ),
            "unknown": self.env._("It is unknown whether the notice arrived"),
            "cancelled": self.env._("The notice was cancelled"),
        }
        return {
            decision: notice.wait_text
            or words.get(notice.state)
            or self.env._("Reminded on %s", format_date(self.env, notice.date))
            for decision in planned
            if (notice := notices.get(decision.move_line_id))
            and (decision.reason == "level_reached" or notice.wait_text)
        }
