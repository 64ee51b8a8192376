from odoo import api, fields, models

from ..fields import FollowingMany2one, UncheckedMany2one

VARIANTS = [("today", "Policies of Today"), ("tried", "Tried Policy")]


class DunningReplayMessage(models.Model):
    """What a customer would have heard in a replay. Nothing of it was ever sent."""

    _name = "dunning.replay.message"
    _description = "Dunning Replay Message"
    _order = "date, id"
    _log_access = False
    _allow_sudo_commands = False

    replay_id = fields.Many2one(
        "dunning.replay", required=True, readonly=True, index=True, ondelete="cascade"
    )
    variant = fields.Selection(VARIANTS, required=True, readonly=True)
    date = fields.Date(required=True, readonly=True)
    # A replay lives a month; whoever is deleted meanwhile disappears from it.
    company_id = UncheckedMany2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = FollowingMany2one(
        "res.partner",
        "Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    policy_id = FollowingMany2one("dunning.policy", readonly=True, ondelete="cascade")
    level_id = FollowingMany2one("dunning.level", readonly=True, ondelete="cascade")
    channel = fields.Selection(
        lambda self: self.env["dunning.action"]._fields["channel"].selection,
        required=True,
        readonly=True,
    )
    group_key = fields.Char(readonly=True)
    amount = fields.Monetary(readonly=True, help="Open amount that it lists.")
    line_count = fields.Integer("Items", readonly=True)
    days_overdue = fields.Integer(
        readonly=True, aggregator="max", help="Of the oldest item."
    )
    # Thousands of links with foreign keys would take longer than all the rest.
    move_keys = fields.Json(readonly=True)
    move_ids = fields.Many2many(
        "account.move", string="Invoices", compute="_compute_move_ids"
    )

    @api.depends("move_keys")
    def _compute_move_ids(self):
        """Those that are still there, as far as the user may see them."""
        keys = {key for message in self for key in message.move_keys or ()}
        moves = self.env["account.move"].search([("id", "in", keys)])
        for message in self:
            mine = set(message.move_keys or ())
            message.move_ids = moves.filtered(lambda move, mine=mine: move.id in mine)
