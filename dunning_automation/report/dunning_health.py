from datetime import timedelta

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, format_date, format_datetime

from ..models.res_company import FINISHED

STATES = ("ok", "warning", "danger")
CRONS = {
    "ir_cron_run",
    "ir_cron_settle",
    "ir_cron_deliver",
    "ir_cron_deliver_2",
    "ir_cron_sweep",
    "ir_cron_watch",
    "ir_cron_seal",
    "ir_cron_anchor",
    "ir_cron_verify",
}

RUN_GRACE_HOURS = 2
CRON_GRACE = timedelta(minutes=30)
LEASE_GRACE = timedelta(seconds=60)
QUEUE_WARNING = timedelta(minutes=30)
QUEUE_DANGER = timedelta(hours=2)
PUT_OFF_WARNING = timedelta(days=1)
SEAL_WARNING = timedelta(minutes=15)
VERIFICATION_WARNING = timedelta(days=2)


class DunningHealth(models.AbstractModel):
    """Do reminders leave, and if not, why? The answers of the Health page, of the
    watchdog and of the address for uptime monitors.

    A *check* is a dict: ``code``, ``title``, ``state`` (one of ``STATES``),
    ``sentence`` (what was found and what to do), ``value`` (a short figure or None) and
    ``action`` (the records that it speaks of, or None). The number of queries depends
    neither on the companies nor on the notices.
    """

    _name = "dunning.health"
    _description = "Dunning Health"

    @api.model
    def get_health(self):
        """Everything the Health page shows, for the companies of the user.

        :return: dict with ``state`` (the worst one), ``checks``, the companies that
            were ``stopped`` (ids) and what the user may do: ``can_stop``,
            ``can_resume``, ``can_activate``
        """
        user = self.env.user
        if not user.has_group("dunning_automation.group_user"):
            raise AccessError(
                self.env._("Only collections users look after the reminders' health.")
            )
        companies = self.env.companies
        checks = self.sudo()._get_checks(companies)
        is_manager = user.has_group("dunning_automation.group_manager")
        stopped = companies.sudo().filtered("dunning_stopped")
        states = {check["code"]: check["state"] for check in checks}
        return {
            "state": max(states.values(), key=STATES.index),
            "checks": checks,
            "stopped": stopped.ids,
            "can_stop": stopped != companies,
            "can_resume": is_manager and bool(stopped),
            "can_activate": is_manager and states["database"] == "danger",
        }

    def _get_checks(self, companies):
        """The checks of ``companies``, in the order of the page."""
        return [check(companies) for check in self._get_check_methods()]

    def _get_check_methods(self):
        """Methods that take companies and return a check. Addons append theirs."""
        return [
            self._check_database,
            self._check_stopped,
            self._check_runs,
            self._check_bank,
            self._check_rates,
            self._check_crons,
            self._check_modules,
            self._check_queue,
            self._check_leases,
            self._check_fences,
            self._check_unknown,
            self._check_unknown_charges,
            self._check_failed,
            self._check_held,
            self._check_mail_server,
            self._check_seals,
            self._check_verification,
        ]

    def _prepare_check(self, code, title, state, sentence, value=None, action=None):
        return {
            "code": code,
            "title": title,
            "state": state,
            "sentence": sentence,
            "value": value,
            "action": action,
        }

    def _prepare_action(self, name, model, domain, views=("list", "form")):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "domain": domain,
            "views": [(False, view) for view in views],
        }

    # === MAY MESSAGES LEAVE? === #

    def _check_database(self, companies):
        hold = self.env["dunning.guard"]._get_database_hold()
        return self._prepare_check(
            "database",
            self.env._("Database"),
            "danger" if hold else "ok",
            hold or self.env._("This is the database that was activated for sending."),
        )

    def _check_stopped(self, companies):
        guard = self.env["dunning.guard"]
        stops = [stop for company in companies if (stop := guard._get_stop(company))]
        return self._prepare_check(
            "stopped",
            self.env._("Sending"),
            "danger" if stops else "ok",
            " ".join(stops) or self.env._("Nobody stopped the reminders."),
        )

    def _check_mail_server(self, companies):
        servers = self.env["ir.mail_server"].search_count([])
        return self._prepare_check(
            "mail_server",
            self.env._("Outgoing mail server"),
            "ok" if servers else "warning",
            self.env._("A mail server is set up.")
            if servers
            else self.env._(
                "No outgoing mail server is set up, so e-mails may not leave. An "
                "administrator adds one under Settings, Technical, Outgoing Mail "
                "Servers."
            ),
            servers,
        )

    # === DOES THE MACHINERY RUN? === #

    def _check_runs(self, companies):
        """The last daily run that must have happened, per company with a policy."""
        expected = self._get_expected_runs(companies)
        yesterday = self.env.cr.now().date() - timedelta(days=1)
        runs = self.env["dunning.run"].search(
            [
                ("company_id", "in", companies.ids),
                ("simulation", "=", False),
                ("date", ">=", min(expected.values(), default=yesterday)),
            ]
        )
        problems = [
            problem
            for company, date in expected.items()
            if (problem := self._get_run_problem(company, date, runs))
        ]
        done = runs.filtered(lambda run: run.state in FINISHED)
        last = max(done.mapped("date"), default=None)
        if expected:
            fine = self.env._("Every company was looked at in time.")
        else:
            fine = self.env._("It takes place once a day where a policy applies.")
        return self._prepare_check(
            "run",
            self.env._("Daily run"),
            "danger" if problems else "ok",
            " ".join(problems) or fine,
            last and format_date(self.env, last),
            self._prepare_action(
                self.env._("Runs"), "dunning.run", [("simulation", "=", False)]
            ),
        )

    def _get_expected_runs(self, companies):
        """{company: date of the run that must be done by now}. A run has two hours,
        and so has the first one after a policy was made."""
        policies = self.env["dunning.policy"].search([("active", "=", True)])
        local_time = self.env["dunning.run"]._local_time
        expected = {}
        for company in companies:
            timezone = company._dunning_timezone()
            applicable = policies.filtered(
                lambda policy, company=company: policy.company_id in company.parent_ids
            )
            if not applicable:
                continue
            hours = company.dunning_hour + RUN_GRACE_HOURS
            date = (local_time(timezone) - timedelta(hours=hours)).date()
            born = min(applicable.mapped("create_date"))
            first = local_time(timezone, born) + timedelta(hours=RUN_GRACE_HOURS)
            if first <= local_time(timezone) and first.date() <= date:
                expected[company] = date
        return expected

    def _get_run_problem(self, company, date, runs):
        runs = runs.filtered(lambda run: run.company_id == company and run.date >= date)
        if runs.filtered(lambda run: run.state in (*FINISHED, "waiting")):
            return ""  # Why one waits is told with the bank data.
        failed = runs.filtered(lambda run: run.state == "failed")[:1]
        values = {
            "company": company.name,
            "date": format_date(self.env, date),
            "error": failed.error,
        }
        if failed:
            return self.env._(
                "The run of %(company)s on %(date)s failed: %(error)s", **values
            )
        return self.env._(
            "The run of %(company)s on %(date)s did not take place.", **values
        )

    def _check_bank(self, companies):
        """Whether the bank journals are young enough to know who has paid."""
        stale = self.env["dunning.bank"]._find_stale(companies)
        fine = self.env._("No automatic run waits for bank statements.")
        return self._prepare_check(
            "bank",
            self.env._("Bank data"),
            "warning" if stale else "ok",
            " ".join(f"{company.name}: {stale[company]}" for company in stale) or fine,
            len(stale) or None,
            self._prepare_action(
                self.env._("Runs"), "dunning.run", [("state", "=", "waiting")]
            )
            if stale
            else None,
        )

    def _check_rates(self, companies):
        """Messages that claim interest are set aside while its rate is not known."""
        missing = self.env["dunning.interest.rule"]._find_missing_rates(companies)
        series = self.env["dunning.reference.series"].union(*missing)
        return self._prepare_check(
            "rates",
            self.env._("Reference rates"),
            "warning" if missing else "ok",
            " ".join(missing.values())
            or self.env._("All rates that interest depends on are known."),
            len(missing) or None,
            self._prepare_action(
                self.env._("Reference Rates"), series._name, [("id", "in", series.ids)]
            )
            if missing
            else None,
        )

    def _check_crons(self, companies):
        """Odoo switches a job off after a week of failures and tells only its log."""
        cron_model = self.env["ir.cron"]
        cron_model.flush_model()
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT data.name AS xml_name, cron.cron_name AS name, cron.active,
                          cron.nextcall, cron.failure_count,
                          usr.active OR usr.id = %s AS user_active
                     FROM ir_model_data data
                     JOIN ir_cron cron ON cron.id = data.res_id
                     JOIN res_users usr ON usr.id = cron.user_id
                    WHERE data.model = 'ir.cron'
                      AND data.module LIKE 'dunning\\_automation%%'
                    ORDER BY data.id""",
                SUPERUSER_ID,
            )
        )
        missing = CRONS - {row["xml_name"] for row in rows}
        problems = [self.env._("“%s” was deleted.", name) for name in sorted(missing)]
        problems += filter(None, map(self._get_cron_problem, rows))
        failing = [row["name"] for row in rows if row["failure_count"]]
        sentence = " ".join(problems)
        if not problems and failing:
            sentence = self.env._("Failed lately, see the server's log: %s.", failing)
        state = "danger" if problems else "warning" if failing else "ok"
        action = self._prepare_action(
            self.env._("Scheduled Actions"),
            "ir.cron",
            [("name", "ilike", "dunning"), ("active", "in", [True, False])],
        )
        is_administrator = self.env.user.has_group("base.group_system")
        return self._prepare_check(
            "crons",
            self.env._("Scheduled jobs"),
            state,
            sentence or self.env._("All jobs run by themselves."),
            len(rows),
            action if is_administrator else None,
        )

    def _get_cron_problem(self, row):
        if not row["active"]:
            return self.env._(
                "“%s” is switched off: switch it on under Settings, Technical, "
                "Scheduled Actions.",
                row["name"],
            )
        if not row["user_active"]:
            return self.env._(
                "“%s” cannot run: its user is archived. Choose another one under "
                "Settings, Technical, Scheduled Actions.",
                row["name"],
            )
        if row["nextcall"] < self.env.cr.now() - CRON_GRACE:
            return self.env._(
                "“%(name)s” is overdue since %(time)s: do the server's cron workers "
                "run?",
                name=row["name"],
                time=format_datetime(self.env, row["nextcall"], dt_format="short"),
            )
        return ""

    def _check_modules(self, companies):
        """Odoo runs no job for hours while an addon waits for its update."""
        pending = self.env["ir.module.module"].search(
            [("state", "in", ("to install", "to upgrade", "to remove"))]
        )
        return self._prepare_check(
            "modules",
            self.env._("Addon updates"),
            "danger" if pending else "ok",
            self.env._(
                "No scheduled job runs while these addons wait for their update: %s. "
                "Finish or cancel it under Apps.",
                pending.mapped("shortdesc"),
            )
            if pending
            else self.env._("No addon waits for its update."),
        )

    # === CAN THE TIMELINE BE TRUSTED? === #

    def _check_seals(self, companies):
        self.env["dunning.event"].flush_model()
        [(oldest,)] = self.env.execute_query(
            SQL("SELECT MIN(occurred_at) FROM dunning_event WHERE sequence IS NULL")
        )
        is_late = oldest and oldest < self.env.cr.now() - SEAL_WARNING
        return self._prepare_check(
            "seals",
            self.env._("Sealing of events"),
            "warning" if is_late else "ok",
            self.env._(
                "Events since %s are not sealed yet: does the job run?",
                format_datetime(self.env, oldest, dt_format="short"),
            )
            if is_late
            else self.env._("Events are sealed within minutes."),
        )

    def _check_verification(self, companies):
        last = self.env["dunning.verification"].search([], limit=1)
        is_late = last.verified_at and (
            last.verified_at < self.env.cr.now() - VERIFICATION_WARNING
        )
        if last and not last.ok:
            state, sentence = "danger", last.message
        elif not last:
            state, sentence = "ok", self.env._("The first verification comes tonight.")
        elif is_late:
            state, sentence = "warning", self.env._("The last verification is old.")
        else:
            state, sentence = "ok", self.env._("All events are verified every night.")
        return self._prepare_check(
            "verification",
            self.env._("Audit trail"),
            state,
            sentence,
            last and format_date(self.env, last.verified_at),
            self._prepare_action(
                self.env._("Verifications"), "dunning.verification", []
            ),
        )

    # === WHAT BECOMES OF THE NOTICES? === #

    def _check_fences(self, companies):
        """A sender learned what came of a notice that was not its own any more: the
        message may have left twice. Never happens, so it is looked at for a week."""
        domain = [
            ("kind", "=", "fence_violation"),
            ("company_id", "in", companies.ids),
            ("occurred_at", ">", self.env.cr.now() - timedelta(days=7)),
        ]
        count = self.env["dunning.event"].search_count(domain)
        return self._prepare_check(
            "fences",
            self.env._("Senders in each other's way"),
            "danger" if count else "ok",
            self.env._(
                "%s notices were taken over from a living sender in the last week and "
                "may have left twice: compare the mail server's log.",
                count,
            )
            if count
            else self.env._("Each notice had one sender."),
            count,
            self._prepare_action(self.env._("Timeline"), "dunning.event", domain),
        )

    def _check_queue(self, companies):
        """How long what may leave has been waiting, and what is put off for days."""
        self.env["dunning.notice"].flush_model()
        now = self.env.cr.now()
        [(count, oldest, put_off)] = self.env.execute_query(
            SQL(
                """SELECT COUNT(*),
                          MIN(GREATEST(notice.write_date, notice.not_before))
                              FILTER (WHERE notice.not_before IS NULL
                                         OR notice.not_before <= %(now)s),
                          COUNT(*) FILTER (WHERE notice.reason IS NOT NULL
                                             AND notice.create_date < %(tried_since)s)
                     FROM dunning_notice notice
                     JOIN res_company company ON company.id = notice.company_id
                    WHERE notice.state = 'ready'
                      AND notice.simulation IS NOT TRUE
                      AND NOT (%(desk)s)
                      AND notice.company_id IN %(companies)s
                      AND %(sending)s""",
                now=now,
                desk=self.env["dunning.notice"]._get_desk_condition(),
                tried_since=now - PUT_OFF_WARNING,
                companies=tuple(companies.ids),
                sending=self.env["dunning.guard"]._get_sending_companies_sql(),
            )
        )
        age = now - oldest if oldest else timedelta()
        if age > QUEUE_WARNING:
            state = "danger" if age > QUEUE_DANGER else "warning"
            sentence = self.env._(
                "The oldest notice that may leave has been waiting for %s minutes.",
                int(age.total_seconds() // 60),
            )
        elif put_off:
            state = "warning"
            sentence = self.env._(
                "%s notices have been tried for more than a day: their reason says "
                "what stands in the way.",
                put_off,
            )
        else:
            state, sentence = "ok", self.env._("Nothing waits longer than usual.")
        return self._prepare_notice_check(
            "queue",
            self.env._("Waiting to leave"),
            state,
            sentence,
            count,
            "ready",
            companies,
        )

    def _check_leases(self, companies):
        deadline = self.env.cr.now() - LEASE_GRACE
        count = self.env["dunning.notice"].search_count(
            [
                ("company_id", "in", companies.ids),
                ("state", "=", "claimed"),
                ("lease_until", "<", deadline),
            ]
        )
        return self._prepare_notice_check(
            "leases",
            self.env._("Being sent"),
            "danger" if count else "ok",
            self.env._("A sender died, and nobody cleared up after it.")
            if count
            else self.env._("No sender is stuck."),
            count,
            "claimed",
            companies,
        )

    def _check_unknown(self, companies):
        count = self._count_notices("unknown", companies)
        return self._prepare_notice_check(
            "unknown",
            self.env._("Outcome unknown"),
            "warning" if count else "ok",
            self.env._(
                "These are never sent again by themselves: a manager finds out whether "
                "they arrived."
            )
            if count
            else self.env._("Of every message it is known whether it was handed over."),
            count,
            "unknown",
            companies,
        )

    def _check_unknown_charges(self, companies):
        domain = [("state", "=", "unknown"), ("company_id", "in", companies.ids)]
        count = self.env["dunning.recovery"].search_count(domain)
        title = self.env._("Charges without an answer")
        return self._prepare_check(
            "unknown_charges",
            title,
            "warning" if count else "ok",
            self.env._(
                "These cards are never charged again by themselves: a manager finds "
                "out at the payment provider whether they were."
            )
            if count
            else self.env._("Of every charge it is known what became of it."),
            count,
            self._prepare_action(title, "dunning.recovery", domain) if count else None,
        )

    def _check_failed(self, companies):
        count = self._count_notices("failed", companies)
        return self._prepare_notice_check(
            "failed",
            self.env._("Failed"),
            "warning" if count else "ok",
            self.env._(
                "Correct what their reason names and retry, or do not send them."
            )
            if count
            else self.env._("No notice was refused."),
            count,
            "failed",
            companies,
        )

    def _count_notices(self, state, companies):
        return self.env["dunning.notice"].search_count(
            [("company_id", "in", companies.ids), ("state", "=", state)]
        )

    def _prepare_notice_check(
        self, code, title, state, sentence, count, notice_state, companies
    ):
        domain = [
            ("state", "=", notice_state),
            ("simulation", "=", False),
            ("company_id", "in", companies.ids),
        ]
        action = self._prepare_action(title, "dunning.notice", domain)
        return self._prepare_check(
            code, title, state, sentence, count, action if count else None
        )

    def _check_held(self, companies):
        domain = [("state", "=", "held"), ("company_id", "in", companies.ids)]
        count = self.env["dunning.run"].search_count(domain)
        title = self.env._("Held runs")
        return self._prepare_check(
            "held",
            title,
            "warning" if count else "ok",
            self.env._(
                "Many more messages than usual would leave: a manager releases or "
                "discards them."
            )
            if count
            else self.env._("No run waits for a decision."),
            count,
            self._prepare_action(title, "dunning.run", domain) if count else None,
        )
