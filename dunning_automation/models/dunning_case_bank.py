from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_amount, format_date

from .dunning_bank import MAX_DAYS


class DunningCaseBank(models.AbstractModel):
    """A payment that is at the bank, and nobody has matched yet: on the case, with the
    two things that a person can do about it, and with the way back from one of them."""

    _name = "dunning.case.bank"
    _description = "Possible Payments of a Dunning Case"

    possible_payment_id = fields.Many2one(
        "account.bank.statement.line",
        compute="_compute_possible_payment",
    )
    possible_payment_count = fields.Integer(compute="_compute_possible_payment")
    possible_payment_note = fields.Char(compute="_compute_possible_payment")
    dismissed_payment_id = fields.Many2one(
        "account.bank.statement.line",
        compute="_compute_dismissed_payment",
    )
    dismissed_payment_note = fields.Char(compute="_compute_dismissed_payment")

    @api.depends("partner_id", "company_id", "state")
    @api.depends_context("lang")
    def _compute_possible_payment(self):
        """The first one that fits; read afresh, as the stop sign does."""
        transfers = self.env["account.bank.statement.line"]
        for company, cases in self.grouped("company_id").items():
            found = self.env["dunning.bank"]._find_possible_payments(
                company, cases.filtered(lambda case: case.state == "open").partner_id
            )
            for case in cases:
                fitting = found.get(case.partner_id.id, {})
                transfer = transfers.browse(next(iter(fitting), False))
                case.possible_payment_id = transfer
                case.possible_payment_count = len(fitting)
                case.possible_payment_note = (
                    case._describe_payment(transfer.sudo(), fitting[transfer.id])
                    if transfer
                    else False
                )

    def _describe_payment(self, transfer_sudo, line_ids):
        """“$ 100.00 on 03/09/2026 (INV/2026/00012), fits INV/2026/00012”. Read with
        sudo: billing users see what is about to be reminded."""
        lines_sudo = self.env["account.move.line"].sudo().browse(line_ids)
        return self.env._(
            "%(amount)s on %(date)s (reference: %(reference)s); fits %(invoices)s",
            invoices=", ".join(lines_sudo.move_id.mapped("name")),
            **self._get_payment_words(transfer_sudo),
        )

    def _get_payment_words(self, transfer_sudo):
        currency = transfer_sudo.foreign_currency_id or transfer_sudo.currency_id
        return {
            "amount": format_amount(self.env, -transfer_sudo.amount_residual, currency),
            "date": format_date(self.env, transfer_sudo.date),
            "reference": transfer_sudo.payment_ref or "-",
        }

    @api.depends("partner_id", "company_id", "state")
    @api.depends_context("lang")
    def _compute_dismissed_payment(self):
        """The latest one that is still open at the bank."""
        transfers_sudo = self.env["account.bank.statement.line"].sudo()
        for case in self:
            transfer_sudo = transfers_sudo.search(case._get_dismissed_domain(), limit=1)
            case.dismissed_payment_id = transfer_sudo.sudo(False)
            case.dismissed_payment_note = bool(transfer_sudo) and self.env._(
                "%(amount)s on %(date)s (reference: %(reference)s)",
                **case._get_payment_words(transfer_sudo),
            )

    def _get_dismissed_domain(self):
        """Transactions that would be looked at, had nobody dismissed them."""
        since = self.company_id._dunning_today() - timedelta(days=MAX_DAYS)
        return [
            ("company_id", "in", self.company_id.sudo().parent_ids.ids),
            ("dunning_dismissed_partner_ids", "in", self.partner_id.ids),
            ("is_reconciled", "=", False),
            ("date", ">=", since),
        ]

    # === ACTIONS === #

    def action_match_payment(self):
        """Reconcile the payment that is shown with the items that it fits."""
        transfer, lines = self._get_shown_payment()
        transfer._dunning_match(lines)
        self._tell_payment("payment_matched", transfer, lines)

    def action_dismiss_payment(self):
        """The payment that is shown pays nothing of this customer: reminders go on."""
        self._check_decides()
        transfer, lines = self._get_shown_payment()
        # Not a figure of the entry: it needs no right to change bank transactions.
        transfer.sudo().dunning_dismissed_partner_ids |= self.partner_id
        self._tell_payment("payment_dismissed", transfer, lines)

    def action_restore_payment(self):
        """The payment that is shown was dismissed by mistake: it is looked at again."""
        self._check_decides()
        self.ensure_one()
        self.check_access("read")
        shown_id = self.env.context.get("dunning_possible_payment")
        transfer_sudo = self.env["account.bank.statement.line"].sudo()
        transfer_sudo = transfer_sudo.search(
            [*self._get_dismissed_domain(), ("id", "=", shown_id)]
        )
        if not transfer_sudo:
            self._refuse_stale_page()
        transfer_sudo.dunning_dismissed_partner_ids -= self.partner_id
        lines = self.env["account.move.line"]
        self._tell_payment("payment_restored", transfer_sudo, lines)

    def _check_decides(self):
        if not self.env.user.has_group("dunning_automation.group_user"):
            raise AccessError(
                self.env._("Only collections users decide on possible payments.")
            )

    def _refuse_stale_page(self):
        raise UserError(
            self.env._(
                "This payment was matched or changed meanwhile: reload the page."
            )
        )

    def _get_shown_payment(self):
        """What the button was pressed for, if it still fits: the context names it, as
        another one may have taken its place on the page."""
        self.ensure_one()
        self.check_access("read")
        found = self.env["dunning.bank"]._find_possible_payments(
            self.company_id, self.partner_id
        )
        shown_id = self.env.context.get("dunning_possible_payment")
        line_ids = found.get(self.partner_id.id, {}).get(shown_id)
        if not line_ids:
            self._refuse_stale_page()
        transfer = self.env["account.bank.statement.line"].browse(shown_id)
        return transfer, self.env["account.move.line"].browse(line_ids)

    def _tell_payment(self, kind, transfer, lines):
        currency = transfer.foreign_currency_id or transfer.currency_id
        self.env["dunning.event"].sudo().create(
            {
                "company_id": self.company_id.id,
                "partner_id": self.partner_id.id,
                "case_id": self.id,
                "kind": kind,
                "payload": {
                    "statement_line": transfer.id,
                    "moves": lines.move_id.ids,
                    "amount": transfer.amount_currency or transfer.amount,
                    "currency": currency.name,
                },
            }
        )
        self.invalidate_recordset()
