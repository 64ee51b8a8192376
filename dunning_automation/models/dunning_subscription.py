import logging
import secrets
import time

import requests

from odoo import api, fields, models, modules
from odoo.exceptions import UserError, ValidationError

from ..tools import guarded_session, webhooks

_logger = logging.getLogger(__name__)

BATCH = 500


class DunningSubscription(models.Model):
    """Who outside wants to hear what happens in collections.

    Reads the sealed chain of events: an event gets its number after its transaction
    was committed, and numbers have no gaps, so none is overlooked however long a
    transaction took. Senders of reminders know nothing of it and never wait for it.

    For each event a ``dunning.subscription.delivery`` is created by the ORM, together
    with the new mark, so a rule of Odoo's automation "on creation" of deliveries sees
    every event once, whatever SQL wrote it. The delivery is then posted, see there.

    Only administrators change it: it holds a secret and calls an address.
    """

    _name = "dunning.subscription"
    _description = "Webhook"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "name, id"

    name = fields.Char(required=True)
    active = fields.Boolean(
        default=True,
        help="What happens while it is archived is told when it is active again.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        help="Only events of this company are told.",
    )
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        default=lambda self: self.env.user,
        help="Who hears of it when the webhook is paused because the other side did "
        "not answer for days.",
    )
    kind = fields.Selection(
        selection="_selection_kind",
        string="Event",
        default="notice_sent",
        help="Empty = all events.",
    )
    url = fields.Char(
        "URL",
        help="Where each event is posted as JSON. Empty = it is posted nowhere, only "
        "automation rules on deliveries act.",
    )
    secret = fields.Char(
        required=True,
        copy=False,
        groups="base.group_system",
        default=lambda self: secrets.token_urlsafe(32),
        help="Signs what is posted, so that the other side knows that it is from here.",
    )
    last_sequence = fields.Integer(
        "Told Until",
        readonly=True,
        copy=False,
        required=True,
        aggregator=None,
        default=lambda self: self.env["dunning.seal"].sudo()._get_last().last_sequence,
        help="Number of the last event that was looked at.",
    )
    delivery_ids = fields.One2many("dunning.subscription.delivery", "webhook_id")
    waiting_count = fields.Integer("Waiting", compute="_compute_counts")
    failed_count = fields.Integer("Failed", compute="_compute_counts")

    @api.model
    def _selection_kind(self):
        kinds = self.env["dunning.event"]._fields["kind"]
        return kinds._description_selection(self.env)

    @api.depends("delivery_ids.state")
    def _compute_counts(self):
        rows = self.env["dunning.subscription.delivery"]._read_group(
            [("webhook_id", "in", self.ids)], ["webhook_id", "state"], ["__count"]
        )
        counts = {(webhook, state): count for webhook, state, count in rows}
        for webhook in self:
            webhook.waiting_count = counts.get((webhook, "waiting"), 0)
            webhook.failed_count = counts.get((webhook, "failed"), 0)

    @api.constrains("url")
    def _check_url(self):
        for webhook in self.filtered("url"):
            try:
                guarded_session.check_url(webhook.url, self._may_loop_back())
            except guarded_session.UnsafeAddress as error:
                raise ValidationError(
                    self.env._(
                        "“%s” cannot be called: enter a URL that begins with https:// "
                        "and holds no password.",
                        webhook.name,
                    )
                ) from error

    @api.model
    def _may_loop_back(self):
        """Tests have their receiver on this machine; nobody else may."""
        return bool(modules.module.current_test)

    # === ACTIONS === #

    def action_test(self):
        """Post an event of kind ``test`` now and say what came back."""
        self.ensure_one()
        self.check_access("write")
        if not self.url:
            raise UserError(self.env._("Enter a URL first."))
        facts = {"kind": "test", "company_id": self.company_id.id}
        error = self._post(0, "test", webhooks.to_body(facts))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "danger" if error else "success",
                "message": error or self.env._("The other side took the test."),
            },
        }

    def action_open_deliveries(self):
        """The deliveries of this webhook."""
        action = self.delivery_ids._get_records_action(name=self.env._("Deliveries"))
        domain = [("webhook_id", "in", self.ids)]
        return action | {"domain": domain, "view_mode": "list,form"}

    def _pause(self, error):
        """Archive it after too many failures and tell who is responsible. What happens
        meanwhile is told when it is active again."""
        self.active = False
        self.with_context(mail_activity_quick_update=True).activity_schedule(
            "mail.mail_activity_data_warning",
            user_id=(self.user_id or self.create_uid).id,
            summary=self.env._("Webhook paused"),
            note=self.env._(
                "The other side did not take an event in %(count)s attempts. Last "
                "error: %(error)s. Mend it, unarchive the webhook and send the event "
                "again.",
                count=webhooks.ATTEMPTS,
                error=error,
            ),
        )

    # === TELLING === #

    @api.model
    def _cron_tell(self):
        """Note the new events for each webhook, then post what is due. A webhook that
        fails, as by somebody's automation rule, is tried again and stops no other."""
        if self.env["dunning.guard"]._get_database_hold():
            return  # The copy of a database tells nobody.
        cron, failure = self.env["ir.cron"], None
        for webhook in self.sudo().search([("active", "=", True)]):
            try:
                while webhook._note_events() == BATCH and cron._commit_progress(BATCH):
                    pass
                cron._commit_progress()
            except Exception as error:
                self.env.cr.rollback()
                _logger.exception("Webhook %s cannot note its events", webhook.id)
                failure = error
        self.env["dunning.subscription.delivery"].sudo()._post_due()
        if failure:
            raise failure

    def _note_events(self):
        """Create a delivery for each event that is new, at most ``BATCH``, and set the
        mark, in one transaction.

        :return: how many
        """
        self.ensure_one()
        if not self.try_lock_for_update():
            return 0  # Another process notes them.
        last = self.env["dunning.seal"]._get_last().last_sequence
        domain = [
            ("sequence", ">", self.last_sequence),
            ("sequence", "<=", last),
            ("company_id", "=", self.company_id.id),
        ]
        if self.kind:
            domain.append(("kind", "=", self.kind))
        events = self.env["dunning.event"].search(domain, order="sequence", limit=BATCH)
        mark = events[-1].sequence if len(events) == BATCH else last
        if mark > self.last_sequence:
            self.last_sequence = mark
        self.env["dunning.subscription.delivery"].create(
            [self._prepare_delivery(event) for event in events]
        )
        return len(events)

    def _prepare_delivery(self, event):
        return {
            "webhook_id": self.id,
            "event_id": event.id,
            "state": "waiting" if self.url else "done",
        }

    def _post(self, event_id, kind, body):
        """Post once. Whatever but a status of 2xx is a failure; redirects are not
        followed.

        :return: why it failed, empty when the other side took it
        """
        webhook_sudo = self.sudo()
        headers = webhooks.get_headers(
            webhook_sudo.secret, event_id, kind, int(time.time()), body
        )
        try:
            with guarded_session.call(
                "POST",
                webhook_sudo.url,
                self._may_loop_back(),
                data=body,
                headers=headers,
                stream=True,  # What it answers beside the status is not read.
            ) as answer:
                if 200 <= answer.status_code < 300:
                    return ""
                return self.env._("Answered with status %s", answer.status_code)
        except guarded_session.UnsafeAddress:
            return self.env._("The address is not allowed")
        except requests.Timeout:
            return self.env._("No answer in time")
        except requests.RequestException as error:
            return self.env._("No answer: %s", type(error).__name__)
