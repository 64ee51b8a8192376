from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import bandit

KINDS = [
    ("variant", "Text"),
    ("channel", "Channel"),
    ("hour", "Hour"),
    ("retry", "Next Try of a Refused Payment"),
]
LATE = "2 hours"
"""A message that leaves so much later does not tell about its hour."""


class DunningTrial(models.Model):
    """How one notice was sent by chance, or when a refused payment was tried again,
    how likely that was, and what came of it."""

    _name = "dunning.trial"
    _description = "Dunning Trial"
    _order = "id desc"
    _rec_name = "kind"
    _log_access = False
    _allow_sudo_commands = False

    notice_id = fields.Many2one(
        "dunning.notice", readonly=True, ondelete="cascade"
    )  # Already has an index from the unique constraint.
    recovery_id = fields.Many2one(
        "dunning.recovery", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    attempt_id = fields.Many2one(
        "dunning.recovery.attempt",
        "Try",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    kind = fields.Selection(KINDS, "What Is Tried", required=True, readonly=True)
    scope = fields.Integer(
        required=True,
        readonly=True,
        help="Id of the action; for hours of the policy, for tries of the schedule.",
    )
    option = fields.Integer(
        required=True,
        readonly=True,
        help="Id of the variant or action, or the hour, or hours later than planned.",
    )
    segment_id = fields.Many2one(
        "dunning.segment", readonly=True, index="btree_not_null", ondelete="set null"
    )
    name = fields.Char("Way", compute="_compute_name")
    propensity = fields.Float(
        "Chance", readonly=True, aggregator=None, help="With which it was chosen."
    )
    moment = fields.Datetime(
        readonly=True, help="When it was to leave; of a try, when it was planned."
    )
    retry_at = fields.Datetime("Chosen Time", readonly=True)
    sent_on = fields.Datetime(readonly=True)
    state = fields.Selection(
        [
            ("waiting", "Waiting for the outcome"),
            ("paid", "Paid within 7 days"),
            ("unpaid", "Not paid within 7 days"),
            ("void", "Does not count"),
        ],
        required=True,
        readonly=True,
        default="waiting",
    )

    _one_subject = models.Constraint(
        "CHECK(num_nonnulls(notice_id, recovery_id) = 1)",
        "A trial belongs to a message or to a refused payment.",
    )
    _notice_kind_uniq = models.Constraint(
        "UNIQUE(notice_id, kind)", "A notice tries each thing once."
    )
    _waiting_idx = models.Index("(company_id) WHERE state = 'waiting'")

    @api.depends("kind", "option")
    @api.depends_context("lang")
    def _compute_name(self):
        for trial in self:
            trial.name = self.env["dunning.arm"]._get_name(trial.kind, trial.option)

    @api.model
    def _note(self, rows):
        """Keep what was chosen by chance. Where there was no choice, there is no trial.

        :param rows: list of (notice, kind, scope, ``Choice``, moment or None)
        """
        self.search(
            [
                ("notice_id", "in", [notice.id for notice, *_others in rows]),
                ("kind", "in", [kind for _notice, kind, *_others in rows]),
            ]
        ).unlink()
        return self.create(
            [
                {
                    "notice_id": notice.id,
                    "company_id": notice.company_id.id,
                    "kind": kind,
                    "scope": scope,
                    "option": choice.option,
                    "segment_id": choice.segment_id,
                    "propensity": choice.propensity,
                    "moment": moment,
                }
                for notice, kind, scope, choice, moment in rows
                if choice.propensity < 1 and not notice.simulation
            ]
        )

    @api.model
    def _note_retry(self, recovery, schedule, choice, planned, retry_at):
        """Keep when a refused payment is tried again, chosen by chance."""
        return self.create(
            {
                "recovery_id": recovery.id,
                "company_id": recovery.company_id.id,
                "kind": "retry",
                "scope": schedule.id,
                "option": choice.option,
                "segment_id": choice.segment_id,
                "propensity": choice.propensity,
                "moment": planned,
                "retry_at": retry_at,
            }
        )

    def _follow(self, attempt):
        """The try was made. Where somebody made it earlier, it tells nothing about the
        time that had been chosen."""
        for trial in self:
            trial.attempt_id = attempt
            if trial.retry_at <= attempt.started_at:
                attempt.propensity = trial.propensity
            else:
                trial.state = "void"

    @api.model
    def _credit(self, company):
        """Say of the trials whose window is over what came of them."""
        self._credit_notices(company)
        self._credit_retries(company)
        self.invalidate_model()

    @api.model
    def _credit_retries(self, company):
        """Waiting worked where the payment was recovered, however, within seven days of
        the moment that was planned: the same days for each way. What was not owed any
        more does not count."""
        self.flush_model()
        self.env["dunning.recovery"].flush_model()
        self.env["account.move"].flush_model(["state", "payment_state"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE dunning_trial trial
                   SET sent_on = trial.moment,
                       state = CASE
                           WHEN move.state != 'posted'
                             OR move.payment_state = 'reversed'
                           THEN 'void'
                           WHEN recovery.state = 'recovered'
                            AND recovery.recovered_at <= trial.moment + %(window)s
                           THEN 'paid'
                           ELSE 'unpaid' END
                  FROM dunning_recovery recovery
                  JOIN account_move move ON move.id = recovery.move_id
                 WHERE recovery.id = trial.recovery_id
                   AND trial.company_id = %(company)s
                   AND trial.state = 'waiting'
                   AND trial.moment < %(over)s
                """,
                company=company.id,
                over=self.env.cr.now() - bandit.WINDOW - bandit.BOOKING,
                window=bandit.WINDOW,
            )
        )

    @api.model
    def _credit_notices(self, company):
        """A message worked where 99.5 % of what it newly asked for was paid within
        seven days. It is judged when these are over and the bank's statements are in.
        What did not leave, or left hours after its time, does not count.
        """
        self.flush_model()
        for model in ("dunning.notice", "dunning.notice.line"):
            self.env[model].flush_model()
        self.env["account.partial.reconcile"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE dunning_trial trial
                   SET sent_on = notice.date_sent,
                       state = CASE
                           WHEN notice.state NOT IN ('sent', 'delivered')
                             OR result.paid IS NULL
                             OR trial.moment + INTERVAL %(late)s < notice.date_sent
                           THEN 'void'
                           WHEN result.paid THEN 'paid'
                           ELSE 'unpaid' END
                  FROM dunning_notice notice
            CROSS JOIN LATERAL (
                SELECT SUM(LEAST(COALESCE(came.amount, 0), listed.residual_currency))
                           >= 0.995 * SUM(listed.residual_currency) AS paid
                  FROM dunning_notice_line listed
             LEFT JOIN LATERAL (
                SELECT SUM(part.debit_amount_currency) AS amount
                  FROM account_partial_reconcile part
                  JOIN account_move_line payment ON payment.id = part.credit_move_id
                  JOIN account_journal journal ON journal.id = payment.journal_id
                 WHERE part.debit_move_id = listed.move_line_id
                   AND journal.type IN ('bank', 'cash', 'credit')
                   AND part.max_date BETWEEN notice.date_sent::date
                                         AND notice.date_sent::date + %(window)s
                       ) came ON TRUE
                 WHERE listed.notice_id = notice.id AND listed.is_step
                   AND listed.skip_reason IS NULL AND listed.drop_reason IS NULL
                   AND listed.residual_currency > 0
                       ) result
                 WHERE notice.id = trial.notice_id
                   AND trial.company_id = %(company)s
                   AND trial.state = 'waiting'
                   AND (notice.state IN ('suppressed', 'failed', 'cancelled')
                        OR notice.date_sent < %(over)s)
                """,
                company=company.id,
                late=LATE,
                over=self.env.cr.now() - bandit.WINDOW - bandit.BOOKING,
                window=bandit.WINDOW.days,
            )
        )

    @api.model
    def _read_evidence(self, company):
        """{(kind, scope, option, segment id or None): (weight of the paid ones, weight
        of all, number of all, number that wait)}; what is old weighs less."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT kind, scope, option, segment_id,
                       COALESCE(SUM(weight) FILTER (WHERE state = 'paid'), 0),
                       COALESCE(SUM(weight), 0), COUNT(weight),
                       COUNT(*) FILTER (WHERE state = 'waiting')
                  FROM dunning_trial
            CROSS JOIN LATERAL (
                SELECT CASE WHEN state IN ('paid', 'unpaid') THEN
                       0.5 ^ (EXTRACT(EPOCH FROM %(now)s - sent_on) / 86400 / %(half)s)
                       END AS weight) aged
                 WHERE company_id = %(company)s
                 GROUP BY kind, scope, option, segment_id
                """,
                company=company.id,
                half=bandit.HALF_LIFE,
                now=self.env.cr.now(),
            )
        )
        return {tuple(row[:4]): tuple(map(float, row[4:])) for row in rows}
