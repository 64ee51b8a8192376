import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_date

from ..tools import back_test, diagrams, late_model, verdict, very_late
from ..tools.features import FEATURES, to_date, to_number
from ..tools.late_model import PaidOnlyError
from ..tools.ledger import PRIOR

_logger = logging.getLogger(__name__)

RETRAIN_DAYS = 7
KEPT_DAYS = 730
HEADS = [
    ("rule", "Customer's average (rule)"),
    ("blend", "Logistic regression and boosted trees"),
    ("trees", "Boosted trees"),
]
DAY_HEADS = [("rule", "Customer's median (rule)"), ("trees", "Boosted trees")]
CURRENT = ("champion", "withdrawn")


class DunningRiskModel(models.Model):
    """A training: what was learnt from, how good it would have been, and what came of
    it. A company has one *current* record at most: the champion, whose models predict,
    or the withdrawn one, while a person (or drift) wants the rule.

    Nothing that was fitted is stored: figures only. The models are fitted again, from
    the ledger of the day, whenever they predict, which takes seconds. So there is no
    file that could be stale, foreign or hostile.
    """

    _name = "dunning.risk.model"
    _description = "Risk Model"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _allow_sudo_commands = False

    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )
    date = fields.Date(
        "As Of", readonly=True, help="The ledger was read as it stood that morning."
    )
    state = fields.Selection(
        [
            ("queued", "Waiting for its training"),
            ("champion", "In use"),
            ("replaced", "Replaced"),
            ("rejected", "Not better"),
            ("withdrawn", "Withdrawn"),
        ],
        required=True,
        readonly=True,
        default="queued",
    )
    reason = fields.Selection(
        [
            ("few_lines", "Fewer than 200 lines with an outcome, or all the same one"),
            ("no_cut_off", "No cut-off has lines before and after it"),
            ("rule_better", "The rule was as good on the same cut-offs"),
            ("champion_better", "The model in use was better on the same cut-offs"),
            ("paid_only", "No line is open: the unpaid ones seem to be missing"),
            ("withdrawn", "The model was withdrawn: the rule predicts"),
            ("drift", "It became worse than the rule"),
            ("failed", "The training failed"),
        ],
        "Why Not",
        readonly=True,
    )
    error = fields.Char(readonly=True)
    tried_head = fields.Selection(
        HEADS, "Tried", readonly=True, help="What the number of lines allows."
    )
    head = fields.Selection(
        HEADS, "Chance By", readonly=True, help="Predicts the chance of being late."
    )
    very_late_head = fields.Selection(
        HEADS,
        "More than 30 Days Late By",
        readonly=True,
        help="Predicts the chance of being more than 30 days late.",
    )
    very_late_brier = fields.Float(
        "Brier (30 Days)", digits=(6, 4), readonly=True, aggregator="avg"
    )
    very_late_rule_brier = fields.Float(
        "Brier of the Rule (30 Days)", digits=(6, 4), readonly=True, aggregator="avg"
    )
    day_head = fields.Selection(DAY_HEADS, "Day By", readonly=True)
    date_from = fields.Date("First Invoice", readonly=True)
    date_to = fields.Date("Last Invoice", readonly=True)
    line_count = fields.Integer("Lines", readonly=True)
    matured_count = fields.Integer(
        "With an Outcome",
        readonly=True,
        help="Lines whose limit is over, paid or not; unpaid ones are late.",
    )
    late_share = fields.Float("Late", readonly=True, aggregator="avg")
    grace_days = fields.Integer("Late After (Days)", readonly=True)
    brier = fields.Float(digits=(6, 4), readonly=True, aggregator="avg")
    rule_brier = fields.Float(
        "Brier of the Rule", digits=(6, 4), readonly=True, aggregator="avg"
    )
    auc = fields.Float("AUC", digits=(6, 3), readonly=True, aggregator="avg")
    ece = fields.Float("ECE", digits=(6, 3), readonly=True, aggregator="avg")
    mae = fields.Float("Days Off", digits=(6, 2), readonly=True, aggregator="avg")
    rule_mae = fields.Float(
        "Days Off by the Rule", digits=(6, 2), readonly=True, aggregator="avg"
    )
    coverage = fields.Float("In the 80 % Interval", readonly=True, aggregator="avg")
    figures = fields.Json(readonly=True)
    folds = fields.Json(readonly=True)
    reliability = fields.Json(readonly=True)
    lift = fields.Json(readonly=True)
    features = fields.Json(readonly=True)
    tried_indicator_ids = fields.Many2many(
        "dunning.indicator",
        "dunning_risk_model_tried_indicator_rel",
        string="Indicators Tried",
        readonly=True,
    )
    indicator_ids = fields.Many2many(
        "dunning.indicator",
        string="Indicators Taken In",
        readonly=True,
        help="Economic indicators with which the back-test was better.",
    )
    day_shape = fields.Json(
        readonly=True,
        help="How payments lay around the predicted day in the back-test: 99 numbers.",
    )
    report = fields.Html(compute="_compute_report", sanitize=False)
    features_text = fields.Char("Learnt From", compute="_compute_features_text")

    _current_uniq = models.UniqueIndex(
        "(company_id) WHERE state IN ('champion', 'withdrawn')",
        "A company has one model in use.",
    )

    @api.depends("date", "state")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for model in self:
            model.display_name = (
                self.env._("Model of %s", format_date(self.env, model.date))
                if model.date
                else self.env._("Training to come")
            )

    @api.depends("figures", "folds", "reliability", "lift")
    @api.depends_context("lang")
    def _compute_report(self):
        for model in self:
            model.report = model.figures and self.env["ir.qweb"]._render(
                "dunning_automation_ai.risk_model_report", model._prepare_report()
            )

    def _prepare_report(self):
        return {
            "figures": self.figures,
            "folds": [
                {**fold, "date": format_date(self.env, fold["date"])}
                for fold in self.folds or []
            ],
            "reliability": self.reliability or [],
            "lift": self.lift or [],
            "drawings": self._prepare_drawings(),
            "tables": [
                (
                    self.env._("Paid late"),
                    [(key, key) for key in back_test.VERY.values()],
                ),
                (
                    self.env._("More than 30 days late"),
                    [
                        key
                        for key in back_test.VERY.items()
                        if self.figures.get("very_late")
                    ],
                ),
            ],
            "names": {
                "late": self.env._("This model"),
                "rule": self.env._("Customer's average (rule)"),
                "base": self.env._("Same chance for all"),
                "champion": self.env._("Model in use"),
            },
        }

    def _prepare_drawings(self):
        """The reliability diagram and the lift chart."""
        reliability = [(said, came) for said, came, _number in self.reliability or []]
        lift = [(0, 0), *(self.lift or [])]
        drawings = [
            {
                "title": self.env._("Reliability"),
                "across": self.env._("% said to be late"),
                "upwards": self.env._("% that were late"),
                "words": self.env._(
                    "On the dashed line what is said comes true; below it the model "
                    "fears too much, above it too little."
                ),
                "pairs": reliability,
            },
            {
                "title": self.env._("Lift"),
                "across": self.env._("% of the lines, likeliest first"),
                "upwards": self.env._("% of the late ones found"),
                "words": self.env._(
                    "On the dashed line the order is no better than by lot."
                ),
                "pairs": lift,
            },
        ]
        return [
            {
                **drawing,
                "line": diagrams.line(drawing["pairs"]),
                "dots": [diagrams.place(*pair) for pair in drawing["pairs"]],
            }
            for drawing in drawings
            if len(drawing["pairs"]) > 1
        ]

    @api.depends("features")
    @api.depends_context("lang")
    def _compute_features_text(self):
        words = self._get_feature_words()
        for model in self:
            model.features_text = ", ".join(
                words.get(name, name) for name in model.features or []
            )

    @api.model
    def _get_feature_words(self):
        """What is learnt from, as the reader of an invoice would say it."""
        return {
            "log_amount": self.env._("amount"),
            "terms": self.env._("days to pay"),
            "due_weekday": self.env._("weekday of the due date"),
            "weekday_late_share": self.env._("share late when due on that weekday"),
            "due_day": self.env._("day of the month of the due date"),
            "known_outcomes": self.env._("number of earlier invoices"),
            "late_share": self.env._("share of them that was late"),
            "mean_days_late": self.env._("mean of the days late"),
            "sd_days_late": self.env._("how much these vary"),
            "last_days_late": self.env._("days late of the last payment"),
            "late_share_of_10": self.env._("share late of the last 10 payments"),
            "log_amount_ratio": self.env._("amount beside the customer's usual one"),
            "open_lines": self.env._("other open items"),
            "overdue_lines": self.env._("overdue items"),
            "overdue_share": self.env._("overdue share of what is open"),
        }

    # === WHICH ONE === #

    @api.model
    def _get_current(self, company):
        """The champion of ``company`` or the one that was withdrawn, if any."""
        return self.sudo().search(
            [("company_id", "=", company.id), ("state", "in", CURRENT)]
        )

    @api.model
    def _get_champion(self, company):
        return self._get_current(company).filtered(lambda it: it.state == "champion")

    # === BUTTONS === #

    def action_train_now(self):
        """Ask for a training of the current company; the cron does it in a moment."""
        self._check_manager()
        waiting = [("company_id", "=", self.env.company.id), ("state", "=", "queued")]
        models_sudo = self.sudo()
        if not models_sudo.search_count(waiting, limit=1):
            models_sudo.create({"company_id": self.env.company.id})
        self.env.ref("dunning_automation_ai.ir_cron_train").sudo()._trigger()

    def action_use_rule(self):
        """Back to the rule, until somebody wants the model again."""
        self.ensure_one()
        self._check_manager()
        if self.state != "champion":
            raise UserError(self.env._("Only the model in use can be withdrawn."))
        self.sudo()._withdraw("withdrawn")

    def action_use_again(self):
        """The withdrawn model predicts again."""
        self.ensure_one()
        self._check_manager()
        if self.state != "withdrawn":
            raise UserError(
                self.env._("This model was not withdrawn: there is nothing to undo.")
            )
        self.sudo().write({"state": "champion", "reason": False})
        self.sudo()._tell("risk_model_champion")
        self._predict_again()

    def _withdraw(self, reason):
        self.write({"state": "withdrawn", "reason": reason})
        self._tell("risk_model_withdrawn", reason=reason)
        self._predict_again()

    def _predict_again(self):
        self.env.ref("dunning_automation_ai.ir_cron_predict").sudo()._trigger()

    def _check_manager(self):
        self.check_access("read")
        if not self.env.user.has_group("dunning_automation.group_manager"):
            raise AccessError(
                self.env._("Only collections managers decide which model predicts.")
            )

    def _tell(self, kind, **payload):
        self.env["dunning.event"].sudo().create(
            {
                "company_id": self.company_id.id,
                "kind": kind,
                "payload": {"risk_model": self.id, "head": self.head, **payload},
            }
        )

    # === TRAINING === #

    @api.model
    def _cron_train(self):
        """Daily: train the companies whose last training is a week old, and those that
        a manager asked for; then all are predicted. One that fails does not stop the
        others."""
        cron = self.env["ir.cron"]
        companies = self._search_due()
        cron._commit_progress(remaining=len(companies))
        for company in companies:
            try:
                self.with_company(company)._train(company)
                left = cron._commit_progress(1)
            except Exception as error:
                self.env.cr.rollback()
                _logger.exception("Training of company %s failed", company.id)
                self._record_failure(company, error)
                left = cron._commit_progress(1)
            if not left:
                break
        if companies:
            self._predict_again()

    @api.model
    def _search_due(self):
        companies = self.env["res.company"].search([("active", "=", True)])
        fresh = self.search(
            [
                ("company_id", "in", companies.ids),
                ("state", "!=", "queued"),
                ("reason", "!=", "failed"),
                ("create_date", ">", self.env.cr.now() - timedelta(days=RETRAIN_DAYS)),
            ]
        )
        asked = self.search(
            [("company_id", "in", companies.ids), ("state", "=", "queued")]
        )
        return asked.company_id | (companies - fresh.company_id)

    @api.model
    def _record_failure(self, company, error):
        record = self._get_queued(company)
        record.write(
            {
                "date": company._dunning_today(),
                "state": "rejected",
                "reason": "failed",
                "error": str(error),
            }
        )

    @api.model
    def _get_queued(self, company):
        """The record of the training that is done now."""
        queued = self.search(
            [("company_id", "=", company.id), ("state", "=", "queued")], limit=1
        )
        return queued or self.create({"company_id": company.id})

    @api.model
    def _train(self, company):
        """Measure on the past of ``company`` and decide which models predict; find the
        segments of its customers.

        :return: the record of this training
        """
        self.env["dunning.segment"].sudo()._group(company)
        record = self._get_queued(company)
        today, grace = company._dunning_today(), company.dunning_late_grace_days
        samples = self.env["dunning.risk.features"]._read_issued(
            company, today, grace, shift=True
        )
        record.write(
            {
                "date": today,
                "grace_days": grace,
                "features": list(FEATURES),
                **self._prepare_range(samples),
            }
        )
        day = to_number(today)
        try:
            matured, late = late_model.learnable(samples, day)
        except PaidOnlyError:
            record.write({"state": "rejected", "reason": "paid_only"})
            return record
        current = self._get_current(company)
        tried = late_model.choose(late).name
        other = current.head not in (False, "rule", tried)
        champion = current.head if other else None
        result = back_test.run(samples, today, PRIOR, champion=champion)
        result = record._try_indicators(samples, result, champion)
        very_head = late_model.choose(very_late.learnable(samples, day)[1]).name
        decision = verdict.decide(result, tried, current.head or "rule")
        record.write(
            {
                "matured_count": len(matured),
                "late_share": late.mean() if len(late) else 0,
                "tried_head": tried,
                "head": decision.head,
                "day_head": decision.day_head,
                "reason": decision.reason,
                **record._prepare_figures(result, decision, very_head),
            }
        )
        record._settle(current, decision)
        return record

    def _try_indicators(self, samples, plain, champion):
        """Take the active economic indicators in, if the back-test is better so.

        :return: the back-test that counts
        """
        tried = self.env["dunning.indicator"].search([("value_ids", "!=", False)])
        if not tried or not plain.folds:
            return plain
        self.tried_indicator_ids = tried
        rich = back_test.run(
            tried._beside(samples), self.date, PRIOR, champion=champion
        )
        if not verdict.worth_it(plain, rich):
            return plain
        self.indicator_ids = tried
        return rich

    def _prepare_range(self, samples):
        if not len(samples):
            return {}
        return {
            "date_from": to_date(samples.issued.min()),
            "date_to": to_date(samples.issued.max()),
            "line_count": len(samples),
        }

    def _prepare_figures(self, result, decision, very_head):
        """The figures of a back-test as values of this record.

        :param very_head: name of the model that was tried for more than 30 days late
        """
        if not result.folds:
            return {}
        found = result.figures()
        days, very = found["date"] or {}, found["very_late"] or {}
        shape = result.day_shape("late" if decision.day_head != "rule" else "rule")
        return {
            "figures": found,
            "folds": [self._prepare_fold(fold) for fold in result.folds],
            "reliability": result.reliability(),
            "lift": result.lift(),
            "day_shape": None if shape is None else shape.tolist(),
            "brier": found["late"]["brier"],
            "rule_brier": found["rule"]["brier"],
            "auc": found["late"]["auc"],
            "ece": found["late"]["ece"],
            "very_late_head": very_head if result.beats_very_rule() else "rule",
            "very_late_brier": very.get("brier"),
            "very_late_rule_brier": (found["very_late_rule"] or {}).get("brier"),
            "mae": days.get("mae"),
            "rule_mae": days.get("rule_mae"),
            "coverage": days.get("coverage80"),
        }

    @api.model
    def _prepare_fold(self, fold):
        single = back_test.BackTest([fold])
        return {
            "date": fields.Date.to_string(fold.date),
            "trained": fold.trained,
            "number": len(fold.late),
            "late": float(fold.late.mean()),
            "brier": {key: single.brier(key) for key in fold.chances},
        }

    def _settle(self, current, decision):
        """Put this training in the place of the ``current`` one, or not: as long as a
        person wants the rule, nothing takes its place; and what would predict in the
        same way as before, although something else was tried, changes nothing."""
        if current.state == "withdrawn":
            self.write({"state": "rejected", "reason": "withdrawn"})
            return
        in_use = (current.head or "rule", current.day_head or "rule")
        if decision.reason and in_use == (decision.head, decision.day_head):
            self.state = "rejected"
            return
        current.state = "replaced"
        self.flush_model(["state"])
        self.state = "champion"
        if in_use != (decision.head, decision.day_head):
            self._tell("risk_model_champion", reason=decision.reason)

    @api.autovacuum
    def _gc_trainings(self):
        """Forget trainings after two years, but never the current ones."""
        limit = self.env.cr.now() - timedelta(days=KEPT_DAYS)
        old = self.search(
            [("create_date", "<", limit), ("state", "not in", CURRENT)], limit=100
        )
        old.unlink()
        return len(old), len(old) == 100
