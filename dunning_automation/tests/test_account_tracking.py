from odoo.tests import tagged

from .account_common import BROWSER, AccountCommon


@tagged("post_install", "-at_install")
class TestAccountTracking(AccountCommon):
    """Opened, followed, paid: once, by people, and without asking anybody else."""

    def told(self, kind=None, notice=None):
        self.env.invalidate_all()
        kinds = (notice or self.notice).event_ids.mapped("kind")
        return kinds.count(kind)

    def visit(self, path=None, login=None, headers=None, **options):
        self.authenticate(login, login)
        headers = BROWSER | (headers or {})
        return self.url_open(path or self.link, headers=headers, **options)

    def image(self, notice=None):
        """The address of the picture in a message."""
        self.company.dunning_track_opening = True
        notice = notice or self.notice
        return str(notice._get_opening_image()).split('"')[1].split(":8069")[-1]

    # === THE LINK === #

    def test_followed_once_a_day(self):
        for _time in range(2):
            self.visit()
        self.assertEqual(self.told("account_opened"), 1)
        self.travel(1)
        self.visit()
        self.assertEqual(self.told("account_opened"), 2)
        self.assertEqual(self.told("account_opened", self.foreign_notice), 0)

    def test_machines_and_colleagues_do_not_count(self):
        self.new_user("t_employee", "dunning_automation.group_manager")
        table = [
            {"method": "HEAD"},
            {"headers": {"User-Agent": "Googlebot/2.1"}},
            {"headers": {"User-Agent": "Mozilla/5.0 Barracuda Sentinel"}},
            {"headers": {"User-Agent": "python-requests/2.32"}},
            {"headers": {"User-Agent": ""}},
            {"headers": {"Sec-Purpose": "prefetch"}},
            {"headers": {"Purpose": "preview"}},
            {"login": "t_employee"},
        ]
        for case in table:
            with self.subTest(case):
                answer = self.visit(**case)
                self.assertEqual(answer.status_code, 200)
                self.assertEqual(self.told("account_opened"), 0)
        self.visit()
        self.assertEqual(self.told("account_opened"), 1)

    def test_link_leads_nowhere_else(self):
        """No redirect that learns or leaks the token."""
        answer = self.visit(allow_redirects=False)
        self.assertEqual(answer.status_code, 200)
        self.assertIn(f'{self.notice._get_account_url()}"', self.notice.body)

    # === THE PICTURE === #

    def test_no_picture_unless_the_company_wants_it(self):
        self.assertNotIn("/dunning/opened/", self.notice.body)
        image = self.image()
        notice, _invoice = self.planned(partner=self._create_customer())
        self.assertIn("/dunning/opened/", notice.body)
        self.assertIn("/dunning/opened/", notice.sudo().body)
        self.company.dunning_track_opening = False
        self.env.flush_all()
        notice.sudo()._refresh()
        self.assertNotIn("/dunning/opened/", notice.body)
        self.visit(image)
        self.assertEqual(self.told("message_opened"), 0)

    def test_picture_tells_once_a_day(self):
        image = self.image()
        for _time in range(2):
            answer = self.visit(image)
            self.assertEqual(answer.headers["Content-Type"], "image/gif")
            self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertEqual(self.told("message_opened"), 1)
        self.visit(image, method="HEAD")
        self.travel(1)
        self.visit(image, headers={"User-Agent": "Mimecast"})
        self.assertEqual(self.told("message_opened"), 1)

    def test_picture_says_nothing_about_its_token(self):
        image = self.image()
        good = self.visit(image)
        waiting, _invoice = self.planned(partner=self._create_customer())
        forged = f"/dunning/opened/{self.notice._get_account_token()}.gif"
        for path in (forged, "/dunning/opened/x.gif", self.image(waiting)):
            answer = self.visit(path)
            self.assertEqual(answer.content, good.content)
            self.assertEqual(answer.status_code, 200)
        self.assertEqual(self.told("message_opened"), 1)
        self.assertEqual(self.told("message_opened", waiting), 0)

    def test_picture_opens_no_account(self):
        token = self.image().split("/")[-1].removesuffix(".gif")
        answer = self.visit(f"/dunning/account/{token}")
        self.assertEqual(answer.status_code, 404)

    # === PAID === #

    def follow(self):
        """What happens when the transaction of a payment is committed."""
        self.env.cr.precommit.run()

    def test_invoice_paid_after_the_message(self):
        self.pay(self.overdue, 40)
        self.follow()
        self.assertEqual(self.told("invoice_paid"), 0)
        self.pay(self.overdue)
        self.follow()
        self.overdue._dunning_recheck()
        self.follow()
        self.assertEqual(self.told("invoice_paid"), 1)
        self.assertEqual(self.told("invoice_paid", self.foreign_notice), 0)

    def test_the_last_message_gets_it(self):
        self.run_on(7)
        second = self.notices()[-1:]
        self.assertNotEqual(second, self.notice)
        self.send(second)
        self.pay(self.overdue)
        self.follow()
        self.assertEqual(self.told("invoice_paid"), 0)
        self.assertEqual(self.told("invoice_paid", second), 1)

    def test_no_message_gets_what_came_too_late_or_is_no_payment(self):
        credit = self.credit_note()
        lines = self.receivable(credit) | self.receivable(self.overdue)
        lines.reconcile()
        self.follow()
        self.assertEqual(self.told("invoice_paid"), 0)
        self.travel(31)
        self.pay(self.foreign)
        self.follow()
        self.assertEqual(self.told("invoice_paid", self.foreign_notice), 0)

    # === IN THE BACK OFFICE === #

    def test_shown_on_the_notice(self):
        both = self.notice | self.foreign_notice
        self.assertFalse(any(both.mapped("date_clicked")))
        self.visit()
        self.travel(1)
        self.pay(self.overdue)
        self.follow()
        self.env.invalidate_all()
        self.assertEqual(self.notice.date_clicked.date(), self.notice.date)
        self.assertEqual(self.notice.date_opened, self.notice.date_clicked)
        self.assertGreater(self.notice.date_paid, self.notice.date_clicked)
        notices = self.env["dunning.notice"]
        for name in ("date_opened", "date_clicked", "date_paid"):
            self.assertFalse(self.foreign_notice[name])
            domain = [("id", "in", both.ids)]
            self.assertEqual(
                notices.search([*domain, (name, "!=", False)]), self.notice
            )
            self.assertEqual(
                notices.search([*domain, (name, "=", False)]), self.foreign_notice
            )
        after = self.notice.date_clicked
        self.assertEqual(
            notices.search([("id", "in", both.ids), ("date_clicked", ">=", after)]),
            self.notice,
        )
        self.assertFalse(
            notices.search([("id", "in", both.ids), ("date_clicked", ">", after)])
        )
