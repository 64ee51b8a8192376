from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    dunning_late_grace_days = fields.Integer(
        "Late After",
        default=3,
        help="For predictions, a payment is late when it comes more than so many days "
        "after the due date, or after the Monday that follows a due date at the "
        "weekend.",
    )
    dunning_order_by_prediction = fields.Boolean(
        "Order by Prediction",
        help="The collectors' worklist is ordered by what is overdue, times the "
        "predicted chance that it is still out in 30 days, where a model is in use. "
        "Otherwise by the rule of four reasons.",
    )

    _dunning_late_grace_days_range = models.Constraint(
        "CHECK(dunning_late_grace_days BETWEEN 0 AND 60)",
        "Days of grace before a payment counts as late: enter a number from 0 to 60.",
    )

    # === SAME DAY === #

    def _dunning_is_run_due(self):
        """Also a second time in a day, where a policy asks for the risk of customers
        and somebody is in another band since."""
        return super()._dunning_is_run_due() or self._dunning_has_moved()

    def _dunning_evaluate_again(self):
        """Somebody is in another band: let the cron look whether today's run is done
        without him."""
        if self._dunning_has_moved():
            self.env.ref("dunning_automation.ir_cron_run").sudo()._trigger()

    def _dunning_has_moved(self):
        """Whether a customer's band changed after the run of today, and it matters."""
        self.ensure_one()
        policies = self.env["dunning.policy"]._search_applicable(self)
        if not policies._asks_for_risk():
            return False
        last = self.env["dunning.run"].search(
            [
                ("company_id", "=", self.id),
                ("date", "=", self._dunning_today()),
                ("simulation", "=", False),
            ],
            order="id desc",
            limit=1,
        )
        # What a manager holds or discarded is not planned again behind his back.
        return last.state == "done" and bool(
            self.env["dunning.risk.score"]
            .sudo()
            .search_count(
                [("company_id", "=", self.id), ("moved_at", ">", last.create_date)],
                limit=1,
            )
        )
