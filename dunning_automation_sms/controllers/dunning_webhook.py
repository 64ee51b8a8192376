from odoo import http
from odoo.http import request

LIMIT = 64 * 1024
"""Bytes; what is longer is no webhook of a text message."""


class DunningWebhookController(http.Controller):
    @http.route(
        "/dunning/webhook/<string:key>",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,  # Providers have no session; a signature proves who speaks.
        save_session=False,
    )
    def receive(self, key, **kwargs):
        """A receipt or a message of a customer: kept, and answered at once."""
        called = request.httprequest
        if not 0 < (called.content_length or 0) <= LIMIT:
            raise request.not_found()
        event = request.env["dunning.webhook"]._receive(
            key,
            called.query_string.decode("latin-1"),
            called.headers,
            called.get_data(),
            list(called.form.items(multi=True)),
        )
        if event is None:
            raise request.not_found()
        return request.make_response("", status=204)
