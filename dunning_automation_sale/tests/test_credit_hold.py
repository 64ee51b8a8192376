from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import SaleCommon


@tagged("post_install", "-at_install")
class TestCreditHold(SaleCommon):
    """What a credit hold does to orders, and who may say otherwise."""

    def test_who_may_confirm(self):
        for credit_hold, confirmed in (
            (False, True),
            ("none", True),
            ("warn", True),
            ("block", False),
        ):
            for user in (self.salesperson, self.collector):
                with self.subTest(credit_hold=credit_hold, user=user.login):
                    self.hold(credit_hold)
                    order = self.order(user_id=user.id).with_user(user)
                    if confirmed:
                        order.action_confirm()
                    else:
                        with self.assertRaisesRegex(UserError, "credit hold"):
                            order.action_confirm()
                    self.assertEqual(order.state, "sale" if confirmed else "draft")

    def test_contacts_and_delivery_addresses_of_the_customer_are_held_too(self):
        contact = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.customer.id}
        )
        self.hold("block")
        with self.assertRaisesRegex(UserError, self.customer.name):
            self.order(contact).action_confirm()
        self.order(self._create_customer()).action_confirm()

    def test_quotations_are_written_and_sent(self):
        self.hold("block")
        order = self.order().with_user(self.salesperson)
        order.action_quotation_sent()
        self.assertEqual(order.state, "sent")

    def test_neither_import_nor_rpc_gets_round(self):
        self.hold("block")
        order = self.order().with_user(self.salesperson)
        with self.assertRaises(ValidationError):
            order.state = "sale"
        with self.assertRaises(ValidationError):
            self.order(state="sale")
        with self.assertRaises(UserError):
            (self.order(self._create_customer()) | order).action_confirm()

    def test_what_was_confirmed_before_stays(self):
        order = self.order()
        order.action_confirm()
        self.hold("block")
        order.action_lock()
        order.action_unlock()
        self.assertEqual(order.dunning_credit_hold, "none")

    # === THE BANNER === #

    def test_banner_tells_salespeople_no_amounts(self):
        self.invoice(days_overdue=9, amount=1234.0)
        self.run_on()
        order = self.order()
        for credit_hold, user, tells, hides in (
            ("none", self.salesperson, [], []),
            ("warn", self.salesperson, ["overdue", "Talk to finance"], ["1,234"]),
            ("block", self.salesperson, ["overdue", "released"], ["1,234"]),
            ("warn", self.collector, ["1,234.00", "03/01/2026"], ["released"]),
            ("block", self.manager, ["1,234.00", "03/01/2026", "released"], []),
        ):
            with self.subTest(credit_hold=credit_hold, user=user.login):
                self.hold(credit_hold)
                found = order.with_user(user)
                self.assertEqual(found.dunning_credit_hold, credit_hold)
                text = found.dunning_credit_text or ""
                self.assertEqual(bool(text), bool(tells))
                for word in tells:
                    self.assertIn(word, text)
                for word in hides:
                    self.assertNotIn(word, text)

    def test_salespeople_open_orders(self):
        """Without any right in accounting, as the web client does."""
        self.hold("block")
        self.invoice(days_overdue=9)
        self.run_on()
        order = self.order().with_user(self.salesperson)
        self.assertNotIn("dunning_credit_hold", self.visible_partner_fields())
        arch = order.get_view(view_type="form")["arch"]
        self.assertIn("dunning_credit_text", arch)
        self.assertNotIn("action_dunning_release", arch)
        self.assertTrue(order.read(["dunning_credit_hold", "dunning_credit_text"]))

    def visible_partner_fields(self):
        return self.env["res.partner"].with_user(self.salesperson).fields_get()

    def test_portal_users_do_not_read_it(self):
        self.hold("block")
        portal = self.new_user("buys", "base.group_portal")
        portal.partner_id.parent_id = self.customer
        order = self.order(portal.partner_id)
        order.message_subscribe(portal.partner_id.ids)
        with self.assertRaises(AccessError):
            order.with_user(portal).read(["dunning_credit_hold"])

    # === RELEASING === #

    def release(self, order, user, method="action_release"):
        wizard = self.env["dunning.sale.release"].with_user(user)
        action = order.with_user(user).action_dunning_release()
        wizard = wizard.with_context(**action["context"])
        return getattr(wizard.create({"reason": "Pays in advance"}), method)()

    def test_manager_releases_and_the_salesperson_confirms(self):
        self.hold("block")
        order = self.order()
        self.release(order, self.manager)
        self.assertEqual(order.dunning_credit_hold, "warn")
        self.assertIn("Finance released", order.dunning_credit_text)
        order.with_user(self.salesperson).action_confirm()
        self.assertEqual(order.state, "sale")
        self.assertIn("Pays in advance", "".join(order.message_ids.mapped("body")))
        event = self.env["dunning.event"].search(
            [("kind", "=", "credit_hold_overridden")]
        )
        self.assertRecordValues(
            event,
            [
                {
                    "partner_id": self.customer.id,
                    "user_id": self.manager.id,
                    "note": "Pays in advance",
                }
            ],
        )
        self.assertEqual(event.payload["sale_order_id"], order.id)
        with self.assertRaises(UserError):
            self.order().action_confirm()  # This order, no other.

    def test_manager_with_sales_rights_confirms_at_once(self):
        self.manager.group_ids |= self.env.ref(
            "sales_team.group_sale_salesman_all_leads"
        )
        self.hold("block")
        order = self.order()
        self.release(order, self.manager, "action_release_and_confirm")
        self.assertEqual(order.state, "sale")

    def test_nobody_else_releases(self):
        self.hold("block")
        order = self.order()
        for user in (self.salesperson, self.collector):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.release(order, user)
        with self.assertRaises(UserError):
            order.with_user(self.salesperson).action_confirm()

    def test_an_order_that_grows_is_blocked_again(self):
        self.hold("block")
        order = self.order()
        self.release(order, self.manager)
        order.order_line.product_uom_qty = 20
        self.assertEqual(order.dunning_credit_hold, "block")
        with self.assertRaises(UserError):
            order.action_confirm()
        order.order_line.product_uom_qty = 1
        order.action_confirm()

    def test_a_copy_is_not_released(self):
        self.hold("block")
        order = self.order()
        self.release(order, self.manager)
        self.assertEqual(order.copy().dunning_credit_hold, "block")

    # === COMPANIES === #

    def test_each_company_decides_for_itself(self):
        other = self.setup_other_company(name="Other")["company"]
        self.hold("block", company=other)
        self.order().action_confirm()
        order = self.order(company=other)
        self.assertEqual(order.dunning_credit_hold, "block")
        with self.assertRaises(UserError):
            # Whatever company the user looks from.
            order.with_company(self.company).action_confirm()

    def test_a_hold_of_the_company_binds_its_branches(self):
        self.company.write({"child_ids": [Command.create({"name": "Branch"})]})
        self.cr.precommit.run()  # Loads the chart of the branch.
        branch = self.company.child_ids
        self.env.user.company_ids |= branch
        self.hold("block")
        with self.assertRaises(UserError):
            self.order(company=branch).action_confirm()
        self.hold("none")
        self.hold("block", company=branch)
        self.order().action_confirm()
        with self.assertRaises(UserError):
            self.order(company=branch).action_confirm()

    # === THE END === #

    def test_paying_ends_it(self):
        invoice = self.invoice(days_overdue=9)
        self.run_on()
        self.hold("block")
        order = self.order()
        self.pay(invoice)
        self.run_on(1)
        self.assertEqual(order.dunning_credit_hold, "none")
        order.action_confirm()
