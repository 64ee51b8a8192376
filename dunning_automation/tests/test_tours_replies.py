from odoo.tests import HttpCase, tagged

from .common_replies import ReplyCommon


@tagged("post_install", "-at_install")
class TestToursReplies(ReplyCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Before the browser waits for them: on a busy machine that is too long.
        for name in ("web.assets_web", "web.assets_tests"):
            bundle = cls.env["ir.qweb"].sudo()._get_asset_bundle(name)
            bundle.js()
            bundle.css()

    def remind(self, partner=None):
        """Without a sender: a browser test is in test mode already."""
        self.run_on()
        notice = self.send(self.notices(partner))
        notice.sudo().message_id = f"<{notice.id}@company.example>"
        return notice

    def test_reply(self):
        """A collector reads two answers: one is a promise, the other nothing."""
        for name, text in [
            ("Tour promiser", "We will pay on Friday.\n\n> invoice is overdue"),
            ("Tour thanker", "Thank you for the reminder."),
        ]:
            customer = self._create_customer(name=name)
            self.invoice(customer, days_overdue=9)
            self.answer(self.remind(customer), text, customer.email)
        self.start_tour(
            "/odoo/dunning-worklist", "dunning_reply", login="reply_collector"
        )
        replies = self.replies()
        self.assertEqual(set(replies.mapped("handled_as")), {"promise", "nothing"})
        self.assertEqual(replies.handled_by_id, self.collector)
        promise = self.env["dunning.promise"].search(
            [("partner_id.name", "=", "Tour promiser")]
        )
        self.assertEqual(promise.state, "open")
