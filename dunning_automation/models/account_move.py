import logging

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import mute_logger
from odoo.tools.misc import clean_context

_logger = logging.getLogger(__name__)

READERS = "account.group_account_invoice,account.group_account_readonly"
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

    # === QUEUED NOTICES FOLLOW THE LEDGER === #

    def write(self, vals):
        followed = self if FOLLOWED & vals.keys() else self.browse()
        posted = followed.filtered(lambda move: move.state == "posted")
        result = super().write(vals)
        posted._dunning_recheck()
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
        """One query where nothing is queued; the accountant's work never fails here."""
        moves = self.browse(self.env.cr.precommit.data.pop(RECHECK, ()))
        clean = self.env(su=True, context=clean_context(self.env.context))
        notices = clean["dunning.notice"]._search_queued(moves)
        if not notices:
            return
        self.env.flush_all()  # What fails here is the accountant's own.
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                notices._recheck()
        except Exception as error:
            _logger.info("Dunning notices %s are not rechecked: %s", notices.ids, error)

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
