from datetime import datetime, time, timedelta

import pytz

from odoo import fields, models
from odoo.tools import SQL

from ..tools import sms_limits, sms_segments

LEFT = ("claimed", "sent", "delivered", "unknown")


class DunningChannelSmsLimits(models.AbstractModel):
    """How many text messages may leave, and what they cost; and how many calls are
    made, which count apart by the same limits and have no price.

    Read in the claim, as every stop sign is. Senders that work at the same moment do
    not see each other's claim, so that a limit may be passed by one message per
    further sender.
    """

    _name = "dunning.channel.sms.limits"
    _description = "Dunning: Limits of Text Messages"

    sms_segments = fields.Integer("Segments", readonly=True)
    sms_cost = fields.Float(
        "Cost",
        digits=(16, 5),
        readonly=True,
        help="In the company's currency, by the price list of the day it left.",
    )

    def _must_keep_to_limits(self):
        """Whether a limit is against sending this message today; it is put off then
        until tomorrow. Remembers what it costs."""
        if self.channel not in ("sms", "call"):
            return False
        limits = self.company_id.sudo()._get_sms_limits()
        segments, cost = 0, 0
        if self.channel == "sms":
            segments = sms_segments.measure(self.sms_text or "").segments
            prices = self.env["dunning.sms.price"]
            cost = prices._get_cost(self.company_id, self.email_to, segments)
        else:
            limits = limits._replace(budget=0)
        name = sms_limits.reached(limits, self._read_sms_use(), cost)
        if name:
            self._put_off_for_limit(name)
        else:
            self.write({"sms_segments": segments, "sms_cost": cost or 0})
        return bool(name)

    def _read_sms_use(self):
        """
        :return: ``Used`` of ``tools/sms_limits.py``
        """
        today = self.company_id._dunning_today()
        block = sms_limits.block_of(self.email_to)
        is_debtor = SQL("partner_id = %s", self.partner_id.id)
        is_today = SQL("moment >= %s", self._get_sms_midnight(today))
        week = self._get_sms_midnight(today - timedelta(days=6))
        month = self._get_sms_midnight(today.replace(day=1))
        [row] = self.env.execute_query(
            SQL(
                """SELECT COUNT(*) FILTER (WHERE %(is_debtor)s AND %(is_today)s),
                          COUNT(*) FILTER (WHERE %(is_debtor)s AND moment >= %(week)s),
                          COUNT(*) FILTER (WHERE %(is_today)s),
                          COUNT(*) FILTER (WHERE %(is_today)s
                                             AND email_to LIKE %(block)s),
                          COALESCE(SUM(sms_cost) FILTER (WHERE moment >= %(month)s), 0)
                     FROM (SELECT partner_id, email_to, sms_cost,
                                  COALESCE(date_sent, lease_until, write_date) AS moment
                             FROM dunning_notice
                            WHERE company_id = %(company)s AND channel = %(channel)s
                              AND simulation IS NOT TRUE AND id != %(notice)s
                              AND (state IN %(left)s OR date_sent IS NOT NULL)) AS used
                    WHERE moment >= LEAST(%(week)s, %(month)s)""",
                channel=self.channel,
                block=f"{block}{'_' * sms_limits.BLOCK_DIGITS}",
                company=self.company_id.id,
                is_debtor=is_debtor,
                is_today=is_today,
                left=LEFT,
                month=month,
                notice=self.id,
                week=week,
            )
        )
        return sms_limits.Used(*row)

    def _get_sms_midnight(self, day):
        """When ``day`` begins in the company's time zone, UTC."""
        zone = pytz.timezone(self.company_id._dunning_timezone())
        begin = zone.localize(datetime.combine(day, time()))
        return begin.astimezone(pytz.utc).replace(tzinfo=None)

    def _put_off_for_limit(self, name):
        tomorrow = self.company_id._dunning_today() + timedelta(days=1)
        self.write(
            {
                "not_before": self._get_sms_midnight(tomorrow),
                "reason": self._get_limit_words(name),
            }
        )
        self._tell("put_off", reason=name, date=fields.Date.to_string(tomorrow))

    def _get_limit_words(self, name):
        return {
            "debtor_day": self.env._("The customer heard enough of us today."),
            "debtor_week": self.env._(
                "The customer heard enough of us within seven days."
            ),
            "company_day": self.env._(
                "The day's limit of messages is reached: a manager can raise it "
                "in the settings."
            ),
            "block_day": self.env._(
                "Many messages went to numbers like this one today, as in a fraud:"
                " look at the customers before you raise the limit in the settings."
            ),
            "budget": self.env._(
                "The month's budget for text messages is used up: a manager can raise "
                "it in the settings."
            ),
            "price": self.env._(
                "There is a budget, but no price for this number: enter one under "
                "Prices of Text Messages."
            ),
        }[name]
