from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .dunning_assignment import QUIET


class DunningEscalationLog(models.Model):
    """A rule of escalation that fired in a case: once, until nothing is overdue.

    What a person has to decide waits here; nothing happens to the customer before.
    """

    _name = "dunning.escalation.log"
    _description = "Escalation"
    _order = "date desc, id desc"
    _rec_name = "escalation_id"
    _check_company_auto = True

    case_id = fields.Many2one(
        "dunning.case", required=True, readonly=True, index=True, ondelete="cascade"
    )
    escalation_id = fields.Many2one(
        "dunning.escalation",
        "Rule",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(related="case_id.partner_id", string="Customer")
    response = fields.Selection(related="escalation_id.response")
    credit_hold = fields.Selection(related="escalation_id.credit_hold")
    date = fields.Date(required=True, readonly=True)
    reached = fields.Integer(readonly=True, help="Reminders, broken promises or days.")
    overdue_amount = fields.Monetary("Overdue", readonly=True, help="On that day.")
    reason = fields.Char("Because", compute="_compute_reason")
    state = fields.Selection(
        [
            ("waiting", "To Decide"),
            ("done", "Done"),
            ("declined", "Declined"),
            ("lapsed", "Lapsed"),
        ],
        required=True,
        readonly=True,
        default="done",
        help="To Decide: a manager confirms or declines.\n"
        "Lapsed: the customer paid what was overdue.",
    )
    decided_by_id = fields.Many2one("res.users", readonly=True, ondelete="restrict")
    activity_id = fields.Many2one(
        "mail.activity", readonly=True, index="btree_not_null", ondelete="set null"
    )

    _once = models.UniqueIndex(
        "(case_id, escalation_id) WHERE state != 'lapsed'",
        "A rule fires once in a case.",
    )
    _waiting_idx = models.Index("(company_id) WHERE state = 'waiting'")

    @api.depends("reached", "escalation_id.trigger")
    @api.depends_context("lang")
    def _compute_reason(self):
        for log in self:
            log.reason = log.escalation_id._get_reason(log.reached)

    def _tell(self, **payload):
        """Append the event of these escalations."""
        responses = dict(
            self.escalation_id._fields["response"]._description_selection(self.env)
        )
        self.env["dunning.event"].create(
            [
                {
                    "company_id": log.company_id.id,
                    "partner_id": log.case_id.partner_id.id,
                    "case_id": log.case_id.id,
                    "kind": "escalated",
                    "note": f"{log.reason} · {responses[log.response]}",
                    "payload": {
                        "escalation_id": log.escalation_id.id,
                        "trigger": log.escalation_id.trigger,
                        "threshold": log.escalation_id.threshold,
                        "reached": log.reached,
                        "overdue": log.overdue_amount,
                        "response": log.response,
                        "state": log.state,
                        **payload,
                    },
                }
                for log in self
            ]
        )

    def _create_tasks(self, summary, user=None):
        """A task per case, in one batch.

        :param user: whose; None = of each case's own worker
        """
        if not self:
            return self.env["mail.activity"]
        workers = self.case_id._get_workers() if user is None else {}
        task_type = self._get_task_type()
        values = [
            {
                "res_model_id": self.env["ir.model"]._get_id("dunning.case"),
                "res_id": log.case_id.id,
                # Each task would read the name of its own case by itself.
                "res_name": log.case_id.display_name,
                "activity_type_id": task_type.id,
                "automated": True,
                "date_deadline": log.company_id._dunning_today(),
                "summary": summary,
                "note": log.reason,
                "user_id": (workers[log.case_id] if user is None else user).id,
            }
            for log in self
        ]
        return self.env["mail.activity"].with_context(**QUIET).create(values)

    @api.model
    def _get_task_type(self):
        """The type of our tasks; Odoo's to-do if somebody deleted it."""
        ours = self.env.ref(
            "dunning_automation.mail_activity_escalation", raise_if_not_found=False
        )
        return ours or self.env.ref("mail.mail_activity_data_todo")

    # === THE END === #

    @api.model
    def _lapse_paid(self, company):
        """Where nothing is overdue any more nobody has to decide, and credit holds that
        a rule set end. What a manager set stays. The rules may fire again."""
        logs = self.search(
            [
                ("company_id", "=", company.id),
                ("state", "in", ("waiting", "done")),
                ("case_id.state", "=", "open"),
                ("case_id.overdue_amount", "<=", 0),
            ]
        )
        logs.filtered(lambda log: log.state == "waiting")._settle("lapsed")
        holds = logs._filter_credit_holds()
        for credit_hold, of_hold in holds.grouped("credit_hold").items():
            debtors = of_hold.case_id.partner_id.with_company(company)
            debtors.filtered(
                lambda debtor, credit_hold=credit_hold: (
                    debtor.dunning_credit_hold == credit_hold
                )
            )._dunning_set_credit_hold("none")
        holds.state = "lapsed"

    def _filter_credit_holds(self):
        """Those that set a credit hold."""
        return self.filtered(
            lambda log: log.state == "done" and log.response == "credit_hold"
        )

    # === DECIDING === #

    def _check_decider(self):
        self.check_access("read")
        if not self.env.user.has_group("dunning_automation.group_manager"):
            raise AccessError(
                self.env._("Only a collections manager decides on escalations.")
            )
        if any(log.state != "waiting" for log in self):
            raise UserError(self.env._("This escalation is decided already."))

    def action_confirm(self):
        """Let happen what the rules say. A hand-over asks for its particulars first."""
        self._check_decider()
        for (rule, _company), logs in self.grouped(
            lambda log: (log.escalation_id, log.company_id)
        ).items():
            if action := rule.sudo()._get_confirmation(logs):
                return action
            getattr(rule.sudo(), f"_respond_{rule.response}")(logs.sudo())
            logs.sudo()._settle("done")
        return None

    def action_decline(self):
        """It does not happen, and the rule does not ask again in this case."""
        self._check_decider()
        self.sudo()._settle("declined")

    def action_open_case(self):
        """Open the case."""
        self.ensure_one()
        return self.case_id._get_records_action()

    def _settle(self, state):
        """The end of waiting: who decided, the event, and the task goes."""
        if not self:
            return
        self.write({"state": state, "decided_by_id": self.env.uid})
        self._tell()
        self.activity_id.unlink()
