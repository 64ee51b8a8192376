import logging
from datetime import datetime, time, timedelta

import pytz
from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .dunning_composer import COMPOSE_BATCH
from .res_company import FINISHED

_logger = logging.getLogger(__name__)

RESULT = {"state", "counters", "hold_reason", "line_count", "remind_count"}


class DunningRun(models.Model):
    """One evaluation of all open lines of a company at a date, real or simulated.

    A run decides and plans, it never sends. A simulated run shows what would be
    planned on its date with today's ledger and changes nothing else.
    """

    _name = "dunning.run"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _description = "Dunning Run"
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(compute="_compute_name")
    date = fields.Date(
        required=True,
        default=lambda self: self.env.company._dunning_today(),
        help="Day of the evaluation in the time zone of the company. A real run is "
        "always for today.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    simulation = fields.Boolean(
        help="Show what would be planned. Nothing is sent, no decision changes."
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("waiting", "Waiting"),
            ("held", "Held"),
            ("done", "Done"),
            ("discarded", "Discarded"),
            ("failed", "Failed"),
        ],
        default="draft",
        readonly=True,
        help="Waiting: the bank data is too old, the run starts by itself when it is "
        "fresh.\nHeld: many more messages than usual would leave, a manager decides.",
    )
    hold_reason = fields.Char(
        "Held Because", readonly=True, help="Why a manager must look at this run."
    )
    error = fields.Text(readonly=True, help="Why the run failed and what to mend.")
    line_count = fields.Integer("Open Lines", readonly=True)
    remind_count = fields.Integer("Lines Reminded", readonly=True)
    counters = fields.Json(
        readonly=True, help="Open lines by outcome and reason: {outcome: {reason: n}}."
    )
    counters_html = fields.Html(compute="_compute_counters_html", sanitize=False)
    notice_ids = fields.One2many("dunning.notice", "run_id", "Notices")
    notice_count = fields.Integer(compute="_compute_notice_counts")
    to_approve_count = fields.Integer("To Approve", compute="_compute_notice_counts")
    sending_hold = fields.Char(
        compute="_compute_sending_hold", help="Why nothing may leave at the moment."
    )
    has_mail_server = fields.Boolean(compute="_compute_has_mail_server")

    @api.ondelete(at_uninstall=False)
    def _unlink_except_real(self):
        if any(run.state in FINISHED and not run.simulation for run in self):
            raise UserError(
                self.env._("A run that planned real notices is history and stays.")
            )

    @api.depends("date", "simulation", "company_id")
    def _compute_name(self):
        for run in self:
            kind = self.env._("Simulation") if run.simulation else self.env._("Run")
            run.name = f"{kind} {run.date or ''}"

    @api.depends("name")
    def _compute_display_name(self):
        for run in self:
            run.display_name = run.name

    def _compute_notice_counts(self):
        total, to_approve = {}, {}
        rows = self.env["dunning.notice"]._read_group(
            [("run_id", "in", self.ids)], ["run_id", "state"], ["__count"]
        )
        for run, state, count in rows:
            total[run] = total.get(run, 0) + count
            if state == "planned" and not run.simulation:
                to_approve[run] = count
        for run in self:
            run.notice_count = total.get(run, 0)
            run.to_approve_count = to_approve.get(run, 0)

    @api.depends("counters")
    def _compute_counters_html(self):
        decision_fields = self.env["dunning.decision"]._fields
        outcomes = dict(decision_fields["outcome"]._description_selection(self.env))
        reasons = dict(decision_fields["reason"]._description_selection(self.env))
        for run in self:
            rows = [
                (outcomes[outcome], reasons[reason], count)
                for outcome, by_reason in (run.counters or {}).items()
                for reason, count in by_reason.items()
            ]
            run.counters_html = self.env["ir.qweb"]._render(
                "dunning_automation.run_counters", {"rows": rows}
            )

    @api.depends("company_id")
    def _compute_sending_hold(self):
        for company, runs in self.grouped("company_id").items():
            runs.sending_hold = self.env["dunning.guard"]._get_hold(company)

    def _compute_has_mail_server(self):
        self.has_mail_server = bool(
            self.env["ir.mail_server"].sudo().search_count([], limit=1)
        )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_result_untouched(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_result_untouched(vals)
        if not self.env.su and any(run.state != "draft" for run in self):
            raise AccessError(self.env._("A run that has been started stays as it is."))
        return super().write(vals)

    def _check_result_untouched(self, vals):
        if not self.env.su and vals.keys() & RESULT:
            raise AccessError(
                self.env._("Only the planner writes the result of a run.")
            )

    # === ACTIONS === #

    def action_start(self):
        """Evaluate all open lines and plan the notices. Sends nothing by itself."""
        if not self.env.user.has_group("dunning_automation.group_manager"):
            raise AccessError(self.env._("Only a collections manager starts a run."))
        for run in self:
            if not run.simulation and run.date != run.company_id._dunning_today():
                raise UserError(
                    self.env._(
                        "A real run is for today (%(today)s). Tick Simulation to look "
                        "at %(date)s.",
                        today=run.company_id._dunning_today(),
                        date=run.date,
                    )
                )
            run._start()

    def action_release(self):
        """A manager lets the messages of a held run go. Those that need an approval
        of their own go on waiting for it."""
        self._check_decider()
        for run in self.sudo():
            planned = run.notice_ids.filtered(lambda notice: notice.state == "planned")
            released = planned.filtered(lambda notice: notice._leaves_by_itself())
            released._set_state("ready")
            run._settle("done", "run_released", count=len(released))
            released._trigger_delivery()

    def action_discard(self):
        """Ask why, then take back what a held run planned."""
        return self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_run_discard_action"
        ) | {"context": {"default_run_ids": self.ids}}

    def _discard(self, reason):
        """A manager finds that the policy was mistaken: the steps are free again, so
        that the next run plans them anew by the mended policy."""
        self._check_decider()
        for run in self.sudo():
            planned = run.notice_ids.filtered(lambda notice: notice.state == "planned")
            planned._set_state("suppressed", reason)
            run._settle("discarded", "run_discarded", reason, count=len(planned))

    def _check_decider(self):
        self.check_access("read")
        if not self.env.user.has_group("dunning_automation.group_manager"):
            raise AccessError(
                self.env._("Only a collections manager decides on a held run.")
            )
        if any(run.state != "held" for run in self):
            raise UserError(self.env._("This run is not held: nothing to decide."))

    def action_open_notices(self):
        """Open the notices of this run."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_notice_action"
        )
        return action | {"domain": [("run_id", "=", self.id)], "context": {}}

    # === BUSINESS METHODS === #

    def _start(self, compose=True):
        """Plan, write the first texts and wake the sender. Idempotent within a day.

        :param bool compose: False leaves all texts to the sender, so that nothing but
            the planning can fail
        """
        self.ensure_one()
        if self.state in FINISHED:
            raise UserError(self.env._("This run is done: start a new one."))
        if not self.simulation:
            self.sudo()._end_waiting()
            # What was promised until yesterday is decided before anything is planned.
            self.sudo().env["dunning.agreement"]._settle_company(self.company_id)
        self.sudo().env["dunning.planner"]._plan(self.sudo())
        if self.hold_reason:
            self.sudo()._hold()
        else:
            self.sudo().state = "done"
        if not self.simulation:
            self.sudo()._follow_up()
            self.env["dunning.dashboard"]._refresh(self.company_id)
        notices = self.sudo().notice_ids
        if compose:
            notices[:COMPOSE_BATCH]._compose()
        if notices:
            notices._trigger_delivery()

    def _follow_up(self):
        """People get what the planning found: cases their collector, escalations their
        answer. What fails here takes no planned notice with it."""
        for follow_up in (
            self.env["dunning.assignment"]._assign_new,
            self.env["dunning.escalation"]._escalate,
        ):
            try:
                with self.env.cr.savepoint():
                    follow_up(self)
            except OperationalError:
                raise  # Odoo tries the whole request again, the cron the next hour.
            except Exception as error:
                _logger.exception("Follow-up of dunning run %s failed", self.id)
                self.error = str(error)

    def _remind_manager(self, summary, note):
        """A task on this run for the responsible of the company."""
        self.with_context(mail_activity_quick_update=True).activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=self.company_id._dunning_today(),
            summary=summary,
            note=note,
            user_id=self.company_id._dunning_get_responsible().id,
        )

    def _hold(self):
        """Nothing of this run leaves before a manager decided: one task for that."""
        self.state = "held"
        self._tell("run_held", self.hold_reason)
        self.with_context(mail_activity_quick_update=True).activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=self.company_id._dunning_today(),
            summary=self.env._("Too many reminders for one day: release or discard"),
            note=self.hold_reason,
            user_id=self.notice_ids.policy_id.user_id[:1].id,
        )

    def _settle(self, state, kind, note=None, **payload):
        """The decision about a held run, its event, and the end of its task."""
        self.state = state
        self._tell(kind, note, **payload)
        self.activity_ids.unlink()

    def _tell(self, kind, note=None, **payload):
        """Append an event of ``kind`` for this run."""
        self.env["dunning.event"].create(
            {
                "company_id": self.company_id.id,
                "kind": kind,
                "note": note,
                "payload": {"run": self.id, **payload},
            }
        )

    @api.model
    def _run_daily(self, company, date=None, compose=True):
        """Run ``company`` for ``date`` (its today if not given) and return the run."""
        values = {"company_id": company.id, "date": date or company._dunning_today()}
        run = self._get_waiting(company)
        if run:
            run.write(values)
        else:
            run = self.create(values)
        run._start(compose)
        return run

    @api.model
    def _cron_run(self):
        """Hourly: run each company once a day, after its hour. A company whose run
        fails does not stop the others: the failure is kept as a run, and the next hour
        tries again. Raising would switch the cron off for all after a week."""
        companies = self.env["res.company"].search([("active", "=", True)])
        for position, company in enumerate(companies, 1):
            try:
                if company._dunning_is_run_due():
                    self.with_company(company)._run_or_wait(company)
                self.env["ir.cron"]._commit_progress(
                    1, remaining=len(companies) - position
                )
            except Exception as exception:
                self.env.cr.rollback()
                _logger.exception("Dunning run of company %s failed", company.id)
                self._record_failure(company, exception)
                self.env["ir.cron"]._commit_progress()

    @api.model
    def _run_or_wait(self, company):
        """The automatic run, unless the bank data of ``company`` is too old to know
        who has paid."""
        language = company._dunning_get_responsible().lang
        bank = self.env["dunning.bank"].with_context(lang=language)
        reason = bank._find_stale(company).get(company)
        if not reason:
            return self._run_daily(company, compose=False)
        values = {"date": company._dunning_today(), "hold_reason": reason}
        run = self._get_waiting(company)
        if run:
            run.write(values)
            return run
        run = self.create({**values, "company_id": company.id, "state": "waiting"})
        run._tell("run_waiting", reason)
        run._remind_manager(
            bank.env._("Nobody is reminded: the bank data is too old"), reason
        )
        return run

    @api.model
    def _get_waiting(self, company):
        """The run of ``company`` that waits for bank data: it is today's, and becomes
        tomorrow's if nothing happens, with one task for all days."""
        domain = [("company_id", "=", company.id), ("state", "=", "waiting")]
        return self.search(domain, limit=1)

    def _end_waiting(self):
        """This run takes place: nothing waits any more, and its task is done."""
        waiting = self._get_waiting(self.company_id)
        waiting.activity_ids.unlink()
        (waiting - self).unlink()

    @api.model
    def _record_failure(self, company, error):
        """Keep one failed run per company and day, with what to mend."""
        values = {
            "company_id": company.id,
            "date": company._dunning_today(),
            "state": "failed",
            "simulation": False,
        }
        domain = [(name, "=", value) for name, value in values.items()]
        run = self.search(domain, limit=1) or self.create(values)
        run.error = str(error)

    @api.autovacuum
    def _gc_simulations(self):
        """Forget simulated runs after 30 days; real ones are history."""
        limit = self.env.cr.now() - timedelta(days=30)
        old = self.search(
            [("simulation", "=", True), ("create_date", "<", limit)], limit=100
        )
        old.unlink()
        return len(old), len(old) == 100

    def _get_moment(self):
        """When (UTC) this run looks at the ledger: now; noon of its day if that is
        another one, so that holds which end until then do not stop anything."""
        self.ensure_one()
        if self.date == self.company_id._dunning_today():
            return self.env.cr.now()
        timezone = pytz.timezone(self.company_id._dunning_timezone())
        noon = timezone.localize(datetime.combine(self.date, time(12)))
        return noon.astimezone(pytz.utc).replace(tzinfo=None)

    @api.model
    def _local_time(self, timezone, moment=None):
        """``moment`` (UTC, default: the database's clock) in ``timezone``."""
        moment = pytz.utc.localize(moment or self.env.cr.now())
        return moment.astimezone(pytz.timezone(timezone))

    @api.model
    def _local_date(self, timezone, moment=None):
        """The date of ``moment`` in ``timezone``."""
        return self._local_time(timezone, moment).date()
