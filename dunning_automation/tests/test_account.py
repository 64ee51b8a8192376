from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError
from odoo.service.model import get_public_method
from odoo.tests import tagged

from .account_common import AccountCommon

PAGES = ("", "/statement.csv", "/statement.pdf", "/invoice/%s.pdf")


@tagged("post_install", "-at_install")
class TestAccountAccess(AccountCommon):
    """Who sees which account: actor x route x id, with a canary in what is foreign."""

    def setUp(self):
        super().setUp()
        self.portal_user("a_anna", self.customer)
        self.portal_user("a_carl", self.customer)
        self.portal_user("a_ben", self.other)
        self.portal_user("a_nobody", self._create_customer())
        self.new_user("a_employee", "dunning_automation.group_manager")
        self.own_path = f"/my/dunning/{self.company.id}"
        self.without_printing()

    def assertHidden(self, login, path):
        with self.subTest(login=login, path=path):
            answer = self.page(login, path)
            self.assertEqual(answer.status_code, 404)
            self.assertNotIn("CANARY", answer.text)
            self.assertNotIn(self.overdue.name, answer.text)

    def assertShown(self, login, path, invoice, foreign=None):
        with self.subTest(login=login, path=path):
            answer = self.page(login, path)
            self.assertEqual(answer.status_code, 200)
            if not path.endswith("pdf"):
                self.assertIn(invoice.name, answer.text)
            if invoice != self.foreign:
                self.assertNotIn("CANARY", answer.text)
            for name in ("Cache-Control", "Referrer-Policy", "X-Robots-Tag"):
                self.assertIn(name, answer.headers)
            self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")

    def test_everybody_of_the_customer_and_nobody_else(self):
        for page in PAGES:
            own = page % self.overdue.id if "%" in page else page
            foreign = page % self.foreign.id if "%" in page else page
            for login in ("a_anna", "a_carl"):
                self.assertShown(login, self.own_path + own, self.overdue)
            self.assertShown("a_ben", self.own_path + foreign, self.foreign)
            for login in ("a_nobody", "a_employee"):
                self.assertHidden(login, self.own_path + own)
            if foreign != page:
                self.assertHidden("a_anna", self.own_path + foreign)

    def test_without_a_login_only_with_a_link(self):
        answer = self.page(None, self.own_path)
        self.assertIn("/web/login", answer.headers["Location"])
        for page in PAGES:
            own = page % self.overdue.id if "%" in page else page
            for login in (None, "a_anna", "a_ben", "a_employee"):
                self.assertShown(login, self.link + own, self.overdue)
        for move in (self.foreign, self.foreign.browse(987654321)):
            self.assertHidden(None, f"{self.link}/invoice/{move.id}.pdf")

    def test_forged_links(self):
        token = self.notice._get_account_token()
        number, signature = token.split("-")
        flipped = signature[:-1] + ("0" if signature[-1] != "0" else "1")
        forged = [
            f"{self.foreign_notice.id}-{signature}",
            f"{number}-{flipped}",
            f"{number}-{signature.upper()}",
            f"0{token}",
            f"{number}-",
            f"{number}",
            f"99999999999-{signature}",
            f"987654321-{signature}",
            "'; DROP TABLE dunning_notice; --",
            self.overdue._portal_ensure_token(),
        ]
        for token in forged:
            self.assertHidden(None, f"/dunning/account/{token}")

    def test_expired(self):
        self.travel(59)
        self.assertShown(None, self.link, self.overdue)
        self.travel(1)
        for page in PAGES:
            own = page % self.overdue.id if "%" in page else page
            self.assertHidden(None, self.link + own)

    def test_company_gives_no_links(self):
        self.company.dunning_link_days = 0
        self.assertHidden(None, self.link)
        self.assertEqual(self.notice._get_account_url(), "")

    def test_withdrawn(self):
        collector = self.new_user("a_collector", "dunning_automation.group_user")
        self.travel(1)
        self.notice.case_id.with_user(collector).action_revoke_links()
        self.assertHidden(None, self.link)
        self.assertIn("links_revoked", self.notice.case_id.event_ids.mapped("kind"))
        # The other customer keeps his, the next message has a good one.
        other = f"/dunning/account/{self.foreign_notice._get_account_token()}"
        self.assertShown(None, other, self.foreign)
        self.run_on(7)
        notice = self.notices()[-1:]
        self.assertNotEqual(notice, self.notice)
        self.send(notice)
        link = f"/dunning/account/{notice._get_account_token()}"
        self.assertShown(None, link, self.overdue)

    def test_withdrawal_cannot_be_taken_back(self):
        collector = self.new_user("a_collector", "dunning_automation.group_user")
        case = self.notice.case_id.with_user(collector)
        case.action_revoke_links()
        with self.assertRaises(AccessError):
            case.links_revoked_at = False
        employee = self.new_user("a_clerk", "base.group_user")
        with self.assertRaises(AccessError):
            self.notice.case_id.with_user(employee).action_revoke_links()

    def test_what_never_left_opens_nothing(self):
        for state in ("suppressed", "failed", "cancelled"):
            self.notice.sudo().write({"state": state})
            self.assertHidden(None, self.link)

    def test_other_company(self):
        """A customer of two of our companies sees each account by itself."""
        data = self.setup_other_company()
        company = data["company"]
        invoice = self.invoice(company=company)
        self.assertHidden("a_ben", f"/my/dunning/{company.id}")
        self.assertNotIn(f"/{invoice.id}.pdf", self.page(None, self.link).text)
        self.assertHidden(None, f"{self.link}/invoice/{invoice.id}.pdf")
        answer = self.page("a_anna", f"/my/dunning/{company.id}")
        self.assertEqual(answer.status_code, 200)
        self.assertIn(f'href="{self.own_path}"', answer.text)

    def test_portal_home(self):
        self.authenticate("a_anna", "a_anna")
        counted = self.make_jsonrpc_request(
            "/my/counters", {"counters": ["dunning_account_count"]}
        )
        self.assertEqual(counted["dunning_account_count"], 1)
        answer = self.page("a_anna", "/my/dunning")
        self.assertTrue(answer.headers["Location"].endswith(self.own_path))
        self.assertHidden("a_nobody", "/my/dunning")

    def test_nothing_can_be_called_from_outside(self):
        for name in ("_read", "_make_csv", "_make_pdf", "_search_document"):
            with self.subTest(name), self.assertRaises(AccessError):
                get_public_method(self.env["dunning.account"], name)


@tagged("post_install", "-at_install")
class TestAccountPage(AccountCommon):
    """What the page tells, and in which words."""

    def account(self):
        return self.env["dunning.account"].sudo()._read(self.customer, self.company)

    def statuses(self):
        [group] = self.account()["groups"]
        return {item["move_id"]: item["status"] for item in group["items"]}

    def test_open_is_what_the_ledger_says(self):
        self.pay(self.overdue, 40)
        coming = self.invoice(days_overdue=-5)
        self.credit_note(amount=15)
        [group] = self.account()["groups"]
        self.assertEqual([item["amount"] for item in group["items"]], [60.0, 100.0])
        self.assertEqual(
            (group["overdue"], group["open"], group["credit"]), (60.0, 160.0, 15.0)
        )
        self.assertEqual(group["items"][1]["move_id"], coming.id)
        [payment] = self.account()["payments"]
        self.assertEqual(payment["amount"], 40.0)
        self.pay(self.overdue)
        self.assertNotIn(self.overdue.id, self.statuses())

    def test_instalments(self):
        self.overdue.button_draft()
        self.invoice(instalments=[(40, 30.0), (10, 30.0), (-20, 40.0)])
        [group] = self.account()["groups"]
        self.assertEqual(
            [(item["amount"], item["days_overdue"]) for item in group["items"]],
            [(30.0, 40), (30.0, 10), (40.0, -20)],
        )
        shares = {part["name"]: part["amount"] for part in group["aging"]}
        self.assertEqual(
            (shares["not_due"], shares["1_30"], shares["31_60"]), (40.0, 30.0, 30.0)
        )

    def test_currencies_are_told_apart(self):
        self.invoice(currency=self.foreign_currency, amount=70.0)
        groups = self.account()["groups"]
        self.assertEqual(
            {group["currency"]: group["open"] for group in groups},
            {self.company.currency_id: 100.0, self.foreign_currency: 70.0},
        )

    def test_status(self):
        promised, disputed, legal = (self.invoice() for _i in range(3))
        lines = {move: self.receivable(move) for move in (promised, disputed, legal)}
        self.env["dunning.promise"].create(
            {"move_line_ids": [Command.set(lines[promised].ids)]}
        )
        self.env["dunning.dispute"].create(
            {"move_line_ids": [Command.set(lines[disputed].ids)]}
        )
        self.env["dunning.hold"].create(
            {
                "kind": "legal",
                "partner_id": self.customer.id,
                "scope": "lines",
                "move_line_ids": [Command.set(lines[legal].ids)],
                "date_end": self.today,
            }
        )
        self.assertEqual(
            self.statuses(),
            {
                self.overdue.id: "overdue",
                promised.id: "promised",
                disputed.id: "disputed",
                legal.id: "overdue",  # What we think is our affair.
            },
        )

    def test_language_of_whoever_got_the_message(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.customer.lang = "de_DE"
        answer = self.page(None, self.link)
        self.assertIn('lang="de-DE"', answer.text)
        self.assertIn("01.03.2026", answer.text)
        self.assertNotIn("03/01/2026", answer.text)

    def test_nothing_runs_in_a_spreadsheet(self):
        self.overdue.ref = '=HYPERLINK("http://x.example")'
        answer = self.page(None, f"{self.link}/statement.csv")
        self.assertIn("""'=HYPERLINK""", answer.text)
        self.assertIn("attachment", answer.headers["Content-Disposition"])

    def test_nothing_runs_in_the_browser(self):
        corpus = [
            "<script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "{{7*7}}<t t-out='1'/>",
        ]
        for text in corpus:
            with self.subTest(text):
                self.overdue.ref = text
                self.customer.name = text
                self.company.name = text
                answer = self.page(None, self.link).text
                self.assertNotIn("<script>alert", answer)
                self.assertNotIn("<img src=x", answer)
                self.assertNotIn("49<t", answer)

    def test_statement_in_print(self):
        answer = self.page(None, f"{self.link}/statement.pdf")
        self.assertTrue(answer.content.startswith(b"%PDF"))

    def test_many_invoices_take_the_same_queries_as_few(self):
        counts = []
        for number in (150, 60, 1000):  # The first fills the caches.
            customer = self._create_customer()
            self.many(customer, number)
            notice = self.told(
                self.env["account.move"].search(
                    [("partner_id", "=", customer.id)], limit=1
                ),
                8,
                debtor_key=customer.id,
            )
            link = f"/dunning/account/{notice._get_account_token()}"
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            answer = self.page(None, link)
            counts.append(self.cr.sql_log_count - before)
            self.assertEqual(answer.text.count("/invoice/"), min(number, 100))
        self.assertEqual(counts[1], counts[2])


@tagged("post_install", "-at_install")
class TestAccountLink(AccountCommon):
    """The link in the messages."""

    def test_each_message_has_it_and_says_the_same_again(self):
        url = self.notice._get_account_url()
        self.assertTrue(url.startswith(self.company.get_base_url()))
        self.assertIn(url, self.notice.body)
        notice, _invoice = self.planned(partner=self._create_customer())
        notice = notice.sudo()
        body, fingerprint = notice.body, notice.snapshot_hash
        notice._compose()
        self.assertEqual((notice.body, notice.snapshot_hash), (body, fingerprint))

    def test_setting_changes_the_waiting_texts(self):
        notice, _invoice = self.planned(partner=self._create_customer())
        self.assertIn("/dunning/account/", notice.body)
        self.company.dunning_link_days = 0
        self.env.flush_all()
        notice.sudo()._refresh()
        self.assertNotIn("/dunning/account/", notice.body)

    def test_portal_and_drafts_have_no_key(self):
        """Who reads them is logged in, or none of his business."""
        self.use("portal", delay=1)
        customer = self._create_customer()
        self.portal_user("l_anna", customer)
        notice, _invoice = self.planned(partner=customer)
        self.assertIn(f"/my/dunning/{self.company.id}", notice.body)
        self.assertNotIn("/dunning/account/", notice.body)

    def test_secret_of_the_database(self):
        """A copy of the database has another secret: its links are other ones."""
        token = self.notice._get_account_token()
        self.env["ir.config_parameter"].set_param("database.secret", "another")
        self.assertNotEqual(self.notice._get_account_token(), token)
        self.assertFalse(self.env["dunning.notice"]._search_account(token))

    def test_letter_shows_a_code_with_it(self):
        letter = self.notice
        codes = []
        with patch.object(
            type(letter), "_get_qr_image", lambda model, **values: codes.append(values)
        ):
            letter._get_portal_qr(letter.line_ids)
        self.assertEqual(codes[0]["value"], letter._get_account_url())
