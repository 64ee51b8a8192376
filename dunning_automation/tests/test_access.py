from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import NO_TRACKING, DunningCommon

MODELS = [
    "dunning.policy",
    "dunning.level",
    "dunning.level.minimum",
    "dunning.action",
    "dunning.action.variant",
    "dunning.case",
    "dunning.run",
    "dunning.decision",
    "dunning.notice",
    "dunning.notice.line",
    "dunning.event",
]
INSIDE_THEIR_PARENTS = [
    "dunning.level",
    "dunning.level.minimum",
    "dunning.action",
    "dunning.action.variant",
    "dunning.notice.line",
]
WRITTEN_BY_THE_SYSTEM = [
    "dunning.decision",
    "dunning.notice",
    "dunning.notice.line",
    "dunning.event",
]
AUDIT_MODELS = ["dunning.seal", "dunning.verification"]
READERS = ("billing", "readonly", "collector", "manager")
INTERNAL = ("sales", *READERS)


@tagged("post_install", "-at_install")
class TestAccess(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, **NO_TRACKING})
        groups = {
            "sales": "base.group_user,base.group_partner_manager",
            "billing": "account.group_account_invoice",
            "readonly": "base.group_user,account.group_account_readonly",
            "collector": "dunning_automation.group_user",
            "manager": "dunning_automation.group_manager",
            "portal": "base.group_portal",
        }
        cls.users = {
            login: cls.new_user_of_class(f"d_{login}", names)
            for login, names in groups.items()
        }

    @classmethod
    def new_user_of_class(cls, login, groups):
        return cls.new_user(cls, login, groups)

    def setUp(self):
        super().setUp()
        self.policy.mode = "review"
        self.overdue = self.invoice(days_overdue=9)
        self.run_on()
        self.notice = self.notices()
        level = self.level(1)
        minimum = self.env["dunning.level.minimum"].create(
            {"level_id": level.id, "currency_id": self.foreign_currency.id}
        )
        variant = self.env["dunning.action.variant"].create(
            {
                "action_id": level.action_ids.id,
                "name": "Variant",
                "template_id": level.action_ids.template_id.id,
            }
        )
        self.case = self.notice.case_id
        self.records = {
            "dunning.policy": self.policy,
            "dunning.level": self.policy.level_ids,
            "dunning.level.minimum": minimum,
            "dunning.action": self.policy.level_ids.action_ids,
            "dunning.action.variant": variant,
            "dunning.case": self.case,
            "dunning.run": self.notice.run_id,
            "dunning.decision": self.decisions(self.overdue),
            "dunning.notice": self.notice,
            "dunning.notice.line": self.notice.line_ids,
            "dunning.event": self.notice.event_ids,
        }
        self.env.flush_all()
        self.env.invalidate_all()

    def as_user(self, login, record):
        return record.with_user(self.users[login]).with_context(
            allowed_company_ids=self.company.ids
        )

    # === FORMS === #

    def read_as_the_client_does(self, record, view_type="form"):
        """What the web client reads when it opens a view of ``record``."""
        view = record.get_views([(False, view_type)])
        fields = view["models"][record._name]["fields"]
        arch_fields = view["views"][view_type]["arch"]
        specification = {
            name: {"fields": {"display_name": {}}}
            if field.get("relation")
            and field["type"] in ("many2one", "one2many", "many2many")
            else {}
            for name, field in fields.items()
            if f'name="{name}"' in arch_fields
        }
        return record.web_read(specification)[0], arch_fields

    def test_everybody_opens_customers(self):
        for login in INTERNAL:
            for view_type in ("form", "list"):
                with self.subTest(login=login, view=view_type):
                    partner = self.as_user(login, self.customer)
                    values, arch = self.read_as_the_client_does(partner, view_type)
                    self.assertTrue(values)
                    if view_type == "form":
                        self.assertEqual(
                            "dunning_explanation" in arch, login in READERS
                        )

    def test_sales_writes_customers_and_cannot_see_ours(self):
        partner = self.as_user("sales", self.customer)
        partner.write({"name": "Renamed"})
        self.env["res.partner"].with_user(self.users["sales"]).create({"name": "New"})
        with self.assertRaises(AccessError):
            partner.read(["dunning_explanation"])
        with self.assertRaises(AccessError):
            partner.write({"dunning_policy_id": False})

    def test_everybody_with_accounting_opens_invoices(self):
        for login in READERS:
            for view_type in ("form", "list"):
                with self.subTest(login=login, view=view_type):
                    move = self.as_user(login, self.overdue)
                    values, arch = self.read_as_the_client_does(move, view_type)
                    self.assertIn("name", values)
                    if view_type == "form":
                        self.assertIn("dunning_explanation", arch)

    def test_our_own_views(self):
        for login in READERS:
            for model, records in self.records.items():
                if model in INSIDE_THEIR_PARENTS:
                    continue  # Shown inside their parents.
                with self.subTest(login=login, model=model):
                    self.read_as_the_client_does(self.as_user(login, records[:1]))

    # === RIGHTS === #

    def test_reading(self):
        for login in self.users:
            for model, records in self.records.items():
                with self.subTest(login=login, model=model):
                    records = self.as_user(login, records)
                    self.assertEqual(records.has_access("read"), login in READERS)
                    if login in READERS:
                        self.assertTrue(records.read())
                    else:
                        with self.assertRaises(AccessError):
                            records.read()

    def test_nobody_writes_what_the_system_writes(self):
        for login in self.users:
            for model in WRITTEN_BY_THE_SYSTEM:
                records = self.as_user(login, self.records[model])
                for operation in ("write", "create", "unlink"):
                    with self.subTest(login=login, model=model, operation=operation):
                        self.assertFalse(records.has_access(operation))
                # No right, or (events) not even the system.
                with self.assertRaises(UserError):
                    records.create({})
                with self.assertRaises(UserError):
                    records.write({"company_id": self.company.id})
                with self.assertRaises(UserError):
                    records.unlink()

    def test_managers_and_auditors_see_the_seals_and_verify(self):
        self.env["dunning.seal"].sudo()._seal_block()
        result = self.env["dunning.verification"].sudo()._run()
        records = {
            "dunning.seal": self.env["dunning.seal"].search([], limit=1),
            "dunning.verification": result.with_env(self.env),
        }
        for login in self.users:
            allowed = login in ("manager", "readonly")
            for model, record in records.items():
                with self.subTest(login=login, model=model):
                    record = self.as_user(login, record)
                    self.assertEqual(record.has_access("read"), allowed)
                    for operation in ("write", "create", "unlink"):
                        self.assertFalse(record.has_access(operation))
                    if allowed:
                        self.read_as_the_client_does(record, "list")
            with self.subTest(login=login, action="verify"):
                seals = self.as_user(login, self.env["dunning.seal"])
                if allowed:
                    action = seals.action_verify()
                    result = seals.env[action["res_model"]].browse(action["res_id"])
                    self.assertEqual(result.user_id, self.users[login])
                    self.assertTrue(self.read_as_the_client_does(result))
                else:
                    with self.assertRaises(AccessError):
                        seals.action_verify()

    def test_nobody_reads_salts(self):
        self.notice.sudo()._tell("line_skipped", "Words")
        event = self.notice.event_ids.sorted("id")[-1]
        self.assertTrue(event.sudo().salt)
        administrator = self.new_user("d_admin", "base.group_system")
        administrator.group_ids |= self.env.ref("dunning_automation.group_manager")
        for user in (*self.users.values(), administrator):
            with self.subTest(user.login):
                with self.assertRaises(AccessError):
                    event.with_user(user).read(["salt"])
                with self.assertRaises(AccessError):
                    event.with_user(user).search([("salt", "=like", "a%")])

    def test_only_managers_write_policies_and_runs(self):
        for login in self.users:
            for model in (
                "dunning.policy",
                "dunning.level",
                "dunning.level.minimum",
                "dunning.action",
                "dunning.action.variant",
                "dunning.run",
            ):
                for operation in ("write", "create", "unlink"):
                    with self.subTest(login=login, model=model, operation=operation):
                        self.assertEqual(
                            self.as_user(login, self.env[model]).has_access(operation),
                            login == "manager",
                        )

    def test_collectors_work_on_cases(self):
        for login in self.users:
            with self.subTest(login=login):
                case = self.as_user(login, self.case)
                self.assertEqual(
                    case.has_access("write"), login in ("collector", "manager")
                )
                self.assertFalse(case.has_access("create"))
                self.assertFalse(case.has_access("unlink"))
        self.as_user("collector", self.case).user_id = self.users["collector"]
        self.assertEqual(self.case.user_id, self.users["collector"])

    def test_results_are_written_by_the_planner_only(self):
        self.invoice(days_overdue=9)
        run = self.run_on()
        case = self.notices().case_id
        collector = self.new_user("results_collector", "dunning_automation.group_user")
        manager = self.new_user("results_manager", "dunning_automation.group_manager")
        for record, user, values in (
            (case, collector, {"state": "closed"}),
            (case, manager, {"overdue_amount": 0}),
            (run, manager, {"state": "draft"}),
            (run, manager, {"simulation": True}),
        ):
            with self.subTest(record=record, values=values):
                with self.assertRaises(AccessError):
                    record.with_user(user).write(values)
        with self.assertRaises(AccessError):
            self.env["dunning.run"].with_user(manager).create({"state": "done"})
        case.with_user(collector).user_id = collector
        self.assertEqual(case.user_id, collector)

    def test_only_managers_decide(self):
        wizard = {"notice_ids": self.notice.ids, "reason": "No"}
        decisions = {
            "approve": lambda notice: notice.action_approve(),
            "retry": lambda notice: notice.action_retry(),
            "mark sent": lambda notice: notice.action_mark_sent(),
            "skip": lambda notice: (
                notice.env["dunning.notice.skip"].create(wizard).action_confirm()
            ),
            "start": lambda notice: (
                notice.env["dunning.run"].create({"simulation": True}).action_start()
            ),
            "start again": lambda notice: notice.run_id.action_start(),
        }
        for login in self.users:
            if login == "manager":
                continue
            for name, decide in decisions.items():
                with self.subTest(login=login, decision=name):
                    with self.assertRaises(AccessError):
                        decide(self.as_user(login, self.notice))
                    self.assertEqual(self.notice.state, "planned")

    def test_manager_decides(self):
        notice = self.as_user("manager", self.notice)
        notice.action_approve()
        self.assertEqual(notice.state, "ready")
        event = self.notice.event_ids.sorted("id")[-1]
        self.assertEqual(event.user_id, self.users["manager"])
        run = notice.env["dunning.run"].create({"simulation": True})
        run.action_start()
        self.assertEqual(run.state, "done")
        real = notice.env["dunning.run"].create({})
        real.action_start()
        self.assertEqual(real.state, "done")
        notice.env["dunning.notice.skip"].create(
            {"notice_ids": notice.ids, "reason": "Called"}
        ).action_confirm()
        self.assertEqual(notice.state, "cancelled")

    def test_nobody_calls_private_methods(self):
        """Methods without a leading underscore are callable over RPC: only those that
        check the caller's rights may be among them."""
        wizards = ["dunning.erasure", "dunning.evidence"]
        for model in [*MODELS, *AUDIT_MODELS, *wizards]:
            own = {
                name
                for cls in type(self.env[model]).mro()
                if getattr(cls, "_module", None) == "dunning_automation"
                for name, value in vars(cls).items()
                if callable(value) and not name.startswith("_")
            }
            # Odoo keeps ``init`` from RPC by itself.
            own -= {"write", "create", "unlink", "copy", "copy_data", "init"}
            # Odoo's own, for what comes in by mail and goes out in spreadsheets.
            own -= {"message_route", "export_data"}
            with self.subTest(model):
                self.assertFalse(
                    [name for name in own if not name.startswith("action_")]
                )

    def test_portal_user_sees_nothing(self):
        portal = self.users["portal"]
        portal.partner_id.parent_id = self.customer
        for field in (
            "dunning_explanation",
            "dunning_decision_ids",
            "dunning_level_id",
            "dunning_max_level_id",
        ):
            with self.subTest(field), self.assertRaises(AccessError):
                self.overdue.with_user(portal).read([field])
        self.assertNotIn(
            "dunning_explanation",
            self.env["account.move"].with_user(portal).fields_get(),
        )

    # === COMPANIES === #

    def test_other_companies_are_invisible(self):
        other = self.setup_other_company(name="Other")["company"]
        stranger = self.new_user(
            "stranger",
            "dunning_automation.group_manager",
            company_id=other.id,
            company_ids=other.ids,
        )
        for model, records in self.records.items():
            with self.subTest(model):
                records = records.with_user(stranger)
                self.assertFalse(records.search([("id", "in", records.ids)]))
                with self.assertRaises(AccessError):
                    records.read(["company_id"])
        with self.assertRaises(AccessError):
            self.notice.with_user(stranger).action_approve()
        with self.assertRaises(AccessError):
            self.env["dunning.run"].with_user(stranger).create(
                {"company_id": self.company.id, "date": self.today}
            )

    def test_branch_follows_the_policy_of_its_parent(self):
        self.company.write(
            {"child_ids": [Command.create({"name": "Branch", "dunning_tz": "UTC"})]}
        )
        self.cr.precommit.run()  # Loads the chart of the branch.
        branch = self.company.child_ids
        self.env.user.company_ids |= branch
        invoice = self.invoice(self._create_customer(), company=branch)
        self.assertEqual(invoice.company_id, branch)
        self.run_on(company=branch)
        self.assertReminded(invoice, 1)
        notice = self.notices(invoice.partner_id)
        self.assertRecordValues(
            notice, [{"company_id": branch.id, "policy_id": self.policy.id}]
        )
        clerk = self.new_user(
            "clerk",
            "dunning_automation.group_user",
            company_id=branch.id,
            company_ids=branch.ids,
        )
        self.assertEqual(self.policy.with_user(clerk).name, "Policy")
        self.assertTrue(self.policy.level_ids.with_user(clerk).read(["name"]))
        self.assertTrue(notice.with_user(clerk).read(["subject", "level_id"]))
        with self.assertRaises(AccessError):
            self.notice.with_user(clerk).read(["subject"])
        boss = self.new_user(
            "branch_boss",
            "dunning_automation.group_manager",
            company_id=branch.id,
            company_ids=branch.ids,
        )
        for record in (self.policy, self.level(1), self.level(1).action_ids):
            with self.assertRaises(AccessError):
                record.with_user(boss).unlink()
        branch_invoice = invoice.with_user(clerk).with_company(branch)
        self.assertTrue(branch_invoice.dunning_explanation)
        self.assertEqual(branch_invoice.dunning_level_id, self.level(1))

    def test_own_policy_of_a_branch_comes_first(self):
        self.company.write({"child_ids": [Command.create({"name": "Branch"})]})
        branch = self.company.child_ids
        own = self._create_policy(company_id=branch.id, sequence=99)
        applicable = self.env["dunning.policy"]._search_applicable(branch)
        self.assertEqual(applicable, own | self.policy)
        self.assertEqual(applicable[0], own)
        self.assertEqual(
            self.env["dunning.policy"]._search_applicable(self.company), self.policy
        )
