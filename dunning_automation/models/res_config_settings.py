from odoo import api, fields, models

from .digest_digest import KPIS


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    dunning_tz = fields.Selection(related="company_id.dunning_tz", readonly=False)
    dunning_hour = fields.Integer(related="company_id.dunning_hour", readonly=False)
    dunning_pending_days = fields.Integer(
        related="company_id.dunning_pending_days", readonly=False
    )
    dunning_bank_max_age_days = fields.Integer(
        related="company_id.dunning_bank_max_age_days", readonly=False
    )
    dunning_bank_journal_ids = fields.Many2many(
        related="company_id.dunning_bank_journal_ids", readonly=False
    )
    dunning_hold_possible_payments = fields.Boolean(
        related="company_id.dunning_hold_possible_payments", readonly=False
    )
    dunning_blast_factor = fields.Float(
        related="company_id.dunning_blast_factor", readonly=False
    )
    dunning_link_days = fields.Integer(
        related="company_id.dunning_link_days", readonly=False
    )
    dunning_expiry_days = fields.Integer(
        related="company_id.dunning_expiry_days", readonly=False
    )
    dunning_track_opening = fields.Boolean(
        related="company_id.dunning_track_opening", readonly=False
    )
    dunning_upload_mb = fields.Integer(
        related="company_id.dunning_upload_mb", readonly=False
    )
    dunning_promise_tolerance_days = fields.Integer(
        related="company_id.dunning_promise_tolerance_days", readonly=False
    )
    dunning_plan_approval_amount = fields.Monetary(
        related="company_id.dunning_plan_approval_amount", readonly=False
    )
    dunning_plan_broken_after = fields.Integer(
        related="company_id.dunning_plan_broken_after", readonly=False
    )
    dunning_daily_limit = fields.Integer(
        related="company_id.dunning_daily_limit", readonly=False
    )
    dunning_reply_pause = fields.Boolean(
        related="company_id.dunning_reply_pause", readonly=False
    )
    dunning_reply_pause_days = fields.Integer(
        related="company_id.dunning_reply_pause_days", readonly=False
    )
    dunning_charge_booking = fields.Selection(
        related="company_id.dunning_charge_booking", readonly=False
    )
    dunning_charge_journal_id = fields.Many2one(
        related="company_id.dunning_charge_journal_id", readonly=False
    )
    dunning_interest_product_id = fields.Many2one(
        related="company_id.dunning_interest_product_id", readonly=False
    )
    dunning_lump_sum_product_id = fields.Many2one(
        related="company_id.dunning_lump_sum_product_id", readonly=False
    )
    dunning_fee_product_id = fields.Many2one(
        related="company_id.dunning_fee_product_id", readonly=False
    )
    dunning_weekly_report = fields.Boolean(
        related="company_id.dunning_weekly_report", readonly=False
    )
    dunning_digest = fields.Boolean(
        "Collections in the Digest",
        help="The digest e-mail of the database tells collections managers what is "
        "overdue, the DSO, what was collected and the promises kept.",
    )

    @api.model
    def get_values(self):
        """Switched on when the default digest has one of our figures."""
        digest = self._get_default_digest()
        return super().get_values() | {
            "dunning_digest": any(digest[name] for name in KPIS)
        }

    def set_values(self):
        """Change the default digest only when the box was changed."""
        result = super().set_values()
        digest = self._get_default_digest()
        if self.dunning_digest != any(digest[name] for name in KPIS):
            digest.write(dict.fromkeys(KPIS, self.dunning_digest))
        return result

    @api.model
    def _get_default_digest(self):
        """The digest that Odoo sends to everybody who did not choose another."""
        number = (
            self.env["ir.config_parameter"].sudo().get_param("digest.default_digest_id")
        )
        return self.env["digest.digest"].sudo().browse(int(number or 0)).exists()
