"""The SQL planner against a plain-Python oracle, on random lines."""

from dataclasses import asdict, dataclass
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


@dataclass
class Rules:
    """What the policy says, the minimums are those of level +8."""

    item_grace: int = 0
    account_grace: int = 0
    reentry: str = "restart"
    min_amount: float = 0.0
    min_balance: float = 0.0
    min_percentage: float = 0.0
    match: str = "all"

    def moved(self, delay):
        """Days after the due date on which a level is reached."""
        return delay + (self.item_grace if delay >= 0 else 0)

    def passes(self, delay, amount, balance, open_total):
        if delay != 8:
            return True
        wanted = [
            (self.min_amount, amount),
            (self.min_balance, balance),
            (self.min_percentage, 100 * balance / open_total),
        ]
        passed = [has >= least for least, has in wanted if least]
        if self.match == "any" and passed:
            return any(passed)
        return all(passed)


@dataclass
class Line:
    days: int  # overdue
    last: int | None  # level it was reminded at
    amount: float | None  # None = no follow-up
    again: bool = False  # a payment bounced since: a new cycle
    floor: int | None = None
    cap: int | None = None  # the highest level of the invoice


def first_level(line, rules, passes):
    """The level that is next for a line, None if it is through."""
    done = None if line.again else line.last
    first = -99
    if done is None and rules.reentry == "contextual":
        fitting = [
            delay
            for delay in LADDER
            if rules.moved(delay) <= line.days
            and (line.cap is None or delay <= line.cap)
            and passes(delay, line.amount)
        ]
        first = max(fitting, default=-99)
    if done is None and rules.reentry == "resume" and line.last is not None:
        first = line.last + 1
    if line.floor is not None:
        first = max(first, min(line.floor, max(LADDER)))
    levels = [
        delay
        for delay in LADDER
        if delay > (-99 if done is None else done)
        and delay >= first
        and (delay >= 0 or line.days < 0)
    ]
    return levels[0] if levels else None


def oracle(lines, since_contact, pending, rules):
    """What happens to each line: ``[(answer, delay of the next level)]``.

    :param since_contact: days since the last message to the debtor, which was about
        the first line that has a ``last``; None = never
    """
    active = [line for line in lines if line.amount is not None]
    late = [line for line in active if line.days > rules.item_grace]
    balance = sum(line.amount for line in late)
    open_total = sum(line.amount for line in active)
    worst = max((line.days for line in active), default=0)
    told_last = next((line for line in lines if line.last is not None), None)

    def passes(delay, amount):
        return rules.passes(delay, amount, balance, open_total)

    def judge(line):
        if line.amount is None:
            return "hold/no_followup", None
        delay = first_level(line, rules, passes)
        if delay is None:
            return "wait/last_level", None
        if line.cap is not None and delay > line.cap:
            return "wait/max_level", delay
        if line.days < rules.moved(delay):
            if 0 < line.days <= rules.item_grace:
                return "wait/item_grace", delay
            fresh = line.last is None or line.again
            return ("wait/not_reached" if fresh else "wait/next_level"), delay
        if pending:
            return "wait/in_progress", delay
        if delay >= 0 and worst < rules.account_grace:
            return "wait/account_grace", delay
        if not passes(delay, line.amount) or (line in late and balance < MINIMUM):
            return "wait/below_minimum", delay
        return "remind/level_reached", delay

    def rests(line, delay):
        """Its own last step is too fresh."""
        own = line is told_last and not line.again and since_contact is not None
        return own and since_contact < LADDER[delay]

    answers = [judge(line) for line in lines]
    ripe = [
        (line, delay)
        for line, (answer, delay) in zip(lines, answers, strict=True)
        if answer == "remind/level_reached" and not rests(line, delay)
    ]
    # Where a message leaves anyway, every line that is ripe rides along.
    leaves = any(
        since_contact is None or since_contact >= LADDER[delay] for _line, delay in ripe
    )
    return [
        ("wait/min_interval", delay)
        if answer == "remind/level_reached" and (rests(line, delay) or not leaves)
        else (answer, delay)
        for line, (answer, delay) in zip(lines, answers, strict=True)
    ]


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
        levels = st.sampled_from([None, *LADDER])
        seldom = st.sampled_from([None, None, *LADDER])
        line = st.builds(
            Line,
            days=st.integers(-12, 45),
            last=levels,
            amount=st.sampled_from([None, 5.0, 20.0, 60.0]),
            again=st.sampled_from([False, False, True]),
            floor=seldom,
            cap=seldom,
        )
        rules = st.builds(
            Rules,
            item_grace=st.sampled_from([0, 0, 3]),
            account_grace=st.sampled_from([0, 0, 12]),
            reentry=st.sampled_from(["restart", "contextual", "resume"]),
            min_amount=st.sampled_from([0.0, 0.0, 20.0]),
            min_balance=st.sampled_from([0.0, 0.0, 80.0]),
            min_percentage=st.sampled_from([0.0, 0.0, 60.0]),
            match=st.sampled_from(["all", "any"]),
        )
        plain = st.builds(
            Line,
            days=st.integers(-12, 45),
            last=levels,
            amount=st.sampled_from([None, 5.0, 20.0, 60.0]),
        )
        case = st.tuples(
            st.one_of(
                st.lists(plain, min_size=1, max_size=LINES),
                st.lists(line, min_size=1, max_size=LINES),
            ),
            st.one_of(st.none(), st.integers(1, 20)),  # days since the last message
            st.booleans(),  # a notice is on its way
            rules,
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

    def check(self, rows, since_contact, pending, rules):
        self.write_rules(rules)
        self.write_rows(rows, since_contact, pending)
        run = self.env["dunning.run"].create({})
        self.env["dunning.planner"].sudo()._plan(run)
        told_any = any(line.last is not None for line in rows)
        expected = oracle(
            rows,
            (since_contact or (1 if pending else None)) if told_any else None,
            pending and told_any,
            rules,
        )
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
        """Per channel one notice, at its furthest level, with exactly the lines that
        step there."""
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
        on_channel = {}
        for line, delay in steps.items():
            for channel in self.level(delay).action_ids.mapped("channel"):
                on_channel.setdefault(channel, {})[line] = delay
        self.assertEqual(sorted(notices.mapped("channel")), sorted(on_channel))
        for notice in notices:
            expected_steps = on_channel[notice.channel]
            self.assertEqual(notice.level_id, self.level(max(expected_steps.values())))
            self.assertEqual(
                {
                    line.move_line_id: line.level_id.delay_days
                    for line in notice.line_ids
                    if line.is_step
                },
                expected_steps,
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
        for number, line in enumerate(rows):
            self.write_row(number, line)
            if line.last is None:
                continue
            self.cr.execute(
                "UPDATE dunning_notice_line SET live = TRUE, level_id = %s"
                " WHERE notice_id = %s",
                (self.level(line.last).id, self.history[number].id),
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

    def write_row(self, number, line):
        receivable = self.lines[number]
        self.cr.execute(
            """UPDATE account_move_line
                  SET date_maturity = %s, no_followup = %s,
                      amount_residual = %s, amount_residual_currency = %s
                WHERE id = %s""",
            (
                self.today - timedelta(days=line.days),
                line.amount is None,
                line.amount or 100.0,
                line.amount or 100.0,
                receivable.id,
            ),
        )
        self.cr.execute(
            "UPDATE account_move SET dunning_max_level_id = %s WHERE id = %s",
            (
                None if line.cap is None else self.level(line.cap).id,
                receivable.move_id.id,
            ),
        )
        self.cr.execute(
            """INSERT INTO dunning_decision
                      (move_line_id, move_id, company_id, outcome, reason, cycle,
                       floor_delay)
               VALUES (%s, %s, %s, 'wait', 'not_reached', %s, %s)""",
            (
                receivable.id,
                receivable.move_id.id,
                self.company.id,
                int(line.again),
                line.floor,
            ),
        )

    def write_rules(self, rules):
        values = asdict(rules)
        minimums = ("min_amount", "min_balance", "min_percentage")
        self.level(8).write(
            {name: values[name] for name in minimums} | {"threshold_match": rules.match}
        )
        self.policy.write(
            {
                "item_grace_days": rules.item_grace,
                "account_grace_days": rules.account_grace,
                "reentry": rules.reentry,
            }
        )
