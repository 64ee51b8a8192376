from odoo import api, fields, models

from ..tools import retries


class DunningRetryCap(models.Model):
    """How often a card network lets a refused payment be tried again: dated data with
    its source. A newer row of the same network and hours replaces the older one."""

    _name = "dunning.retry.cap"
    _description = "Retry Cap"
    _order = "network, window_hours, date_from desc"

    active = fields.Boolean(default=True)
    network = fields.Char(
        "Card Network",
        required=True,
        help="Code of the payment method, e.g. visa or mastercard. Of a card whose "
        "network is not known, the strictest caps of all networks are kept.",
    )
    date_from = fields.Date("In Force Since", required=True)
    max_attempts = fields.Integer("Tries", required=True)
    window_hours = fields.Integer("Within (Hours)", required=True)
    source = fields.Char(required=True, help="Where the rule is written down.")

    _network_uniq = models.Constraint(
        "UNIQUE(network, window_hours, date_from)",
        "There is a cap of this network, these hours and this day: change that one.",
    )
    _sensible = models.Constraint(
        "CHECK(max_attempts > 0 AND window_hours > 0)",
        "A cap is a number of tries within a number of hours: both are above zero.",
    )

    @api.depends("network", "max_attempts", "window_hours")
    def _compute_display_name(self):
        for cap in self:
            cap.display_name = self.env._(
                "%(network)s: %(number)s in %(hours)s hours",
                network=cap.network,
                number=cap.max_attempts,
                hours=cap.window_hours,
            )

    @api.model
    def _get_caps(self):
        """All of them as ``Cap`` of ``tools/retries.py``."""
        return [
            retries.Cap(
                cap.network.lower(), cap.max_attempts, cap.window_hours, cap.date_from
            )
            for cap in self.sudo().search([])
        ]

    @api.model
    def _get_allowed(self, moment, tries, network):
        """``moment``, or the first one after it at which no cap is full.

        :param list tries: moments of the charges before, ascending
        """
        return retries.keep(moment, tries, self._get_caps(), network)
