import base64

from odoo import http
from odoo.http import request

from .dunning_account import PRIVATE_HEADERS, is_customer

PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A transparent pixel as GIF."""


class DunningTracking(http.Controller):
    """The picture in messages of companies that want to know who opens them."""

    @http.route(
        "/dunning/opened/<string(maxlength=80):token>.gif",
        type="http",
        auth="public",
        methods=["GET"],
    )
    def dunning_opened(self, token, **kwargs):
        """Always the same picture, whatever the token is worth."""
        notice_sudo = request.env["dunning.notice"]._search_opened(token)
        if notice_sudo and is_customer():
            notice_sudo._track("message_opened")
        return request.make_response(
            PICTURE, [("Content-Type", "image/gif"), *PRIVATE_HEADERS.items()]
        )
