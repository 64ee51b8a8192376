import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged

from ..models.dunning_guard import ACTIVATION, NEUTRALIZED
from ..tools import high_water_mark
from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestGuard(DunningCommon):
    """A copy that remembers less than was sent must not send."""

    def setUp(self):
        super().setUp()
        self.guard = self.env["dunning.guard"]
        self.set_parameter("web.base.url", "https://prod.example.com")
        self.guard._activate()
        self.invoice()
        self.run_on()

    def set_parameter(self, key, value):
        self.env["ir.config_parameter"].set_param(key, value)

    def activation(self):
        return json.loads(self.env["ir.config_parameter"].get_param(ACTIVATION))

    def set_activation(self, **values):
        self.set_parameter(ACTIVATION, json.dumps(self.activation() | values))

    def mark(self):
        return high_water_mark.rise(self.mark_path, self.activation()["key"], 0)

    def assertHeld(self, *words):
        """Nothing leaves, and the sentence says why."""
        hold = self.guard._get_database_hold()
        for word in words:
            self.assertIn(word, hold)
        self.assertEqual(self.guard._get_hold(self.company), hold)
        self.assertFalse(self.deliver())
        self.assertEqual(self.notices().state, "ready")

    def assertFree(self):
        self.assertEqual(self.guard._get_database_hold(), "")

    # === COPIES SEND NOTHING === #

    def test_restored_from_an_older_backup(self):
        known = self.guard._read_last_event(self.cr)
        high_water_mark.rise(self.mark_path, self.activation()["key"], known + 7)
        self.assertHeld("older backup", str(known + 7))

    def test_never_activated(self):
        self.set_parameter(ACTIVATION, False)
        self.assertHeld("not activated")

    def test_neutralized(self):
        for value in ("true", "True"):
            self.set_parameter(NEUTRALIZED, value)
            self.assertHeld("neutralized")

    def test_neutralizing_takes_the_activation_away(self):
        [query] = get_neutralization_queries(["dunning_automation"])
        self.env.flush_all()
        self.cr.execute(query)
        self.env.registry.clear_cache()
        self.assertHeld("not activated")

    def test_identity_of_another_database(self):
        for key, then, words in [
            ("uuid", "0-1-2", ["identifier"]),
            ("name", "production", ["“production”", f"“{self.cr.dbname}”"]),
            ("server", "1234567", ["another database server"]),
            ("host", "other.example.com", ["“other.example.com”", "prod.example.com"]),
        ]:
            with self.subTest(key):
                activation = self.activation()
                self.set_activation(**{key: then})
                self.assertHeld("not the database that was activated", *words)
                self.set_activation(**activation)
                self.assertFree()

    def test_mark_is_missing(self):
        self.mark_path.unlink()
        self.assertHeld("is missing", str(self.mark_path))

    def test_mark_cannot_be_used(self):
        for content in ("", "{}", "[1]", '{"activation": null', '{"event": "x"}'):
            with self.subTest(content):
                self.mark_path.write_text(content)
                self.assertHeld("cannot be used", str(self.mark_path))

    def test_mark_cannot_be_written(self):
        error = PermissionError(13, "Permission denied")
        with patch.object(high_water_mark, "rise", side_effect=error):
            self.assertHeld("cannot be used", "Permission denied")

    def test_another_copy_was_activated_after_this_one(self):
        """Two hosts with the same files: the one that was activated last sends."""
        high_water_mark.start(self.mark_path, "another activation", 0)
        self.assertHeld("Another copy")

    def test_mark_that_breaks_after_the_claim(self):
        """The message does not leave, and the notice waits on."""
        with patch.object(
            type(self.guard), "_raise_mark", lambda guard, *args: "The disk is full"
        ):
            self.assertFalse(self.deliver())
        notice = self.notices()
        self.assertEqual((notice.state, notice.reason), ("ready", "The disk is full"))
        self.travel(minutes=5)
        self.assertEqual(len(self.deliver()), 1)

    def test_restored_database_that_goes_on_counting_stays_held(self):
        """Planning goes on while nothing leaves: its events reach the number of the
        mark, but none of them is the event that was forgotten."""
        self.assertEqual(len(self.deliver()), 1)
        mark = self.mark()
        self.guard._raise_mark(mark.event + 2, "forgotten")
        self.assertIn("older backup", self.guard._get_database_hold())
        self.invoice(self._create_customer())
        self.run_on()
        last = self.env["dunning.event"].search([], order="id desc", limit=1)
        self.assertGreater(last.id, mark.event + 2)
        self.assertIn("older backup", self.guard._get_database_hold())
        self.assertFalse(self.deliver())

    # === NO FALSE ALARM === #

    def test_mark_follows_what_is_sent(self):
        self.assertFree()
        self.assertEqual(len(self.deliver()), 1)
        claimed = self.env["dunning.event"].search([("kind", "=", "notice_claimed")])
        self.assertEqual(self.mark().event, claimed.id)
        self.assertFree()

    def test_other_senders_are_ahead_of_this_transaction(self):
        """Its snapshot is older than the mark, the database is not."""
        last = 10**9
        self.assertEqual(self.guard._raise_mark(last), "")

        def read_last_event(guard, cr):
            return last - 1 if cr is self.cr else last

        with patch.object(type(self.guard), "_read_last_event", read_last_event):
            self.assertFree()

    def test_address_is_learnt_at_the_first_login(self):
        for local in ("http://localhost:8069", "http://127.0.0.1:8069"):
            with self.subTest(local):
                self.set_parameter("web.base.url", local)
                self.guard._activate()
                self.assertFree()
                self.guard._adopt_host()
                self.set_parameter("web.base.url", "https://prod.example.com")
                self.assertFree()
                self.guard._adopt_host()
                self.assertFree()
                self.set_parameter("web.base.url", "https://staging.example.com")
                self.guard._adopt_host()
                self.assertHeld("“staging.example.com”")

    def test_links_to_a_local_address_do_not_leave_and_mend_themselves(self):
        self.set_parameter("web.base.url", "http://localhost:8069")
        self.assertHeld("“localhost”", "links in messages")
        self.set_parameter("web.base.url", "https://prod.example.com")
        self.assertFree()

    def test_port_and_scheme_are_no_identity(self):
        self.set_parameter("web.base.url", "http://prod.example.com:8069/")
        self.assertFree()

    def test_server_that_does_not_tell_its_number(self):
        with patch.object(type(self.guard), "_read_server", lambda guard: ""):
            self.guard._activate()
            self.assertFree()
        self.assertFree()

    def test_number_of_the_server_is_told(self):
        self.assertTrue(self.guard._read_server().isdigit())

    # === ACTIVATION === #

    def test_manager_activates_a_copy(self):
        self.set_activation(name="production")
        self.mark_path.unlink()
        manager = self.new_user("g_boss", "dunning_automation.group_manager")
        self.guard.with_user(manager).action_activate()
        self.assertFree()
        event = self.env["dunning.event"].search(
            [("kind", "=", "database_activated")], order="id desc", limit=1
        )
        self.assertEqual(event.user_id, manager)
        self.assertEqual(len(self.deliver()), 1)

    def test_activation_after_a_restore_starts_the_mark_anew(self):
        high_water_mark.rise(self.mark_path, self.activation()["key"], 10**9)
        self.guard._activate()
        self.assertFree()

    def test_activation_that_is_rolled_back_is_none(self):
        self.set_activation(name="production")
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.guard._activate()
            raise ZeroDivisionError
        self.assertHeld("production")

    def test_only_managers_activate(self):
        for name, group in {
            "user": "dunning_automation.group_user",
            "admin": "base.group_user,base.group_system",
            "billing": "account.group_account_invoice",
            "portal": "base.group_portal",
        }.items():
            user = self.new_user(f"g_{name}", group)
            if user.has_group("dunning_automation.group_manager"):
                continue
            with self.subTest(name), self.assertRaises(AccessError):
                self.guard.with_user(user).action_activate()

    def test_neutralized_copy_cannot_be_activated(self):
        self.set_parameter(NEUTRALIZED, "true")
        with self.assertRaises(UserError):
            self.guard.action_activate()

    def test_folder_that_cannot_be_written(self):
        """Said to the manager; an installation goes on and the health page says it."""
        wrong = Path("/proc/nothing/mark.json")
        with patch.object(type(self.guard), "_get_mark_path", lambda guard: wrong):
            with self.assertRaises(UserError):
                self.guard.action_activate()
            self.set_parameter(ACTIVATION, False)
            self.guard._activate_on_install()
            self.assertHeld("not activated")

    def test_mark_path_is_per_database_and_safe(self):
        origin = self.classPatches_origin()
        self.set_parameter("database.uuid", "../../etc")
        path = origin(self.guard)
        self.assertEqual(path.parent.name, self.cr.dbname)
        self.assertNotIn("..", path.parts)

    def classPatches_origin(self):
        for cls in type(self.guard).mro():
            method = vars(cls).get("_get_mark_path")
            if method and method.__module__.endswith("models.dunning_guard"):
                return method
        raise AssertionError

    # === THE FILE === #

    def test_number_only_rises_whoever_writes(self):
        path, key = self.mark_path, self.activation()["key"]
        high_water_mark.start(path, key, 0)
        numbers = [(7 * number) % 400 for number in range(400)]
        with ThreadPoolExecutor(8) as senders:
            list(
                senders.map(
                    lambda n: high_water_mark.rise(path, key, 1000 + n), numbers
                )
            )
        self.assertEqual(self.mark().event, 1399)
        self.assertEqual(path.stat().st_size, high_water_mark.WIDTH)

    def test_missing_file_is_not_made_up_for(self):
        self.mark_path.unlink()
        self.assertIn("missing", self.guard._raise_mark(5))
        self.assertFalse(self.mark_path.exists())

    def test_file_of_another_activation_is_not_written(self):
        high_water_mark.start(self.mark_path, "another", 3)
        self.assertIn("Another copy", self.guard._raise_mark(5))
        self.assertEqual(high_water_mark.rise(self.mark_path, "another", 0).event, 3)

    def test_start_leaves_no_draft(self):
        high_water_mark.start(self.mark_path, "again", 3)
        self.assertEqual(os.listdir(self.mark_path.parent), [self.mark_path.name])

    # === COST === #

    def test_queries(self):
        self.env["ir.config_parameter"].get_param(ACTIVATION)
        self.env.flush_all()
        with self.assertQueryCount(4):
            self.guard._get_database_hold()
        with self.assertQueryCount(0):
            self.guard._raise_mark(1)
