from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..tools import take_over
from .common import DunningCommon
from .letter_common import ADDRESS

TABLES = """
    CREATE TABLE followup_followup (id serial PRIMARY KEY, company_id integer);
    CREATE TABLE followup_line (
        id serial PRIMARY KEY, name jsonb, delay integer, sequence integer,
        followup_id integer, description jsonb, send_email boolean,
        send_letter boolean, manual_action boolean);
    ALTER TABLE account_move_line
        ADD COLUMN followup_line_id integer, ADD COLUMN followup_date date;
"""


@tagged("post_install", "-at_install")
class TestTakeOver(DunningCommon):
    """From tables that look like those of om_account_followup. What is taken over from
    account_credit_control is tested with the real package, in tests/test_take_over.py
    at the top."""

    def setUp(self):
        super().setUp()
        self.policy.active = False
        self.env.flush_all()
        self.cr.execute(TABLES)
        self.cr.execute(
            "INSERT INTO followup_followup (company_id) VALUES (%s) RETURNING id",
            [self.company.id],
        )
        ladder = self.cr.fetchone()[0]
        self.rungs = [
            self.rung(ladder, *values)
            for values in (
                ("First", 5, True, False, False),
                ("Second", 15, True, True, False),
                ("Call", 30, False, False, True),
            )
        ]

    def rung(self, ladder, name, delay, *channels):
        self.cr.execute(
            """INSERT INTO followup_line (followup_id, name, delay, description,
                                          send_email, send_letter, manual_action)
               VALUES (%s, jsonb_build_object('en_US', %s), %s,
                       jsonb_build_object('en_US', 'Dear %%(partner_name)s, pay <b>!'),
                       %s, %s, %s)
            RETURNING id""",
            [ladder, name, delay, *channels],
        )
        return self.cr.fetchone()[0]

    def heard(self, invoice, rung, days_ago):
        self.cr.execute(
            """UPDATE account_move_line
                  SET followup_line_id = %s, followup_date = %s::date - %s
                WHERE id = ANY(%s)""",
            [rung, self.today, days_ago, self.receivable(invoice).ids],
        )

    def take_over(self, user=None):
        wizard = self.env["dunning.take.over"].with_user(user or self.env.user)
        action = wizard.create({"company_id": self.company.id}).action_take_over()
        return self.env["dunning.policy"].search(
            [("taken_over_from", "=like", "om_account_followup,%")]
        ), action

    # === WHAT MUST NEVER HAPPEN === #

    def test_nobody_hears_a_level_twice(self):
        cases = [
            # rung heard, days ago, days overdue, what comes next
            (0, 3, 8, None),
            (0, 12, 20, 15),
            (1, 5, 20, None),
            (1, 20, 40, 30),
            (2, 9, 60, None),
            (None, 0, 20, 5),
        ]
        address = {**ADDRESS, "country_id": self.env.ref("base.de").id}
        invoices = []
        for rung, days_ago, overdue, _next in cases:
            invoice = self.invoice(self._create_customer(**address), overdue)
            if rung is not None:
                self.heard(invoice, self.rungs[rung], days_ago)
            invoices.append(invoice)
        policy, _action = self.take_over()
        self.run_on()
        for case, invoice in zip(cases, invoices, strict=True):
            with self.subTest(case, why=self.why(invoice)):
                planned = self.notices(invoice.partner_id).filtered(
                    lambda notice: notice.state in ("planned", "ready")
                )
                self.assertEqual(
                    planned.level_id.mapped("delay_days"), [case[3]] if case[3] else []
                )
                self.assertTrue(policy == planned.policy_id or not case[3])

    def test_again_changes_nothing(self):
        invoice = self.invoice(days_overdue=8)
        self.heard(invoice, self.rungs[0], 3)
        policy, _action = self.take_over()
        policy.level_ids[0].name = "Mine"
        again, _action = self.take_over()
        self.assertEqual(again, policy)
        self.assertEqual(policy.level_ids[0].name, "Mine")
        self.assertEqual(len(self.notices()), 1)
        self.assertEqual(len(self.notices().line_ids), 1)

    # === WHAT IS TAKEN === #

    def test_policy_waits_for_review_with_its_levels_and_texts(self):
        policy, _action = self.take_over()
        self.assertEqual(policy.mode, "review")
        self.assertRecordValues(
            policy.level_ids.sorted("delay_days"),
            [
                {"name": "First", "delay_days": 5, "tone": "friendly"},
                {"name": "Second", "delay_days": 15, "tone": "firm"},
                {"name": "Call", "delay_days": 30, "tone": "final"},
            ],
        )
        channels = [
            sorted(level.action_ids.mapped("channel"))
            for level in policy.level_ids.sorted("delay_days")
        ]
        self.assertEqual(channels, [["email"], ["email", "letter"], ["activity"]])
        template = policy.level_ids.sorted("delay_days")[0].action_ids.template_id
        body = template.sudo().body_html
        self.assertIn("pay ‹b›!", body)
        self.assertIn('t-out="object.table_html"', body)

    def test_text_can_be_sent(self):
        invoice = self.invoice(days_overdue=8)
        policy, _action = self.take_over()
        self.run_on()
        notice = self.notices()
        self.assertEqual(notice.policy_id, policy)
        self.assertEqual(notice.body.count("Dear"), 1)
        self.assertIn(f"Dear {self.customer.name}, pay ‹b›!", notice.body)
        self.assertIn(invoice.name, notice.body)

    def test_words_of_others_run_nothing(self):
        source = self.env["dunning.take.over.source"]
        html = '<p t-out="object.env.user.password">Pay &lt;t t-out="1"/&gt;</p>'
        html += '<t t-out="object.env"/><script>alert()</script>'
        words = source._map_texts({"en_US": html}, source._clean)["en_US"]
        body = take_over.put_words("<div><p>Dear</p></div>", words)
        self.assertIn("Pay ‹t t-out", body)
        self.assertNotRegex(body, r"<[^>]*t-out|script")

    def test_history_says_whose_it_is(self):
        invoice = self.invoice(days_overdue=8, amount=70)
        self.heard(invoice, self.rungs[0], 3)
        self.take_over()
        notice = self.notices()
        self.assertRecordValues(
            notice, [{"state": "sent", "channel": "email", "body": False}]
        )
        self.assertIn("om_account_followup", notice.reason)
        self.assertEqual(notice.event_ids.mapped("kind"), ["level_taken_over"])
        self.assertEqual(notice.line_ids.residual, 70)
        self.assertEqual(notice.date, self.today - timedelta(days=3))

    def test_paid_and_foreign_lines_are_left_out(self):
        other = self.setup_other_company()["company"]
        paid, foreign = self.invoice(), self.invoice(company=other)
        for invoice in (paid, foreign):
            self.heard(invoice, self.rungs[0], 3)
        self.pay(paid)
        self.take_over()
        self.assertFalse(self.notices())

    # === DRY RUN, AND WHO === #

    def test_dry_run_writes_nothing(self):
        self.heard(self.invoice(days_overdue=8), self.rungs[0], 3)
        before = self.env["dunning.policy"].with_context(active_test=False)
        count = before.search_count([])
        wizard = self.env["dunning.take.over"].create({})
        self.assertRegex(wizard.summary, r"First[\s\S]*5[\s\S]*E-mail[\s\S]*1")
        self.assertEqual(before.search_count([]), count)
        self.assertFalse(self.notices())

    def test_menu_shows_itself_only_where_there_is_something(self):
        menu = self.env.ref("dunning_automation.dunning_take_over_menu")
        hidden = self.env["ir.ui.menu"]._load_menus_blacklist
        self.assertNotIn(menu.id, hidden())
        self.cr.execute("DROP TABLE followup_line")
        self.assertIn(menu.id, hidden())
        self.assertFalse(self.env["dunning.take.over"]._select_source())

    def test_only_managers(self):
        user = self.new_user("to_user", "dunning_automation.group_user")
        with self.assertRaises(AccessError):
            self.take_over(user)
        manager = self.new_user("to_manager", "dunning_automation.group_manager")
        policy, _action = self.take_over(manager)
        self.assertEqual(policy.user_id, manager)
