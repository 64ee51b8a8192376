"""Mollie and Stripe on this machine: what Odoo's own code for them talks to.

Nothing of Odoo is patched. Its process is told (`variables`) to reach the world through
a proxy, and whom to trust; the proxy is the provider itself, over TLS. What it took is
the truth that the ledger is compared with: `charges`.
"""

import hashlib
import hmac
import json
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import parse_qs, urlsplit

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOSTS = ("api.mollie.com", "api.stripe.com")
WEBHOOK_SECRET = "whsec_of_the_stub"
CHECKOUT = """<!DOCTYPE html><html lang="en"><title>Pay</title><h1>%s</h1>
<form method="post"><button name="status" value="paid">Pay</button>
<button name="status" value="canceled">Cancel</button></form></html>"""


class PaymentStub:
    """The two providers. Knobs: `accepts`, `refuses`, `cut_off`, `hang_up`.

    :ivar payments: {id: dict} as the provider has them
    :ivar accepts: status that the next charged card gets
    :ivar refuses: `refuses(body)` gives the error of a card that is not charged, if any
    :ivar cut_off: called before the next charge is accepted, which never is
    :ivar hang_up: called after the next charge was accepted, which is then not
        answered: a line that breaks
    """

    def __init__(self, folder):
        self.payments, self.accepts, self.refuses = {}, "succeeded", lambda body: None
        self.cut_off = self.hang_up = None
        self._numbers, self._answers = count(1), {}
        certificate, key = folder / "stub.pem", folder / "stub.key"
        write_certificate(certificate, key)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate, key)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.stub = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.variables = {
            "HTTPS_PROXY": self.url,
            "https_proxy": self.url,
            "REQUESTS_CA_BUNDLE": str(certificate),
        }
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def charges(self, *references: str) -> list:
        """Amounts that were taken for those (beginnings of) references."""
        return [
            payment["value"]
            for payment in self.payments.values()
            if payment["status"] in ("paid", "succeeded")
            and payment["description"].startswith(references)
        ]

    # === MOLLIE === #

    def mollie(self, method: str, path: str, body: dict) -> dict:
        """A payment is made, or looked at; :raise KeyError: what there is not"""
        if method == "GET":
            return self.payments[path.rpartition("/")[2]]
        number = f"tr_{next(self._numbers)}"
        self.payments[number] = {
            **body,
            "id": number,
            "status": "open",
            "method": "creditcard",
            "value": float(body["amount"]["value"]),
            "_links": {"checkout": {"href": f"{self.url}/checkout/{number}"}},
        }
        return self.payments[number]

    def notify_mollie(self, payment: dict) -> requests.Response:
        """What happened is to be asked for: the webhook tells no more than the id."""
        return requests.post(
            payment["webhookUrl"], data={"id": payment["id"]}, timeout=60
        )

    # === STRIPE === #

    def stripe(self, method: str, path: str, body: dict, key: str | None) -> dict:
        """A customer or an intent is made, or an intent looked at. What was asked with
        the same key before is answered as before."""
        if method == "GET":
            return self.payments[path.rpartition("/")[2]]
        if path.endswith("/customers"):
            return {"id": f"cus_{next(self._numbers)}"}
        if key in self._answers:
            return self._answers[key]
        number = f"pi_{next(self._numbers)}"
        intent = {
            "id": number,
            "client_secret": f"{number}_secret",
            "description": body["description"],
            "amount": int(body["amount"]),
            "value": int(body["amount"]) / 100,
            "currency": body["currency"],
            "customer": body["customer"],
            "status": "requires_payment_method",
            "payment_method": {"id": "pm_1", "type": "card", "card": {"brand": "visa"}},
        }
        self.payments[number] = self._answers[key] = intent
        if body.get("confirm"):
            if error := self.refuses(body):
                intent["last_payment_error"] = error
                self._answers[key] = {"error": error}
            else:
                intent["status"] = self.accepts
        return self._answers[key]

    def notify_stripe(self, url: str, intent: dict, secret=WEBHOOK_SECRET):
        """The event of the intent's state, signed."""
        kinds = {
            "succeeded": "succeeded",
            "processing": "processing",
            "canceled": "canceled",
            "requires_payment_method": "payment_failed",
        }
        event = {
            "type": f"payment_intent.{kinds[intent['status']]}",
            "data": {"object": {**intent, "payment_method": "pm_1"}},
        }
        text, now = json.dumps(event), int(time.time())
        signature = hmac.new(
            secret.encode(), f"{now}.{text}".encode(), hashlib.sha256
        ).hexdigest()
        return requests.post(
            f"{url}/payment/stripe/webhook",
            data=text,
            headers={
                "Content-Type": "application/json",
                "Stripe-Signature": f"t={now},v1={signature}",
            },
            timeout=60,
        )


class Handler(BaseHTTPRequestHandler):
    """A proxy that is what lies behind it; and the page on which people pay."""

    protocol_version = "HTTP/1.1"
    host = None

    def log_message(self, *arguments) -> None:
        """Nobody reads it."""

    def do_CONNECT(self) -> None:
        self.host = self.path.partition(":")[0]
        if self.host not in HOSTS:
            self.send_error(502)
            return
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.stub.tls.wrap_socket(
            self.connection, server_side=True
        )
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def do_GET(self) -> None:
        if self.host:
            self._answer("GET")
        else:
            path = urlsplit(self.path).path
            payment = self.server.stub.payments[path.rpartition("/")[2]]
            self._send(200, CHECKOUT % payment["description"], "text/html")

    def do_POST(self) -> None:
        if self.host:
            self._answer("POST")
        else:
            self._decide()

    def _read(self) -> dict:
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if text and "json" in self.headers.get("Content-Type", ""):
            return json.loads(text)
        return {name: values[0] for name, values in parse_qs(text).items()}

    def _answer(self, method: str) -> None:
        stub, body, path = self.server.stub, self._read(), urlsplit(self.path).path
        is_charge = method == "POST" and not path.endswith("/customers")
        if is_charge and self._breaks("cut_off"):
            return
        try:
            if self.host == "api.mollie.com":
                answer = stub.mollie(method, path, body)
            else:
                key = self.headers.get("Idempotency-Key")
                answer = stub.stripe(method, path, body, key)
        except KeyError:
            self._send(404, "{}")
            return
        if is_charge and self._breaks("hang_up"):
            return
        self._send(402 if "error" in answer else 200, json.dumps(answer))

    def _breaks(self, knob: str) -> bool:
        """Whether the line breaks here, and what happens then."""
        happens = getattr(self.server.stub, knob)
        if happens:
            setattr(self.server.stub, knob, None)
            happens()
            self.close_connection = True
        return bool(happens)

    def _decide(self) -> None:
        """Somebody presses a button of the page; Odoo is told before he is back."""
        stub = self.server.stub
        payment = stub.payments[urlsplit(self.path).path.rpartition("/")[2]]
        payment["status"] = self._read()["status"]
        stub.notify_mollie(payment)
        self.send_response(303)
        self.send_header("Location", payment["redirectUrl"])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, text: str, mimetype="application/json") -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", mimetype)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def write_certificate(certificate, key) -> None:
    """One that says it is both hosts, signed by itself."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "payment stub")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=7))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(private, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    certificate.write_bytes(made.public_bytes(pem))
    key.write_bytes(
        private.private_bytes(
            pem,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
