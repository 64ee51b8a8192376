from odoo import api, fields, models
from odoo.exceptions import ValidationError


class DunningDashboardTarget(models.Model):
    """What a company wants a figure of the dashboard to be."""

    _name = "dunning.dashboard.target"
    _description = "Dashboard Target"
    _rec_name = "code"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )
    code = fields.Selection("_select_code", "Figure", required=True)
    value = fields.Float(
        "Target",
        digits=(16, 2),
        help="In the unit of the figure: days, percent, the company's currency or a "
        "number.",
    )

    _tile_uniq = models.Constraint(
        "UNIQUE(company_id, code)", "A figure has one target per company."
    )

    @api.model
    def _select_code(self):
        """The figures of which more, or less, is better, however long the period."""
        return [
            (tile.code, self.env._(tile.title))
            for tile in self.env["dunning.dashboard"]._get_tile_kinds()
            if tile.better and tile.unit != "count"
        ]

    @api.constrains("code")
    def _check_code(self):
        figures = dict(self._select_code())
        for target in self:
            if target.code not in figures:
                raise ValidationError(
                    self.env._("“%s” is no figure that can have a target.", target.code)
                )

    @api.model
    def _get_by_tile(self, scope):
        """{code of a tile: its target}; none for a part of the customers or items."""
        if scope.debtors or scope.currency_id:
            return {}
        return self.search([("company_id", "=", scope.company.id)]).grouped("code")

    def action_remove(self):
        """Forget the target, and close its dialog."""
        self.unlink()
        return {"type": "ir.actions.act_window_close"}

    def _check(self, better, value):
        """What a tile says of its target.

        :param better: ``up`` or ``down``
        :param value: the figure, None if there is none
        :return: dict with ``id``, ``value`` and ``is_met`` (None without figure)
        """
        is_met = None
        if value is not None:
            is_met = value >= self.value if better == "up" else value <= self.value
        return {"id": self.id, "value": self.value, "is_met": is_met}
