from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..tools.notice_states import PENDING

READERS = "account.group_account_invoice,account.group_account_readonly"


class ResPartner(models.Model):
    _inherit = "res.partner"

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
    dunning_notice_count = fields.Integer(
        compute="_compute_dunning_case", groups=READERS
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
        events.sudo()._erase_personal()
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
