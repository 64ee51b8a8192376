from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.base.models.res_partner import _tz_get

from ..tools import promises, risk, time_zones
from ..tools.notice_states import PENDING
from .dunning_exposure import BANDS

READERS = "account.group_account_invoice,account.group_account_readonly"
CREDIT_HOLDS = [
    ("none", "None"),
    ("warn", "Warn on new orders"),
    ("block", "Block new orders"),
]
"""From the mildest to the hardest."""


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "dunning.finding.mixin"]

    dunning_policy_id = fields.Many2one(
        "dunning.policy",
        company_dependent=True,
        check_company=True,
        copy=False,
        groups=READERS,
        help="Wins over the policies that would fit by their filters.",
    )
    dunning_user_id = fields.Many2one(
        "res.users",
        "Collector",
        company_dependent=True,
        copy=False,
        groups=READERS,
        domain="[('share', '=', False)]",
    )
    dunning_contact_id = fields.Many2one(
        "res.partner",
        domain="[('id', 'child_of', commercial_partner_id), ('id', '!=', id)]",
        copy=False,
        groups=READERS,
        index="btree_not_null",
        help="Gets the reminders of invoices that name no contact of their own.",
    )
    dunning_bounced_email = fields.Char(
        "Came Back From",
        copy=False,
        groups=READERS,
        index="btree_not_null",
        help="Messages to this address came back. It is not written to any more, until "
        "the address changes, somebody writes from it, or a person confirms it.",
    )
    dunning_tz = fields.Selection(
        _tz_get,
        "Time Zone for Reminders",
        copy=False,
        groups=READERS,
        help="For quiet hours. Empty = found by country and state. Odoo's own time "
        "zone of a contact is that of the user who created it.",
    )
    dunning_channel = fields.Selection(
        lambda self: self.env["dunning.account.preference"]._get_channels(),
        "Preferred Channel",
        copy=False,
        groups=READERS,
        help="Used instead of the main action of a level where that action falls back "
        "on this channel; never instead of a letter or an internal step.",
    )
    dunning_optout_ids = fields.Many2many(
        "dunning.optout",
        string="Opt-outs",
        compute="_compute_dunning_optouts",
        groups=READERS,
        help="What this customer, and the owners of his addresses, do not want.",
    )
    dunning_credit_hold = fields.Selection(
        CREDIT_HOLDS,
        "Credit Hold",
        company_dependent=True,
        copy=False,
        groups=READERS,
        help="What salespeople meet when they sell to this customer. Ends by itself "
        "when nothing is owed any more.",
    )
    dunning_case_ids = fields.One2many(
        "dunning.case", "partner_id", "Cases", groups=READERS
    )
    dunning_decision_ids = fields.One2many(
        "dunning.decision", "partner_id", "Decisions", groups=READERS
    )
    dunning_case_id = fields.Many2one(
        "dunning.case", compute="_compute_dunning_case", groups=READERS
    )
    dunning_overdue_amount = fields.Monetary(
        "Overdue",
        compute="_compute_dunning_exposure",
        groups=READERS,
        currency_field="currency_id",
        help="Open receivables past their due date, in company currency, credits not "
        "set off.",
    )
    dunning_explanation = fields.Text(
        "Why (Not) Reminded", compute="_compute_dunning_explanation", groups=READERS
    )
    dunning_event_ids = fields.Many2many(
        "dunning.event", compute="_compute_dunning_case", groups=READERS
    )
    dunning_risk_score = fields.Float(
        "Payment Risk",
        compute="_compute_dunning_risk",
        search="_search_dunning_risk_score",
        groups=READERS,
        help="How likely overdue money stays out, 0 to 1; of the current company.",
    )
    dunning_risk_band = fields.Selection(
        BANDS,
        "Risk Band",
        compute="_compute_dunning_risk",
        search="_search_dunning_risk_band",
        groups=READERS,
    )
    dunning_risk_reasons = fields.Char(
        "Risk Reasons", compute="_compute_dunning_risk", groups=READERS
    )
    dunning_notice_count = fields.Integer(
        compute="_compute_dunning_case", groups=READERS
    )
    dunning_hold_ids = fields.Many2many(
        "dunning.hold",
        string="Holds",
        compute="_compute_dunning_holds",
        groups=READERS,
        help="What stops reminders to this customer, or of single invoices, today.",
    )
    dunning_hold_explanation = fields.Char(
        "On Hold", compute="_compute_dunning_holds", groups=READERS
    )
    dunning_broken_promises = fields.Integer(
        "Broken Promises",
        compute="_compute_dunning_promises",
        groups=READERS,
        help="Promises broken or kept in part only, and broken payment plans.",
    )
    dunning_promise_kept_rate = fields.Float(
        "Promises Kept",
        compute="_compute_dunning_promises",
        groups=READERS,
        help="Share of the decided promises that were kept in full and in time.",
    )

    @api.constrains("dunning_tz")
    def _check_dunning_tz(self):
        for partner in self.sudo():
            if partner.dunning_tz and not time_zones.is_zone(partner.dunning_tz):
                raise ValidationError(
                    self.env._(
                        "There is no time zone “%s”: choose one like Europe/Paris.",
                        partner.dunning_tz,
                    )
                )

    @api.depends_context("company")
    def _compute_dunning_case(self):
        debtors = self.commercial_partner_id
        company = self.env.company
        domain = [("partner_id", "in", debtors.ids), ("company_id", "=", company.id)]
        cases = self.env["dunning.case"].search(domain, order="state desc, id desc")
        cases_by_debtor = cases.grouped("partner_id")
        notices = dict(
            self.env["dunning.notice"]._read_group(domain, ["partner_id"], ["__count"])
        )
        for partner in self:
            debtor = partner.commercial_partner_id
            found = cases_by_debtor.get(debtor, cases.browse())
            partner.dunning_case_id = found[:1]
            partner.dunning_event_ids = found.event_ids
            partner.dunning_notice_count = notices.get(debtor, 0)

    @api.depends_context("company")
    def _compute_dunning_exposure(self):
        today = self.env.company._dunning_today()
        domain = Domain(
            [
                ("partner_id", "child_of", self.commercial_partner_id.ids),
                ("company_id", "=", self.env.company.id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("amount_residual", ">", 0),
            ]
        ) & (
            Domain("date_maturity", "<", today)
            | Domain("date_maturity", "=", False) & Domain("date", "<", today)
        )
        overdue = {}
        for partner, amount in self.env["account.move.line"]._read_group(
            domain, ["partner_id"], ["amount_residual:sum"]
        ):
            debtor = partner.commercial_partner_id
            overdue[debtor] = overdue.get(debtor, 0.0) + amount
        for partner in self:
            partner.dunning_overdue_amount = overdue.get(
                partner.commercial_partner_id, 0.0
            )

    @api.depends_context("company")
    def _compute_dunning_optouts(self):
        for debtor, partners in self.grouped("commercial_partner_id").items():
            optouts = self.env["dunning.optout"]
            partners.dunning_optout_ids = debtor and optouts._search_of(debtor)

    def action_dunning_new_optout(self):
        """Ask on which channel this customer does not want to hear from us."""
        self.ensure_one()
        return self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_optout_new_action"
        ) | {"context": {"default_partner_id": self.commercial_partner_id.id}}

    # === RISK === #

    @api.depends_context("company", "lang")
    def _compute_dunning_risk(self):
        exposures = self.env["dunning.exposure"]._search_of(self, self.env.company)
        for partner in self:
            exposure = exposures.get(partner.commercial_partner_id)
            partner.dunning_risk_score = exposure.score if exposure else 0.0
            partner.dunning_risk_band = exposure.band if exposure else False
            partner.dunning_risk_reasons = exposure._get_words() if exposure else False

    def _search_dunning_risk_score(self, operator, value):
        return self._search_by_exposure("score", operator, value)

    def _search_dunning_risk_band(self, operator, value):
        return self._search_by_exposure("band", operator, value)

    @api.model
    def _search_by_exposure(self, field_name, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        exposures = self.env["dunning.exposure"]._search(
            [("company_id", "=", self.env.company.id), (field_name, operator, value)]
        )
        debtors = exposures.subselect("partner_id")
        found = Domain("commercial_partner_id", "in", debtors)
        if operator == "in" and False in value:
            known = self.env["dunning.exposure"]._search(
                [("company_id", "=", self.env.company.id)]
            )
            found |= Domain(
                "commercial_partner_id", "not in", known.subselect("partner_id")
            )
        return found

    @api.model
    def _dunning_compute_risk(self, company):
        """Rate the debtors with an open case in ``company`` by ``tools/risk.py``.

        Set-based: the number of queries does not depend on theirs. An addon that knows
        better overrides this and calls ``dunning.exposure._store``.
        """
        exposure_sudo = self.env["dunning.exposure"].sudo()
        today = company._dunning_today()
        histories, base = exposure_sudo._read_histories(company, today)
        exposure_sudo._store(
            company,
            today,
            [
                (partner_id, risk.score(history, base), risk.reasons(history, base))
                for partner_id, history in histories
            ],
        )
        self.invalidate_model(
            ["dunning_risk_score", "dunning_risk_band", "dunning_risk_reasons"]
        )

    @api.depends_context("company", "lang")
    def _compute_dunning_holds(self):
        holds = self.env["dunning.hold"]._search_stopping(
            self.commercial_partner_id, self.env.company
        )
        by_debtor = holds.grouped("partner_id")
        for partner in self:
            found = by_debtor.get(partner.commercial_partner_id, holds.browse())
            partner.dunning_hold_ids = found
            partner.dunning_hold_explanation = found._explain()

    @api.depends_context("company")
    def _compute_dunning_promises(self):
        domain = [
            ("partner_id", "in", self.commercial_partner_id.ids),
            ("company_id", "=", self.env.company.id),
        ]
        promised = {
            (debtor, state): count
            for debtor, state, count in self.env["dunning.promise"]._read_group(
                domain, ["partner_id", "state"], ["__count"]
            )
        }
        plans = dict(
            self.env["dunning.plan"]._read_group(
                [*domain, ("state", "=", "broken")], ["partner_id"], ["__count"]
            )
        )
        for partner in self:
            debtor = partner.commercial_partner_id
            kept, partial, broken = (
                promised.get((debtor, state), 0)
                for state in ("kept", "partial", "broken")
            )
            partner.dunning_broken_promises = partial + broken + plans.get(debtor, 0)
            partner.dunning_promise_kept_rate = (
                promises.kept_rate(kept, partial, broken) or 0.0
            )

    @api.depends_context("company", "lang")
    def _compute_dunning_explanation(self):
        for partner in self:
            partner.dunning_explanation = partner._get_dunning_explanation()

    def _get_dunning_explanation(self):
        """The open items of the debtor, grouped by answer: “INV/1, INV/2: reason”."""
        self.ensure_one()
        decisions = self.env["dunning.decision"].search(
            [
                ("partner_id", "=", self.commercial_partner_id.id),
                ("company_id", "=", self.env.company.id),
                ("outcome", "!=", "settled"),
            ]
        )
        if not decisions:
            return self.env._("No open item was evaluated: nothing to remind of.")
        return "\n".join(
            f"{', '.join(filter(None, rows.move_id.mapped('name')))}: {explanation}"
            for explanation, rows in decisions.grouped("explanation").items()
        )

    @api.model
    def _dunning_mark_bounced(self, address):
        """Messages to ``address`` (normalized) come back. Odoo's own counter
        (``message_bounce``) also counts delays and does not know which address."""
        domain = [("email_normalized", "=", address)]
        partners = self.sudo().with_context(active_test=False)
        if address:
            partners.search(domain).dunning_bounced_email = address

    @api.model
    def _dunning_clear_bounced(self, address):
        """``address`` (normalized) is a good one after all."""
        domain = [("dunning_bounced_email", "=", address)]
        partners = self.sudo().with_context(active_test=False)
        if address:
            partners.search(domain).dunning_bounced_email = False

    # === CREDIT HOLD === #

    @api.model_create_multi
    def create(self, vals_list):
        if any(vals.get("dunning_credit_hold", "none") != "none" for vals in vals_list):
            self._dunning_check_credit_hold()
        return super().create(vals_list)

    def write(self, vals):
        if "dunning_credit_hold" not in vals:
            return super().write(vals)
        self._dunning_check_credit_hold()
        previous = {partner: partner.dunning_credit_hold or "none" for partner in self}
        result = super().write(vals)
        self._dunning_tell_credit_hold(previous)
        return result

    @api.model
    def _dunning_check_credit_hold(self):
        if not self.env.su and not self.env.user.has_group(
            "dunning_automation.group_manager"
        ):
            raise AccessError(
                self.env._("Only a collections manager sets or ends a credit hold.")
            )

    def _dunning_tell_credit_hold(self, previous):
        """Append an event for each of these customers whose credit hold changed."""
        changed = self.filtered(
            lambda partner: (partner.dunning_credit_hold or "none") != previous[partner]
        )
        self.env["dunning.event"].sudo().create(
            [
                {
                    "company_id": self.env.company.id,
                    "partner_id": partner.id,
                    "case_id": partner.sudo().dunning_case_id.id,
                    "kind": "credit_hold_released"
                    if (partner.dunning_credit_hold or "none") == "none"
                    else "credit_hold_set",
                    "payload": {
                        "credit_hold": partner.dunning_credit_hold or "none",
                        "previous": previous[partner],
                    },
                }
                for partner in changed
            ]
        )

    def _dunning_raise_credit_hold(self, credit_hold):
        """Set at least this credit hold for the current company; a harder one stays."""
        order = [code for code, _label in CREDIT_HOLDS]
        milder = self.filtered(
            lambda partner: (
                order.index(partner.dunning_credit_hold or "none")
                < order.index(credit_hold)
            )
        )
        milder._dunning_set_credit_hold(credit_hold)

    def _dunning_set_credit_hold(self, credit_hold):
        """Set the credit hold of these customers for the current company, in one
        statement: Odoo's ``write`` asks for each customer what else changes with him.
        """
        previous = {
            partner: hold
            for partner in self
            if (hold := partner.dunning_credit_hold or "none") != credit_hold
        }
        if not previous:
            return
        changed = self.browse([partner.id for partner in previous])
        self.flush_model(["dunning_credit_hold"])
        self.env.cr.execute(
            SQL(
                """UPDATE res_partner
                      SET dunning_credit_hold = COALESCE(dunning_credit_hold, '{}')
                          || JSONB_BUILD_OBJECT(%s::text, %s::text)
                    WHERE id = ANY(%s)""",
                str(self.env.company.id),
                credit_hold,
                changed.ids,
            )
        )
        changed.invalidate_recordset(["dunning_credit_hold"])
        changed.modified(["dunning_credit_hold"])
        changed._dunning_tell_credit_hold(previous)

    def _dunning_get_credit_hold(self, company):
        """The credit hold of this customer for orders of ``company``: its own, or that
        of a company it is a branch of, the hardest wins."""
        self.ensure_one()
        order = [code for code, _label in CREDIT_HOLDS]
        debtor_sudo = self.sudo().commercial_partner_id
        return max(
            (
                debtor_sudo.with_company(parent)._dunning_get_present_credit_hold()
                for parent in company.sudo().parent_ids
            ),
            key=order.index,
            default="none",
        )

    def _dunning_get_present_credit_hold(self):
        """The credit hold for the current company. One that a rule set ends as soon as
        the customer paid what was overdue; the next run says so in the timeline."""
        self.ensure_one()
        credit_hold = self.dunning_credit_hold or "none"
        if credit_hold == "none" or self.dunning_overdue_amount > 0:
            return credit_hold
        by_rule = self.dunning_case_id.escalation_log_ids._filter_credit_holds()
        return "none" if credit_hold in by_rule.mapped("credit_hold") else credit_hold

    def action_open_dunning_case(self):
        """Open the collection case of this customer, or his notices if none is open."""
        self.ensure_one()
        if self.dunning_case_id:
            return self.dunning_case_id._get_records_action()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_notice_action"
        )
        domain = [("partner_id", "=", self.commercial_partner_id.id)]
        return action | {"domain": domain, "context": {}}

    def action_export_dunning_evidence(self):
        """Download what the current company said to this customer, and the proof."""
        self.ensure_one()
        return self.env["dunning.evidence"]._export(
            company_id=self.env.company.id, partner_id=self.commercial_partner_id.id
        )

    def _dunning_erase(self):
        """Forget the personal data in the reminders of these customers, in the
        companies of the user. The chain of events stays valid.

        :raise UserError: while a reminder waits, is on its way or needs a decision
        """
        debtors = self.commercial_partner_id
        domain = [("partner_id", "in", debtors.ids)]
        notices = self.env["dunning.notice"].search(domain)
        pending = notices.filtered(
            lambda notice: notice.state in PENDING and not notice.simulation
        )
        if pending:
            raise UserError(
                self.env._(
                    "Something is still on its way to %s: cancel or settle these "
                    "notices first.",
                    ", ".join(pending.partner_id.mapped("display_name")),
                )
            )
        events = self.env["dunning.event"].search(domain)
        self.env["dunning.call"].search(domain).sudo()._erase_personal()
        notices.sudo()._erase_personal()
        self.env["dunning.reply"].sudo().search(
            [*domain, ("company_id", "in", self.env.companies.ids)]
        )._erase_personal()
        events.sudo()._erase_personal()
        self.env["dunning.optout"].search(domain)._erase_personal()
        for name in ("hold", "promise", "dispute", "plan"):
            self.env[f"dunning.{name}"].search(domain).sudo()._erase_personal()
        self.env["dunning.case"].search(domain).sudo()._erase_evidence()
        self.env["dunning.event"].sudo().create(
            [
                {
                    "company_id": company.id,
                    "partner_id": debtor.id,
                    "kind": "personal_data_erased",
                    "payload": {"events": len(of_debtor)},
                }
                for (company, debtor), of_debtor in events.grouped(
                    lambda event: (event.company_id, event.partner_id)
                ).items()
            ]
        )
