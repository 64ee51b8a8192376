from datetime import timedelta

from odoo import api, fields, models, tools
from odoo.tools import SQL

from ..tools import rate_limit

SCOPE = "dunning_attempt"
SWITCH = "dunning_automation.rate_limits"
"""System parameter: 0 switches the limits off, for those who have them elsewhere."""


class DunningAttempt(models.Model):
    """What somebody tried from outside: kept for minutes, to see who tries too often.

    Rows are only added, so that visitors never wait for each other, and by a
    transaction of their own: what is refused or fails counts as well. They hold no
    address, only a keyed hash of it.
    """

    _name = "dunning.attempt"
    _description = "Attempt from Outside"
    _order = "id desc"
    _log_access = False
    _allow_sudo_commands = False

    kind = fields.Char(required=True, readonly=True)
    key = fields.Char(required=True, readonly=True)
    moment = fields.Datetime(required=True, readonly=True)

    _recent_idx = models.Index("(kind, key, moment)")

    @api.model
    def _get_wait(self, kind, **actors):
        """How long somebody must wait before he tries it again.

        :param str kind: what he tries, see ``tools/rate_limit.py``
        :param actors: who he is, by the names there: ``address``, ``account``
        :return: seconds, 0 if he may try now
        """
        if not self._is_on():
            return 0
        now = self.env.cr.now()
        waits = [0]
        for name, actor in actors.items():
            limit = rate_limit.LIMITS[kind, name]
            rows = self.env.execute_query(
                SQL(
                    """SELECT moment
                         FROM dunning_attempt
                        WHERE kind = %s AND key = %s AND moment > %s
                        ORDER BY moment DESC
                       OFFSET %s
                        LIMIT 1""",
                    kind,
                    self._get_key(name, actor),
                    now - timedelta(minutes=limit.minutes),
                    limit.number - 1,
                )
            )
            waits += [rate_limit.seconds_left(limit, row[0], now) for row in rows]
        return max(waits)

    @api.model
    def _note(self, kind, **actors):
        """He tried it now, whatever comes of it; see ``_get_wait``."""
        if self._is_on():
            now = self.env.cr.now()
            with self.env.registry.cursor() as cr:
                self.with_env(self.env(cr=cr)).sudo().create(
                    [
                        {
                            "kind": kind,
                            "key": self._get_key(name, actor),
                            "moment": now,
                        }
                        for name, actor in actors.items()
                    ]
                )

    @api.model
    def _is_on(self):
        switch = self.env["ir.config_parameter"].sudo().get_param(SWITCH, "1")
        return tools.str2bool(switch, True)

    @api.model
    def _get_key(self, name, actor):
        return tools.hmac(self.env(su=True), SCOPE, (name, actor))

    @api.autovacuum
    def _gc_attempts(self):
        """What is too old to count."""
        limit = self.env.cr.now() - timedelta(minutes=rate_limit.LONGEST)
        self.env.cr.execute(
            SQL("DELETE FROM dunning_attempt WHERE moment <= %s", limit)
        )
