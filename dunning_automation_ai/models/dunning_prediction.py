import json
import logging
from datetime import timedelta

import numpy as np

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from odoo.addons.dunning_automation.fields import FollowingMany2one, UncheckedMany2one
from odoo.addons.dunning_automation.models.dunning_exposure import BANDS
from odoo.addons.dunning_automation.tools import risk

from ..tools import explanation, open_lines, payment_days
from ..tools.features import columns, to_date, to_number

_logger = logging.getLogger(__name__)

REASONS = [
    ("late_already", "Late already"),
    ("new_customer", "No history of the customer: the company's average"),
    ("longer", "Open for longer than nearly all payments took: no day"),
    ("no_payments", "No history of the company yet"),
    ("immediate", "Due when it was issued: nothing to predict"),
    ("unusual", "Issued later, or its amount, customer or date cannot be used"),
]
FACTS = {
    "weekday": "due_weekday",
    "share": "late_share",
    "outcomes": "known_outcomes",
    "last": "last_days_late",
    "last_10": "late_share_of_10",
    "ratio": "log_amount_ratio",
    "terms": "terms",
    "open": "open_lines",
    "overdue": "overdue_lines",
}
"""Figures that the reasons name -> the features that they are."""

PARTS = (*explanation.NAMES, "waiting")
STORED = (
    "partner_id",
    "model_id",
    "date",
    "late_chance",
    "rule_chance",
    "late_band",
    "very_late_chance",
    "very_late_band",
    "stays_open",
    "expected_date",
    "date_low",
    "date_high",
    "reason",
    "parts",
)
FIRST = (
    "late_chance",
    "rule_chance",
    "expected_date",
    "date_low",
    "date_high",
    "model_id",
)
"""Kept as they were at the first prediction: what came is compared with these."""


class DunningPrediction(models.Model):
    """When an open receivable line is paid, whether late, and why: one row per line.

    A table of its own, written for a whole company by one statement, so that nobody
    who edits an invoice waits for it. The row stays after the payment: the first
    prediction of each line is what the model is measured by later.
    """

    _name = "dunning.prediction"
    _description = "Payment Prediction"
    _order = "late_chance desc nulls last, id"
    _rec_name = "move_id"
    _log_access = False
    _allow_sudo_commands = False

    move_line_id = FollowingMany2one(
        "account.move.line", required=True, readonly=True, ondelete="cascade"
    )  # Already has an index from the unique constraint.
    # Invoice and company stay as long as the receivable line does.
    move_id = UncheckedMany2one(
        "account.move", "Invoice", required=True, readonly=True, index=True
    )
    company_id = UncheckedMany2one(
        "res.company", required=True, readonly=True, index=True
    )
    partner_id = FollowingMany2one(
        "res.partner", "Customer", readonly=True, index=True, ondelete="set null"
    )
    model_id = FollowingMany2one(
        "dunning.risk.model",
        "Model",
        readonly=True,
        ondelete="set null",
        help="Empty = the rule: the customer's own average.",
    )
    date = fields.Date("Predicted On", readonly=True)
    late_chance = fields.Float("Late", readonly=True, aggregator="avg")
    rule_chance = fields.Float("Late by the Rule", readonly=True, aggregator="avg")
    late_band = fields.Selection(BANDS, "Chance of Being Late", readonly=True)
    very_late_chance = fields.Float(
        "More than 30 Days Late",
        readonly=True,
        aggregator="avg",
        help="The chance that it is paid more than 30 days after its due date.",
    )
    very_late_band = fields.Selection(
        BANDS, "Chance of More than 30 Days", readonly=True
    )
    stays_open = fields.Float(
        "Open in 30 Days",
        readonly=True,
        aggregator="avg",
        help="The chance that it is still open 30 days after its due date, or from now "
        "if that is later.",
    )
    expected_date = fields.Date("Expected Payment", readonly=True)
    date_low = fields.Date("Earliest (10 %)", readonly=True)
    date_high = fields.Date("Latest (90 %)", readonly=True)
    reason = fields.Selection(REASONS, "Note", readonly=True)
    parts = fields.Json(readonly=True, help="Shares of the chance, and their facts.")
    first_date = fields.Date(readonly=True)
    first_late_chance = fields.Float(readonly=True, aggregator="avg")
    first_rule_chance = fields.Float(readonly=True, aggregator="avg")
    first_model_id = UncheckedMany2one("dunning.risk.model", readonly=True)
    first_expected_date = fields.Date(readonly=True)
    first_date_low = fields.Date(readonly=True)
    first_date_high = fields.Date(readonly=True)

    date_due = fields.Date(related="move_line_id.date_maturity", string="Due Date")
    company_currency_id = fields.Many2one(related="company_id.currency_id")
    amount = fields.Monetary(
        "Open Amount",
        related="move_line_id.amount_residual",
        currency_field="company_currency_id",
    )
    is_open = fields.Boolean(
        "Open", compute="_compute_is_open", search="_search_is_open"
    )
    source = fields.Char("Predicted By", compute="_compute_source")
    reasons = fields.Json(compute="_compute_reasons")

    _move_line_uniq = models.Constraint(
        "UNIQUE(move_line_id)", "There is one prediction per line."
    )

    @api.depends("move_line_id.reconciled", "move_line_id.parent_state")
    def _compute_is_open(self):
        for prediction in self:
            line = prediction.move_line_id
            prediction.is_open = line.parent_state == "posted" and not line.reconciled

    def _search_is_open(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [
            ("move_line_id.reconciled", "=", False),
            ("move_line_id.parent_state", "=", "posted"),
        ]

    @api.depends("model_id", "date")
    @api.depends_context("lang")
    def _compute_source(self):
        for prediction in self:
            prediction.source = (
                prediction.model_id.display_name
                if prediction.model_id
                else self.env._("Rule: the customer's average")
            )

    # === IN WORDS === #

    @api.depends("parts", "late_chance")
    @api.depends_context("lang")
    def _compute_reasons(self):
        for prediction in self:
            prediction.reasons = prediction._get_reasons()

    def _get_reasons(self):
        """What speaks for the chance, the weightiest first after the typical invoice.

        :return: list of dict with ``code``, ``words``, ``points`` (percentage points,
            whole numbers that add up to the chance as it is shown) and ``has_link``
        """
        self.ensure_one()
        parts = self.parts or {}
        shares = parts.get("shares")
        if not shares or self.reason in ("immediate", "unusual", "no_payments"):
            return []
        points = explanation.in_points(self.late_chance, shares)
        order = sorted(PARTS, key=lambda code: -abs(shares.get(code, 0)))
        said = [{"code": "base", "words": self.env._("Typical invoice here")}] + [
            {"code": code, "words": self._say(code, parts["facts"])} for code in order
        ]
        return [
            {
                **reason,
                "points": points[reason["code"]],
                "has_link": reason["code"] in explanation.NAMES,
            }
            for reason in said
            if points.get(reason["code"]) or reason["code"] == "base"
        ]

    @api.model
    def _say(self, code, facts):
        """One reason in words; a figure that is not known is None."""
        return getattr(self, f"_say_{code}")(facts)

    @api.model
    def _say_calendar(self, facts):
        # The 1st of January 2024 was a Monday.
        day = to_date(to_number(fields.Date.to_date("2024-01-01")) + facts["weekday"])
        day -= timedelta(days=1)
        name = format_date(self.env, day, date_format="EEEE")
        return self.env._("Due on a %s", name)

    @api.model
    def _say_history(self, facts):
        if not facts["outcomes"]:
            return self.env._("No invoice of the customer has an outcome yet")
        return self.env._(
            "Of the customer's %(number)s earlier invoices about %(share)s %% were "
            "late",
            number=self._say_number(facts["outcomes"]),
            share=round(facts["share"] * 100),
        )

    @api.model
    def _say_number(self, number):
        """Counts end at 50, see the features."""
        return f"{number:.0f}+" if number >= 50 else f"{number:.0f}"

    @api.model
    def _say_recent(self, facts):
        if facts["last"] is None:
            return self.env._("No payment of the customer yet")
        share = round((facts["last_10"] or 0) * 100)
        if facts["last"] > 0:
            return self.env._(
                "Of the last 10 payments %(share)s %% were late, the last one by "
                "%(days)s days",
                share=share,
                days=round(facts["last"]),
            )
        return self.env._(
            "Of the last 10 payments %s %% were late, the last one was in time", share
        )

    @api.model
    def _say_invoice(self, facts):
        terms = self.env._("%s days to pay", round(facts["terms"]))
        if facts["ratio"] is None:
            return terms
        times = f"{float(np.exp(facts['ratio'])):.1f}"
        return self.env._(
            "%(times)s times the customer's usual amount, %(terms)s",
            times=times,
            terms=terms,
        )

    @api.model
    def _say_position(self, facts):
        return self.env._(
            "%(overdue)s of %(open)s other open items are overdue",
            overdue=round(facts["overdue"]),
            open=round(facts["open"]),
        )

    @api.model
    def _say_waiting(self, facts):
        days = round(facts["age"])
        if days > 0:
            return self.env._("Not paid %s days after the due date", days)
        return self.env._("Not paid yet, %s days before the due date", -days)

    # === THE INVOICES BEHIND A REASON === #

    def action_open_reason(self, code):
        """Open the invoices that a reason speaks of.

        :param str code: one of the five groups
        """
        self.ensure_one()
        domain, name = self._get_evidence(code)
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "account.move",
            "views": [[False, "list"], [False, "form"]],
            "domain": [
                ("commercial_partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("move_type", "=", "out_invoice"),
                ("state", "=", "posted"),
                *domain,
            ],
            "context": {"default_move_type": "out_invoice", "create": False},
        }

    def _get_evidence(self, code):
        today = fields.Date.to_string(self.company_id._dunning_today())
        settled = ("payment_state", "in", ("paid", "in_payment"))
        usual = (
            [("id", "!=", self.move_id.id)],
            self.env._("Invoices of the customer"),
        )
        return {
            "position": (
                [
                    ("payment_state", "in", ("not_paid", "partial")),
                    ("invoice_date_due", "<", today),
                    ("id", "!=", self.move_id.id),
                ],
                self.env._("Overdue invoices"),
            ),
            "recent": ([settled], self.env._("Paid invoices")),
            "history": (
                ["|", settled, ("invoice_date_due", "<", today)],
                self.env._("Invoices with an outcome"),
            ),
        }.get(code, usual)

    def action_open_invoice(self):
        """Open the invoice itself."""
        self.ensure_one()
        return self.move_id._get_records_action()

    # === PREDICTING === #

    @api.model
    def _cron_predict(self):
        """Daily: predict the open lines of each company. One that fails does not stop
        the others, and keeps what was predicted before."""
        cron = self.env["ir.cron"]
        companies = self._search_due()
        cron._commit_progress(remaining=len(companies))
        for company in companies:
            try:
                self.with_company(company)._predict(company)
            except Exception:
                self.env.cr.rollback()
                _logger.exception("Predicting for company %s failed", company.id)
            if not cron._commit_progress(1):
                break

    @api.model
    def _search_due(self):
        """Active companies, those first that were not predicted for longest."""
        companies = self.env["res.company"].search([("active", "=", True)])
        last = dict(self._read_group([], ["company_id"], ["date:max"]))
        oldest = fields.Date.to_date("1970-01-01")
        return companies.sorted(lambda company: last.get(company) or oldest)

    @api.model
    def _predict(self, company):
        """Predict every open line of ``company`` as of its today, what they bring in,
        and rate its customers. What was said before is compared with what came.

        :return: the number of lines
        """
        today, grace = company._dunning_today(), company.dunning_late_grace_days
        champion = self.env["dunning.risk.model"]._get_champion(company)
        ledger = self.env["dunning.risk.features"]._read_ledger(
            company, grace, shift=True
        )
        day = to_number(today)
        lines, known = ledger.open_on(day), ledger.issued_before(day)
        beside = champion.sudo().with_context(active_test=False).indicator_ids._beside
        found = open_lines.predict(
            beside(known),
            beside(lines),
            day,
            champion.head or "rule",
            champion.day_head or "rule",
            payment_days.readable_shape(champion.day_shape),
            champion.very_late_head or "rule",
        )
        predictions_sudo = self.sudo()
        predictions_sudo._store(champion, today, lines, found)
        predictions_sudo._store_unusual(company, today)
        self.env["dunning.forecast"].sudo()._forecast(company)
        self.env["dunning.risk.drift"].sudo()._watch(company, known)
        self.env["dunning.arm"].sudo()._learn(company)
        self.env["res.partner"]._dunning_compute_risk(company)
        self.env["dunning.case"]._refresh_worklist(company)
        return len(lines)

    @api.model
    def _store(self, champion, today, lines, found):
        """Keep the predictions of all lines by one statement."""
        if not len(lines):
            return
        chance = self._to_list(found.chance)
        very_late = self._to_list(found.very_late)
        self._upsert(
            SQL(
                """
                SELECT line.id AS move_line_id, line.move_id, line.company_id,
                       move.commercial_partner_id AS partner_id,
                       %(model)s::int AS model_id,
                       %(today)s::date AS date, late_chance, rule_chance, late_band,
                       very_late_chance, very_late_band, stays_open,
                       -- GREATEST alone would take an unknown day for today.
                       CASE WHEN days IS NOT NULL THEN GREATEST(due + days, %(today)s)
                            END AS expected_date,
                       CASE WHEN low IS NOT NULL THEN GREATEST(due + low, %(today)s)
                            END AS date_low,
                       CASE WHEN high IS NOT NULL THEN GREATEST(due + high, %(today)s)
                            END AS date_high,
                       NULLIF(reason, '') AS reason, parts::jsonb
                  FROM UNNEST(%(lines)s::int[], %(dues)s::date[], %(chance)s::float[],
                              %(rule)s::float[], %(bands)s::varchar[],
                              %(very)s::float[], %(very_bands)s::varchar[],
                              %(stays)s::float[], %(days)s::int[], %(low)s::int[],
                              %(high)s::int[], %(reasons)s::varchar[],
                              %(parts)s::text[])
                       AS given (line_id, due, late_chance, rule_chance, late_band,
                                 very_late_chance, very_late_band, stays_open,
                                 days, low, high, reason, parts)
                  JOIN account_move_line line ON line.id = given.line_id
                  JOIN account_move move ON move.id = line.move_id
                """,
                model=champion.id or None,
                today=today,
                lines=[int(line) for line in lines.line],
                dues=[to_date(due) for due in lines.due],
                chance=chance,
                rule=self._to_list(found.rule),
                bands=self._to_bands(chance),
                very=very_late,
                very_bands=self._to_bands(very_late),
                stays=self._to_list(found.stays_open),
                days=self._to_days(found.days),
                low=self._to_days(found.low),
                high=self._to_days(found.high),
                reasons=found.reason.tolist(),
                parts=self._to_parts(lines, found, to_number(today)),
            )
        )

    @staticmethod
    def _to_list(values):
        return [None if np.isnan(value) else float(value) for value in values]

    @staticmethod
    def _to_bands(chances):
        return [
            None if value is None else risk.band(min(value, 1.0)) for value in chances
        ]

    @staticmethod
    def _to_days(values):
        """Whole days; nobody is told of a day more than 20 years away."""
        return [
            None if np.isnan(value) else int(np.clip(round(value), -7300, 7300))
            for value in values
        ]

    @api.model
    def _to_parts(self, lines, found, day):
        """The shares of each chance, and the facts that they are of, as JSON."""
        shares = np.column_stack([np.full(len(lines), found.base), found.parts])
        facts = lines.matrix[:, columns(FACTS.values())]
        facts = np.column_stack([facts, day - lines.due])
        return [
            json.dumps(
                {
                    "shares": dict(zip(("base", *PARTS), share, strict=True)),
                    "facts": dict(zip((*FACTS, "age"), fact, strict=True)),
                }
            )
            for share, fact in zip(
                map(self._to_list, shares), map(self._to_list, facts), strict=True
            )
        ]

    @api.model
    def _store_unusual(self, company, today):
        """Open lines that the features leave out: they say so."""
        self._upsert(
            SQL(
                """
                SELECT line.id AS move_line_id, line.move_id, line.company_id,
                       move.commercial_partner_id AS partner_id, NULL::int AS model_id,
                       %(today)s::date AS date, NULL::float AS late_chance,
                       NULL::float AS rule_chance, NULL AS late_band,
                       NULL::float AS very_late_chance, NULL AS very_late_band,
                       NULL::float AS stays_open, NULL::date AS expected_date,
                       NULL::date AS date_low, NULL::date AS date_high,
                       'unusual' AS reason, NULL::jsonb AS parts
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
                  JOIN account_account account ON account.id = line.account_id
                 WHERE line.company_id = %(company)s
                   AND line.parent_state = 'posted'
                   AND line.reconciled IS NOT TRUE
                   AND account.account_type = 'asset_receivable'
                   AND move.move_type = 'out_invoice'
                   AND line.balance != 0
                   AND NOT EXISTS (
                       SELECT 1
                         FROM dunning_prediction known
                        WHERE known.move_line_id = line.id
                          AND known.date = %(today)s
                          AND known.reason IS DISTINCT FROM 'unusual')
                """,
                company=company.id,
                today=today,
            )
        )

    @api.model
    def _upsert(self, rows):
        """:param SQL rows: a query with the columns of ``STORED`` and the keys"""

        def names(fields, pattern="%s"):
            return SQL(", ").join(
                SQL(pattern, SQL.identifier(field_name)) for field_name in fields
            )

        self.env.cr.execute(
            SQL(
                """
                INSERT INTO dunning_prediction AS known
                       (move_line_id, move_id, company_id, %(stored)s, first_date,
                        %(first)s)
                SELECT move_line_id, move_id, company_id, %(stored)s, date, %(same)s
                  FROM (%(rows)s) AS fresh
                    ON CONFLICT (move_line_id) DO UPDATE
                   SET (%(stored)s) = ROW(%(excluded)s)
                """,
                excluded=SQL(", ").join(
                    SQL("EXCLUDED.%s", SQL.identifier(field_name))
                    for field_name in STORED
                ),
                first=names(f"first_{field_name}" for field_name in FIRST),
                rows=rows,
                same=names(FIRST),
                stored=names(STORED),
            )
        )
        self.invalidate_model()

    @api.model
    def _get_stays_open(self, company):
        """{customer id: chance that his money is still out in 30 days}, weighted by
        amount, of all that is open."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT prediction.partner_id,
                       SUM(prediction.stays_open * line.amount_residual)
                           / SUM(line.amount_residual)
                  FROM dunning_prediction prediction
                  JOIN account_move_line line ON line.id = prediction.move_line_id
                 WHERE prediction.company_id = %s
                   AND prediction.stays_open IS NOT NULL
                   AND line.reconciled IS NOT TRUE
                   AND line.parent_state = 'posted'
                   AND line.amount_residual > 0
                 GROUP BY prediction.partner_id
                """,
                company.id,
            )
        )
        return {
            partner_id: float(min(max(chance, 0), 1)) for partner_id, chance in rows
        }
