from odoo.tests import HttpCase, tagged

from odoo.addons.dunning_automation.tools import account_token

from .common import SmsCommon


@tagged("post_install", "-at_install")
class TestShortLink(HttpCase, SmsCommon):
    """The link of a text message opens what the long one opens, and nothing else."""

    def setUp(self):
        super().setUp()
        self.message = self.messages()
        self.send(self.message)
        self.token = self.message.sms_link.rpartition("/")[2]

    def follow(self, token):
        return self.url_open(f"/d/{token}", allow_redirects=False)

    def test_leads_to_the_account(self):
        answer = self.follow(self.token)
        self.assertEqual(answer.status_code, 303)
        self.assertTrue(
            self.message._get_account_url().endswith(answer.headers["Location"])
        )
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")

    def test_is_short(self):
        base = f"{self.message.get_base_url()}/d/{self.message.id}"
        self.assertLess(len(self.message.sms_link), len(base) + 24)

    def test_forged_links(self):
        """At least 96 bits must be guessed; the long signature is of no use here."""
        number, proof = self.token.split("-", 1)
        self.assertGreaterEqual(len(proof) * 6, 96)
        long_one = self.message._get_account_signature()
        for token in (
            f"{number}-{22 * 'A'}",
            f"{int(number) + 1}-{proof}",
            f"{number}-{proof[:-1]}",
            f"{number}-{proof}A",
            f"0{self.token}",
            account_token.shorten(int(number), long_one),
            self.message._get_account_token(),
            "x",
        ):
            with self.subTest(token=token):
                self.assertEqual(self.follow(token).status_code, 404)
        for place in range(len(proof)):
            other = "A" if proof[place] != "A" else "B"
            changed = proof[:place] + other + proof[place + 1 :]
            found = self.message._find_account_path(f"{number}-{changed}")
            self.assertIsNone(found, changed)

    def test_ends_with_the_long_one(self):
        self.travel(self.company.dunning_link_days + 1)
        self.assertEqual(self.follow(self.token).status_code, 404)

    def test_withdrawn(self):
        self.message.case_id.action_revoke_links()
        self.assertEqual(self.follow(self.token).status_code, 404)
