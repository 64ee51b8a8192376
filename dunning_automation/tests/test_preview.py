from odoo.tests import Form, tagged
from odoo.tools import html2plaintext

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestPreview(DunningCommon):
    def setUp(self):
        super().setUp()
        self.collector = self.new_user("collector", "dunning_automation.group_user")
        self.env.flush_all()
        # As in a request of his: some checks ask who began the transaction.
        origin = self.env(user=self.collector.id, su=False)
        self.patch(self.env.transaction, "default_env", origin)

    def preview(self, partner=None, **context):
        defaults = {"default_policy_id": self.policy.id, **context}
        preview = Form(
            self.env["dunning.preview"]
            .with_user(self.collector)
            .with_context(allowed_company_ids=self.company.ids, **defaults)
        )
        if partner:
            preview.partner_id = partner
        return preview

    def text(self, preview):
        return html2plaintext(preview.body or "")

    def test_shows_what_the_customer_owes_in_his_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        german = self._create_customer(name="Kunde", lang="de_DE")
        late = self.invoice(german, 9, 1234.5)
        coming = self.invoice(german, -3, 77.0)
        preview = self.preview(german, default_level_id=self.level(8).id)
        self.assertIn("German", preview.lang)
        self.assertIn(late.name, self.text(preview))
        self.assertIn("1.234,50", self.text(preview))
        self.assertNotIn(coming.name, self.text(preview))
        self.assertIn(german.email, preview.recipient)
        self.assertFalse(preview.error)
        preview.level_id = self.level(-5).with_user(self.collector)
        self.assertIn(coming.name, self.text(preview))
        self.assertNotIn(late.name, self.text(preview))

    def test_changes_with_the_customer(self):
        other = self._create_customer(name="Other")
        mine, its = self.invoice(), self.invoice(other)
        preview = self.preview(self.customer, default_level_id=self.level(1).id)
        self.assertIn(mine.name, self.text(preview))
        preview.partner_id = other
        self.assertIn(its.name, self.text(preview))
        self.assertNotIn(mine.name, self.text(preview))
        self.assertIn("Other", preview.recipient)

    def test_writes_nothing(self):
        invoice = self.invoice()
        tables = ("dunning_notice", "dunning_notice_line", "dunning_event")
        count = " UNION ALL ".join(f"SELECT COUNT(*) FROM {table}" for table in tables)
        self.env.flush_all()
        self.cr.execute(count)
        before = self.cr.fetchall()
        preview = self.preview(self.customer, default_level_id=self.level(8).id)
        self.assertTrue(preview.body)
        self.env.flush_all()
        self.cr.execute(count)
        self.assertEqual(self.cr.fetchall(), before)
        self.assertFalse(invoice.access_token)
        preview.save()
        self.cr.execute(count)
        self.assertEqual(self.cr.fetchall(), before)

    def test_says_what_is_unusual(self):
        other = self._create_policy(name="Special")
        stopped = self._create_customer()
        self.invoice(stopped).no_followup = True
        owned = self._create_customer()
        self.invoice(owned)
        owned.dunning_policy_id = other
        mute = self._create_customer(email=False)
        self.invoice(mute)
        coming = self._create_customer()
        self.invoice(coming, -40)
        for partner, hint in [
            (self._create_customer(), "has no open item"),
            (stopped, "would hear nothing today: Excluded from follow-ups"),
            (owned, "follows another policy: Special"),
            (mute, "has no valid e-mail address"),
            (coming, "no open item for this level today"),
        ]:
            with self.subTest(hint=hint):
                preview = self.preview(partner, default_level_id=self.level(8).id)
                self.assertIn(hint, preview.hint)
                self.assertTrue(preview.body)

    def test_template_that_fails_for_this_customer(self):
        self.invoice()
        template = self.level(8).action_ids.template_id
        template.body_html = "<p t-out=\"1 / (object.partner_id.ref != 'zero')\"/>"
        preview = self.preview(self.customer, default_level_id=self.level(8).id)
        self.assertFalse(preview.error)
        self.customer.ref = "zero"
        preview = self.preview(self.customer, default_level_id=self.level(8).id)
        self.assertIn("cannot be written for Customer", preview.error)
        self.assertIn("division by zero", preview.error)
        self.assertFalse(preview.body)

    def test_task_has_no_text(self):
        self.invoice()
        preview = self.preview(self.customer, default_level_id=self.level(30).id)
        self.assertIn("it is a task", preview.hint)
        self.assertIn("hand-over", preview.subject)

    def test_variant(self):
        self.invoice()
        action = self.level(1).action_ids
        template = action.template_id.copy({"subject": "Another tone"})
        variant = self.env["dunning.action.variant"].create(
            {"action_id": action.id, "name": "B", "template_id": template.id}
        )
        preview = self.preview(self.customer, default_level_id=self.level(1).id)
        self.assertEqual(preview.variant_id, variant)
        self.assertEqual(preview.subject, "Another tone")
        preview.variant_id = self.env["dunning.action.variant"]
        self.assertNotEqual(preview.subject, "Another tone")

    def test_opens_from_policy_level_and_case(self):
        self.invoice()
        self.run_on()
        case = self.customer.dunning_case_id
        for action in (self.policy.action_preview(), self.level(8).action_preview()):
            self.assertEqual(action["context"]["default_policy_id"], self.policy.id)
        self.assertEqual(action["context"]["default_level_id"], self.level(8).id)
        preview = self.preview(default_policy_id=False, default_case_id=case.id)
        self.assertEqual(preview.partner_id, self.customer)
        self.assertEqual(preview.policy_id, self.policy)
        self.assertEqual(preview.level_id, self.level(8), "what comes next")

    def test_finds_a_customer_by_itself(self):
        self.invoice()
        self.run_on()
        self.assertEqual(self.preview().partner_id, self.customer)
