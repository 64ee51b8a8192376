from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from odoo.addons.dunning_automation.models.dunning_exposure import BANDS

READERS = "account.group_account_invoice,account.group_account_readonly"
BAND_FIELDS = {
    "dunning_late_band": ("late_band", "late_chance"),
    "dunning_very_late_band": ("very_late_band", "very_late_chance"),
}
"""Fields of an invoice -> those of its predictions: the band, and what it is of."""


class AccountMove(models.Model):
    _inherit = "account.move"

    dunning_prediction_ids = fields.One2many(
        "dunning.prediction",
        "move_id",
        "Predictions of Instalments",
        groups=READERS,
        copy=False,
    )
    dunning_late_chance = fields.Float(
        "Late",
        compute="_compute_dunning_prediction",
        search="_search_dunning_late_chance",
        groups=READERS,
        aggregator=None,
        help="The chance that an open instalment is paid late; of the worst one.",
    )
    dunning_late_band = fields.Selection(
        BANDS,
        "Chance of Being Late",
        compute="_compute_dunning_prediction",
        search="_search_dunning_late_band",
        groups=READERS,
    )
    dunning_very_late_chance = fields.Float(
        "More than 30 Days Late",
        compute="_compute_dunning_prediction",
        search="_search_dunning_very_late_chance",
        groups=READERS,
        aggregator=None,
        help="The chance that an open instalment is paid more than 30 days after its "
        "due date; of the worst one.",
    )
    dunning_very_late_band = fields.Selection(
        BANDS,
        "Chance of More than 30 Days",
        compute="_compute_dunning_prediction",
        search="_search_dunning_very_late_band",
        groups=READERS,
    )
    dunning_expected_date = fields.Date(
        "Expected Payment",
        compute="_compute_dunning_prediction",
        search="_search_dunning_expected_date",
        groups=READERS,
        help="When the last open instalment is expected to be paid.",
    )
    dunning_expected_text = fields.Char(
        "Expected", compute="_compute_dunning_prediction", groups=READERS
    )
    dunning_prediction_note = fields.Char(
        compute="_compute_dunning_prediction", groups=READERS
    )
    dunning_late_reasons = fields.Json(
        compute="_compute_dunning_prediction", groups=READERS
    )
    dunning_prediction_id = fields.Many2one(
        "dunning.prediction",
        "Shown Prediction",
        compute="_compute_dunning_prediction",
        groups=READERS,
    )

    @api.depends("dunning_prediction_ids", "amount_residual", "state")
    @api.depends_context("lang")
    def _compute_dunning_prediction(self):
        """What is shown is the prediction of the instalment that is most likely late,
        and the day of the one that is paid last."""
        reasons = dict(
            self.env["dunning.prediction"]
            ._fields["reason"]
            ._description_selection(self.env)
        )
        for move in self:
            found = move.dunning_prediction_ids.filtered("is_open")
            worst = found.sorted("late_chance")[-1:]
            slowest = found.sorted("very_late_chance")[-1:]
            last = found.filtered("expected_date").sorted("expected_date")[-1:]
            move.dunning_prediction_id = worst
            move.dunning_late_chance = worst.late_chance
            move.dunning_late_band = worst.late_band
            move.dunning_very_late_chance = slowest.very_late_chance
            move.dunning_very_late_band = slowest.very_late_band
            move.dunning_late_reasons = worst.reasons
            move.dunning_expected_date = last.expected_date
            move.dunning_expected_text = last and self.env._(
                "%(date)s (8 of 10: %(low)s to %(high)s)",
                date=format_date(self.env, last.expected_date),
                low=format_date(self.env, last.date_low),
                high=format_date(self.env, last.date_high),
            )
            move.dunning_prediction_note = reasons.get(worst.reason)

    def _search_dunning_late_chance(self, operator, value):
        return self._search_by_prediction("late_chance", operator, value)

    def _search_dunning_late_band(self, operator, value):
        return self._search_by_prediction("late_band", operator, value)

    def _search_dunning_very_late_chance(self, operator, value):
        return self._search_by_prediction("very_late_chance", operator, value)

    def _search_dunning_very_late_band(self, operator, value):
        return self._search_by_prediction("very_late_band", operator, value)

    def _search_dunning_expected_date(self, operator, value):
        return self._search_by_prediction("expected_date", operator, value)

    @api.model
    def _search_by_prediction(self, field_name, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        fits = [("is_open", "=", True), (field_name, operator, value)]
        found = Domain("dunning_prediction_ids", "any", fits)
        if operator == "in" and False in value:
            is_open = [("is_open", "=", True)]
            found |= Domain("dunning_prediction_ids", "not any", is_open)
        return found

    def _field_to_sql(self, alias, fname, query=None):
        """Lists can be grouped by a band: that of the worst open instalment."""
        if fname not in BAND_FIELDS:
            return super()._field_to_sql(alias, fname, query)
        band, chance = BAND_FIELDS[fname]
        return SQL(
            """(SELECT prediction.%(band)s
                  FROM dunning_prediction prediction
                  JOIN account_move_line line ON line.id = prediction.move_line_id
                 WHERE prediction.move_id = %(move)s
                   AND line.reconciled IS NOT TRUE
                   AND line.parent_state = 'posted'
                 ORDER BY prediction.%(chance)s DESC NULLS LAST
                 LIMIT 1)""",
            band=SQL.identifier(band),
            chance=SQL.identifier(chance),
            move=SQL.identifier(alias, "id"),
        )
