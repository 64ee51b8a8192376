from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

ACTIONS = {"paid", "promise", "dispute", "wrong_contact", "unsubscribe", "nothing"}
AWAY_DAYS = 14
"""So long an automatic answer without a return date is shown on the case."""


class DunningCaseReply(models.AbstractModel):
    """Answers on the case: the one that waits stands above everything else."""

    _name = "dunning.case.reply"
    _description = "Answers on a Dunning Case"

    reply_ids = fields.One2many("dunning.reply", "case_id", "Answers")
    reply_count = fields.Integer(compute="_compute_replies")
    open_reply_count = fields.Integer(compute="_compute_replies")
    open_reply_id = fields.Many2one(
        "dunning.reply",
        "Answer",
        compute="_compute_replies",
        search="_search_open_reply",
    )
    open_reply_from = fields.Char("Answer From", related="open_reply_id.email_from")
    open_reply_date = fields.Datetime("Answered", related="open_reply_id.date_last")
    open_reply_is_family = fields.Boolean(related="open_reply_id.is_family")
    open_reply_is_forged = fields.Boolean(related="open_reply_id.is_forged")
    open_reply_suggestion = fields.Selection(related="open_reply_id.suggestion")
    open_reply_explanation = fields.Char(related="open_reply_id.explanation")
    open_reply_text = fields.Text("Text of the Answer", related="open_reply_id.text")
    open_reply_pause_end = fields.Date(related="open_reply_id.pause_end")
    away_note = fields.Char(
        compute="_compute_away_note", help="What the last automatic answer said."
    )

    @api.depends("reply_ids.state", "reply_ids.is_family")
    def _compute_replies(self):
        replies = self.env["dunning.reply"]
        counts = dict(
            replies._read_group([("case_id", "in", self.ids)], ["case_id"], ["__count"])
        )
        waiting = replies.search(
            [("case_id", "in", self.ids), ("state", "=", "open")], order="id"
        ).grouped("case_id")
        for case in self:
            of_case = waiting.get(case, replies)
            case.reply_count = counts.get(case, 0)
            case.open_reply_count = len(of_case)
            # What the customer says comes first, then the oldest.
            case.open_reply_id = of_case.sorted(lambda reply: not reply.is_family)[:1]

    @api.model
    def _search_open_reply(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        waiting = self.env["dunning.reply"].search([("state", "=", "open")])
        if False in value:
            inverse = {"in": "not in", "not in": "in"}[operator]
            return [("id", inverse, waiting.case_id.ids)]
        return [("reply_ids", operator, list(value))]

    @api.depends("reply_ids.suggestion")
    @api.depends_context("lang")
    def _compute_away_note(self):
        away = self.env["dunning.reply"].search(
            [
                ("case_id", "in", self.ids),
                ("suggestion", "=", "out_of_office"),
                ("is_family", "=", True),
            ],
            order="id",
        )
        latest = {reply.case_id: reply for reply in away}
        for case in self:
            case.away_note = case._get_away_note(latest.get(case))

    def _get_away_note(self, reply):
        """“ann@example.com is out of office until …, meanwhile: …”."""
        today = self.company_id._dunning_today()
        if not reply:
            return False
        end = reply.suggested_date or reply.date + timedelta(days=AWAY_DAYS)
        if end < today:
            return False
        parts = [self.env._("%s is out of office", reply.email_from)]
        if reply.suggested_date:
            date = format_date(self.env, reply.suggested_date)
            parts.append(self.env._("until %s", date))
        if reply.suggested_contact:
            parts.append(self.env._("meanwhile: %s", reply.suggested_contact))
        return ", ".join(parts)

    def action_handle_reply(self):
        """A button of the answer that waits; the context names which."""
        self.ensure_one()
        action = self.env.context.get("dunning_reply_action")
        if action not in ACTIONS or not self.open_reply_id:
            raise UserError(self.env._("Somebody else handled this answer already."))
        return getattr(self.open_reply_id, f"action_{action}")()

    def action_open_replies(self):
        """Open the answers on this case."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_reply_action"
        )
        return action | {"domain": [("case_id", "=", self.id)], "context": {}}
