from psycopg2.errors import ForeignKeyViolation

from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..hooks import uninstall_hook
from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestUncheckedKeys(DunningCommon):
    """Tables with a row per open line have no foreign keys, and those with a row per
    notice only a few; what they point to may go, or must stay, all the same."""

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

    def test_user_who_ran_the_planning_may_go(self):
        user = new_test_user(self.env, login="leaves")
        case = self.notice.case_id
        for record in (case, self.notice):
            self.env.flush_all()
            self.cr.execute(
                f"UPDATE {record._table} SET create_uid = %s, write_uid = %s"
                " WHERE id = %s",
                [user.id, user.id, record.id],
            )
        self.env.invalidate_all()
        user.unlink()
        self.env.invalidate_all()
        for record in (case, self.notice):
            self.assertFalse(record.create_uid)
            self.assertFalse(record.write_uid)

    def test_level_that_nobody_was_told_of_leaves_its_cases(self):
        level = self.policy.level_ids.sorted("delay_days")[-1]
        case = self.notice.case_id
        case.sudo().level_id = level
        self.env.flush_all()
        level.unlink()
        self.env.invalidate_all()
        self.assertFalse(case.level_id)

    def test_what_events_tell_of_stays(self):
        """Without any other record that would hold it."""
        customer = self._create_customer(name="Heard of")
        company = self.env["res.company"].create({"name": "Heard of"})
        self.env["dunning.policy"].search([("company_id", "=", company.id)]).unlink()
        self.env["dunning.event"].sudo().create(
            {
                "company_id": company.id,
                "partner_id": customer.id,
                "kind": "evidence_exported",
            }
        )
        self.env.flush_all()
        for record in (customer, company, self.notice, self.notice.case_id):
            with (
                self.subTest(record._name),
                mute_logger("odoo.sql_db"),
                self.assertRaises(ForeignKeyViolation),
                self.cr.savepoint(),
            ):
                self.cr.execute(f"DELETE FROM {record._table} WHERE id = {record.id}")

    def test_merged_customers_keep_notices_and_events(self):
        other = self._create_customer(name="Other")
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (other | self.customer).ids, other
        )
        self.env.invalidate_all()
        self.assertEqual(self.notice.partner_id, other)
        self.assertEqual(self.notice.event_ids.partner_id, other)

    def test_uninstalled_addon_leaves_no_trigger(self):
        """Else nobody could delete an invoice any more."""
        uninstall_hook(self.env)
        self.cr.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'dunning_%'")
        self.assertEqual(self.cr.fetchone()[0], 0)
