import re
from urllib.parse import urlsplit

from odoo import http
from odoo.http import _generate_routing_rules
from odoo.tests import tagged
from odoo.tools import mute_logger

from .account_common import AccountCommon

CORPUS = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "'-alert(1)-'<svg/onload=alert(1)>",
    "{{7*7}}<t t-out='7*7'/>",
    "javascript:alert(1)",
)
LINK, PORTAL = "/dunning/account/<", "/my/dunning/<"
EVIL = "https://evil.example"


class MatrixCommon(AccountCommon):
    """Every address of the account, as Odoo knows them: a new one is tested, too."""

    def setUp(self):
        super().setUp()
        self.env["ir.config_parameter"].set_param("dunning_automation.rate_limits", "0")
        self.without_printing()
        self.customer.name, self.overdue.ref = "ANNASFIRM", "ANNASREF"
        self.other.name, self.foreign.ref = "BENSFIRM", "BENSREF"
        self.secrets = {
            "anna": (b"ANNASFIRM", b"ANNASREF", b"ANNASCARD"),
            "ben": (b"BENSFIRM", b"BENSREF", b"BENSCARD"),
        }
        self.card = self.refused(self.overdue, "ANNASCARD")
        self.refused(self.foreign, "BENSCARD")
        self.env.flush_all()

    def refused(self, move, details):
        """A stored card that was refused for ``move``."""
        provider = self.env["payment.provider"].sudo().search([], limit=1)
        token = provider.env["payment.token"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": provider.env["payment.method"]
                .with_context(active_test=False)
                .search([], limit=1)
                .id,
                "partner_id": move.partner_id.id,
                "payment_details": details,
                "provider_ref": "reference",
            }
        )
        recovery = move._dunning_charge_failed(message="The card has expired")
        recovery.token_id = token
        return token

    def routes(self, prefix):
        """[(path below the account, method, whether it is called as JSON-RPC)]"""
        found = []
        installed = sorted(self.env.registry._init_modules)
        for path, endpoint in _generate_routing_rules(installed, False):
            if path.startswith(prefix):
                is_rpc = endpoint.routing["type"] == "jsonrpc"
                below = path.partition(">")[2]
                for method in endpoint.routing["methods"] or ["POST"]:
                    found.append((below, method, is_rpc))
        return found

    def ask(self, login, base, route, move=None, **form):
        """What ``login`` (None = nobody) gets who sends everything that is wanted."""
        below, method, is_rpc = route
        path = base + re.sub(r"<[^>]*>", str((move or self.overdue).id), below)
        self.authenticate(login, login)
        if is_rpc:
            values = {"access_token": "x", "provider_id": 1, "flow": "direct"}
            return self.url_open(path, json={"params": values})
        data = {}
        if method == "POST":
            data = {
                "csrf_token": http.Request.csrf_token(self),
                "line": [self.receivable(m).id for m in (self.overdue, self.foreign)],
                **form,
            }
        return self.url_open(path, data=data, method=method, allow_redirects=False)

    def counts(self):
        """Of whatever a visitor could make."""
        self.env.invalidate_all()
        names = ("event", "reply", "promise", "dispute", "plan", "hold", "optout")
        return {name: self.env[f"dunning.{name}"].search_count([]) for name in names}

    def what_is_left(self, answer):
        """A page without what is another one each time."""
        text = re.sub(r"[0-9a-f]{40}o[0-9]+|[0-9a-f]{32,}", "", answer.text)
        return answer.status_code, re.sub(r"/(my|dunning)/[^\"'\s<]*", "", text)


@tagged("post_install", "-at_install")
class TestAccountMatrix(MatrixCommon):
    """Actor x address x id: who may not see an account learns nothing, not even that
    it is there."""

    def setUp(self):
        super().setUp()
        self.portal_user("x_anna", self.customer)
        self.portal_user("x_carl", self.customer)
        self.portal_user("x_ben", self.other)
        self.portal_user("x_nobody", self._create_customer())
        self.new_user("x_single", "base.group_portal")
        self.new_user("x_clerk", "base.group_user")
        self.new_user("x_manager", "dunning_automation.group_manager")
        self.env.flush_all()

    def assertSecrets(self, answer, allowed):
        """Nothing of anybody else in body or headers; ``allowed`` may be there."""
        said = answer.content + str(dict(answer.headers)).encode()
        for owner, words in self.secrets.items():
            if owner != allowed:
                for word in words:
                    self.assertNotIn(word, said)

    def assertHidden(self, answer, missing, is_rpc):
        if is_rpc:
            self.assertEqual(answer.json()["error"]["code"], 404)
        else:
            self.assertEqual(answer.status_code, 404)
        self.assertEqual(self.what_is_left(answer), self.what_is_left(missing))

    @mute_logger("odoo.http")
    def test_users(self):
        base = f"/my/dunning/{self.company.id}"
        owners = {"x_anna": "anna", "x_carl": "anna", "x_ben": "ben"}
        before = self.counts()
        logins = ("x_anna", "x_carl", "x_ben", "x_nobody", "x_single")
        for login in (*logins, "x_clerk", "x_manager", None):
            owner = owners.get(login)
            for route in self.routes(PORTAL):
                with self.subTest(login=login, route=route):
                    own = {"anna": self.overdue, "ben": self.foreign}.get(owner)
                    answer = self.ask(login, base, route, own)
                    self.assertSecrets(answer, owner)
                    if login is None:
                        self.assertNotIn("o_dunning_account", answer.text)
                        if not route[2]:
                            self.assertEqual(answer.status_code, 303)
                            self.assertIn("/web/login", answer.headers["Location"])
                    elif not owner:
                        missing = self.ask(login, "/my/dunning/987654321", route)
                        self.assertHidden(answer, missing, route[2])
                    elif not route[2]:
                        self.assertEqual(answer.status_code, 200)
                    if owner and "<" in route[0]:
                        both = self.overdue | self.foreign
                        foreign = self.ask(login, base, route, both - own)
                        missing = self.ask(login, base, route, own.browse(987654321))
                        self.assertSecrets(foreign, None)
                        self.assertHidden(foreign, missing, route[2])
        self.assertEqual(self.counts(), before)

    @mute_logger("odoo.http")
    def test_links(self):
        good = self.notice._get_account_token()
        number, signature = good.split("-")
        links = {
            "valid": (good, "anna"),
            "of somebody else": (self.foreign_notice._get_account_token(), "ben"),
            "mutated": (f"{number}-{signature[::-1]}", None),
            "moved": (f"{self.foreign_notice.id}-{signature}", None),
            "garbage": ("x", None),
        }
        self.assertLinks(links, (None, "x_anna", "x_ben", "x_clerk", "x_manager"))

    @mute_logger("odoo.http")
    def test_links_that_are_over(self):
        self.travel(1)
        self.notice.case_id.sudo().action_revoke_links()
        links = {"withdrawn": (self.notice._get_account_token(), None)}
        self.assertLinks(links, (None, "x_anna"))
        self.travel(59)
        links = {"expired": (self.foreign_notice._get_account_token(), None)}
        self.assertLinks(links, (None, "x_ben"))

    def assertLinks(self, links, logins):
        before = self.counts()
        for name, (token, owner) in links.items():
            for login in logins:
                for route in self.routes(LINK):
                    with self.subTest(link=name, login=login, route=route):
                        own = self.foreign if owner == "ben" else self.overdue
                        base = f"/dunning/account/{token}"
                        answer = self.ask(login, base, route, own)
                        self.assertSecrets(answer, owner)
                        if owner is None:
                            missing = self.ask(login, "/dunning/account/1-x", route)
                            self.assertHidden(answer, missing, route[2])
                        elif not route[2]:
                            self.assertEqual(answer.status_code, 200)
                        if owner and "<" in route[0]:
                            both = self.overdue | self.foreign
                            answer = self.ask(login, base, route, both - own)
                            self.assertEqual(answer.status_code, 404)
                            self.assertSecrets(answer, None)
        self.assertEqual(self.counts(), before)


@tagged("post_install", "-at_install")
class TestAccountForms(MatrixCommon):
    """What forms must not do."""

    @mute_logger("odoo.http")
    def test_no_form_without_its_token(self):
        posts = [r for r in self.routes(LINK) if r[1] == "POST" and not r[2]]
        self.assertGreaterEqual(len(posts), 4)
        before = self.counts()
        for route in posts:
            for token in ("", "x", "0" * 40 + "o9999999999"):
                with self.subTest(route=route, token=token):
                    form = {"kind": "other", "text": "x", "lang": "en_US"}
                    answer = self.ask(
                        None,
                        self.link,
                        route,
                        csrf_token=token,
                        refused="email",
                        **form,
                    )
                    self.assertEqual(answer.status_code, 400)
        self.assertEqual(self.counts(), before)

    def test_no_way_out(self):
        """Whatever a visitor writes into a form, he stays with us."""
        names = ("next", "redirect", "redirect_url", "landing_route", "account_url")
        forms = {
            "/answer": {"kind": "other", "text": "x"},
            "/preferences": {"lang": self.customer.lang},
        }
        for below, form in forms.items():
            with self.subTest(below):
                form |= dict.fromkeys(names, EVIL)
                answer = self.ask(None, self.link, (below, "POST", False), **form)
                self.assertEqual(answer.status_code, 303)
                target = urlsplit(answer.headers["Location"])
                self.assertIn(target.netloc, ("", urlsplit(self.base_url()).netloc))
                self.assertEqual(target.path, self.link)
        answer = self.page(None, f"{self.link}?said={EVIL}&redirect={EVIL}")
        self.assertNotIn("evil.example", answer.text)

    def assertInert(self, answer):
        for tag in ("<script>alert", "<img src=x", "<svg/onload", "49<"):
            self.assertNotIn(tag, answer.text)
        self.assertNotRegex(answer.text, r"(?:href|src|action)=[\"']javascript:alert")

    def test_nothing_runs_that_somebody_typed(self):
        """In the fields of a form, which come back when something is missing."""
        names = ("kind", "date", "reason", "text", "contact", "currency", "page")
        for text in CORPUS:
            for name in names:
                with self.subTest(text=text, name=name):
                    form = {"kind": "promise", name: text}
                    for below in ("/answer", "/select", "/pay"):
                        answer = self.ask(
                            None, self.link, (below, "POST", False), **form
                        )
                        self.assertEqual(answer.status_code, 200)
                        self.assertInert(answer)

    def test_nothing_runs_that_is_stored(self):
        """In whatever of the database reaches the page."""
        self.pay(self.invoice(), 40)
        payment = self.env["account.payment"].search([], order="id desc", limit=1)
        reason = self.env["dunning.dispute.reason"].search([], limit=1)
        fields = [
            (self.customer, "name"),
            (self.company, "name"),
            (self.overdue, "ref"),
            (payment.move_id, "ref"),
            (reason, "name"),
            (self.customer, "street"),
            (self.card, "payment_details"),
        ]
        for text in CORPUS:
            with self.subTest(text):
                for record, name in fields:
                    if record:
                        record[name] = text
                self.env.flush_all()
                self.assertInert(self.page(None, self.link))
                self.assertInert(self.page(None, f"{self.link}/method"))
