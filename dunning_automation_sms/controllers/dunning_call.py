from odoo import http
from odoo.http import request

from .dunning_webhook import LIMIT


class DunningCallController(http.Controller):
    @http.route(
        "/dunning/call/<string:token>/<string:step>",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,  # Providers have no session; a signature proves who speaks.
        save_session=False,
    )
    def talk(self, token, step, **kwargs):
        """The provider of automated calls asks what to say next."""
        called = request.httprequest
        if (called.content_length or 0) > LIMIT:
            raise request.not_found()
        answer = request.env["dunning.notice"]._answer_talk(
            token,
            step,
            called.headers.get("X-Twilio-Signature", ""),
            list(called.form.items(multi=True)),
        )
        if answer is None:
            raise request.not_found()
        return request.make_response(answer, [("Content-Type", "text/xml")])
