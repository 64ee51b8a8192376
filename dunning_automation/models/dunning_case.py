from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..fields import FollowingMany2one, UncheckedMany2one
from ..tools import worklist
from .dunning_exposure import BANDS

KEPT_BY_PLANNER = {
    "broken_promises",
    "company_id",
    "cycle",
    "date_close",
    "date_open",
    "expected_loss",
    "level_id",
    "links_revoked_at",
    "next_action_date",
    "next_promise_date",
    "oldest_due_date",
    "open_amount",
    "open_reply",
    "overdue_amount",
    "partner_id",
    "priority_rank",
    "risk_band",
    "risk_score",
    "state",
}


class DunningCase(models.Model):
    """One collection episode of one debtor in one company.

    Opens with the first line that must be reminded, closes when nothing is owed. The
    amounts and dates are kept by the planner, set-wise, in company currency. What a
    collector does first is kept by ``dunning.worklist``, what a form shows of the
    customer's story is computed by ``dunning.story``.
    """

    _name = "dunning.case"
    _description = "Dunning Case"
    _inherit = [
        "dunning.worklist",
        "dunning.case.account",
        "dunning.case.courtesy",
        "dunning.case.bank",
        "dunning.case.recovery",
        "dunning.case.reply",
        "dunning.case.escalation",
        "dunning.case.handover",
        "dunning.story",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "priority_rank, expected_loss desc, id"
    _check_company_auto = True

    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    # The run that opened it is history and holds its company.
    company_id = UncheckedMany2one(
        "res.company", required=True, readonly=True, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    state = fields.Selection(
        [("open", "Open"), ("closed", "Closed")],
        required=True,
        readonly=True,
        default="open",
    )
    user_id = fields.Many2one(
        "res.users",
        "Collector",
        index=True,
        tracking=True,
        domain="[('share', '=', False)]",
    )
    level_id = FollowingMany2one(
        "dunning.level",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        group_expand="_group_expand_levels",
    )
    cycle = fields.Integer(
        readonly=True, default=1, help="Counts the episodes of this customer."
    )
    date_open = fields.Date("Opened On", readonly=True)
    date_close = fields.Date("Closed On", readonly=True)
    next_action_date = fields.Date(readonly=True)
    overdue_amount = fields.Monetary("Overdue", readonly=True)
    open_amount = fields.Monetary("Open", readonly=True)
    oldest_due_date = fields.Date("Oldest Due", readonly=True)
    risk_score = fields.Float("Risk", readonly=True, aggregator="avg")
    risk_band = fields.Selection(BANDS, readonly=True)
    expected_loss = fields.Monetary(
        "Value at Risk",
        readonly=True,
        default=0.0,
        help="What is overdue, times the customer's risk.",
    )
    next_promise_date = fields.Date("Promised For", readonly=True)
    broken_promises = fields.Integer(readonly=True, aggregator=None)
    open_reply = fields.Boolean("Unread Answer", readonly=True)
    priority_rank = fields.Integer(
        readonly=True,
        default=worklist.REST,
        aggregator=None,
        help="1 promise due or just broken, 2 unread answer, 3 by value at risk, "
        "4 nothing to do at the moment.",
    )
    done_on = fields.Date(
        "Worked On",
        readonly=True,
        help="The last day on which a collector was done with this case.",
    )
    email = fields.Char(related="partner_id.email")
    phone = fields.Char(related="partner_id.phone")
    contact_lang = fields.Char("Language", compute="_compute_contact_lang")
    contact_address = fields.Char(
        related="partner_id.contact_address_inline", string="Address"
    )
    notice_ids = fields.One2many("dunning.notice", "case_id", "Notices")
    escalation_log_ids = fields.One2many(
        "dunning.escalation.log", "case_id", "Escalations"
    )
    event_ids = fields.One2many("dunning.event", "case_id", "Timeline")
    notice_count = fields.Integer(compute="_compute_notice_count")
    call_ids = fields.One2many("dunning.call", "case_id", "Calls")
    call_count = fields.Integer(compute="_compute_call_count")
    needs_contact_repair = fields.Boolean(compute="_compute_needs_contact_repair")
    decision_ids = fields.Many2many(
        "dunning.decision", "Open Items", compute="_compute_decision_ids"
    )
    hold_ids = fields.Many2many("dunning.hold", compute="_compute_agreements")
    promise_ids = fields.Many2many("dunning.promise", compute="_compute_agreements")
    dispute_ids = fields.Many2many("dunning.dispute", compute="_compute_agreements")
    plan_ids = fields.Many2many("dunning.plan", compute="_compute_agreements")
    hold_count = fields.Integer("Holds", compute="_compute_agreements")
    promise_count = fields.Integer("Promises", compute="_compute_agreements")
    dispute_count = fields.Integer("Disputes", compute="_compute_agreements")
    plan_count = fields.Integer("Payment Plans", compute="_compute_agreements")
    hold_explanation = fields.Char(compute="_compute_hold_explanation")

    create_uid = FollowingMany2one(
        "res.users", "Created by", readonly=True, ondelete="set null"
    )
    write_uid = FollowingMany2one(
        "res.users", "Last Updated by", readonly=True, ondelete="set null"
    )

    _open_uniq = models.UniqueIndex(
        "(partner_id, company_id) WHERE state = 'open'",
        "A customer has one open case per company.",
    )
    # Exactly the order of the model, so that the first page of a list reads one page.
    _broken_idx = models.Index(
        "(company_id) WHERE state = 'open' AND broken_promises > 0"
    )
    _worklist_idx = models.Index(
        "(priority_rank, expected_loss DESC, id) WHERE state = 'open'"
    )

    @api.depends("partner_id", "oldest_due_date")
    def _compute_display_name(self):
        for case in self:
            case.display_name = case.partner_id.display_name

    def write(self, vals):
        kept = KEPT_BY_PLANNER & vals.keys()
        if kept and not self.env.su:
            raise AccessError(
                self.env._(
                    "The daily run keeps %s of a case; people assign its collector.",
                    ", ".join(sorted(kept)),
                )
            )
        return super().write(vals)

    def _compute_notice_count(self):
        counts = dict(
            self.env["dunning.notice"]._read_group(
                [("case_id", "in", self.ids)], ["case_id"], ["__count"]
            )
        )
        for case in self:
            case.notice_count = counts.get(case, 0)

    def _compute_call_count(self):
        counts = dict(
            self.env["dunning.call"]._read_group(
                [("case_id", "in", self.ids)], ["case_id"], ["__count"]
            )
        )
        for case in self:
            case.call_count = counts.get(case, 0)

    @api.depends("partner_id.lang")
    def _compute_contact_lang(self):
        """The name of the customer's language, also of one that is not active any more,
        for which Odoo's own selection has no label and the page would break."""
        languages = self.env["res.lang"].sudo().with_context(active_test=False)
        found = languages.search([("code", "in", self.partner_id.mapped("lang"))])
        names = dict(found.mapped(lambda language: (language.code, language.name)))
        for case in self:
            case.contact_lang = names.get(case.partner_id.lang)

    @api.depends("activity_ids")
    def _compute_needs_contact_repair(self):
        for case in self:
            case.needs_contact_repair = bool(case._get_contact_tasks())

    def _compute_decision_ids(self):
        for case in self:
            case.decision_ids = self.env["dunning.decision"].search(
                case._get_open_items_domain()
            )

    def _get_open_items_domain(self):
        self.ensure_one()
        return [
            ("partner_id", "=", self.partner_id.id),
            ("company_id", "=", self.company_id.id),
            ("outcome", "!=", "settled"),
        ]

    def _compute_agreements(self):
        """Of the customer in this company, whichever of his cases they belong to."""
        for name in ("hold", "promise", "dispute", "plan"):
            records = self.env[f"dunning.{name}"].search(
                [
                    ("partner_id", "in", self.partner_id.ids),
                    ("company_id", "in", self.company_id.ids),
                ]
            )
            grouped = records.grouped(lambda row: (row.partner_id, row.company_id))
            for case in self:
                found = grouped.get(
                    (case.partner_id, case.company_id), records.browse()
                )
                case[f"{name}_ids"] = found
                case[f"{name}_count"] = len(found)

    def _compute_hold_explanation(self):
        for case in self:
            holds = case.hold_ids.filtered(lambda hold: hold.state == "active")
            case.hold_explanation = holds._explain()

    @api.model
    def _group_expand_levels(self, levels, domain):
        """Show every rung as a kanban column, so that the ladder is seen."""
        return (levels | levels.policy_id.level_ids).sorted("delay_days")

    def _mail_get_partner_fields(self, introspect_fields=False):
        return ["partner_id"]

    def action_open_notices(self):
        """Open the notices of this case."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_notice_action"
        )
        return action | {"domain": [("case_id", "=", self.id)], "context": {}}

    def action_open_calls(self):
        """Open the calls of this case."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_call_action"
        )
        return action | {"domain": [("case_id", "=", self.id)], "context": {}}

    def action_log_call(self):
        """Ask what came of a call."""
        return self._open_dialog("dunning_automation.dunning_call_new_action")

    def action_repair_contact(self):
        """Ask for what is missing to reach the customer."""
        return self._open_dialog("dunning_automation.dunning_contact_repair_action")

    def _open_dialog(self, xml_id, **defaults):
        """The dialog of a window action for this case; closes the present one when
        there is no such action."""
        self.ensure_one()
        if not self.env.ref(xml_id, raise_if_not_found=False):
            return {"type": "ir.actions.act_window_close"}
        action = self.env["ir.actions.act_window"]._for_xml_id(xml_id)
        context = {f"default_{name}": value for name, value in defaults.items()}
        return action | {"context": {"default_case_id": self.id, **context}}

    def action_open_invoices(self):
        """Open the open invoices of this customer."""
        self.ensure_one()
        decisions = self.env["dunning.decision"].search(self._get_open_items_domain())
        return decisions.move_id._get_records_action(name=self.env._("Open Invoices"))

    def action_export_evidence(self):
        """Download what was said in this case, and the proof."""
        self.ensure_one()
        return self.env["dunning.evidence"]._export(
            company_id=self.company_id.id,
            partner_id=self.partner_id.id,
            case_id=self.id,
        )

    def _open_agreements(self, name):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"dunning_automation.dunning_{name}_action"
        )
        return action | {
            "domain": [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
            ],
            "context": {"default_case_id": self.id},
        }

    def action_open_holds(self):
        """Open the holds of this customer."""
        return self._open_agreements("hold")

    def action_open_promises(self):
        """Open the promises of this customer."""
        return self._open_agreements("promise")

    def action_open_disputes(self):
        """Open the disputes of this customer."""
        return self._open_agreements("dispute")

    def action_open_plans(self):
        """Open the payment plans of this customer."""
        return self._open_agreements("plan")

    # === TASKS === #

    def _get_collector(self, policy):
        """Who works on this case: its collector, else the policy's responsible."""
        self.ensure_one()
        return self._get_present(self.company_id, self.user_id, policy.user_id)

    @api.model
    def _get_present(self, company, *users):
        """The first of ``users`` who still works here, else a manager of collections:
        a task must not wait for somebody who left."""
        for user in users:
            if user.active and not user.share:
                return user
        group = self.env.ref("dunning_automation.group_manager")
        domain = [
            ("all_group_ids", "in", group.id),
            ("company_ids", "in", company.id),
            ("share", "=", False),
        ]
        managers = self.env["res.users"].sudo().search(domain, order="id", limit=1)
        return managers.sudo(False) or users[0]

    @api.model
    def _get_call_activity_type(self):
        """The type of calls; Odoo's to-do if somebody deleted it."""
        call = self.env.ref("mail.mail_activity_data_call", raise_if_not_found=False)
        return call or self.env.ref("mail.mail_activity_data_todo")

    def _get_contact_tasks(self):
        """The open tasks that ask for a better address or number."""
        return self.activity_ids.filtered(
            lambda task: task.activity_type_id == self._get_contact_activity_type()
        )

    def _create_contact_task(self, summary, note, user):
        """Somebody must look how the customer can be reached. One such task per case
        is enough."""
        self.ensure_one()
        if not self._get_contact_tasks():
            self.with_context(mail_activity_quick_update=True).activity_schedule(
                activity_type_id=self._get_contact_activity_type().id,
                date_deadline=self.company_id._dunning_today(),
                summary=summary,
                note=note,
                user_id=self._get_present(self.company_id, user).id,
            )

    def _close_call_tasks(self, feedback):
        """A call was made: the open call tasks of this case are done, also those on
        the customer, where persons have them who may not open cases."""
        self.ensure_one()
        notices = self.env["dunning.notice"].search(
            [("case_id", "=", self.id), ("task_id", "!=", False)]
        )
        tasks = (self.sudo().activity_ids | notices.sudo().task_id).filtered(
            lambda task: task.active and task.activity_type_id.category == "phonecall"
        )
        tasks.action_feedback(feedback=feedback)

    @api.model
    def _get_contact_activity_type(self):
        """The type of our tasks; Odoo's to-do if somebody deleted it."""
        ours = self.env.ref(
            "dunning_automation.mail_activity_contact", raise_if_not_found=False
        )
        return ours or self.env.ref("mail.mail_activity_data_todo")

    def _create_address_task(self, reason, user, reached=False):
        """A person must find an address.

        :param bool reached: the reminder went another way; else nothing can be sent
        """
        self.ensure_one()
        note = self.env._(
            "Overdue invoices of %s cannot be reminded: complete the e-mail address of "
            "the customer, of its dunning contact or of the contact on the invoice.",
            self.partner_id.display_name,
        )
        if reached:
            note = self.env._(
                "%s was reminded another way, because the first one did not work: "
                "complete the contact details, or choose another first way.",
                self.partner_id.display_name,
            )
        reasons = dict(
            self.env["dunning.decision"]
            ._fields["reason"]
            ._description_selection(self.env)
        )
        self.with_context(mail_activity_quick_update=True).activity_schedule(
            activity_type_id=self._get_contact_activity_type().id,
            date_deadline=self.company_id._dunning_today(),
            summary=reasons[reason],
            note=note,
            user_id=self._get_present(self.company_id, self.user_id, user).id,
        )
        self.env["dunning.event"].create(
            {
                "company_id": self.company_id.id,
                "partner_id": self.partner_id.id,
                "case_id": self.id,
                "kind": "address_missing",
                "payload": {"reason": reason},
            }
        )

    def _create_delivery_task(self, notice):
        """A notice failed or nobody knows whether it arrived: a person must look."""
        self._create_contact_task(
            self.env._("A notice could not be sent, or may not have arrived"),
            notice.reason,
            self._get_collector(notice.policy_id),
        )

    def _create_charge_task(self, notice):
        """Charges that a customer was told of could not be booked."""
        self._create_contact_task(
            self.env._("The charges of a reminder could not be booked"),
            notice.charge_error,
            self._get_collector(notice.policy_id),
        )

    # === MERGING CUSTOMERS === #

    @api.model
    def _merge_debtors(self, sources, target):
        """Prepare the merge of customers: one open case per company remains.

        What waits for the merged customers is held back, the next run plans anew.
        """
        debtors = sources | target
        pending = self.env["dunning.notice"].search(
            [
                ("partner_id", "in", debtors.ids),
                ("state", "in", ("planned", "ready")),
                ("simulation", "=", False),
            ]
        )
        pending._set_state("suppressed", self.env._("The customers were merged."))
        cases = self.search([("partner_id", "in", debtors.ids), ("state", "=", "open")])
        for of_company in cases.grouped("company_id").values():
            of_company = of_company.sorted(lambda case: case.partner_id != target)
            of_company[1:].write(
                {
                    "state": "closed",
                    "date_close": of_company.company_id._dunning_today(),
                }
            )
            of_company[:1]._take_over_agreements(of_company[1:])

    def _take_over_agreements(self, closed):
        """What still lasts goes on in this case."""
        for name, states in (
            ("hold", ("active",)),
            ("promise", ("open",)),
            ("dispute", ("open", "accepted")),
            ("plan", ("draft", "to_approve", "active")),
        ):
            self.env[f"dunning.{name}"].sudo().search(
                [("case_id", "in", closed.ids), ("state", "in", states)]
            ).write({"case_id": self.id})
