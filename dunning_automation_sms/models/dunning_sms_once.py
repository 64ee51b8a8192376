import logging
from uuid import uuid4

from odoo import api, fields, models
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

BATCH = 1000
CRON = "dunning_automation_sms.ir_cron_sms_once"


class DunningSmsOnce(models.Model):
    """A text message that somebody asked for this minute: that STOP was obeyed, or a
    link after a call.

    Sent at most once, rather not at all than twice: the row is marked and committed
    before anything leaves. It is no reminder, so that no cap and no quiet hour holds it
    back; whoever asked waits for it.
    """

    _name = "dunning.sms.once"
    _description = "Text Message on Request"
    _order = "id desc"
    _log_access = False
    _allow_sudo_commands = False

    key = fields.Char(required=True, readonly=True)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    number = fields.Char(required=True, readonly=True)
    text = fields.Text(required=True, readonly=True)
    date = fields.Datetime(required=True, readonly=True)
    state = fields.Selection(
        [("due", "To Be Sent"), ("sent", "Sent")], required=True, readonly=True
    )

    _key_uniq = models.Constraint("UNIQUE(key)", "This was asked for before.")
    _due_idx = models.Index("(id) WHERE state = 'due'")

    @api.model
    def _ask(self, key, company, number, text):
        """Send ``text`` soon; who asks twice under one ``key`` gets it once."""
        self.env.execute_query(
            SQL(
                """INSERT INTO dunning_sms_once
                          (key, company_id, number, text, date, state)
                   VALUES (%s, %s, %s, %s, %s, 'due')
              ON CONFLICT (key) DO NOTHING
                RETURNING id""",
                key,
                company.id,
                number,
                text,
                self.env.cr.now(),
            )
        )
        self.env.ref(CRON).sudo()._trigger()

    @api.model
    def _cron_send(self):
        """Send what was asked for, in a database that may send."""
        cron = self.env["ir.cron"]
        if self.env["dunning.guard"]._get_database_hold():
            return
        due = self.search([("state", "=", "due")], order="id", limit=BATCH)
        cron._commit_progress(remaining=len(due))
        for row in due:
            locked = row.try_lock_for_update()
            locked.invalidate_recordset()
            if locked.state == "due":
                locked.state = "sent"
                cron._commit_progress(1)
                locked._send()

    def _send(self):
        company = self.company_id
        api = company._get_sms_api_class()(self.with_company(company).env)
        api._set_company(company)
        number = {"uuid": uuid4().hex, "number": self.number}
        try:
            api._send_sms_batch([{"content": self.text, "numbers": [number]}])
        except Exception as error:
            _logger.info("Text message on request: %s", type(error).__name__)

    @api.autovacuum
    def _gc_sent(self):
        """What was said is not needed any more; that it was, is, for the key."""
        old = fields.Datetime.subtract(self.env.cr.now(), days=90)
        rows = self.sudo().search([("date", "<", old)], limit=BATCH)
        rows.unlink()
        return len(rows), len(rows) == BATCH
