import os
import tempfile
from base64 import b64encode
from unittest.mock import patch

from psycopg2 import Error
from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, api
from odoo.exceptions import AccessError, UserError
from odoo.sql_db import db_connect
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL, config, mute_logger

from ..tools import anchor_log, fingerprint
from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestAudit(DunningCommon):
    """Nobody changes what happened without it showing, and it is said what."""

    def setUp(self):
        super().setUp()
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        options = patch.dict(config.options, {"data_dir": self.folder})
        self.startPatcher(options)
        self.invoice(days_overdue=9)
        self.run_on()
        self.system = self.env(su=True)
        self.notice = self.notices().sudo()

    # === HELPERS === #

    def seal(self):
        """Seal all events and return them, by number."""
        while self.system["dunning.seal"]._seal_block():
            pass
        domain = [("sequence", "!=", False)]
        return self.system["dunning.event"].search(domain, order="sequence")

    def verify(self):
        self.env.invalidate_all()
        return self.system["dunning.verification"]._verify()

    def sql(self, query, *values):
        self.env.flush_all()
        self.cr.execute(query, values)
        self.env.invalidate_all()

    def refused(self, query, *values):
        """The database refuses the statement, as append-only."""
        with self.subTest(query):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaisesRegex(Error, "is append-only"),
                self.cr.savepoint(),
            ):
                self.sql(query, *values)

    def tamper(self, query, *values):
        """What somebody does who has the rights of the database's owner."""
        for table in ("dunning_event", "dunning_seal"):
            self.sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        self.sql(query, *values)

    def rechain(self, first):
        """Compute the hashes again from a number on, as a careful forger would."""
        expected = self.system["dunning.verification"]._get_expected_hash()
        for event in self.seal().filtered(lambda row: row.sequence >= first):
            self.env.execute_query(
                SQL(
                    """UPDATE dunning_event
                          SET hash = link.expected
                         FROM (SELECT event.id, %s AS expected FROM dunning_event event
                               WINDOW chain AS (ORDER BY event.sequence)) link
                        WHERE link.id = dunning_event.id AND dunning_event.id = %s
                    RETURNING dunning_event.id""",
                    expected,
                    event.id,
                )
            )

    def assertBroken(self, finding, event=None):
        result = self.verify()
        self.assertFalse(result["ok"])
        self.assertEqual(result["finding"], finding, result["message"])
        self.assertEqual(result["first_broken"], event and event.id, result["message"])
        return result["message"]

    # === THE DATABASE REFUSES === #

    def test_nothing_changes_past_the_orm(self):
        events = self.seal()
        self.refused("DELETE FROM dunning_event WHERE id = %s", events[0].id)
        self.refused("DELETE FROM dunning_event")
        self.refused("TRUNCATE dunning_event CASCADE")
        for column, value in {
            "occurred_at": "2020-01-01",
            "user_id": SUPERUSER_ID,
            "company_id": self.env.ref("base.main_company").id,
            "debtor_key": 1,
            "case_id": None,
            "notice_id": None,
            "kind": "notice_delivered",
            "payload": None,
            "note": "Other words",
            "salt": "00",
            "sequence": 99,
            "hash": fingerprint.GENESIS,
        }.items():
            self.refused(
                f"UPDATE dunning_event SET {column} = %s WHERE id = %s",
                value,
                events.filtered("notice_id")[0].id,
            )
        self.refused("UPDATE dunning_event SET sequence = NULL, hash = NULL")
        self.notice._set_state("cancelled", "Promised")
        self.refused("UPDATE dunning_event SET note = NULL WHERE note IS NOT NULL")
        self.refused("UPDATE dunning_event SET salt = NULL WHERE note IS NOT NULL")

    def test_an_event_is_numbered_and_hashed_at_once(self):
        event = self.notice.event_ids[:1]
        self.refused("UPDATE dunning_event SET sequence = 1 WHERE id = %s", event.id)
        self.refused("UPDATE dunning_event SET hash = '0' WHERE id = %s", event.id)

    def test_seals_and_verifications_stay(self):
        self.seal()
        self.system["dunning.verification"]._run()
        for table in ("dunning_seal", "dunning_verification"):
            self.refused(f"DELETE FROM {table}")
            self.refused(f"UPDATE {table} SET head = ''")
            self.refused(f"TRUNCATE {table}")
        for records in (
            self.system["dunning.seal"].search([]),
            self.system["dunning.verification"].search([]),
        ):
            with self.assertRaisesRegex(UserError, "stay as they are"):
                records.sudo().write({"head": ""})
            with self.assertRaisesRegex(UserError, "stay as they are"):
                records.sudo().unlink()

    # === SEALING === #

    def test_events_are_numbered_without_gaps(self):
        self.assertFalse(any(self.notice.event_ids.mapped("sequence")))
        events = self.seal()
        self.assertEqual(events.mapped("sequence"), list(range(1, len(events) + 1)))
        self.assertLessEqual(self.notice.event_ids, events)
        self.assertFalse(self.system["dunning.seal"]._seal_block())

    def test_blocks_follow_each_other(self):
        self.notice._set_state("claimed")
        count = self.system["dunning.event"].search_count([])
        with patch("odoo.addons.dunning_automation.models.dunning_seal.BLOCK", 2):
            events = self.seal()
        seals = self.system["dunning.seal"].search([], order="first_sequence")
        self.assertEqual(sum(seals.mapped("event_count")), count)
        self.assertEqual(max(seals.mapped("event_count")), 2)
        self.assertEqual(seals[0].previous_head, fingerprint.GENESIS)
        self.assertEqual(seals[1:].mapped("previous_head"), seals[:-1].mapped("head"))
        self.assertEqual(seals[-1].head, events[-1].hash)
        self.assertTrue(self.verify()["ok"])

    def test_sealing_by_the_cron(self):
        cron = self.env.ref("dunning_automation.ir_cron_seal").sudo()
        with self.enter_registry_test_mode():
            self.assertIs(cron.method_direct_trigger(), True)
        self.assertTrue(all(self.notice.event_ids.mapped("sequence")))

    def test_a_hash_can_be_computed_by_hand(self):
        first, second = self.seal()[:2]
        content = (
            f'[{second.id}, "{second.occurred_at.isoformat()}", {second.user_id.id}, '
            f"{second.company_id.id}, {second.debtor_key}, {second.case_id.id}, "
            f'{second.notice_id.id}, "{second.kind}", '
            f'{{"state": "ready", "channel": "email", '
            f'"level_id": {self.notice.level_id.id}}}]'
        )
        self.assertEqual(second.hash, fingerprint.chain(first.hash, content))

    # === VERIFYING === #

    def test_untouched_events_verify(self):
        self.notice._set_state("claimed")
        self.notice._set_state("failed", "550 No such user")
        events = self.seal()
        result = self.verify()
        self.assertTrue(result["ok"], result["message"])
        self.assertEqual(result["count"], len(events))
        self.assertEqual(result["head"], events[-1].hash)
        self.assertFalse(result["finding"])
        self.assertIsNone(result["first_broken"])

    def test_nothing_to_verify(self):
        result = self.system["dunning.verification"]._verify()
        self.assertTrue(result["ok"])
        self.assertEqual((result["count"], result["head"]), (0, False))

    def test_changed_event_is_named(self):
        self.notice._set_state("claimed")
        events = self.seal()
        for column, value in {
            "occurred_at": "2020-01-01",
            "user_id": SUPERUSER_ID,
            "debtor_key": 1,
            "case_id": None,
            "kind": "line_skipped",
            "payload": "{}",
        }.items():
            with self.subTest(column), self.cr.savepoint() as savepoint:
                self.tamper(
                    f"UPDATE dunning_event SET {column} = %s WHERE id = %s",
                    value,
                    events[1].id,
                )
                message = self.assertBroken("changed", events[1])
                self.assertIn(f"Event {events[1].id} (number 2)", message)
                savepoint.rollback()

    def test_only_the_first_is_named(self):
        self.notice._set_state("claimed")
        events = self.seal()
        self.tamper(
            "UPDATE dunning_event SET payload = NULL WHERE id = ANY(%s)",
            [events[-1].id, events[1].id],
        )
        self.assertBroken("changed", events[1])

    def test_deleted_event_is_noticed_where_it_was(self):
        self.notice._set_state("claimed")
        events = self.seal()
        for position in (0, 1):
            with self.subTest(position), self.cr.savepoint() as savepoint:
                self.tamper(
                    "DELETE FROM dunning_event WHERE id = %s", events[position].id
                )
                message = self.assertBroken("missing", events[position + 1])
                self.assertIn(f"before number {position + 2}", message)
                savepoint.rollback()

    def test_deleted_end_is_noticed(self):
        events = self.seal()
        self.tamper("DELETE FROM dunning_event WHERE id = %s", events[-1].id)
        self.assertBroken("seal")

    def test_renumbering_after_a_deletion_is_noticed(self):
        self.notice._set_state("claimed")
        events = self.seal()
        self.tamper("DELETE FROM dunning_event WHERE id = %s", events[1].id)
        self.tamper("UPDATE dunning_event SET sequence = 2 WHERE id = %s", events[2].id)
        self.assertBroken("changed", events[2])

    def test_exchanged_events_are_noticed(self):
        self.notice._set_state("claimed")
        first, second = self.seal()[:2]
        self.tamper("UPDATE dunning_event SET sequence = 99 WHERE id = %s", first.id)
        self.tamper("UPDATE dunning_event SET sequence = 1 WHERE id = %s", second.id)
        self.tamper("UPDATE dunning_event SET sequence = 2 WHERE id = %s", first.id)
        self.assertBroken("changed", second)

    def test_event_put_in_at_the_end_is_noticed(self):
        last = self.seal()[-1]
        forged = self.system["dunning.event"].create(
            {"company_id": self.company.id, "kind": "case_closed"}
        )
        self.tamper(
            "UPDATE dunning_event SET sequence = %s, hash = '' WHERE id = %s",
            last.sequence + 1,
            forged.id,
        )
        self.rechain(forged.sequence)
        self.assertBroken("unsealed", forged)

    def test_a_chain_that_was_computed_again_breaks_its_seal(self):
        events = self.seal()
        self.tamper(
            "UPDATE dunning_event SET user_id = %s WHERE id = %s",
            SUPERUSER_ID,
            events[0].id,
        )
        self.rechain(1)
        self.assertBroken("seal", events[-1])

    def test_deleted_seal_is_noticed(self):
        first = self.seal()
        self.notice._set_state("claimed")
        self.seal()
        self.tamper(
            "DELETE FROM dunning_seal WHERE first_sequence > %s", first[-1].sequence
        )
        self.assertBroken("unsealed", self.notice.event_ids.sorted("id")[-1])

    def test_changed_words_are_named(self):
        self.notice._set_state("cancelled", "Promised on the phone")
        self.seal()
        event = self.notice.event_ids.sorted("id")[-1]
        self.tamper("UPDATE dunning_event SET note = 'Never' WHERE id = %s", event.id)
        self.assertBroken("note", event)
        self.tamper("UPDATE dunning_event SET note = NULL WHERE id = %s", event.id)
        self.assertBroken("note", event)

    def test_words_that_were_put_in_are_named(self):
        event = self.seal()[0]
        self.tamper("UPDATE dunning_event SET note = 'Never' WHERE id = %s", event.id)
        self.assertBroken("note", event)

    def test_message_that_was_changed_is_named(self):
        self.deliver()
        self.seal()
        self.assertTrue(self.verify()["ok"])
        event = self.notice.event_ids.filtered(lambda e: e.kind == "notice_sent")
        for mime in (b64encode(b"Subject: Never\r\n\r\n"), None):
            self.sql(
                "UPDATE dunning_notice SET mime = %s WHERE id = %s",
                mime,
                self.notice.id,
            )
            self.assertIn("not the one that left", self.assertBroken("message", event))

    def test_a_night_reads_the_latest_messages_and_a_part_of_the_others(self):
        self.deliver()
        self.seal()
        self.sql("UPDATE dunning_notice SET mime = NULL WHERE id = %s", self.notice.id)
        self.env.invalidate_all()
        verification = self.system["dunning.verification"]

        def found():
            return verification._verify(whole=False)["finding"]

        self.assertEqual(found(), "message", "sent today")
        self.travel(days=2)
        nights = 0
        for _night in range(28):
            self.travel(days=1)
            nights += found() == "message"
        self.assertEqual(nights, 1, "once in four weeks")
        self.assertEqual(verification._verify()["finding"], "message")

    def test_state_that_no_event_tells_is_named(self):
        self.seal()
        self.sql(
            "UPDATE dunning_notice SET state = 'sent' WHERE id = %s", self.notice.id
        )
        message = self.assertBroken("state", self.notice.event_ids)
        self.assertIn(f"Notice {self.notice.id} is “Sent”", message)

    def test_notice_without_events_is_named(self):
        self.told(self.invoice(), 8)
        self.assertIn("-", self.assertBroken("state"))

    def test_simulated_notices_have_no_events(self):
        self.policy.mode = "simulate"
        self.invoice(self._create_customer(), days_overdue=9)
        self.run_on()
        self.assertTrue(
            self.system["dunning.notice"].search([("simulation", "=", True)])
        )
        self.assertTrue(self.verify()["ok"])

    def test_broken_chain_raises_the_alarm(self):
        self.policy.user_id = self.new_user("chief", "dunning_automation.group_manager")
        self.policy.user_id.email = "chief@company.example"
        events = self.seal()
        self.tamper(
            "UPDATE dunning_event SET payload = NULL WHERE id = %s", events[1].id
        )
        cron = self.env.ref("dunning_automation.ir_cron_verify").sudo()
        with self.mock_mail_gateway(), self.enter_registry_test_mode():
            self.assertIs(cron.method_direct_trigger(), True)
        self.assertRecordValues(
            self.system["dunning.verification"].search([], limit=1),
            [{"ok": False, "finding": "changed", "broken_event": events[1].id}],
        )
        mail = self._new_mails.filtered(lambda m: "chief@" in (m.email_to or ""))
        self.assertIn("broken", mail.subject)
        self.assertIn(f"Event {events[1].id} (number 2)", mail.body_html)

    def test_intact_chain_raises_no_alarm(self):
        self.seal()
        with self.mock_mail_gateway():
            self.assertTrue(self.system["dunning.verification"]._run().ok)
        self.assertFalse(self._new_mails)

    # === ANCHORS === #

    def anchor(self):
        with self.mock_mail_gateway():
            self.system["dunning.seal"]._cron_anchor()
        return anchor_log.read(self.system["dunning.seal"]._get_anchor_path())

    def test_the_head_is_kept_outside_of_the_database(self):
        events = self.seal()
        anchors = self.anchor()
        self.assertEqual(anchors, [(self.moment, len(events), events[-1].hash)])
        path = self.system["dunning.seal"]._get_anchor_path()
        uuid = self.env["ir.config_parameter"].get_param("database.uuid")
        self.assertEqual(
            os.path.relpath(path, self.folder),
            os.path.join("dunning_automation", uuid, self.cr.dbname, "anchors.log"),
        )
        self.assertEqual(self.verify()["anchors"], 1)

    def test_a_line_per_day_with_news(self):
        self.assertFalse(self.anchor())
        self.assertFalse(self._new_mails)
        self.seal()
        self.assertEqual(len(self.anchor()), 1)
        self.travel(days=1)
        self.assertEqual(len(self.anchor()), 1)
        self.assertFalse(self._new_mails)
        self.notice._set_state("claimed")
        self.seal()
        self.assertEqual(len(self.anchor()), 2)
        self.assertTrue(self._new_mails)
        self.assertTrue(self.verify()["ok"])

    def test_rewritten_chain_is_caught_and_the_day_named(self):
        events = self.seal()
        self.anchor()
        self.travel(days=1)
        self.notice._set_state("claimed")
        self.seal()
        self.anchor()
        self.tamper("UPDATE dunning_event SET sequence = NULL, hash = NULL")
        self.tamper("DELETE FROM dunning_seal")
        self.tamper("UPDATE dunning_event SET user_id = 1 WHERE id = %s", events[0].id)
        self.seal()
        message = self.assertBroken("anchor", events[-1])
        self.assertIn("03/10/2026", message)
        self.assertEqual(self.verify()["anchors"], 2)

    def test_restored_backup_is_caught(self):
        with self.cr.savepoint() as backup:
            self.seal()
            self.anchor()
            backup.rollback()
        self.assertBroken("anchor")

    def test_spoiled_anchor_file_is_said(self):
        self.seal()
        self.anchor()
        with open(self.system["dunning.seal"]._get_anchor_path(), "a") as log:
            log.write("2026-03-11\n")
        self.assertIn("2026-03-11", self.assertBroken("anchor"))
        self.notice._set_state("claimed")
        self.seal()
        with self.mock_mail_gateway():
            self.system["dunning.seal"]._cron_anchor()
        self.assertTrue(self._new_mails)

    def test_daily_mail_carries_the_head_and_the_figures(self):
        self.policy.user_id = self.new_user("chief", "dunning_automation.group_manager")
        self.policy.user_id.email = "chief@company.example"
        self.send(self.notice)
        self.policy.mode = "review"
        self.invoice(self._create_customer(), days_overdue=9)
        self.run_on()
        events = self.seal()
        self.anchor()
        mail = self._new_mails.filtered(lambda m: "chief@" in (m.email_to or ""))
        self.assertEqual(len(mail), 1)
        self.assertIn(events[-1].hash, mail.body_html)
        self.assertIn("03/10/2026", mail.subject)
        (figures,) = self.system["dunning.seal"]._get_figures(self.company, self.moment)
        self.assertEqual(
            figures,
            {
                "company": self.company,
                "sent": 1,
                "suppressed": 0,
                "failed": 0,
                "unknown": 0,
                "planned": 1,
            },
        )

    def test_mail_is_sent_even_if_the_file_cannot_be_written(self):
        self.seal()
        with (
            patch.object(anchor_log, "append", side_effect=OSError("disk full")),
            mute_logger("odoo.addons.dunning_automation.models.dunning_seal"),
        ):
            self.assertFalse(self.anchor())
        self.assertTrue(self._new_mails)

    # === MERGING CUSTOMERS === #

    def test_merge_moves_the_pointer_and_keeps_the_chain(self):
        self.send(self.notice)
        self.seal()
        unsealed = self.system["dunning.event"].create(
            {
                "company_id": self.company.id,
                "partner_id": self.customer.id,
                "kind": "case_closed",
            }
        )
        target = self._create_customer()
        sources = self.customer | target
        self.env["base.partner.merge.automatic.wizard"]._merge(
            sources.ids, target, extra_checks=False
        )
        self.env.invalidate_all()
        events = self.notice.event_ids | unsealed
        self.assertEqual(events.partner_id, target)
        self.assertEqual(set(events.mapped("debtor_key")), {self.customer.id})
        self.assertTrue(self.verify()["ok"])
        self.seal()
        self.assertTrue(self.verify()["ok"])

    def test_a_user_who_acted_cannot_be_deleted(self):
        user = self.new_user("actor", "dunning_automation.group_manager")
        self.policy.mode = "review"
        self.invoice(self._create_customer(), days_overdue=9)
        self.run_on()
        waiting = self.system["dunning.notice"].search([("state", "=", "planned")])
        waiting.with_user(user).action_approve()
        with mute_logger("odoo.sql_db"), self.assertRaises(Error):
            user.unlink()

    # === PERSONAL DATA === #

    def erase(self, partner=None, login="eraser", group="group_manager"):
        user = self.new_user(login, f"dunning_automation.{group}")
        partner = (partner or self.customer).with_user(user)
        wizard = partner.env["dunning.erasure"].with_context(active_ids=partner.ids)
        wizard.create({}).action_confirm()

    def test_erasure_forgets_the_words_and_keeps_the_chain(self):
        self.notice.mime = b64encode(b"Subject: Secret\r\n\r\nSecret")
        self.deliver()
        second = self.told(self.invoice(days_overdue=30), 15, days_ago=1)
        second._tell("line_skipped", "Ann said so")
        self.seal()
        personal = {"subject", "body", "email_to", "mime", "reason"}
        self.assertTrue(self.notice.body and self.notice.email_to and self.notice.mime)
        head = self.verify()["head"]
        contact = self._create_customer(parent_id=self.customer.id, is_company=False)

        self.erase(contact)

        self.env.invalidate_all()
        for notice in self.notice | second:
            self.assertFalse(any(notice[name] for name in personal), notice)
        self.cr.execute(
            """SELECT COUNT(*) FROM dunning_event
                WHERE notice_id = ANY(%s) AND (note IS NOT NULL OR salt IS NOT NULL)""",
            ((self.notice | second).ids,),
        )
        self.assertEqual(self.cr.fetchone(), (0,))
        self.assertEqual(
            self.system["dunning.verification"]._check_chain()[0]["head"], head
        )
        self.assertFalse(self.system["dunning.verification"]._check_notes({}))
        copies = self.notice.case_id.message_ids.filtered("message_id")
        self.assertNotIn(self.notice.line_ids.name, "".join(copies.mapped("body")))
        erased = self.system["dunning.event"].search([], limit=1)
        self.assertEqual(erased.kind, "personal_data_erased")
        self.assertEqual(erased.partner_id, self.customer)
        self.assertEqual(erased.payload, {"events": 5})
        self.seal()
        self.assertFalse(self.system["dunning.verification"]._check_chain()[1])

    def test_words_that_somebody_erased_in_silence(self):
        """The triggers allow it, so that people can be forgotten; it is noticed."""
        self.notice._set_state("cancelled", "Promised")
        self.seal()
        self.assertTrue(self.verify()["ok"])
        event = self.notice.event_ids.sorted("id")[-1]
        self.sql(
            "UPDATE dunning_event SET note = NULL, salt = NULL WHERE id = %s", event.id
        )
        self.assertIn("no event tells by whom", self.assertBroken("note", event))

    def test_event_that_somebody_moved_to_another_customer(self):
        """The triggers allow it, so that customers can be merged; it is noticed."""
        self.seal()
        event = self.notice.event_ids.sorted("id")[0]
        other = self._create_customer()
        self.sql(
            "UPDATE dunning_event SET partner_id = %s WHERE id = %s", other.id, event.id
        )
        self.assertIn("another customer", self.assertBroken("changed", event))

    def test_erasure_leaves_other_customers_alone(self):
        other = self._create_customer()
        self.invoice(other, days_overdue=9)
        self.run_on()
        self.deliver()
        self.erase()
        self.assertTrue(self.notices(other).body)
        self.assertFalse(self.notice.body)

    def test_nothing_is_erased_while_something_is_on_its_way(self):
        for state in ("ready", "claimed", "unknown", "ready", "failed"):
            if self.notice.state != state:
                self.notice._set_state(state)
            with self.subTest(state), self.cr.savepoint() as savepoint:
                with self.assertRaisesRegex(UserError, "still on its way"):
                    self.customer.sudo()._dunning_erase()
                savepoint.rollback()

    def test_only_managers_erase(self):
        with self.assertRaises(AccessError):
            self.erase(group="group_user")

    def test_payload_holds_no_words(self):
        self.notice._set_state("claimed")
        self.notice._set_state("unknown", mime=b64encode(b"Subject: Secret"))
        self.notice._set_state("failed", "Refused: secret@example.com")
        claimed, unknown, failed = self.notice.event_ids.sorted("id")[-3:]
        self.assertEqual(set(claimed.payload["hmac"]), {"email_to", "subject", "body"})
        self.assertEqual(
            unknown.payload["hmac"]["message"],
            fingerprint.of_personal(unknown.sudo().salt, b"Subject: Secret"),
        )
        salt = claimed.sudo().salt
        self.assertEqual(failed.note, "Refused: secret@example.com")
        self.assertEqual(set(failed.payload["hmac"]), {"note"})
        self.assertNotIn("secret", str(failed.payload))
        self.assertNotEqual(failed.sudo().salt, salt)
        self.assertIn("Refused", failed.summary)


@tagged("post_install", "-at_install")
class TestSealers(TransactionCase):
    """Sealers at the same time, on connections of their own."""

    def setUp(self):
        super().setUp()
        self.envs = []
        for _connection in range(2):
            cr = db_connect(self.cr.dbname).cursor()
            self.addCleanup(cr.close)
            self.envs.append(api.Environment(cr, SUPERUSER_ID, {}))
        self.addCleanup(self._forget)
        self.start = self.envs[0]["dunning.seal"]._get_last().last_sequence
        self.commit()

    def commit(self):
        for env in self.envs:
            env.cr.commit()
            env.invalidate_all()

    def _forget(self):
        env = self.envs[0]
        for env in self.envs:
            env.cr.rollback()
        for table in ("dunning_event", "dunning_seal"):
            env.cr.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        env.cr.execute(
            "DELETE FROM dunning_seal WHERE last_sequence > %s", (self.start,)
        )
        env.cr.execute(
            "DELETE FROM dunning_event WHERE COALESCE(sequence, %s) > %s AND case_id IS"
            " NULL AND notice_id IS NULL",
            (self.start + 1, self.start),
        )
        for table in ("dunning_event", "dunning_seal"):
            env.cr.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        env.cr.commit()

    def happen(self, env, count=1):
        company = env.ref("base.main_company")
        return env["dunning.event"].create(
            [{"company_id": company.id, "kind": "case_opened"}] * count
        )

    def assertSealed(self, count):
        """Numbers without gaps, every one once, hashes fit."""
        self.commit()
        env = self.envs[0]
        self.assertFalse(env["dunning.verification"]._check_chain()[1])
        self.assertFalse(env["dunning.verification"]._check_seals({}))
        last = env["dunning.seal"]._get_last().last_sequence
        self.assertEqual(last - self.start, count)

    def test_second_sealer_gives_way(self):
        first, second = self.envs
        self.happen(first, 5)
        self.commit()
        self.assertEqual(first["dunning.seal"]._seal_block().event_count, 5)
        self.assertFalse(second["dunning.seal"]._seal_block())
        first.cr.commit()
        self.assertSealed(5)

    def test_sealer_that_still_sees_the_past_is_refused(self):
        first, second = self.envs
        self.happen(first, 5)
        self.commit()
        second.cr.execute("SELECT 1")  # Its snapshot is taken here.
        first["dunning.seal"]._seal_block()
        first.cr.commit()
        with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
            second["dunning.seal"]._seal_block()
        second.cr.rollback()
        second["dunning.seal"]._cron_seal()
        self.assertSealed(5)

    def test_cron_survives_a_change_of_the_same_moment(self):
        first, second = self.envs
        event = self.happen(first)
        self.commit()
        seal_block = type(first["dunning.seal"])._seal_block

        def merge_meanwhile(seal):
            seal.env.cr.execute("SELECT 1")
            second.cr.execute(
                "UPDATE dunning_event SET partner_id = %s WHERE id = %s",
                (second.ref("base.main_partner").id, event.id),
            )
            second.cr.commit()
            return seal_block(seal)

        with patch.object(type(first["dunning.seal"]), "_seal_block", merge_meanwhile):
            first["dunning.seal"]._cron_seal()
        self.assertSealed(0)
        first["dunning.seal"]._cron_seal()
        self.assertSealed(1)

    def test_event_of_a_long_transaction_is_sealed_later(self):
        slow, fast = self.envs
        late = self.happen(slow)
        early = self.happen(fast)
        self.assertLess(late.id, early.id)
        fast.cr.commit()
        fast["dunning.seal"]._cron_seal()
        slow.cr.commit()
        fast["dunning.seal"]._cron_seal()
        self.assertSealed(2)
        self.assertEqual(early.sequence, self.start + 1)
        self.assertEqual(late.with_env(fast).sequence, self.start + 2)
