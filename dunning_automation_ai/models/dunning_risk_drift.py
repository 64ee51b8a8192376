import numpy as np

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import drift
from ..tools.features import PAID, to_number


class DunningRiskDrift(models.Model):
    """Every night: is what was said of invoices still true, now that they are paid?

    Compared are first predictions with outcomes, of the last 200 lines. An alarm is a
    task for the responsible; a model that was worse than the rule in two windows in a
    row is withdrawn by itself.
    """

    _name = "dunning.risk.drift"
    _description = "Risk Model Watch"
    _order = "date desc, id desc"
    _rec_name = "date"
    _allow_sudo_commands = False

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    model_id = fields.Many2one(
        "dunning.risk.model", readonly=True, index=True, ondelete="cascade"
    )
    date = fields.Date(required=True, readonly=True)
    state = fields.Selection(
        [
            ("few", "Too few outcomes yet"),
            ("ok", "As promised"),
            ("alarm", "Look at it"),
            ("fallback", "Back to the rule"),
        ],
        required=True,
        readonly=True,
    )
    number = fields.Integer("Lines", readonly=True)
    observed = fields.Float("Were Late", readonly=True, aggregator="avg")
    predicted = fields.Float("Said to Be Late", readonly=True, aggregator="avg")
    z = fields.Float(
        "Standard Errors Apart", digits=(6, 1), readonly=True, aggregator=None
    )
    brier = fields.Float(digits=(6, 4), readonly=True, aggregator="avg")
    rule_brier = fields.Float(
        "Brier of the Rule", digits=(6, 4), readonly=True, aggregator="avg"
    )
    psi = fields.Float("PSI", digits=(6, 2), readonly=True, aggregator="avg")
    coverage = fields.Float("In the 80 % Interval", readonly=True, aggregator="avg")
    mae = fields.Float("Days Off", digits=(6, 1), readonly=True, aggregator="avg")
    signs = fields.Json(readonly=True)
    explanation = fields.Char(compute="_compute_explanation")

    _date_uniq = models.Constraint(
        "UNIQUE(company_id, date)", "A company is watched once a day."
    )

    @api.depends("signs", "state")
    @api.depends_context("lang")
    def _compute_explanation(self):
        words = {
            "worse": self.env._("the rule would have been better"),
            "biased": self.env._("more or fewer are late than was said"),
            "moved": self.env._("chances lie otherwise than in the back-test"),
            "narrow": self.env._("too few payments come within their 80 % interval"),
        }
        for record in self:
            record.explanation = ", ".join(
                words.get(sign, sign) for sign in record.signs or []
            )

    @api.model
    def _watch(self, company, samples):
        """Keep the figures of today, and act on them.

        :param samples: all lines of ``company`` as they are known today
        :return: the record, none without a model in use
        """
        champion = self.env["dunning.risk.model"]._get_champion(company)
        if champion.head in (False, "rule"):
            return self.browse()
        today = company._dunning_today()
        found = drift.watch(
            self._get_outcomes(company, samples, to_number(today)),
            [said for said, _late, _number in champion.reliability or []],
        )
        self.search([("company_id", "=", company.id), ("date", "=", today)]).unlink()
        record = self.create(
            {
                "company_id": company.id,
                "model_id": champion.id,
                "date": today,
                **{name: value for name, value in found.items() if value is not None},
            }
        )
        record._act()
        return record

    @api.model
    def _get_outcomes(self, company, samples, day):
        """First predictions by a model, made before the due date, of matured lines."""
        self.env["dunning.prediction"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT move_line_id, first_late_chance, first_rule_chance,
                       COALESCE(partner_id, 0), first_date - DATE '1970-01-01',
                       first_expected_date - DATE '1970-01-01',
                       first_date_low - DATE '1970-01-01',
                       first_date_high - DATE '1970-01-01'
                  FROM dunning_prediction
                 WHERE company_id = %s
                   AND first_model_id IS NOT NULL
                   AND first_late_chance IS NOT NULL
                """,
                company.id,
            )
        )
        said = np.array(rows, dtype=float).reshape(-1, 8)
        said = said[np.argsort(said[:, 0])]
        matured = samples.where(samples.matured(day))
        matured = matured.where(np.isin(matured.line, said[:, 0]))
        said = said[np.searchsorted(said[:, 0], matured.line)]
        in_time = said[:, 4] <= matured.due
        matured, said = matured.where(in_time), said[in_time]
        order = np.argsort(matured.due, kind="stable")
        matured, said = matured.where(order), said[order]
        paid = matured.known_by(day) & (matured.how == PAID)
        settled = np.where(paid, matured.settled, np.nan)
        inside = (said[:, 6] <= settled) & (settled <= said[:, 7])
        missed = np.abs(settled - said[:, 5])
        return drift.Outcomes(
            matured.late(day),
            said[:, 1],
            said[:, 2],
            said[:, 3],
            np.where(np.isnan(missed), np.nan, inside),
            missed,
        )

    def _act(self):
        """A task for the responsible, one until all is well; or back to the rule."""
        model = self.model_id
        if self.state in ("few", "ok"):
            model.activity_ids.filtered("automated").unlink()
            return
        if self.state == "fallback":
            model._withdraw("drift")
        if not model.activity_ids.filtered("automated"):
            user = self.company_id._dunning_get_responsible()
            words = self.with_context(lang=user.lang)
            model.with_context(mail_activity_quick_update=True).activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=self.date,
                summary=words.env._("Predictions are not what they promised"),
                note=words.explanation,
                user_id=user.id,
            )
