import logging
from datetime import timedelta

from markupsafe import Markup

from odoo import api, models

_logger = logging.getLogger(__name__)

ASLEEP = timedelta(minutes=15)


class DunningWatchdog(models.AbstractModel):
    """Looks every five minutes whether reminders leave, and calls the responsible if
    they do not: one task until all is well, and one line in the server's log.

    It runs beside the senders, so that it lives when they do not. If no scheduled job
    runs at all it is silent, too: for that, let a monitor ask ``/dunning/health``.
    """

    _name = "dunning.watchdog"
    _description = "Dunning Watchdog"

    @api.model
    def _cron_watch(self):
        """Check every company that has a policy."""
        self.env["dunning.guard"]._adopt_host()
        if self._just_woke_up():
            return
        watchdog_sudo = self.sudo()
        policies = watchdog_sudo.env["dunning.policy"].search([("active", "=", True)])
        for company, of_company in policies.grouped("company_id").items():
            watchdog_sudo._watch(company, of_company[0])

    def _just_woke_up(self):
        """After an outage everything is overdue: the other jobs get one round first."""
        last = self.env.context.get("lastcall")
        return not last or last < self.env.cr.now() - ASLEEP

    def _watch(self, company, policy):
        """Open, rewrite or close the task of ``company`` at its first ``policy``."""
        responsible = policy.user_id
        health = self.env["dunning.health"].with_context(lang=responsible.lang)
        checks = health._get_checks(company | self._get_branches(company))
        dangers = [check for check in checks if check["state"] == "danger"]
        tasks = self._get_tasks(company)
        if not dangers:
            if tasks:
                _logger.info("Dunning of company %s is well again", company.id)
            tasks.unlink()
            return
        note = self._prepare_note(dangers)
        if tasks:
            tasks[0].note = note
            return
        codes = ", ".join(check["code"] for check in dangers)
        _logger.warning("Dunning of company %s needs help: %s", company.id, codes)
        policy.with_context(mail_activity_quick_update=True).activity_schedule(
            activity_type_id=self._get_task_type().id,
            date_deadline=company._dunning_today(),
            summary=health.env._("Reminders do not leave as they should"),
            note=note,
            user_id=responsible.id,
        )

    def _get_branches(self, company):
        """Branches without a policy of their own: their parent's responsible helps."""
        children = self.env["res.company"].search([("id", "child_of", company.id)])
        own = self.env["dunning.policy"].search([("company_id", "in", children.ids)])
        return children - own.company_id

    def _prepare_note(self, dangers):
        return Markup("<ul>%s</ul>") % Markup().join(
            Markup("<li><b>%s</b>: %s</li>") % (check["title"], check["sentence"])
            for check in dangers
        )

    def _get_task_type(self):
        """The type of our tasks; Odoo's to-do if somebody deleted it."""
        ours = self.env.ref(
            "dunning_automation.mail_activity_health", raise_if_not_found=False
        )
        return ours or self.env.ref("mail.mail_activity_data_todo")

    def _get_tasks(self, company):
        policies = self.env["dunning.policy"].with_context(active_test=False)
        policies = policies.search([("company_id", "=", company.id)])
        return self.env["mail.activity"].search(
            [
                ("activity_type_id", "=", self._get_task_type().id),
                ("automated", "=", True),
                ("res_model", "=", "dunning.policy"),
                ("res_id", "in", policies.ids),
            ]
        )
