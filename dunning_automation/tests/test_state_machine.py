"""Random histories of a ledger, its customers and its senders, and what must hold.

Hypothesis presses the buttons: invoices, payments, credit notes, chargebacks, holds,
merges, senders that die at any point, a manager who decides. After every step the
invariants of the delivery protocol are checked by an oracle that reads the ledger and
the mail server, not the product's own functions. 200 histories of up to 12 steps; with
``setup/test ... --long`` 2,000 of 50.
"""

import os
import re
import smtplib
from collections import Counter
from contextlib import contextmanager, suppress
from datetime import timedelta
from unittest.mock import patch

from lxml import html

from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from .common import NO_TRACKING, DunningCommon, as_received

try:
    from hypothesis import HealthCheck, settings
    from hypothesis import strategies as st
    from hypothesis.stateful import (
        RuleBasedStateMachine,
        invariant,
        rule,
        run_state_machine_as_test,
    )
except ImportError:
    settings = None

LONG = os.environ.get("DUNNING_LONG_TESTS")
EXAMPLES, STEPS = (2000, 50) if LONG else (int(os.environ.get("EX", 200)), 12)

LADDER = [-5, 1, 8, 15, 30]
LONGEST_INTERVAL = 10
ROADS = {
    "planned": {"ready", "suppressed", "cancelled", "failed"},
    "ready": {"claimed", "suppressed", "cancelled", "failed"},
    "claimed": {"sent", "ready", "failed", "unknown", "suppressed"},
    "unknown": {"sent", "delivered", "ready", "failed"},
    "failed": {"ready", "cancelled"},
    "sent": {"delivered", "failed"},
    "delivered": set(),
    "suppressed": set(),
    "cancelled": set(),
}
"""How a notice may move: section 2.2 of the catalogue, written down once more."""
NOISE = (
    "odoo.addons.base.models.ir_mail_server",
    "odoo.addons.base.partner.merge",
    "odoo.addons.dunning_automation.models.dunning_sender",
)


class Crash(BaseException):
    """``kill -9``: no ``except Exception`` of the product may notice it."""


class ServerHungUp(OSError):
    """The mail server took the message and never answered."""


if settings:
    PICK = st.integers(0, 5)
    DAYS = st.sampled_from([-20, -4, 0, 1, 2, 7, 8, 9, 16, 31])
    AMOUNT = st.sampled_from([100.0, 60.0, 33.33])

    class DunningMachine(RuleBasedStateMachine):
        """One history. ``case`` is the test that owns database, clock and mail."""

        case = None

        def __init__(self):
            super().__init__()
            case = self.case
            self.env, self.policy = case.env, case.policy
            self.start = case.moment
            self.savepoint = self.env.cr.savepoint()
            # What was rolled back before this looks like a restored database.
            self.env["dunning.guard"]._activate()
            self.steps = 0
            self.changed_at = (
                Counter()
            )  # step of the last change, by commercial partner
            self.planned_at = {}  # step in which a notice appeared
            self.arrived = Counter()  # copies at the mail server, by Message-ID
            self.by_day = {}  # Message-IDs that arrived, by debtor and day
            self.resent = Counter()  # a manager's resends, by notice
            self.in_flight = set()  # notices of senders that died, and nobody decided
            self.marked_sent = set()  # a manager said that these had arrived
            self.held_back = set()
            self.seen = set()
            self.plan()

        def teardown(self):
            self.check_chain()
            self.savepoint.rollback()
            self.savepoint.close(rollback=False)
            self.env.invalidate_all(flush=False)
            self.env.cr.clear()
            self.case.moment = self.start

        # === WHAT THE ORACLE SEES === #

        def query(self, query, *args):
            self.env.flush_all()
            return self.env.execute_query_dict(SQL(query, *args))

        def ledger(self):
            """Receivable lines as Odoo has them, with the facts that stop reminders."""
            return self.query(
                """SELECT line.id, move.name, move.id AS move_id,
                          partner.commercial_partner_id AS debtor,
                          CASE WHEN NOT EXISTS (
                              SELECT 1
                                FROM dunning_optout
                               WHERE partner_id = debtor.id AND state = 'active')
                               THEN debtor.email_normalized END AS email,
                          line.date_maturity AS due,
                          round(line.amount_residual_currency * 100)::int AS cents,
                          line.currency_id AS currency,
                          line.parent_state = 'posted'
                            AND NOT COALESCE(line.no_followup, FALSE)
                            AND move.payment_state IN ('not_paid', 'partial') AS free
                     FROM account_move_line line
                     JOIN account_move move ON move.id = line.move_id
                     JOIN account_account account ON account.id = line.account_id
                     JOIN res_partner partner ON partner.id = line.partner_id
                     JOIN res_partner debtor
                       ON debtor.id = partner.commercial_partner_id
                    WHERE account.account_type = 'asset_receivable'
                      AND line.company_id = %s
                      AND partner.commercial_partner_id IN %s
                    ORDER BY line.id""",
                self.case.company.id,
                tuple(self.case.partners.ids),
            )

        def notices(self):
            return self.query(
                """SELECT id, state, debtor_key, partner_id, date, date_sent, dedup_key,
                          message_id, company_id, channel, level_id
                     FROM dunning_notice
                    WHERE simulation IS NOT TRUE ORDER BY id"""
            )

        def live_steps(self):
            return self.query(
                """SELECT step.move_line_id AS line, step.cycle, step.notice_id,
                          level.delay_days AS delay, notice.date
                     FROM dunning_notice_line step
                     JOIN dunning_notice notice ON notice.id = step.notice_id
                     JOIN dunning_level level ON level.id = step.level_id
                    WHERE step.live AND step.is_step
                      AND notice.simulation IS NOT TRUE
                    ORDER BY notice.id"""
            )

        def partner(self, number):
            """A customer; those that were merged away are their heir."""
            partners = self.case.partners.exists()
            return partners[number % len(partners)]

        def invoice(self, pick, condition=lambda move: True):
            moves = self.env["account.move"].search(
                [
                    ("partner_id", "in", self.case.partners.ids),
                    ("move_type", "=", "out_invoice"),
                ],
                order="id",
            )
            moves = moves.filtered(condition)
            return moves[pick % len(moves)] if moves else moves

        def change(self, partners):
            self.env.flush_all()
            for partner in partners.commercial_partner_id:
                self.changed_at[partner.id] = self.steps

        # === LEDGER AND CUSTOMERS: one rule each, so that senders get their turn

        @rule(
            action=st.sampled_from(
                [
                    "post_invoice",
                    "post_instalments",
                    "pay",
                    "pay",
                    "pay_a_part",
                    "credit",
                    "chargeback",
                    "unreconcile",
                    "block",
                    "exclude",
                    "move_due_date",
                    "reset_to_draft",
                    "cancel",
                ]
            ),
            pick=PICK,
            days=DAYS,
            amount=AMOUNT,
        )
        def ledger_changes(self, action, pick, days, amount):
            partner = getattr(self, action)(pick, days, amount)
            self.change(partner)

        def post_invoice(self, pick, days, amount):
            partner, foreign = self.partner(pick), pick % 2
            currency = self.case.foreign_currency if foreign else None
            self.case.invoice(partner, days, amount, currency=currency)
            return partner

        def post_instalments(self, pick, days, amount):
            partner = self.partner(pick)
            rows = [(days, 40.0), (days - 7, 30.0), (days - 14, 30.0)]
            self.case.invoice(partner, instalments=rows)
            return partner

        def pay(self, pick, days, amount, share=None):
            move = self.invoice(
                pick,
                lambda move: (
                    move.state == "posted"
                    and move.payment_state in ("not_paid", "partial")
                    and move.amount_residual
                ),
            )
            if move:
                part = share and move.currency_id.round(share * move.amount_residual)
                self.case.pay(move.with_context(**NO_TRACKING), part)
            return move.partner_id

        def pay_a_part(self, pick, days, amount):
            return self.pay(pick, days, amount, share=amount / 150)

        def credit(self, pick, days, amount):
            partner = self.partner(pick)
            self.case.credit_note(partner, amount)
            return partner

        def chargeback(self, pick, days, amount):
            payments = self.env["account.payment"].search(
                [
                    ("partner_id", "in", self.case.partners.ids),
                    ("state", "in", ("in_process", "paid")),
                ],
                order="id",
            )
            payment = payments[pick % len(payments)] if payments else payments
            if payment:
                self.case.unpay(payment)
            return payment.partner_id

        def unreconcile(self, pick, days, amount):
            move = self.invoice(pick, lambda move: move.payment_state != "not_paid")
            move.line_ids.remove_move_reconcile()
            return move.partner_id

        def block(self, pick, days, amount):
            states = ("not_paid", "partial", "blocked")
            move = self.invoice(
                pick,
                lambda move: move.state == "posted" and move.payment_state in states,
            )
            if move:
                move.action_toggle_block_payment()
            return move.partner_id

        def exclude(self, pick, days, amount):
            move = self.invoice(pick, lambda move: move.state == "posted")
            if move:
                move.no_followup = not move.no_followup
            return move.partner_id

        def move_due_date(self, pick, days, amount):
            move = self.invoice(pick, lambda move: move.state == "posted")
            line = self.case.receivable(move)[:1]
            if line:
                line.date_maturity = self.case.today - timedelta(days=days)
            return move.partner_id

        def reset_to_draft(self, pick, days, amount, again=True):
            move = self.invoice(
                pick,
                lambda move: (
                    move.state == "posted" and move.payment_state == "not_paid"
                ),
            )
            if move:
                move.button_draft()
                move.action_post() if again else move.button_cancel()
            return move.partner_id

        def cancel(self, pick, days, amount):
            return self.reset_to_draft(pick, days, amount, again=False)

        @rule(
            action=st.sampled_from(
                ["merge", "lose_or_find_address", "opt_out_or_agree"]
            ),
            pick=PICK,
        )
        def customers_change(self, action, pick):
            getattr(self, action)(pick)

        def merge(self, pick):
            both = self.partner(pick) | self.partner(pick + 1)
            if len(both) == 2:
                self.env["base.partner.merge.automatic.wizard"].create({})._merge(
                    both.ids, both[0]
                )
                self.env.invalidate_all()
                for partner in both.ids:
                    self.changed_at[partner] = self.steps

        def lose_or_find_address(self, pick):
            partner = self.partner(pick)
            partner.email = not partner.email and f"again{partner.id}@example.com"
            self.change(partner)

        def opt_out_or_agree(self, pick):
            """Who opted out has no address any more, as far as we are concerned."""
            partner = self.partner(pick)
            optouts = self.env["dunning.optout"].sudo()
            refused = optouts.search(
                [("partner_id", "=", partner.id), ("state", "=", "active")]
            )
            if refused:
                refused._withdraw("Agreed")
            else:
                optouts._add(partner, "email")
            self.change(partner)

        # === TIME, PLANNER, SENDERS === #

        @rule(days=st.sampled_from([0, 1, 1, 2, 3, 7, 10]))
        def days_pass(self, days):
            """And the planner runs on the day that has come."""
            self.case.travel(days)
            self.plan()

        def plan(self):
            expected = self.lines_that_must_step()
            before = {(row["line"], row["notice_id"]) for row in self.live_steps()}
            self.case.run_on()
            self.env.invalidate_all()
            stepped = {
                row["line"]
                for row in self.live_steps()
                if (row["line"], row["notice_id"]) not in before
            }
            assert expected <= stepped, f"I2: {expected - stepped} heard nothing"
            for notice in self.notices():
                self.planned_at.setdefault(notice["id"], self.steps)

        @rule()
        def send(self):
            now = self.case.moment
            with self.mail_server():
                self.case.send_as_cron()
            self.env.invalidate_all()
            assert not self.query(
                """SELECT id FROM dunning_notice
                    WHERE state = 'ready' AND simulation IS NOT TRUE
                      AND (not_before IS NULL OR not_before <= %s)""",
                now,
            ), "a notice that is ready does not leave"

        @rule(point=st.sampled_from(["P1", "P2", "P3"]))
        def sender_dies(self, point):
            held = self.claimed()
            with suppress(Crash), self.mail_server(crash=point):
                self.case.send_as_process()
            self.env.invalidate_all()
            self.in_flight |= self.claimed() - held

        @rule(code=st.sampled_from([450, 550, None]))
        def mail_server_fails(self, code):
            """450: later; 550: no; None: it takes the message and never answers."""
            before = {row["id"]: row["state"] for row in self.notices()}
            with self.mail_server(code=code, fails=True):
                self.case.send_as_process()
            self.env.invalidate_all()
            self.in_flight |= {
                row["id"]
                for row in self.notices()
                if row["state"] == "unknown" and before.get(row["id"]) != "unknown"
            }

        @rule()
        def leases_end(self):
            self.case.travel(minutes=6)
            self.case.sweep()
            self.env.invalidate_all()
            assert not self.claimed(), "a lease is over and nobody sees it"

        # === THE MANAGER === #

        @rule(
            state=st.sampled_from(["unknown", "unknown", "failed", "planned", None]),
            pick=PICK,
            yes=st.booleans(),
        )
        def manager_decides(self, state, pick, yes):
            """On a notice in that state; on the mode of the policy if there is none."""
            if state == "unknown":
                self.leases_end()
            notice = state and self.pick_notice(pick, state)
            if state is None:
                review = self.policy.mode == "review"
                self.policy.mode = "automatic" if review else "review"
            elif not notice:
                return
            elif state == "unknown":
                self.in_flight.discard(notice.id)
                if yes:
                    notice.action_mark_sent()
                    self.marked_sent.add(notice.id)
                else:
                    notice.action_retry()
                    self.resent[notice.message_id] += 1
            elif not yes:
                notice._cancel("No")
            elif state == "failed":
                notice.action_retry()
            else:
                notice.action_approve()

        def pick_notice(self, pick, state):
            notices = self.env["dunning.notice"].search(
                [("state", "=", state), ("simulation", "=", False)], order="id"
            )
            return notices[pick % len(notices)] if notices else notices

        def claimed(self):
            return {row["id"] for row in self.notices() if row["state"] == "claimed"}

        # === THE MAIL SERVER === #

        def mail_server(self, crash=None, code=None, fails=False):
            """A mail server that looks into the ledger when it gets a message."""

            def take(message, smtp_from, smtp_to_list):
                if crash == "P1":
                    raise Crash
                if fails and code:
                    self.case.refuse(code, smtp_to_list)
                self.check_message(message, smtp_to_list)
                if crash == "P2":
                    raise Crash
                if fails:
                    raise ServerHungUp

            return self.case.mail_server(take, dies_at_end=crash == "P3")

        def check_message(self, message, smtp_to_list):
            """I1, I3, I4, I6 and I8 at the moment in which a message starts."""
            rows = {}
            for line in self.ledger():
                rows.setdefault((line["name"], line["cents"]), []).append(line)
            listed = read_table(message)
            assert listed, "a message about nothing"
            for entry in listed:
                assert rows.get(entry), f"I3/I4: {entry} is not what is open"
                line = rows[entry].pop()
                assert line["free"], f"I3: {entry} must not be reminded"
                assert [line["email"]] == smtp_to_list, f"I8: {entry} is not his"
            message_id = message["Message-Id"]
            self.arrived[message_id] += 1
            assert self.arrived[message_id] <= 1 + self.resent[message_id], "I1"
            [notice] = self.env["dunning.notice"].search(
                [("message_id", "=", message_id)]
            )
            day = notice.company_id.id, notice.debtor_key, self.case.today
            told = self.by_day.setdefault(day, set())
            told.add(message_id)
            assert len(told) == 1, f"I6: {told} on one day"

        # === INVARIANTS === #

        def check_chain(self):
            """I7: whatever happened, the events can be sealed and verified."""
            while self.env["dunning.seal"].sudo()._seal_block():
                pass
            self.env.invalidate_all()
            result = self.env["dunning.verification"].sudo()._verify()
            assert result["ok"], f"I7: {result['message']}"

        def lines_that_must_step(self):
            """I2: lines that nothing stops, of debtors who heard nothing for so long
            that no interval stops them. Ids of account.move.line."""
            long_ago = self.case.today - timedelta(days=LONGEST_INTERVAL)
            busy = {
                row["partner_id"]
                for row in self.notices()
                if row["state"] in ("planned", "ready", "claimed", "unknown", "failed")
                or row["state"] != "suppressed"
                and (
                    row["date"] > long_ago
                    or row["date_sent"]
                    and row["date_sent"].date() > long_ago
                )
            }
            lines = self.ledger()
            credited = {
                (line["debtor"], line["currency"])
                for line in lines
                if line["cents"] < 0
            }
            done = {}
            for row in self.live_steps():
                done.setdefault(row["line"], {}).setdefault(row["cycle"], []).append(
                    row["delay"]
                )
            return {
                line["id"]
                for line in lines
                if line["cents"] > 0
                and line["free"]
                and line["email"]
                and line["debtor"] not in busy
                and (line["debtor"], line["currency"]) not in credited
                and self.next_level_is_reached(line, done.get(line["id"]))
            }

        def next_level_is_reached(self, line, cycles):
            days_overdue = (self.case.today - line["due"]).days
            last = max(cycles[max(cycles)]) if cycles else 0
            above = [delay for delay in LADDER if delay > max(last, 0)]
            return bool(above) and days_overdue >= above[0]

        @invariant()
        def nothing_twice(self):
            keys = Counter(row["dedup_key"] for row in self.notices())
            assert max(keys.values(), default=1) == 1
            steps = Counter(
                (row["line"], row["cycle"], row["delay"], row["notice_id"])
                for row in self.live_steps()
            )
            assert max(steps.values(), default=1) == 1

        @invariant()
        def nobody_skips_or_repeats_a_level(self):
            """I5, per line and cycle; e-mail and task of one level are one step."""
            climbed = {}
            for row in self.live_steps():
                levels = climbed.setdefault((row["line"], row["cycle"]), [])
                if row["delay"] not in levels:
                    levels.append(row["delay"])
            for levels in climbed.values():
                above = [delay for delay in levels if delay > 0]
                assert levels == sorted(levels), f"I5: {levels}"
                assert above == LADDER[1 : 1 + len(above)], f"I5: {levels}"

        @invariant()
        def events_replay_to_the_state(self):
            """I7 and I10."""
            state, planned = {}, 0
            for event in self.query(
                """SELECT notice_id, kind, payload FROM dunning_event
                    WHERE notice_id IS NOT NULL AND kind LIKE 'notice_%%'
                    ORDER BY id"""
            ):
                target = event["kind"].removeprefix("notice_")
                if target == "planned":
                    planned += 1
                    state[event["notice_id"]] = event["payload"]["state"]
                else:
                    source = state[event["notice_id"]]
                    assert target in ROADS[source], f"I7: {source} to {target}"
                    state[event["notice_id"]] = target
            now = {row["id"]: row["state"] for row in self.notices()}
            assert state == now, "I7"
            assert planned == len(now), "I10"
            assert self.seen <= set(now), "I10: a notice vanished"
            self.seen = set(now)

        @invariant()
        def unknown_are_those_that_died(self):
            """I9."""
            rows = self.notices()
            hidden = {r["id"] for r in rows if r["state"] in ("claimed", "unknown")}
            assert hidden == self.in_flight, "I9"

        @invariant()
        def sent_is_what_arrived(self):
            """Nothing is lost: who is said to have heard has heard."""
            for row in self.notices():
                if row["state"] == "sent" and row["channel"] == "email":
                    arrived = self.arrived[row["message_id"]]
                    assert arrived or row["id"] in self.marked_sent, "said and not sent"

        @invariant()
        def held_back_for_a_reason(self):
            """Nothing is lost: a notice is not suppressed while its debtor's world
            stood still. Only a courtesy is too late when the due date has passed."""
            for row in self.notices():
                if row["state"] != "suppressed" or row["id"] in self.held_back:
                    continue
                self.held_back.add(row["id"])
                level = self.env["dunning.level"].browse(row["level_id"])
                changed = max(
                    self.changed_at[row["partner_id"]],
                    self.changed_at[row["debtor_key"]],
                )
                planned = self.planned_at.get(row["id"], self.steps)
                assert changed >= planned or level.delay_days < 0, "lost for nothing"

        @invariant()
        def count_steps(self):
            self.steps += 1


def read_table(message):
    """[(invoice number, cents)] as the customer reads it."""
    body = as_received(message).get_body(("html",)).get_content()
    rows = (row.xpath("./td") for row in html.fromstring(body).xpath("//tr"))
    cells = [[cell.text_content().split() for cell in row] for row in rows]
    return [
        (row[0][0], int(re.sub(r"\D", "", "".join(row[2]))))
        for row in cells
        if len(row) == 3 and row[0] and re.match(r"\S+/\d{4}/\d+", row[0][0])
    ]


@tagged("post_install", "-at_install")
class TestStateMachine(DunningCommon):
    def setUp(self):
        super().setUp()
        if settings is None:
            self.skipTest("hypothesis is not installed")
        self.partners = self._create_customers(3, lang="en_US")
        for partner, days in zip(self.partners, (9, 2, -3), strict=True):
            self.invoices([{"partner": partner}, {"partner": partner}], days)
        self.env.flush_all()

    def test_invariants_hold_in_every_history(self):
        machine = type("Machine", (DunningMachine,), {"case": self})
        with mute_logger(*NOISE):
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=EXAMPLES,
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,
                    derandomize=not LONG,
                    suppress_health_check=list(HealthCheck),
                ),
            )

    # === WHAT THE MACHINE NEEDS === #

    @contextmanager
    def mail_server(self, take, dies_at_end=False):
        """A mail server that calls ``take`` with each message.

        :param dies_at_end: the sender dies after its last outcome is committed
        """

        def die(sender):
            raise Crash

        sender = type(self.env["dunning.sender"])
        with self.mock_mail_gateway():
            self.testing_smtp_session.close = self.testing_smtp_session.quit
            self.testing_smtp_session.send_message = take
            if dies_at_end:
                with patch.object(sender, "_post_on_cases", die):
                    yield
            else:
                yield

    def refuse(self, code, recipients):
        raise smtplib.SMTPRecipientsRefused(
            {recipient: (code, b"No") for recipient in recipients}
        )

    def run_cron(self, name):
        cron = self.env.ref(f"dunning_automation.{name}").sudo()
        with self.enter_registry_test_mode():
            self.assertIs(cron.method_direct_trigger(), True)

    def send_as_cron(self):
        self.run_cron("ir_cron_deliver")

    def send_as_process(self):
        with self.enter_registry_test_mode():
            self.env["dunning.sender"].sudo()._deliver()

    def sweep(self):
        with self.mock_mail_gateway():
            self.run_cron("ir_cron_sweep")
