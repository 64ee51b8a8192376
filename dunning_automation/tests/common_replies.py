from email.message import EmailMessage
from email.utils import make_msgid

from odoo.tools import mute_logger

from .common import DunningCommon

CATCHALL = "catchall@company.example"


class ReplyCommon(DunningCommon):
    """A company that reads its mail in Odoo, and customers who answer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.domain = cls.env["mail.alias.domain"].create(
            {"name": "company.example", "company_ids": cls.company.ids}
        )
        cls.clerk = cls.env["res.partner"].create(
            {
                "name": "Clerk",
                "email": "clerk@example.com",
                "parent_id": cls.customer.id,
            }
        )
        cls.collector = cls.new_user(
            cls, "reply_collector", "dunning_automation.group_user"
        )

    def setUp(self):
        super().setUp()
        self.overdue = self.invoice(days_overdue=9)

    def remind(self, partner=None):
        """Run, send, and return the notice, whose copy is on its case."""
        self.run_on()
        self.deliver()
        return self.notices(partner, state="sent")[-1:]

    def answer(
        self,
        notice,
        text="We have already paid.",
        sender=None,
        html=None,
        subject="Re: payment reminder",
        attachments=(),
        headers=None,
        to=CATCHALL,
        in_reply_to=None,
    ):
        """A mail arrives at the gateway.

        :return: the answer that was made or joined, empty if none was
        """
        mail = EmailMessage()
        mail["From"] = sender or notice.email_to
        mail["To"] = to
        mail["Subject"] = subject
        mail["Message-ID"] = make_msgid(domain="customer.example")
        if reference := in_reply_to or notice.message_id:
            mail["In-Reply-To"] = reference
            mail["References"] = f"<earlier@customer.example> {reference}"
        for name, value in (headers or {}).items():
            mail[name] = value
        if text is not None:
            mail.set_content(text)
        if html and text is None:
            mail.set_content(html, subtype="html")
        elif html:
            mail.add_alternative(html, subtype="html")
        for name, content in attachments:
            mail.add_attachment(
                content, maintype="application", subtype="pdf", filename=name
            )
        before = self.replies().mapped(lambda reply: (reply.id, reply.mail_count))
        self.process(mail)
        return self.replies().filtered(
            lambda reply: (reply.id, reply.mail_count) not in before
        )

    def process(self, mail):
        with (
            self.mock_mail_gateway(),
            mute_logger("odoo.addons.mail.models.mail_thread"),
        ):
            self.env["mail.thread"].sudo().message_process(None, mail.as_bytes())
        self.env.flush_all()

    def replies(self, **values):
        domain = [(name, "=", value) for name, value in values.items()]
        return self.env["dunning.reply"].search(domain, order="id desc")

    def tasks(self, case):
        """The tasks about answers that wait on a case."""
        kind = self.env.ref("dunning_automation.mail_activity_reply")
        return case.activity_ids.filtered(lambda task: task.activity_type_id == kind)

    def holds(self, **values):
        domain = [("partner_id", "=", self.customer.id), ("kind", "=", "contact")]
        domain += [(name, "=", value) for name, value in values.items()]
        return self.env["dunning.hold"].search(domain)

    def kinds(self, case):
        return case.event_ids.sorted("id").mapped("kind")
