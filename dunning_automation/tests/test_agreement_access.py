from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .test_holds import HoldsCommon

AGREEMENTS = ["dunning.hold", "dunning.promise", "dunning.dispute", "dunning.plan"]
REASONS = ["dunning.hold.reason", "dunning.dispute.reason"]
READERS = ("billing", "readonly", "collector", "manager")
WORKERS = ("collector", "manager")


@tagged("post_install", "-at_install")
class TestAgreementAccess(HoldsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = {
            "sales": "base.group_user,base.group_partner_manager",
            "billing": "account.group_account_invoice",
            "readonly": "base.group_user,account.group_account_readonly",
            "collector": "dunning_automation.group_user",
            "manager": "dunning_automation.group_manager",
            "portal": "base.group_portal",
        }
        cls.users = {
            login: cls.new_user(cls, f"a_{login}", names)
            for login, names in groups.items()
        }

    def setUp(self):
        super().setUp()
        self.overdue = self.invoice()
        self.records = {
            "dunning.hold": self.hold(self.overdue),
            "dunning.promise": self.promise(self.overdue),
            "dunning.dispute": self.dispute(self.overdue),
            "dunning.plan": self.plan(self.overdue, [(9, 100.0)]),
        }
        self.env.flush_all()
        self.env.invalidate_all()

    def as_user(self, login, record):
        return record.with_user(self.users[login]).with_context(
            allowed_company_ids=self.company.ids
        )

    def test_who_reads_and_who_works(self):
        for login in self.users:
            for model, record in self.records.items():
                record = self.as_user(login, record)
                with self.subTest(login=login, model=model):
                    self.assertEqual(record.has_access("read"), login in READERS)
                    for operation in ("write", "create"):
                        self.assertEqual(record.has_access(operation), login in WORKERS)
                    if login in READERS:
                        self.assertTrue(record.read())
                        self.assertTrue(record.get_views([(False, "form")]))
                    else:
                        with self.assertRaises(AccessError):
                            record.read(["state"])

    def test_only_managers_write_reasons(self):
        for login in self.users:
            for model in REASONS:
                with self.subTest(login=login, model=model):
                    records = self.as_user(login, self.env[model])
                    self.assertEqual(records.has_access("read"), login in READERS)
                    self.assertEqual(records.has_access("write"), login == "manager")

    def test_buttons_ask_for_the_right_to_write(self):
        for model, action in [
            ("dunning.hold", "action_release"),
            ("dunning.promise", "action_cancel"),
            ("dunning.promise", "action_settle"),
            ("dunning.dispute", "action_reject"),
            ("dunning.dispute", "action_accept"),
            ("dunning.plan", "action_confirm"),
            ("dunning.plan", "action_cancel"),
        ]:
            for login in ("sales", "billing", "readonly", "portal"):
                record = self.as_user(login, self.records[model])
                with (
                    self.subTest(login=login, action=action),
                    self.assertRaises(AccessError),
                ):
                    getattr(record, action)()

    def test_what_the_ledger_writes_nobody_writes(self):
        for login in WORKERS:
            for model, state in [
                ("dunning.hold", "released"),
                ("dunning.promise", "kept"),
                ("dunning.dispute", "accepted"),
                ("dunning.plan", "active"),
            ]:
                with (
                    self.subTest(login=login, model=model),
                    self.assertRaises(AccessError),
                ):
                    self.as_user(login, self.records[model]).write({"state": state})

    def test_nobody_calls_private_methods(self):
        """Over RPC only what checks the rights of its caller, as Odoo's own does."""
        extended = {"write", "create", "default_get", "export_data", "message_route"}
        for model in [*AGREEMENTS, *REASONS, "dunning.plan.line", "dunning.refund"]:
            own = {
                name
                for cls in type(self.env[model]).mro()
                if getattr(cls, "_module", None) == "dunning_automation"
                for name, value in vars(cls).items()
                if callable(value) and not name.startswith(("_", "action_"))
            }
            with self.subTest(model):
                self.assertFalse(own - extended)

    def test_sales_see_customers_without_ours(self):
        partner = self.as_user("sales", self.customer)
        for field in ("dunning_hold_ids", "dunning_broken_promises"):
            with self.subTest(field), self.assertRaises(AccessError):
                partner.read([field])

    def test_readers_see_the_banner(self):
        for login in READERS:
            with self.subTest(login):
                move = self.as_user(login, self.overdue)
                self.assertIn("On hold until", move.dunning_hold_explanation)

    def test_other_companies_are_invisible(self):
        other = self.setup_other_company(name="Other")["company"]
        stranger = self.new_user(
            "a_stranger",
            "dunning_automation.group_manager",
            company_id=other.id,
            company_ids=other.ids,
        )
        for model, record in self.records.items():
            with self.subTest(model):
                record = record.with_user(stranger)
                self.assertFalse(record.search([("id", "in", record.ids)]))
                with self.assertRaises(AccessError):
                    record.read(["state"])
        with self.assertRaises(AccessError):
            self.env["dunning.hold"].with_user(stranger).create(
                {
                    "partner_id": self.customer.id,
                    "company_id": self.company.id,
                    "date_end": self.today + timedelta(days=9),
                }
            )
