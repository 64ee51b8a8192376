"""Who sees and changes courtesy profiles and opt-outs."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .test_courtesy import CourtesyCommon

PROFILE_MODELS = {
    "dunning.courtesy": {"name": "New"},
    "dunning.courtesy.window": {"channel": "portal"},
    "dunning.courtesy.cap": {"max_number": 4},
}


@tagged("post_install", "-at_install")
class TestCourtesyAccess(CourtesyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = {
            "employee": "base.group_user",
            "sales": "base.group_user,base.group_partner_manager",
            "billing": "account.group_account_invoice",
            "readonly": "base.group_user,account.group_account_readonly",
            "collector": "dunning_automation.group_user",
            "manager": "dunning_automation.group_manager",
            "portal": "base.group_portal",
        }
        cls.users = {
            name: cls.new_user(cls, f"courtesy_{name}", group)
            for name, group in groups.items()
        }
        cls.profile.cap_ids = [Command.create({})]
        cls.records = {
            "dunning.courtesy": cls.profile,
            "dunning.courtesy.window": cls.profile.window_ids,
            "dunning.courtesy.cap": cls.profile.cap_ids,
        }

    def as_user(self, name, record):
        return record.with_user(self.users[name]).with_context(
            allowed_company_ids=self.company.ids
        )

    def test_who_reads_profiles(self):
        for model, record in self.records.items():
            for name in self.users:
                with self.subTest(model, user=name):
                    may = name in ("billing", "readonly", "collector", "manager")
                    self.assertEqual(self.as_user(name, record).has_access("read"), may)

    def test_only_managers_change_profiles(self):
        for model, values in PROFILE_MODELS.items():
            for name in self.users:
                with self.subTest(model, user=name):
                    record = self.as_user(name, self.records[model])
                    if name == "manager":
                        record.write(values)
                        continue
                    for access in ("write", "create", "unlink"):
                        self.assertFalse(record.has_access(access), access)
                    with self.assertRaises(AccessError):
                        record.write(values)

    def test_profiles_of_other_companies(self):
        """Shared ones are everybody's, others the company's own."""
        other = self.setup_other_company()["company"]
        foreign = self._create_profile(company_id=other.id)
        calendars = (foreign, foreign.window_ids)
        for record in calendars:
            self.assertFalse(self.as_user("manager", record).has_access("read"))
        self.assertTrue(self.as_user("manager", self.profile).has_access("write"))
        with self.assertRaises(UserError):
            self.policy.courtesy_id = foreign

    def test_who_sees_optouts(self):
        optout = self.env["dunning.optout"].create({"partner_id": self.customer.id})
        for name in self.users:
            with self.subTest(name):
                record = self.as_user(name, optout)
                may = name in ("billing", "readonly", "collector", "manager")
                self.assertEqual(record.has_access("read"), may)
                may = name in ("collector", "manager")
                self.assertEqual(record.has_access("create"), may)
                self.assertFalse(record.has_access("unlink"))
                with self.assertRaises(AccessError):
                    record.note = "Never mind"

    def test_optouts_of_another_companys_customers(self):
        other = self.setup_other_company()["company"]
        customer = self._create_customer(company_id=other.id)
        optout = self.env["dunning.optout"].create({"partner_id": customer.id})
        self.assertFalse(self.as_user("collector", optout).has_access("read"))

    def test_everybody_opens_the_views(self):
        views = [
            (self.profile, "form"),
            (self.profile, "list"),
            (self.env["dunning.optout"], "list"),
            (self.env["dunning.optout"], "form"),
        ]
        for name in ("billing", "readonly", "collector", "manager"):
            for record, view_type in views:
                with self.subTest(name, view=f"{record._name} {view_type}"):
                    self.as_user(name, record).get_views([(False, view_type)])
        for name in ("sales", "collector"):
            self.as_user(name, self.customer).get_views([(False, "form")])
