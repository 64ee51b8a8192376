from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common_replies import ReplyCommon

ACTIONS = ("paid", "promise", "dispute", "wrong_contact", "unsubscribe", "nothing")


@tagged("post_install", "-at_install")
class TestReplyAccess(ReplyCommon):
    """Collectors handle answers, accountants read them, nobody else sees them."""

    def setUp(self):
        super().setUp()
        self.users = {
            name: self.new_user(f"r_{name}", groups)
            for name, groups in {
                "sales": "base.group_user,base.group_partner_manager",
                "billing": "account.group_account_invoice",
                "readonly": "base.group_user,account.group_account_readonly",
                "collector": "dunning_automation.group_user",
                "manager": "dunning_automation.group_manager",
                "portal": "base.group_portal",
            }.items()
        }
        self.reply = self.answer(self.remind(), "We pay on Friday.")

    def as_user(self, name):
        return self.reply.with_user(self.users[name])

    def test_read(self):
        for name in self.users:
            reply = self.as_user(name)
            reply.invalidate_recordset()
            with self.subTest(name):
                if name in ("sales", "portal"):
                    with self.assertRaises(AccessError):
                        reply.read(["suggestion"])
                    continue
                self.assertEqual(reply.suggestion, "promises")
                self.assertEqual(reply.text, "We pay on Friday.")
                self.assertEqual(reply.case_id.open_reply_text, reply.text)
                self.assertTrue(reply.pause_end)

    def test_nobody_writes_past_the_buttons(self):
        for name in self.users:
            with self.subTest(name):
                reply = self.as_user(name)
                self.assertFalse(reply.has_access("write"))
                self.assertFalse(reply.has_access("unlink"))
                self.assertFalse(reply.browse().has_access("create"))

    def test_only_collectors_handle(self):
        for name in ("sales", "billing", "readonly", "portal"):
            for action in ACTIONS:
                with self.subTest(name, action=action), self.assertRaises(AccessError):
                    getattr(self.as_user(name), f"action_{action}")()
        self.assertEqual(self.reply.state, "open")
        for name in ("collector", "manager"):
            with self.subTest(name):
                self.reply.sudo().state = "open"
                self.as_user(name).action_nothing()
                self.assertEqual(self.reply.handled_by_id, self.users[name])

    def test_other_companies_see_nothing(self):
        other = self.setup_other_company(name="Other")["company"]
        stranger = self.new_user(
            "r_other",
            "dunning_automation.group_manager",
            company_id=other.id,
            company_ids=other.ids,
        )
        self.assertFalse(self.env["dunning.reply"].with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            self.reply.with_user(stranger).action_nothing()
        with self.assertRaises(AccessError):
            self.reply.with_user(stranger).read(["text"])

    def test_nothing_private_is_reachable_by_rpc(self):
        public = {
            name
            for name in dir(type(self.env["dunning.reply"]))
            if name.startswith("action_")
        }
        odoos = {"action_archive", "action_unarchive"}
        ours = {f"action_{name}" for name in (*ACTIONS, "open_case")}
        self.assertEqual(public - odoos, ours)
