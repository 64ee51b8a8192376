import logging
from datetime import timedelta

from odoo import api, models

_logger = logging.getLogger(__name__)


class DunningRecoveryEnd(models.AbstractModel):
    """The end of the road: days of grace, and what the schedule does after them."""

    _name = "dunning.recovery.end"
    _description = "Recovery: The End"

    @api.model
    def _cron_follow(self):
        """Tell customers, end what is over, and let recurrences go on that were paid:
        a commit each. What fails is tried again; the last error is raised at the end,
        so that the job counts as failed."""
        steps = [
            *(recovery._tell_customer for recovery in self._search_untold()),
            *(recovery._end_road for recovery in self._search_over()),
            *(draft._dunning_resume for draft in self._search_resting()),
        ]
        errors = []
        for position, step in enumerate(steps, 1):
            try:
                with self.env.cr.savepoint():
                    step()
            except Exception as error:
                _logger.warning("Recovery, %s: %s", step, error)
                errors.append(error)
            self.env["ir.cron"]._commit_progress(1, remaining=len(steps) - position)
        if errors:
            raise errors[-1]

    @api.model
    def _search_resting(self):
        return self.env["dunning.recurrence"]._search_paid()

    @api.model
    def _search_over(self):
        """Recoveries whose days of grace have passed, with no try left."""
        found = self.search(
            [("state", "in", ("open", "customer")), ("next_retry_at", "=", False)],
            order="id",
        )
        return found.filtered(
            lambda one: one._get_grace_end() < one.company_id._dunning_today()
        )

    def _get_grace_end(self):
        """The last day on which the customer has time to pay by himself before the
        policy goes on: so many days after the last failure."""
        self.ensure_one()
        tried = self.attempt_ids.filtered("finished_at").mapped("finished_at")
        run, timezone = self.env["dunning.run"], self.company_id._dunning_timezone()
        last = run._local_date(timezone, max([self.failed_at, *tried]))
        return last + timedelta(days=self._get_schedule().grace_days)

    def _end_road(self):
        """Nothing more is tried: normal reminders go on from here, and what else the
        schedule says is done."""
        self.ensure_one()
        self._set_state("ended")
        after = {"pause": self._rest_recurrence, "task": self._ask_salesperson}
        if follow := after.get(self._get_schedule().end_action):
            follow()

    def _rest_recurrence(self):
        """What could not be charged is not invoiced again until it is paid."""
        self.env["dunning.recurrence"]._pause(self.move_id)

    def _ask_salesperson(self):
        """The salesperson of the invoice talks to the customer."""
        policy = self.env["dunning.notice"]._find_policy(
            self._get_lines(), self.company_id
        )
        people = (
            self.move_id.invoice_user_id,
            self.partner_id.user_id,
            policy.user_id,
            self.env.ref("base.user_admin"),
        )
        self.move_id.with_context(mail_activity_quick_update=True).activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=self.company_id._dunning_today(),
            summary=self.env._("A recurring payment could not be recovered"),
            note=self.env._(
                "%(invoice)s could not be charged to the payment method of "
                "%(customer)s. Talk to the customer: the service goes on unpaid.",
                invoice=self.move_id.name,
                customer=self.partner_id.display_name,
            ),
            user_id=next(user for user in people if user.active).id,
        )
