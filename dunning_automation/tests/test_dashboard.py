import json
from datetime import date, timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tests import HttpCase, tagged
from odoo.tools.json import json_default

from .common import DunningCommon

try:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st
except ImportError:
    given = None

LEDGER = """
    2025-12-20  invoice  A  due 2026-01-19   1000
    2026-01-10  invoice  B  due 2026-02-09    500
    2026-01-15  invoice  C  due 2026-03-31    300
    2026-02-01  payment  of A                 400
    2026-02-20  payment  of A                 600
    2026-02-25  credit   of B                 100
    2026-03-05  payment  of nothing           250
"""
AGED = (
    # day, not due, 1-30, 31-60, credits: by hand
    (date(2025, 12, 19), 0, 0, 0, 0),
    (date(2025, 12, 20), 1000, 0, 0, 0),
    (date(2026, 1, 19), 1800, 0, 0, 0),
    (date(2026, 1, 20), 800, 1000, 0, 0),
    (date(2026, 2, 1), 800, 600, 0, 0),
    (date(2026, 2, 19), 300, 500, 600, 0),
    (date(2026, 2, 20), 300, 500, 0, 0),
    (date(2026, 2, 25), 300, 400, 0, 0),
    (date(2026, 3, 10), 300, 400, 0, -250),
)


class DashboardCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dashboard = cls.env["dunning.dashboard"]
        cls.bank = cls.company_data["default_journal_bank"]
        cls.account = cls.company_data["default_account_receivable"]

    def figures(self, user=None, **filters):
        return self.dashboard.with_user(user or self.env.user).get_figures(filters)

    def tile(self, code, **filters):
        tiles = self.figures(**filters)["tiles"]
        return next(tile for tile in tiles if tile["code"] == code)

    def aged(self, figures):
        """{label of the bucket: amount, of all bands}"""
        chart = figures["charts"]["aging"]
        columns = zip(*(row["data"] for row in chart["datasets"]), strict=True)
        return dict(zip(chart["labels"], map(sum, columns), strict=True))

    def billed(self, day, due, amount, **values):
        return self.invoice(
            amount=amount, invoice_date=day, invoice_date_due=due, **values
        )

    def money(self, day, amount, invoice=None, **values):
        """A payment that came in on ``day``, matched with an invoice."""
        lines = [(self.account, -amount), (self.bank.default_account_id, amount)]
        entry = self.env["account.move"].create(
            {
                "journal_id": self.bank.id,
                "date": day,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": account.id,
                            "partner_id": self.customer.id,
                            "balance": balance,
                            **values,
                        }
                    )
                    for account, balance in lines
                ],
            }
        )
        entry.action_post()
        if invoice:
            (self.receivable(entry) + self.receivable(invoice)).reconcile()
        return entry

    def keep_books(self):
        """The entries of ``LEDGER``."""
        a = self.billed("2025-12-20", "2026-01-19", 1000)
        b = self.billed("2026-01-10", "2026-02-09", 500)
        self.billed("2026-01-15", "2026-03-31", 300)
        self.money("2026-02-01", 400, a)
        self.money("2026-02-20", 600, a)
        credit = self.billed("2026-02-25", "2026-02-25", 100, move_type="out_refund")
        (self.receivable(credit) + self.receivable(b)).reconcile()
        self.money("2026-03-05", 250)
        return a, b

    def check(self, user=None, **filters):
        return self.dashboard.with_user(user or self.env.user).get_check(filters)

    def without_sums(self):
        """Figures are read from the lines, as for those who may see only some."""
        ledger = type(self.env["dunning.dashboard.ledger"])
        return patch.object(ledger, "_reads_all_lines", lambda *args: False)

    def assertReconciles(self, figures):
        check = figures["check"]
        self.assertTrue(check["reconciles"], check)
        self.assertEqual(check["difference"], 0)
        aging = sum(row["aging"] for row in check["rows"])
        self.assertAlmostEqual(aging, sum(self.aged(figures).values()))


@tagged("post_install", "-at_install")
class TestDashboard(DashboardCommon):
    def test_aging_of_any_past_day(self):
        self.keep_books()
        for day, not_due, first, second, credits_ in AGED:
            with self.subTest(day):
                figures = self.figures(date=f"{day}")
                self.assertEqual(
                    list(self.aged(figures).values()),
                    [not_due, first, second, 0, 0, credits_],
                )
                self.assertReconciles(figures)

    def test_check_notices_what_does_not_add_up(self):
        """The check is no mirror: each way to the sum is compared with the others."""
        a, _b = self.keep_books()
        self.env.flush_all()
        self.cr.execute(
            "UPDATE account_move_line SET amount_residual = 7, reconciled = FALSE"
            " WHERE id = %s",
            self.receivable(a).ids,
        )
        check = self.check()
        self.assertFalse(check["reconciles"])
        self.assertEqual(check["difference"], 7)
        self.assertTrue(check["is_spoilt"])

    def test_a_match_outside_of_the_balance_explains_the_difference(self):
        """An entry set to draft keeps its match, a branch pays for its company, a debt
        is paid in another currency: nothing is open, but it is in the balance."""
        invoice, paid_by_branch = (
            self.billed("2026-02-01", "2026-02-10", amount) for amount in (90, 70)
        )
        foreign = self.billed(
            "2026-02-01", "2026-02-10", 50, currency=self.foreign_currency
        )
        owed = self.receivable(foreign).balance
        payment = self.money("2026-02-15", 90, invoice)
        self.assertEqual([row["outside"] for row in self.check()["rows"]], [0, 0])
        payment.button_draft()
        self.money("2026-02-15", owed, foreign)
        company, rate = self.company.currency_id, self.foreign_currency
        self.assertOutside({company: (-90 + owed), rate: -owed})
        self.branch_pays(70, paid_by_branch)
        self.assertOutside({company: (-90 + owed - 70), rate: -owed})
        self.assertEqual(self.tile("receivables")["value"], 0)

    def branch_pays(self, amount, invoice):
        self.company.write({"child_ids": [Command.create({"name": "Branch"})]})
        self.cr.precommit.run()  # Loads the chart of the branch.
        branch = self.company.child_ids
        self.env.user.company_ids |= branch
        self.bank = self.env["account.journal"].create(
            {"name": "Bank", "type": "bank", "code": "BRB", "company_id": branch.id}
        )
        payment = self.money("2026-02-15", amount, invoice)
        self.assertEqual(payment.company_id, branch)
        self.env.user.company_ids -= branch
        self.env.invalidate_all()

    def assertOutside(self, expected):
        """Of each currency, and the list that opens has just that."""
        check = self.check()
        self.assertTrue(check["reconciles"], check)
        self.assertFalse(check["is_spoilt"])
        found = {row["currency_id"]: row["outside"] for row in check["rows"]}
        wanted = {currency.id: amount for currency, amount in expected.items()}
        self.assertEqual(found, wanted)
        for row in check["rows"]:
            lines = self.env["account.move.line"].search(row["action"]["domain"])
            self.assertTrue(lines)
            self.assertEqual(lines.currency_id.id, row["currency_id"])

    def test_sums_that_were_spoilt(self):
        """The check says so; a manager, and nobody else, has them made anew."""
        self.keep_books()
        self.env.flush_all()
        for table in ("dunning_dashboard_total", "dunning_dashboard_sum"):
            with self.subTest(table), self.cr.savepoint() as savepoint:
                self.cr.execute(f"UPDATE {table} SET amount = amount + 3")
                self.assertFalse(self.check()["reconciles"])
                savepoint.rollback()
        self.cr.execute("UPDATE dunning_dashboard_sum SET amount = amount + 3")
        sums = self.env["dunning.dashboard.sum"]
        with self.assertRaises(AccessError):
            user = self.new_user("collector", "dunning_automation.group_user")
            sums.with_user(user).action_rebuild()
        with self.enter_registry_test_mode():
            manager = self.new_user("manager", "dunning_automation.group_manager")
            sums.with_user(manager).action_rebuild()
        self.assertTrue(self.check()["reconciles"])

    def test_figures_of_a_quarter(self):
        """By hand: until 10 March 2026 sales are 1000 + 500 + 300 - 100 = 1700 in
        90 days (11 December to 10 March), nothing was open before; 450 are open and
        300 of it are not due; 1250 came in as money."""
        self.keep_books()
        tiles = {tile["code"]: tile["value"] for tile in self.figures()["tiles"]}
        for code, expected in (
            ("receivables", 450),
            ("overdue", 400),
            ("dso", 450 / 1700 * 90),
            ("best_dso", 300 / 1700 * 90),
            ("add", 150 / 1700 * 90),
            ("cei", 100 * (1700 - 450) / (1700 - 300)),
            ("cei_cash", 100 * 1250 / (1700 - 300)),
            # Back from 10 March: -100 sold in 28 days, 300 in 31, 1500 in 31.
            ("dso_countback", 28 + 31 + (450 - 300) / 1500 * 31),
        ):
            with self.subTest(code):
                self.assertAlmostEqual(tiles[code], expected)

    def test_no_figure_has_a_reason(self):
        tile = self.tile("dso")
        self.assertEqual(
            (tile["value"], tile["action"]["model"]), (None, "account.move.line")
        )
        self.assertTrue(tile["reason"])

    def test_a_tile_opens_what_it_counts(self):
        self.keep_books()
        for day in ("2026-02-19", "2026-03-10"):
            for tile in self.figures(date=day)["tiles"]:
                if tile["code"] not in ("receivables", "overdue", "sent"):
                    continue
                with self.subTest(day, code=tile["code"]):
                    action = tile["action"]
                    records = self.env[action["model"]].search(action["domain"])
                    if day == "2026-03-10" and tile["unit"] == "money":
                        total = sum(records.mapped("amount_residual"))
                        self.assertEqual(total, tile["value"])
                    elif tile["unit"] == "money":
                        self.assertEqual(
                            set(records.move_id.mapped("invoice_date_due")),
                            {date(2026, 1, 19), date(2026, 2, 9)}
                            | (
                                {date(2026, 3, 31)}
                                if tile["code"] == "receivables"
                                else set()
                            ),
                        )
                    else:
                        self.assertEqual(len(records), tile["value"])

    def test_currencies_reconcile_each(self):
        """Two rates: the company's amounts and the currency's own ones."""
        self.keep_books()
        foreign = self.billed(
            "2026-02-01", "2026-02-10", 90, currency=self.foreign_currency
        )
        self.money(
            "2026-02-15",
            20,
            foreign,
            currency_id=self.foreign_currency.id,
        )
        figures = self.figures()
        self.assertReconciles(figures)
        self.assertEqual(len(figures["check"]["rows"]), 2)
        only = self.figures(currency_id=self.foreign_currency.id)
        self.assertReconciles(only)
        self.assertEqual(len(only["check"]["rows"]), 1)

    def test_filters(self):
        """Policy and collector choose customers; the other company is another page."""
        self.keep_books()
        other = self._create_customer(name="Other")
        self.invoice(other, days_overdue=20, amount=70)
        self.run_on()
        case = self.env["dunning.case"].search([("partner_id", "=", other.id)])
        case.user_id = user = self.new_user("own", "dunning_automation.group_user")
        stranger = self._create_policy(name="Nobody's")
        for filters, expected in (
            ({}, 520),
            ({"user_id": user.id}, 70),
            ({"policy_id": self.policy.id}, 520),
            ({"policy_id": stranger.id}, 0),
            ({"policy_id": stranger.id, "user_id": user.id}, 0),
            ({"currency_id": self.foreign_currency.id}, 0),
        ):
            with self.subTest(filters):
                self.assertEqual(self.tile("receivables", **filters)["value"], expected)

    def test_filters_hide_customers_who_are_hidden(self):
        """A filter by collector opens no customer whom a record rule hides."""
        other = self._create_customer(name="Other")
        self.invoice(other, days_overdue=20, amount=70)
        self.invoice(days_overdue=20, amount=100)
        self.run_on()
        user = self.new_user("own", "dunning_automation.group_user")
        self.env["dunning.case"].search([]).user_id = user
        self.assertEqual(self.figures(user, user_id=user.id)["tiles"][0]["value"], 170)
        self.env["ir.rule"].create(
            {
                "name": "Not that one",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": [("id", "!=", other.id)],
            }
        )
        figures = self.figures(user, user_id=user.id)
        self.assertEqual(figures["tiles"][0]["value"], 100)
        self.assertEqual([row["open"] for row in figures["debtors"]], [100])

    def test_funnel_counts_money_within_30_days(self):
        """Reminded and paid in time; paid late; credited, which is no payment."""
        day = self.today - timedelta(days=50)
        invoices = [self.invoice(days_overdue=60, amount=100) for _i in range(3)]
        for invoice in invoices:
            notice = self.told(
                invoice, 8, days_ago=50, partner_id=self._create_customer().id
            )
            notice.line_ids.write({"residual": 100})
        self.money(day + timedelta(days=30), 100, invoices[0])
        self.money(day + timedelta(days=31), 100, invoices[1])
        credit = self.billed(day, day, 100, move_type="out_refund")
        (self.receivable(credit) + self.receivable(invoices[2])).reconcile()
        funnel = self.figures()["charts"]["funnel"]
        self.assertEqual([row["data"] for row in funnel["datasets"]], [[3], [1]])
        self.assertAlmostEqual(self.tile("recovery")["value"], 100 / 3)

    def test_wrong_filters(self):
        tomorrow = self.today + timedelta(days=1)
        for filters in (
            {"date": f"{tomorrow}"},
            {"date": "yesterday"},
            {"date": "0001-01-02"},
            {"months": 2},
            {"months": "x"},
            {"user_id": "x' OR 1=1"},
            {"limit": 1},
        ):
            with self.subTest(filters), self.assertRaises(UserError):
                self.figures(**filters)

    def test_who_may_see_it(self):
        foreign = self.setup_other_company()["company"]
        user = self.new_user("collector", "dunning_automation.group_user")
        self.keep_books()
        self.assertReconciles(self.figures(user))
        for read in (self.figures, self.check):
            with self.subTest(read.__name__), self.assertRaises(AccessError):
                read(user, company_id=foreign.id)
        for group in ("base.group_user", "account.group_account_invoice"):
            with self.subTest(group), self.assertRaises(AccessError):
                self.figures(self.new_user(group, group))

    def test_record_rules_hold_for_sums(self):
        """A company that limits its collectors to some customers limits the page."""
        self.keep_books()
        other = self._create_customer()
        self.invoice(other, amount=70)
        user = self.new_user("limited", "dunning_automation.group_user")
        rule = self.env["ir.rule"].create(
            {
                "name": "Own customers",
                "model_id": self.env["ir.model"]._get_id("account.move.line"),
                "domain_force": [("partner_id", "=", other.id)],
            }
        )
        figures = self.figures(user)
        self.assertEqual(figures["tiles"][0]["value"], 70)
        self.assertReconciles(figures)
        for model in ("dunning.dashboard.sum", "dunning.dashboard.total"):
            with self.subTest(model), self.assertRaises(AccessError):
                self.env[model].with_user(user).search_read([])
        rule.domain_force = [("company_id", "=", 0)]
        self.assertEqual(self.figures(user)["tiles"][0]["value"], 0)

    def test_a_run_refreshes_open_pages(self):
        """A simulation changes nothing that is shown."""
        heard = []
        groups = type(self.env["res.groups"])
        with patch.object(
            groups, "_bus_send", lambda group, *message: heard.append(message)
        ):
            self.env["dunning.run"].create({"simulation": True}).action_start()
            self.assertEqual(heard, [])
            self.run_on()
        message = ("dunning_dashboard", {"company_id": self.company.id})
        self.assertEqual(heard, [message])

    def test_a_payment_refreshes_open_pages_once(self):
        """However many are matched in one transaction; nothing else is told."""
        invoices = self.invoices([{}, {}])
        heard = []
        with patch.object(
            type(self.env["res.groups"]),
            "_bus_send",
            lambda group, *message: heard.append(message),
        ):
            self.invoice()
            self.assertEqual(heard, [])
            self.pay(invoices)
            message = ("dunning_dashboard", {"company_id": self.company.id})
            self.assertEqual(heard, [message])
            self.cr.precommit.data.clear()  # Another transaction.
            self.receivable(invoices[0]).remove_move_reconcile()
            self.assertEqual(heard, [message] * 2)

    def test_targets(self):
        """At or below is met where less is better; no figure is neither."""
        self.keep_books()
        targets = self.env["dunning.dashboard.target"].sudo()
        for code, value, is_met in (
            ("overdue", 400, True),
            ("overdue", 399, False),
            ("cei", 89, True),
            ("cei", 90, False),
            ("promises", 80, None),
        ):
            with self.subTest(code, value=value):
                target = targets.create({"code": code, "value": value})
                self.assertEqual(
                    self.tile(code)["target"],
                    {"id": target.id, "value": value, "is_met": is_met},
                )
                self.assertFalse(self.tile("dso")["target"])
                only = {"currency_id": self.company.currency_id.id}
                self.assertFalse(self.tile(code, **only)["target"], "of a part")
                target.action_remove()
                self.assertFalse(self.tile(code)["target"])

    def test_who_sets_targets(self):
        self.env["dunning.dashboard.target"].sudo().create({"code": "dso", "value": 40})
        for group, may in (("user", False), ("manager", True)):
            with self.subTest(group):
                user = self.new_user(group, f"dunning_automation.group_{group}")
                figures = self.figures(user)
                self.assertEqual(figures["may_set_targets"], may)
                self.assertTrue(any(tile["target"] for tile in figures["tiles"]))
        # More is neither good nor bad; it depends on the period.
        for code in ("receivables", "failed"):
            with self.subTest(code), self.assertRaises(ValidationError):
                self.env["dunning.dashboard.target"].sudo().create({"code": code})

    def test_every_tile_is_defined(self):
        defined = {row["code"]: row for row in self.dashboard.get_definitions()}
        for tile in self.figures()["tiles"]:
            self.assertEqual(
                defined[tile["code"]],
                {name: tile[name] for name in defined[tile["code"]]},
            )
            self.assertTrue(tile["formula"])

    def test_queries_do_not_grow(self):
        counts = []
        for number in (2, 10, 100):  # The first fills caches.
            customers = self._create_customers(number)
            self.invoices([{"partner": customer} for customer in customers])
            self.run_on()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.figures()
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])
        self.assertLess(counts[2], 90)


@tagged("post_install", "-at_install")
class TestDashboardOverJson(DashboardCommon, HttpCase):
    def test_another_program_reads_it(self):
        """The same figures, by an API key of a collector; none without."""
        self.keep_books()
        user = self.new_user("program", "dunning_automation.group_user")
        keys = self.env["res.users.apikeys"].with_user(user).sudo()
        key = keys._generate("rpc", "Figures", None)
        for token, status in ((key, 200), ("wrong", 401)):
            with self.subTest(status):
                response = self.url_open(
                    "/json/2/dunning.dashboard/get_figures",
                    json={"filters": {"date": "2026-02-19"}},
                    headers={"Authorization": f"Bearer {token}"},
                )
                self.assertEqual(response.status_code, status)
                if status == 200:
                    expected = self.figures(user, date="2026-02-19")
                    expected = json.loads(json.dumps(expected, default=json_default))
                    self.assertEqual(response.json(), expected)


@tagged("post_install", "-at_install")
class TestDashboardProperties(DashboardCommon):
    def test_every_ledger_reconciles_on_every_day(self):
        if given is None:
            self.skipTest("hypothesis is not installed")
        days = st.integers(0, 120)
        cents = st.integers(1, 99_999).map(lambda number: number / 100)
        entries = st.tuples(days, days, cents, st.booleans(), st.booleans())

        @settings(
            max_examples=12,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(entries, min_size=1, max_size=5), days)
        def check(ledger, ago):
            with self.cr.savepoint() as savepoint:
                lines = self.env["account.move.line"]
                for booked, term, amount, is_paid, is_foreign in ledger:
                    day = self.today - timedelta(days=booked)
                    move = self.billed(
                        day,
                        day + timedelta(days=term),
                        amount,
                        move_type="out_refund" if is_paid else "out_invoice",
                        **({"currency": self.foreign_currency} if is_foreign else {}),
                    )
                    lines += self.receivable(move)
                for currency_lines in lines.grouped("currency_id").values():
                    if len({line.balance > 0 for line in currency_lines}) == 2:
                        currency_lines.reconcile()
                day = self.today - timedelta(days=ago)
                figures = self.figures(date=f"{day}")
                self.assertReconciles(figures)
                with self.without_sums():
                    self.assertEqual(self.figures(date=f"{day}"), figures)
                total = sum(
                    self.env["account.move.line"]
                    .search(
                        Domain("account_id", "in", lines.account_id.ids)
                        & Domain("parent_state", "=", "posted")
                        & Domain("date", "<=", day)
                    )
                    .mapped("balance")
                )
                self.assertAlmostEqual(figures["tiles"][0]["value"], total, 2)
                self.assertAlmostEqual(sum(self.aged(figures).values()), total, 2)
                savepoint.rollback()
            self.env.invalidate_all()

        check()
