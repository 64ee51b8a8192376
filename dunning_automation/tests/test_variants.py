from odoo import Command
from odoo.tests import tagged

from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestVariants(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.action = cls.level(cls, 1).action_ids
        cls.own = cls.action.template_id

    @classmethod
    def _create_variant(cls, name, **values):
        template = cls.own.copy({"name": name, "subject": f"Variant {name}"})
        return cls.env["dunning.action.variant"].create(
            {
                "action_id": cls.action.id,
                "name": name,
                "template_id": template.id,
                **values,
            }
        )

    def remind(self, customer):
        self.invoice(customer, days_overdue=2)
        self.run_on()
        return self.notices(customer)

    def test_segment_then_everybody_then_the_template_of_the_action(self):
        vip = [("ref", "=", "VIP")]
        large = [("comment", "ilike", "large")]
        for variants, expected in [
            ({}, None),
            ({"A": []}, "A"),
            ({"A": [], "V": vip}, "V"),
            ({"A": [], "L": large}, "A"),
            ({"L": large}, None),
            ({"V": vip, "L": large}, "V"),
        ]:
            with self.subTest(variants=variants):
                self.action.variant_ids.unlink()
                for name, domain in variants.items():
                    self._create_variant(name, partner_domain=str(domain))
                notice = self.remind(self._create_customer(ref="VIP"))
                self.assertEqual(notice.variant_id.name, expected or False)
                self.assertEqual(
                    notice.subject.startswith(f"Variant {expected}"), bool(expected)
                )

    def test_customer_always_hears_the_same_and_weights_hold(self):
        self._create_variant("A", weight=3)
        self._create_variant("B")
        customers = self._create_customers(80)
        self.invoices(
            [{"partner": customer, "days_overdue": 2} for customer in customers]
        )
        self.run_on()
        notices = self.env["dunning.notice"].search(
            [("partner_id", "in", customers.ids)]
        )
        notices.sudo()._compose()  # A run leaves most of a large batch to the sender.
        chosen = self.action._choose_variant(notices)
        self.assertEqual(
            chosen, {notice: notice.variant_id for notice in notices}, "stable"
        )
        names = notices.mapped("variant_id.name")
        self.assertEqual(set(names), {"A", "B"})
        of_all = [notice.variant_id.name for notice in notices]
        self.assertTrue(45 <= of_all.count("A") <= 75, of_all.count("A"))

    def test_chosen_in_few_queries(self):
        for name, domain in [("A", []), ("V", [("ref", "=", "VIP")])]:
            self._create_variant(name, partner_domain=str(domain))
        customers = self._create_customers(40, ref="VIP")
        self.invoices(
            [{"partner": customer, "days_overdue": 2} for customer in customers]
        )
        every = self.run_on().notice_ids
        counts = []
        for notices in (every, every[:2], every):  # The first one warms up.
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.action._choose_variant(notices)
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])

    def test_text_follows_the_template_of_the_variant(self):
        variant = self._create_variant("A")
        notice = self.remind(self.customer)
        self.moment = self.moment.replace(hour=11)
        variant.template_id.subject = "Corrected"
        [mail] = self.deliver()
        self.assertEqual(mail["subject"], "Corrected")
        self.assertEqual(notice.variant_id, variant)

    def test_choice_is_kept_until_the_variant_is_gone(self):
        first = self._create_variant("A")
        notice = self.remind(self.customer)
        second = self._create_variant("V", partner_domain="[('ref', '=', False)]")
        notice.sudo()._compose()
        self.assertEqual(notice.variant_id, first)
        first.unlink()
        notice.invalidate_recordset()
        notice.sudo()._compose()
        self.assertEqual(notice.variant_id, second)

    def test_variant_that_fails_for_one_customer(self):
        """He is set aside with the reason, the others are written to."""
        variant = self._create_variant("A")
        variant.template_id.body_html = (
            "<p t-out=\"1 / (object.partner_id.ref != 'zero')\"/>"
        )
        customers = self._create_customers(3)
        customers[1].ref = "zero"
        self.invoices(
            [{"partner": customer, "days_overdue": 2} for customer in customers]
        )
        self.run_on()
        self.assertEqual(
            [self.notices(customer).state for customer in customers],
            ["ready", "failed", "ready"],
        )
        reason = self.notices(customers[1]).reason
        self.assertIn("template “A”", reason)
        self.assertIn("division by zero", reason)

    def test_copy_of_a_policy_has_the_variants(self):
        self._create_variant("A", weight=2)
        copied = self.policy.copy()
        self.assertRecordValues(
            self.level(1, copied).action_ids.variant_ids, [{"name": "A", "weight": 2}]
        )

    def test_variant_by_hand(self):
        self.action.variant_ids = [
            Command.create({"name": "A", "template_id": self.own.id})
        ]
        self.assertFalse(self.action.variant_ids.has_segment)
        self.assertEqual(self.action.variant_count, 1)
