from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import DunningCommon

CRONS = ("run", "deliver", "deliver_2", "sweep", "watch")


class HealthCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.mail_server"].create(
            {"name": "Server", "smtp_host": "mail.example"}
        )

    def setUp(self):
        super().setUp()
        for name in CRONS:
            self.cron(name).nextcall = self.moment + timedelta(minutes=5)
        self.told_day(self.policy, days=5)

    def cron(self, name):
        return self.env.ref(f"dunning_automation.ir_cron_{name}").sudo()

    def told_day(self, record, **ago):
        """The record was created that long ago."""
        self.env.flush_all()
        self.cr.execute(
            "UPDATE dunning_policy SET create_date = %s WHERE id = %s",
            (self.moment - timedelta(**ago), record.id),
        )
        record.invalidate_recordset(["create_date"])

    def check(self, code, companies=None):
        checks = self.env["dunning.health"]._get_checks(companies or self.company)
        return next(check for check in checks if check["code"] == code)

    def states(self):
        checks = self.env["dunning.health"]._get_checks(self.company)
        return {
            check["code"]: check["state"] for check in checks if check["state"] != "ok"
        }


@tagged("post_install", "-at_install")
class TestHealth(HealthCommon):
    def test_all_is_well(self):
        self.invoice()
        self.run_on()
        self.deliver()
        self.assertEqual(self.states(), {})

    # === WHAT IS NOTICED === #

    def test_hold_and_stop(self):
        self.run_on()
        self.mark_path.unlink()
        self.company.action_dunning_stop("Holidays")
        self.assertEqual(self.states(), {"database": "danger", "stopped": "danger"})
        self.assertIn("Holidays", self.check("stopped")["sentence"])
        self.assertIn(str(self.mark_path), self.check("database")["sentence"])

    def test_daily_run(self):
        """(hour of the day, run, state): it has two hours after its time."""
        self.company.dunning_hour = 7
        for hours, run, state in [
            (8, None, "danger"),  # of yesterday
            (8, {"days": -1}, "ok"),
            (8, {"days": -1, "state": "failed", "error": "No such field"}, "danger"),
            (9, {"days": -1}, "danger"),
            (9, {"days": 0}, "ok"),
            (9, {"days": 0, "state": "held"}, "ok"),
            (9, {"days": 0, "state": "discarded"}, "ok"),
            (9, {"days": 0, "state": "draft"}, "danger"),
            (9, {"days": 0, "simulation": True}, "danger"),
            (9, {"days": 0, "state": "failed", "error": "No such field"}, "danger"),
        ]:
            with self.subTest(hours=hours, run=run):
                runs = self.env["dunning.run"].sudo()
                runs.search([]).state = "draft"
                runs.search([]).unlink()
                self.moment = self.moment.replace(hour=hours)
                if run:
                    date = self.today + timedelta(days=run["days"])
                    values = {"state": "done", **run, "date": date}
                    del values["days"]
                    runs.create(values)
                check = self.check("run")
                self.assertEqual(check["state"], state, check)
                if run and run.get("error"):
                    self.assertIn("No such field", check["sentence"])

    def test_new_policy_has_until_its_first_run(self):
        self.moment = self.moment.replace(hour=12)
        for ago, state in [
            ({"minutes": 5}, "ok"),
            ({"hours": 3}, "danger"),
            ({"days": 1}, "danger"),
        ]:
            with self.subTest(ago):
                self.told_day(self.policy, **ago)
                self.assertEqual(self.check("run")["state"], state)
        self.policy.active = False
        self.assertEqual(self.check("run")["state"], "ok")

    def test_crons(self):
        archived = self.new_user("h_gone")
        archived.active = False

        def switched_off(cron):
            cron.active = False

        def without_user(cron):
            cron.user_id = archived

        def overdue(cron):
            cron.nextcall = self.moment - timedelta(minutes=31)

        def not_quite_overdue(cron):
            cron.nextcall = self.moment - timedelta(minutes=29)

        def failing(cron):
            cron.failure_count = 1

        for name in CRONS:
            for spoil, state in [
                (switched_off, "danger"),
                (without_user, "danger"),
                (overdue, "danger"),
                (not_quite_overdue, "ok"),
                (failing, "warning"),
            ]:
                with self.subTest(name, spoil=spoil.__name__):
                    cron = self.cron(name)
                    before = cron.read(
                        ["active", "user_id", "nextcall", "failure_count"]
                    )[0]
                    spoil(cron)
                    check = self.check("crons")
                    self.assertEqual(check["state"], state)
                    if state != "ok":
                        self.assertIn(cron.name, check["sentence"])
                    cron.write(before | {"user_id": before["user_id"][0]})

    def test_deleted_cron(self):
        self.cron("sweep").unlink()
        self.assertEqual(self.check("crons")["state"], "danger")

    def test_addon_waiting_for_its_update(self):
        module = self.env.ref("base.module_account")
        module.state = "to upgrade"
        check = self.check("modules")
        self.assertEqual(check["state"], "danger")
        self.assertIn(module.shortdesc, check["sentence"])

    def test_waiting_notices(self):
        self.invoice()
        self.run_on()
        notice = self.notices().sudo()
        for minutes, state in [
            (29, "ok"),
            (31, "warning"),
            (119, "warning"),
            (121, "danger"),
        ]:
            with self.subTest(minutes):
                self.wait(notice, minutes=minutes)
                self.assertEqual(self.check("queue")["state"], state)
        # What waits by intent is not late.
        notice.not_before = self.moment + timedelta(minutes=1)
        self.wait(notice, minutes=500)
        self.assertEqual(self.check("queue")["state"], "ok")
        notice.not_before = False
        self.company.action_dunning_stop()
        self.wait(notice, minutes=500)
        self.assertEqual(self.check("queue")["state"], "ok")

    def wait(self, notice, **ago):
        self.env.flush_all()
        moment = self.moment - timedelta(**ago)
        self.cr.execute(
            "UPDATE dunning_notice SET write_date = %s, create_date = %s WHERE id = %s",
            (moment, moment, notice.id),
        )
        notice.invalidate_recordset()

    def test_notice_that_is_put_off_again_and_again(self):
        self.invoice()
        self.run_on()
        notice = self.notices().sudo()
        notice.write(
            {"reason": "Boom", "not_before": self.moment + timedelta(minutes=30)}
        )
        self.wait(notice, hours=23)
        self.assertEqual(self.check("queue")["state"], "ok")
        self.wait(notice, hours=25)
        self.assertEqual(self.check("queue")["state"], "warning")

    def test_missing_reference_rate(self):
        """Of a series that a policy in use needs: which one, and where to look it up.
        Not of one whose interest nobody claims."""
        self.company.country_id = self.env.ref("base.de")
        base_rate = self.env.ref("dunning_automation.reference_series_bgb_247")
        level = self.level(8)
        level.charge_interest = True
        self.assertEqual(self.check("rates")["state"], "ok")
        base_rate.rate_ids.filtered(lambda rate: rate.valid_from.year == 2026).unlink()
        check = self.check("rates")
        self.assertEqual(check["state"], "warning")
        self.assertIn(f"Look it up at {base_rate.source_url}", check["sentence"])
        self.assertEqual(check["action"]["domain"], [("id", "in", base_rate.ids)])
        other = self.env["res.company"].create({"name": "Other"})
        self.assertEqual(self.check("rates", self.company | other)["value"], 1)
        self.assertEqual(self.check("rates", other)["state"], "ok")
        for change in (
            {"mode": "shadow"},
            {"active": False},
            {"law_country_id": self.env.ref("base.ch").id},
        ):
            with self.subTest(change), self.cr.savepoint() as savepoint:
                self.policy.write(change)
                self.assertEqual(self.check("rates")["state"], "ok")
                savepoint.rollback()
            self.env.invalidate_all()
        level.charge_interest = False
        self.assertEqual(self.check("rates")["state"], "ok")

    def test_counts_of_states(self):
        invoice = self.invoice()
        self.told(invoice, 1, state="unknown")
        self.told(invoice, 8, days_ago=1, state="failed")
        self.told(
            invoice,
            15,
            days_ago=2,
            state="claimed",
            lease_until=self.moment - timedelta(seconds=61),
        )
        self.told(
            invoice,
            30,
            days_ago=3,
            channel="activity",
            state="claimed",
            lease_until=self.moment - timedelta(seconds=59),
        )
        for code, state in [
            ("unknown", "warning"),
            ("failed", "warning"),
            ("leases", "danger"),
        ]:
            check = self.check(code)
            with self.subTest(code):
                self.assertEqual((check["state"], check["value"]), (state, 1))
                found = self.env["dunning.notice"].search(check["action"]["domain"])
                self.assertTrue(found)

    def test_charges_without_an_answer(self):
        [recovery] = self.invoice()._dunning_charge_failed(message="no money")
        self.assertEqual(self.check("unknown_charges")["state"], "ok")
        recovery.sudo()._set_state("unknown")
        check = self.check("unknown_charges")
        self.assertEqual((check["state"], check["value"]), ("warning", 1))
        found = self.env["dunning.recovery"].search(check["action"]["domain"])
        self.assertEqual(found, recovery)

    def test_held_run(self):
        self.company.dunning_daily_limit = 1
        self.invoices([{"partner": customer} for customer in self._create_customers(2)])
        self.run_on()
        self.assertEqual(self.states(), {"held": "warning"})

    def test_audit_trail(self):
        event = {"kind": "case_opened", "company_id": self.company.id}
        late = self.moment - timedelta(minutes=16)
        self.env["dunning.event"].sudo().create(event | {"occurred_at": late})
        self.assertEqual(self.check("seals")["state"], "warning")
        self.env["dunning.seal"].sudo()._seal_block()
        self.assertEqual(self.check("seals")["state"], "ok")
        verifications = self.env["dunning.verification"].sudo()
        for days, ok, state in [
            (1, True, "ok"),
            (3, True, "warning"),
            (0, False, "danger"),
        ]:
            with self.subTest(days=days, ok=ok):
                values = {"ok": ok, "message": "Event 7 was changed"}
                at = self.moment - timedelta(days=days)
                verifications.create(values | {"verified_at": at})
                check = self.check("verification")
                self.assertEqual(check["state"], state)
        self.assertIn("Event 7", check["sentence"])

    def test_no_mail_server(self):
        self.env["ir.mail_server"].search([]).active = False
        self.assertEqual(self.check("mail_server")["state"], "warning")

    def test_each_company_for_itself(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.env.user.company_ids |= other
        other.action_dunning_stop()
        self.assertEqual(self.check("stopped")["state"], "ok")
        self.assertEqual(self.check("stopped", other)["state"], "danger")
        self.assertEqual(self.check("stopped", self.company | other)["state"], "danger")

    # === COST AND RIGHTS === #

    def test_queries_do_not_depend_on_companies_or_notices(self):
        health = self.env["dunning.health"]
        others = self.env["res.company"].create(
            [{"name": f"Other {number}"} for number in range(5)]
        )
        self.invoices([{"partner": customer} for customer in self._create_customers(9)])
        self.run_on()
        counts = []
        for companies in (self.company, self.company | others):
            for _warm in range(2):
                self.env.flush_all()
                self.env.invalidate_all()
                before = self.cr.sql_log_count
                health._get_checks(companies)
                count = self.cr.sql_log_count - before
            counts.append(count)
        self.assertEqual(*counts)
        self.assertLess(counts[0], 40)

    def test_who_sees_it_and_which_buttons(self):
        self.run_on()
        for name, group in {
            "sales": "base.group_user",
            "billing": "account.group_account_invoice",
            "readonly": "base.group_user,account.group_account_readonly",
            "portal": "base.group_portal",
        }.items():
            user = self.new_user(f"h_{name}", group)
            with self.subTest(name), self.assertRaises(AccessError):
                self.env["dunning.health"].with_user(user).get_health()
        collector = self.new_user("h_user", "dunning_automation.group_user")
        manager = self.new_user("h_boss", "dunning_automation.group_manager")

        def buttons(user):
            health = self.env["dunning.health"].with_user(user)
            found = health.with_context(
                allowed_company_ids=self.company.ids
            ).get_health()
            return [
                key[4:] for key, value in found.items() if key[:4] == "can_" and value
            ]

        self.assertEqual(buttons(collector), ["stop"])
        self.assertEqual(buttons(manager), ["stop"])
        self.company.with_user(collector).action_dunning_stop()
        self.mark_path.unlink()
        self.assertEqual(buttons(collector), [])
        self.assertEqual(buttons(manager), ["resume", "activate"])


@tagged("post_install", "-at_install")
class TestWatchdog(HealthCommon):
    LOGGER = "odoo.addons.dunning_automation.models.dunning_watchdog"

    def setUp(self):
        super().setUp()
        policies = self.env["dunning.policy"].sudo().search([])
        (policies - self.policy).active = False
        self.invoice()
        self.run_on()

    def watch(self, warns=False):
        watchdog = self.env["dunning.watchdog"].with_context(
            lastcall=self.moment - timedelta(minutes=5)
        )
        if warns:
            with self.assertLogs(self.LOGGER, "WARNING") as logs:
                watchdog._cron_watch()
            return logs.output
        with self.assertNoLogs(self.LOGGER, "WARNING"):
            watchdog._cron_watch()
        return []

    def tasks(self):
        return self.policy.activity_ids

    def test_one_task_until_all_is_well(self):
        self.watch()
        self.assertFalse(self.tasks())
        self.mark_path.rename(self.mark_path.with_suffix(".away"))
        [line] = self.watch(warns=True)
        self.assertIn("needs help: database", line)
        task = self.tasks()
        self.assertEqual(len(task), 1)
        self.assertEqual(task.user_id, self.policy.user_id)
        self.assertIn("is missing", task.note)
        self.cron("deliver").active = False
        self.watch()
        self.assertEqual(self.tasks(), task)
        self.assertIn("switched off", task.note)
        self.mark_path.with_suffix(".away").rename(self.mark_path)
        self.cron("deliver").active = True
        self.watch()
        self.assertFalse(self.tasks())

    def test_warnings_call_nobody(self):
        self.told(self.invoice(self._create_customer()), 1, state="unknown")
        self.watch()
        self.assertFalse(self.tasks())

    def test_after_an_outage_the_others_go_first(self):
        self.mark_path.unlink()
        for lastcall in (None, self.moment - timedelta(hours=3)):
            self.env["dunning.watchdog"].with_context(lastcall=lastcall)._cron_watch()
            self.assertFalse(self.tasks())

    def test_task_type_deleted_by_somebody(self):
        self.env.ref("dunning_automation.mail_activity_health").unlink()
        self.mark_path.unlink()
        self.watch(warns=True)
        self.watch()
        self.assertEqual(len(self.tasks()), 1)

    def test_text_of_an_error_is_no_markup(self):
        self.travel(days=1)
        self.env["dunning.run"].sudo()._record_failure(self.company, "<img src=x>")
        for name in CRONS:
            self.cron(name).nextcall = self.moment
        self.watch(warns=True)
        self.assertIn("&lt;img", self.tasks().note)
        self.assertNotIn("<img", self.tasks().note)

    def test_as_the_cron_does(self):
        cron = self.cron("watch")
        with self.enter_registry_test_mode():
            self.assertIs(cron.method_direct_trigger(), True)

    def test_dead_senders_are_swept_every_minute(self):
        """A row is unknown within its lease and a minute."""
        cron = self.cron("sweep")
        self.assertEqual((cron.interval_number, cron.interval_type), (1, "minutes"))
        notice = self.notices().sudo()
        notice._set_state("claimed", lease_until=self.moment - timedelta(seconds=1))
        with self.enter_registry_test_mode():
            self.assertIs(cron.method_direct_trigger(), True)
        self.assertEqual(notice.state, "unknown")


@tagged("post_install", "-at_install")
class TestHealthAddress(HealthCommon, HttpCase):
    def ask(self, user=None):
        headers = {}
        if user:
            keys = self.env["res.users.apikeys"].with_user(user)
            expiration = self.env.cr.now() + timedelta(days=300)
            with patch.object(type(keys), "_check_expiration_date", lambda *args: None):
                key = keys._generate("rpc", "Monitor", expiration)
            headers["Authorization"] = f"Bearer {key}"
        return self.url_open("/dunning/health", headers=headers)

    def test_monitor(self):
        self.run_on()
        collector = self.new_user("a_user", "dunning_automation.group_user")
        answer = self.ask(collector)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertEqual(answer.json()["state"], "ok")
        self.mark_path.unlink()
        answer = self.ask(collector)
        self.assertEqual(answer.status_code, 503)
        found = {check["code"]: check for check in answer.json()["checks"]}
        self.assertEqual(found["database"]["state"], "danger")
        self.assertIn("is missing", found["database"]["sentence"])

    def test_strangers(self):
        self.assertEqual(self.ask().status_code, 401)
        clerk = self.new_user("a_clerk", "account.group_account_invoice")
        portal = self.new_user("a_portal", "base.group_portal")
        for user in (clerk, portal):
            with mute_logger("odoo.http"):
                answer = self.ask(user)
            self.assertEqual(answer.status_code, 403)
            self.assertNotIn("sentence", answer.text)
