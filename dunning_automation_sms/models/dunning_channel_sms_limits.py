from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
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

    _limited_idx = models.Index(
        "(company_id, channel, (COALESCE(date_sent, lease_until, write_date)))"
        " WHERE channel IN ('sms', 'call') AND simulation IS NOT TRUE"
    )

    def _must_keep_to_limits(self, batch):
        """Whether a limit is against sending this message today; it is put off then
        until tomorrow. Remembers what it costs."""
        if self.channel not in ("sms", "call"):
            return False
        limits, timezone = batch.once(
            ("limits", self.company_id.id, self.channel), self._read_sms_limits
        )
        today = self.env["dunning.run"]._local_date(timezone)
        segments, cost = 0, 0
        if self.channel == "sms":
            segments = sms_segments.measure(self.sms_text or "").segments
            cost = self._get_sms_cost(segments, today, batch)
        used = self._read_sms_use(limits, timezone, today, batch)
        name = sms_limits.reached(limits, used, cost)
        if name:
            self._put_off_for_limit(name, timezone, today)
        else:
            batch.values |= {"sms_segments": segments, "sms_cost": cost or 0}
        return bool(name)

    def _read_sms_limits(self):
        """The limits of this channel, and the time zone of the company's days."""
        limits = self.company_id.sudo()._get_sms_limits()
        if self.channel == "call":
            limits = limits._replace(budget=0)
        return limits, self.company_id._dunning_timezone()

    def _get_sms_cost(self, segments, today, batch):
        """In the company's currency; None = nobody knows."""
        prices = batch.once(
            ("prices", self.company_id.id, today),
            lambda: self.env["dunning.sms.price"]._read_prices(self.company_id, today),
        )
        found = sms_limits.price_of(self.email_to, prices, today)
        return found and found.amount * segments

    def _read_sms_use(self, limits, timezone, today, batch):
        """
        :return: ``Used`` of ``tools/sms_limits.py``
        """
        block = sms_limits.block_of(self.email_to)
        days = (today, today - timedelta(days=6), today.replace(day=1))
        [row] = self.env["dunning.ledger"]._ask(
            batch,
            ("use", self.company_id.id, self.channel),
            lambda *places: self._get_sms_use_sql(limits, *places),
            self.id,
            self.partner_id.id,
            f"{block}{'_' * sms_limits.BLOCK_DIGITS}",
            *(self._get_sms_midnight(day, timezone) for day in days),
        )
        return sms_limits.Used(*row)

    def _get_sms_use_sql(self, limits, notice_id, partner_id, block, day, week, month):
        """The statement of ``_read_sms_use``: about this notice, its customer, numbers
        like its own, since the beginning of today, of the week and of the month (SQL).
        What has no limit is not looked at, and counts as nothing."""
        moment = SQL("COALESCE(date_sent, lease_until, write_date)")
        used = SQL(
            """FROM dunning_notice
              WHERE company_id = %s AND channel = %s AND simulation IS NOT TRUE
                AND id != %s AND (state IN %s OR date_sent IS NOT NULL)""",
            self.company_id.id,
            self.channel,
            notice_id,
            LEFT,
        )
        of_all = limits.company_day or limits.block_day or limits.budget
        return SQL(
            """SELECT of_debtor.today, of_debtor.week, of_all.today, of_all.block,
                      of_all.spent
                 FROM (SELECT COUNT(*) FILTER (WHERE %(moment)s >= %(day)s) AS today,
                              COUNT(*) AS week
                         %(used)s AND %(of_debtor)s AND %(moment)s >= %(week)s
                          AND partner_id = %(partner)s
                      ) AS of_debtor,
                      (SELECT COUNT(*) FILTER (WHERE %(moment)s >= %(day)s) AS today,
                              COUNT(*) FILTER (WHERE %(moment)s >= %(day)s
                                                 AND email_to LIKE %(block)s) AS block,
                              COALESCE(SUM(sms_cost), 0) AS spent
                         %(used)s AND %(of_all)s AND %(moment)s >= %(since)s
                      ) AS of_all""",
            block=SQL("%s::text", block),
            day=SQL("%s::timestamp", day),
            moment=moment,
            of_all=bool(of_all),
            of_debtor=bool(limits.debtor_day or limits.debtor_week),
            partner=partner_id,
            since=SQL(
                "CASE WHEN %s THEN %s::timestamp ELSE %s::timestamp END",
                bool(limits.budget),
                month,
                day,
            ),
            used=used,
            week=SQL("%s::timestamp", week),
        )

    @api.model
    def _get_sms_midnight(self, day, timezone):
        """When ``day`` begins in that time zone, UTC."""
        zone = pytz.timezone(timezone)
        begin = zone.localize(datetime.combine(day, time()))
        return begin.astimezone(pytz.utc).replace(tzinfo=None)

    def _put_off_for_limit(self, name, timezone, today):
        tomorrow = today + timedelta(days=1)
        self.write(
            {
                "not_before": self._get_sms_midnight(tomorrow, timezone),
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
