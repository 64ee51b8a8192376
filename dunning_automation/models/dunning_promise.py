from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date

from ..tools import promises


class DunningPromise(models.Model):
    """A customer promised to pay an amount until a day.

    Its lines are not reminded until that day and the days of tolerance are over. The
    ledger decides what became of it, see ``tools/promises.py``: payments, credit notes
    and write-offs count by their value date. A promise that is not kept in full lets
    the sequence go on as the policy says and counts against the debtor.

    A payment that bounces after a promise was kept changes nothing here: the lines are
    open again and open a new cycle, whose story the timeline tells.
    """

    _name = "dunning.promise"
    _inherit = "dunning.agreement"
    _description = "Promise to Pay"
    _order = "date desc, id desc"

    _hold_kind = "promise"
    _editable = frozenset({"note", "user_id"})

    state = fields.Selection(
        [
            ("open", "Open"),
            ("kept", "Kept"),
            ("partial", "Partially Kept"),
            ("broken", "Broken"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        default="open",
        copy=False,
        tracking=True,
    )
    date = fields.Date(
        "Pays Until",
        required=True,
        tracking=True,
        default=lambda self: self.env.company._dunning_today() + timedelta(days=7),
    )
    tolerance_days = fields.Integer(
        default=lambda self: self.env.company.dunning_promise_tolerance_days,
        help="So many days after the date the promise still counts as kept, because "
        "banks take their time.",
    )
    deadline = fields.Date(
        "Decided After",
        compute="_compute_deadline",
        store=True,
        help="Last day on which the payment keeps the promise.",
    )
    paid = fields.Monetary(readonly=True, copy=False, help="Paid when it was decided.")
    date_decided = fields.Date("Decided On", readonly=True, copy=False)
    previous_id = fields.Many2one(
        "dunning.promise",
        "Replaces",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    number = fields.Integer(
        "Promised Times",
        readonly=True,
        copy=False,
        default=1,
        help="Counts how often these items were promised without being paid.",
    )

    _undecided_idx = models.Index("(company_id, deadline) WHERE state = 'open'")
    _tolerance_not_negative = models.Constraint(
        "CHECK(tolerance_days >= 0)", "The days of tolerance cannot be negative."
    )

    @api.depends("date", "tolerance_days")
    def _compute_deadline(self):
        for promise in self:
            promise.deadline = promise.date and promise.date + timedelta(
                days=promise.tolerance_days
            )

    # === ENTRY === #

    @api.constrains("date", "amount", "move_line_ids", "company_id")
    def _check_entry(self):
        for promise in self:
            today = promise.company_id._dunning_today()
            if promise.date < today:
                raise ValidationError(
                    self.env._(
                        "The promise is for %s, which is over: enter today or a later "
                        "day, or register the payment.",
                        format_date(self.env, promise.date),
                    )
                )
            promise._check_amount(
                self.env._("Enter the amount that the customer promised to pay."),
                self.env._(
                    "The promise is above what these items owe (%s): lower it, or name "
                    "more items."
                ),
            )

    @api.model_create_multi
    def create(self, vals_list):
        made = super().create(vals_list)
        made._remember_ledger()
        for promise in made:
            promise._replace_open()
            promise._set_hold(promise.deadline)
            promise._tell(
                "promise_made",
                promise.note or None,
                date=fields.Date.to_string(promise.date),
                number=promise.number,
            )
        return made

    def _replace_open(self):
        """A new promise on the same items takes the place of the open one."""
        replaced = self.sudo().search(
            [
                ("state", "=", "open"),
                ("move_line_ids", "in", self.move_line_ids.ids),
                ("id", "!=", self.id),
            ]
        )
        if not replaced:
            return
        self.sudo().write(
            {
                "previous_id": replaced[0].id,
                "number": max(replaced.mapped("number")) + 1,
            }
        )
        replaced._end(
            "cancelled",
            self.env._(
                "Replaced by a promise for %s", format_date(self.env, self.date)
            ),
        )

    # === DECISION === #

    def action_cancel(self):
        """The promise was a mistake, or the customer took it back."""
        self.check_access("write")
        self.sudo().filtered(lambda promise: promise.state == "open")._end("cancelled")

    def action_settle(self):
        """Ask the ledger now."""
        self.check_access("write")
        self.sudo().filtered(lambda promise: promise.state == "open")._settle()

    def action_send(self):
        """Write to the customer what was noted."""
        return self._open_composer("dunning_automation.mail_template_promise")

    @api.model
    def _search_undecided(self, company):
        """Most open promises have time left and nothing was paid: the hold's own check
        at each booking sees those that are paid early."""
        return super()._search_undecided(company)

    def _settle(self):
        if not self:
            return
        ledger, credits = self._read_ledger(), self._read_open_credits()
        for promise in self:
            row = ledger[promise.id]
            if not row["lines"]:
                promise._end("cancelled", self.env._("Its items are gone."))
                continue
            paid = promises.paid_since(promise.baseline, row["residual"])
            state = promises.decide(
                promise.company_id._dunning_today(),
                promise.deadline,
                promise.amount,
                paid,
                promise.currency_id.rounding,
                row["late"],
                max(promise._get_credit(credits) - promise.baseline_credit, 0.0),
            )
            if state != promise.state:
                promise._end(state, paid=paid)

    def _end(self, state, note=None, paid=0.0):
        """The one door out of ``open``."""
        kinds = {
            "kept": "promise_kept",
            "partial": "promise_partially_kept",
            "broken": "promise_broken",
            "cancelled": "promise_cancelled",
        }
        for promise in self.sudo():
            promise.write(
                {
                    "state": state,
                    "paid": paid,
                    "date_decided": promise.company_id._dunning_today(),
                }
            )
            promise._tell(kinds[state], note, paid=paid)
            promise.hold_id._release()
            promise.activity_ids.filtered("automated").unlink()
            if state in ("partial", "broken"):
                promise._resume_sequence()

    @api.model
    def _prepare_renewal(self, promise):
        """Values of a new promise for what is still owed of ``promise``."""
        return {
            "default_case_id": promise.case_id.id,
            "default_partner_id": promise.partner_id.id,
            "default_move_line_ids": [Command.set(promise.move_line_ids.ids)],
        }

    def action_renew(self):
        """Note a new promise for the same items."""
        self.ensure_one()
        return self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_promise_new_action"
        ) | {"context": self._prepare_renewal(self)}
