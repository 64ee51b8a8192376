import logging

import numpy as np
import requests

from odoo import api, fields, models, modules
from odoo.exceptions import ValidationError

from odoo.addons.dunning_automation.tools import guarded_session

from ..tools import indicators
from ..tools.features import to_number
from ..tools.indicators import NotUnderstood

_logger = logging.getLogger(__name__)


class DunningIndicator(models.Model):
    """A published series, such as the rate of inflation, that may tell who pays late.

    Its values count from their publication on, and only where the back-test of a
    company is better with them.
    """

    _name = "dunning.indicator"
    _description = "Economic Indicator"
    _order = "name, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    url = fields.Char(
        "URL", required=True, help="https only, on the public internet. Read each day."
    )
    kind = fields.Selection(
        [("csv", "CSV"), ("json", "JSON")], "Format", required=True, default="csv"
    )
    rows_at = fields.Char(
        "Rows In",
        help="JSON: where the list is, such as data.series or 1; empty = it is all.",
    )
    date_field = fields.Char(
        "Period In",
        required=True,
        default="date",
        help="Name of the column: a year, a quarter (2026-Q1), a month or a day.",
    )
    value_field = fields.Char("Value In", required=True, default="value")
    lag_days = fields.Integer(
        "Published After (Days)",
        required=True,
        default=30,
        help="So long after the end of its period a value is published. Before, nobody "
        "could have known it, so nothing is learnt from it. Rather too many than too "
        "few.",
    )
    value_ids = fields.One2many("dunning.indicator.value", "indicator_id", "Values")
    value_count = fields.Integer("Number of Values", compute="_compute_last_value")
    last_value = fields.Float(compute="_compute_last_value", digits=(16, 4))
    last_date = fields.Date(compute="_compute_last_value")
    fetched_on = fields.Datetime(readonly=True)
    error = fields.Char("Not Read Because", readonly=True)

    _lag_days_range = models.Constraint(
        "CHECK(lag_days BETWEEN 0 AND 1000)",
        "Days until a value is published: enter a number from 0 to 1000.",
    )

    @api.depends("value_ids")
    def _compute_last_value(self):
        for indicator in self:
            last = indicator.value_ids.sorted("date")[-1:]
            indicator.value_count = len(indicator.value_ids)
            indicator.last_value, indicator.last_date = last.value, last.date

    @api.constrains("url")
    def _check_url(self):
        for indicator in self:
            try:
                guarded_session.check_url(indicator.url, self._may_loop_back())
            except guarded_session.UnsafeAddress as error:
                raise ValidationError(
                    self.env._(
                        "“%s” cannot be read: enter a URL that begins with https:// "
                        "and holds no password.",
                        indicator.name,
                    )
                ) from error

    @api.model
    def _may_loop_back(self):
        """Tests have their server on this machine; nobody else may."""
        return bool(modules.module.current_test)

    # === READING === #

    def action_fetch(self):
        """Read the series now."""
        self.check_access("write")
        self._fetch()

    @api.model
    def _cron_fetch(self):
        """Daily: read all active series, each by itself."""
        found = self.search([("active", "=", True)])
        for number, indicator in enumerate(found, 1):
            indicator._fetch()
            self.env["ir.cron"]._commit_progress(1, remaining=len(found) - number)

    def _fetch(self):
        """Read these series. What cannot be read keeps its values and says why."""
        for indicator in self:
            try:
                values = indicator._read_values()
            except guarded_session.UnsafeAddress:
                indicator.error = self.env._("Its address is not on the internet.")
            except (requests.RequestException, NotUnderstood) as error:
                _logger.info("Indicator %s: %s", indicator.id, error)
                indicator.error = str(error)
            else:
                indicator._keep(values)

    def _read_values(self):
        text = guarded_session.read(
            self.url, indicators.MOST_BYTES, self._may_loop_back()
        )
        return indicators.parse(
            text, self.kind, self.rows_at or "", self.date_field, self.value_field
        )

    def _keep(self, values):
        """:param dict values: {date: value}"""
        known = {value.date: value for value in self.value_ids}
        for day, value in values.items():
            if day in known and known[day].value != value:
                known[day].value = value
        self.env["dunning.indicator.value"].create(
            [
                {"indicator_id": self.id, "date": day, "value": value}
                for day, value in values.items()
                if day not in known
            ]
        )
        self.write({"fetched_on": self.env.cr.now(), "error": False})

    # === LEARNING === #

    def _beside(self, samples):
        """``samples`` with a column of what was known of each of these indicators."""
        if not self:
            return samples
        columns = []
        for indicator in self:
            values = indicator.value_ids.sorted("date")
            columns.append(
                indicators.known_on(
                    samples.day,
                    [to_number(day) for day in values.mapped("date")],
                    values.mapped("value"),
                    indicator.lag_days,
                )
            )
        return samples.beside(np.column_stack(columns))
