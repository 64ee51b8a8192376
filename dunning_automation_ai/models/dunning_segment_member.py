from odoo import fields, models

from odoo.addons.dunning_automation.fields import FollowingMany2one


class DunningSegmentMember(models.Model):
    """Which segment a customer is in, per company. A table of its own: trainings write
    it for all customers at once, and must not wait for somebody who edits one."""

    _name = "dunning.segment.member"
    _description = "Customer in a Segment"
    _rec_name = "partner_id"
    _log_access = False
    _allow_sudo_commands = False

    partner_id = FollowingMany2one(
        "res.partner", "Customer", required=True, readonly=True, ondelete="cascade"
    )  # Already has an index from the unique constraint.
    company_id = FollowingMany2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    segment_id = fields.Many2one(
        "dunning.segment", required=True, readonly=True, index=True, ondelete="cascade"
    )

    _partner_company_uniq = models.Constraint(
        "UNIQUE(partner_id, company_id)", "A customer is in one segment per company."
    )
