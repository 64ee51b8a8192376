from odoo.tests import tagged

from ..hooks import uninstall_hook
from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestUncheckedKeys(DunningCommon):
    """Tables with a row per open line have no foreign keys; what they point to may go
    all the same."""

    def setUp(self):
        super().setUp()
        self.moves = self.invoice() | self.invoice()
        self.run_on()
        self.notice = self.notices()
        self.assertEqual(len(self.notice.line_ids), 2)

    def delete_lines(self, move):
        """As a deleted invoice does it: the database cascades, the ORM is not asked."""
        self.env.flush_all()
        self.cr.execute("DELETE FROM account_move WHERE id = %s", [move.id])
        self.env.invalidate_all()

    def count(self, table):
        self.cr.execute(f"SELECT count(*) FROM {table}")
        return self.cr.fetchone()[0]

    def test_deleted_invoice_takes_its_decisions_along_and_leaves_history(self):
        gone, stays = self.moves
        self.delete_lines(gone)
        decisions = self.env["dunning.decision"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(decisions.move_id, stays)
        self.assertEqual(len(self.notice.line_ids), 2)
        self.assertEqual(self.notice.line_ids.move_id, stays)
        self.assertEqual(self.notice.line_ids.move_line_id, self.receivable(stays))

    def test_no_foreign_key_is_left(self):
        self.cr.execute(
            """SELECT conrelid::regclass::text, conname
                 FROM pg_constraint
                WHERE contype = 'f'
                  AND conrelid IN ('dunning_decision'::regclass,
                                   'dunning_notice_line'::regclass)"""
        )
        self.assertFalse(self.cr.fetchall())

    def test_deleted_simulation_takes_its_lines_along(self):
        self.send()
        lines = self.count("dunning_notice_line")
        run = self.env["dunning.run"].create({"simulation": True, "date": "2026-03-20"})
        run._start()
        self.assertTrue(run.notice_ids)
        run.unlink()
        self.assertEqual(self.count("dunning_notice_line"), lines)

    def test_what_was_deleted_while_a_run_evaluated_it_is_cleaned_up(self):
        """The trigger cannot see rows that are not committed yet."""
        self.cr.execute("ALTER TABLE account_move_line DISABLE TRIGGER USER")
        gone, stays = self.moves
        self.delete_lines(gone)
        self.cr.execute("ALTER TABLE account_move_line ENABLE TRIGGER USER")
        self.env["dunning.decision"]._gc_dangling()
        self.assertFalse(self.decisions(gone))
        self.assertTrue(self.decisions(stays))
        self.assertEqual(self.notice.line_ids.move_line_id, self.receivable(stays))
        self.assertEqual(len(self.notice.line_ids), 2)

    def test_merged_customers_keep_their_decisions(self):
        other = self._create_customer(name="Other")
        invoice = self.invoice(other)
        self.run_on(days=1)
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (other | self.customer).ids, self.customer
        )
        self.assertEqual(self.decisions(invoice).partner_id, self.customer)

    def test_uninstalled_addon_leaves_no_trigger(self):
        """Else nobody could delete an invoice any more."""
        uninstall_hook(self.env)
        self.cr.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'dunning_%'")
        self.assertEqual(self.cr.fetchone()[0], 0)
