from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools import lift, pilot
from ..tools.channels import INTERNAL
from .dunning_notice_analysis import WINDOWS

DAYS = 14
"""The window in which reminders are compared with the control group."""


class DunningEffect(models.Model):
    """What works: what reminders brought, by level, channel, text or hour.

    What is counted are invoices (receivable lines): those that a message moved to a
    level, and whether money settled them within n days. Beside them stand invoices of
    the policy's control group, which heard nothing: on the day on which they would have
    reached the same levels, since the first reminder of that level left. So both sides
    lived through the same time, and what customers pay anyway is not put down to us.
    """

    _name = "dunning.effect"
    _description = "What Works"
    _auto = False
    _rec_name = "name"
    _order = "company_id, policy_id, delay_days, channel, variant_id, hour, id"

    dimension = fields.Selection(
        [
            ("level", "Level"),
            ("channel", "Channel"),
            ("variant", "Text"),
            ("hour", "Hour"),
        ],
        "By",
        readonly=True,
    )
    name = fields.Char(compute="_compute_name")
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    policy_id = fields.Many2one("dunning.policy", readonly=True)
    level_id = fields.Many2one("dunning.level", readonly=True)
    delay_days = fields.Integer(readonly=True)
    channel = fields.Selection(
        lambda self: self.env["dunning.action"]._fields["channel"].selection,
        readonly=True,
    )
    variant_id = fields.Many2one("dunning.action.variant", "Text", readonly=True)
    hour = fields.Char(readonly=True)
    sent = fields.Integer("Messages", readonly=True, help="That left.")
    delivered = fields.Integer(readonly=True, help="Delivery was confirmed.")
    opened = fields.Integer(readonly=True)
    clicked = fields.Integer("Link Followed", readonly=True)
    promised = fields.Integer(
        readonly=True, help="The customer promised to pay within 14 days."
    )
    complaints = fields.Integer(
        readonly=True, help="The customer opted out within 14 days."
    )
    cost = fields.Monetary(readonly=True)
    due_7 = fields.Integer("Invoices, 7 Days Over", readonly=True)
    paid_7 = fields.Integer("Paid within 7 Days (Number)", readonly=True)
    due_14 = fields.Integer("Invoices, 14 Days Over", readonly=True)
    paid_14 = fields.Integer("Paid within 14 Days (Number)", readonly=True)
    due_30 = fields.Integer("Invoices, 30 Days Over", readonly=True)
    paid_30 = fields.Integer("Paid within 30 Days (Number)", readonly=True)
    control_due = fields.Integer("Control Group", readonly=True)
    control_paid = fields.Integer("Control Group, Paid", readonly=True)
    share_7 = fields.Char("Paid within 7 Days", compute="_compute_shares")
    share_14 = fields.Char("Paid within 14 Days", compute="_compute_shares")
    share_30 = fields.Char("Paid within 30 Days", compute="_compute_shares")
    control_share = fields.Char(
        "Without, within 14 Days",
        compute="_compute_shares",
        help="Invoices of the control group, which hears nothing, on the days on which "
        "they would have reached these levels.",
    )
    lift = fields.Char(
        "Difference",
        compute="_compute_evidence",
        help="More paid of 100 invoices within 14 days than in the control group, and "
        "in brackets from where to where it lies with a confidence of 95 %.",
    )
    evidence = fields.Char("In Words", compute="_compute_evidence")

    # === IN WORDS === #

    @api.depends("dimension")
    @api.depends_context("lang")
    def _compute_name(self):
        channels = dict(self._fields["channel"]._description_selection(self.env))
        for row in self:
            row.name = {
                "level": row.level_id.name,
                "channel": channels.get(row.channel),
                "variant": row.variant_id.display_name,
                "hour": row.hour,
            }[row.dimension]

    @api.depends("due_7", "due_14", "due_30", "control_due")
    @api.depends_context("lang")
    def _compute_shares(self):
        for row in self:
            for days in WINDOWS:
                share = self._say_share(row[f"paid_{days}"], row[f"due_{days}"])
                row[f"share_{days}"] = share
            row.control_share = self._say_share(row.control_paid, row.control_due)

    @api.model
    def _say_share(self, paid, number):
        if not number:
            return ""
        share = round(100 * paid / number)
        return self.env._("%(share)s %% of %(number)s", share=share, number=number)

    @api.depends("due_14", "paid_14", "control_due", "control_paid")
    @api.depends_context("lang")
    def _compute_evidence(self):
        for row in self:
            seen = lift.difference(
                row.paid_14, row.due_14, row.control_paid, row.control_due
            )
            row.lift = ""
            if seen:
                more, low, high = (f"{100 * figure:+.0f}" for figure in seen)
                row.lift = f"{more} ({low} … {high})"
            row.evidence = row._say_evidence(seen)

    def _say_evidence(self, seen):
        """
        :param seen: of ``lift.difference``
        """
        if not self.due_14:
            return self.env._("No reminder is 14 days old yet.")
        if not seen:
            return self.env._(
                "Nothing to compare with: set a control share in the policy."
            )
        more, low, high = seen
        if low > 0:
            return self.env._(
                "Works: of 100 invoices %(low)s to %(high)s more are paid.",
                low=max(round(100 * low), 1),
                high=round(100 * high),
            )
        if high < 0:
            return self.env._("Fewer are paid than without a reminder: look at it.")
        wanted = lift.needed(
            self.paid_14 / self.due_14, self.control_paid / self.control_due
        )
        missing = wanted - min(self.due_14, self.control_due)
        if missing <= 0:
            return self.env._("No difference that matters.")
        if self.due_14 < wanted:
            return self.env._(
                "No evidence yet: %s more reminders needed.", wanted - self.due_14
            )
        return self.env._(
            "No evidence yet: %s more invoices of the control group needed.", missing
        )

    # === WHERE IT COMES FROM === #

    @property
    def _table_query(self):
        return SQL(
            """
            %(sources)s,
            line_row AS (
                SELECT dimension, company_id, policy_id, by_level, by_channel,
                       by_variant, by_hour, ARRAY_AGG(DISTINCT level_id) AS levels,
                       %(counts)s
                  FROM asked
            CROSS JOIN LATERAL (%(dimensions)s) AS way
                 WHERE dimension != 'variant' OR by_variant IS NOT NULL
                 GROUP BY 1, 2, 3, 4, 5, 6, 7
            ), message_row AS (
                SELECT dimension, company_id, policy_id, by_level, by_channel,
                       by_variant, by_hour, SUM(sent) AS sent,
                       SUM(delivered) AS delivered, SUM(opened) AS opened,
                       SUM(clicked) AS clicked, SUM(promised) AS promised,
                       SUM(complaints) AS complaints, SUM(cost) AS cost
                  FROM message
            CROSS JOIN LATERAL (%(dimensions)s) AS way
                 WHERE dimension != 'variant' OR by_variant IS NOT NULL
                 GROUP BY 1, 2, 3, 4, 5, 6, 7
            )
            SELECT ('x' || LEFT(MD5(CONCAT_WS(
                       '/', line_row.dimension, line_row.company_id,
                       line_row.policy_id, COALESCE(line_row.by_level, 0),
                       line_row.by_channel, COALESCE(line_row.by_variant, 0),
                       line_row.by_hour)), 7))::bit(28)::integer AS id,
                   line_row.dimension, line_row.company_id, line_row.policy_id,
                   line_row.by_level AS level_id, level.delay_days,
                   line_row.by_channel AS channel, line_row.by_variant AS variant_id,
                   line_row.by_hour AS hour,
                   due_7, paid_7, due_14, paid_14, due_30, paid_30,
                   COALESCE(sent, 0) AS sent, COALESCE(delivered, 0) AS delivered,
                   COALESCE(opened, 0) AS opened, COALESCE(clicked, 0) AS clicked,
                   COALESCE(promised, 0) AS promised,
                   COALESCE(complaints, 0) AS complaints, COALESCE(cost, 0) AS cost,
                   without.due AS control_due, without.paid AS control_paid
              FROM line_row
         LEFT JOIN dunning_level level ON level.id = line_row.by_level
         LEFT JOIN message_row
                ON (message_row.dimension, message_row.company_id,
                    message_row.policy_id) =
                   (line_row.dimension, line_row.company_id, line_row.policy_id)
               AND (message_row.by_level, message_row.by_channel,
                    message_row.by_variant, message_row.by_hour)
                   IS NOT DISTINCT FROM
                   (line_row.by_level, line_row.by_channel, line_row.by_variant,
                    line_row.by_hour)
        CROSS JOIN LATERAL (
                   SELECT COUNT(*) AS due,
                          COUNT(*) FILTER (WHERE control.is_paid) AS paid
                     FROM control
                    WHERE control.company_id = line_row.company_id
                      AND control.level_id = ANY(line_row.levels)
                   ) without
            """,
            counts=SQL(", ").join(
                SQL(
                    """COUNT(*) FILTER (WHERE date + %(days)s < today) AS %(due)s,
                       COUNT(*) FILTER (
                           WHERE date + %(days)s < today AND %(paid)s >= residual
                       ) AS %(paid)s""",
                    days=days,
                    due=SQL.identifier(f"due_{days}"),
                    paid=SQL.identifier(f"paid_{days}"),
                )
                for days in WINDOWS
            ),
            dimensions=SQL(
                """SELECT *
                     FROM (VALUES
                          ('level', level_id, NULL, NULL::integer, NULL),
                          ('channel', NULL, channel, NULL, NULL),
                          ('variant', level_id, NULL, variant_id, NULL),
                          ('hour', NULL, NULL, NULL, hour)
                          ) AS way (dimension, by_level, by_channel, by_variant,
                                    by_hour)"""
            ),
            sources=self._get_sources_sql(),
        )

    @api.model
    def _get_sources_sql(self):
        """``WITH message AS (...), asked AS (...), control AS (...)``: what left, the
        invoices that it moved to a level, and those that stand beside them."""
        analysis = self.env["dunning.notice.analysis"]
        return SQL(
            """
            WITH message AS (
                SELECT * FROM (%(messages)s) AS message
                 WHERE sent = 1 AND channel NOT IN %(internal)s
            ), asked AS MATERIALIZED (
                SELECT message.company_id, message.policy_id, step.level_id,
                       message.channel, message.variant_id, message.hour, message.date,
                       step.move_line_id, step.residual, money.*,
                       %(today)s AS today
                  FROM message
                  JOIN res_company company ON company.id = message.company_id
                  JOIN res_partner seller ON seller.id = company.partner_id
                  JOIN dunning_notice_line step ON step.notice_id = message.notice_id
            CROSS JOIN LATERAL (%(paid)s) money
                 WHERE step.is_step AND step.skip_reason IS NULL
                   AND step.drop_reason IS NULL
            ), control AS MATERIALIZED (%(control)s
            )""",
            control=self._get_control_sql(),
            internal=INTERNAL,
            messages=analysis._table_query,
            paid=analysis._get_paid_sql(SQL("step.move_line_id"), SQL("message.date")),
            today=self._get_today_sql(),
        )

    @api.model
    def _get_today_sql(self):
        return SQL(
            """(%s::timestamp AT TIME ZONE 'UTC'
                AT TIME ZONE COALESCE(company.dunning_tz, seller.tz, 'UTC'))::date""",
            self.env.cr.now(),
        )

    @api.model
    def _get_control_sql(self):
        """The invoices of control groups, on the day on which each would have reached
        a level: what they were paid within 14 days without a word. ``asked`` is what
        was reminded of."""
        return SQL(
            """
                SELECT decision.company_id, level.id AS level_id,
                       line.id AS move_line_id,
                       money.paid_14 >= line.balance - before.paid AS is_paid
                  FROM dunning_policy policy
                  JOIN dunning_level level ON level.policy_id = policy.id
                  JOIN (SELECT level_id, MIN(date) AS day
                          FROM asked
                         GROUP BY level_id) began ON began.level_id = level.id
                  JOIN dunning_decision decision ON decision.policy_id = policy.id
                  JOIN res_company company ON company.id = decision.company_id
                  JOIN res_partner seller ON seller.id = company.partner_id
                  JOIN account_move_line line ON line.id = decision.move_line_id
            CROSS JOIN LATERAL (
                       SELECT COALESCE(line.date_maturity, line.date) + level.delay_days
                              AS day) reached
            CROSS JOIN LATERAL (
                       SELECT COALESCE(SUM(part.amount), 0) AS paid
                         FROM account_partial_reconcile part
                        WHERE part.debit_move_id = line.id
                          AND part.max_date < reached.day) before
            CROSS JOIN LATERAL (%(paid)s) money
                 WHERE policy.control_share > 0
                   AND %(drawn)s < policy.control_share
                   AND line.parent_state = 'posted'
                   AND line.balance > before.paid
                   AND reached.day >= GREATEST(began.day, line.date)
                   AND reached.day + %(days)s < %(today)s
                   AND NOT EXISTS (
                       SELECT 1
                         FROM asked
                        WHERE asked.move_line_id = line.id
                          AND asked.date <= reached.day + %(days)s)
            """,
            days=DAYS,
            drawn=self.env["dunning.policy"]._get_draw_sql(
                pilot.CONTROL, SQL("policy.id"), SQL("decision.partner_id")
            ),
            paid=self.env["dunning.notice.analysis"]._get_paid_sql(
                SQL("line.id"), SQL("reached.day")
            ),
            today=self._get_today_sql(),
        )

    # === EVERY NUMBER OPENS ITS RECORDS === #

    def action_open_messages(self):
        """Open the messages of this row."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_notice_analysis_action"
        )
        domain = Domain("sent", "=", 1) & Domain("channel", "not in", INTERNAL)
        for name, value in self._get_key().items():
            domain &= Domain(name, "=", value)
        return action | {
            "name": self.name,
            "views": [(False, "list"), (False, "pivot"), (False, "graph")],
            "domain": list(domain),
            "context": {},
        }

    def action_open_control(self):
        """Open the items of the control group that stand beside this row."""
        self.ensure_one()
        self.check_access("read")
        rows = self.env.execute_query(
            SQL(
                """%s
                SELECT DISTINCT move_line_id
                  FROM control
                 WHERE company_id = %s
                   AND level_id IN (SELECT level_id FROM asked WHERE %s)""",
                self._get_sources_sql(),
                self.company_id.id,
                SQL(" AND ").join(
                    SQL("%s = %s", SQL.identifier(name), value)
                    for name, value in self._get_key().items()
                ),
            )
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Control Group: %s", self.name),
            "res_model": "account.move.line",
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", [line_id for (line_id,) in rows])],
        }

    def _get_key(self):
        """{field: value} that distinguish the messages of this row."""
        names = ("company_id", "policy_id", "level_id", "channel", "variant_id", "hour")
        values = self._convert_to_write({name: self[name] for name in names})
        return {name: value for name, value in values.items() if value}
