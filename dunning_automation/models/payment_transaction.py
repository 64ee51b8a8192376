import requests

from odoo import fields, models
from odoo.exceptions import ValidationError


def _is_lost(cause):
    """Whether ``cause`` (an exception of requests) leaves open what the other side did:
    no answer, or one of a server that broke."""
    if isinstance(cause, requests.HTTPError):
        return cause.response.status_code >= 500
    return isinstance(cause, requests.ConnectionError | requests.Timeout)


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    dunning_is_unknown = fields.Boolean(
        "Outcome Unknown",
        readonly=True,
        copy=False,
        help="The answer of the payment provider to a charge was lost: it may have been "
        "made, although the transaction is in error.",
    )

    def write(self, vals):
        """Money that is on its way takes back a queued reminder at once."""
        result = super().write(vals)
        if "state" in vals:
            self.invoice_ids._dunning_recheck()
        return result

    def _send_api_request(self, method, endpoint, **kwargs):
        """Remember when the answer to a charge was lost: Odoo calls that an error like
        a card that was refused, and lets the customer pay again."""
        try:
            return super()._send_api_request(method, endpoint, **kwargs)
        except ValidationError as error:
            if method == "POST" and _is_lost(error.__context__):
                self.dunning_is_unknown = True
            raise
