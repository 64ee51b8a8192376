from odoo import Command

from odoo.addons.dunning_automation.tests.common import DunningCommon


class SaleCommon(DunningCommon):
    """Orders of a customer who has a case, and the people around them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids |= cls.env.ref("sales_team.group_sale_manager")
        cls.product = cls.env["product.product"].create(
            {"name": "Desk", "type": "consu", "list_price": 50.0, "taxes_id": []}
        )

        cls.salesperson, cls.collector, cls.manager = (
            cls.new_user(cls, login, groups)
            for login, groups in (
                ("sells", "sales_team.group_sale_salesman"),
                (
                    "collects",
                    "dunning_automation.group_user,sales_team.group_sale_salesman",
                ),
                ("decides", "dunning_automation.group_manager"),
            )
        )

    def order(self, partner=None, company=None, quantity=1, **values):
        company = company or self.company
        return (
            self.env["sale.order"]
            .with_company(company)
            .create(
                {
                    "partner_id": (partner or self.customer).id,
                    "company_id": company.id,
                    "user_id": self.salesperson.id,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": self.product.id,
                                "product_uom_qty": quantity,
                                "price_unit": 50.0,
                                "tax_ids": [],
                            }
                        )
                    ],
                    **values,
                }
            )
        )

    def hold(self, credit_hold, partner=None, company=None):
        debtor = (partner or self.customer).with_company(company or self.company)
        debtor.sudo().dunning_credit_hold = credit_hold
