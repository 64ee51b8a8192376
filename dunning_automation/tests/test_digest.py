from datetime import datetime

from odoo.tests import freeze_time, tagged

from .test_dashboard import DashboardCommon

KPIS = (
    "kpi_dunning_overdue",
    "kpi_dunning_dso",
    "kpi_dunning_collected",
    "kpi_dunning_promises_kept",
)


@tagged("post_install", "-at_install")
class TestDigest(DashboardCommon):
    """The figures of collections in Odoo's digest e-mail."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.digest = cls.env["digest.digest"].create(
            {
                "name": "Digest",
                "company_id": cls.company.id,
                **dict.fromkeys(KPIS, True),
            }
        )

    def figures_of(self, group):
        """{figure: texts of the last day, the last 7 and the last 30 days}"""
        user = self.new_user(group.replace(".", "_"), group)
        with freeze_time(self.moment):
            kpis = self.digest._compute_kpis(self.company, user)
        return {
            kpi["kpi_name"]: [kpi[f"kpi_col{place}"]["value"] for place in (1, 2, 3)]
            for kpi in kpis
            if kpi["kpi_name"] in KPIS
        }

    def test_who_is_no_manager_reads_nothing_of_it(self):
        self.keep_books()
        for group in ("base.group_user", "dunning_automation.group_user"):
            with self.subTest(group):
                self.assertFalse(self.figures_of(group))

    def test_figures_of_the_ledger(self):
        """By hand, on 10 March: 400 are overdue; 1700 were sold in 90 days and 450 are
        open; 250 came in on 5 March, 600 on 20 February, 400 before."""
        self.keep_books()
        self.assertEqual(
            self.figures_of("dunning_automation.group_manager"),
            {
                "kpi_dunning_overdue": ["$400"] * 3,
                "kpi_dunning_dso": [f"{450 / 1700 * 90:.2f}"] * 3,
                "kpi_dunning_collected": ["$0", "$250", "$850"],
                "kpi_dunning_promises_kept": [0, 0, 0],
            },
        )

    def test_days_are_the_companys_and_whole(self):
        """What came in today is told tomorrow; at 23:30 in New York it is tomorrow in
        UTC already."""
        self.money("2026-03-10", 70)
        self.money("2026-03-09", 5)
        for zone, moment, collected in (
            ("UTC", datetime(2026, 3, 10, 10), "$5"),
            ("America/New_York", datetime(2026, 3, 11, 3, 30), "$5"),
            ("UTC", datetime(2026, 3, 11, 3, 30), "$70"),
        ):
            with self.subTest(zone=zone, moment=moment):
                self.company.dunning_tz, self.moment = zone, moment
                last_day = self.collected_of_the_last_day()
                self.assertEqual(last_day, collected)

    def collected_of_the_last_day(self):
        with freeze_time(self.moment):
            kpis = self.digest._compute_kpis(self.company, self.env.user)
        [row] = [kpi for kpi in kpis if kpi["kpi_name"] == "kpi_dunning_collected"]
        return row["kpi_col1"]["value"]

    def test_kept_promises_are_counted_when_it_was_decided(self):
        invoice = self.invoice(days_overdue=8, amount=100)
        promise = self.env["dunning.promise"].create(
            {
                "partner_id": self.customer.id,
                "move_line_ids": self.receivable(invoice).ids,
                "amount": 100,
                "date": "2026-03-12",
            }
        )
        self.travel(1)
        self.money("2026-03-11", 100, invoice)
        promise.action_settle()
        self.assertEqual(promise.state, "kept")
        self.travel(1)
        figures = self.figures_of("dunning_automation.group_manager")
        self.assertEqual(figures["kpi_dunning_promises_kept"], [1, 1, 1])

    def test_box_in_the_settings(self):
        """Off at first; the box changes the default digest, and only when changed."""
        default = self.env.ref("digest.digest_digest_default")
        settings = self.env["res.config.settings"]
        self.assertFalse(settings.create({}).dunning_digest)
        settings.create({"dunning_digest": True}).execute()
        self.assertEqual([default[name] for name in KPIS], [True] * 4)
        default.kpi_dunning_dso = False
        settings.create({"company_id": self.company.id}).execute()
        self.assertFalse(default.kpi_dunning_dso, "One figure less is a choice, too.")
        self.assertTrue(default.kpi_dunning_overdue)
        settings.create({"dunning_digest": False}).execute()
        self.assertEqual([default[name] for name in KPIS], [False] * 4)

    def test_mail_shows_figures_and_opens_the_dashboard(self):
        self.keep_books()
        user = self.new_user("chief", "dunning_automation.group_manager")
        user.email = "chief@company.example"
        self.digest.user_ids = user
        with self.mock_mail_gateway(), freeze_time(self.moment):
            self.digest.action_send_manual()
        [mail] = self._new_mails
        for words in ("Overdue Receivables", "$400", "dunning_dashboard_action"):
            self.assertIn(words, mail.body_html)
