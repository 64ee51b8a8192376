"""The SQL planner against a plain-Python oracle, on random lines."""

from datetime import timedelta

from odoo.tests import tagged

from .common import DunningCommon

try:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st
except ImportError:
    given = None

LADDER = {-5: 5, 1: 3, 8: 7, 15: 7, 30: 10}  # delay: minimum interval
MINIMUM = 50.0
LINES = 6


def oracle(days_overdue, done, since_contact, pending, amount, overdue_total):
    """What happens to a line: ``(answer, delay of the next level)``.

    :param done: delays of the levels that the line was reminded at
    :param since_contact: days since the last message to the debtor, None = never
    """
    if amount is None:
        return "hold/no_followup", None
    open_levels = [
        delay
        for delay in LADDER
        if delay > max(done, default=-99) and (delay >= 0 or days_overdue < 0)
    ]
    if not open_levels:
        return "wait/last_level", None
    delay = open_levels[0]
    if days_overdue < delay:
        return ("wait/next_level" if done else "wait/not_reached"), delay
    if pending:
        return "wait/in_progress", delay
    if since_contact is not None and since_contact < LADDER[delay]:
        return "wait/min_interval", delay
    if days_overdue > 0 and overdue_total < MINIMUM:
        return "wait/below_minimum", delay
    return "remind/level_reached", delay


@tagged("post_install", "-at_install")
class TestPlannerOracle(DunningCommon):
    def setUp(self):
        super().setUp()
        if given is None:
            self.skipTest("hypothesis is not installed")
        self.policy.min_overdue_amount = MINIMUM
        invoices = self.invoices([{} for _line in range(LINES)])
        self.lines = invoices.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).sorted("id")
        self.history = [
            self.told(invoice, 1, days_ago=900 + number)
            for number, invoice in enumerate(invoices)
        ]
        self.steps_rows = [notice.line_ids for notice in self.history]
        self.env.flush_all()

    def test_planner_equals_oracle(self):
        line = st.tuples(
            st.integers(-12, 45),  # days overdue
            st.sampled_from([None, *LADDER]),  # last level
            st.sampled_from([None, 5.0, 20.0, 60.0]),  # None = no follow-up
        )
        case = st.tuples(
            st.lists(line, min_size=1, max_size=LINES),
            st.one_of(st.none(), st.integers(1, 20)),  # days since the last message
            st.booleans(),  # a notice is on its way
        )

        @settings(
            max_examples=100,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(case)
        def check(case):
            with self.env.cr.savepoint() as savepoint:
                self.check(*case)
                savepoint.rollback()
            self.env.invalidate_all()

        check()

    def check(self, rows, since_contact, pending):
        self.write_rows(rows, since_contact, pending)
        run = self.env["dunning.run"].create({})
        self.env["dunning.planner"].sudo()._plan(run)
        told_any = any(last is not None for _days, last, _amount in rows)
        since_contact = since_contact if told_any else None
        pending = pending and told_any
        total = sum(amount for days, _l, amount in rows if amount and days > 0)
        expected = [
            oracle(
                days,
                [] if last is None else [last],
                since_contact,
                pending,
                amount,
                total,
            )
            for days, last, amount in rows
        ]
        decisions = self.env["dunning.decision"].search(
            [("move_line_id", "in", self.lines.ids)]
        )
        found = {
            decision.move_line_id: f"{decision.outcome}/{decision.reason}"
            for decision in decisions
        }
        lines = self.lines[: len(rows)]
        self.assertEqual(
            [found[line] for line in lines], [answer for answer, _level in expected]
        )
        self.check_notices(lines, expected)

    def check_notices(self, lines, expected):
        """One e-mail, at the furthest level, with exactly the lines that step."""
        steps = {
            line: delay
            for line, (answer, delay) in zip(lines, expected, strict=True)
            if answer == "remind/level_reached"
        }
        notices = self.env["dunning.notice"].search(
            [("partner_id", "=", self.customer.id), ("date", "=", self.today)]
        )
        notices = notices.filtered(lambda notice: notice not in self.history)
        if not steps:
            self.assertFalse(notices)
            return
        furthest = self.level(max(steps.values()))
        self.assertEqual(notices.level_id, furthest)
        self.assertEqual(
            sorted(notices.mapped("channel")),
            sorted(furthest.action_ids.mapped("channel")),
        )
        for notice in notices:
            self.assertEqual(
                {
                    line.move_line_id: line.level_id.delay_days
                    for line in notice.line_ids
                    if line.is_step
                },
                steps,
            )

    def write_rows(self, rows, since_contact, pending):
        """Put the random facts into the ledger, past the ORM for speed."""
        unused = self.lines[len(rows) :].ids or [0]
        self.cr.execute(
            "UPDATE account_move_line SET reconciled = TRUE WHERE id = ANY(%s)",
            (unused,),
        )
        self.cr.execute(
            "UPDATE dunning_notice_line SET live = FALSE WHERE notice_id = ANY(%s)",
            ([notice.id for notice in self.history],),
        )
        self.cr.execute(
            "UPDATE dunning_notice SET state = 'cancelled' WHERE id = ANY(%s)",
            ([notice.id for notice in self.history],),
        )
        first = True
        for number, (days, last, amount) in enumerate(rows):
            self.cr.execute(
                """UPDATE account_move_line
                      SET date_maturity = %s, no_followup = %s,
                          amount_residual = %s, amount_residual_currency = %s
                    WHERE id = %s""",
                (
                    self.today - timedelta(days=days),
                    amount is None,
                    amount or 100.0,
                    amount or 100.0,
                    self.lines[number].id,
                ),
            )
            if last is None:
                continue
            self.cr.execute(
                "UPDATE dunning_notice_line SET live = TRUE, level_id = %s"
                " WHERE notice_id = %s",
                (self.level(last).id, self.history[number].id),
            )
            state, days_ago = "cancelled", 900 + number
            if first and (pending or since_contact is not None):
                state = "claimed" if pending else "sent"
                days_ago = since_contact or 1
            day = self.today - timedelta(days=days_ago)
            self.cr.execute(
                """UPDATE dunning_notice
                      SET state = %s, date = %s, date_sent = %s, create_date = %s
                    WHERE id = %s""",
                (state, day, None, day, self.history[number].id),
            )
            first = False
        self.env.invalidate_all()
