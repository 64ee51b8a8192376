import json
import re

from odoo.http import _generate_routing_rules
from odoo.tests import TransactionCase, tagged
from odoo.tools import file_open


@tagged("post_install", "-at_install")
class TestOpenapi(TransactionCase):
    def test_every_public_address_is_described(self):
        """Those of this addon, with their methods; and nothing that is not there."""
        with file_open("dunning_automation/static/openapi.json") as file:
            paths = json.load(file)["paths"]
        described = {(path, method.upper()) for path in paths for method in paths[path]}
        self.assertEqual(described, set(self._routes()))

    def _routes(self):
        installed = sorted(self.env.registry._init_modules)
        for path, endpoint in _generate_routing_rules(installed, False):
            if endpoint.func.__module__.startswith("odoo.addons.dunning_automation."):
                is_rpc = endpoint.routing["type"] == "jsonrpc"
                default = ["POST"] if is_rpc else ["GET"]
                for method in endpoint.routing["methods"] or default:
                    yield re.sub(r"<[^:>]+:(\w+)>", r"{\1}", path), method
