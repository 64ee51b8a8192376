import numpy as np

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import segments

SINCE_DAYS = 3 * 365
MIN_OUTCOMES = 3


class DunningSegment(models.Model):
    """Customers of a company who behave alike, found by the weekly training.

    The name is made of what they have in common until a person gives one; a segment
    lives on from training to training while most of its customers stay together.
    """

    _name = "dunning.segment"
    _description = "Customer Segment"
    _order = "mean_days_late desc, id"
    _allow_sudo_commands = False

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    active = fields.Boolean(
        default=True,
        readonly=True,
        help="Segments that no customer is in are archived.",
    )
    name = fields.Char(
        required=True, help="Yours to choose. It is kept by the next trainings."
    )
    is_named = fields.Boolean("Named by a Person", readonly=True)
    words = fields.Char(
        "What They Have in Common", readonly=True, help="As the last training found."
    )
    date = fields.Date("Found On", readonly=True)
    customer_count = fields.Integer("Customers", readonly=True)
    mean_days_late = fields.Float(
        "Days Late", digits=(6, 1), readonly=True, aggregator="avg"
    )
    late_share = fields.Float(
        "Late", readonly=True, aggregator="avg", help="Share of their invoices."
    )
    reminders = fields.Float(
        "Reminders until Paid", digits=(6, 1), readonly=True, aggregator="avg"
    )
    mean_amount = fields.Monetary(
        "Usual Invoice", readonly=True, aggregator="avg", help="Geometric mean."
    )
    years = fields.Float(
        "Customers for (Years)", digits=(6, 1), readonly=True, aggregator="avg"
    )
    member_ids = fields.One2many("dunning.segment.member", "segment_id", "Members")

    def write(self, vals):
        """A name that a person gives stays."""
        if "name" in vals and not self.env.su:
            self.sudo().is_named = True
        return super().write(vals)

    def action_open_customers(self):
        """Open the customers of this segment."""
        self.ensure_one()
        return self.member_ids.partner_id._get_records_action(name=self.name)

    # === TRAINING === #

    @api.model
    def _group(self, company):
        """Find the segments of ``company`` anew. With too few customers whose habits
        are known, all stays as it is.

        :return: the segments that have customers
        """
        rows = self._read_behaviour(company)
        partners, industries, before = (
            np.array([row[:3] for row in rows], dtype=int).reshape(-1, 3).T
        )
        table = segments.columns([row[3:] for row in rows])
        numbers = segments.group(table, industries, before)
        known = self.with_context(active_test=False).search(
            [("company_id", "=", company.id)]
        )
        if not len(numbers):
            return known.filtered("active")
        found = self.browse()
        for number in np.unique(numbers):
            mine = numbers == number
            segment = self.browse([int(number)] if number in before else [])
            segment = segment._describe(company, table[mine], table)
            segment._take_in(partners[mine].tolist())
            found |= segment
        found._keep_names_apart()
        gone = known - found
        gone.member_ids.unlink()
        gone.active = False
        return found

    def _describe(self, company, members, everybody):
        """Keep what the customers of this segment, or of a new one, are like.

        :return: the segment
        """
        words = self._say(segments.describe(members, everybody))
        mean = dict(zip(segments.FEATURES, members.mean(axis=0).tolist(), strict=True))
        values = {
            "active": True,
            "words": words,
            "date": company._dunning_today(),
            "customer_count": len(members),
            "mean_amount": np.expm1(mean["log_amount"]),
            **{
                name: mean[name]
                for name in ("mean_days_late", "late_share", "reminders", "years")
            },
        }
        if not self:
            return self.create({"company_id": company.id, "name": words, **values})
        self.write(values if self.is_named else {"name": words, **values})
        return self

    def _keep_names_apart(self):
        for _name, same in self.grouped("name").items():
            for segment in same if len(same) > 1 else ():
                if not segment.is_named:
                    segment.name = self.env._(
                        "%(segment)s, %(days)s days late",
                        segment=segment.words,
                        days=round(segment.mean_days_late),
                    )

    def _take_in(self, partner_ids):
        """These customers are in this segment from now on."""
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO dunning_segment_member (partner_id, company_id, segment_id)
                SELECT partner_id, %(company)s, %(segment)s
                  FROM UNNEST(%(partners)s) AS given(partner_id)
                    ON CONFLICT (partner_id, company_id) DO UPDATE
                   SET segment_id = EXCLUDED.segment_id
                """,
                company=self.company_id.id,
                partners=partner_ids,
                segment=self.id,
            )
        )
        self.env["dunning.segment.member"].invalidate_model()
        self.invalidate_recordset(["member_ids"])

    @api.model
    def _read_behaviour(self, company):
        """Customers with enough outcomes: id, industry, id of the segment until now
        (NOBODY = none), then ``FEATURES`` of ``tools/segments.py``."""
        features = self.env["dunning.risk.features"]
        features._prepare_database()
        self.env["dunning.notice"].flush_model()
        self.env["dunning.notice.line"].flush_model()
        self.env["res.partner"].flush_model(["country_id", "industry_id"])
        today = company._dunning_today()
        return self.env.execute_query(
            SQL(
                """
                WITH %(items)s, told AS (
                    SELECT listed.move_line_id,
                           COUNT(DISTINCT listed.level_id) AS number
                      FROM dunning_notice_line listed
                      JOIN dunning_notice notice ON notice.id = listed.notice_id
                     WHERE notice.company_id = %(company)s
                       AND notice.state IN ('sent', 'delivered')
                       AND listed.is_step AND listed.days_overdue > 0
                     GROUP BY listed.move_line_id
                )
                SELECT item.customer_id, COALESCE(partner.industry_id, 0),
                       COALESCE(member.segment_id, %(nobody)s),
                       AVG(late_by), COALESCE(STDDEV(late_by), 0),
                       AVG((item.due + late_by > item.limit_day)::int),
                       AVG(COALESCE(told.number, 0)), AVG(LN(1 + item.amount)),
                       (%(today)s - MIN(item.issued)) / 365.0,
                       (COALESCE(partner.country_id != %(country)s, FALSE))::int
                  FROM item
            CROSS JOIN LATERAL (
                SELECT COALESCE(item.settled, %(today)s) - item.due AS late_by) habit
                  JOIN res_partner partner ON partner.id = item.customer_id
             LEFT JOIN told ON told.move_line_id = item.id
             LEFT JOIN dunning_segment_member member
                    ON member.partner_id = item.customer_id
                   AND member.company_id = %(company)s
                 WHERE item.is_usual AND item.how != 2
                   AND (item.settled IS NOT NULL OR item.limit_day < %(today)s)
                   AND item.issued > %(today)s - %(since)s
                 GROUP BY item.customer_id, partner.id, member.segment_id
                HAVING COUNT(*) >= %(enough)s
                 ORDER BY item.customer_id
                """,
                company=company.id,
                country=company.country_id.id or None,
                enough=MIN_OUTCOMES,
                items=features._get_items_sql(
                    company, company.dunning_late_grace_days, shift=True
                ),
                nobody=segments.NOBODY,
                since=SINCE_DAYS,
                today=today,
            )
        )

    @api.model
    def _say(self, found):
        """The words of a segment, in the language of its company.

        :param found: ``Words`` of ``tools/segments.py``
        """
        pays = {
            "early": self.env._("Pays early"),
            "on_time": self.env._("Pays on time"),
            "little_late": self.env._("Pays a little late"),
            "very_late": self.env._("Pays very late"),
            "first_reminder": self.env._("Pays after the first reminder"),
            "second_reminder": self.env._("Pays after the second reminder"),
            "many_reminders": self.env._("Pays after many reminders"),
        }
        sizes = {
            "small": self.env._("small"),
            "medium": self.env._("medium"),
            "large": self.env._("large"),
        }
        more = [self.env._("new")] if found.is_new else []
        more += [self.env._("abroad")] if found.is_abroad else []
        return ", ".join([pays[found.pays], sizes[found.size], *more])
