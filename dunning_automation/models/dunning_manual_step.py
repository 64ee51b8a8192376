import logging

from odoo import api, models
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

TIMEOUT_BATCH = 100


class DunningManualStep(models.AbstractModel):
    """Notices that a person must act on: a call, a task, a letter to post.

    Such a notice is *sent* as soon as its task exists (``task_id``), so that the next
    level does not wait for it. When nobody does the task in time, it is closed and the
    fallback of the action is tried. So it is with a letter that nobody prints: it must
    not leave after what came later was said.
    """

    _name = "dunning.manual.step"
    _description = "Dunning Manual Step"

    @api.model
    def _cron_time_out(self):
        """Every night: close what nobody did. One that cannot be closed does not stand
        in the way of the others."""
        cron = self.env["ir.cron"]
        overdue = self._search_overdue_steps()
        cron._commit_progress(remaining=len(overdue))
        for notice in overdue:
            try:
                with self.env.cr.savepoint():
                    notice._time_out()
            except Exception:
                _logger.exception("Notice %s cannot be timed out", notice.id)
            if not cron._commit_progress(1):
                break

    @api.model
    def _search_overdue_steps(self):
        """Notices whose task is open for too long, counted from the later of its
        creation and of the day to which somebody put it off, and letters that wait too
        long to be printed, counted from their release."""
        self.env["mail.activity"].flush_model(["active", "date_deadline"])
        self.env["dunning.action"].flush_model(["timeout_days"])
        self.flush_model(["action_id", "date", "date_sent", "state", "task_id"])
        rows = self.env.execute_query(
            SQL(
                """SELECT notice.id
                     FROM dunning_notice notice
                     JOIN dunning_action action ON action.id = notice.action_id
                LEFT JOIN mail_activity task ON task.id = notice.task_id
                    WHERE action.timeout_days > 0
                      AND CASE
                          WHEN task.active AND notice.state IN ('sent', 'delivered')
                              THEN GREATEST(notice.date_sent::date, task.date_deadline)
                          WHEN notice.state = 'ready' AND %(waits)s
                              THEN GREATEST(notice.date, (
                                   SELECT MAX(event.occurred_at)::date
                                     FROM dunning_event event
                                    WHERE event.notice_id = notice.id
                                      AND event.kind = 'notice_ready'))
                          END + action.timeout_days <= %(now)s::date
                    ORDER BY notice.id
                    LIMIT %(limit)s""",
                limit=TIMEOUT_BATCH,
                now=self.env.cr.now(),
                waits=self._get_waiting_letter_condition(),
            )
        )
        return self.browse(notice_id for (notice_id,) in rows)

    @api.model
    def _get_waiting_letter_condition(self):
        """SQL about a ready ``notice``: a person may print it. While reminders are
        stopped, nobody may."""
        guard = self.env["dunning.guard"]
        if guard._get_database_hold():
            return SQL("FALSE")
        return SQL(
            """notice.simulation IS NOT TRUE AND %s
               AND EXISTS (
                   SELECT 1
                     FROM res_company company
                    WHERE company.id = notice.company_id AND %s)""",
            self._get_desk_condition(),
            guard._get_sending_companies_sql(),
        )

    def _time_out(self):
        """Nobody did it: close the task or take the letter back, say so, and try
        another channel."""
        self.ensure_one()
        reason = self.env._(
            "Nobody did this within %s days.", self.action_id.timeout_days
        )
        if self.state == "ready":
            self._set_state("cancelled", reason)
        self.task_id.action_feedback(feedback=reason)
        self._tell("step_timed_out", reason)
        self._fall_back(reason)
