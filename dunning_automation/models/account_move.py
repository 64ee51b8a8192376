import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import mute_logger
from odoo.tools.misc import clean_context

from ..tools.bank_reference import KEY

_logger = logging.getLogger(__name__)

READERS = "account.group_account_invoice,account.group_account_readonly"
REFERABLE = (
    "state = 'posted' AND payment_state IN ('not_paid', 'partial')"
    " AND move_type IN ('out_invoice', 'out_receipt')"
)
"""What a customer quotes the number of, while something of it is owed."""
RECHECK = "dunning_automation.recheck"
# What a person changes on a posted invoice that can take a reminder's reason away.
FOLLOWED = {
    "dunning_max_level_id",
    "invoice_date_due",
    "no_followup",
    "partner_id",
    "payment_state",
    "state",
}


class AccountMove(models.Model):
    _inherit = "account.move"

    dunning_decision_ids = fields.One2many(
        "dunning.decision", "move_id", "Dunning Decisions", groups=READERS, copy=False
    )
    dunning_explanation = fields.Char(
        "Why (Not) Reminded", compute="_compute_dunning_explanation", groups=READERS
    )
    dunning_level_id = fields.Many2one(
        "dunning.level",
        "Reminder Level",
        compute="_compute_dunning_level",
        search="_search_dunning_level_id",
        groups=READERS,
        help="Highest level that one of the instalments has reached.",
    )
    dunning_max_level_id = fields.Many2one(
        "dunning.level",
        "Highest Reminder Level",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        groups=READERS,
        copy=False,
        help="The invoice is not reminded beyond this level, nor beyond the level of "
        "the same age should another policy apply. Empty = no limit.",
    )
    dunning_next_date = fields.Date(
        "Next Reminder",
        compute="_compute_dunning_level",
        search="_search_dunning_next_date",
        groups=READERS,
        help="First day on which the next reminder may be sent.",
    )
    dunning_notice_ids = fields.Many2many(
        "dunning.notice", compute="_compute_dunning_notice_ids", groups=READERS
    )
    dunning_notice_count = fields.Integer(
        compute="_compute_dunning_notice_ids", groups=READERS
    )
    dunning_event_ids = fields.Many2many(
        "dunning.event", compute="_compute_dunning_notice_ids", groups=READERS
    )

    dunning_hold_ids = fields.Many2many(
        "dunning.hold",
        string="Holds",
        compute="_compute_dunning_holds",
        groups=READERS,
        help="What stops reminders of this invoice today.",
    )
    dunning_hold_explanation = fields.Char(
        "On Hold", compute="_compute_dunning_holds", groups=READERS
    )

    dunning_charge_notice_id = fields.Many2one(
        "dunning.notice",
        "Charges Of",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        groups=READERS,
        copy=False,
        help="The reminder whose interest, lump sums and fee this document claims. It "
        "bears no interest itself.",
    )

    dunning_recovery_text = fields.Char(
        "Failed Payment", compute="_compute_dunning_recovery_text", groups=READERS
    )
    dunning_paused_auto_post = fields.Selection(
        selection=lambda self: self._fields["auto_post"].selection,
        readonly=True,
        copy=False,
        groups=READERS,
        help="What Auto-post was set to before the recurrence was made to rest.",
    )
    dunning_paused_until = fields.Date(readonly=True, copy=False, groups=READERS)
    dunning_paused_for_id = fields.Many2one(
        "account.move",
        "Rests Because Of",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups=READERS,
        help="The recurrence rests until this invoice, which could not be charged, is "
        "paid.",
    )

    dunning_import_customer = fields.Char(
        "Customer Number Elsewhere", readonly=True, copy=False, groups=READERS
    )
    dunning_import_number = fields.Char(
        "Number Elsewhere",
        readonly=True,
        copy=False,
        groups=READERS,
        help="Of the system that this opening balance was imported from. Together with "
        "the number of the customer it makes sure that nothing is imported twice.",
    )
    dunning_import_paid_id = fields.Many2one(
        "account.move",
        "Imported Payment Of",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups=READERS,
    )
    dunning_import_payment_ids = fields.One2many(
        "account.move", "dunning_import_paid_id", readonly=True, groups=READERS
    )

    _dunning_import_uniq = models.UniqueIndex(
        "(company_id, dunning_import_customer, dunning_import_number)"
        " WHERE dunning_import_number IS NOT NULL",
        "This invoice was imported already.",
    )
    _dunning_charge_uniq = models.UniqueIndex(
        "(dunning_charge_notice_id, currency_id)"
        " WHERE dunning_charge_notice_id IS NOT NULL AND state != 'cancel'",
        "The charges of this reminder were booked already.",
    )

    # Which open invoice does a bank transaction name? Small: paid ones are left out.
    _dunning_name_idx = models.Index(f"(({KEY.format('name')})) WHERE {REFERABLE}")
    _dunning_reference_idx = models.Index(
        f"(({KEY.format('payment_reference')}))"
        f" WHERE {REFERABLE} AND payment_reference IS DISTINCT FROM name"
    )

    @api.depends("dunning_decision_ids", "state", "payment_state", "move_type")
    def _compute_dunning_explanation(self):
        for move in self:
            move.dunning_explanation = move._get_dunning_explanation()

    def _get_dunning_explanation(self):
        """One sentence per instalment, the most urgent first; never empty for a
        document that a customer owes."""
        self.ensure_one()
        if not self.is_sale_document(include_receipts=True):
            decisions = self.dunning_decision_ids
            return " / ".join(decisions.mapped("explanation")) or False
        if self.state != "posted":
            return self.env._("Not reminded: the invoice is not posted.")
        if self.move_type == "out_refund":
            return self.env._("Not reminded: a credit note is set off.")
        if not self.dunning_decision_ids:
            if not self.amount_residual:
                return self.env._("Not reminded: nothing is owed.")
            return self.env._("Not evaluated yet: the next run decides.")
        decisions = self.dunning_decision_ids.sorted("date_due")
        return " / ".join(dict.fromkeys(decisions.mapped("explanation")))

    @api.depends("dunning_decision_ids")
    def _compute_dunning_level(self):
        for move in self:
            decisions = move.dunning_decision_ids
            move.dunning_level_id = decisions.level_id.sorted("delay_days")[-1:]
            move.dunning_next_date = min(
                filter(None, decisions.mapped("next_date")), default=False
            )

    def _search_dunning_level_id(self, operator, value):
        return self._search_by_decision("level_id", operator, value)

    def _search_dunning_next_date(self, operator, value):
        return self._search_by_decision("next_date", operator, value)

    @api.model
    def _search_by_decision(self, field_name, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        found = Domain("dunning_decision_ids", "any", [(field_name, operator, value)])
        if operator == "in" and False in value:
            found |= Domain("dunning_decision_ids", "=", False)
        return found

    def _compute_dunning_notice_ids(self):
        lines = self.env["dunning.notice.line"].search([("move_id", "in", self.ids)])
        by_move = lines.grouped("move_id")
        for move in self:
            notices = by_move.get(move, lines.browse()).notice_id
            move.dunning_notice_ids = notices
            move.dunning_notice_count = len(notices)
            move.dunning_event_ids = notices.event_ids

    def _compute_dunning_holds(self):
        for company, moves in self.grouped("company_id").items():
            holds = self.env["dunning.hold"]._search_stopping(
                moves.commercial_partner_id, company or self.env.company
            )
            for move in moves:
                stopping = holds.filtered(
                    lambda hold, move=move: (
                        hold.scope == "customer"
                        and hold.partner_id == move.commercial_partner_id
                        or hold.move_line_ids & move.line_ids
                    )
                )
                move.dunning_hold_ids = stopping
                move.dunning_hold_explanation = stopping._explain()

    def _compute_dunning_recovery_text(self):
        """The state of the last recovery of each invoice."""
        recoveries = self._dunning_search_recoveries()
        states = dict(recoveries._fields["state"]._description_selection(self.env))
        for move in self:
            last = recoveries.filtered(lambda one, move=move: one.move_id == move)[:1]
            move.dunning_recovery_text = states.get(last.state)

    def _dunning_search_recoveries(self):
        return self.env["dunning.recovery"].search(
            [("move_id", "in", self.ids)], order="id desc"
        )

    def action_open_dunning_recoveries(self):
        """Open what was done to recover the payment of this invoice."""
        return self._dunning_search_recoveries()._get_records_action(
            name=self.env._("Failed Payments")
        )

    # === QUEUED NOTICES FOLLOW THE LEDGER === #

    def write(self, vals):
        followed = self if FOLLOWED & vals.keys() else self.browse()
        posted = followed.filtered(lambda move: move.state == "posted")
        cancelled = self.browse()
        if "state" in vals:
            cancelled = self.filtered(lambda move: move.state == "cancel")
        result = super().write(vals)
        posted._dunning_recheck()
        if "state" in vals:
            self._dunning_follow_charges(vals["state"], cancelled)
        return result

    def _must_check_constrains_date_sequence(self):
        """Numbers of another system need not fit the dates, as Odoo's do."""
        imported = self.sudo()
        return (
            not (imported.dunning_import_number or imported.dunning_import_paid_id)
            and super()._must_check_constrains_date_sequence()
        )

    def _dunning_follow_charges(self, state, cancelled):
        """Charges of a document that is cancelled can be claimed again, those of one
        that comes back cannot."""
        charging = self.sudo().filtered("dunning_charge_notice_id")
        for move in charging if state == "cancel" else charging & cancelled.sudo():
            notice = move.dunning_charge_notice_id
            if state == "cancel":
                notice._release_charges(move.currency_id)
            else:
                notice._reclaim_charges(move.currency_id)

    def unlink(self):
        charging = self.sudo().filtered(
            lambda move: move.dunning_charge_notice_id and move.state != "cancel"
        )
        released = [
            (move.dunning_charge_notice_id, move.currency_id) for move in charging
        ]
        result = super().unlink()
        for notice, currency in released:
            notice._release_charges(currency)
        return result

    def _dunning_recheck(self):
        """Take back the queued notices that owe their reason to these moves.

        For the people who look at the list: what leaves is judged again by the sender.
        Done once, just before the transaction is committed, for all that happened in
        it.
        """
        precommit = self.env.cr.precommit
        if self.ids and RECHECK not in precommit.data:
            precommit.data[RECHECK] = set()
            precommit.add(self.browse()._dunning_recheck_collected)
        if self.ids:
            precommit.data[RECHECK].update(self.ids)

    def _dunning_recheck_collected(self):
        """A query each where nothing is queued, agreed or paid; the accountant's work
        never fails here."""
        moves = self.browse(self.env.cr.precommit.data.pop(RECHECK, ()))
        clean = self.env(su=True, context=clean_context(self.env.context))
        notices = clean["dunning.notice"]._search_queued(moves)
        holds = clean["dunning.hold"]._search_settled(moves)
        paid = clean["dunning.notice"]._search_paid(moves)
        recoveries = clean["dunning.recovery"]._search_paid(moves)
        if notices or holds or paid or recoveries:
            self.env.flush_all()  # What fails here is the accountant's own.
        if recoveries:
            self._dunning_try(recoveries._settle_paid, recoveries)
        if holds:
            self._dunning_try(holds._settle_agreements, holds)
        if notices:
            self._dunning_try(notices._recheck, notices)
        if paid:
            self._dunning_try(paid._tell_paid, paid)

    @api.model
    def _dunning_try(self, method, records):
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                method()
        except Exception as error:
            _logger.info("%s %s are not rechecked: %s", records, records.ids, error)

    def _get_invoice_next_payment_values(self, custom_amount=None):
        """Nothing for Odoo to write off where we do, see ``payment.transaction``."""
        values = super()._get_invoice_next_payment_values(custom_amount)
        if self.env.context.get("dunning_books_discount"):
            values["installment_state"] = None
        return values

    def _dunning_resume(self):
        """Let the recurrence of this draft go on as it was before it rested."""
        self.ensure_one()
        self.write(
            {
                "auto_post": self.dunning_paused_auto_post,
                "auto_post_until": self.dunning_paused_until,
                "dunning_paused_auto_post": False,
                "dunning_paused_until": False,
                "dunning_paused_for_id": False,
            }
        )

    def action_dunning_resume(self):
        """Let the recurrence go on although the debt is not paid."""
        self.ensure_one()
        self.check_access("write")
        if self.dunning_paused_for_id:
            self._dunning_resume()

    # === CHARGES WITHOUT THE CUSTOMER === #

    def _dunning_charge_failed(self, transaction=None, message=None):
        """A stored payment method was refused for these invoices: recover it.

        For modules that charge invoices in their own way; charges through Odoo's
        payment transactions with ``operation="offline"`` are noticed by themselves.

        :param transaction: ``payment.transaction`` that failed, names method and reason
        :param str message: what the provider said, where there is no transaction
        :return: the ``dunning.recovery`` that are open now, one per open invoice
        """
        tx_sudo = (transaction or self.env["payment.transaction"]).sudo()
        model = self.env["dunning.recovery"].sudo()
        found = tx_sudo._dunning_classify(message)
        failed = self.filtered(
            lambda move: (
                move.state == "posted"
                and move.is_sale_document()
                and move._dunning_get_open_lines()
            )
        )
        known = self.env["dunning.recovery.charger"].sudo()._search_open(failed)
        opened = model
        for move in failed - known.move_id:
            opened |= model._open(
                move, tx_sudo, *found, message or tx_sudo.state_message
            )
        if tx_sudo.dunning_is_unknown:
            for recovery in opened:
                recovery._set_state("unknown")
                recovery._ask_person()
        elif tx_sudo:
            for recovery in known.filtered(lambda one: one.transaction_id == tx_sudo):
                recovery._hear_refusal(*found, tx_sudo.state_message)
        return known | opened

    def _dunning_charge_token(self, token):
        """Charge what is due of this invoice to ``token``, as tries of recoveries are:
        on disk before the provider is asked, never beside another payment.

        Commits the transaction of the caller. A refusal opens a recovery by itself.

        :param token: ``payment.token`` of the same customer; if he replaced it, the new
            one is charged
        :return: the ``payment.transaction``; empty if another one is under way
        :raise UserError: if nothing is open
        """
        self.ensure_one()
        charger = self.env["dunning.recovery.charger"].sudo()
        charger._lock_move(self)
        token = token._dunning_get_current()
        lines = self.env["dunning.recovery"]._get_due(self)
        if not lines:
            raise UserError(self.env._("%s: nothing is left to be charged.", self.name))
        if charger._get_under_way(self.sudo()):
            return self.env["payment.transaction"]
        tx_sudo = charger._create_transaction(
            self,
            token.sudo(),
            sum(lines.mapped("amount_residual_currency")),
            self.env["payment.transaction"]._compute_reference(
                token.sudo().provider_code, prefix=self.name
            ),
        )
        self.env["dunning.account.payment"]._charge(tx_sudo)
        return tx_sudo

    def _dunning_get_open_lines(self):
        return self.line_ids.filtered(
            lambda line: (
                line.account_type == "asset_receivable"
                and not line.reconciled
                and line.amount_residual > 0
            )
        )

    def _dunning_open_dialog(self, name):
        """A dialog about what is open of these invoices."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"dunning_automation.dunning_{name}_new_action"
        )
        return action | {
            "context": {
                "default_move_line_ids": self._dunning_get_open_lines().ids,
                "default_partner_id": self.commercial_partner_id.id,
            }
        }

    def action_dunning_promise(self):
        """Note a promise to pay this invoice."""
        return self._dunning_open_dialog("promise")

    def action_dunning_dispute(self):
        """Note that the customer contests this invoice."""
        return self._dunning_open_dialog("dispute")

    def action_dunning_plan(self):
        """Agree on a payment plan for this invoice."""
        return self._dunning_open_dialog("plan")

    def action_dunning_hold(self):
        """Put this invoice on hold."""
        return self._dunning_open_dialog("hold")

    def action_open_dunning_notices(self):
        """Open the notices that list this invoice."""
        return self.dunning_notice_ids._get_records_action(
            name=self.env._("Dunning Notices")
        )

    def action_export_dunning_evidence(self):
        """Download what was said about this invoice, and the proof."""
        self.ensure_one()
        return self.env["dunning.evidence"]._export(
            company_id=self.company_id.id,
            partner_id=self.commercial_partner_id.id,
            move_id=self.id,
        )
