from datetime import timedelta

from odoo import api, fields, models

from ..tools import webhooks

KEEP_DAYS = 90
AT_ONCE = 200


class DunningSubscriptionDelivery(models.Model):
    """One event for one webhook, and whether the other side took it.

    At least once: a server that dies after it was posted and before that was noted
    posts it again, with the same id and the same text. The other side leaves out the
    ids that it knows.
    """

    _name = "dunning.subscription.delivery"
    _description = "Webhook Delivery"
    _order = "id desc"
    _rec_name = "kind"

    webhook_id = fields.Many2one(
        "dunning.subscription",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    event_id = fields.Many2one(
        "dunning.event",
        "What Happened",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        related="webhook_id.company_id", store=True, index=True
    )  # Stored for security rules.
    kind = fields.Selection(related="event_id.kind", store=True, string="Event")
    partner_id = fields.Many2one(related="event_id.partner_id")
    case_id = fields.Many2one(related="event_id.case_id")
    notice_id = fields.Many2one(related="event_id.notice_id")
    occurred_at = fields.Datetime(related="event_id.occurred_at")
    state = fields.Selection(
        [("waiting", "Waiting"), ("done", "Delivered"), ("failed", "Given Up")],
        required=True,
        readonly=True,
        default="waiting",
    )
    attempts = fields.Integer(readonly=True, aggregator=None)
    next_attempt = fields.Datetime(
        readonly=True, default=lambda self: self.env.cr.now()
    )
    error = fields.Char(readonly=True, help="Why the last attempt failed.")
    date_done = fields.Datetime("Delivered On", readonly=True)

    _once = models.UniqueIndex("(webhook_id, event_id)")
    _due_idx = models.Index("(next_attempt) WHERE state = 'waiting'")

    def action_retry(self):
        """Send again what was given up, or now what waits."""
        self.check_access("write")
        self.filtered(lambda delivery: delivery.state != "done").write(
            {"state": "waiting", "attempts": 0, "next_attempt": self.env.cr.now()}
        )
        self.env.ref("dunning_automation.ir_cron_webhook").sudo()._trigger()

    def _get_facts(self):
        """What is said of the event: ids, codes and figures, no personal data."""
        event = self.event_id
        return {
            "id": event.id,
            "sequence": event.sequence,
            "kind": event.kind,
            "occurred_at": f"{event.occurred_at.isoformat(timespec='seconds')}Z",
            "company_id": event.company_id.id,
            "customer_id": event.debtor_key or False,
            "case_id": event.case_id.id,
            "notice_id": event.notice_id.id,
            "facts": {
                name: value
                for name, value in (event.payload or {}).items()
                if name != "hmac"  # Of use for us only.
            },
        }

    # === POSTING === #

    @api.model
    def _post_due(self):
        """Post what is due, the oldest first, each in a transaction of its own. A
        receiver that does not answer is left alone until the next time."""
        cron, silent = self.env["ir.cron"], self.env["dunning.subscription"]
        now = self.env.cr.now()
        due = self.search(
            [
                ("state", "=", "waiting"),
                ("webhook_id.active", "=", True),
                ("next_attempt", "<=", now),
            ],
            order="id",
            limit=AT_ONCE,
        )
        for number in due.ids:
            delivery = self.browse(number)
            if delivery.webhook_id in silent or not delivery._post():
                silent += delivery.webhook_id
            if not cron._commit_progress(1):
                break
        if len(due) == AT_ONCE:
            self.env.ref("dunning_automation.ir_cron_webhook").sudo()._trigger()

    def _post(self):
        """Post this one, unless another process does just now.

        :return: whether the receiver is well
        """
        locked = self.try_lock_for_update()
        if not locked or locked.state != "waiting" or not self.webhook_id.url:
            return True
        body = webhooks.to_body(self._get_facts())
        error = self.webhook_id._post(self.event_id.id, self.kind, body)
        self._note_outcome(error)
        return not error

    def _note_outcome(self, error):
        attempts, now = self.attempts + 1, self.env.cr.now()
        values = {"attempts": attempts, "error": error}
        if not error:
            values |= {"state": "done", "date_done": now}
        elif attempts >= webhooks.ATTEMPTS:
            values["state"] = "failed"
        else:
            values["next_attempt"] = now + webhooks.get_delay(attempts)
        self.write(values)

    @api.autovacuum
    def _gc_done(self):
        """Forget what was delivered long ago; the event itself stays."""
        limit = self.env.cr.now() - timedelta(days=KEEP_DAYS)
        old = self.search(
            [("state", "=", "done"), ("create_date", "<", limit)], limit=10000
        )
        old.unlink()
        return len(old), int(len(old) == 10000)
