import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.dunning_automation.tools import smtp_outcome
from odoo.addons.dunning_automation.tools.sender_batch import Outcome

URL = "dunning_channel_hook.url"
TIMEOUT = 20


class DunningNotice(models.Model):
    _inherit = "dunning.notice"

    def _render_hook(self):
        """Written in the customer's language when the notice is planned."""
        for notice, (subject, body) in self._generate_texts().items():
            notice.write({"subject": subject, "body": body})

    def _prepare_hook(self, row, batch):
        """In the transaction of the claim: everything that is handed over. The key is
        the same in every attempt, so the other side can leave out what it has."""
        url = self.env["ir.config_parameter"].sudo().get_param(URL)
        if not url:
            raise UserError(self.env._("Enter the system parameter %s.", URL))
        key = f"{self.env.cr.dbname}-{self.id}"
        customer = {"id": self.partner_id.id, "name": self.partner_id.name}
        text = {"subject": self.subject, "body": self.body}
        return url, {"key": key, "customer": customer, **text}

    def _deliver_hook(self, parcel, batch):
        """After the commit, with no lock held. Only what was certainly not taken may be
        tried again; what nobody knows is unknown, and a person decides.

        :raise NoConnection: when nothing can have left
        """
        url, message = parcel
        try:
            answer = requests.post(
                url, json=message, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as error:
            reason = getattr(error.args and error.args[0], "reason", None)
            if isinstance(reason, ConnectTimeoutError | NewConnectionError):
                raise smtp_outcome.NoConnection(str(error)) from error
            return Outcome(smtp_outcome.UNKNOWN, str(error))
        if answer.status_code // 100 == 2:
            return Outcome("sent")
        if answer.status_code == 429:
            return Outcome(smtp_outcome.RETRY, answer.reason)
        is_refused = answer.status_code // 100 == 4
        code = smtp_outcome.FAILED if is_refused else smtp_outcome.UNKNOWN
        return Outcome(code, answer.reason)
