from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from odoo.addons.dunning_automation.models.dunning_exposure import BANDS
from odoo.addons.dunning_automation.models.res_partner import READERS

from ..tools import risk_history

MANUAL = (
    "dunning_manual_risk",
    "dunning_manual_risk_reason",
    "dunning_manual_risk_until",
)

GROUPED = {
    "dunning_segment_id": ("dunning_segment_member", "segment_id"),
    "dunning_risk_band": ("dunning_exposure", "band"),
}
"""Field of a customer -> the table that has a row per customer and company, and its
column."""


class ResPartner(models.Model):
    _inherit = "res.partner"

    dunning_manual_risk = fields.Selection(
        BANDS,
        "Risk Set by Hand",
        company_dependent=True,
        copy=False,
        groups=READERS,
        help="Counts instead of what is computed, until its end.",
    )
    dunning_manual_risk_reason = fields.Char(
        "Why", company_dependent=True, copy=False, groups=READERS
    )
    dunning_manual_risk_until = fields.Date(
        "Until", company_dependent=True, copy=False, groups=READERS
    )
    dunning_risk_source = fields.Char(
        "Rated By", compute="_compute_dunning_risk_source", groups=READERS
    )
    dunning_segment_member_ids = fields.One2many(
        "dunning.segment.member", "partner_id", "Segments", groups=READERS
    )
    dunning_segment_id = fields.Many2one(
        "dunning.segment",
        "Customer Segment",
        compute="_compute_dunning_segment",
        search="_search_dunning_segment",
        groups=READERS,
        help="Customers who behave alike, as the weekly training found them.",
    )
    dunning_risk_history = fields.Html(
        "Risk History",
        compute="_compute_dunning_risk_history",
        sanitize=False,
        groups=READERS,
    )
    dunning_risk_trend = fields.Selection(
        [("rising", "Rising"), ("steady", "Steady"), ("falling", "Falling")],
        "Trend of the Risk",
        compute="_compute_dunning_risk_history",
        groups=READERS,
        help="Against 90 days ago; 10 points and more are a change.",
    )
    dunning_prediction_ids = fields.Many2many(
        "dunning.prediction",
        string="Predicted Payments",
        compute="_compute_dunning_predictions",
        groups=READERS,
    )

    @api.depends_context("company", "lang")
    def _compute_dunning_risk_source(self):
        exposures = self.env["dunning.exposure"]._search_of(self, self.env.company)
        for partner in self:
            exposure = exposures.get(partner.commercial_partner_id)
            partner.dunning_risk_source = exposure._get_source() if exposure else False

    @api.depends_context("company", "lang")
    def _compute_dunning_risk_history(self):
        """A small chart of the last two years, empty without two different days, and
        which way it goes."""
        today = self.env.company._dunning_today()
        scores = self.env["dunning.risk.score"].search(
            [
                ("partner_id", "in", self.commercial_partner_id.ids),
                ("company_id", "=", self.env.company.id),
                ("date", ">", today - timedelta(days=risk_history.DAYS)),
            ],
            order="date",
        )
        of_debtor = scores.grouped("partner_id")
        for partner in self:
            mine = of_debtor.get(partner.commercial_partner_id, scores.browse())
            changes = mine.mapped("date"), mine.mapped("score")
            points = risk_history.points(*changes)
            partner.dunning_risk_trend = risk_history.trend(*changes, today)
            partner.dunning_risk_history = points and self.env["ir.qweb"]._render(
                "dunning_automation_ai.risk_history",
                {
                    "points": points,
                    "first": format_date(self.env, mine[0].date),
                    "last": format_date(self.env, mine[-1].date),
                    "scores": [round(100 * mine[at].score) for at in (0, -1)],
                },
            )

    @api.depends_context("company")
    def _compute_dunning_segment(self):
        members = self.env["dunning.segment.member"].search(
            [
                ("partner_id", "in", self.commercial_partner_id.ids),
                ("company_id", "=", self.env.company.id),
            ]
        )
        segment_of = {member.partner_id: member.segment_id for member in members}
        for partner in self:
            partner.dunning_segment_id = segment_of.get(partner.commercial_partner_id)

    @api.model
    def _search_dunning_segment(self, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        members = self.env["dunning.segment.member"]
        mine = Domain("company_id", "=", self.env.company.id)
        asked = mine & Domain("segment_id", operator, value)
        found = Domain(
            "commercial_partner_id",
            "in",
            members._search(asked).subselect("partner_id"),
        )
        if operator == "in" and False in value:
            known = members._search(mine).subselect("partner_id")
            found |= Domain("commercial_partner_id", "not in", known)
        return found

    def _field_to_sql(self, alias, field_expr, query=None):
        """Customers can be grouped by segment and risk although these are kept
        elsewhere."""
        if field_expr not in GROUPED or query is None:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        table, column = GROUPED[field_expr]
        member = query.make_alias(alias, table)
        condition = SQL(
            "%s = %s AND %s = %s",
            SQL.identifier(member, "partner_id"),
            SQL.identifier(alias, "commercial_partner_id"),
            SQL.identifier(member, "company_id"),
            self.env.company.id,
        )
        query.add_join("LEFT JOIN", member, table, condition)
        return SQL.identifier(member, column)

    @api.depends_context("company")
    def _compute_dunning_predictions(self):
        found = self.env["dunning.prediction"].search(
            [
                ("partner_id", "in", self.commercial_partner_id.ids),
                ("company_id", "=", self.env.company.id),
                ("is_open", "=", True),
            ]
        )
        of_debtor = found.grouped("partner_id")
        for partner in self:
            partner.dunning_prediction_ids = of_debtor.get(
                partner.commercial_partner_id, found.browse()
            )

    @api.model
    def _dunning_compute_risk(self, company):
        result = super()._dunning_compute_risk(company)
        self.invalidate_model(
            [
                "dunning_prediction_ids",
                "dunning_risk_history",
                "dunning_risk_source",
                "dunning_risk_trend",
            ]
        )
        return result

    # === A PERSON'S DECISION === #

    @api.constrains(*MANUAL)
    def _check_dunning_manual_risk(self):
        for partner in self:
            if partner.dunning_manual_risk and not (
                partner.dunning_manual_risk_reason and partner.dunning_manual_risk_until
            ):
                raise ValidationError(
                    self.env._(
                        "Say why the risk of %s is set by hand, and until when.",
                        partner.display_name,
                    )
                )

    def write(self, vals):
        changed = self.browse()
        if vals.keys() & set(MANUAL):
            changed = self
            self.check_access("write")
            before = {it: it.dunning_manual_risk for it in self}
        result = super().write(vals)
        for partner in changed:
            partner._dunning_tell_manual_risk(before[partner])
        if changed:
            self.env["res.partner"].sudo()._dunning_compute_risk(self.env.company)
            self.env["dunning.case"].sudo()._refresh_worklist(self.env.company)
        return result

    def _dunning_tell_manual_risk(self, before):
        band = self.dunning_manual_risk
        if not (band or before):
            return
        until = self.dunning_manual_risk_until
        self.env["dunning.event"].sudo().create(
            {
                "company_id": self.env.company.id,
                "partner_id": self.commercial_partner_id.id,
                "kind": "risk_overridden" if band else "risk_override_ended",
                "note": self.dunning_manual_risk_reason,
                "payload": {
                    "band": band or before,
                    "date_end": fields.Date.to_string(until) if until else None,
                },
            }
        )

    @api.model
    def _dunning_get_manual_risks(self, company, today):
        """{customer id: (band, ISO date, why)} of the decisions that hold today."""
        partners = self.sudo().with_company(company)
        found = partners.with_context(active_test=False).search(
            [("dunning_manual_risk", "!=", False)]
        )
        return {
            partner.commercial_partner_id.id: (
                partner.dunning_manual_risk,
                fields.Date.to_string(partner.dunning_manual_risk_until),
                partner.dunning_manual_risk_reason,
            )
            for partner in found
            if partner.dunning_manual_risk_until
            and partner.dunning_manual_risk_until >= today
        }
