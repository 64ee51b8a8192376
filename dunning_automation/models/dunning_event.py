from odoo import api, fields, models
from odoo.exceptions import UserError


class DunningEvent(models.Model):
    """What happened, append-only: the timeline of debtors and invoices.

    Written in the transaction of the change that it tells. ``occurred_at`` is the clock
    of the database, so that two hosts agree on the order.
    """

    _name = "dunning.event"
    _description = "Dunning Event"
    _order = "id desc"
    _log_access = False
    _allow_sudo_commands = False

    occurred_at = fields.Datetime(
        required=True, readonly=True, default=lambda self: self.env.cr.now()
    )
    user_id = fields.Many2one(
        "res.users",
        "By",
        readonly=True,
        index="btree_not_null",
        default=lambda self: self.env.user,
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    case_id = fields.Many2one(
        "dunning.case", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    notice_id = fields.Many2one(
        "dunning.notice", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    kind = fields.Selection(
        [
            ("case_opened", "Case opened"),
            ("case_closed", "Case closed"),
            ("notice_planned", "Notice planned"),
            ("notice_ready", "Notice approved"),
            ("notice_claimed", "Notice being sent"),
            ("notice_sent", "Notice sent"),
            ("notice_delivered", "Notice delivered"),
            ("notice_suppressed", "Notice held back"),
            ("notice_failed", "Notice failed"),
            ("notice_unknown", "Unknown whether the notice arrived"),
            ("notice_cancelled", "Notice cancelled"),
            ("fence_violation", "Outcome of a sender that was overtaken"),
            ("line_skipped", "Invoice taken out of a notice"),
            ("address_missing", "Address missing"),
        ],
        required=True,
        readonly=True,
    )
    payload = fields.Json(readonly=True, help="Facts at that moment, by name.")
    summary = fields.Char(compute="_compute_summary")

    @api.depends("kind", "payload", "notice_id")
    def _compute_summary(self):
        for event in self:
            payload = event.payload or {}
            level = payload.get("level") or event.notice_id.level_id.name
            parts = [level, payload.get("to"), payload.get("reason")]
            event.summary = " · ".join(str(part) for part in parts if part)

    @api.depends("kind")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for event in self:
            event.display_name = kinds.get(event.kind, "")

    def write(self, vals):
        if self:
            raise UserError(self.env._("The timeline is append-only: events stay."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_always(self):
        raise UserError(self.env._("The timeline is append-only: events stay."))
