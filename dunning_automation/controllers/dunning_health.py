from odoo import http
from odoo.http import request


class DunningHealthController(http.Controller):
    @http.route(
        "/dunning/health",
        type="http",
        auth="bearer",
        methods=["GET"],
        readonly=True,
        save_session=False,
    )
    def health(self, **kwargs):
        """For uptime monitors: all checks as JSON, status 503 when one is in danger.

        The key is an API key of a collections user, whose companies are looked at.
        """
        user = request.env.user
        health = request.env["dunning.health"].with_context(
            allowed_company_ids=user.company_ids.ids
        )
        found = health.get_health()
        shown = ("code", "title", "state", "sentence", "value")
        checks = [{key: check[key] for key in shown} for check in found["checks"]]
        return request.make_json_response(
            {"state": found["state"], "checks": checks},
            headers=[("Cache-Control", "no-store")],
            status=503 if found["state"] == "danger" else 200,
        )
