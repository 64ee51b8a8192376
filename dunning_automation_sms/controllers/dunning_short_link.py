from odoo import http
from odoo.http import request

from odoo.addons.dunning_automation.controllers.dunning_account import PRIVATE_HEADERS


class DunningShortLinkController(http.Controller):
    @http.route(
        "/d/<string(maxlength=40):token>",
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,
    )
    def open_account(self, token, **kwargs):
        """The short link of a text message leads on to the account."""
        path = request.env["dunning.notice"]._find_account_path(token)
        if not path:
            raise request.not_found()
        answer = request.redirect(path)
        answer.headers.update(PRIVATE_HEADERS)
        return answer
