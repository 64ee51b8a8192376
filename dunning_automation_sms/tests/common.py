import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from unittest.mock import patch

from odoo import Command
from odoo.tools import mute_logger

from odoo.addons.dunning_automation.tests.common import DunningCommon
from odoo.addons.iap.tools import iap_tools


class Provider(BaseHTTPRequestHandler):
    """Answers as Odoo's SMS service does, or as ``server.mode`` says."""

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        asked = json.loads(self.rfile.read(length))
        self.server.asked.append(asked)
        mode = self.server.mode
        if mode == "cut":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        result = [
            {"uuid": number["uuid"], "state": mode, "credit": 1}
            for message in asked["params"]["messages"]
            for number in message["numbers"]
        ]
        if mode == "silent":
            result = []
        answer = {"jsonrpc": "2.0", "id": 1, "result": result}
        if mode in ("credit", "crash"):
            name = {"credit": "InsufficientCreditError", "crash": "KeyError"}[mode]
            answer = {"error": {"data": {"name": f"odoo.{name}", "message": "No"}}}
        self.send_response(int(mode) if mode.isdigit() else 200)
        self.end_headers()
        self.wfile.write(b"<html>" if mode == "html" else json.dumps(answer).encode())

    def log_message(self, *args):
        """Silence."""


class SmsCommon(DunningCommon):
    """A policy that sends text messages, and Odoo's provider on a local port."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.austria = cls.env.ref("base.at")
        cls.company.write({"country_id": cls.austria.id, "name": "Sender"})
        cls.provider = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
        cls.addClassCleanup(cls.provider.server_close)
        thread = threading.Thread(target=cls.provider.serve_forever, daemon=True)
        thread.start()
        cls.addClassCleanup(thread.join)
        cls.addClassCleanup(cls.provider.shutdown)
        cls.env["iap.account"].get("sms")
        cls.policy.active = False
        cls.policy = cls._create_sms_policy()

    @classmethod
    def _create_sms_policy(cls, delays=(1, 15), **values):
        template = cls.env.ref("dunning_automation_sms.sms_template_firm")
        action = {"channel": "sms", "sms_template_id": template.id, **values}
        levels = [
            cls._level(delay, action_ids=[Command.create(action)]) for delay in delays
        ]
        return cls._create_policy(name="Text messages", level_ids=levels)

    def setUp(self):
        super().setUp()
        self.provider.asked = []
        self.provider.mode = "success"
        self.set_port(self.provider.server_port)
        # Odoo refuses to call its services in tests.
        outside = SimpleNamespace(module=SimpleNamespace(current_test=False))
        self.startPatcher(patch.object(iap_tools, "modules", outside))
        self.enterContext(mute_logger(iap_tools.__name__, "odoo.tools.translate"))

    def set_port(self, port):
        self.env["ir.config_parameter"].set_param(
            "sms.endpoint", f"http://127.0.0.1:{port}"
        )

    @property
    def asked(self):
        return [
            (number["number"], message["content"])
            for asked in self.provider.asked
            for message in asked["params"]["messages"]
            for number in message["numbers"]
        ]

    @classmethod
    def reachable(cls, **values):
        return cls._create_customer(
            **{
                "phone": "0664 1234567",
                "country_id": cls.austria.id,
                "lang": False,
                **values,
            }
        )

    def messages(self, number=1, **values):
        """Ready text messages to as many customers, one invoice each."""
        customers = [
            self.reachable(phone=f"0664 12345{index:02}", **values)
            for index in range(number)
        ]
        self.invoices([{"partner": customer} for customer in customers])
        self.run_on()
        notices = self.env["dunning.notice"]
        return notices.union(*(self.notices(customer) for customer in customers))

    def text(self, mode="success"):
        """Run the senders; the provider answers with ``mode``."""
        self.provider.mode = mode
        self.deliver()
        self.env.invalidate_all()

    def sms(self, notice):
        return notice._get_sms_sudo()

    def notification(self, notice):
        return notice.mail_message_id.sudo().notification_ids

    def run_cron(self, xmlid):
        cron = self.env.ref(xmlid).sudo()
        with self.enter_registry_test_mode():
            self.assertIs(cron.method_direct_trigger(), True)
        self.env.invalidate_all()

    @staticmethod
    def free_port():
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return free.getsockname()[1]
