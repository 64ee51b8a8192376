from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged

from .test_channels import ChannelCommon


@tagged("post_install", "-at_install")
class TestPortal(ChannelCommon, HttpCase):
    """Reminders in the portal: each customer sees his own, nobody else's."""

    def setUp(self):
        super().setUp()
        self.use("portal")
        self.other = self._create_customer(name="Other customer")
        self.users = {
            "anna": self.portal_user("p_anna", self.customer),
            "ben": self.portal_user("p_ben", self.other),
        }
        self.mine, self.overdue = self.planned()
        self.theirs, _invoice = self.planned(partner=self.other)
        self.send(self.mine | self.theirs)
        self.env.flush_all()

    def page(self, login, path):
        self.authenticate(login, login)
        return self.url_open(path)

    def test_text_is_rendered_for_a_page(self):
        self.assertTrue(self.mine.subject)
        self.assertIn(self.overdue.name, self.mine.body)
        self.assertNotIn("<html", self.mine.body)

    def test_customer_reads_his_reminder(self):
        listed = self.page("p_anna", "/my/reminders")
        self.assertIn(self.mine.subject, listed.text)
        self.assertIn(f"/my/reminders/{self.mine.id}", listed.text)
        self.assertNotIn(f"/my/reminders/{self.theirs.id}", listed.text)
        shown = self.page("p_anna", f"/my/reminders/{self.mine.id}")
        self.assertEqual(shown.status_code, 200)
        self.assertIn(self.overdue.name, shown.text)
        self.assertIn(f"/my/invoices/{self.overdue.id}", shown.text)
        self.mine.invalidate_recordset()
        self.assertEqual(self.mine.state, "delivered")
        self.assertTrue(self.mine.date_read)
        read_on = self.mine.date_read
        self.travel(1)
        self.page("p_anna", f"/my/reminders/{self.mine.id}")
        self.mine.invalidate_recordset()
        self.assertEqual(self.mine.date_read, read_on)
        self.assertEqual(
            self.mine.event_ids.mapped("kind").count("notice_delivered"), 1
        )

    def test_foreign_and_missing_look_the_same(self):
        foreign = self.page("p_anna", f"/my/reminders/{self.theirs.id}")
        missing = self.page("p_anna", "/my/reminders/987654321")
        absurd = self.page("p_anna", "/my/reminders/99999999999999999999")
        for answer in (foreign, missing, absurd):
            with self.subTest(answer.url):
                self.assertEqual(answer.status_code, 404)
                self.assertNotIn(self.theirs.subject, answer.text)
        self.theirs.invalidate_recordset()
        self.assertEqual(self.theirs.state, "sent")

    def test_only_what_was_shown(self):
        """Not what waits, was held back or went by another channel."""
        email = self.told(self.overdue, 8)
        for state in ("planned", "ready", "suppressed", "cancelled", "failed"):
            with self.subTest(state):
                self.mine.sudo().write({"state": state})
                found = self.env["dunning.notice"]._search_portal(self.users["anna"])
                self.assertFalse(found)
        self.assertFalse(email & found)

    def test_colleagues_see_the_same(self):
        colleague = self.portal_user("p_carl", self.customer)
        found = (
            self.env["dunning.notice"].with_user(colleague)._search_portal(colleague)
        )
        self.assertEqual(found, self.mine)
        self.assertTrue(found.env.su)

    def test_internal_users_have_none(self):
        employee = self.new_user("p_employee", "base.group_user")
        self.assertFalse(self.env["dunning.notice"]._search_portal(employee))

    def test_no_right_on_the_model(self):
        for name in ("dunning.notice", "dunning.notice.line", "dunning.case"):
            with self.subTest(name), self.assertRaises(AccessError):
                self.env[name].with_user(self.users["anna"]).search([]).read()

    def test_without_login(self):
        answer = self.url_open(f"/my/reminders/{self.mine.id}")
        self.assertIn("/web/login", answer.url)

    def test_unread_on_the_home_page(self):
        home = self.page("p_anna", "/my/home")
        self.assertIn("dunning_reminder_count", home.text)
        notices = self.env["dunning.notice"]
        self.assertEqual(notices._count_unread(self.users["anna"]), 1)
        counted = self.make_jsonrpc_request(
            "/my/counters", {"counters": ["dunning_reminder_count"]}
        )
        self.assertEqual(counted["dunning_reminder_count"], 1)
        self.mine.sudo()._mark_read()
        self.assertEqual(notices._count_unread(self.users["anna"]), 0)

    def test_what_is_open_now(self):
        self.pay(self.overdue, 40)
        [item] = self.mine._get_portal_items()
        self.assertEqual(item["open_amount"], 60)
        self.pay(self.overdue)
        [item] = self.mine._get_portal_items()
        self.assertTrue(item["is_paid"])
        shown = self.page("p_anna", f"/my/reminders/{self.mine.id}")
        self.assertIn("Settled", shown.text)

    def test_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("de_DE")
        customer = self._create_customer(lang="de_DE")
        self.portal_user("p_dora", customer)
        notice, _invoice = self.planned(partner=customer)
        self.assertEqual(notice.lang, "de_DE")
