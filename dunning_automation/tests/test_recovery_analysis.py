from datetime import datetime

from odoo.tests import tagged

from .test_payment_messages import MessageCommon

MEASURES = ("failed", "tries", "recovered", "churned")


@tagged("post_install", "-at_install")
class TestRecoveryAnalysis(MessageCommon):
    """Each payment that failed counts once, and what came back where it came from."""

    def figures(self, group, *measures):
        """{group: sums of the measures}"""
        rows = self.env["dunning.recovery.analysis"]._read_group(
            [("company_id", "=", self.company.id)],
            [group],
            [f"{measure}:sum" for measure in measures],
        )
        return {key: tuple(sums) for key, *sums in rows}

    def recovered(self, recovery, by, **values):
        recovery.sudo().write(
            {
                "state": "recovered",
                "recovered_by": by,
                "recovered_at": self.moment,
                "recovered_amount": 100.0,
                **values,
            }
        )
        self.env.flush_all()

    def test_each_way(self):
        by_retry = self.failed(self.invoice(), "soft", amount=100.0)
        self.tried(by_retry, self.moment, state="failed", number=1)
        self.tried(by_retry, self.moment, state="done", number=2)
        self.recovered(by_retry, "retry")
        by_update = self.failed(self.invoice(), "expired", amount=100.0)
        self.recovered(by_update, "update")
        by_transfer = self.failed(self.invoice(), "hard", amount=100.0)
        self.recovered(by_transfer, "other")
        lost = self.failed(self.invoice(), "hard", amount=100.0)
        lost.sudo().state = "ended"
        late = self.invoice()
        self.failed(late, "hard", amount=100.0).sudo().state = "ended"
        self.pay(late)
        waiting = self.failed(self.invoice(), "fraud", amount=100.0)
        self.tried(waiting, self.moment, state="failed", number=1)
        self.env.flush_all()
        self.assertEqual(
            self.figures("channel", *MEASURES),
            {
                "first": (6, 0, 0, 1),
                "retry": (0, 3, 1, 0),
                "page": (0, 0, 1, 0),
                "other": (0, 0, 1, 0),
            },
        )
        self.assertEqual(
            self.figures("decline_class", "failed_amount", "recovered_amount"),
            {
                "soft": (100.0, 100.0),
                "hard": (300.0, 100.0),
                "fraud": (100.0, 0.0),
                "expired": (100.0, 100.0),
            },
        )
        tries = {
            number: sums
            for number, sums in self.figures("number", "tries", "recovered").items()
            if number
        }
        self.assertEqual(tries, {1: (2, 0), 2: (1, 1)})

    def test_amounts_in_the_currency_of_the_company(self):
        """At the rate of the invoice: 2 euros are 1 of ours."""
        move = self.invoice(currency=self.foreign_currency)
        self.recovered(self.failed(move, "soft", amount=100.0), "customer")
        sums = self.figures("currency_id", "failed_amount", "recovered_amount")
        self.assertEqual(sums, {self.company.currency_id: (50.0, 50.0)})

    def test_weekday_of_the_company(self):
        """Sunday 23:30 in UTC is Monday in Auckland."""
        self.company.dunning_tz = "Pacific/Auckland"
        sunday = datetime(2026, 3, 1, 23, 30)
        self.failed(self.invoice(), "soft", amount=100.0, failed_at=sunday)
        self.assertEqual(self.figures("weekday", "failed"), {"1": (1,)})

    def test_who_may_see_it(self):
        self.failed(self.invoice(), "soft", amount=100.0)
        analysis = self.env["dunning.recovery.analysis"]
        user = self.new_user("a_user", "dunning_automation.group_user")
        self.assertTrue(analysis.with_user(user).search([]))
        clerk = self.new_user("a_clerk", "base.group_user")
        self.assertFalse(analysis.with_user(clerk).has_access("read"))
        other = self.setup_other_company()["company"]
        elsewhere = self.new_user(
            "a_elsewhere",
            "dunning_automation.group_user",
            company_id=other.id,
            company_ids=other.ids,
        )
        self.assertFalse(analysis.with_user(elsewhere).search([]))
