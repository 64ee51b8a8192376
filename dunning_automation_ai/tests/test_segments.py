"""Customers who behave alike are found, named in words, and found again."""

import numpy as np

from odoo.exceptions import AccessError
from odoo.tests import BaseCase, tagged

from ..tools import segments
from .ledger_common import LedgerCommon


def made_up_customers(number=120, seed=3):
    """Three kinds: early and large, on time and small, very late and small."""
    random = np.random.default_rng(seed)
    kinds = [(-8, 2, 0, 0, 9, 5, 0), (0, 2, 0.1, 0, 5, 5, 0), (40, 9, 0.9, 2, 5, 5, 0)]
    true = np.arange(number) % 3
    table = np.array(kinds, float)[true] + random.normal(0, 0.1, (number, 7))
    return table, np.zeros(number, int), true


class TestSegmentTools(BaseCase):
    def test_same_customers_same_numbers(self):
        """Also in another order, with other figures, and where a tenth moved."""
        table, industries, true = made_up_customers()
        nobody = np.full(len(table), segments.NOBODY)
        first = segments.group(table, industries, nobody)
        self.assertEqual(len(set(zip(first, true, strict=True))), 3)
        turned = np.random.default_rng(1).permutation(len(table))
        again = segments.group(table[turned] + 0.05, industries, first[turned])
        self.assertGreater((again == first[turned]).mean(), 0.95)
        moved = table.copy()
        moved[:12] = table[1]
        third = segments.group(moved, industries, first)
        self.assertGreater((third[12:] == first[12:]).mean(), 0.95)

    def test_kinds_are_told_apart(self):
        table, industries, true = made_up_customers()
        found = segments.group(table, industries, np.full(120, segments.NOBODY))
        for number in np.unique(found):
            self.assertEqual(len(set(true[found == number])), 1)

    def test_strange_customers(self):
        nobody = np.full(40, segments.NOBODY)
        none = np.zeros(40, int)
        for name, table in (
            ("all alike", np.ones((40, 7))),
            ("not a number", np.full((40, 7), np.nan)),
            ("infinite", np.full((40, 7), np.inf)),
        ):
            with self.subTest(name):
                clean = segments.columns(table)
                self.assertEqual(len(segments.group(clean, none, nobody)), 40)
        few = segments.group(np.ones((5, 7)), none[:5], nobody[:5])
        self.assertEqual(len(few), 0)


@tagged("post_install", "-at_install")
class TestSegments(LedgerCommon):
    @staticmethod
    def two_kinds(customer, _weekday, random):
        return random.normal(30 if customer % 2 else -8, 1)

    def group(self, customers=36):
        self.make_ledger(customers * 5, customers=customers, late=self.two_kinds)
        return self.regroup()

    def regroup(self):
        return self.env["dunning.segment"].sudo()._group(self.company)

    def test_two_kinds_of_customers(self):
        found = self.group()
        self.assertEqual(len(found), 2)
        late, early = found.sorted("mean_days_late", reverse=True)
        self.assertIn("Pays very late", late.name)
        self.assertIn("Pays early", early.name)
        self.assertEqual(set(self.debtors[1::2].dunning_segment_id), set(late))
        self.assertEqual(set(self.debtors[::2].dunning_segment_id), set(early))

    def test_a_name_stays_and_so_do_the_customers(self):
        found = self.group()
        manager = self.new_user("seg_m", "dunning_automation.group_manager")
        found[0].with_user(manager).name = "The good ones"
        before = {debtor: debtor.dunning_segment_id for debtor in self.debtors}
        self.assertEqual(self.regroup(), found)
        self.env.invalidate_all()
        self.assertEqual(found[0].name, "The good ones")
        self.assertIn("Pays", found[1].name)
        after = {debtor: debtor.dunning_segment_id for debtor in self.debtors}
        self.assertEqual(after, before)

    def test_used_in_domains_and_groups(self):
        late = self.group().sorted("mean_days_late")[-1]
        partners = self.env["res.partner"]
        chosen = partners.search([("dunning_segment_id", "=", late.id)])
        self.assertEqual(chosen, self.debtors[1::2].sorted())
        self.assertIn(
            self.customer, partners.search([("dunning_segment_id", "=", False)])
        )
        counts = dict(
            partners._read_group(
                [("id", "in", self.debtors.ids)], ["dunning_segment_id"], ["__count"]
            )
        )
        self.assertEqual(set(counts.values()), {18})
        self.assertTrue(
            partners.fields_get(["dunning_segment_id"])["dunning_segment_id"][
                "groupable"
            ]
        )

    def test_a_policy_for_a_segment(self):
        late = self.group().sorted("mean_days_late")[-1]
        self.policy.partner_domain = f"[('dunning_segment_id', '=', {late.id})]"
        mine, other = self.debtors[1], self.debtors[0]
        invoices = [self.invoice(it, days_overdue=2) for it in (mine, other)]
        self.run_on()
        self.assertEqual(
            [invoice.dunning_decision_ids.policy_id for invoice in invoices],
            [self.policy, self.policy.browse()],
        )

    def test_too_few_customers_change_nothing(self):
        self.make_ledger(40)
        self.assertFalse(self.regroup())
        self.assertFalse(self.debtors.dunning_segment_id)

    def test_who_may(self):
        """Salespersons see nothing of it, collectors read, managers name."""
        segment = self.group()[0]
        collector = self.new_user("seg_c", "dunning_automation.group_user")
        seller = self.new_user("seg_s", "sales_team.group_sale_salesman")
        self.assertTrue(segment.with_user(collector).name)
        with self.assertRaises(AccessError):
            segment.with_user(collector).name = "Mine"
        self.assertTrue(self.debtors[:1].with_user(seller).read(["name"]))
        with self.assertRaises(AccessError):
            self.debtors[:1].with_user(seller).read(["dunning_segment_id"])
