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
    _waiting_idx = models.Index("(webhook_id, id) WHERE state = 'waiting'")

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
        """Post what is due, for each webhook the oldest first. A receiver that does not
        answer is left alone until the next time, and so is all that waits behind."""
        domain = [("active", "=", True), ("url", "!=", False)]
        for webhook in self.env["dunning.subscription"].search(domain):
            if not self._post_for(webhook):
                self.env.ref("dunning_automation.ir_cron_webhook").sudo()._trigger()

    def _post_for(self, webhook):
        """Claim, post and note, each in a transaction of its own: no row is locked
        while the other side thinks.

        :return: whether nothing is due any more
        """
        cron = self.env["ir.cron"]
        for _turn in range(AT_ONCE):
            delivery = self._claim_next(webhook)
            if not delivery:
                return True
            attempt = delivery.attempts
            cron._commit_progress()
            body = webhooks.to_body(delivery._get_facts())
            error = webhook._post(delivery.event_id.id, delivery.kind, body)
            delivery._note_outcome(attempt, error)
            has_time = cron._commit_progress(1)
            if error:
                return True  # Also when it was given up and the webhook is paused.
            if not has_time:
                return False
        return False

    def _claim_next(self, webhook):
        """Take the oldest delivery that waits, if it is due. None overtakes it: who is
        not due yet, or is posted by another process, holds up those behind. A claim
        whose process died is due again after ``webhooks.LEASE``."""
        now = self.env.cr.now()
        domain = [("webhook_id", "=", webhook.id), ("state", "=", "waiting")]
        head = self.search(domain, order="id", limit=1)
        if not head or head.next_attempt > now or not head.try_lock_for_update():
            return self.browse()
        head.write(
            {"attempts": head.attempts + 1, "next_attempt": now + webhooks.LEASE}
        )
        return head

    def _note_outcome(self, attempt, error):
        """Write down what came of an attempt, unless a later one has begun."""
        locked = self.try_lock_for_update()
        if not locked or self.state != "waiting" or self.attempts != attempt:
            return
        now = self.env.cr.now()
        if not error:
            self.write({"state": "done", "date_done": now, "error": False})
        elif attempt >= webhooks.ATTEMPTS:
            self.write({"state": "failed", "error": error})
            self.webhook_id._pause(error)
        else:
            delay = webhooks.get_delay(attempt)
            self.write({"next_attempt": now + delay, "error": error})

    @api.autovacuum
    def _gc_done(self):
        """Forget what was delivered long ago; the event itself stays."""
        limit = self.env.cr.now() - timedelta(days=KEEP_DAYS)
        old = self.search(
            [("state", "=", "done"), ("create_date", "<", limit)], limit=10000
        )
        old.unlink()
        return len(old), int(len(old) == 10000)
