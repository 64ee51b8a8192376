from datetime import timedelta

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import format_date
from odoo.tools.translate import LazyTranslate

from odoo.addons.dunning_automation.report.dunning_dashboard import WEEKS
from odoo.addons.dunning_automation.tools.kpi import Figure
from odoo.addons.dunning_automation.tools.kpi_tiles import Tile

_lt = LazyTranslate(__name__, default_lang="en_US")

EXPECTED = {"expected_4": 4, "expected_13": 13}
"""Tile -> weeks of the forecast."""
TILES = (
    Tile(
        "expected_4",
        _lt("Expected in 4 Weeks"),
        "money",
        "up",
        _lt(
            "What the open invoices are expected to bring in, by the forecast of last "
            "night: each amount by the probability of its days."
        ),
    ),
    Tile(
        "expected_13",
        _lt("Expected in 13 Weeks"),
        "money",
        "up",
        _lt(
            "What the open invoices are expected to bring in within 13 weeks, by the "
            "forecast of last night."
        ),
    ),
)
WHOLE, NOT_MADE = "forecast_of_all", "forecast_not_made"
REASONS = {
    WHOLE: _lt("The forecast is of all customers, as of today."),
    NOT_MADE: _lt("The forecast is made every night, once invoices are predicted."),
}


class DunningDashboard(models.AbstractModel):
    """The cash that is expected, against what came, and the filter by segment."""

    _inherit = "dunning.dashboard"

    # === SEGMENTS === #

    @api.model
    def _get_customer_filters(self):
        return super()._get_customer_filters() | {
            "segment_id": ("dunning_segment_member_ids", Domain.TRUE)
        }

    def _get_options(self, company):
        segments = self.env["dunning.segment"].search([("company_id", "=", company.id)])
        every = self.env._("All segments")
        return [
            *super()._get_options(company),
            self._prepare_option("segment_id", every, segments),
        ]

    # === TILES === #

    @api.model
    def _get_tile_kinds(self):
        """Money that is expected stands behind money that is owed."""
        first, second, *others = super()._get_tile_kinds()
        return (first, second, *TILES, *others)

    def _get_reason(self, figure):
        if figure.reason in REASONS:
            return self.env._(REASONS[figure.reason])
        return super()._get_reason(figure)

    def _get_all(self, scope, months, period):
        figures = super()._get_all(scope, months, period)
        return figures | self._get_expected(scope, months[period.at].end)

    def _get_expected(self, scope, day):
        """{tile: figure}: the sum of the first weeks of the current forecast."""
        if not self._is_forecast(scope, day):
            return dict.fromkeys(EXPECTED, Figure(None, WHOLE))
        weeks = self._read_coming(scope)
        return {
            code: Figure(sum(week.expected for week in weeks[:number]))
            if weeks
            else Figure(None, NOT_MADE)
            for code, number in EXPECTED.items()
        }

    def _get_actions(self, scope, months, length):
        weeks = self._read_coming(scope)
        return super()._get_actions(scope, months, length) | {
            code: self._prepare_action(
                "dunning.forecast", Domain("id", "in", weeks[:number].ids)
            )
            for code, number in EXPECTED.items()
        }

    # === CHART === #

    def _chart_cash(self, scope, day, weeks):
        """Beside the cash of past weeks what was forecast for them on the Monday before
        each day; then the weeks to come, with the band of 8 in 10 cases."""
        chart = super()._chart_cash(scope, day, weeks)
        if not self._is_forecast(scope, day):
            return chart
        coming = self._read_coming(scope)
        past = self._read_forecast_of_past(scope, day)
        chart["labels"] += [
            format_date(self.env, week.date + timedelta(days=6)) for week in coming
        ]
        chart["datasets"][0]["data"] += [None] * len(coming)
        unknown = [None] * len(past)
        chart["datasets"] += [
            {"label": label, "data": data, "type": "line", "pointRadius": 0, **look}
            for label, data, look in (
                (
                    self.env._("Expected from open invoices"),
                    past + [week.expected for week in coming],
                    {},
                ),
                (
                    self.env._("At least (90 %)"),
                    unknown + [week.low for week in coming],
                    {"borderDash": [4, 4]},
                ),
                (
                    self.env._("At most (90 %)"),
                    unknown + [week.high for week in coming],
                    {"borderDash": [4, 4]},
                ),
            )
        ]
        return chart

    # === THE FORECAST === #

    def _is_forecast(self, scope, day):
        """The forecast knows no filters and no past."""
        is_all = not scope.debtors and not scope.currency_id
        return is_all and day == scope.company._dunning_today()

    def _read_coming(self, scope):
        """The weeks of the forecast of last night, none if it was not made."""
        last_night = scope.company._dunning_today() - timedelta(days=1)
        return self.env["dunning.forecast"].search(
            Domain("company_id", "=", scope.company.id)
            & Domain("is_current", "=", True)
            & Domain("period", "=", "week")
            & Domain("made_on", ">=", last_night),
            order="date",
            limit=WEEKS,
        )

    def _read_forecast_of_past(self, scope, day):
        """What was expected in each week until ``day``, the earliest first; None where
        a day of the week had no forecast."""
        first = self._get_first_week(day)
        rows = self.env["dunning.forecast"].search_fetch(
            Domain("company_id", "=", scope.company.id)
            & Domain("period", "=", "day")
            & Domain("date", ">=", first)
            & Domain("date", "<=", day),
            ["date", "made_on", "expected"],
            order="date, made_on",
        )
        latest = {row.date: row.expected for row in rows if row.made_on <= row.date}
        weeks = []
        for week in range(WEEKS):
            days = [first + timedelta(days=7 * week + number) for number in range(7)]
            known = all(date in latest for date in days)
            weeks.append(sum(latest[date] for date in days) if known else None)
        return weeks
