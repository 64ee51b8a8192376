from ast import literal_eval

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class DunningActionVariant(models.Model):
    """Another text of the same action: for a segment of customers, or to compare."""

    _name = "dunning.action.variant"
    _description = "Dunning Action: Variant"
    _order = "action_id, sequence, id"

    action_id = fields.Many2one(
        "dunning.action", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="action_id.company_id", store=True
    )  # Stored for security rules.
    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    template_id = fields.Many2one(
        "mail.template",
        "E-mail Template",
        required=True,
        domain="[('model', '=', 'dunning.notice')]",
        index=True,
        ondelete="restrict",
    )
    partner_domain = fields.Char(
        "Customers",
        default="[]",
        help="Customers this variant is for; it wins over variants for everybody.",
    )
    has_segment = fields.Boolean(compute="_compute_has_segment")
    weight = fields.Integer(
        default=1,
        required=True,
        help="How often it is chosen, compared with the other variants that fit: one "
        "with 3 goes to three times as many customers as one with 1.",
    )

    _weight_positive = models.Constraint(
        "CHECK(weight > 0)",
        "The weight of a variant is at least 1. Delete a variant that is not used.",
    )

    @api.depends("partner_domain")
    def _compute_has_segment(self):
        for variant in self:
            variant.has_segment = not variant._get_segment().is_true()

    @api.constrains("template_id")
    def _check_template(self):
        for variant in self:
            if variant.template_id.model != "dunning.notice":
                raise ValidationError(
                    self.env._(
                        "Variant “%s” needs a template for notices.", variant.name
                    )
                )

    @api.constrains("partner_domain")
    def _check_segment(self):
        for variant in self:
            variant._get_segment()

    def _get_segment(self):
        """The segment as a validated ``Domain``.

        :raise ValidationError: naming the variant and what is wrong
        """
        self.ensure_one()
        partners = self.env["res.partner"].sudo()
        try:
            domain = Domain(literal_eval(self.partner_domain or "[]"))
            domain.validate(partners)
            partners._search(domain)
        except Exception as error:
            raise ValidationError(
                self.env._(
                    "The customers of variant “%(variant)s” cannot be found: %(error)s."
                    " Use the filter editor to build it again.",
                    variant=self.name,
                    error=error,
                )
            ) from error
        return domain

    def _get_members(self, notices):
        """The customers of ``notices`` that this variant is for; one query."""
        self.ensure_one()
        if not self.has_segment:
            return notices.partner_id
        partners = self.env["res.partner"].sudo().with_context(active_test=False)
        return partners.search(
            Domain("id", "in", notices.partner_id.ids) & self._get_segment()
        )
